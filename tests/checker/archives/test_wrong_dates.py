"""What was dated ahead of every clock proves nothing, and no more when its date has come."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.history.format import from_data, to_data
from custom_components.proxmox_backup_checker.checker.model.facts import (
    ArchiveListing,
    Blindness,
    NodeFacts,
    Run,
    StorageFacts,
)
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.checker.views.agenda import agenda
from custom_components.proxmox_backup_checker.checker.views.report import report
from custom_components.proxmox_backup_checker.checker.views.wall.days import Days
from custom_components.proxmox_backup_checker.checker.views.wall.nights import Wall, guest_cells, job_cells
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive

from ..builders import BERLIN, NOW, facts, failed_log, good_log, guest, job, run

# NOW is Wednesday, 3 September 2025, 10:00 in Berlin; the job is due at 21:00 there.
NIGHTLY = job("nightly", 100, storage="nas", schedule="21:00")
WEB = guest(100)
DAY = timedelta(days=1)
SLOT = NOW - timedelta(hours=13)
"""The last slot before NOW; those after it are days later."""
AHEAD = 5 * DAY
all_traces = pytest.mark.parametrize(
    ("has_run", "has_archive"),
    [(True, True), (True, False), (False, True)],
    ids=["run and archive", "run alone", "archive alone"],
)


def name_of(moment: Any) -> str:
    """Return the name of the archive that a run leaves."""
    return f"vzdump-qemu-100-{moment.astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}.vma.zst"


def backup(moment: Any) -> Run:
    """Return a good run that started at a moment of its node's clock."""
    text = good_log(100, at=moment).replace("vzdump-qemu-100-x.vma.zst", name_of(moment))
    return run(text, started=moment)


class Life:
    """A cluster of one nightly job that is looked at; what is remembered goes through a file each time."""

    def __init__(self, *, storage: str = "nas", node: str | None = None) -> None:
        """Look at it once long ago, when it was empty, and once after five good nights."""
        self.history = History()
        self.runs: list[Run] = []
        self.archives: list[Any] = []
        self.skew = {"pve1": timedelta(), "pve2": timedelta()}
        self.blind: dict[str, Blindness] = {}
        self.storage, self.node = storage, node
        for days in range(4, -1, -1):
            self.good(SLOT - days * DAY)
        self.look(SLOT - 10 * DAY, runs=())
        self.held = self.look(NOW)

    def good(self, moment: Any, *, has_run: bool = True, has_archive: bool = True) -> None:
        """Let a backup be made at a moment of the node's clock."""
        self.runs += [backup(moment)] if has_run else []
        self.archives += [moment] if has_archive else []

    def look(self, now: Any, *, runs: Sequence[Run] | None = None, **changes: Any) -> Assessment:
        """Look at the cluster at a moment of our clock."""
        archives = tuple(
            Archive(
                volid=f"{self.storage}:backup/{name_of(moment)}",
                storage=self.storage,
                vmid=100,
                guest_type="qemu",
                ctime=int(moment.timestamp()),
                size=1,
            )
            for moment in self.archives
            if runs is None
        )
        storage = StorageFacts(
            storage=self.storage,
            node=self.node,
            plugin_type="dir" if self.node else "nfs",
            active_on=frozenset({"pve1"}),
            total=100,
            used=1,
            listing=ArchiveListing(read_at=now, archives=archives, complete=True, detailed=True),
        )
        nodes = {
            name: NodeFacts(
                name=name,
                zone=BERLIN,
                skew=skew,
                blindness=self.blind.get(name),
                online=self.blind.get(name) is not Blindness.NODE_UNREACHABLE,
                tasks_read=None if name in self.blind else now,
                runs_known_since=SLOT - 30 * DAY,
            )
            for name, skew in self.skew.items()
        }
        shown = self.runs if runs is None else runs
        shown = [made for made in shown if made.task.node not in self.blind]
        known = facts([WEB], [NIGHTLY], shown, now=now, read_at=now, storages=(storage,), nodes=nodes)
        self.held = judge(replace(known, **changes), self.history)
        self.history, damaged = from_data(json.loads(json.dumps(to_data(self.held.history))))
        assert damaged == 0
        return self.held

    @property
    def status(self) -> tuple[tuple[Status, bool | None], tuple[Status, bool | None]]:
        """What is held of the guest, and of the job."""
        of_guest, of_job = self.held.guests[100].verdict, self.held.jobs["nightly"].verdict
        return (of_guest.status, of_guest.problem), (of_job.status, of_job.problem)


FINE = ((Status.OK, False), (Status.OK, False))
OVERDUE = ((Status.OVERDUE, True), (Status.OVERDUE, True))


