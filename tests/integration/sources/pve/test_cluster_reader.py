"""What a poll reads: everything once, nothing twice, and job states through the log agent."""

import json

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness
from simulator import SimulatedCluster
from simulator.outcomes import could_not_start, failed

from ...conftest import RunningAgent, poll, set_up
from ...states import problem, shown


def logs_read(pve: SimulatedCluster) -> int:
    return sum(request.path.endswith("/log") for request in pve.requests)


async def test_the_log_of_a_finished_run_is_read_once(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    assert logs_read(pve) == 2
    await poll(hass, entry)
    assert logs_read(pve) == 2
    assert pve.traffic.most_in_flight <= 3


async def test_a_run_stays_known_when_its_log_has_gone(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    runs = pve.job("nightly").run(outcomes={101: failed("disk full")})
    entry = await set_up(hass, pve)
    pve.node("pve1").forget_task_log(runs[0].upid)
    await poll(hass, entry)
    assert problem(hass, 101) == ("on", "backup_failed")


async def test_a_log_that_could_not_be_read_is_read_with_the_next_poll(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    pve.faults.errors["/log"] = (500, "got timeout")
    entry = await set_up(hass, pve)
    assert problem(hass, 101) == ("unknown", "no_run_seen")
    pve.faults.errors.clear()
    await poll(hass, entry)
    assert problem(hass, 101) == ("off", "backed_up")


async def test_a_log_agent_makes_it_certain_which_job_it_was(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    await set_up(hass, pve, options=log_agent.options)
    assert shown(hass, "_guest_101_problem").attributes["confidence"] == "exact"
    assert shown(hass, "_guest_102_problem").attributes["confidence"] == "matched"


async def test_a_log_agent_shows_a_job_that_could_not_start(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    pve.clock.advance(hours=1)
    pve.job("nightly").run(outcome=could_not_start("no such pool 'prod'"))
    pve.files_of("pve1")
    await set_up(hass, pve, options=log_agent.options)
    job = shown(hass, "_job_backup-nightly_problem")
    assert (job.state, job.attributes["reason_code"]) == ("on", "job_could_not_start")
    assert "no such pool 'prod'" in job.attributes["reason"]


async def test_a_log_agent_that_is_down_leaves_the_verdicts_to_the_api(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    await log_agent.stop()
    await set_up(hass, pve, options=log_agent.options)
    assert problem(hass, 101) == ("off", "backed_up")
    assert shown(hass, "_guest_101_problem").attributes["confidence"] == "matched"


async def test_what_cannot_be_read_for_a_while_stays_as_it_was_and_is_told_once(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    jobs = entry.runtime_data.reading.facts.jobs
    assert jobs
    pve.faults.errors |= {"/cluster/backup": (500, "got timeout"), "/storage": (500, "got timeout")}
    await entry.runtime_data.async_check_now()

    reading = entry.runtime_data.reading
    assert reading.facts.jobs == jobs
    assert {"backup jobs", "storage configuration"} <= reading.troubles.keys()
    assert problem(hass, 101) == ("off", "backed_up")
    assert caplog.text.count("Cannot read backup jobs") == 1
    await poll(hass, entry)
    assert caplog.text.count("Cannot read backup jobs") == 1


async def test_a_node_whose_tasks_are_suddenly_refused_is_not_judged_by_what_is_left(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    pve.faults.errors["/nodes/pve1/tasks"] = (403, "Permission check failed (/nodes/pve1, Sys.Audit)")
    pve.job("nightly").run()
    await poll(hass, entry)
    assert entry.runtime_data.reading.facts.nodes["pve1"].blindness is Blindness.TASKS_HIDDEN
    assert entry.runtime_data.reading.facts.nodes["pve2"].blindness is None


async def test_an_archive_of_a_time_that_no_calendar_has_is_left_out_and_told(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    pve.job("nightly").run()
    row = {"volid": "nas:backup/a", "type": "qemu", "vmid": 101, "mark": "keep"}
    rows = [{**row, "ctime": 1_600_000_000}, {**row, "volid": "nas:backup/b", "ctime": 253402300800}]
    pve.faults.broken["/prunebackups"] = json.dumps({"data": rows})
    entry = await set_up(hass, pve)

    [nas] = [storage for storage in entry.runtime_data.reading.facts.storages if storage.storage == "nas"]
    assert nas.listing is not None
    assert [archive.volid for archive in nas.listing.archives] == ["nas:backup/a"]
    told = [text for part, text in entry.runtime_data.reading.troubles.items() if part.startswith("archives")]
    assert told
    assert all("field 'ctime' is 253402300800" in text for text in told)
    assert "Traceback" not in caplog.text


async def test_no_row_of_tasks_makes_the_poll_fail_however_odd(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    task = {"upid": "U", "node": "pve1", "type": "vzdump", "user": "root@pam", "starttime": 2**53}
    pve.faults.broken["/nodes/pve1/tasks"] = json.dumps({"data": [task]})
    pve.job("nightly").run()
    await poll(hass, entry)

    reading = entry.runtime_data.reading
    assert reading.facts.nodes["pve1"].blindness is Blindness.NODE_UNREACHABLE
    assert "field 'starttime'" in reading.troubles["node pve1"]
    assert "Traceback" not in caplog.text


async def test_a_job_list_that_cannot_be_read_at_the_first_look_is_no_missing_right(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    pve.faults.errors["/cluster/backup"] = (500, "jobs.cfg: parse error")
    await set_up(hass, pve)
    assert problem(hass, 101) == ("unknown", "jobs_unreadable")
    assert "jobs.cfg" in shown(hass, "_guest_101_problem").attributes["reason"]


async def test_the_members_are_asked_for_hourly_while_every_node_is_there(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    entry = await set_up(hass, pve)

    async def asks(minutes: int = 10) -> bool:
        freezer.tick(minutes * 60)
        pve.traffic.requests.clear()
        await poll(hass, entry)
        return any(request.path == "/cluster/status" for request in pve.requests)

    assert [await asks() for _ in range(3)] == [False, False, False]
    assert await asks(minutes=60)
    pve.node("pve3").go_offline()
    assert [await asks(), await asks()] == [True, True]
    assert not entry.runtime_data.reading.facts.nodes["pve3"].online
    pve.node("pve3").come_online()
    # It is there again, and what was read of the members still says otherwise.
    assert [await asks(), await asks(), await asks()] == [True, False, False]


async def test_a_poll_with_trouble_has_the_members_asked_for_with_the_next(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    pve.faults.errors["/cluster/backup"] = (595, "Connection refused")
    await poll(hass, entry)
    pve.faults.errors.clear()
    pve.traffic.requests.clear()
    await poll(hass, entry)
    assert sum(request.path == "/cluster/status" for request in pve.requests) == 1
    pve.traffic.requests.clear()
    await poll(hass, entry)
    assert not any(request.path == "/cluster/status" for request in pve.requests)
