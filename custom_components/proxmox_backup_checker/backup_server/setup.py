"""Setting up, unloading and removing the entry of a backup server."""

from collections.abc import Callable
from functools import partial

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..const import DOMAIN
from ..devices import device_key
from ..history_store import ServerHistoryStore
from ..texts.localizer import Localizer
from .client import client_of
from .coordinator import ServerConfigEntry, ServerCoordinator
from .devices import ServerDevices, is_present
from .discovery import withdraw_offers
from .issues import ServerIssues
from .links import follow_links, links_of
from .servers import SIGNAL_SERVER_READ

_OTHER_PLATFORMS = [Platform.BUTTON, Platform.CALENDAR, Platform.EVENT, Platform.SENSOR]


async def async_setup_server(hass: HomeAssistant, entry: ServerConfigEntry, has_audience: Callable[[], bool]) -> None:
    """Set up one backup server; while `has_audience` says no, its messages wait."""
    store = ServerHistoryStore(hass, entry.entry_id)
    localizer = await Localizer.load(hass)
    client = client_of(hass, entry.data)
    coordinator = ServerCoordinator(hass, entry, client, localizer, store, partial(links_of, hass), has_audience)
    issues = ServerIssues(hass, coordinator)
    entry.async_on_unload(coordinator.async_add_listener(issues.update))
    try:
        await coordinator.async_config_entry_first_refresh()
    finally:
        issues.update()
    entry.runtime_data = coordinator
    # The parents must be registered before the entities name them, and names follow what is there.
    devices = ServerDevices(hass, coordinator)
    devices.update()
    entry.async_on_unload(coordinator.async_add_listener(devices.update))
    # Where Home Assistant takes no more entities, problem sensors are there already.
    await hass.config_entries.async_forward_entry_setups(entry, [Platform.BINARY_SENSOR])
    await hass.config_entries.async_forward_entry_setups(entry, _OTHER_PLATFORMS)
    issues.update()
    follow_links(hass, coordinator)
    entry.async_on_unload(coordinator.async_add_listener(partial(async_dispatcher_send, hass, SIGNAL_SERVER_READ)))
    withdraw_offers(hass, coordinator)


async def async_unload_server(hass: HomeAssistant, entry: ServerConfigEntry) -> None:
    """Unload one backup server."""
    await hass.config_entries.async_unload_platforms_or_raise(entry, [Platform.BINARY_SENSOR, *_OTHER_PLATFORMS])
    await entry.runtime_data.async_stop()


async def async_remove_server(hass: HomeAssistant, entry: ServerConfigEntry) -> None:
    """Forget the history of a server that is removed."""
    await ServerHistoryStore(hass, entry.entry_id).async_remove()


async def async_forget(entry: ServerConfigEntry, device: dr.AnyDeviceEntry) -> bool:
    """Forget what a device stands for, and tell whether that was possible, which nobody knows unless the server is read.

    What is listed would come again.
    """
    if entry.state is not ConfigEntryState.LOADED:
        return False
    coordinator = entry.runtime_data
    keys = {key for domain, key in device.identifiers if domain == DOMAIN}
    hidden = [
        subject for subject in coordinator.assessment.out_of_sight if device_key(coordinator.identity, subject) in keys
    ]
    if not hidden:
        return not is_present(device, coordinator)
    for subject in hidden:
        await coordinator.async_let_go(subject)
    return True
