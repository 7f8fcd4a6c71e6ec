"""Adding a backup server: who it is, what the token may see, what is to be watched, and where the server stands."""

from collections.abc import Iterable
from typing import Any, Final, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.typing import DiscoveryInfoType
import probatio

from ..const import (
    CONF_FINGERPRINT,
    CONF_IDENTITY,
    CONF_IGNORE,
    CONF_KIND,
    CONF_TOKEN_ID,
    KIND_BACKUP_SERVER,
    is_backup_server,
)
from ..entry_flow import EntryFlow
from ..proxmox.api.backup_models import BACKUP_SERVER_PORT
from ..proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    PermissionDeniedError,
    ProxmoxError,
    UnexpectedAnswerError,
)
from ..proxmox.api.tls import fetch_fingerprint
from ..proxmox.backup_server.client import BackupServerClient
from ..proxmox.backup_server.datastore_models import Datastore
from ..proxmox.backup_server.privileges import Privilege, grant_commands, missing_privileges
from ..sources.backup_server.identity import ServerIdentity, identity_of
from ..texts.markdown import inert
from ..texts.shell import in_short_lines
from .client import client_of
from .coordinator import ServerConfigEntry
from .discovery import Offer
from .options import content_fields, entered_content, entered_place, namespace_key, place_fields
from .servers import server_entries, server_of

_LONGEST_LIST: Final = 12


