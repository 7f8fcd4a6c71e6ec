"""The actions around messages: what they take, what they answer, and what they refuse."""

from datetime import timedelta
from typing import Any

from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.notifications.messenger import EVENT_MESSAGE
from simulator import SimulatedCluster
from simulator.outcomes import failed

from ..conftest import poll, set_up
from ..states import entity, shown

IO_ERROR = "job failed with err -5 - Input/output error"


@pytest.fixture
async def failing(hass: HomeAssistant, pve: SimulatedCluster) -> MockConfigEntry:
    """A cluster whose job has just failed for 101 and 104, after a first look at which all was well."""
    entry = await set_up(hass, pve)
    pve.job("nightly").run({101: failed(IO_ERROR), 104: failed(IO_ERROR)})
    await poll(hass, entry)
    return entry


@pytest.fixture
def heard(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Every message from now on."""
    messages: list[dict[str, Any]] = []

    def hear(event: Event) -> None:
        messages.append(dict(event.data))

    hass.bus.async_listen(EVENT_MESSAGE, hear)
    return messages


async def call(hass: HomeAssistant, action: str, **data: Any) -> None:
    await hass.services.async_call(DOMAIN, action, data, blocking=True)
    await hass.async_block_till_done()


async def open_alerts(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(DOMAIN, "open_alerts", data, blocking=True, return_response=True)
    assert isinstance(answer, dict)
    return answer


def sensor(hass: HomeAssistant, key: str) -> str:
    found = entity(hass, f"_{key}_problem")
    assert found is not None
    return found.entity_id


def is_acknowledged(hass: HomeAssistant, key: str) -> bool:
    value = shown(hass, f"_{key}_problem").attributes["acknowledged"]
    assert isinstance(value, bool)
    return value


async def test_a_message_holds_all_that_an_automation_needs(
    hass: HomeAssistant, pve: SimulatedCluster, heard: list[dict[str, Any]]
) -> None:
    entry = await set_up(hass, pve)
    pve.job("nightly").run({104: failed(IO_ERROR)})
    await poll(hass, entry)

    [message] = heard
    assert (message["kind"], message["severity"], message["about"]) == ("opened", "normal", "job")
    assert (message["entry_id"], message["cluster"]) == (entry.entry_id, "small")
    assert message["guests"] == [{"vmid": 104, "name": "files", "node": "pve2"}]
    assert message["guest_count"] == 1
    assert message["url"] == f"/config/devices/device/{message['device_id']}"
    assert str(pve.port) in message["proxmox_url"]
    assert len(message["tag"]) <= 64
    assert message["tag"].startswith(message["group"])


async def test_a_job_is_acknowledged_with_the_guests_that_it_failed_for(
    hass: HomeAssistant, failing: MockConfigEntry, heard: list[dict[str, Any]]
) -> None:
    await call(hass, "acknowledge", entity_id=sensor(hass, "job_backup-nightly"), note="a new disk is ordered")

    assert all(is_acknowledged(hass, key) for key in ("job_backup-nightly", "guest_101", "guest_104"))
    assert not is_acknowledged(hass, "guest_102")
    assert shown(hass, "_guest_101_problem").state == "on"
    assert [message["kind"] for message in heard] == ["closed"]
    assert (await open_alerts(hass))["count"] == 0
    assert failing.runtime_data.assessment.history.acknowledgements[Subject.guest(101)].note == "a new disk is ordered"


async def test_a_guest_is_acknowledged_by_itself(
    hass: HomeAssistant, failing: MockConfigEntry, heard: list[dict[str, Any]]
) -> None:
    await call(hass, "acknowledge", entity_id=sensor(hass, "guest_101"))
    assert is_acknowledged(hass, "guest_101")
    assert not is_acknowledged(hass, "job_backup-nightly")
    assert heard == []
    await call(hass, "acknowledge", entity_id=sensor(hass, "guest_104"))

    assert [message["kind"] for message in heard] == ["closed"]


async def test_the_cluster_stands_for_all_that_is_open(hass: HomeAssistant, failing: MockConfigEntry) -> None:
    await call(hass, "acknowledge", entity_id=sensor(hass, "cluster"))

    assert is_acknowledged(hass, "guest_104")


async def test_an_acknowledgement_can_be_made_until_the_next_run_and_outlasts_a_reload(
    hass: HomeAssistant, failing: MockConfigEntry
) -> None:
    await call(hass, "acknowledge", entity_id=sensor(hass, "guest_101"), until_next_run=True)
    await hass.config_entries.async_reload(failing.entry_id)
    await hass.async_block_till_done()
    assert is_acknowledged(hass, "guest_101")
    assert failing.runtime_data.assessment.history.acknowledgements[Subject.guest(101)].until_next_run

    until = dt_util.utcnow() + timedelta(days=2)
    with pytest.raises(ServiceValidationError, match="either until a moment or until the next run"):
        await call(
            hass, "acknowledge", entity_id=sensor(hass, "guest_104"), until=until.isoformat(), until_next_run=True
        )


async def test_an_acknowledgement_can_be_withdrawn_and_is_kept_over_a_reload(
    hass: HomeAssistant, failing: MockConfigEntry
) -> None:
    until = dt_util.utcnow() + timedelta(days=2)
    await call(hass, "acknowledge", entity_id=sensor(hass, "guest_101"), until=until.isoformat())
    await hass.config_entries.async_reload(failing.entry_id)
    await hass.async_block_till_done()
    assert shown(hass, "_guest_101_problem").attributes["acknowledged_until"] == until.isoformat()
    await call(hass, "unacknowledge", entity_id=sensor(hass, "guest_101"))

    assert not is_acknowledged(hass, "guest_101")


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "no_problem_sensor"),
        ({"tag": "backups-elsewhere-job_x"}, "tag_is_over"),
        ({"entity_id": "sun.sun"}, "no_problem_sensor"),
        ({"guest": 102}, "nothing_to_acknowledge"),
        ({"guest": 101, "until": "2020-01-01 00:00:00"}, "until_is_past"),
    ],
)
async def test_what_cannot_be_acknowledged_is_refused_with_words(
    hass: HomeAssistant, failing: MockConfigEntry, data: dict[str, Any], key: str
) -> None:
    if (vmid := data.pop("guest", None)) is not None:
        data["entity_id"] = sensor(hass, f"guest_{vmid}")
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "acknowledge", **data)
    assert refused.value.translation_key == key


async def test_who_may_not_control_a_sensor_may_not_acknowledge_it(
    hass: HomeAssistant, failing: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    [alert] = (await open_alerts(hass))["alerts"]
    for data in ({"entity_id": sensor(hass, "guest_101")}, {"tag": alert["tag"]}):
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                DOMAIN, "acknowledge", data, blocking=True, context=Context(user_id=hass_read_only_user.id)
            )


@pytest.mark.parametrize("action", ["test_alert", "check_now"])
async def test_who_may_control_nothing_may_not_start_anything(
    hass: HomeAssistant, failing: MockConfigEntry, hass_read_only_user: MockUser, action: str
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, action, {}, blocking=True, context=Context(user_id=hass_read_only_user.id)
        )


async def test_open_alerts_are_messages_and_one_message(hass: HomeAssistant, failing: MockConfigEntry) -> None:
    answer = await open_alerts(hass)

    [alert] = answer["alerts"]
    assert alert["title"] == "Backup failed: nightly → nas"
    assert answer["message"] == "• Backup failed: nightly → nas"
    assert (await open_alerts(hass, severity="critical"))["count"] == 0
    later = dt_util.utcnow() + timedelta(minutes=1)
    assert (await open_alerts(hass, since=later.isoformat()))["count"] == 0


async def test_without_a_cluster_actions_say_so(hass: HomeAssistant, failing: MockConfigEntry) -> None:
    async def refused(action: str, **data: str) -> str | None:
        with pytest.raises(ServiceValidationError) as error:
            await call(hass, action, **data)
        return error.value.translation_key

    await hass.config_entries.async_unload(failing.entry_id)
    assert await refused("test_alert") == await refused("acknowledge", tag="backups-x-job_y") == "entry_not_loaded"
    await hass.config_entries.async_remove(failing.entry_id)
    assert await refused("test_alert") == await refused("check_now") == "nothing_watched"


async def test_a_tag_that_is_too_long_for_apple_is_shortened_and_still_acknowledges(
    hass: HomeAssistant, pve: SimulatedCluster, heard: list[dict[str, Any]]
) -> None:
    pve.add_job(
        "a-job-with-a-name-that-somebody-has-chosen-to-be-very-long", "04:00", "nas", vmid="101", comment="long"
    )
    entry = await set_up(hass, pve)
    pve.job("long").run({101: failed(IO_ERROR)})
    await poll(hass, entry)
    [message] = heard
    assert len(message["tag"]) == 64
    await call(hass, "acknowledge", tag=message["tag"])

    assert is_acknowledged(hass, "guest_101")
