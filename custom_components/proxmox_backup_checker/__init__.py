"""Proxmox Backup Checker: is the backup that was promised there?"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from .backup_server.cluster_view import follow_servers, servers_for
from .backup_server.discovery import offer_servers
from .backup_server.setup import (
    async_forget as async_forget_of_server,
    async_remove_server,
    async_setup_server,
    async_unload_server,
)
from .backup_server.watched import Watcher
from .const import CONF_FINGERPRINT, CONF_LOG_AGENTS, CONF_TOKEN_ID, CONF_TOKEN_SECRET, DOMAIN, is_backup_server
from .coordinator import CheckerConfigEntry, CheckerCoordinator
from .dashboard import resources as frontend, websocket_api
from .devices import Devices, async_forget
from .heartbeat import keep_heartbeat
from .history_store import HistoryStore
from .notifications.actions import async_setup_alert_services
from .notifications.audience import async_setup_audience, audience_of
from .notifications.messenger import Messenger
from .proxmox.api.client import ProxmoxClient
from .proxmox.log_agent.client import LogAgentClient
from .proxmox.log_agent.models import PairingCode
from .repair_issues import Issues
from .report_download import async_setup_download
from .services import async_setup_services
from .sources.log_agents.listener import listen
from .sources.pve.cluster_reader import ClusterReader
from .sources.source import Source
from .statistics import keep_statistics
from .texts.localizer import Localizer
from .voice import async_setup_voice
from .webhook import keep_webhook

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

_OTHER_PLATFORMS = [Platform.BUTTON, Platform.CALENDAR, Platform.EVENT, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what exists once for all clusters; the dashboard's part before any of them, since tabs may be waiting."""
    await frontend.async_serve(hass)
    websocket_api.async_register(hass)
    async_setup_services(hass)
    async_setup_alert_services(hass)
    async_setup_download(hass)
    async_setup_voice(hass)
    async_setup_audience(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Set up one cluster or backup server."""
    if is_backup_server(entry.data):
        await async_setup_server(hass, entry, audience_of(hass).listens)
        keep_heartbeat(hass, entry.runtime_data)
        _keep_messages(hass, entry.runtime_data)
        return
    store = HistoryStore(hass, entry.entry_id)
    agents = _agents(hass, entry)
    source, localizer = _source(hass, entry, agents), await Localizer.load(hass)
    coordinator = CheckerCoordinator(
        hass, entry, source, localizer, store, audience_of(hass).listens, partial(servers_for, hass)
    )
    issues = Issues(hass, coordinator)
    entry.async_on_unload(coordinator.async_add_listener(issues.update))
    try:
        await coordinator.async_config_entry_first_refresh()
    finally:
        issues.update()
    entry.runtime_data = coordinator
    # The parents must be registered before the entities name them, and names follow the guests.
    devices = Devices(hass, coordinator, coordinator.localizer)
    await devices.async_register()
    entry.async_on_unload(coordinator.async_add_listener(devices.update))
    # Where Home Assistant takes no more entities, problem sensors are there already.
    await hass.config_entries.async_forward_entry_setups(entry, [Platform.BINARY_SENSOR])
    await hass.config_entries.async_forward_entry_setups(entry, _OTHER_PLATFORMS)
    issues.update()
    keep_statistics(hass, entry, coordinator)
    keep_heartbeat(hass, coordinator)
    keep_webhook(hass, entry, coordinator)
    _keep_messages(hass, coordinator)

    @callback
    def offer() -> None:
        if (reading := coordinator.reading) is not None:
            offer_servers(hass, reading.facts.storages)

    offer()
    entry.async_on_unload(coordinator.async_add_listener(offer))
    follow_servers(hass, coordinator)
    listen(
        hass,
        entry,
        agents,
        coordinator.agent_reachability,
        refresh=coordinator.async_refresh,
        last_reading=lambda: coordinator.reading,
    )


def _keep_messages(hass: HomeAssistant, coordinator: Watcher) -> None:
    """Tell of problems for as long as the entry is loaded."""
    messenger = Messenger(hass, coordinator)
    messenger.update()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(messenger.update))


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Unload one cluster or backup server."""
    if is_backup_server(entry.data):
        await async_unload_server(hass, entry)
        return
    await hass.config_entries.async_unload_platforms_or_raise(entry, [Platform.BINARY_SENSOR, *_OTHER_PLATFORMS])
    await entry.runtime_data.async_stop()


async def async_remove_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Forget the history of a cluster or backup server that is removed."""
    if is_backup_server(entry.data):
        await async_remove_server(hass, entry)
        return
    await HistoryStore(hass, entry.entry_id).async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: ConfigEntry[Any], device: dr.AnyDeviceEntry
) -> bool:
    """Let the user remove a guest or job that is no longer there, which cannot be told unless the cluster is read."""
    if is_backup_server(entry.data):
        return await async_forget_of_server(entry, device)
    return entry.state is ConfigEntryState.LOADED and await async_forget(device, entry.runtime_data)


def _agents(hass: HomeAssistant, entry: CheckerConfigEntry) -> dict[str, LogAgentClient]:
    """Return the clients of the log agents, by node."""
    session = async_get_clientsession(hass)
    return {
        node: LogAgentClient(session, PairingCode(**agent))
        for node, agent in entry.options.get(CONF_LOG_AGENTS, {}).items()
    }


def _source(hass: HomeAssistant, entry: CheckerConfigEntry, agents: Mapping[str, LogAgentClient]) -> Source:
    """Return the reader for a cluster and its log agents."""
    # Every request pins its certificate or has the system verify it.
    session = async_get_clientsession(hass)
    client = ProxmoxClient(
        session,
        entry.data[CONF_HOST],
        entry.data[CONF_PORT],
        token_id=entry.data[CONF_TOKEN_ID],
        token_secret=entry.data[CONF_TOKEN_SECRET],
        fingerprint=entry.data[CONF_FINGERPRINT],
    )
    return ClusterReader(client, agents, dt_util.async_get_time_zone)
