"""Where guests move between nodes and nodes are off, a missing backup stays missing and a good one stays good."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, Facts, NodeFacts, Run
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import BackupJob

from ..builders import BERLIN, NOW, facts, failed_log, good_log, guest, job, run
from .test_crossings import listed

# NOW is Wednesday, 3 September 2025, 10:00 in Berlin.
BEGAN = NOW - timedelta(days=30)
JOBS = {
    "listed": job("nightly", 100, 101, storage="nas", schedule="03:15"),
    "all": job("nightly", all=1, storage="nas", schedule="03:15"),
    "exclude": job("nightly", all=1, exclude="300", storage="nas", schedule="03:15"),
    "pool": job("nightly", pool="gold", storage="nas", schedule="03:15"),
}
NEW_YORK = ZoneInfo("America/New_York")
WHICH = {"listed": "100 101", "all": "--all 1", "exclude": "--all 1 --exclude 300", "pool": "--pool gold"}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of September 2025 in Berlin; the 31st of August is day 0."""
    return (datetime(2025, 9, 1, hour, minute, tzinfo=BERLIN) + timedelta(days=day - 1)).astimezone(UTC)


def ran(moment: datetime, node: str, *vmids: int, which: str = "listed", minutes: int = 1) -> Run:
    """Return a good run of the nightly job on a node, in which each guest took some minutes."""
    command = f"vzdump {WHICH[which]} --mode snapshot --quiet 1 --storage nas"
    return run(good_log(*vmids, command=command, at=moment, minutes=minutes), started=moment, node=node)


def nodes(off: str | None = None, booted: datetime | None = None, **zones: ZoneInfo) -> Mapping[str, NodeFacts]:
    """Return the nodes, one of them off, or pve2 as it booted."""
    made = {name: NodeFacts(name=name, zone=zones.get(name, BERLIN), online=name != off) for name in ("pve1", "pve2")}
    return {**made, "pve2": replace(made["pve2"], booted=booted)}


class Watch:
    """A cluster that has been watched since August: guest 100 on pve2, guest 101 on pve1."""

    def __init__(self, backup_job: BackupJob = JOBS["listed"], **changes: Any) -> None:
        """Look for the first time."""
        self._job, self._runs = backup_job, list[Run]()
        self._held: Assessment | None = None
        self.look(BEGAN, "pve2", **changes)

    def forget_runs(self, node: str) -> None:
        """Let the runs of a node no longer be listed, as those of one that is off."""
        self._runs = [known for known in self._runs if known.task.node != node]

    def look(self, now: datetime, place: str, *runs: Run, tags: tuple[str, ...] = (), **changes: Any) -> Assessment:
        """Return what is held at a moment, with guest 100 on a node and some more runs than before."""
        self._runs += runs
        guests = (guest(100, node=place, pool="gold", tags=tags), guest(101, node="pve1", pool="gold"))
        known: Facts = facts(guests, [self._job], self._runs, now=now, read_at=now, **changes)
        self._held = judge(known, self._held.history if self._held else History(), self._held)
        return self._held


def missed_while_off(which: str, after: Mapping[str, NodeFacts]) -> Assessment:
    """Return what is held of a guest that moved in the morning, after its node was off over the slot."""
    watch = Watch(JOBS[which])
    good = [ran(at(2, 3, 15), name, vmid, which=which) for name, vmid in (("pve1", 101), ("pve2", 100))]
    watch.look(at(2, 9), "pve2", *good)
    watch.look(at(2, 12), "pve2", nodes=nodes(off="pve2"))
    watch.look(at(3, 4), "pve2", ran(at(3, 3, 15), "pve1", 101, which=which), nodes=nodes(off="pve2"))
    watch.look(at(3, 8), "pve2", nodes=after)
    watch.look(at(3, 8, 30), "pve1", nodes=after)
    return watch.look(NOW, "pve1", nodes=after)


@pytest.mark.parametrize("which", JOBS)
def test_b17_what_the_old_node_missed_the_job_owes_on_the_new_one(which: str) -> None:
    held = missed_while_off(which, nodes(booted=at(3, 7)))
    for verdict in (held.guests[100].verdict, held.jobs["nightly"].verdict):
        assert (verdict.status, verdict.problem, verdict.reason.code) == (Status.OVERDUE, True, "host_was_off")
        assert verdict.reason.values["node"] == "pve2"
    assert held.guests[101].verdict.status is Status.OK


def test_e05_a_guest_that_is_moved_away_from_a_dead_node_has_still_no_backup() -> None:
    held = missed_while_off("listed", nodes(off="pve2"))
    assert [held.guests[100].verdict.reason.code, held.jobs["nightly"].verdict.reason.code] == ["node_offline"] * 2
    gone = missed_while_off("listed", {"pve1": nodes()["pve1"]})
    assert (gone.guests[100].verdict.problem, gone.jobs["nightly"].verdict.problem) == (True, True)


