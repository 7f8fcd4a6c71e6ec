"""The entries that watch a backup server."""

from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN, is_backup_server
from .coordinator import ServerConfigEntry, ServerCoordinator

SIGNAL_SERVER_READ: Final = f"{DOMAIN}_server_read"
"""Sent after every look at a server."""


@callback
def server_entries(hass: HomeAssistant) -> list[ServerConfigEntry]:
    """Return the entries of all backup servers, whatever their state."""
    entries: list[ServerConfigEntry] = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return [entry for entry in entries if is_backup_server(entry.data)]


@callback
def server_of(entry: ServerConfigEntry) -> ServerCoordinator | None:
    """Return what keeps a server's snapshot, None where its entry is not loaded."""
    return entry.runtime_data if entry.state is ConfigEntryState.LOADED else None