def with_a_wrong_clock(life: Life, *, has_run: bool = True, has_archive: bool = True) -> None:
    """Let the node's clock be ahead for a backup, and set it right again before anybody looks the next time but one."""
    life.skew["pve1"] = AHEAD
    life.good(SLOT + AHEAD + timedelta(hours=14), has_run=has_run, has_archive=has_archive)
    life.look(NOW + timedelta(hours=2))
    life.skew["pve1"] = timedelta()
    life.look(NOW + timedelta(hours=8))


@all_traces
@pytest.mark.parametrize("node", [None, "pve1"], ids=["a share", "the node's own storage"])
def test_b33_a_backup_dated_ahead_proves_nothing_when_its_date_has_come(
    has_run: bool, has_archive: bool, node: str | None
) -> None:
    life = Life(node=node)
    assert life.status == FINE
    with_a_wrong_clock(life, has_run=has_run, has_archive=has_archive)
    for days in (1, 4, 5, 6, 7):
        life.look(NOW + days * DAY + timedelta(hours=6))
        assert life.status == OVERDUE, days
        last = life.held.guests[100].verdict.last_success
        assert last is not None
        assert last <= SLOT + timedelta(hours=1)


@all_traces
def test_b33_what_a_wrong_date_shows_is_a_day_without_a_backup_everywhere(has_run: bool, has_archive: bool) -> None:
    life = Life()
    with_a_wrong_clock(life, has_run=has_run, has_archive=has_archive)
    now = NOW + 6 * DAY + timedelta(hours=6)
    held = life.look(now)
    wall = Wall(assessment=held, policy=Policy(), now=now, days=Days.ending(now, BERLIN, 5))
    assert "o" not in guest_cells(WEB, held.guests[100].verdict, wall)[0]
    assert "o" not in job_cells(held.jobs["nightly"], wall)[0]
    assert "agenda_succeeded" not in {item.title.code for item in agenda(held, NOW + 2 * DAY, now, now)}
    assert report(held, NOW + 2 * DAY, now).runs == 0
    assert [archive.ctime for archive in held.guests[100].archives if archive.ctime > NOW.timestamp()] == []


def test_b33_a_wrong_date_is_a_warning_until_it_has_come_and_a_hint_from_then_on() -> None:
    life = Life()
    with_a_wrong_clock(life)
    for days in range(1, 8):
        life.good(SLOT + days * DAY)
        verdict = life.look(NOW + days * DAY).guests[100].verdict
        assert verdict.status is (Status.WARNING if days < 5 else Status.OK)
        assert "wrong_date" in {finding.code for finding in verdict.findings}


def test_b33_what_runs_after_the_clock_was_set_right_counts_as_ever() -> None:
    life = Life()
    with_a_wrong_clock(life)
    for days in range(1, 9):
        life.good(SLOT + days * DAY)
        held = life.look(NOW + days * DAY)
        assert (held.guests[100].verdict.problem, held.jobs["nightly"].verdict.problem) == (False, False)
        last = held.guests[100].verdict.last_success
        assert last is not None
        assert timedelta() <= last - (SLOT + days * DAY) < timedelta(hours=1)


def test_b33_a_run_in_the_midst_of_which_the_clock_was_wrong_counts_from_its_start() -> None:
    life = Life()
    began, ahead = SLOT + DAY, SLOT + DAY + AHEAD
    made = run(good_log(100, at=ahead).replace("vzdump-qemu-100-x.vma.zst", name_of(ahead)), started=began)
    life.runs.append(replace(made, task=replace(made.task, ended=int(ahead.timestamp()))))
    life.archives.append(ahead)
    for now in (NOW + DAY, NOW + DAY + timedelta(hours=6)):
        held = life.look(now).guests[100].verdict
        assert (held.problem, held.last_success) == (False, began)
        assert "wrong_date" in {finding.code for finding in held.findings}
        assert life.status[1][1] is False
    for days in (2, 6):
        life.look(NOW + days * DAY + timedelta(hours=6))
        assert life.status == OVERDUE


def test_b33_a_run_that_is_read_late_is_worth_what_its_archive_was_when_it_was_seen() -> None:
    life = Life()
    life.blind["pve1"] = Blindness.TASKS_HIDDEN
    life.good(SLOT + AHEAD)
    life.look(NOW + timedelta(hours=2))
    life.blind = {}
    life.look(NOW + timedelta(hours=3), runs=[])
    life.runs, late = life.runs[:-1], life.runs[-1]
    life.look(NOW + timedelta(hours=4))
    life.runs.append(late)
    life.look(NOW + 5 * DAY + timedelta(hours=3))
    assert life.status == OVERDUE