def test_b17_a_second_move_does_not_make_good_what_was_missed() -> None:
    watch = Watch()
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100))
    watch.look(at(3, 4), "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=nodes(off="pve2"))
    for place, minute in (("pve1", 0), ("pve2", 10), ("pve1", 20)):
        watch.look(at(3, 8, minute), place, nodes=nodes(booted=at(3, 7)))
    held = watch.look(NOW, "pve1", nodes=nodes(booted=at(3, 7)))
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (True, True)


def test_b17_the_next_run_on_the_new_node_makes_it_good() -> None:
    watch = Watch()
    watch.look(at(1, 9), "pve2", ran(at(1, 3, 15), "pve1", 101), ran(at(1, 3, 15), "pve2", 100))
    watch.look(at(2, 4), "pve2", ran(at(2, 3, 15), "pve1", 101), nodes=nodes(off="pve2"))
    watch.look(at(2, 8), "pve1", nodes=nodes(booted=at(2, 7)))
    held = watch.look(NOW, "pve1", ran(at(3, 3, 15), "pve1", 100, 101), nodes=nodes(booted=at(2, 7)))
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)


def test_c26_what_was_backed_up_before_it_moved_is_owed_no_more() -> None:
    watch = Watch()
    watch.look(at(3, 4), "pve2", ran(at(3, 3, 15), "pve1", 101), ran(at(3, 3, 15), "pve2", 100))
    held = watch.look(NOW, "pve1", nodes=nodes(off="pve2"))
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OK, Status.OK)


def test_e06_a_guest_that_comes_from_a_node_which_may_be_off_is_awaited() -> None:
    may_be_off = Policy(expected_offline=frozenset({"pve2"}))
    watch = Watch(policy=may_be_off)
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100))
    watch.look(at(3, 3), "pve2", nodes=nodes(off="pve2"), policy=may_be_off)
    watch.look(at(3, 4), "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=nodes(off="pve2"), policy=may_be_off)
    held = watch.look(NOW, "pve1", nodes=nodes(booted=at(3, 7)), policy=may_be_off)
    assert (held.guests[100].verdict.problem, held.guests[100].verdict.reason.code) == (False, "node_expected_offline")
    assert held.jobs["nightly"].verdict.problem is False


def test_what_a_node_did_unseen_before_a_guest_left_it_is_unknown() -> None:
    watch = Watch()
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100))
    blind = nodes()
    blind = {**blind, "pve2": replace(blind["pve2"], blindness=Blindness.TASKS_HIDDEN, tasks_read=at(2, 9))}
    watch.look(at(3, 4), "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=blind)
    held = watch.look(NOW, "pve1", nodes=blind)
    assert (held.guests[100].verdict.problem, held.guests[100].verdict.reason.code) == (None, "tasks_hidden")
    # The good run of the new node says nothing of it.
    assert held.jobs["nightly"].verdict.problem is None


def test_b08_whether_a_guest_left_a_node_that_went_off_before_its_slot_there_is_unknown() -> None:
    both, off = nodes(pve2=NEW_YORK), dict(nodes(off="pve2", pve2=NEW_YORK))
    off["pve2"] = replace(off["pve2"], blindness=Blindness.NODE_UNREACHABLE, tasks_read=at(3, 8))
    watch = Watch(nodes=both)
    # 03:15 in New York is 09:15 in Berlin.
    watch.look(at(2, 10), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 9, 15), "pve2", 100), nodes=both)
    watch.look(at(3, 8), "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=both)
    for hour, problem in ((10, False), (13, None)):
        held = watch.look(at(3, hour), "pve1", nodes=off)
        assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (problem, problem)
    back = {name: replace(node, tasks_read=at(3, 14)) for name, node in both.items()}
    held = watch.look(at(3, 14), "pve1", nodes=back)
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)


def test_b08_a_guest_that_left_a_node_before_that_was_seen_off_may_have_owed_it_no_slot() -> None:
    """No backup can have been made there in five minutes, but the guest may have left before the slot."""
    both, off = nodes(pve2=NEW_YORK), dict(nodes(off="pve2", pve2=NEW_YORK))
    off["pve2"] = replace(off["pve2"], blindness=Blindness.NODE_UNREACHABLE, tasks_read=at(3, 8))
    watch = Watch(nodes=both)
    watch.look(at(2, 10), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 9, 15), "pve2", 100), nodes=both)
    watch.look(at(3, 8), "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=both)
    watch.look(at(3, 9, 20), "pve1", nodes=off)
    held = watch.look(at(3, 13), "pve1", nodes=off)
    assert (held.guests[100].verdict.problem, held.guests[100].verdict.reason.code) == (None, "slot_perhaps_owed")
    assert held.jobs["nightly"].verdict.problem is None


@pytest.mark.parametrize(("quorate", "problem"), [(True, True), (False, None)])
def test_a_node_that_was_without_quorum_when_it_was_seen_last_may_have_made_up_for_its_slot(
    quorate: bool, problem: bool | None
) -> None:
    off = dict(nodes(off="pve2"))
    off["pve2"] = replace(off["pve2"], blindness=Blindness.NODE_UNREACHABLE, tasks_read=at(3, 4))
    watch = Watch()
    watch.look(at(2, 10), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100))
    cluster = replace(facts().cluster, quorate=quorate)
    watch.look(at(3, 4), "pve2", ran(at(3, 3, 15), "pve1", 101), cluster=cluster)
    watch.look(at(3, 8), "pve2", nodes=off)
    held = watch.look(at(3, 9), "pve2", nodes=off)
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (problem, problem)


