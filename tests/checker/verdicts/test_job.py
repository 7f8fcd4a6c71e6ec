"""What is held of a backup job."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, JobState, Run
from custom_components.proxmox_backup_checker.checker.model.reason_codes import ReasonCode
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence, Status, Verdict
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import BackupJob

from ..builders import BERLIN, NOW, assessment, failed_log, good_log, guest, job, run

NIGHTLY = job("nightly", 100, storage="nas", comment="every night", schedule="10:00")
RUNNING = "INFO: starting new backup job: vzdump 100 --mode snapshot --quiet 1 --storage nas\nINFO: Starting Backup of VM 100 (qemu)\n"


def verdict(*runs: Run, job: BackupJob = NIGHTLY, **changes: Any) -> Verdict:
    return assessment([guest(100)], [job], runs, **changes).jobs[job.job_id].verdict


def day(number: int, status: str = "OK", node: str = "pve1") -> Run:
    at = NOW - timedelta(days=number)
    text = failed_log(100, "disk full", at) if status == "job errors" else good_log(100, at=at)
    return run(text, status, started=at, node=node)


def state(**fields: Any) -> JobState:
    """Return the state of a job that did not start."""
    return JobState(
        **{
            "job_id": "nightly",
            "node": "pve1",
            "state": "stopped",
            "upid": None,
            "message": "no such pool\n",
            "updated": NOW,
        }
        | fields
    )


def test_a_good_run_and_one_with_warnings_are_no_problem() -> None:
    good, warned = verdict(day(1)), verdict(day(1, "WARNINGS: 2"))
    assert (good.status, good.problem, good.reason.code) == (Status.OK, False, "job_ok")
    assert (warned.status, warned.problem, warned.reason.values["error"]) == (Status.WARNING, False, "2")
    assert good.last_success == NOW - timedelta(days=1) + timedelta(seconds=600)
    assert warned.last_success == good.last_success


def test_a_failed_guest_fails_the_job_and_is_named() -> None:
    held = verdict(day(3), day(2, "job errors"), day(1, "job errors"))
    assert (held.status, held.problem, held.reason.code) == (Status.FAILED, True, "job_guests_failed")
    assert "(100)" in str(held.reason.values["error"])
    assert held.since == NOW - timedelta(days=2) + timedelta(seconds=600)
    assert held.last_success == NOW - timedelta(days=3) + timedelta(seconds=600)


def test_the_failure_of_one_node_is_not_outweighed_by_the_others() -> None:
    command = "vzdump 100 101 --mode snapshot --quiet 1 --storage nas"
    at = NOW - timedelta(days=1)
    text = failed_log(100, "disk full", at).replace("vzdump 100 --mode snapshot --quiet 1 --storage nas", command)
    failed = run(text, "job errors", started=at)
    later = run(good_log(101, command=command), started=at + timedelta(minutes=5), node="pve2")
    jobs = [job("nightly", 100, 101, storage="nas", schedule="10:00")]
    held = assessment([guest(100), guest(101, node="pve2")], jobs, [failed, later]).jobs["nightly"].verdict
    assert (held.problem, held.reason.values["node"]) == (True, "pve1")
    assert len(held.evidence) == 2


def test_a_job_has_not_succeeded_since_one_of_its_nodes_fails() -> None:
    command = "vzdump 100 101 --mode snapshot --quiet 1 --storage nas"
    jobs = [job("nightly", 100, 101, storage="nas", schedule="10:00")]
    good = [
        ran(2, good_log(100, at=ago(2), command=command)),
        ran(2, good_log(101, at=ago(2), command=command), "pve2"),
    ]
    text = failed_log(100, "disk full", ago(1)).replace("vzdump 100 --mode snapshot --quiet 1 --storage nas", command)
    in_part = [ran(1, text, status="job errors"), ran(1, good_log(101, at=ago(1), command=command), "pve2")]

    def last_success(*runs: Run) -> datetime | None:
        return assessment([guest(100), guest(101, node="pve2")], jobs, runs).jobs["nightly"].verdict.last_success

    both = last_success(*good)
    assert both is not None
    assert last_success(*good, *in_part) == both
    assert last_success(*in_part) is None
    assert (last_success(good[0]) or NOW) < ago(1)


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def ran(days: int, text: str, node: str = "pve1", status: str = "OK") -> Run:
    return run(text, status, started=ago(days), node=node)


def test_a_run_in_progress_keeps_the_verdict_before_it() -> None:
    now = run(RUNNING, None, started=NOW - timedelta(minutes=1))
    assert [(held.status, held.problem) for held in (verdict(day(1), now), verdict(day(1, "job errors"), now))] == [
        (Status.RUNNING, False),
        (Status.RUNNING, True),
    ]


@pytest.mark.parametrize(
    ("hours", "schedule", "problem"),
    [(1, "21:00", None), (5, "21:00", None), (7, "21:00", None), (30, "21:00", True), (73, "sat", True)],
)
def test_a_run_that_takes_more_than_three_times_the_usual_and_longer_than_it_is_waited_for_is_a_problem(
    hours: int, schedule: str, problem: bool | None
) -> None:
    now = run(RUNNING, None, started=NOW - timedelta(hours=hours))
    held = verdict(day(5), now, job=job("nightly", 100, storage="nas", schedule=schedule))
    assert (held.status, held.problem) == (Status.RUNNING, problem)
    if problem:
        assert held.reason.code == "run_hangs"


def test_b23_a_run_that_waited_for_a_lock_first_hangs_all_the_same_once_it_keeps_the_next_one_from_starting() -> None:
    slot = NOW - timedelta(minutes=30)
    began = (slot - timedelta(hours=22)).astimezone(BERLIN)
    waited = "INFO: trying to get global lock - waiting...\nINFO: got global lock\n"
    text = (
        RUNNING.replace("INFO: Starting Backup", f"{waited}INFO: Starting Backup")
        + f"INFO: Backup started at {began:%Y-%m-%d %H:%M:%S}\n"
    )
    now = run(text, None, started=slot - timedelta(days=1))
    nightly = job("nightly", 100, storage="nas", schedule=f"{slot.astimezone(BERLIN):%H:%M}")
    held = verdict(day(5), now, job=nightly)
    assert (held.problem, held.reason.code) == (True, "run_hangs")


def test_a_job_that_never_ran_is_unknown() -> None:
    assert (verdict().status, verdict().problem, verdict().reason.code) == (Status.UNKNOWN, None, "job_no_run_seen")
    blind = verdict(blind={"pve1": Blindness.NODE_UNREACHABLE})
    assert (blind.problem, blind.reason.code, blind.reason.values["node"]) == (
        None,
        ReasonCode.NODE_UNREACHABLE,
        "pve1",
    )


def test_a_disabled_job_is_paused() -> None:
    off = job("nightly", 100, storage="nas", enabled=False)
    held = verdict(day(1), job=off)
    assert (held.status, held.problem) == (Status.PAUSED, False)
    assert held.last_success is not None


def test_a_job_that_could_not_start_is_failed_although_no_run_shows_it() -> None:
    held = verdict(day(1), job_states=[state()])
    assert (held.status, held.problem, held.reason.code) == (Status.FAILED, True, "job_could_not_start")
    assert held.reason.values == {"node": "pve1", "error": "no such pool"}
    assert held.confidence is Confidence.EXACT


def test_a_later_run_takes_back_that_a_job_could_not_start() -> None:
    assert verdict(day(1), job_states=[state(updated=NOW - timedelta(days=2))]).problem is False


def test_a_state_of_another_job_or_a_good_one_says_nothing() -> None:
    assert (
        verdict(day(1), job_states=[state(job_id="other"), state(message="OK"), state(state="created")]).problem
        is False
    )


def test_a_state_file_that_cannot_be_read_keeps_the_job_from_running() -> None:
    held = verdict(day(1), job_states=[state(message=None, error="malformed JSON")])
    assert (held.problem, held.reason.code, held.reason.values["error"]) == (
        True,
        "job_state_unreadable",
        "malformed JSON",
    )
