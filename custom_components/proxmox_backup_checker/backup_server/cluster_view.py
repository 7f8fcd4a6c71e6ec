"""What the entries of clusters are told of backup servers, whatever is loaded first, and while some cannot be read."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..checker.archives.server_listings import linked_servers
from ..checker.model.facts import LinkedServers, StorageFacts
from ..checker.model.records import StorageRecord
from ..const import DOMAIN, is_backup_server
from ..coordinator import CheckerCoordinator
from .servers import SIGNAL_SERVER_READ, server_entries, server_of


@callback
def servers_for(
    hass: HomeAssistant,
    storages: Iterable[StorageFacts],
    records: Mapping[str, StorageRecord],
    before: LinkedServers,
) -> LinkedServers:
    """Return what a cluster with these storages is told of all servers; `before` is what it was told last."""
    entries = [entry for entry in server_entries(hass) if entry.disabled_by is None]
    loaded = [server for entry in entries if (server := server_of(entry)) is not None]
    contents = {
        (server.config_entry.entry_id, store, ns): content
        for server in loaded
        for (store, ns), content in server.contents.items()
    }
    known = [server.known for server in loaded if server.known is not None]
    return linked_servers([entry.entry_id for entry in entries], known, contents, storages, records, before)


@callback
def follow_servers(hass: HomeAssistant, cluster: CheckerCoordinator) -> None:
    """Have a cluster judged anew when a server has news for it, and when one comes or goes."""
    entry = cluster.config_entry

    @callback
    def told() -> None:
        if cluster.has_news_of_servers():
            entry.async_create_task(hass, cluster.async_judge_anew())

    @callback
    def changed(_change: ConfigEntryChange, other: ConfigEntry[Any]) -> None:
        if other.domain == DOMAIN and is_backup_server(other.data):
            told()

    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed))
    entry.async_on_unload(async_dispatcher_connect(hass, SIGNAL_SERVER_READ, told))
    told()