def test_a26_a_job_whose_good_run_passed_a_guest_over_is_overdue_after_the_deadline() -> None:
    watch = Watch()
    before = [ran(at(2, 3, 15), "pve1", 100, 101)]
    watch.look(at(2, 9), "pve1", *before)
    early = watch.look(at(3, 4), "pve1", ran(at(3, 3, 15), "pve1", 101))
    assert (early.guests[100].verdict.problem, early.jobs["nightly"].verdict.problem) == (False, False)
    held = watch.look(NOW, "pve1")
    for verdict in (held.guests[100].verdict, held.jobs["nightly"].verdict):
        assert (verdict.status, verdict.reason.code, verdict.failures) == (Status.OVERDUE, "skipped_by_job", 1)


def test_a26_the_only_guest_of_a_node_that_a_run_passed_over_is_overdue() -> None:
    watch = Watch(JOBS["all"])
    watch.look(at(2, 9), "pve2", *(ran(at(2, 3, 15), f"pve{n}", v, which="all") for n, v in ((1, 101), (2, 100))))
    runs = [ran(at(3, 3, 15), "pve1", 101, which="all"), ran(at(3, 3, 15), "pve2", which="all")]
    held = watch.look(NOW, "pve2", *runs)
    for verdict in (held.guests[100].verdict, held.jobs["nightly"].verdict):
        assert (verdict.status, verdict.reason.code) == (Status.OVERDUE, "skipped_by_job")


def test_e22_a_run_that_names_nobody_in_new_words_leaves_it_open() -> None:
    watch = Watch(JOBS["all"])
    watch.look(at(2, 9), "pve2", *(ran(at(2, 3, 15), f"pve{n}", v, which="all") for n, v in ((1, 101), (2, 100))))
    odd = good_log(command="vzdump --all 1 --mode snapshot --quiet 1 --storage nas", more="INFO: VM 100 is safe now")
    runs = [ran(at(3, 3, 15), "pve1", 101, which="all"), run(odd, started=at(3, 3, 15), node="pve2")]
    held = watch.look(NOW, "pve2", *runs)
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (None, None)


def test_b08_a_guest_that_comes_from_another_time_zone_owes_the_slots_that_it_had_there() -> None:
    both = nodes(pve2=NEW_YORK)
    watch = Watch(nodes=both)
    # 03:15 in New York is 09:15 in Berlin.
    watch.look(at(2, 10), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 9, 15), "pve2", 100), nodes=both)
    watch.look(at(3, 4), "pve1", ran(at(3, 3, 15), "pve1", 101), nodes=both)
    held = watch.look(at(3, 9), "pve1", nodes=both)
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OK, Status.OK)
    later = watch.look(at(4, 9), "pve1", ran(at(4, 3, 15), "pve1", 101), nodes=both)
    assert (later.guests[100].verdict.problem, later.jobs["nightly"].verdict.problem) == (True, True)


def test_b08_a_guest_that_comes_back_from_another_time_zone_owes_nothing_for_slots_there_from_before() -> None:
    # 03:15 in Tokyo is 20:15 in Berlin, the day before.
    both = nodes(pve2=ZoneInfo("Asia/Tokyo"))
    watch = Watch(nodes=both)
    command = f"vzdump {WHICH['listed']} --mode snapshot --quiet 1 --storage nas"
    there = run(good_log(100, command=command, at=at(2, 3, 15)), started=at(1, 20, 15), node="pve2")
    watch.look(at(2, 9), "pve2", there, ran(at(2, 3, 15), "pve1", 101), nodes=both)
    watch.look(at(2, 12), "pve1", nodes=both)
    held = watch.look(at(2, 18), "pve2", nodes=both)
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OK, Status.OK)
    later = watch.look(at(3, 1), "pve2", nodes=both)
    assert (later.guests[100].verdict.problem, later.jobs["nightly"].verdict.problem) == (True, True)


def test_b08_what_was_missed_in_another_time_zone_stays_owed_after_the_move() -> None:
    both = nodes(pve2=NEW_YORK)
    watch = Watch(nodes=both)
    watch.look(at(1, 10), "pve2", ran(at(1, 3, 15), "pve1", 101), ran(at(1, 9, 15), "pve2", 100), nodes=both)
    off = nodes(off="pve2", pve2=NEW_YORK)
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), nodes=off)
    watch.look(at(2, 12), "pve2", nodes=off)
    watch.look(at(3, 4), "pve1", ran(at(3, 3, 15), "pve1", 101), nodes=off)
    held = watch.look(NOW, "pve1", nodes=off)
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (True, True)


