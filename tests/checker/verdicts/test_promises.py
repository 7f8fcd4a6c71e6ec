"""Promises of which something was not seen: a node that went off, a first look, jobs alike, a number used again."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, Facts, Run, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import Guest

from ..builders import BERLIN, NOW, facts, failed_log, good_log, guest, job, run
from .test_crossings import BEGAN, NIGHTLY, at, listed, ran

STARTED = "INFO: starting new backup job: vzdump 100 --mode snapshot --quiet 1 --storage nas\n"


def saved(moment: datetime, more: str = "") -> Run:
    """Return a good run whose archive bears the name that `listed` gives it; its command may say more."""
    log = good_log(100, at=moment, command=f"vzdump 100 --mode snapshot --quiet 1 --storage nas{more}")
    return ran(moment, 100, log=log.replace("-x.vma", f"-{moment.astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}.vma"))


def seen(moment: datetime, *runs: Run, off: datetime | None = None, **changes: Any) -> Facts:
    """Return facts of a moment; `off` is when pve1 was seen last, where it is off now."""
    known = facts((guest(100),), (NIGHTLY,), runs, now=moment, read_at=moment)
    nodes = {name: replace(node, tasks_read=moment, runs_known_since=BEGAN) for name, node in known.nodes.items()}
    if off is not None:
        gone = replace(nodes["pve1"], online=False, blindness=Blindness.NODE_UNREACHABLE, tasks_read=off)
        nodes["pve1"] = gone
    return replace(known, nodes=nodes, **changes)


def looked(*looks: Facts) -> Assessment:
    """Return what is held after some looks, the first of them long ago."""
    held = judge(seen(BEGAN), History())
    for look in looks:
        held = judge(look, held.history, held)
    return held


def off_since_a_slot(*storages: StorageFacts, last_seen: datetime) -> Assessment:
    """Return what is held at two in the morning of a node that was seen last some time around its slot at nine."""
    before = saved(at(1, 21))
    runs = (before,) if last_seen < at(2, 21) else (before, run(STARTED, None, started=at(2, 21)))
    return looked(seen(last_seen, *runs), seen(at(3, 2), before, off=last_seen, storages=storages))


def both(held: Assessment) -> tuple[bool | None, bool | None]:
    return held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem


@pytest.mark.parametrize("last_seen", [at(2, 20), at(2, 21, 5)], ids=["before the slot", "while it ran"])
def test_e05_what_a_node_did_between_the_last_look_and_its_end_is_not_known(last_seen: datetime) -> None:
    held = off_since_a_slot(last_seen=last_seen)
    assert both(held) == (None, None)
    assert (held.guests[100].verdict.reason.code, held.jobs["nightly"].verdict.reason.code) == ("node_unreachable",) * 2


@pytest.mark.parametrize("last_seen", [at(2, 20), at(2, 21, 5)], ids=["before the slot", "while it ran"])
def test_e05_the_archive_of_a_node_that_went_off_since_keeps_the_promise(last_seen: datetime) -> None:
    there = replace(listed("nas", at(1, 21), at(2, 21, 3)), active_on=frozenset({"pve2"}))
    assert both(off_since_a_slot(there, last_seen=last_seen)) == (False, False)


def test_e05_a_storage_that_was_listed_once_the_node_was_off_proves_that_nothing_came() -> None:
    there = listed("nas", at(1, 21))
    assert there.listing is not None
    for read_at, expected in ((at(2, 21, 5), (None, None)), (at(3, 2), (True, True))):
        listing = replace(there.listing, read_at=read_at)
        assert both(off_since_a_slot(replace(there, listing=listing), last_seen=at(2, 20))) == expected


def test_e05_a_node_that_was_seen_off_before_its_slot_or_idle_after_it_has_missed_it() -> None:
    before = ran(at(1, 21), 100)
    early = looked(seen(at(2, 20), before), seen(at(2, 20, 30), off=at(2, 20)), seen(at(3, 2), off=at(2, 20)))
    idle = looked(seen(at(2, 21, 30), before), seen(at(3, 2), off=at(2, 21, 30)))
    for held in (early, idle):
        assert both(held) == (True, True)
        assert held.guests[100].verdict.reason.code == "node_offline"


def first_look(guests: tuple[Guest, ...], *runs: Run) -> Assessment:
    """Return what the first look holds of a cluster whose task lists go back for a month."""
    return judge(seen(NOW, *runs, guests=guests), History())


def test_c16_a_guest_whose_number_was_another_ones_owes_nothing_before_that_one_went() -> None:
    log = good_log(100, 101, at=at(2, 21, 1)).replace("VM 100 (qemu)", "VM 100 (lxc)").replace("qemu-100", "lxc-100")
    nightly = job("nightly", 100, 101, storage="nas", schedule="21:00")
    known = replace(seen(at(3, 2), run(log, started=at(2, 21))), guests=(guest(100), guest(101)), jobs=(nightly,))
    held = judge(known, History())
    assert (held.guests[100].verdict.status, held.guests[100].verdict.problem) == (Status.PENDING, False)
    assert held.guests[101].verdict.status is Status.OK


@pytest.mark.parametrize(("before", "problem"), [("old", False), (None, False), ("g100", True)])
def test_c16_a_guest_came_after_the_run_that_found_none_of_its_number_unless_it_had_that_before(
    before: str | None, problem: bool
) -> None:
    def named(name: str, moment: datetime, storage: str) -> Run:
        command = f"vzdump 100 --mode snapshot --quiet 1 --storage {storage}"
        text = good_log(100, command=command, at=moment)
        return run(text.replace("INFO: status", f"INFO: VM Name: {name}\nINFO: status"), started=moment)

    lost = run(failed_log(100, "unable to find VM '100'", at(2, 21)), "job errors", started=at(2, 21))
    jobs = (job("nightly", 100, storage="nas", schedule="21:00"), job("early", 100, storage="usb", schedule="02:00"))
    earlier = () if before is None else (named(before, at(1, 21), "nas"),)
    known = seen(at(3, 8), *earlier, lost, named("g100", at(3, 2), "usb"))
    held = judge(replace(known, guests=(guest(100),), jobs=jobs), History())
    assert held.guests[100].verdict.problem is problem


def test_c07_a_first_look_blames_no_job_for_what_may_be_younger_than_the_slot() -> None:
    other = guest(101)
    slot = ran(at(2, 21), 101, listed=(100,))
    young = first_look((guest(100), other), slot)
    assert (young.guests[100].verdict.status, young.guests[100].verdict.problem) == (Status.UNKNOWN, None)
    old = first_look((guest(100), other), ran(at(-3, 21), 100), slot)
    assert (old.guests[100].verdict.status, old.guests[100].verdict.problem) == (Status.OVERDUE, True)


def test_c07_a_run_that_can_have_been_other_jobs_only_says_nothing_of_the_guests_of_this_one() -> None:
    """It waited in vain for the lock, so that its jobs are guessed from its slot."""
    jobs = (NIGHTLY, *(job(name, 100, 101, storage="usb", schedule="04:00") for name in ("a", "b")))
    error = "can't acquire lock '/var/run/vzdump.lock' - got timeout"
    vain = run(f"TASK ERROR: {error}\n", error, started=at(3, 4))
    slot = ran(at(2, 21), 101, listed=(100,))
    held = judge(replace(seen(NOW, slot, vain), guests=(guest(100), guest(101)), jobs=jobs), History())
    assert (held.jobs["nightly"].verdict.problem, held.jobs["nightly"].verdict.status) == (False, Status.OK)


def test_a29_the_last_run_onto_the_storage_before_the_first_look_is_still_the_jobs() -> None:
    held = judge(replace(seen(at(3, 2), ran(at(2, 21), 100, storage="old"))), History())
    assert both(held) == (False, False)
    assert held.jobs["nightly"].verdict.status is Status.OK


def test_c29_each_of_two_jobs_alike_has_one_of_the_runs_that_began_in_the_same_second() -> None:
    twins = (job("b", 100, storage="nas", schedule="21:00"), job("a", 100, storage="nas", schedule="21:00"))
    first, second = ran(at(2, 21), 100), ran(at(2, 21), 100)
    second = replace(second, task=replace(second.task, upid=second.task.upid.replace("0012AB34", "0012AB35")))
    for jobs in permutations(twins):
        for runs in permutations((first, second)):
            held = looked(seen(at(2, 20), jobs=jobs), seen(NOW, *runs, jobs=jobs))
            assert held.guests[100].verdict.problem is False
            assert {name: view.verdict.evidence for name, view in held.jobs.items()} == {
                "a": (first.task.upid,),
                "b": (second.task.upid,),
            }


def test_e29_a_guest_that_waits_for_several_jobs_names_the_one_that_comes_first() -> None:
    jobs = (
        job("a", 100, storage="nas", schedule="sun 21:00"),
        job("b", 100, storage="usb", schedule="thu 21:00"),
        job("c", 100, storage="usb", schedule="sat 21:00"),
    )
    for order in permutations(jobs):
        empty = seen(BEGAN, jobs=(), guests=())
        held = judge(seen(BEGAN + timedelta(hours=1), jobs=order), judge(empty, History()).history)
        reason = held.guests[100].verdict.reason
        assert (reason.code, reason.values["job"]) == ("first_run_not_due", "thu 21:00 → usb")


def test_e29_a_guest_in_no_job_names_the_one_that_it_left_whatever_the_order() -> None:
    jobs = (
        job("a", 100, storage="nas", schedule="21:00", node="pve1"),
        job("b", 100, storage="nas", schedule="22:00", node="pve3"),
        job("c", all=1, exclude="100", storage="nas", schedule="23:00"),
    )
    for order in permutations(jobs):
        stayed = seen(NOW, jobs=order, guests=(guest(100, node="pve2"),))
        assert judge(stayed, History()).guests[100].verdict.reason.code == "excluded_from_job"
        held = judge(seen(BEGAN, jobs=order), History())
        moved = judge(stayed, held.history).guests[100].verdict.reason
        assert (moved.code, moved.values["node"]) == ("job_on_other_node", "pve1")


def test_b29_a_problem_from_before_lasts_through_a_slot_of_which_nothing_is_known() -> None:
    failed = run(failed_log(100, "disk full", at(1, 21)), "job errors", started=at(1, 21))
    after_a_failure = looked(seen(at(2, 20), failed), seen(at(3, 2), off=at(2, 20)))
    assert both(after_a_failure) == (True, True)
    assert after_a_failure.guests[100].verdict.error == "disk full"
    after_a_miss = looked(seen(at(2, 20), saved(at(0, 21))), seen(at(3, 2), off=at(2, 20)))
    assert both(after_a_miss) == (True, True)
    assert after_a_miss.guests[100].verdict.since == at(1, 23)


@pytest.mark.parametrize(("nights", "problem"), [((0, 1, 2), False), ((1, 2), True)])
def test_a05_an_archive_that_another_jobs_retention_removes_is_no_miss(nights: tuple[int, ...], problem: bool) -> None:
    weekly = job("weekly", 100, storage="nas", schedule="sat 20:00")
    daily = job("daily", 100, storage="nas", schedule="22:00", prune_backups={"keep-last": "3"})
    moments = [at(day, 22) for day in nights]
    runs = [saved(at(-1, 20)), *(saved(moment, " --prune-backups keep-last=3") for moment in moments)]
    there = listed("nas", *moments)
    assert there.listing is not None
    held = looked()
    for look in (at(3, 9), at(3, 10)):
        storage = replace(there, listing=replace(there.listing, read_at=look))
        held = judge(seen(look, *runs, jobs=(weekly, daily), storages=(storage,)), held.history, held)
    verdict = held.guests[100].verdict
    assert (verdict.problem, verdict.reason.code == "archive_missing") == (problem, problem)


def test_a05_a_backup_that_came_later_does_not_explain_what_was_gone_before() -> None:
    weekly = job("weekly", 100, storage="nas", schedule="sat 20:00")
    daily = job("daily", 100, storage="nas", schedule="22:00", prune_backups={"keep-last": "1"})
    saturday, later = saved(at(-1, 20)), saved(at(0, 22), " --prune-backups keep-last=1")
    held, shown = looked(), []
    for look, runs in ((at(0, 9), [saturday]), (at(0, 10), [saturday]), (at(1, 9), [saturday, later])):
        there = listed("nas", at(-8, 22), *(at(0, 22) for _ in runs[1:]))
        assert there.listing is not None
        storage = replace(there, listing=replace(there.listing, read_at=look))
        held = judge(seen(look, *runs, jobs=(weekly, daily), storages=(storage,)), held.history, held)
        shown.append(held.guests[100].verdict.reason.code)
    assert shown[1:] == ["archive_missing", "archive_missing"]
