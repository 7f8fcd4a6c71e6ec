"""Adding a cluster or a backup server, and giving it a new token, address or certificate."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult, OptionsFlow
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .backup_server.flow import BackupServerFlow
from .backup_server.options_flow import BackupServerOptionsFlow
from .const import CONF_FINGERPRINT, CONF_TOKEN_ID, CONF_TOKEN_SECRET, DOMAIN, is_backup_server
from .flow_fields import split_host as split_host  # noqa: PLC0414
from .options_flow import CheckerOptionsFlow
from .proxmox.api.client import ProxmoxClient
from .proxmox.api.privileges import Privilege, grant_command, missing_privileges, role_command


class CheckerConfigFlow(BackupServerFlow, domain=DOMAIN):
    """Asks what is to be watched; of a cluster where it is, and says which rights the token lacks."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start knowing nothing."""
        super().__init__()
        self._missing: tuple[Privilege, ...] = ()

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow for log agents, or that for what is watched of a backup server."""
        return BackupServerOptionsFlow() if is_backup_server(config_entry.data) else CheckerOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is to be watched."""
        return self.async_show_menu(step_id="user", menu_options=["cluster", "backup_server"])

    async def async_step_cluster(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for host, port and token."""
        self._step = "cluster"
        return await self._take(user_input) if user_input else self._show_form()

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Proxmox refused the token."""
        self._data = dict(entry_data)
        return await self.async_step_reauth_confirm()

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

    @override
    async def _attempt(self, *, accept_missing: bool) -> ConfigFlowResult:
        if is_backup_server(self._data):
            return await super()._attempt(accept_missing=accept_missing)
        permissions = await self._client().permissions()
        self._missing = missing_privileges(permissions)
        if any(privilege.essential for privilege in self._missing) or (self._missing and not accept_missing):
            return await self.async_step_privileges()
        return await self._finish_cluster()

    async def _finish_cluster(self) -> ConfigFlowResult:
        client = self._client()
        status = await client.cluster_status()
        await self.async_set_unique_id(await client.cluster_identity(status))
        if (entry := self._changed_entry()) is not None:
            self._abort_if_unique_id_mismatch(reason="wrong_cluster")
            return self.async_update_reload_and_abort(entry, data=self._data)
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