def test_b08_a_slot_that_came_while_nobody_saw_a_guest_move_to_another_time_zone_is_of_neither() -> None:
    both = nodes(pve2=NEW_YORK)
    watch = Watch(nodes=both)
    watch.look(at(2, 10), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 9, 15), "pve2", 100), nodes=both)
    held = watch.look(at(3, 12), "pve1", ran(at(3, 3, 15), "pve1", 101), nodes=both)
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OK, Status.OK)
    later = watch.look(at(4, 9), "pve1", ran(at(4, 3, 15), "pve1", 101), nodes=both)
    assert (later.guests[100].verdict.problem, later.jobs["nightly"].verdict.problem) == (True, True)


def test_b08_a_job_owes_nothing_for_a_slot_before_its_only_guest_there_came_from_another_time_zone() -> None:
    both = nodes(pve2=NEW_YORK)
    watch = Watch(job("nightly", 100, storage="nas", schedule="03:15"), nodes=both)
    good = run(good_log(100, at=at(2, 9, 15)), started=at(2, 9, 15), node="pve2")
    watch.look(at(2, 10), "pve2", good, nodes=both)
    watch.look(at(3, 4), "pve1", nodes=both)
    held = watch.look(at(3, 9), "pve1", nodes=both)
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)


@pytest.mark.parametrize(
    ("seen_off", "code"),
    [
        (at(3, 3, 16), "node_offline"),
        (at(3, 2), "node_offline"),
        (at(3, 3, 22), "node_unreachable"),
        (at(3, 6), "node_unreachable"),
    ],
)
def test_e05_a_node_that_went_off_after_the_slot_while_nobody_looked_may_have_done_its_work(
    seen_off: datetime, code: str
) -> None:
    watch = Watch()
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100))
    off = dict(nodes(off="pve2"))
    off["pve2"] = replace(off["pve2"], blindness=Blindness.NODE_UNREACHABLE, tasks_read=at(2, 9))
    watch.look(seen_off, "pve2", nodes=off)
    held = watch.look(NOW, "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=off)
    for verdict in (held.guests[100].verdict, held.jobs["nightly"].verdict):
        assert (verdict.reason.code, verdict.problem) == (code, None if code == "node_unreachable" else True)


@pytest.mark.parametrize(
    ("listed_at", "code"), [(at(3, 3, 17), "node_unreachable"), (at(3, 6), "node_offline"), (at(3, 9), "node_offline")]
)
def test_e05_a_storage_that_was_listed_before_the_backup_can_have_been_done_proves_nothing(
    listed_at: datetime, code: str
) -> None:
    watch = Watch()
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100))
    off = dict(nodes(off="pve2"))
    off["pve2"] = replace(off["pve2"], blindness=Blindness.NODE_UNREACHABLE, tasks_read=at(2, 9))
    watch.look(at(3, 6), "pve2", nodes=off)
    kept = listed("nas", at(1, 3, 16), at(2, 3, 16))
    assert kept.listing is not None
    known = (replace(kept, listing=replace(kept.listing, read_at=listed_at)),)
    held = watch.look(NOW, "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=off, storages=known)
    assert held.guests[100].verdict.reason.code == code


def test_e05_what_is_not_on_the_disk_of_the_new_node_may_be_on_that_of_the_old_one() -> None:
    watch = Watch()
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100))
    off = dict(nodes(off="pve2"))
    off["pve2"] = replace(off["pve2"], blindness=Blindness.NODE_UNREACHABLE, tasks_read=at(2, 9))
    watch.look(at(3, 6), "pve2", nodes=off)
    disks = (replace(listed("nas", at(1, 3, 16)), node="pve1"), replace(listed("nas"), node="pve2", listing=None))
    held = watch.look(NOW, "pve1", ran(at(3, 3, 15), "pve1", 101), nodes=off, storages=disks)
    assert held.guests[100].verdict.reason.code == "node_unreachable"


