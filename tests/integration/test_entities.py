"""Sensors of guests and jobs in a real Home Assistant, against a virtual cluster."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.entity_platform import MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY
from homeassistant.util import dt as dt_util
import pytest

import custom_components.proxmox_backup_checker as integration
from custom_components.proxmox_backup_checker.binary_sensor import ProblemSensor
from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import Scenario, SimulatedCluster
from simulator.cluster import Cluster
from simulator.outcomes import RunOutcome, failed, interrupted, lock_timeout, running, storage_unreachable, warning
from simulator.scenarios import small

from .conftest import poll, set_up
from .states import entity, problem, shown


async def test_guests_and_jobs_have_their_sensors(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    for vmid in (101, 102, 103, 104):
        assert problem(hass, vmid) == ("off", "backed_up")
        status = entity(hass, f"_guest_{vmid}_status", "sensor")
        assert status is not None
        assert status.unique_id == f"{entry.unique_id}_guest_{vmid}_status"
        assert status.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        last = dt_util.parse_datetime(shown(hass, f"_guest_{vmid}_last_success", "sensor").state)
        assert last is not None
        assert timedelta() <= pve.clock.now() - last < timedelta(hours=1)
    assert shown(hass, "_job_backup-nightly_problem").state == "off"
    assert shown(hass, "_job_backup-nightly_status", "sensor").state == "ok"
    assert dt_util.parse_datetime(shown(hass, "_job_backup-nightly_last_success", "sensor").state) is not None
    attributes = shown(hass, "_guest_101_problem").attributes
    assert attributes["device_class"] == "problem"
    assert attributes["confidence"] == "matched"
    assert datetime.fromisoformat(attributes["last_success"]).tzinfo is not None
    assert {"reason_code", "reason", "since", "last_success", "next_due", "confidence"} <= attributes.keys()


async def test_the_status_of_a_guest_can_be_enabled(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    # After a restart Home Assistant is not told again of what is switched off.
    await hass.config_entries.async_reload(entry.entry_id)
    status = entity(hass, "_guest_101_status", "sensor")
    assert status is not None
    assert status.disabled
    er.async_get(hass).async_update_entity(status.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert shown(hass, "_guest_101_status", "sensor").state == "ok"


async def test_before_any_run_nothing_is_proven(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    await set_up(hass, pve)
    assert problem(hass, 101) == ("unknown", "no_run_seen")
    assert shown(hass, "_job_backup-nightly_problem").state == "unknown"
    assert shown(hass, "_guest_101_last_success", "sensor").state == "unknown"


async def test_a_failed_guest_is_a_problem_and_the_others_are_not(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run(outcomes={102: failed("no space left on device"), 103: warning("something odd")})
    await set_up(hass, pve)
    state = shown(hass, "_guest_102_problem")
    assert (state.state, state.attributes["reason_code"]) == ("on", "backup_failed")
    assert "no space left on device" in state.attributes["reason"]
    assert problem(hass, 104)[0] == problem(hass, 101)[0] == problem(hass, 103)[0] == "off"
    job = shown(hass, "_job_backup-nightly_problem")
    assert job.state == "on"
    assert "database (102)" in job.attributes["reason"]


async def test_the_cluster_has_had_a_problem_since_its_oldest_one_and_not_since_it_was_first_looked_at(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run(outcomes={102: failed("no space left on device")})
    pve.clock.advance(hours=5)
    await set_up(hass, pve)
    of_guest = shown(hass, "_guest_102_problem").attributes["since"]
    assert pve.clock.now() - datetime.fromisoformat(of_guest) > timedelta(hours=4)
    assert shown(hass, "_cluster_problem").attributes["since"] <= of_guest


async def test_a_guest_in_no_job_is_a_problem(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.add_vm(110, "forgotten", "pve3")
    pve.add_vm(9000, "template", "pve3", template=True)
    await set_up(hass, pve)
    assert problem(hass, 110) == ("on", "no_job")
    assert problem(hass, 9000) == ("off", "template_without_job")


async def test_a_running_backup_keeps_the_verdict_before_it(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run(outcomes={102: failed("no space left on device")})
    pve.clock.advance(hours=1)
    runs = pve.job("nightly").start(outcomes={101: running(), 102: running()})
    pve.clock.advance(minutes=1)
    entry = await set_up(hass, pve)
    assert problem(hass, 101) == ("off", "backed_up")
    assert problem(hass, 102) == ("on", "backup_failed")
    assert shown(hass, "_job_backup-nightly_status", "sensor").state == "running"
    for run in runs:
        run.go_on()
    pve.clock.advance(hours=1)
    await poll(hass, entry)
    assert problem(hass, 102) == ("off", "backed_up")
    assert shown(hass, "_job_backup-nightly_status", "sensor").state == "ok"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [(storage_unreachable("storage 'nas' is not online"), "is not online"), (lock_timeout(), "got timeout")],
    ids=["storage", "lock"],
)
async def test_a_run_that_dies_before_any_guest_fails_the_guests_it_covers(
    hass: HomeAssistant, pve: SimulatedCluster, outcome: RunOutcome, words: str
) -> None:
    pve.add_vm(110, "forgotten", "pve1")
    pve.job("nightly").run()
    pve.job("nightly").next_run_ends(outcome=outcome)
    pve.clock.advance(hours=24)
    await set_up(hass, pve)
    for vmid in (101, 102, 103, 104):
        state = shown(hass, f"_guest_{vmid}_problem")
        assert state.state == "on"
        assert state.attributes["reason_code"].startswith("backup_not_reached")
        assert words in state.attributes["error"]
        assert state.attributes["last_success"] is not None
    assert problem(hass, 110) == ("on", "no_job")


async def test_guests_after_an_interruption_were_not_reached(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run(outcomes={101: interrupted()})
    await set_up(hass, pve)
    assert problem(hass, 101) == ("on", "backup_cancelled")
    assert problem(hass, 103) == ("on", "backup_not_reached")
    assert problem(hass, 102) == ("off", "backed_up")


async def test_a_migrated_guest_keeps_its_entity_and_its_verdict(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    before = entity(hass, "_guest_101_problem")
    pve.guest(101).migrate("pve3")
    await poll(hass, entry)
    assert entity(hass, "_guest_101_problem") == before
    assert problem(hass, 101) == ("off", "backed_up")
    pve.clock.advance(hours=1)
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    await poll(hass, entry)
    assert problem(hass, 101) == ("on", "backup_failed")


async def test_an_offline_node_leaves_its_guests_as_they_were_and_the_rest_goes_on(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    pve.node("pve2").go_offline()
    pve.clock.advance(hours=1)
    pve.job("nightly").run(outcomes={103: failed("disk full")})
    await poll(hass, entry)
    for vmid in (102, 104):
        assert problem(hass, vmid) == ("off", "backed_up")
    assert problem(hass, 101) == ("off", "backed_up")
    assert problem(hass, 103) == ("on", "backup_failed")
    pve.node("pve2").come_online()
    await poll(hass, entry)
    assert problem(hass, 102) == ("off", "backed_up")


async def test_new_guests_and_jobs_appear_without_a_reload(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    pve.add_vm(110, "new", "pve3", size=4)
    await poll(hass, entry)
    assert problem(hass, 110) == ("off", "new_without_job")
    pve.add_job("weekly", "sun 03:00", "nas", vmid="110").run()
    await poll(hass, entry)
    assert problem(hass, 110) == ("off", "backed_up")
    assert shown(hass, "_job_weekly_problem").state == "off"
    assert shown(hass, "_job_weekly_status", "sensor").state == "ok"


@pytest.mark.parametrize(("days", "expected"), [(3, ("off", "job_disabled")), (9, ("on", "job_disabled_too_long"))])
async def test_a_disabled_job_is_a_pause_and_after_a_week_a_problem(
    hass: HomeAssistant, tmp_path: Path, real_network: None, days: int, expected: tuple[str, str]
) -> None:
    def build(cluster: Cluster) -> None:
        small.build(cluster)
        cluster.at(datetime.now(UTC) - timedelta(days=days), cluster.job("nightly").disable)

    scenario = Scenario(name="paused", title="A job that was disabled", build=build, history_days=12)
    async with SimulatedCluster.start(scenario, tmp_path) as pve:
        entry = await set_up(hass, pve)
        assert problem(hass, 101) == expected
        assert shown(hass, "_job_backup-nightly_status", "sensor").state == "paused"
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("rights", "code"),
    [
        ({"/": "VM.Audit Datastore.Audit Pool.Audit"}, "jobs_hidden"),
        ({"/": "VM.Audit Sys.Audit", "/nodes": "VM.Audit"}, "tasks_hidden"),
    ],
    ids=["nothing", "tasks"],
)
async def test_a_token_without_rights_is_never_a_reason_to_say_fine(
    hass: HomeAssistant,
    pve: SimulatedCluster,
    freezer: FrozenDateTimeFactory,
    rights: dict[str, str],
    code: str,
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    pve.limit_token(rights)
    freezer.tick(timedelta(hours=28))
    await poll(hass, entry)
    for vmid in (101, 102, 103, 104):
        state = shown(hass, f"_guest_{vmid}_problem")
        assert state.state in {"unknown", "unavailable"}
        assert state.attributes.get("reason_code") == code
    assert shown(hass, "_job_backup-nightly_problem").state != "on"


async def test_reasons_are_told_in_german(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    hass.config.language = "de"
    pve.job("nightly").run(outcomes={102: failed("kein Platz")})
    pve.add_vm(110, "forgotten", "pve3")
    await set_up(hass, pve)
    assert shown(hass, "_guest_101_problem").attributes["reason"] == "Vom Job „nightly“ auf pve1 gesichert."
    assert "fehlgeschlagen: kein Platz" in shown(hass, "_guest_102_problem").attributes["reason"]
    assert shown(hass, "_guest_110_problem").attributes["reason"] == "In keinem aktivierten Backup-Job."


async def test_what_comes_into_sight_again_is_the_same_and_what_was_removed_is_made_anew(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await set_up(hass, pve)
    pve.limit_token({"/": "VM.Audit Pool.Audit Datastore.Audit", "/nodes": "Sys.Audit"})
    await poll(hass, entry)
    pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit"})
    await poll(hass, entry)
    assert shown(hass, "_job_backup-nightly_problem").state != "unavailable"
    assert "does not generate unique IDs" not in caplog.text
    pve.add_vm(150, "short-lived", "pve1", size=2)
    await poll(hass, entry)
    del pve.guests[150]
    for _ in range(4):
        await poll(hass, entry)
    assert entity(hass, "_guest_150_problem") is None
    pve.add_vm(150, "back", "pve1", size=2)
    await poll(hass, entry)

    assert shown(hass, "_guest_150_problem").state != "unavailable"


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_attribute_of_a_problem_sensor_has_a_name(language: str) -> None:
    file = Path(integration.__path__[0]) / "translations" / f"{language}.json"
    sensors = json.loads(file.read_text(encoding="utf-8"))["entity"]["binary_sensor"]
    attributes = {"reason_code", *ProblemSensor._unrecorded_attributes} - {"custom_ui_more_info"}
    for key in ("guest_problem", "job_problem", "storage_problem", "cluster_problem"):
        assert sensors[key]["state_attributes"].keys() == attributes, key


async def test_where_home_assistant_takes_no_more_entities_a_repair_says_so_until_there_is_room(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    issue = (DOMAIN, f"entity_limit_{entry.entry_id}")
    assert ir.async_get(hass).async_get_issue(*issue) is None
    registry = er.async_get(hass)
    others = [
        registry.async_get_or_create("sensor", DOMAIN, f"other_{number}", config_entry=entry).entity_id
        for number in range(MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY)
        if registry.entities.get_enabled_count_for_config_entry_id(entry.entry_id)
        < MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY
    ]
    pve.add_vm(110, "fresh", "pve1", size=8)
    await poll(hass, entry)
    await poll(hass, entry)
    assert entity(hass, "_guest_110_problem") is None
    found = ir.async_get(hass).async_get_issue(*issue)
    assert found is not None
    assert found.translation_placeholders == {"cluster": "small", "limit": "10000", "missing": "1"}

    for entity_id in others[:20]:
        registry.async_remove(entity_id)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert shown(hass, "_guest_110_problem").state == "off"
    assert ir.async_get(hass).async_get_issue(*issue) is None


async def test_among_very_many_guests_all_but_their_problem_sensors_start_disabled(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    for number in range(1001 - len(pve.guests)):
        pve.add_ct(1000 + number, f"many-{number}", "pve1", size=1)
    await set_up(hass, pve)
    last, problem_sensor = entity(hass, "_guest_101_last_success", "sensor"), entity(hass, "_guest_101_problem")
    assert last is not None
    assert problem_sensor is not None
    assert (last.disabled, problem_sensor.disabled) == (True, False)
