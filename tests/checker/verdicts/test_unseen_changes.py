"""What changed while nobody could see it: a job's storage, a job that was enabled, a listing that is out of sight."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import (
    Blindness,
    Facts,
    JobState,
    NodeFacts,
    StorageFacts,
)
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import BackupJob

from ..builders import BERLIN, NOW, facts, failed_log, good_log, guest, job, run
from .test_crossings import BEGAN, at, by_hand, listed, ran

ON_NAS = job("nightly", 100, 101, storage="nas", schedule="21:00")
ON_USB = job("nightly", 100, 101, storage="usb", schedule="21:00")


def looked(*looks: Facts) -> Assessment:
    """Return what is held after some looks."""
    held: Assessment | None = None
    for look in looks:
        held = judge(look, held.history if held else History(), held)
    assert held is not None
    return held


def failed(day: int, vmid: int = 100) -> str:
    """Return the log of a run of the job onto nas in which one of the two guests failed."""
    return failed_log(vmid, at=at(day, 21)).replace(f"vzdump {vmid} --mode", "vzdump 100 101 --mode")


@pytest.mark.parametrize(("hand", "problem"), [("usb", True), ("nas", False)])
def test_a29_a_failed_promise_stays_on_the_storage_of_its_run_though_the_job_was_edited_before_the_first_look(
    hand: str, problem: bool
) -> None:
    bad = run(failed(2), "job errors", started=at(2, 21))
    state = JobState(
        job_id="nightly",
        node="pve1",
        state="stopped",
        upid=bad.task.upid,
        message="job errors",
        updated=at(2, 21, 10),
    )
    runs = (ran(at(1, 21), 100, 101), bad, by_hand(at(3, 7), 100, hand))
    held = judge(facts((guest(100), guest(101)), (ON_USB,), runs, job_states=(state,)), History())
    assert held.guests[100].verdict.problem is problem
    assert ("copy_elsewhere" in {finding.code for finding in held.guests[100].verdict.findings}) is problem


def with_jobs(day: int, hour: int, enabled_job: BackupJob | None, *runs: object) -> Facts:
    """Return what is seen at a moment: the job as it is then, None where jobs are hidden."""
    moment = at(day, hour)
    hidden = {} if enabled_job is not None else {"jobs_unseen": Blindness.JOBS_HIDDEN}
    jobs = None if enabled_job is None else (enabled_job,)
    return facts((guest(100), guest(101)), jobs, runs, now=moment, read_at=moment, **hidden)  # type: ignore[arg-type]


@pytest.mark.parametrize("hidden", [True, False], ids=["while jobs were hidden", "between two looks"])
@pytest.mark.parametrize("how", ["enabled", "created"])
def test_b21_the_first_run_of_a_job_that_was_enabled_or_created_unseen_counts(how: str, hidden: bool) -> None:
    paused, enabled = (job("nightly", 100, 101, enabled=on, storage="nas", schedule="*/4:00") for on in (False, True))
    before = paused if how == "enabled" else job("other", 100, 101, enabled=False, storage="nas", schedule="*/4:00")
    bad = run(failed(2), "job errors", started=at(2, 20))
    first = with_jobs(1, 9, before, ran(at(-9, 20), 100, 101)), with_jobs(2, 19, before)
    between = [with_jobs(2, hour, None, *([bad] if hour > 20 else [])) for hour in (19, 22)] if hidden else []
    held = looked(*first, *between, with_jobs(3, 0, enabled, bad))
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.FAILED, True)
    assert held.jobs["nightly"].verdict.problem is True
    # What failed before the job was switched off is not told as a failure of now.
    old = run(failed(-9), "job errors", started=at(-9, 20))
    quiet = looked(with_jobs(1, 9, before, old), with_jobs(2, 19, before), with_jobs(3, 0, enabled, old))
    assert quiet.guests[100].verdict.problem is False


@pytest.mark.parametrize("way", ["no listing", "names only"])
def test_d17_a_failed_verification_is_not_forgotten_where_it_cannot_be_seen_any_more(way: str) -> None:
    nightly, weekly = job("nightly", 100, storage="nas"), job("weekly", 100, storage="pbs", schedule="sat 04:00")
    runs = [*(ran(at(day, 21), 100) for day in (0, 1, 2)), ran(at(-1, 4), 100, storage="pbs")]

    def seen(hour: int, pbs: StorageFacts) -> Facts:
        moment = at(3, hour)
        return facts((guest(100),), (nightly, weekly), runs, now=moment, read_at=moment, storages=(pbs,))

    broken = listed("pbs", at(-1, 4), verification="failed")
    assert broken.listing is not None
    names = listed("pbs", at(-1, 4))
    assert names.listing is not None
    later = replace(names.listing, read_at=at(3, 12), detailed=False)
    unseen = replace(names, listing=None if way == "no listing" else later)
    held = looked(facts((guest(100),), (nightly, weekly), now=BEGAN), seen(10, broken), seen(13, unseen))
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.FAILED, True)
    mended = replace(broken, listing=replace(listed("pbs", at(-1, 4), verification="ok").listing, read_at=at(3, 14)))  # type: ignore[type-var]
    again = judge(seen(15, mended), held.history, held)
    assert again.guests[100].verdict.problem is False
    assert judge(seen(16, unseen), again.history, again).guests[100].verdict.problem is False


def test_d17_a_broken_archive_that_one_listing_lacks_stays_broken_until_the_next_one_calls_it_missing() -> None:
    weekly = job("weekly", 100, storage="pbs", schedule="sat 04:00")
    runs = [ran(at(-1, 4), 100, storage="pbs")]
    broken, empty = listed("pbs", at(-1, 4), verification="failed"), listed("pbs")
    held = judge(facts((guest(100),), (weekly,), now=BEGAN), History())
    told = []
    for hour, storage in ((10, broken), (13, empty), (16, empty)):
        moment = at(3, hour)
        assert storage.listing is not None
        there = replace(storage, listing=replace(storage.listing, read_at=moment))
        look = facts((guest(100),), (weekly,), runs, now=moment, read_at=moment, storages=(there,))
        held = judge(look, held.history, held)
        told.append((held.guests[100].verdict.problem, held.guests[100].verdict.reason.code))
    assert told == [
        (True, "verification_failed_none_good"),
        (True, "verification_had_failed"),
        (True, "archive_missing"),
    ]


def test_a06_an_archive_that_keeps_the_slot_of_a_run_nobody_saw_replaces_the_broken_one_before_it() -> None:
    nightly, first = job("nightly", 100, storage="nas", schedule="21:00"), ran(at(1, 21), 100)
    before, since = listed("nas", at(1, 21), verification="failed"), listed("nas", at(2, 21))
    assert before.listing is not None
    assert since.listing is not None
    both = replace(since.listing, archives=(*since.listing.archives, *before.listing.archives), read_at=NOW)
    # Home Assistant was off over the second run, and the node has lost its list since.
    lost = {"pve1": NodeFacts(name="pve1", zone=BERLIN, runs_known_since=NOW, has_lost_runs=True, tasks_read=NOW)}
    moment = at(2, 10)
    held = looked(
        facts((guest(100),), (nightly,), now=BEGAN),
        facts((guest(100),), (nightly,), (first,), now=moment, read_at=moment),
        facts((guest(100),), (nightly,), now=NOW, nodes=lost, storages=(replace(since, listing=both),)),
    )
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.OK, False)


def test_d17_an_archive_elsewhere_with_a_broken_twin_is_not_called_broken() -> None:
    nightly = job("nightly", 100, storage="nas")
    broken = listed("pbs", at(2, 21), verification="failed")
    moment = NOW
    look = facts((guest(100),), (nightly,), [ran(at(2, 21), 100)], now=moment, storages=(broken,))
    held = looked(look, replace(look, storages=(replace(broken, listing=None),)))
    assert held.guests[100].verdict.problem is False


def edited_in_the_dark(
    *runs: object, old: str = "03:00", to: str = "23:00", booted: int | None = 9, **changes: Any
) -> Assessment:
    """Return what is held at noon of the 3rd of a job at 03:00 that was edited since the evening before, unseen.

    The node was off over three o'clock, unless it has not booted.
    """
    first, new = (job("nightly", 100, 101, storage="nas", schedule=schedule) for schedule in (old, to))
    before = ran(at(2, 3), 100, 101)
    evening, noon = at(2, 22), at(3, 12)

    def seen(moment: datetime, backup_job: BackupJob, *known: object) -> Facts:
        found = facts((guest(100), guest(101)), (backup_job,), known, now=moment, read_at=moment)  # type: ignore[arg-type]
        nodes = {
            name: replace(node, tasks_read=moment, runs_known_since=at(1, 0)) for name, node in found.nodes.items()
        }
        return replace(found, nodes=nodes)

    last = seen(noon, new, before, *runs)
    if booted is not None:
        last = replace(last, nodes={**last.nodes, "pve1": replace(last.nodes["pve1"], booted=at(3, booted))})
    return looked(seen(at(1, 9), first), seen(evening, first, before), replace(last, **changes))


def test_b20_a_slot_of_a_job_that_was_edited_since_the_last_look_is_not_called_kept_where_its_node_was_off() -> None:
    held = edited_in_the_dark()
    for verdict in (held.guests[100].verdict, held.guests[101].verdict, held.jobs["nightly"].verdict):
        assert (verdict.status, verdict.problem, verdict.reason.code) == (Status.UNKNOWN, None, "slot_perhaps_owed")
        assert verdict.reason.values["slot"] == at(3, 3)


def test_b20_a_slot_that_only_the_new_schedule_has_was_none_before_the_edit_whenever_that_was() -> None:
    held = edited_in_the_dark(old="tue 03:00", to="03:00")
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)


def test_b20_the_scheduler_of_a_node_that_was_on_tells_that_there_was_no_such_slot() -> None:
    held = edited_in_the_dark(booted=None)
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)


def test_b20_a_run_for_the_slot_that_may_have_been_keeps_it_for_its_guest_alone() -> None:
    held = edited_in_the_dark(ran(at(3, 10), 100, listed=(100, 101)))
    assert (held.guests[100].verdict.problem, held.guests[101].verdict.problem) == (False, None)
    assert held.jobs["nightly"].verdict.problem is None


def test_b20_a_new_schedule_that_has_come_since_leaves_no_doubt_about_what_is_owed() -> None:
    held = edited_in_the_dark(to="10:00")
    late = facts((guest(100), guest(101)), held.context.facts.jobs, now=at(4, 13), read_at=at(4, 13))
    again = judge(late, held.history, held)
    assert again.guests[100].verdict.status is Status.OVERDUE


def test_b20_the_doubt_lasts_until_the_next_slot_though_the_old_schedule_would_have_had_more_since() -> None:
    held = edited_in_the_dark(to="sun 23:00")
    for day in (4, 5, 6):
        late = facts((guest(100), guest(101)), held.context.facts.jobs, now=at(day, 12), read_at=at(day, 12))
        held = judge(late, held.history, held)
        assert held.guests[100].verdict.problem is not False


@pytest.mark.parametrize("later", [False, True], ids=["no run since", "a run of the other job since"])
def test_a06_an_archive_that_two_slots_claim_proves_neither_whatever_came_after_both(later: bool) -> None:
    # The slots of both jobs were while no run was listed; one archive is there.
    jobs = (job("first", 100, storage="nas", schedule="wed 03:00"), job("often", 100, storage="nas", schedule="*/4:30"))
    often = "vzdump 100 --mode snapshot --quiet 1 --storage nas"
    run_since = [run(good_log(100, command=often, at=at(3, 8, 30)), started=at(3, 8, 30))] if later else []
    state = [
        JobState(
            job_id="often",
            node="pve1",
            state="stopped",
            upid=each.task.upid,
            message="OK",
            updated=at(3, 8, 35),
        )
        for each in run_since
    ]
    moment = at(3, 9)
    there = listed("nas", at(3, 4, 30), *([at(3, 8, 30)] if later else []))
    storages = (replace(there, node="pve1", plugin_type="dir"),)
    found = facts((guest(100),), jobs, run_since, now=moment, read_at=moment, storages=storages, job_states=state)
    nodes = {name: replace(node, tasks_read=moment, runs_known_since=at(3, 8)) for name, node in found.nodes.items()}
    held = judge(replace(found, nodes=nodes), History())
    assert held.guests[100].verdict.reason.code == "archive_of_several_slots"
    assert held.guests[100].verdict.problem is None
    assert held.jobs["first"].verdict.problem is None


def test_b20_a_run_in_progress_tells_nothing_of_a_slot_before_the_first_look() -> None:
    """The runs from before began at no slot that the job has now: it was edited, and owed nobody that slot."""
    rare = job("nightly", 100, 101, storage="nas", schedule="tue 21:00")
    nights = [ran(at(day, 3), 100, 101) for day in (-7, -6, -5)]
    both = (guest(100), guest(101))
    seen = {name: NodeFacts(name=name, zone=BERLIN, runs_known_since=at(-20, 0)) for name in ("pve1", "pve2")}
    moment = at(2, 12)
    before = judge(facts(both, (rare,), nights, now=moment, read_at=moment, nodes=seen), History())
    assert before.jobs["nightly"].verdict.reason.code == "job_no_run_seen"
    moment = at(2, 21, 20)
    log = good_log(100, command="vzdump 100 101 --mode snapshot --quiet 1 --storage nas", at=at(2, 21))
    so_far = run("\n".join(log.splitlines()[:-2]) + "\n", None, started=at(2, 21))
    known = facts(both, (rare,), [*nights, so_far], now=moment, read_at=moment, nodes=seen)
    held = judge(known, before.history, before)
    assert (held.jobs["nightly"].verdict.status, held.jobs["nightly"].verdict.problem) == (Status.RUNNING, None)
    assert held.guests[101].verdict.problem is None
