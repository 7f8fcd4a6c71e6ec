"""When messages are fired: as soon as somebody can hear them, and once."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.proxmox_backup_checker.notifications.messenger import EVENT_MESSAGE
from simulator import SimulatedCluster
from simulator.outcomes import failed

from ..conftest import poll, set_up


async def test_what_failed_while_home_assistant_was_off_is_told_when_automations_listen(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    heard: list[dict[str, Any]] = []

    def hear(event: Event) -> None:
        heard.append(dict(event.data))

    hass.bus.async_listen(EVENT_MESSAGE, hear)
    entry = await set_up(hass, pve)
    await hass.config_entries.async_unload(entry.entry_id)
    pve.job("nightly").run({104: failed("job failed")})
    hass.set_state(CoreState.starting)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert heard == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    freezer.tick(timedelta(seconds=11))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()

    assert [message["kind"] for message in heard] == ["opened"]
    await poll(hass, entry)
    assert len(heard) == 1


async def test_what_is_found_while_the_entry_is_unloaded_is_told_by_the_next_start(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    heard: list[dict[str, Any]] = []

    def hear(event: Event) -> None:
        heard.append(dict(event.data))

    hass.bus.async_listen(EVENT_MESSAGE, hear)
    entry = await set_up(hass, pve)
    pve.job("nightly").run({104: failed("job failed")})
    under_way = hass.async_create_task(entry.runtime_data.async_check_now(), eager_start=True)
    await hass.config_entries.async_unload(entry.entry_id)
    await under_way
    freezer.tick(timedelta(seconds=61))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    assert [message["kind"] for message in heard] == ["opened"]


@pytest.mark.parametrize("state", [CoreState.starting, CoreState.running])
async def test_what_waits_for_home_assistant_to_start_is_told_once_though_the_entry_is_set_up_again_meanwhile(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory, state: CoreState
) -> None:
    """Before it has started, and in the seconds after it in which automations begin to listen."""
    heard: list[dict[str, Any]] = []

    def hear(event: Event) -> None:
        heard.append(dict(event.data))

    async def start() -> None:
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await hass.async_block_till_done()

    hass.bus.async_listen(EVENT_MESSAGE, hear)
    entry = await set_up(hass, pve)
    await hass.config_entries.async_unload(entry.entry_id)
    pve.job("nightly").run({104: failed("job failed")})
    hass.set_state(CoreState.starting)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    if state is CoreState.running:
        await start()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert heard == []
    if state is CoreState.starting:
        await start()
    freezer.tick(timedelta(seconds=11))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert [message["kind"] for message in heard] == ["opened"]
    await hass.config_entries.async_reload(entry.entry_id)
    await poll(hass, entry)
    assert len(heard) == 1


async def test_what_is_there_when_the_cluster_is_first_added_is_no_news_though_home_assistant_still_starts(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    heard: list[Event] = []
    hass.bus.async_listen(EVENT_MESSAGE, heard.append)
    pve.job("nightly").run({104: failed("job failed")})
    hass.set_state(CoreState.starting)
    entry = await set_up(hass, pve)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    freezer.tick(timedelta(seconds=11))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    await poll(hass, entry)
    assert heard == []
