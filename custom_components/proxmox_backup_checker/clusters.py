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
