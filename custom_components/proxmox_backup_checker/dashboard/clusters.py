"""The clusters that the dashboard may show."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from yarl import URL

from ..clusters import cluster_entries
from ..coordinator import CheckerConfigEntry, CheckerCoordinator


def entries(hass: HomeAssistant, entry_id: str | None = None) -> list[CheckerConfigEntry]:
    """Return the clusters that are set up and not disabled, or the one that is asked for."""
    return [entry for entry in cluster_entries(hass) if entry_id in {None, entry.entry_id}]


def coordinator_of(entry: CheckerConfigEntry) -> CheckerCoordinator | None:
    """Return what keeps a cluster's snapshot, None where the entry is not loaded."""
    return entry.runtime_data if entry.state is ConfigEntryState.LOADED else None


def page(entry: CheckerConfigEntry) -> URL:
    """Return the address of the web interface."""
    return URL.build(scheme="https", host=entry.data[CONF_HOST], port=entry.data[CONF_PORT], path="/")
