"""A cluster in Home Assistant, from the first form to the sensors: a real Home Assistant, a virtual cluster over real TLS."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.outcomes import failed, running

from .conftest import put_off


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Three nodes, four guests, and one nightly job that has run once for all of them."""
    async with SimulatedCluster.start("small", tmp_path) as cluster:
        put_off(cluster)
        cluster.job("nightly").run()
        cluster.clock.advance(hours=1)
        yield cluster


def _data(pve: SimulatedCluster, **changes: Any) -> dict[str, Any]:
    return {
        "host": pve.host,
        "port": pve.port,
        "token_id": pve.token_id,
        "token_secret": pve.token_secret,
        **changes,
    }


async def _add(hass: HomeAssistant, pve: SimulatedCluster) -> ConfigEntry:
    """Add the cluster as a user does: the form, then the certificate."""
    result = await _form(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], _data(pve))
    assert result["step_id"] == "certificate"
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["fingerprint"] == pve.fingerprint
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return hass.config_entries.async_entries(DOMAIN)[0]


async def _form(hass: HomeAssistant) -> Any:
    """Begin to add a cluster."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": "cluster"})


async def _poll(hass: HomeAssistant, entry: ConfigEntry) -> None:
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()


def _state(hass: HomeAssistant, platform: str, ending: str) -> State:
    """Return the state of the one entity whose unique id ends so."""
    entries = er.async_get(hass).entities.values()
    found = [entry for entry in entries if entry.domain == platform and entry.unique_id.endswith(ending)]
    assert len(found) == 1, ending
    state = hass.states.get(found[0].entity_id)
    assert state is not None
    return state


async def test_a_cluster_is_added_by_its_certificate_and_named_after_itself(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await _add(hass, pve)

    assert entry.title == "small"
    assert entry.data == _data(pve, fingerprint=pve.fingerprint)
    assert entry.unique_id is not None
    assert len(entry.unique_id) == 36


async def test_the_same_cluster_is_not_added_twice_through_another_node(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    await _add(hass, pve)
    result = await _form(hass)
    other = _data(pve, host=pve.address("pve2")[0])
    result = await hass.config_entries.flow.async_configure(result["flow_id"], other)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_a_wrong_token_is_named_and_can_be_corrected(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    result = await _form(hass)
    flow = result["flow_id"]
    await hass.config_entries.flow.async_configure(flow, _data(pve, token_secret="wrong"))
    result = await hass.config_entries.flow.async_configure(flow, {})
    assert result["errors"] == {"base": "invalid_auth"}

    result = await hass.config_entries.flow.async_configure(flow, _data(pve))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_missing_privilege_is_named_with_the_line_that_grants_it(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit"})
    result = await _form(hass)
    flow = result["flow_id"]
    await hass.config_entries.flow.async_configure(flow, _data(pve))
    result = await hass.config_entries.flow.async_configure(flow, {})
    assert result["type"] is FlowResultType.MENU
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert "pveum acl modify /storage" in placeholders["missing"]
    assert "VM.Audit" not in placeholders["missing"]

    pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit"})
    result = await hass.config_entries.flow.async_configure(flow, {"next_step_id": "check_again"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_good_run_shows_no_problem_and_says_why(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    await _add(hass, pve)

    problem = _state(hass, "binary_sensor", "_guest_101_problem")
    assert problem.state == STATE_OFF
    assert problem.attributes["reason_code"] == "backed_up"
    assert "nightly" in problem.attributes["reason"]
    assert problem.attributes["confidence"] == "matched"
    assert _state(hass, "binary_sensor", "_job_backup-nightly_problem").state == STATE_OFF
    assert _state(hass, "sensor", "_job_backup-nightly_status").state == "ok"
    assert _state(hass, "sensor", "_guest_101_last_success").state != STATE_UNKNOWN


async def test_a_failed_guest_turns_red_and_the_others_stay_green(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await _add(hass, pve)
    pve.job("nightly").run(outcomes={102: failed("no space left on device")})
    pve.clock.advance(hours=1)
    await _poll(hass, entry)

    problem = _state(hass, "binary_sensor", "_guest_102_problem")
    assert problem.state == STATE_ON
    assert "no space left on device" in problem.attributes["reason"]
    assert _state(hass, "binary_sensor", "_guest_101_problem").state == STATE_OFF
    assert _state(hass, "binary_sensor", "_job_backup-nightly_problem").state == STATE_ON


async def test_a_backup_in_progress_keeps_the_verdict_before_it(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await _add(hass, pve)
    pve.job("nightly").run(outcomes={102: failed("no space left on device")})
    pve.clock.advance(hours=1)
    pve.job("nightly").run(outcomes={101: running(), 102: running()})
    pve.clock.advance(minutes=1)
    await _poll(hass, entry)

    assert _state(hass, "sensor", "_job_backup-nightly_status").state == "running"
    assert _state(hass, "binary_sensor", "_guest_101_problem").state == STATE_OFF
    assert _state(hass, "binary_sensor", "_guest_102_problem").state == STATE_ON


async def test_a_guest_that_migrates_keeps_its_entity(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await _add(hass, pve)
    before = _state(hass, "binary_sensor", "_guest_101_problem").entity_id
    pve.guest(101).migrate("pve2")
    await _poll(hass, entry)

    after = _state(hass, "binary_sensor", "_guest_101_problem")
    assert after.entity_id == before
    assert after.state == STATE_OFF


async def test_an_offline_node_leaves_its_guests_as_they_were_and_removes_none(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await _add(hass, pve)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    pve.node("pve2").go_offline()
    for _ in range(4):
        await _poll(hass, entry)

    assert _state(hass, "binary_sensor", "_guest_102_problem").state == STATE_OFF
    assert _state(hass, "binary_sensor", "_guest_101_problem").state == STATE_OFF
    assert dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id) == devices


async def test_another_certificate_is_refused_and_a_repair_says_so(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await _add(hass, pve)
    pve.replace_certificate("pve1")
    await _poll(hass, entry)

    assert _state(hass, "binary_sensor", "_guest_101_problem").state == STATE_UNAVAILABLE
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"certificate_changed_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["fingerprint"] == pve.fingerprint


async def test_a_token_that_loses_its_rights_makes_verdicts_unknown_once_a_run_was_due(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    entry = await _add(hass, pve)
    pve.limit_token({"/": "VM.Audit Sys.Audit", "/nodes/pve1": "VM.Audit"})
    await _poll(hass, entry)
    assert _state(hass, "binary_sensor", "_guest_101_problem").state == STATE_OFF
    freezer.tick(timedelta(hours=28))
    await _poll(hass, entry)

    problem = _state(hass, "binary_sensor", "_guest_101_problem")
    assert problem.state == STATE_UNKNOWN
    assert "Sys.Audit" in problem.attributes["reason"]
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"missing_privileges_{entry.entry_id}") is not None


async def test_new_guests_appear_and_deleted_ones_go_when_that_is_certain(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await _add(hass, pve)
    pve.add_vm(110, "new", "pve3", size=4)
    await _poll(hass, entry)
    assert _state(hass, "binary_sensor", "_guest_110_problem").attributes["reason_code"] == "new_without_job"

    del pve.guests[110]
    for _ in range(3):
        assert er.async_get(hass).async_get_entity_id("binary_sensor", DOMAIN, f"{entry.unique_id}_guest_110_problem")
        await _poll(hass, entry)
    assert not er.async_get(hass).async_get_entity_id("binary_sensor", DOMAIN, f"{entry.unique_id}_guest_110_problem")


async def test_the_entry_can_be_unloaded_and_set_up_again(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await _add(hass, pve)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert _state(hass, "binary_sensor", "_guest_101_problem").state == STATE_UNAVAILABLE
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert _state(hass, "binary_sensor", "_guest_101_problem").state == STATE_OFF
