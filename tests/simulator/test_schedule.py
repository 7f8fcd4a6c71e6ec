"""Jobs start when they are due, and what nodes remember of them."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from simulator import SimulatedCluster, could_not_start, failed, running

SAMPLES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data/api/job_state_files.json").read_text())


def starts(pve: SimulatedCluster, node: str = "pve1") -> list[str]:
    """Return when the tasks of a node started, oldest first, in the node's time."""
    tasks = [*pve.node(node).tasks.running, *pve.node(node).tasks.archived()]
    moments = [datetime.fromtimestamp(task.starttime, pve.node(node).zone) for task in reversed(tasks)]
    return [f"{moment:%a %H:%M}" for moment in moments]


def state_file(pve: SimulatedCluster, node: str = "pve1", job: str = "backup-nightly") -> dict[str, Any]:
    """Return what a node remembers of a job."""
    path = pve.files_of(node) / f"var/lib/pve-manager/jobs/vzdump-{job}.json"
    state: dict[str, Any] = json.loads(path.read_text())
    return state


async def test_a_job_runs_every_night_on_each_node_with_guests(pve: SimulatedCluster) -> None:
    """In the zone of the node."""
    pve.node("pve2").timezone = "America/New_York"
    pve.job("nightly").reschedule("02:00")
    pve.clock.advance(days=2)
    assert starts(pve) == ["Tue 02:00", "Wed 02:00"]
    assert starts(pve, "pve2") == ["Tue 02:00", "Wed 02:00"]
    assert starts(pve, "pve3") == []


async def test_of_several_jobs_due_at_once_that_with_the_first_id_is_started_first(pve: SimulatedCluster) -> None:
    """Whichever was created or changed first."""
    nightly = pve.job("nightly")
    pve.add_job("a-first", nightly.schedule, nightly.storage, all=1)
    pve.add_job("z-last", nightly.schedule, nightly.storage, all=1)
    pve.job("a-first").reschedule(nightly.schedule)
    pve.clock.advance(days=1)
    runs = [run for run in pve.dispatch.ever if run.node.name == "pve1" and run.job is not None]
    assert [run.job and run.job.id for run in runs] == ["a-first", "backup-nightly", "z-last"]
    assert sorted(runs, key=lambda run: run.task.upid) == runs


async def test_the_outcome_of_the_next_run_can_be_chosen(pve: SimulatedCluster) -> None:
    """And only of that one."""
    pve.job("nightly").next_run_ends({101: failed("x")})
    pve.clock.advance(days=2)
    assert [task.status for task in pve.node("pve1").tasks.archived()] == ["OK", "job errors"]


async def test_a_guest_can_fail_for_some_nights(pve: SimulatedCluster) -> None:
    """Until it recovers."""
    pve.clock.advance(days=1)
    pve.guest(103).fails(failed("x"))
    pve.clock.advance(days=2)
    pve.guest(103).recovers()
    pve.clock.advance(days=1)
    statuses = [task.status for task in pve.node("pve1").tasks.archived()]
    assert statuses == ["OK", "job errors", "job errors", "OK"]


async def test_a_disabled_or_changed_job_is_not_run_at_once(pve: SimulatedCluster) -> None:
    """Its next run is that of the schedule."""
    job = pve.job("nightly")
    job.disable()
    pve.clock.advance(days=3)
    job.enable()
    pve.clock.advance(hours=1)
    assert starts(pve) == []
    job.reschedule("14:30")
    pve.clock.advance(hours=3)
    assert starts(pve) == ["Thu 14:30"]
    job.delete()
    pve.clock.advance(days=1)
    assert starts(pve) == ["Thu 14:30"]
    assert not list((pve.files_of("pve1") / "var/lib/pve-manager/jobs").iterdir())


async def test_a_run_missed_while_the_node_was_off_is_dropped_or_repeated(pve: SimulatedCluster) -> None:
    """As the option repeat-missed says."""
    for repeat, expected in ((0, []), (1, ["Wed 12:10"])):
        pve.job("nightly").change(repeat_missed=repeat)
        pve.node("pve1").go_offline()
        pve.clock.advance(hours=24)
        pve.node("pve1").come_online()
        pve.clock.advance(minutes=10)
        assert starts(pve) == expected


async def test_nothing_runs_without_quorum(pve: SimulatedCluster) -> None:
    """It starts as soon as the quorum is back."""
    pve.node("pve2").go_offline()
    pve.node("pve3").go_offline()
    pve.clock.advance(hours=20)
    assert starts(pve) == []
    pve.node("pve3").come_online()
    pve.clock.advance(minutes=5)
    assert starts(pve) == ["Tue 08:00"]


