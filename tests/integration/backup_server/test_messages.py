"""Messages, actions and triggers of a backup server in a real Home Assistant."""

from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.notifications.messenger import EVENT_MESSAGE
from simulator.backup_server import BackupServers, ServedBackupServer

from .conftest import entity_id_of, set_up


@pytest.fixture
def heard(hass: HomeAssistant) -> list[dict[str, Any]]:
    """What automations hear."""
    messages: list[dict[str, Any]] = []

    @callback
    def hear(event: Event) -> None:
        messages.append(dict(event.data))

    hass.bus.async_listen(EVENT_MESSAGE, hear)
    return messages


async def fill(hass: HomeAssistant, pbs: ServedBackupServer, entry: MockConfigEntry) -> None:
    """Let the datastore be full."""
    pbs.datastores["ds1"].other = int(0.97 * pbs.datastores["ds1"].total)
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()


async def test_a_message_of_a_server_leads_to_its_part_and_is_taken_back_once_silenced(
    hass: HomeAssistant, pbs: ServedBackupServer, heard: list[dict[str, Any]]
) -> None:
    entry = await set_up(hass, pbs)
    assert heard == []
    await fill(hass, pbs, entry)
    assert [message["kind"] for message in heard] == ["opened"]
    message = heard.pop()
    assert (message["about"], message["severity"], message["cluster"]) == ("datastore", "normal", entry.title)
    assert message["title"] == f"{entry.title}: problem with the datastore ds1"
    assert message["proxmox_url"] == f"https://{pbs.ip}:{pbs.port}/#DataStore-ds1"
    assert message["guests"] == []
    answer = await hass.services.async_call(DOMAIN, "open_alerts", {}, blocking=True, return_response=True)
    assert answer is not None
    assert answer["count"] == 1
    await hass.services.async_call(DOMAIN, "acknowledge", {"tag": message["tag"]}, blocking=True)
    assert [told["kind"] for told in heard] == ["closed"]
    sensor = entity_id_of(hass, pbs, "binary_sensor", "datastore_ds1_problem")
    assert sensor is not None
    state = hass.states.get(sensor)
    assert state is not None
    assert state.attributes["acknowledged"]
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get(sensor)
    assert state is not None
    assert state.attributes["acknowledged"]
    assert len(heard) == 1


async def test_the_server_stands_for_all_of_its_parts(
    hass: HomeAssistant, pbs: ServedBackupServer, heard: list[dict[str, Any]]
) -> None:
    entry = await set_up(hass, pbs)
    await fill(hass, pbs, entry)
    sensor = entity_id_of(hass, pbs, "binary_sensor", "server_problem")
    await hass.services.async_call(DOMAIN, "acknowledge", {"entity_id": sensor}, blocking=True)
    assert [told["kind"] for told in heard] == ["opened", "closed"]
    await hass.services.async_call(DOMAIN, "unacknowledge", {"entity_id": sensor}, blocking=True)
    answer = await hass.services.async_call(DOMAIN, "open_alerts", {}, blocking=True, return_response=True)
    assert answer is not None
    assert answer["count"] == 1


async def test_a_test_message_and_a_look_can_be_asked_for(
    hass: HomeAssistant, pbs: ServedBackupServer, heard: list[dict[str, Any]]
) -> None:
    entry = await set_up(hass, pbs)
    await hass.services.async_call(DOMAIN, "test_alert", {"config_entry_id": entry.entry_id}, blocking=True)
    assert [message["kind"] for message in heard] == ["test"]
    assert "ds1" in heard[0]["title"]
    answer = await hass.services.async_call(DOMAIN, "check_now", {}, blocking=True, return_response=True)
    assert answer is not None
    assert answer["clusters"] == []
    assert [server["server"] for server in answer["servers"]] == [entry.title]  # type: ignore[index,union-attr,call-overload]
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, "test_alert", {"config_entry_id": entry.entry_id}, blocking=True)


async def test_triggers_fire_for_the_jobs_of_a_server(
    hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    sensor = entity_id_of(hass, pbs, "binary_sensor", "server_problem")
    heard: list[Event] = []

    @callback
    def hear(event: Event) -> None:
        heard.append(event)

    hass.bus.async_listen("failed", hear)
    trigger = {"trigger": f"{DOMAIN}.backup_failed", "target": {"entity_id": sensor}, "options": {}}
    assert await async_setup_component(
        hass, "automation", {"automation": {"triggers": [trigger], "actions": [{"event": "failed"}]}}
    )
    await hass.async_block_till_done()
    # Nobody is at the address of its remote.
    pbs.job("copies").start()
    site.clock.advance(seconds=10)
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    assert len(heard) == 1


@pytest.mark.parametrize("period", ["day", "week"])
async def test_a_digest_can_be_of_a_server(hass: HomeAssistant, pbs: ServedBackupServer, period: str) -> None:
    entry = await set_up(hass, pbs)
    data = {"config_entry_id": entry.entry_id, "period": period}
    answer = await hass.services.async_call(DOMAIN, "report", data, blocking=True, return_response=True)
    assert answer is not None
    assert entry.title in str(answer["title"])
    assert "ds1" in str(answer["text"])