@pytest.mark.parametrize(
    ("minutes", "seen_off", "code"),
    [
        (9, at(3, 3, 18), "node_offline"),
        (9, at(3, 3, 30), "node_unreachable"),
        (1, at(3, 3, 18), "node_unreachable"),
        (1, at(3, 3, 17), "node_offline"),
    ],
)
def test_a09_a_run_whose_node_goes_off_before_it_can_have_saved_a_guest_has_not_done_so(
    minutes: int, seen_off: datetime, code: str
) -> None:
    watch = Watch()
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100, minutes=minutes))
    text = good_log(100, command="vzdump 100 101 --mode snapshot --quiet 1 --storage nas").split("INFO: status")[0]
    watch.look(at(3, 3, 16), "pve2", run(text, None, started=at(3, 3, 15), node="pve2"))
    off = dict(nodes(off="pve2"))
    off["pve2"] = replace(off["pve2"], blindness=Blindness.NODE_UNREACHABLE, tasks_read=at(3, 3, 16))
    watch.forget_runs("pve2")
    watch.look(seen_off, "pve2", nodes=off)
    held = watch.look(NOW, "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=off)
    for verdict in (held.guests[100].verdict, held.jobs["nightly"].verdict):
        assert (verdict.reason.code, verdict.problem) == (code, None if code == "node_unreachable" else True)


def test_a06_an_archive_of_a_run_whose_node_went_out_of_sight_is_no_stranger() -> None:
    watch = Watch()
    seen = {name: replace(node, runs_known_since=at(-30, 0), tasks_read=at(2, 9)) for name, node in nodes().items()}
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100), nodes=seen)
    text = "INFO: starting new backup job: vzdump 100 101 --mode snapshot --quiet 1 --storage nas\n"
    seen = {name: replace(node, tasks_read=at(3, 3, 17)) for name, node in seen.items()}
    watch.look(at(3, 3, 17), "pve2", run(text, None, started=at(3, 3, 15), node="pve2"), nodes=seen)
    off = {**seen, "pve2": replace(seen["pve2"], online=False, blindness=Blindness.NODE_UNREACHABLE)}
    watch.forget_runs("pve2")
    watch.look(at(3, 3, 40), "pve2", nodes=off)
    off = {**off, "pve1": replace(off["pve1"], tasks_read=NOW)}
    held = watch.look(NOW, "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=off, storages=(listed("nas", at(3, 3, 16)),))
    assert (held.guests[100].verdict.status, held.guests[100].verdict.reason.code) == (Status.OK, "archive_found")


def test_b17_a_node_that_was_off_did_nothing_though_its_list_of_tasks_is_lost() -> None:
    def known(since: datetime, read: datetime, **changes: Any) -> Mapping[str, NodeFacts]:
        return {name: replace(node, runs_known_since=since, tasks_read=read) for name, node in nodes(**changes).items()}

    watch = Watch(nodes=known(at(-30, 0), BEGAN))
    before = [ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100)]
    watch.look(at(2, 9), "pve2", *before, nodes=known(at(-30, 0), at(2, 9)))
    watch.look(at(3, 2), "pve2", nodes=known(at(-30, 0), at(2, 9), off="pve2"))
    watch.look(at(3, 4), "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=known(at(-30, 0), at(2, 9), off="pve2"))
    back = known(at(3, 8), at(3, 8), booted=at(3, 7))
    back = {name: replace(node, has_lost_runs=True) for name, node in back.items()}
    held = watch.look(at(3, 8), "pve2", nodes=back)
    assert held.guests[100].verdict.reason.code == "host_was_off"
    held = watch.look(NOW, "pve2", nodes=known(at(3, 8), NOW, booted=at(3, 7)))
    assert [held.guests[100].verdict.reason.code, held.jobs["nightly"].verdict.reason.code] == ["host_was_off"] * 2


def test_b29_what_is_overdue_stays_so_when_the_node_loses_its_list_of_tasks() -> None:
    def known(since: datetime, read: datetime) -> Mapping[str, NodeFacts]:
        return {name: replace(node, runs_known_since=since, tasks_read=read) for name, node in nodes().items()}

    watch = Watch(nodes=known(at(-30, 0), BEGAN))
    watch.look(at(1, 9), "pve1", ran(at(1, 3, 15), "pve1", 100, 101), nodes=known(at(-30, 0), at(1, 9)))
    held = watch.look(at(2, 9), "pve1", nodes=known(at(-30, 0), at(2, 9)))
    assert held.guests[100].verdict.status is Status.OVERDUE
    lost = known(at(2, 12), at(2, 12))
    lost = {name: replace(node, has_lost_runs=True) for name, node in lost.items()}
    held = watch.look(at(2, 12), "pve1", nodes=lost)
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OVERDUE, Status.OVERDUE)
    held = watch.look(at(2, 20), "pve1", nodes=known(at(2, 12), at(2, 20)))
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OVERDUE, Status.OVERDUE)


def test_c39_a_job_owes_nothing_to_a_guest_that_is_tagged_as_one_that_needs_no_backup() -> None:
    nightly = job("nightly", 100, storage="nas", schedule="03:15")
    good = run(good_log(100, at=at(2, 3, 15)), started=at(2, 3, 15), node="pve2")
    tagged = guest(100, node="pve2", tags=("no-backup",))
    first = judge(facts([tagged], [nightly], now=BEGAN, read_at=BEGAN), History())
    held = judge(
        facts([tagged], [nightly], [good], now=NOW, read_at=NOW, nodes=nodes(off="pve2")), first.history, first
    )
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.problem) == (Status.IGNORED, False)


