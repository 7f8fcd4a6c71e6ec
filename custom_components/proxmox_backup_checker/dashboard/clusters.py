"""The clusters and backup servers that the dashboard may show."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from yarl import URL

from ..backup_server.coordinator import ServerConfigEntry
from ..backup_server.servers import server_entries
from ..clusters import cluster_entries
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from .rows import OF_SERVERS, Group


def entries(hass: HomeAssistant, entry_id: str | None = None) -> list[CheckerConfigEntry]:
    """Return the clusters that are set up and not disabled, or the one that is asked for."""
    return [entry for entry in cluster_entries(hass) if entry_id in {None, entry.entry_id}]


def entries_of(hass: HomeAssistant, group: Group, entry_id: str | None = None) -> list[ConfigEntry[Any]]:
    """Return the entries that have such rows, or the one that is asked for: clusters, or backup servers."""
    if group not in OF_SERVERS:
        return [*entries(hass, entry_id)]
    return [*backup_servers(hass, entry_id)]


def backup_servers(hass: HomeAssistant, entry_id: str | None = None) -> list[ServerConfigEntry]:
    """Return the backup servers that are set up and not disabled, or the one that is asked for."""
    return [entry for entry in server_entries(hass) if entry.disabled_by is None and entry_id in {None, entry.entry_id}]


def coordinator_of(entry: CheckerConfigEntry) -> CheckerCoordinator | None:
    """Return what keeps a cluster's snapshot, None where the entry is not loaded."""
    return entry.runtime_data if entry.state is ConfigEntryState.LOADED else None


def page(entry: ConfigEntry[Any]) -> URL:
    """Return the address of the web interface."""
    return URL.build(scheme="https", host=entry.data[CONF_HOST], port=entry.data[CONF_PORT], path="/")
