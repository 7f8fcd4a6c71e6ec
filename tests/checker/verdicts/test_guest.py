"""What is held of a guest's backup."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, NodeFacts, Run
from custom_components.proxmox_backup_checker.checker.model.reason_codes import ReasonCode
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence, Status, Verdict
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import BackupJob

from ..builders import BERLIN, NOW, assessment, facts, failed_log, good_log, guest, job, run, sample

NIGHTLY = job("nightly", 100, storage="nas", comment="every night", schedule="10:00")


def day(number: int, text: str = "good") -> Run:
    """Return the run of some days ago, `good` or `failed`."""
    at = NOW - timedelta(days=number)
    log = good_log(100, at=at) if text == "good" else failed_log(100, text, at)
    return run(log, "OK" if text == "good" else "job errors", started=at)


def verdict(*runs: Run, jobs: tuple[BackupJob, ...] | None = (NIGHTLY,), **changes: Any) -> Verdict:
    return assessment([guest(100)], jobs, runs, **changes).guests[100].verdict


def test_a_good_run_is_no_problem() -> None:
    last = day(1)
    held = verdict(last)
    assert (held.status, held.problem, held.reason.code) == (Status.OK, False, "backed_up")
    assert held.reason.values["job"] == "every night"
    assert held.last_success == NOW - timedelta(days=1)
    assert held.evidence == (last.task.upid,)
    assert held.confidence is Confidence.MATCHED


def test_a_failure_says_why_and_since_when_and_keeps_the_last_success() -> None:
    held = verdict(day(4), day(3, "disk full"), day(2, "disk full"), day(1, "timeout"))
    assert (held.status, held.problem, held.reason.code) == (Status.FAILED, True, "backup_failed")
    assert held.reason.values["error"] == "timeout"
    assert held.since == NOW - timedelta(days=3)
    assert held.last_success == NOW - timedelta(days=4)


def test_a_good_run_after_failures_ends_them() -> None:
    assert verdict(day(2, "disk full"), day(1)).problem is False


def test_a_running_backup_leaves_the_verdict_before_it() -> None:
    text = "INFO: starting new backup job: vzdump 100 --mode snapshot --quiet 1 --storage nas\nINFO: Starting Backup of VM 100 (qemu)\n"
    now = run(text, None, started=NOW - timedelta(minutes=1))
    for before, problem in ((day(1), False), (day(1, "full"), True)):
        held = verdict(before, now)
        assert (held.status, held.problem) == (Status.RUNNING, problem)
    first = verdict(now)
    assert (first.status, first.problem, first.reason.code) == (Status.RUNNING, None, "no_earlier_run_seen")


@pytest.mark.parametrize("name", ["07-pbs-unreachable-activation", "07b-storage-disabled", "17-global-lock-timeout"])
def test_a_run_that_died_before_any_guest_fails_the_guests_of_its_job(name: str) -> None:
    last = sample(name)
    after = last.started + timedelta(hours=4)
    at = last.started.astimezone(BERLIN).strftime("%H:%M")
    here = guest(100, node=last.task.node)
    zones = {last.task.node: NodeFacts(name=last.task.node, zone=BERLIN)}
    for jobs in ([job("a", 100, schedule=at), job("b", 100, schedule=at)], [job("a", 100, schedule=at)]):
        held = assessment([here], jobs, [last], nodes=zones, now=after).guests[100].verdict
        assert held.reason.code.startswith("backup_not_reached")
        assert held.problem is True


def test_a_guest_in_no_job_is_uncovered_and_a_template_is_left_alone() -> None:
    held = verdict(jobs=(job("other", 101),))
    assert (held.status, held.problem, held.reason.code) == (Status.UNCOVERED, True, "no_job")
    template = assessment([guest(100, template=True)], [], []).guests[100].verdict
    assert (template.status, template.problem) == (Status.IGNORED, False)


def test_a_guest_that_came_while_jobs_were_hidden_is_as_new_as_any_other() -> None:
    other = job("other", 101)
    known = assessment([guest(101)], [other]).history
    came = assessment([guest(100), guest(101)], None, history=known).history
    for hours, problem in ((6, False), (49, True)):
        later = NOW + timedelta(hours=hours)
        held = assessment([guest(100), guest(101)], [other], history=came, now=later, read_at=later).guests[100].verdict
        assert held.problem is problem, hours


def test_a_guest_of_a_disabled_job_is_paused_and_a_problem_after_seven_days() -> None:
    off = job("off", 100, enabled=False, storage="nas")
    early, late, never = verdict(day(6), jobs=(off,)), verdict(day(8), jobs=(off,)), verdict(jobs=(off,))
    assert [held.status for held in (early, late, never)] == [Status.PAUSED] * 3
    assert [held.problem for held in (early, late, never)] == [False, True, True]
    assert (late.reason.code, late.reason.values["days"]) == ("job_disabled_too_long", "7")


def test_a_guest_whose_job_was_seen_being_switched_off_before_its_first_run_has_two_days() -> None:
    weekly = job("weekly", 100, storage="nas", schedule="sun 03:00")
    history = assessment([guest(100)], [weekly]).history
    for hours, problem in ((1, False), (50, True)):
        off = assessment(
            [guest(100)], [job("weekly", 100, storage="nas", schedule="sun 03:00", enabled=False)], history=history
        )
        later = NOW + timedelta(hours=hours)
        held = assessment(
            [guest(100)],
            [job("weekly", 100, storage="nas", schedule="sun 03:00", enabled=False)],
            history=off.history,
            now=later,
            read_at=later,
        )
        assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.PAUSED, problem)


def test_a_guest_without_any_backup_gets_no_new_days_by_its_job_being_switched_off() -> None:
    weekly = job("weekly", 100, storage="nas", schedule="sun 03:00")
    history = assessment([guest(100)], [weekly]).history
    later = NOW + timedelta(days=5)
    off = assessment(
        [guest(100)],
        [job("weekly", 100, storage="nas", schedule="sun 03:00", enabled=False)],
        history=history,
        now=later,
        read_at=later,
    )
    assert (off.guests[100].verdict.status, off.guests[100].verdict.problem) == (Status.PAUSED, True)


def test_a_guest_never_seen_is_unknown_not_fine() -> None:
    held = verdict()
    assert (held.status, held.problem, held.reason.code) == (Status.UNKNOWN, None, "no_run_seen")


@pytest.mark.parametrize("blindness", [Blindness.NODE_UNREACHABLE, Blindness.TASKS_HIDDEN])
def test_a_node_that_cannot_be_seen_makes_its_guests_unknown_once_a_run_was_due_and_is_named(
    blindness: Blindness,
) -> None:
    assert verdict(day(1), blind={"pve1": blindness}).problem is False
    held = verdict(day(2), blind={"pve1": blindness})
    assert (held.status, held.problem, held.reason.code) == (Status.UNKNOWN, None, ReasonCode(blindness))
    assert held.reason.values["node"] == "pve1"
    assert held.last_success is not None
    assert verdict(day(1), blind={"pve2": blindness}).problem is False


def test_hidden_jobs_and_pools_make_unknown_what_depends_on_them() -> None:
    assert verdict(day(1), jobs=None).reason.code is ReasonCode.JOBS_HIDDEN
    pool = (job("pool", pool="prod"),)
    assert verdict(day(1), jobs=pool, pools_visible=False).reason.code is ReasonCode.POOLS_HIDDEN
    assert verdict(day(1), jobs=pool).reason.code == "no_job"


def test_the_worst_job_of_a_guest_decides() -> None:
    other = job("weekly", 100, storage="pbs", schedule="08:00")
    text = good_log(100, command="vzdump 100 --mode snapshot --quiet 1 --storage pbs")
    later = run(text, started=NOW - timedelta(hours=2))
    held = verdict(day(1, "disk full"), later, jobs=(NIGHTLY, other))
    assert (held.problem, held.reason.values["error"]) == (True, "disk full")


def test_a_good_backup_by_hand_makes_up_for_a_failure_but_not_the_other_way_round() -> None:
    command = "vzdump 100 --node pve1 --remove 0 --mode snapshot --storage nas"
    good = run(good_log(100, command=command), started=NOW - timedelta(hours=1))
    held = verdict(day(1, "disk full"), good)
    assert (held.problem, held.reason.code, held.confidence) == (False, "backed_up_by_hand", Confidence.MANUAL)
    bad_text = failed_log(100).replace("vzdump 100 --mode snapshot --quiet 1 --storage nas", command)
    bad = run(bad_text, "job errors", started=NOW - timedelta(hours=1))
    assert verdict(day(1), bad).problem is False


def test_an_edited_job_does_not_make_its_last_run_disappear() -> None:
    edited = job("nightly", 100, 101, storage="pbs", schedule="10:00")
    held = verdict(day(1, "disk full"), jobs=(edited,))
    assert (held.problem, held.reason.values["error"]) == (True, "disk full")
    assert verdict(day(1), jobs=(edited,)).reason.code == "backed_up_by_unknown_job"


def test_facts_give_the_same_verdict_every_time() -> None:
    assert assessment([guest(100)], [NIGHTLY], [day(1)]) == assessment([guest(100)], [NIGHTLY], [day(1)])
    assert facts().guests_complete
    assert not facts(blind={"pve2": Blindness.NODE_UNREACHABLE}).guests_complete
    assert not facts(guests_visible=False).guests_complete


def test_a_number_used_again_inherits_nothing_from_a_guest_of_the_other_kind() -> None:
    known = [NIGHTLY], [day(1)]
    assert assessment([guest(100, "lxc")], *known).guests[100].verdict.last_success is None
    assert assessment([guest(100, "qemu")], *known).guests[100].verdict.last_success is not None