def test_c39_a_failure_from_before_a_guest_left_is_over_where_it_comes_back_and_needs_no_backup() -> None:
    watch = Watch(JOBS["all"])
    locked = run("TASK ERROR: can't acquire lock\n", "can't acquire lock", started=at(1, 3, 15), node="pve2")
    failed = watch.look(at(1, 9), "pve2", ran(at(1, 3, 15), "pve1", 101, which="all"), locked)
    assert failed.jobs["nightly"].verdict.status is Status.FAILED
    nothing = "INFO: starting new backup job: vzdump --all 1 --mode snapshot --quiet 1 --storage nas\n"
    nothing += "INFO: Backup job finished successfully\nTASK OK\n"
    empty = run(nothing, started=at(2, 3, 15), node="pve2")
    watch.look(at(1, 12), "pve1")
    watch.look(at(2, 9), "pve1", ran(at(2, 3, 15), "pve1", 100, 101, which="all"), empty)
    held = watch.look(at(2, 12), "pve2", tags=("no-backup",))
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.problem) == (Status.IGNORED, False)


@pytest.mark.parametrize("known_since", [None, at(-20, 0)])
def test_c07_a_guest_that_no_run_before_the_first_look_names_may_have_come_since(known_since: datetime | None) -> None:
    nights = [ran(at(day, 3, 15), "pve1", 101, which="all") for day in (1, 2, 3)]
    known = {name: replace(node, runs_known_since=known_since) for name, node in nodes().items()}
    first = facts((guest(100), guest(101)), [JOBS["all"]], nights, now=NOW, read_at=NOW, nodes=known)
    held = judge(first, History())
    assert (held.guests[100].verdict.problem, held.guests[100].verdict.reason.code) == (None, "no_run_seen")
    assert held.jobs["nightly"].verdict.status is Status.OK
    before = replace(first, runs=(ran(at(0, 3, 15), "pve1", 100, 101, which="all"), *nights))
    passed_over = judge(before, History())
    for verdict in (passed_over.guests[100].verdict, passed_over.jobs["nightly"].verdict):
        assert (verdict.status, verdict.reason.code) == (Status.OVERDUE, "skipped_by_job")


@pytest.mark.parametrize(
    ("found_on", "nights", "problem"), [("pve2", 3, None), ("pve1", 3, None), ("pve2", 2, None), ("pve1", 2, True)]
)
def test_c10_a_guest_may_have_been_elsewhere_at_the_slot_of_a_job_of_one_node_before_the_first_look(
    found_on: str, nights: int, problem: bool | None
) -> None:
    bound = job("nightly", 100, 101, storage="nas", schedule="03:15", node="pve1")
    command = "vzdump 100 101 --node pve1 --mode snapshot --quiet 1 --storage nas"
    whom = ((100, 101), (101,), (101,))[:nights]
    runs = [
        run(good_log(*vmids, command=command, at=at(day, 3, 15)), started=at(day, 3, 15))
        for day, vmids in enumerate(whom, 1)
    ]
    noon = run(good_log(100, at=at(2, 12)), started=at(2, 12), node=found_on)
    known = {name: replace(node, runs_known_since=BEGAN) for name, node in nodes().items()}
    others = job("noon", 100, storage="nas", schedule="12:00")
    first = facts((guest(100), guest(101)), [bound, others], [*runs, noon], now=NOW, read_at=NOW, nodes=known)
    held = judge(first, History())
    assert held.guests[100].verdict.problem is problem
    # Without a run that night the job has missed the other guest in any case.
    assert held.jobs["nightly"].verdict.problem is (nights == 2)


def test_c26_a_guest_that_its_run_does_not_name_may_have_been_on_a_node_that_is_off_since_before_the_first_look() -> (
    None
):
    # pve2 backed it up, then failed, and the cluster started the guest on pve1.
    runs = [ran(at(1, 3, 15), "pve1", 100, 101), *(ran(at(day, 3, 15), "pve1", 101) for day in (2, 3))]
    known = {name: replace(node, runs_known_since=BEGAN) for name, node in nodes(off="pve2").items()}
    known["pve2"] = replace(known["pve2"], runs_known_since=None, blindness=Blindness.NODE_UNREACHABLE)
    first = facts((guest(100), guest(101)), [JOBS["listed"]], runs, now=NOW, read_at=NOW, nodes=known)
    held = judge(first, History())
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (None, False)


