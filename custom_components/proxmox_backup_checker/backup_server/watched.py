"""All that is watched, clusters and backup servers alike."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..clusters import cluster_entries, loaded_cluster
from ..const import is_backup_server
from ..coordinator import CheckerCoordinator
from .coordinator import ServerCoordinator
from .servers import server_entries, server_of

type Watcher = CheckerCoordinator | ServerCoordinator
"""What keeps the snapshot of a cluster or of a backup server."""


@callback
def watched_entries(hass: HomeAssistant) -> list[ConfigEntry[Any]]:
    """Return the entries of all clusters, then those of all backup servers, whatever their state."""
    servers = [entry for entry in server_entries(hass) if entry.disabled_by is None]
    return [*cluster_entries(hass), *servers]


@callback
def watcher_of(entry: ConfigEntry[Any]) -> Watcher | None:
    """Return what keeps the snapshot of an entry, None where it is not loaded."""
    return server_of(entry) if is_backup_server(entry.data) else loaded_cluster(entry)