async def test_a_run_that_became_due_during_the_one_before_follows_it(pve: SimulatedCluster) -> None:
    """Within the next minute."""
    pve.job("nightly").next_run_ends({101: running()})
    pve.clock.advance(days=1, hours=15)
    assert starts(pve) == ["Tue 02:00"]
    [run] = pve.node("pve1").runs
    run.go_on()
    pve.clock.advance(minutes=10)
    assert len(starts(pve)) == 2


async def test_a_node_goes_by_its_own_clock(pve: SimulatedCluster) -> None:
    """One that is ten minutes ahead starts ten minutes early, and writes its own time."""
    pve.node("pve1").skew = 600
    pve.job("nightly").reschedule("14:00")
    pve.clock.set(datetime(2026, 9, 14, 11, 52, tzinfo=UTC))
    assert starts(pve) == ["Mon 14:00"]
    assert starts(pve, "pve2") == []


async def test_state_files_are_those_of_real_nodes(pve: SimulatedCluster) -> None:
    """Created, running, finished, failed, nothing local, could not start."""
    job = pve.job("nightly")
    shapes = {"created": state_file(pve)}
    run = job.start()[0]
    pve.clock.advance(seconds=5)
    shapes["running"] = state_file(pve)
    assert shapes["running"]["upid"] == run.upid
    shapes["nothing"] = state_file(pve, "pve3")
    pve.clock.advance(hours=1)
    shapes["finished"] = state_file(pve)
    job.run(outcome=could_not_start("command failed\n"))
    shapes["unable"] = state_file(pve)
    job.change(pool="gone")
    job.run()
    assert state_file(pve)["msg"] == "pool 'gone' does not exist\n"
    samples = {
        "created": "created_never_run",
        "running": "running",
        "nothing": "no_local_guests",
        "finished": "finished",
        "unable": "could_not_start",
    }
    for name, sample in samples.items():
        real = SAMPLES[sample]
        assert shapes[name].keys() == real.keys(), name
        assert shapes[name]["state"] == real["state"]
        assert shapes[name]["config"] == {"enabled": 1, "schedule": "02:00"}
        assert {key: type(value) for key, value in shapes[name].items()} == {
            key: type(value) for key, value in real.items()
        }
    assert (shapes["nothing"]["msg"], shapes["unable"]["msg"]) == ("OK", "command failed\n")


async def test_a_change_after_a_failed_run_is_noted_beside_it(pve: SimulatedCluster) -> None:
    """The file has both the run and the moment of the change."""
    job = pve.job("nightly")
    job.run({101: failed("x")})
    job.reschedule("21:00")
    state = state_file(pve)
    assert state.keys() == SAMPLES["failed"].keys()
    assert (state["msg"], state["updated"]) == ("job errors", int(pve.clock.time()))


async def test_run_now_leaves_the_state_file_alone(pve: SimulatedCluster) -> None:
    """It is not a run of the scheduler."""
    before = state_file(pve)
    run = pve.job("nightly").run(by="admin@pve!key")[0]
    assert state_file(pve) == before
    assert run.upid.endswith(":vzdump::admin@pve!key:")


async def test_two_runs_in_a_row_move_the_clock(pve: SimulatedCluster) -> None:
    """They neither overlap nor lie in the future."""
    before = pve.clock.time()
    first, second = (pve.job("nightly").run()[0] for _ in range(2))
    assert pve.clock.time() > before
    assert first.task.endtime is not None
    assert second.task.endtime is not None
    assert first.task.endtime < second.task.starttime < second.task.endtime <= pve.clock.time()


async def test_a_migrated_guest_is_backed_up_where_it_is(pve: SimulatedCluster) -> None:
    """The log of the old node stays."""
    pve.job("nightly").run()
    pve.guest(101).migrate("pve3")
    pve.clock.advance(days=1)
    assert (pve.files_of("pve3") / "var/log/vzdump/qemu-101.log").exists()
    assert (pve.files_of("pve1") / "var/log/vzdump/qemu-101.log").exists()
    assert starts(pve, "pve3") == ["Tue 02:00"]


async def test_removal_takes_a_guest_out_of_the_jobs_or_not(pve: SimulatedCluster) -> None:
    """A job whose list becomes empty is removed with its last guest."""
    pve.guest(104).delete(purge=False)
    assert pve.job("nightly").vmids == [101, 102, 103, 104]
    pve.guest(103).delete()
    assert pve.job("nightly").vmids == [101, 102, 104]
    job = pve.add_job("backup-one", "03:00", "nas", vmid="101")
    pve.guest(101).delete()
    assert job.id not in pve.jobs


async def test_jobs_alike_that_start_in_the_same_second_are_tasks_of_their_own(pve: SimulatedCluster) -> None:
    """The second one waits for the lock of the first."""
    for name in ("one", "two"):
        pve.add_job(name, "02:00", "nas", vmid="101,102")
    pve.clock.advance(hours=40)
    tasks = [task for task in pve.node("pve1").tasks.archived() if task.type == "vzdump"]
    assert len({task.upid for task in tasks}) == len(tasks)