@pytest.mark.parametrize(
    ("last", "zone", "problem"), [(2, "Asia/Tokyo", None), (1, "Asia/Tokyo", True), (2, "Europe/Berlin", True)]
)
def test_b08_a_guest_that_came_from_another_zone_before_the_first_look_may_have_had_no_slot_there(
    last: int, zone: str, problem: bool | None
) -> None:
    # 03:15 in Tokyo is 20:15 in Berlin, the day before: whoever comes there in between has no slot that night.
    slot = datetime(2025, 9, 3, 3, 15, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    known = nodes(off="pve2", pve1=ZoneInfo(zone))
    known = {name: replace(node, runs_known_since=BEGAN) for name, node in known.items()}
    command = f"vzdump {WHICH['listed']} --mode snapshot --quiet 1 --storage nas"
    # The log shows the local time of the node.
    here = run(good_log(101, command=command, at=at(3, 3, 15)), started=slot, node="pve1")
    runs = [ran(at(last, 3, 15), "pve2", 100), here]
    first = facts((guest(100), guest(101)), [JOBS["listed"]], runs, now=NOW, read_at=NOW, nodes=known)
    held = judge(first, History())
    assert held.guests[100].verdict.problem is problem
    assert held.jobs["nightly"].verdict.problem is bool(problem)


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
def test_a_run_that_failed_stays_failed_when_its_guest_comes_back_without_a_backup(zone: ZoneInfo) -> None:
    both = nodes(pve1=zone)
    watch = Watch(job("nightly", 100, storage="nas", schedule="wed 03:15"), nodes=both)
    bad = run(failed_log(100, "disk full", at(3, 3, 15)), "job errors", started=at(3, 3, 15), node="pve2")
    watch.look(at(3, 4), "pve2", bad, nodes=both)
    watch.look(at(3, 5), "pve1", nodes=both)
    for hour in (6, 8, 10, 20):
        held = watch.look(at(3, hour), "pve2", nodes=both)
        assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.FAILED, Status.FAILED)


def test_c26_a_run_that_failed_is_made_good_by_one_on_another_node_though_its_guest_comes_back() -> None:
    watch = Watch(job("nightly", 100, storage="nas", schedule="03:15"))
    bad = run(failed_log(100, "disk full", at(2, 3, 15)), "job errors", started=at(2, 3, 15), node="pve2")
    assert watch.look(at(2, 9), "pve2", bad).jobs["nightly"].verdict.status is Status.FAILED
    good = run(good_log(100, at=at(3, 3, 15)), started=at(3, 3, 15), node="pve1")
    watch.look(at(3, 4), "pve1", good)
    held = watch.look(at(3, 9), "pve2")
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)


def test_a26_a_job_stays_failed_for_a_guest_that_its_next_run_passes_over() -> None:
    watch = Watch(job("nightly", 100, 101, storage="nas", schedule="03:15"))
    command = "vzdump 100 101 --mode snapshot --quiet 1 --storage nas"
    text = failed_log(100, "disk full", at(2, 3, 15)).replace("vzdump 100 --mode", "vzdump 100 101 --mode")
    watch.look(at(2, 9), "pve1", run(text, "job errors", started=at(2, 3, 15), node="pve1"))
    passes = run(good_log(101, command=command, at=at(3, 3, 15)), started=at(3, 3, 15), node="pve1")
    held = watch.look(at(3, 3, 30), "pve1", passes)
    assert (held.guests[100].verdict.problem, held.guests[101].verdict.problem) == (True, False)
    assert held.jobs["nightly"].verdict.problem is True


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
def test_a11_a_job_stays_failed_for_a_guest_that_has_left_the_node_on_which_others_are_good_now(zone: ZoneInfo) -> None:
    both = nodes(pve2=zone)
    watch = Watch(job("nightly", 100, 101, storage="nas", schedule="wed 03:15"), nodes=both)
    command = "vzdump 100 101 --mode snapshot --quiet 1 --storage nas"
    text = failed_log(100, "disk full", at(-4, 3, 15)).replace(
        "vzdump 100 --mode snapshot --quiet 1 --storage nas", command
    )
    watch.look(at(-4, 9), "pve1", run(text, "job errors", started=at(-4, 3, 15), node="pve1"), nodes=both)
    watch.look(at(-3, 9), "pve2", nodes=both)
    good = run(good_log(101, command=command, at=at(3, 3, 15)), started=at(3, 3, 15), node="pve1")
    held = watch.look(at(3, 3, 30), "pve2", good, nodes=both)
    assert (held.guests[100].verdict.problem, held.guests[101].verdict.problem) == (True, False)
    assert held.jobs["nightly"].verdict.status is Status.FAILED
    cured = run(good_log(100, command=command).replace("INFO: Backup started", ""), started=at(3, 9, 15), node="pve2")
    held = watch.look(at(3, 10), "pve2", cured, nodes=both)
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)


def test_b08_a_guest_that_was_in_another_time_zone_for_a_day_owes_only_that_days_slots_of_there() -> None:
    both, weekly = nodes(pve2=NEW_YORK), job("nightly", 100, 101, storage="nas", schedule="sun 03:15")
    watch = Watch(weekly, nodes=both)
    watch.look(at(0, 10), "pve1", ran(at(0, 3, 15), "pve1", 100, 101), nodes=both)
    there = watch.look(at(2, 12), "pve2", nodes=both)
    assert (there.guests[100].verdict.problem, there.jobs["nightly"].verdict.problem) == (False, False)
    # The Sunday of New York came at 09:15, when the guest was here.
    held = watch.look(NOW, "pve1", nodes=nodes(off="pve2", pve2=NEW_YORK))
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)