def test_b33_a_node_that_went_off_with_a_wrong_clock_is_asked_for_it_when_it_is_back() -> None:
    life = Life()
    life.skew["pve1"] = AHEAD
    life.good(SLOT + AHEAD + timedelta(hours=14))
    life.look(NOW + timedelta(hours=2))
    life.skew["pve1"] = timedelta()
    life.blind["pve1"] = Blindness.NODE_UNREACHABLE
    life.look(NOW + DAY)
    assert life.history.wrong_dates == {}
    life.blind = {}
    life.look(NOW + 2 * DAY)
    life.look(NOW + 6 * DAY + timedelta(hours=6))
    assert life.status == OVERDUE


def test_b33_a_node_that_is_off_all_the_time_keeps_no_wrong_date_right() -> None:
    life = Life()
    life.blind["pve2"] = Blindness.NODE_UNREACHABLE
    life.look(NOW + timedelta(hours=1))
    with_a_wrong_clock(life, has_run=False)
    life.look(NOW + 6 * DAY + timedelta(hours=6))
    assert life.status == OVERDUE


def test_b33_a_clock_that_stays_ahead_goes_on_to_be_the_nodes_own() -> None:
    life = Life()
    life.skew["pve1"] = AHEAD
    for days in range(1, 9):
        life.good(SLOT + AHEAD + days * DAY)
        life.look(NOW + days * DAY)
        assert life.held.jobs["nightly"].verdict.problem is False
    assert life.history.wrong_dates == {}


def test_b33_a_clock_that_was_set_back_for_a_while_spoils_no_backup() -> None:
    life = Life()
    life.skew["pve1"] = -AHEAD
    life.look(NOW + timedelta(hours=1))
    assert life.history.wrong_dates == {}
    life.skew["pve1"] = timedelta()
    life.look(NOW + timedelta(hours=2))
    assert life.status == FINE


def test_b33_our_own_clock_spoils_no_backup_when_it_goes_back_with_all_others() -> None:
    life = Life()
    held = life.look(NOW - 3000 * DAY)
    held = life.look(NOW - 3000 * DAY + timedelta(minutes=1))
    assert held.history.wrong_dates == {}
    life.look(NOW + timedelta(hours=1))
    assert life.history.latest is None
    assert life.status == FINE


def test_b33_our_own_clock_spoils_no_backup_where_it_is_behind_from_the_start() -> None:
    life = Life()
    life.history = History()
    life.skew = dict.fromkeys(life.skew, 3 * DAY)
    life.look(NOW - 3 * DAY)
    life.skew = dict.fromkeys(life.skew, timedelta())
    life.look(NOW)
    assert life.history.wrong_dates == {}
    assert life.status == FINE


def test_b33_what_was_read_last_tells_nothing_new_of_any_date() -> None:
    life = Life()
    life.good(SLOT + AHEAD)
    life.look(NOW + timedelta(hours=2), read_at=NOW)
    assert life.history.wrong_dates == {}


def test_b33_a_first_look_after_the_date_has_come_can_know_nothing() -> None:
    life = Life()
    life.history = History()
    life.good(SLOT + AHEAD)
    life.look(NOW + AHEAD)
    assert life.status == FINE


def test_b33_a_failure_with_a_wrong_date_lasts_until_a_good_run_though_an_older_good_one_is_there() -> None:
    life = Life()
    life.skew["pve1"] = AHEAD
    ahead = SLOT + AHEAD + timedelta(hours=14)
    life.runs.append(run(failed_log(100, "disk full", ahead), "job errors", started=ahead))
    life.look(NOW + timedelta(hours=2))
    life.skew["pve1"] = timedelta()
    for hours in (8, 9, 10):
        life.look(NOW + timedelta(hours=hours))
        assert life.status == ((Status.FAILED, True), (Status.FAILED, True))
    life.good(SLOT + DAY)
    life.look(NOW + timedelta(hours=12))
    assert life.status == FINE


def test_b33_a_file_that_a_run_writes_over_one_with_a_wrong_date_counts() -> None:
    life = Life()
    life.skew["pve1"] = AHEAD
    life.good(SLOT + AHEAD)
    life.look(NOW + timedelta(hours=2))
    life.skew["pve1"] = timedelta()
    life.look(NOW + timedelta(hours=8))
    for days in range(1, 6):
        # A file of the same name takes its place; the second run of that moment has another process.
        life.good(SLOT + days * DAY, has_archive=days < 5)
        life.runs[-1] = replace(life.runs[-1], task=replace(life.runs[-1].task, upid=f"{life.runs[-1].task.upid}again"))
        life.look(NOW + days * DAY)
    assert life.status[1] == (Status.OK, False)
    assert life.status[0][1] is False
    last = life.held.guests[100].verdict.last_success
    assert last is not None
    assert last >= SLOT + 5 * DAY
