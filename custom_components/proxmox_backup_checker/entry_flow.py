"""What adding a cluster and adding a backup server have in common: a form, a certificate to confirm, rights to grant."""

from abc import abstractmethod
from typing import Any, Final

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
import probatio

from .const import CONF_FINGERPRINT, CONF_TOKEN_SECRET, DEFAULT_PORT
from .flow_fields import KEPT_TOKEN_FIELDS, TOKEN_FIELDS, address_fields, mistakes_in, tidied
from .proxmox.api.backup_models import BACKUP_SERVER_PORT
from .proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    CertificateError,
    CertificateUntrustedError,
    ProxmoxError,
)
from .proxmox.api.privileges import role_command
from .proxmox.api.tls import fetch_fingerprint
from .texts.shell import in_short_lines

_REAUTH_SCHEMA: Final = probatio.Schema(TOKEN_FIELDS)
_SCHEMAS: Final = {
    "cluster": probatio.Schema({**address_fields(DEFAULT_PORT), **TOKEN_FIELDS}),
    "backup_server": probatio.Schema({**address_fields(BACKUP_SERVER_PORT), **TOKEN_FIELDS}),
    "reauth_confirm": _REAUTH_SCHEMA,
    "reconfigure": probatio.Schema({**address_fields(DEFAULT_PORT), **KEPT_TOKEN_FIELDS}),
}


class EntryFlow(ConfigFlow):
    """Asks where a system is and whether its certificate is right; whatever is in the way leads to the step that deals with it."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._data: dict[str, Any] = {CONF_FINGERPRINT: None}
        self._step = "cluster"
        self._entered_secret: str | None = None
        self._fingerprint = ""
        self._vouched_for: str | None = None
        """The fingerprint that somebody trustworthy names, so that nobody has to be asked about it."""

    @abstractmethod
    async def _attempt(self, *, accept_missing: bool) -> ConfigFlowResult:
        """Connect, check the rights, and finish; raises any ProxmoxError."""

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a token that is accepted."""
        self._step = "reauth_confirm"
        return await self._take(user_input) if user_input else self._show_form()

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new address or token; an empty secret keeps the old one."""
        self._step = "reconfigure"
        if user_input:
            return await self._take(user_input)
        self._data = dict(self._get_reconfigure_entry().data)
        return self._show_form()

    async def async_step_certificate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the certificate that the system does not trust, and pin it once a person has confirmed it."""
        if user_input is None:
            return self.async_show_form(
                step_id="certificate",
                data_schema=probatio.Schema({}),
                description_placeholders={"host": self._data[CONF_HOST], "fingerprint": self._fingerprint},
            )
        self._data[CONF_FINGERPRINT] = self._fingerprint
        return await self._try()

    async def async_step_check_again(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Look at the rights once more."""
        return await self._try()

    async def async_step_continue_anyway(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go on with what the token may see; what it may not is unknown, and a repair issue keeps saying so."""
        return await self._try(accept_missing=True)

    def _changed_entry(self) -> ConfigEntry | None:
        """Return the entry that gets a new token or address, None where one is added."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    def _show_form(self, errors: dict[str, str] | None = None, error: str = "") -> ConfigFlowResult:
        """Show the form of the present step as it was filled in; a stored or refused secret is not shown again."""
        suggested = {key: value for key, value in self._data.items() if value is not None}
        suggested[CONF_TOKEN_SECRET] = None if "invalid_auth" in (errors or {}).values() else self._entered_secret
        placeholders = {"error": error.rstrip(".!"), "role": in_short_lines([role_command()])}
        if self._step == "reauth_confirm":
            placeholders["cluster"] = self._get_reauth_entry().title
        return self.async_show_form(
            step_id=self._step,
            data_schema=self.add_suggested_values_to_schema(_SCHEMAS[self._step], suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _take(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Tidy what was entered and try it."""
        entered = tidied(user_input)
        self._entered_secret = entered.get(CONF_TOKEN_SECRET)
        if self._step == "reconfigure" and not entered.get(CONF_TOKEN_SECRET):
            entered[CONF_TOKEN_SECRET] = self._get_reconfigure_entry().data[CONF_TOKEN_SECRET]
        self._data |= entered
        errors = mistakes_in(self._data)
        return self._show_form(errors) if errors else await self._try()

    async def _try(self, *, accept_missing: bool = False) -> ConfigFlowResult:
        try:
            return await self._attempt(accept_missing=accept_missing)
        except CertificateChangedError, CertificateUntrustedError:
            return await self._judge_certificate()
        except ProxmoxError as error:
            return self._show_form({"base": _error_key(error)}, str(error))

    async def _judge_certificate(self) -> ConfigFlowResult:
        """Prefer the system's judgement to a pin; where it does not trust the certificate, ask a person."""
        if self._data[CONF_FINGERPRINT] is not None:
            self._data[CONF_FINGERPRINT] = None
            return await self._try()
        try:
            self._fingerprint = await fetch_fingerprint(self._data[CONF_HOST], self._data[CONF_PORT])
        except CannotConnectError as error:
            return self._show_form({"base": "cannot_connect"}, str(error))
        if self._fingerprint == self._vouched_for:
            return await self.async_step_certificate({})
        return await self.async_step_certificate()


def _error_key(error: ProxmoxError) -> str:
    match error:
        case AuthenticationError():
            return "invalid_auth"
        case CertificateError():
            return "invalid_certificate"
        case CannotConnectError():
            return "cannot_connect"
        case _:
            return "unexpected_answer"
