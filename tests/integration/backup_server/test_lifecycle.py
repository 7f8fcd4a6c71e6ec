"""Setting up, unloading and removing a server's entry; what is remembered over a restart; how often the server is asked."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.backup_server import BackupServers, ServedBackupServer

from ..conftest import set_up as set_up_cluster
from .conftest import add_entry, device_keys, entity_id_of, poll, set_up, state_of


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant write real files, which its test package keeps it from."""
    return {}


async def test_a_server_that_is_silent_at_the_start_is_tried_again(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    pbs.power_off()
    entry = add_entry(hass, pbs)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY

    pbs.power_on()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state.value == "loaded"


@pytest.mark.parametrize("awake", [None, ["00:00:00", "00:00:01"]])
async def test_a_known_server_that_is_off_at_the_start_is_shown_as_it_is_and_whole_again_once_it_is_back(
    hass: HomeAssistant, pbs: ServedBackupServer, awake: list[str] | None
) -> None:
    entry = await set_up(hass, pbs, options={"awake": awake} if awake else {})
    await hass.config_entries.async_unload(entry.entry_id)
    devices = device_keys(hass, entry)
    pbs.power_off()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    status = "asleep" if awake else "unknown"
    assert state_of(hass, pbs, "sensor", "server_status").state == status
    problem = state_of(hass, pbs, "binary_sensor", "server_problem")
    assert problem.attributes["reason_code"] == ("server_asleep" if awake else "server_unreachable")
    for part in ("datastore_ds1", "pbsjob_sync_copies", "group_ds1::host/nas"):
        assert state_of(hass, pbs, "sensor", f"{part}_status").state == status
        assert state_of(hass, pbs, "binary_sensor", f"{part}_problem").state == ("off" if awake else "unknown")
    assert device_keys(hass, entry) == devices
    pbs.power_on()
    await poll(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert state_of(hass, pbs, "sensor", "datastore_ds1_used").state not in {"unknown", "unavailable"}
    assert state_of(hass, pbs, "binary_sensor", "group_ds1::host/nas_problem").state == "off"


async def test_an_entry_can_be_unloaded_and_set_up_again(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    before = device_keys(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state.value == "loaded"
    assert device_keys(hass, entry) == before


async def test_what_is_remembered_lasts_over_a_restart(
    hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    pbs.job("copies").start()
    site.clock.advance(seconds=10)
    await entry.runtime_data.async_check_now()
    runs = entry.runtime_data.assessment.history.runs
    assert runs
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()

    assert entry.runtime_data.assessment.history.runs == runs
    # What was told before is not told again.
    assert entry.runtime_data.assessment.events == ()
    assert state_of(hass, pbs, "sensor", "pbsjob_sync_copies_status").state == "failed"


async def test_a_history_that_is_damaged_is_set_aside(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = add_entry(hass, pbs)
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}"))
    path.parent.mkdir(exist_ok=True)
    path.write_text("{ this is no JSON")
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"history_lost_{entry.entry_id}") is not None


async def test_a_history_that_cannot_be_judged_is_set_aside_and_a_new_one_begins(
    hass: HomeAssistant, pbs: ServedBackupServer, caplog: pytest.LogCaptureFixture
) -> None:
    entry = add_entry(hass, pbs)
    key = f"{DOMAIN}.{entry.entry_id}"
    path = Path(hass.config.path(".storage", key))
    path.parent.mkdir(exist_ok=True)
    # No clock knows this moment.
    data = {"began": 1_700_000_000, "groups": {"ds1::host/nas": {"last_backup": 10**17, "times": [10**17]}}}
    path.write_text(json.dumps({"version": 1, "minor_version": 1, "key": key, "data": data}))
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"history_damaged_{entry.entry_id}") is not None
    assert list(path.parent.glob(f"{path.name}.corrupt.*"))
    assert "cannot be judged" in caplog.text
    assert entry.runtime_data.assessment.groups


async def test_a_server_that_is_removed_leaves_nothing(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    await hass.config_entries.async_unload(entry.entry_id)
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}"))
    assert path.exists()
    await hass.config_entries.async_remove(entry.entry_id)
    assert not path.exists()
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)


async def test_only_what_is_gone_can_be_removed_by_hand(
    hass: HomeAssistant, pbs: ServedBackupServer, hass_ws_client: WebSocketGenerator
) -> None:
    assert await async_setup_component(hass, "config", {})
    entry = await set_up(hass, pbs)
    pbs.remove_job(pbs.job("check"))
    await entry.runtime_data.async_check_now()
    registry, client = dr.async_get(hass), await hass_ws_client(hass)
    for key, is_gone in (("pbsjob_verify_check", True), ("pbsjob_sync_copies", False)):
        device = registry.async_get_device_by_identifier((DOMAIN, f"{pbs.instance_id}_{key}"), entry.entry_id)
        assert device is not None
        answer = await client.remove_device(device.id)
        assert answer["success"] is is_gone


@pytest.mark.parametrize("restarts", [True, False])
async def test_a_job_that_is_not_to_be_seen_any_more_can_be_let_go(
    hass: HomeAssistant, pbs: ServedBackupServer, hass_ws_client: WebSocketGenerator, restarts: bool
) -> None:
    assert await async_setup_component(hass, "config", {})
    entry = await set_up(hass, pbs)
    registry, client = dr.async_get(hass), await hass_ws_client(hass)

    def device() -> dr.AnyDeviceEntry | None:
        return registry.async_get_device_by_identifier(
            (DOMAIN, f"{pbs.instance_id}_pbsjob_sync_copies"), entry.entry_id
        )

    async def restart() -> None:
        if not restarts:
            await entry.runtime_data.async_check_now()
            await hass.async_block_till_done()
            return
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()

    pbs.access.revoke(pbs.token.id, "/remote")
    await restart()
    assert state_of(hass, pbs, "binary_sensor", "pbsjob_sync_copies_problem").state == "unknown"
    held = device()
    assert held is not None
    answer = await client.remove_device(held.id)
    assert answer["success"]
    await restart()
    await poll(hass, entry)
    assert device() is None
    pbs.access.grant("/remote", "RemoteAudit", pbs.token.id)
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    assert device() is not None


async def test_a_quiet_server_is_asked_once_a_poll(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    while entry.runtime_data.update_interval.total_seconds() < 300:
        await poll(hass, entry)
    pbs.traffic.clear()
    await poll(hass, entry)
    assert [request.path.rpartition("/")[2] for request in pbs.requests] == ["tasks"]


async def test_a_refused_token_is_not_offered_at_every_poll(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    pbs.token.enabled = False
    await poll(hass, entry)
    pbs.traffic.clear()
    await poll(hass, entry, times=3)
    assert pbs.requests == []
    assert state_of(hass, pbs, "sensor", "server_status").state == "unknown"
    assert len(hass.config_entries.flow.async_progress_by_handler(DOMAIN)) == 1


@pytest.mark.parametrize("action", ["list_runs", "open_alerts"])
async def test_actions_of_clusters_find_theirs_beside_a_server(
    hass: HomeAssistant, pve: SimulatedCluster, pbs: ServedBackupServer, action: str
) -> None:
    await set_up(hass, pbs)
    await set_up_cluster(hass, pve)
    answer = await hass.services.async_call(DOMAIN, action, {}, blocking=True, return_response=True)
    assert answer is not None


async def test_a_server_alone_is_no_cluster(
    hass: HomeAssistant, pbs: ServedBackupServer, hass_ws_client: WebSocketGenerator
) -> None:
    await set_up(hass, pbs)
    client = await hass_ws_client(hass)
    await client.send_json({"id": 1, "type": f"{DOMAIN}/info"})
    answer = await client.receive_json()
    assert answer["success"]
    assert answer["result"]["entries"] == []
    assert entity_id_of(hass, pbs, "sensor", "server_status") is not None


async def test_a_server_has_a_calendar_of_its_jobs(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    await set_up(hass, pbs)
    calendar = entity_id_of(hass, pbs, "calendar", "server_runs")
    assert calendar is not None
    state = hass.states.get(calendar)
    assert state is not None
    assert state.attributes["message"]
    now = dt_util.utcnow()
    answer: Any = await hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": calendar, "start_date_time": now, "end_date_time": now + timedelta(days=3)},
        blocking=True,
        return_response=True,
    )
    names = {event["summary"] for event in answer[calendar]["events"]}
    assert {"Sync: copies", "Prune: tidy", "Garbage collection: ds1"} <= names