class BackupServerFlow(EntryFlow):
    """Asks everything about a backup server; the answers of its steps are kept until the entry is made."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        super().__init__()
        self._lacking: tuple[Privilege, ...] = ()
        self._stores: tuple[Datastore, ...] = ()
        self._namespaces: tuple[str, ...] = ()
        self._identity: ServerIdentity | None = None
        self._twin: ServerConfigEntry | None = None
        self._options: dict[str, Any] = {}

    @override
    async def async_step_integration_discovery(self, discovery_info: DiscoveryInfoType) -> ConfigFlowResult:
        """Offer the server that a cluster writes its backups to, unless it is watched or ignored."""
        offer = Offer.from_info(discovery_info)
        await self.async_set_unique_id(offer.unique_id)
        self._abort_if_unique_id_configured()
        if any(offer.is_of(entry) for entry in server_entries(self.hass)):
            return self.async_abort(reason="already_configured")
        self._vouched_for = offer.fingerprint
        self._data |= {CONF_HOST: offer.host, CONF_PORT: offer.port}
        self.context["title_placeholders"] = {"name": f"Proxmox Backup Server {offer.host}"}
        return await self.async_step_backup_server()

    async def async_step_backup_server(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for host, port and token."""
        self._step = "backup_server"
        self._data[CONF_KIND] = KIND_BACKUP_SERVER
        self._data.setdefault(CONF_PORT, BACKUP_SERVER_PORT)
        return await self._take(user_input) if user_input else self._show_form()

    async def async_step_server_privileges(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the missing rights, with the lines that grant them to the user and to the token."""
        token_id = self._data[CONF_TOKEN_ID]
        return self.async_show_menu(
            step_id="server_privileges",
            # What shows no datastore at all may hide everything: that is never taken for an empty server.
            menu_options=["check_again", "continue_anyway"] if self._stores else ["check_again"],
            description_placeholders={
                "token": token_id,
                "missing": "\n".join(f"- **{privilege.name}** ({privilege.path})" for privilege in self._lacking),
                "commands": in_short_lines(grant_commands(self._lacking, token_id)),
            },
        )

    async def async_step_clone(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether this is another server though it has the id of a known one, as a cloned machine has."""
        assert self._twin is not None
        assert self._identity is not None
        if user_input is None:
            return self.async_show_form(
                step_id="clone",
                data_schema=probatio.Schema({}),
                description_placeholders={
                    "host": self._data[CONF_HOST],
                    "other": self._twin.title,
                    "datastores": _listed(store.store for store in self._stores),
                },
            )
        await self.async_set_unique_id(self._identity.fingerprint)
        self._abort_if_unique_id_configured()
        return await self.async_step_datastores()

    async def async_step_datastores(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is to be watched: what is chosen, and what comes later."""
        stores = [store.store for store in self._stores]
        if user_input is None and stores:
            return self.async_show_form(
                step_id="datastores", data_schema=probatio.Schema(content_fields(stores, self._namespaces))
            )
        if ignored := entered_content(user_input or {}, stores, self._namespaces):
            self._options[CONF_IGNORE] = ignored
        return await self.async_step_place()

    async def async_step_place(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the server stands and when it is on."""
        errors: dict[str, str] = {}
        schema = probatio.Schema(place_fields())
        if user_input is not None:
            try:
                options = self._options | entered_place(user_input)
            except ValueError:
                errors["base"] = "hours_missing"
            else:
                data = {**self._data, CONF_IDENTITY: self.unique_id}
                return self.async_create_entry(title=await self._title(), data=data, options=options)
        return self.async_show_form(
            step_id="place",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or {}),
            errors=errors,
        )

    @override
    async def _attempt(self, *, accept_missing: bool) -> ConfigFlowResult:
        """Connect, see what the token may see, and find out who it is."""
        client = client_of(self.hass, self._data)
        try:
            await client.ping()
        except ApiError, AuthenticationError, PermissionDeniedError, UnexpectedAnswerError:
            return self._show_form({"base": "not_a_backup_server"})
        await client.version()
        self._lacking = missing_privileges(await client.permissions())
        self._stores = await client.datastores()
        if self._lacking and not (accept_missing and self._stores):
            return await self.async_step_server_privileges()
        fingerprint = self._data[CONF_FINGERPRINT] or await fetch_fingerprint(
            self._data[CONF_HOST], self._data[CONF_PORT]
        )
        self._identity = await identity_of(client, fingerprint)
        if (entry := self._changed_entry()) is not None:
            if not self._is_same(entry, self._identity):
                return self.async_abort(reason="wrong_server")
            return self.async_update_reload_and_abort(entry, data=self._data)
        self._namespaces = await _namespaces_of(client, self._stores)
        return await self._begin(self._identity)

    async def _begin(self, identity: ServerIdentity) -> ConfigFlowResult:
        """Go on where the server is new; ask where it looks like another one."""
        known = [entry for entry in server_entries(self.hass) if entry.unique_id in identity.names]
        if not known:
            await self.async_set_unique_id(identity.best)
            return await self.async_step_datastores()
        if any(self._is_at_home(entry, identity) for entry in known):
            return self.async_abort(reason="already_configured")
        self._twin = known[0]
        return await self.async_step_clone()

    def _is_at_home(self, entry: ServerConfigEntry, identity: ServerIdentity) -> bool:
        """Tell whether a known server with the same id is this one: by its certificate, or by what it stores."""
        server = server_of(entry)
        certificates = {entry.data[CONF_FINGERPRINT], server.certificate if server else None}
        if identity.fingerprint in certificates or entry.unique_id == identity.fingerprint:
            return True
        stores = {store.store for store in self._stores}
        return server is not None and bool(stores & server.known_stores)

    def _is_same(self, entry: ServerConfigEntry, identity: ServerIdentity) -> bool:
        """Tell whether the server at the new address is that of an entry.

        Where an entry knows it by its certificate only, another one that a person has confirmed is as good, if the datastores fit.
        """
        if entry.unique_id in identity.names:
            return True
        taken = {other.unique_id for other in server_entries(self.hass) if other is not entry}
        by_certificate = entry.unique_id is not None and ":" in entry.unique_id
        server = server_of(entry)
        fits = server is None or not server.known_stores or bool({s.store for s in self._stores} & server.known_stores)
        return by_certificate and identity.best not in taken and fits

    async def _title(self) -> str:
        """Return the name of the host, which only its tasks tell, else its address."""
        host: str = self._data[CONF_HOST]
        try:
            found = await client_of(self.hass, self._data).tasks_since((), page=1, most_pages=1)
        except ProxmoxError:
            return host
        return found.tasks[0].upid.node if found.tasks else host


async def _namespaces_of(client: BackupServerClient, stores: Iterable[Datastore]) -> tuple[str, ...]:
    """Return the namespaces of all datastores that can be read now; one that cannot keeps nobody from the others."""
    found: list[str] = []
    for store in stores:
        if store.readable:
            try:
                found += [namespace_key(store.store, ns) for ns in await client.namespaces(store.store)]
            except ApiError, PermissionDeniedError:
                continue
    return tuple(found)


def _listed(names: Iterable[str]) -> str:
    every = [inert(name) for name in names]
    return ", ".join(every[:_LONGEST_LIST]) + (" …" if len(every) > _LONGEST_LIST else "") or "–"


__all__ = ["BackupServerFlow", "is_backup_server"]
