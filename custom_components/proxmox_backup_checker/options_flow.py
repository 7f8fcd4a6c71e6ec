"""Options: the log agents of the nodes, what to ignore, and how long to wait."""

from dataclasses import asdict, replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_WEBHOOK_ID
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio
from yarl import URL

from .const import CONF_LOG_AGENTS, CONF_NODES, CONF_PAIRING
from .heartbeat_options import HeartbeatOptions
from .place_options import entered_places, places_schema, suggested_places
from .policy_options import CONF_STANDINGS, SECTION, SETTINGS, entered_settings, settings_schema
from .proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    CertificateError,
    CertificateUntrustedError,
    ProxmoxError,
)
from .proxmox.api.tls import fetch_fingerprint
from .proxmox.log_agent.client import LogAgentClient
from .proxmox.log_agent.models import PairingCode
from .texts.markdown import inert
from .webhook_options import WebhookOptions

_ADD_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(probatio.Secret(CONF_PAIRING)): TextSelector(),
        probatio.Optional(CONF_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
        probatio.Optional(probatio.Secret(CONF_TOKEN)): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD)
        ),
    }
)


class CheckerOptionsFlow(WebhookOptions, HeartbeatOptions):
    """Keeps the log agents of a cluster."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._entered: dict[str, Any] = {}
        self._pairing = PairingCode(url="", token="")

    @property
    def _agents(self) -> dict[str, dict[str, Any]]:
        return dict(self.config_entry.options.get(CONF_LOG_AGENTS, {}))

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what can be done."""
        options = ["settings", "places", "add_log_agent", *(["remove_log_agent"] if self._agents else []), "webhook"]
        options += [*(["webhook_check"] if CONF_WEBHOOK_ID in self.config_entry.options else []), "heartbeat"]
        return self.async_show_menu(
            step_id="init",
            menu_options=options,
            description_placeholders={"nodes": ", ".join(map(inert, sorted(self._agents))) or "–"},
        )

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to ignore and how long to wait."""
        entry = self.config_entry
        assessment = entry.runtime_data.assessment if entry.state is ConfigEntryState.LOADED else None
        if user_input is None:
            schema = settings_schema(assessment, entry.options)
            shown = {**entry.options, SECTION: dict(entry.options)}
            return self.async_show_form(
                step_id="settings", data_schema=self.add_suggested_values_to_schema(schema, shown)
            )
        kept = {name: value for name, value in entry.options.items() if name not in SETTINGS}
        return self.async_create_entry(data={**kept, **entered_settings(user_input)})

    async def async_step_places(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the storages stand, so that it is known what dies with what."""
        entry = self.config_entry
        survivals = entry.runtime_data.survivals if entry.state is ConfigEntryState.LOADED else None
        if user_input is None:
            schema = places_schema(survivals, entry.options)
            said = suggested_places(survivals, entry.options)
            return self.async_show_form(step_id="places", data_schema=self.add_suggested_values_to_schema(schema, said))
        kept = {name: value for name, value in entry.options.items() if name != CONF_STANDINGS}
        return self.async_create_entry(data={**kept, **entered_places(user_input, survivals, entry.options)})

    async def async_step_add_log_agent(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the pairing line, or for its parts."""
        if user_input is None:
            return self._show_form()
        self._entered = user_input
        try:
            if user_input.get(CONF_PAIRING):
                self._pairing = PairingCode.parse(user_input[CONF_PAIRING])
            else:
                self._pairing = PairingCode.from_parts(user_input.get(CONF_URL, ""), user_input.get(CONF_TOKEN, ""))
        except ValueError as error:
            return self._show_form("invalid_pairing", str(error))
        return await self._try()

    async def async_step_certificate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the agent's certificate, and pin it once a person has confirmed it."""
        if user_input is None:
            return self.async_show_form(
                step_id="certificate",
                data_schema=probatio.Schema({}),
                description_placeholders={
                    "url": self._pairing.url,
                    "fingerprint": self._pairing.fingerprint or "",
                },
            )
        return await self._try()

    async def async_step_remove_log_agent(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which agents are no longer to be read."""
        agents = self._agents
        if user_input is None:
            selector = SelectSelector(SelectSelectorConfig(options=sorted(agents), multiple=True))
            schema = probatio.Schema({probatio.Required(CONF_NODES, default=[]): selector})
            return self.async_show_form(step_id="remove_log_agent", data_schema=schema)
        return self._save({node: agent for node, agent in agents.items() if node not in user_input[CONF_NODES]})

    def _show_form(self, key: str | None = None, error: str = "") -> ConfigFlowResult:
        suggested = {name: value for name, value in self._entered.items() if name == CONF_URL}
        return self.async_show_form(
            step_id="add_log_agent",
            data_schema=self.add_suggested_values_to_schema(_ADD_SCHEMA, suggested),
            errors={"base": key} if key else None,
            description_placeholders={"error": inert(error.rstrip(".!")), "command": "proxmox-backup-log-agent pair"},
        )

    async def _try(self) -> ConfigFlowResult:
        """Ask the agent who it is, and keep it where it is one of this cluster's nodes."""
        try:
            status = await LogAgentClient(async_get_clientsession(self.hass), self._pairing).status()
        except CertificateUntrustedError:
            return await self._ask_for_certificate()
        except ProxmoxError as error:
            return self._show_form(_error_key(error), str(error))
        entry = self.config_entry
        if entry.state is ConfigEntryState.LOADED:
            nodes = sorted(node.name for node in entry.runtime_data.assessment.cluster.nodes)
            if status.node not in nodes:
                return self._show_form("wrong_node", f"{status.node} ∉ {', '.join(nodes)}")
        return self._save({**self._agents, status.node: asdict(self._pairing)})

    async def _ask_for_certificate(self) -> ConfigFlowResult:
        url = URL(self._pairing.url)
        try:
            fingerprint = await fetch_fingerprint(url.host or "", url.port or 0)
        except CannotConnectError as error:
            return self._show_form("cannot_connect", str(error))
        self._pairing = replace(self._pairing, fingerprint=fingerprint)
        return await self.async_step_certificate()

    def _save(self, agents: dict[str, dict[str, Any]]) -> ConfigFlowResult:
        return self.async_create_entry(data={**self.config_entry.options, CONF_LOG_AGENTS: agents})


def _error_key(error: ProxmoxError) -> str:
    match error:
        case AuthenticationError():
            return "invalid_auth"
        case CertificateChangedError():
            return "wrong_fingerprint"
        case CertificateError():
            return "invalid_certificate"
        case CannotConnectError():
            return "cannot_connect"
        case _:
            return "unexpected_answer"
