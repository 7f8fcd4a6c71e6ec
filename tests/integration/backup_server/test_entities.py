"""A server's devices and entities follow what is there, and what is only out of sight keeps them."""

from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.backup_server import BackupServers, ServedBackupServer

from .conftest import device_keys, entity_id_of, entry_data, poll, set_up, state_of

ALL = {
    "server",
    *("datastore_ds1", "datastore_ds2"),
    *("pbsjob_sync_copies", "pbsjob_prune_tidy", "pbsjob_verify_check", "pbsjob_gc_ds1"),
    *("group_ds1::host/nas", "group_ds1:home:vm/100", "group_ds1:home:vm/101"),
}


async def test_each_part_of_a_server_is_a_device_below_what_it_belongs_to(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    assert device_keys(hass, entry) == ALL

    registry = dr.async_get(hass)

    def device(key: str) -> dr.DeviceEntry:
        found = registry.async_get_device_by_identifier((DOMAIN, f"{pbs.instance_id}_{key}"), entry.entry_id)
        assert isinstance(found, dr.DeviceEntry)
        return found

    assert device("datastore_ds1").via_device_id == device("server").id
    assert device("pbsjob_sync_copies").via_device_id == device("datastore_ds1").id
    assert device("group_ds1::host/nas").via_device_id == device("datastore_ds1").id
    assert device("datastore_ds1").name == "Datastore ds1"
    assert device("pbsjob_gc_ds1").name == "Garbage collection ds1"
    assert device("group_ds1::host/nas").name == "nas"
    assert device("server").sw_version == "4.2.3"


async def test_each_part_has_a_problem_sensor_and_a_status(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    await set_up(hass, pbs)
    for key in ALL:
        problem = state_of(hass, pbs, "binary_sensor", f"{key}_problem")
        assert problem.state in {STATE_ON, STATE_OFF, STATE_UNKNOWN}, key
        assert problem.attributes["reason"], key
        assert problem.attributes["reason_code"], key
        assert state_of(hass, pbs, "sensor", f"{key}_status").state in problem_states(problem), key


def problem_states(problem: Any) -> set[str]:
    """Return the status that belongs to a verdict, and that of a run in progress over it."""
    return {problem.attributes["verdict"], "running"}


async def test_figures_of_a_datastore_are_shown(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    await set_up(hass, pbs)
    store = pbs.store("ds1")
    used = float(state_of(hass, pbs, "sensor", "datastore_ds1_used").state)
    assert used == pytest.approx(100 * store.used / store.total, rel=1e-3)
    free = float(state_of(hass, pbs, "sensor", "datastore_ds1_free").state)
    assert free == pytest.approx(store.available / 1024**3, rel=1e-3)
    assert state_of(hass, pbs, "sensor", "datastore_ds1_full_on").state == STATE_UNKNOWN


async def test_the_last_good_garbage_collection_is_shown_with_its_figures(
    hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    registry = er.async_get(hass)
    for key in ("deduplication", "pending"):
        entity_id = entity_id_of(hass, pbs, "sensor", f"datastore_ds1_{key}")
        assert entity_id is not None
        registry.async_update_entity(entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    for key in ("last_garbage_collection", "deduplication", "pending"):
        assert state_of(hass, pbs, "sensor", f"datastore_ds1_{key}").state == STATE_UNKNOWN
    pbs.job("ds1").start()
    site.clock.advance(minutes=5)
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    assert dt_util.parse_datetime(state_of(hass, pbs, "sensor", "datastore_ds1_last_garbage_collection").state)
    assert float(state_of(hass, pbs, "sensor", "datastore_ds1_deduplication").state) > 1
    assert float(state_of(hass, pbs, "sensor", "datastore_ds1_pending").state) >= 0


async def test_a_datastore_shows_when_something_arrived_last(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    newest = pbs.store("ds1").add_group("", "host", "fresh", "root@pam").add(int(pbs.now) - 60)
    await set_up(hass, pbs)
    shown = dt_util.parse_datetime(state_of(hass, pbs, "sensor", "datastore_ds1_last_backup").state)
    assert shown is not None
    assert abs(shown.timestamp() - newest.time) <= 2
    assert state_of(hass, pbs, "sensor", "datastore_ds2_last_backup").state == STATE_UNKNOWN


async def test_the_clock_of_a_job_is_shown(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    await set_up(hass, pbs)
    shown = dt_util.parse_datetime(state_of(hass, pbs, "sensor", "pbsjob_prune_tidy_next_run").state)
    assert shown is not None
    assert timedelta() < shown - dt_util.utcnow() <= timedelta(hours=25)
    assert state_of(hass, pbs, "sensor", "pbsjob_prune_tidy_last_success").state == STATE_UNKNOWN


async def test_a_run_that_went_wrong_is_shown_with_its_reason_and_told_as_an_event(
    hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    pbs.job("copies").start()
    site.clock.advance(seconds=10)
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()

    problem = state_of(hass, pbs, "binary_sensor", "pbsjob_sync_copies_problem")
    assert problem.state == STATE_ON
    assert "No route to host" in str(problem.attributes)
    assert state_of(hass, pbs, "sensor", "pbsjob_sync_copies_status").state == "failed"
    assert state_of(hass, pbs, "binary_sensor", "server_problem").state == STATE_ON
    for key in ("server", "pbsjob_sync_copies"):
        event = state_of(hass, pbs, "event", f"{key}_activity")
        assert event.attributes["event_type"] == "run_failed"
        assert event.attributes["subject"] == "pbsjob_sync_copies"


async def test_what_is_new_appears_and_what_is_gone_goes(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    pbs.add_datastore("ds3")
    pbs.add_prune_job("new", "ds2", "daily", {"keep-daily": 3})
    pbs.remove_job(pbs.job("check"))
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    assert entity_id_of(hass, pbs, "sensor", "datastore_ds3_used") is not None
    assert entity_id_of(hass, pbs, "binary_sensor", "pbsjob_prune_new_problem") is not None
    assert "pbsjob_verify_check" in device_keys(hass, entry)

    await poll(hass, entry, times=2)
    assert device_keys(hass, entry) == ALL - {"pbsjob_verify_check"} | {"datastore_ds3", "pbsjob_prune_new"}
    assert entity_id_of(hass, pbs, "binary_sensor", "pbsjob_verify_check_problem") is None


async def test_what_the_token_may_no_longer_see_keeps_its_devices(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    pbs.limit_token({"/": "Audit"})
    for _ in range(4):
        await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    assert device_keys(hass, entry) == ALL

    pbs.limit_token({})
    for _ in range(4):
        await poll(hass, entry)
        entry.runtime_data._reader.read_all_again()
    assert device_keys(hass, entry) == ALL


async def test_what_is_in_maintenance_keeps_its_devices(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    pbs.store("ds1").enter_maintenance("offline", "disk swap")
    for _ in range(4):
        await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    assert device_keys(hass, entry) == ALL
    assert state_of(hass, pbs, "sensor", "datastore_ds1_status").state == "paused"
    assert "disk swap" in state_of(hass, pbs, "binary_sensor", "datastore_ds1_problem").attributes["reason"]


async def test_what_is_in_maintenance_at_a_start_keeps_its_devices_too(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    pbs.store("ds1").enter_maintenance("offline", "disk swap")
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(4):
        await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    assert device_keys(hass, entry) == ALL


async def test_a_server_that_is_silent_is_one_problem_with_a_reason(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    pbs.power_off()
    await poll(hass, entry)
    assert state_of(hass, pbs, "sensor", "server_status").state != STATE_UNAVAILABLE
    assert device_keys(hass, entry) == ALL

    pbs.power_on()
    await poll(hass, entry)
    assert state_of(hass, pbs, "binary_sensor", "datastore_ds1_problem").state == STATE_OFF


async def test_a_removable_datastore_tells_whether_its_disk_is_there(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    store = pbs.add_datastore("usb", removable=True)
    entry = await set_up(hass, pbs)
    assert state_of(hass, pbs, "binary_sensor", "datastore_usb_mounted").state == STATE_ON
    assert entity_id_of(hass, pbs, "binary_sensor", "datastore_ds1_mounted") is None

    store.unplug()
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    assert state_of(hass, pbs, "binary_sensor", "datastore_usb_mounted").state == STATE_OFF
    assert state_of(hass, pbs, "sensor", "datastore_usb_status").state == "asleep"
    assert state_of(hass, pbs, "binary_sensor", "datastore_usb_problem").state == STATE_OFF


async def test_the_cache_of_an_s3_datastore_is_never_full_on_a_day(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    pbs.add_datastore("bucket", backend="s3")
    await set_up(hass, pbs)
    assert entity_id_of(hass, pbs, "sensor", "datastore_bucket_used") is not None
    assert entity_id_of(hass, pbs, "sensor", "datastore_bucket_full_on") is None


async def test_entities_keep_the_identity_that_the_entry_began_with(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    await set_up(hass, pbs, data=entry_data(pbs, identity="began-with"))
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("sensor", DOMAIN, "began-with_server_status") is not None
    assert entity_id_of(hass, pbs, "sensor", "server_status") is None


async def test_the_button_reads_everything_again(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    await set_up(hass, pbs)
    pbs.add_datastore("ds3")
    button = entity_id_of(hass, pbs, "button", "server_check_now")
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    await hass.async_block_till_done()
    assert entity_id_of(hass, pbs, "sensor", "datastore_ds3_used") is not None


@pytest.mark.parametrize(("count", "enabled"), [(1000, True), (1001, False)])
async def test_among_very_many_groups_new_ones_start_with_their_problem_sensor_alone(
    hass: HomeAssistant, pbs: ServedBackupServer, count: int, enabled: bool
) -> None:
    entry = await set_up(hass, pbs)
    coordinator = entry.runtime_data
    store, now = pbs.store("ds2"), int(pbs.now)
    for number in range(count - len(coordinator.assessment.groups)):
        store.add_group("", "host", f"client{number}", "root@pam").add(now - 3600)
    await coordinator.async_check_now()
    await hass.async_block_till_done()

    registry = er.async_get(hass)
    problem = registry.async_get(entity_id_of(hass, pbs, "binary_sensor", "group_ds2::host/client7_problem") or "")
    status = registry.async_get(entity_id_of(hass, pbs, "sensor", "group_ds2::host/client7_status") or "")
    assert problem is not None
    assert not problem.disabled
    assert status is not None
    assert status.disabled is not enabled