def test_a_job_that_failed_for_a_guest_stays_failed_where_the_guest_moves_to_a_node_whose_run_was_good() -> None:
    for which, nightly in JOBS.items():
        watch = Watch(nightly)
        watch.look(
            at(1, 9), "pve2", ran(at(1, 3, 15), "pve1", 101, which=which), ran(at(1, 3, 15), "pve2", 100, which=which)
        )
        command = f"vzdump {WHICH[which]} --mode snapshot --quiet 1 --storage nas"
        log = f"INFO: starting new backup job: {command}\n" + failed_log(100, at=at(2, 3, 15)).partition("\n")[2]
        failed = run(log, "job errors", started=at(2, 3, 15), node="pve2")
        watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101, which=which), failed)
        early = watch.look(at(3, 4), "pve1", ran(at(3, 3, 15), "pve1", 101, which=which))
        assert (early.guests[100].verdict.problem, early.jobs["nightly"].verdict.problem) == (True, True), which
        good = watch.look(at(4, 9), "pve1", ran(at(4, 3, 15), "pve1", 100, 101, which=which))
        assert (good.guests[100].verdict.problem, good.jobs["nightly"].verdict.problem) == (False, False), which


def test_b33_a_list_whose_oldest_run_bears_a_date_to_come_still_shows_that_a_slot_was_missed() -> None:
    def known(since: datetime, read: datetime) -> Mapping[str, NodeFacts]:
        return {name: replace(node, runs_known_since=since, tasks_read=read) for name, node in nodes().items()}

    watch = Watch()
    watch.look(at(2, 9), "pve1", ran(at(2, 3, 15), "pve1", 100, 101), nodes=known(at(1, 0), at(2, 9)))
    for moment in (at(2, 14), at(2, 19), at(3, 0), at(3, 5, 30), NOW):
        # All older runs have left the list; the one that is there was dated by a clock that was days ahead.
        watch.forget_runs("pve1")
        text = good_log(100, 101, at=at(6, 3, 15)).replace("-x.vma", "-later.vma")
        held = watch.look(
            moment, "pve1", run(text, started=at(6, 3, 15), node="pve1"), nodes=known(at(6, 3, 15), moment)
        )
    assert (held.guests[100].verdict.status, held.jobs["nightly"].verdict.status) == (Status.OVERDUE, Status.OVERDUE)


def test_b29_what_was_missed_while_a_node_was_off_stays_so_though_its_tasks_are_hidden_when_it_is_back() -> None:
    def known(read: datetime, **changes: Any) -> Mapping[str, NodeFacts]:
        return {
            name: replace(node, runs_known_since=at(1, 0), tasks_read=read) for name, node in nodes(**changes).items()
        }

    watch = Watch()
    watch.look(at(2, 9), "pve2", ran(at(2, 3, 15), "pve1", 101), ran(at(2, 3, 15), "pve2", 100), nodes=known(at(2, 9)))
    off = dict(known(at(2, 9), off="pve2"))
    off["pve2"] = replace(off["pve2"], blindness=Blindness.NODE_UNREACHABLE)
    for moment in (at(3, 1), at(3, 5, 30)):
        held = watch.look(moment, "pve2", ran(at(3, 3, 15), "pve1", 101), nodes=off)
    hidden = dict(known(NOW, booted=at(3, 8)))
    hidden["pve2"] = replace(hidden["pve2"], blindness=Blindness.TASKS_HIDDEN, tasks_read=None, runs_known_since=None)
    later = watch.look(NOW, "pve2", nodes=hidden)
    for assessment in (held, later):
        verdicts = (assessment.guests[100].verdict, assessment.jobs["nightly"].verdict)
        assert [(verdict.status, verdict.problem) for verdict in verdicts] == [(Status.OVERDUE, True)] * 2


def test_b08_a_guest_that_left_its_time_zone_while_guests_were_hidden_may_have_done_so_before_the_slot() -> None:
    both, nightly = nodes(pve2=NEW_YORK), JOBS["listed"]
    runs: list[Run] = []

    def look(held: Assessment | None, now: datetime, *places: str, **changes: Any) -> Assessment:
        guests = [guest(vmid, node=place) for vmid, place in zip((100, 101), places, strict=False)]
        known = facts(guests, [nightly], runs, now=now, read_at=now, nodes=both, **changes)
        return judge(known, held.history if held else History(), held)

    held = look(None, BEGAN, "pve1", "pve1")
    runs.append(ran(at(2, 3, 15), "pve1", 100, 101))
    held = look(held, at(2, 9), "pve1", "pve1")
    for moment in (at(2, 12), at(3, 5)):
        held = look(held, moment, guests_visible=False)
    runs.append(ran(at(3, 3, 15), "pve1", 101))
    # 03:15 in New York is 09:15 in Berlin.
    held = look(held, at(3, 9), "pve2", "pve1")
    assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)
