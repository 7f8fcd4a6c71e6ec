"""Adding a cluster, and giving it a new token, address or certificate."""

from collections.abc import Mapping
from ipaddress import IPv6Address
import re
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio
from yarl import URL

from .const import CONF_FINGERPRINT, CONF_TOKEN_ID, CONF_TOKEN_SECRET, DEFAULT_PORT, DOMAIN
from .options_flow import CheckerOptionsFlow
from .proxmox.api.client import ProxmoxClient
from .proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    CertificateError,
    CertificateUntrustedError,
    ProxmoxError,
)
from .proxmox.api.privileges import Privilege, grant_command, missing_privileges, role_command
from .proxmox.api.tls import fetch_fingerprint

_TOKEN_ID: Final = re.compile(r"[^\s@!/:]+(?:@[^\s@!/:]+)*@[A-Za-z][\w.-]*![A-Za-z][\w.-]*")
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))

REAUTH_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_TOKEN_ID): TextSelector(),
        probatio.Required(probatio.Secret(CONF_TOKEN_SECRET)): _SECRET,
    }
)
_ADDRESS: Final = {
    probatio.Required(CONF_HOST): TextSelector(),
    probatio.Required(CONF_PORT, default=DEFAULT_PORT): probatio.All(
        NumberSelector(NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)), probatio.Coerce(int)
    ),
}
USER_SCHEMA: Final = probatio.Schema({**_ADDRESS, **REAUTH_SCHEMA.schema})
RECONFIGURE_SCHEMA: Final = probatio.Schema(
    {
        **_ADDRESS,
        probatio.Required(CONF_TOKEN_ID): TextSelector(),
        probatio.Optional(probatio.Secret(CONF_TOKEN_SECRET)): _SECRET,
    }
)


class CheckerConfigFlow(ConfigFlow, domain=DOMAIN):
    """Asks where the cluster is, whether its certificate is right, and says which rights the token lacks."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._data: dict[str, Any] = {CONF_FINGERPRINT: None}
        self._step = "user"
        self._entered_secret: str | None = None
        self._fingerprint = ""
        self._missing: tuple[Privilege, ...] = ()

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow for log agents."""
        return CheckerOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for host, port and token."""
        self._step = "user"
        return await self._take(user_input) if user_input else self._show_form()

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Proxmox refused the token."""
        self._data = dict(entry_data)
        return await self.async_step_reauth_confirm()

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

    async def async_step_privileges(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the missing rights, each with the line that grants it."""
        token_id = self._data[CONF_TOKEN_ID]
        essential = any(privilege.essential for privilege in self._missing)
        return self.async_show_menu(
            step_id="privileges",
            menu_options=["check_again"] if essential else ["check_again", "continue_anyway"],
            description_placeholders={
                "token": token_id,
                "role": role_command(),
                "missing": "\n".join(
                    f"- **{privilege.name}** ({privilege.path}): `{grant_command(privilege, token_id)}`"
                    for privilege in self._missing
                ),
            },
        )

    async def async_step_check_again(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Look at the rights once more."""
        return await self._try()

    async def async_step_continue_anyway(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go on with what the token may see; what it may not is unknown, and a repair issue keeps saying so."""
        return await self._try(accept_missing=True)

    def _show_form(self, errors: dict[str, str] | None = None, error: str = "") -> ConfigFlowResult:
        """Show the form of the present step as it was filled in; a stored or refused secret is not shown again."""
        schema = {"user": USER_SCHEMA, "reauth_confirm": REAUTH_SCHEMA, "reconfigure": RECONFIGURE_SCHEMA}[self._step]
        suggested = {key: value for key, value in self._data.items() if value is not None}
        suggested[CONF_TOKEN_SECRET] = None if "invalid_auth" in (errors or {}).values() else self._entered_secret
        placeholders = {"error": error.rstrip(".!"), "role": role_command()}
        if self._step == "reauth_confirm":
            placeholders["cluster"] = self._get_reauth_entry().title
        return self.async_show_form(
            step_id=self._step,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _take(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Tidy what was entered and try it."""
        entered = {key: value.strip() if isinstance(value, str) else value for key, value in user_input.items()}
        self._entered_secret = entered.get(CONF_TOKEN_SECRET)
        if self._step == "reconfigure" and not entered.get(CONF_TOKEN_SECRET):
            entered[CONF_TOKEN_SECRET] = self._get_reconfigure_entry().data[CONF_TOKEN_SECRET]
        self._data |= entered
        errors: dict[str, str] = {}
        if not _TOKEN_ID.fullmatch(self._data[CONF_TOKEN_ID]):
            errors[CONF_TOKEN_ID] = "invalid_token_id"
        try:
            self._data[CONF_HOST], self._data[CONF_PORT] = split_host(self._data[CONF_HOST], self._data[CONF_PORT])
        except ValueError:
            errors[CONF_HOST] = "invalid_host"
        return self._show_form(errors) if errors else await self._try()

    async def _try(self, *, accept_missing: bool = False) -> ConfigFlowResult:
        """Connect, check the rights, and finish; whatever is in the way leads to the step that deals with it."""
        try:
            permissions = await self._client().permissions()
            self._missing = missing_privileges(permissions)
            if any(privilege.essential for privilege in self._missing) or (self._missing and not accept_missing):
                return await self.async_step_privileges()
            return await self._finish()
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
        return await self.async_step_certificate()

    async def _finish(self) -> ConfigFlowResult:
        client = self._client()
        status = await client.cluster_status()
        await self.async_set_unique_id(await client.cluster_identity(status))
        if self.source == SOURCE_REAUTH:
            self._abort_if_unique_id_mismatch(reason="wrong_cluster")
            return self.async_update_reload_and_abort(self._get_reauth_entry(), data=self._data)
        if self.source == SOURCE_RECONFIGURE:
            self._abort_if_unique_id_mismatch(reason="wrong_cluster")
            return self.async_update_reload_and_abort(self._get_reconfigure_entry(), data=self._data)
        self._abort_if_unique_id_configured()
        return self.async_create_entry(title=status.title, data=self._data)

    def _client(self) -> ProxmoxClient:
        return ProxmoxClient(
            async_get_clientsession(self.hass),
            self._data[CONF_HOST],
            self._data[CONF_PORT],
            token_id=self._data[CONF_TOKEN_ID],
            token_secret=self._data[CONF_TOKEN_SECRET],
            fingerprint=self._data[CONF_FINGERPRINT],
        )


def split_host(text: str, port: int) -> tuple[str, int]:
    """Return host and port of a host name, an address or the URL of the web interface; `port` where it names none.

    Raises ValueError where the text is none of them.
    """
    text = text.strip()
    if "://" not in text:
        text = f"https://[{text}]" if _is_ipv6(text) else f"https://{text}"
    url = URL(text)
    if url.scheme != "https" or not url.host or url.user is not None or re.search(r"[\s_%@]", url.host):
        raise ValueError(f"Not a host: {text!r}")
    if url.explicit_port == 0:
        raise ValueError("A port is a number from 1 to 65535")
    # Parsing lets characters pass that no host has; building does not.
    URL.build(scheme="https", host=url.host)
    return url.host, url.explicit_port or port


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


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
