"""The entries that watch a cluster, apart from those of backup servers and from what was ignored."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN, is_backup_server
from .coordinator import CheckerConfigEntry, CheckerCoordinator


@callback
def cluster_entries(hass: HomeAssistant, *, include_disabled: bool = False) -> list[CheckerConfigEntry]:
    """Return the entries of all clusters, whatever their state."""
    entries: list[CheckerConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=include_disabled
    )
    return [entry for entry in entries if not is_backup_server(entry.data)]


@callback
def loaded_cluster(entry: ConfigEntry[Any] | None) -> CheckerCoordinator | None:
    """Return what keeps the snapshot of a cluster; None where the entry is that of another system, or not loaded."""
    if entry is None or entry.domain != DOMAIN or is_backup_server(entry.data):
        return None
    coordinator: CheckerCoordinator | None = entry.runtime_data if entry.state is ConfigEntryState.LOADED else None
    return coordinator


@callback
def is_read(cluster: CheckerCoordinator) -> bool:
    """Tell whether the last reading of a cluster went well: what is shown of it may be from one before."""
    return cluster.last_update_success and cluster.last_error is None


@callback
def guests_of_others(hass: HomeAssistant, cluster: CheckerCoordinator) -> frozenset[int] | None:
    """Return the guests of all other clusters; None while one of them cannot be read, or may have guests out of sight."""
    found: set[int] = set()
    for entry in cluster_entries(hass):
        if entry is cluster.config_entry:
            continue
        other = loaded_cluster(entry)
        if other is None or not is_read(other) or not other.assessment.guests_complete:
            return None
        found.update(other.assessment.guests)
    return frozenset(found)
