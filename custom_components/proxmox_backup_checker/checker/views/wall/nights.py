"""The wall: for every guest and job a row of cells, one for each of the last days."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final

from ....proxmox.api.backup_models import BackupJob
from ....proxmox.api.cluster_models import Guest
from ...archives.archive import archive_time
from ...assessment import Assessment, JobView
from ...context import Context
from ...model.facts import ArchiveListing
from ...model.outcome import Outcome, Result
from ...model.policy import Policy
from ...model.records import RunRecord
from ...model.subject import Subject
from ...model.verdict import Status, Verdict
from ...runs.run_summary import result_of_run
from .days import Days, Moments, Plan


class Cell(StrEnum):
    """What a day was like."""

    OK = "o"
    WARNING = "w"
    FAILED = "f"
    MISSED = "m"
    RUNNING = "r"
    DUE = "p"
    NOT_DUE = "n"
    UNKNOWN = "u"


_OF_STATUS: Final = {
    Status.OK: Cell.OK,
    Status.WARNING: Cell.WARNING,
    Status.FAILED: Cell.FAILED,
    Status.UNKNOWN: Cell.UNKNOWN,
}
_WORST_FIRST: Final = (
    *(Cell.FAILED, Cell.MISSED, Cell.RUNNING, Cell.UNKNOWN, Cell.WARNING, Cell.OK, Cell.DUE, Cell.NOT_DUE),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Missed:
    """A slot of a job that passed on a node without its run, and the number of its day."""

    day: int
    job_id: str
    node: str
    slot: datetime


@dataclass(frozen=True, slots=True)
class Promise:
    """What one job owes on one node: its plan, and the moment before which nothing was owed."""

    job_id: str
    node: str
    plan: Plan
    floor: datetime | None


@dataclass(frozen=True)
class Wall:
    """What the rows have in common at one moment: the days, and the plans of all jobs."""

    assessment: Assessment
    policy: Policy
    now: datetime
    days: Days
    _plans: dict[tuple[str, str], Plan | None] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        """What answers for the moment that is shown."""
        return self.assessment.context

    @cached_property
    def _enabled(self) -> Mapping[str, BackupJob]:
        views = self.assessment.jobs.values()
        return {view.job.job_id: view.job for view in views if view.job.enabled}

    @cached_property
    def listings(self) -> tuple[ArchiveListing, ...]:
        """The listings of all storages, to see whether any has changed."""
        views = self.assessment.storages.values()
        return tuple(view.storage.listing for view in views if view.storage.listing is not None)

    def moments(self, node: str) -> Moments:
        """Return what a node's clock shows now, and up to when its runs are known."""
        now, facts, began = self.context.node_now(node), self.context.node(node), self.assessment.history.began
        # On a node that is surely off nothing can have happened unseen.
        is_off = facts is not None and not facts.online and self.context.is_fresh
        seen = now if is_off else min(now, self.context.seen_until(node))
        return Moments(now=now, seen=seen, began=began and began + (facts.skew if facts else timedelta()))

    def plan(self, job_id: str, node: str) -> Plan | None:
        """Return when a job was due on a node; None where it is off, cannot be read, or the node's zone is not known."""
        key = (job_id, node)
        if key not in self._plans:
            self._plans[key] = self._make_plan(job_id, node)
        return self._plans[key]

    def _make_plan(self, job_id: str, node: str) -> Plan | None:
        job = self._enabled.get(job_id)
        if job is None or job_id in self.policy.ignored_jobs:
            return None
        table = self.context.timetable(job, node)
        return Plan.of(table, self.days, self.moments(node)) if table is not None else None

    def watched_since(self, node: str, floor: datetime | None) -> datetime | None:
        """Return since when a slot on a node was sure to be owed: schedules of the time before are not known."""
        return max((moment for moment in (floor, self.moments(node).began) if moment is not None), default=None)

    def promises_to(self, guest: Guest) -> list[Promise]:
        """Return what the jobs owe a guest on its node."""
        if guest.vmid in self.policy.ignored_guests:
            return []
        return [
            Promise(job.job_id, guest.node, plan, self.context.owed_since(job, guest))
            for job in self.context.jobs_of(guest)
            if (plan := self.plan(job.job_id, guest.node)) is not None
        ]

    def promises_of(self, job: BackupJob) -> list[Promise]:
        """Return what a job owes, on each node that has guests of it."""
        floors: dict[str, list[datetime | None]] = {}
        for guest in self.context.covered_guests(job):
            record = self.context.guest_record(guest)
            moments = (self.context.owed_since(job, guest), record.moved if record is not None else None)
            floor = max((moment for moment in moments if moment is not None), default=None)
            floors.setdefault(guest.node, []).append(floor)
        return [
            Promise(job.job_id, node, plan, _earliest(moments))
            for node, moments in floors.items()
            if (plan := self.plan(job.job_id, node)) is not None
        ]

    def day_of(self, run: RunRecord) -> int | None:
        """Return the number of the day to which a run belongs."""
        day = self._run_days.get(run.upid)
        return day if day is not None else self._day_of(run)

    @cached_property
    def _run_days(self) -> dict[str, int]:
        oldest = self.days.starts[0]
        runs = self.assessment.index.runs.values()
        return {run.upid: day for run in runs if run.started >= oldest and (day := self._day_of(run)) is not None}

    def _day_of(self, run: RunRecord) -> int | None:
        day = self.days.index(run.started)
        if day is None or run.job_id is None or (plan := self.plan(run.job_id, run.node)) is None:
            return day
        return plan.day_of(run.started, day)

    def outcomes(self, guest: Guest) -> Iterator[tuple[int, Outcome]]:
        """Return what runs of these days did for this very guest, with the number of the day, newest first."""
        oldest = self.days.starts[0]
        run_days = self._run_days
        for outcome in self.context.outcomes(guest):
            if outcome.started < oldest:
                return
            if (day := run_days.get(outcome.upid)) is not None:
                yield day, outcome

    def archive_days(self, guest: Guest) -> set[int]:
        """Return the numbers of the days from which this very guest has a finished archive."""
        found: set[int] = set()
        for archive in self.context.archives(guest):
            moment = archive_time(archive)
            if moment < self.days.starts[0]:
                break
            if (day := self.days.index(moment)) is not None:
                found.add(day)
        return found


def _earliest(moments: Sequence[datetime | None]) -> datetime | None:
    """Return the earliest moment; none at all is earlier than any."""
    known = [moment for moment in moments if moment is not None]
    return min(known) if len(known) == len(moments) else None


def guest_cells(guest: Guest, verdict: Verdict | None, wall: Wall) -> tuple[str, tuple[Missed, ...]]:
    """Return a guest's cells, and the slots that were missed; one that is gone has no verdict and is owed nothing."""
    by_day: dict[int, list[Outcome]] = {}
    for day, outcome in wall.outcomes(guest):
        by_day.setdefault(day, []).append(outcome)
    promises = wall.promises_to(guest) if verdict is not None else []
    marks = {day: _of_outcomes(outcomes) for day, outcomes in by_day.items()}
    for day in wall.archive_days(guest):
        if marks.get(day, Cell.UNKNOWN) is Cell.UNKNOWN:
            marks[day] = Cell.OK
    marks |= {day: Cell.WARNING for day in _late_days(by_day, promises, wall) if marks[day] is Cell.OK}
    newest = max(marks, default=-1)
    beside = _missed_beside(guest, by_day, promises, _excused(verdict), wall)
    marks |= {miss.day: min(marks[miss.day], Cell.MISSED, key=_WORST_FIRST.index) for miss in beside}
    for run in wall.assessment.running:
        going_on = any(outcome.vmid == guest.vmid and outcome.result is Result.RUNNING for outcome in run.outcomes)
        if going_on and (started := wall.day_of(run)) is not None:
            marks[started] = Cell.RUNNING
    record = wall.assessment.history.guests.get(guest.vmid)
    began = record.first_seen if record and record.first_seen else _began(marks, wall)
    cells, missed = _filled(marks, promises, began, wall, _excused(verdict), newest, guest.node)
    return cells, tuple(sorted((*missed, *beside), key=lambda miss: miss.slot)) if beside else missed


def hidden_cells(guest: Guest, wall: Wall) -> str:
    """Return the cells of a guest that the token may no longer see: of the days since then nothing is known."""
    cells = guest_cells(guest, None, wall)[0]
    record = wall.assessment.history.verdicts.get(Subject.guest(guest.vmid))
    hidden = wall.days.index(record.unknown_since) if record is not None and record.unknown_since is not None else 0
    first = hidden or 0
    return cells[:first] + cells[first:].replace(Cell.NOT_DUE.value, Cell.UNKNOWN.value)


def job_cells(view: JobView, wall: Wall) -> tuple[str, tuple[Missed, ...]]:
    """Return a job's cells, the worst of all nodes on each day, and the slots that were missed."""
    promises = wall.promises_of(view.job)
    by_node: dict[str, dict[int, list[RunRecord]]] = {promise.node: {} for promise in promises}
    for run in wall.assessment.index.by_job.get(view.job.job_id, ()):
        if run.started < wall.days.starts[0]:
            break
        if run.job_id == view.job.job_id and (day := wall.day_of(run)) is not None:
            by_node.setdefault(run.node, {}).setdefault(day, []).append(run)
    going_on = [run for run in wall.assessment.running if run.job_id == view.job.job_id]
    began = _began({day for days in by_node.values() for day in days}, wall)
    rows: list[str] = []
    missed: list[Missed] = []
    for node, days in by_node.items():
        marks = {day: cell_of_run(runs[0], wall) for day, runs in days.items()}
        if plan := wall.plan(view.job.job_id, node):
            since = wall.watched_since(node, None)
            late = [day for day, runs in days.items() if is_late(runs[-1].started, day, plan, since, days)]
            marks |= {day: Cell.WARNING for day in late if marks[day] is Cell.OK}
        newest = max(marks, default=-1)
        marks |= {day: Cell.RUNNING for run in going_on if run.node == node and (day := wall.day_of(run)) is not None}
        owed = [promise for promise in promises if promise.node == node]
        cells, gone = _filled(marks, owed, began, wall, _excused(view.verdict), newest, node)
        rows.append(cells)
        missed += gone
    if not rows:
        return _filled({}, (), began, wall, None, -1, "")[0], ()
    worst = "".join(min(cells, key=lambda cell: _WORST_FIRST.index(Cell(cell))) for cells in zip(*rows, strict=True))
    return worst, tuple(sorted(missed, key=lambda miss: miss.slot))


def _missed_beside(
    guest: Guest,
    by_day: Mapping[int, list[Outcome]],
    promises: Iterable[Promise],
    excused: Cell | None,
    wall: Wall,
) -> list[Missed]:
    """Return the slots that a guest missed on days on which it was backed up, but not by the job whose slot it was."""
    moments = wall.moments(guest.node)
    found: list[Missed] = []
    for promise in promises:
        others = {day for day, outcomes in by_day.items() if not any(_can_be_of(promise, one) for one in outcomes)}
        newest = max(by_day.keys() - others, default=-1)
        for day in sorted(others):
            if (excused is None or day < newest) and not _cured_by_hand(guest, by_day[day], promise, wall):
                found += _empty(day, [promise], moments)[1]
    return found


def _can_be_of(promise: Promise, outcome: Outcome) -> bool:
    """Tell whether an outcome is of a promise's job, or of a run whose job cannot be told."""
    return outcome.job_id == promise.job_id or (outcome.job_id is None and not outcome.by_hand)


def _cured_by_hand(guest: Guest, outcomes: Iterable[Outcome], promise: Promise, wall: Wall) -> bool:
    """Tell whether a good backup by hand onto the job's storage is among the outcomes of a day."""
    job = wall.context.job(promise.job_id)
    storage = wall.context.facts.storage_name(job.storage if job is not None else None, guest.node)
    return any(
        outcome.by_hand and outcome.result is Result.OK and wall.context.is_on_storage(outcome, storage)
        for outcome in outcomes
    )


def _of_outcomes(outcomes: Sequence[Outcome]) -> Cell:
    """Return what the outcomes of one day come to, newest first.

    The newest of each job counts; a good backup by hand makes up for all before it, and a failure by hand takes nothing
    away from a good one.
    """
    if len(outcomes) == 1:
        return _of_outcome(outcomes[0])
    jobs: set[str | None] = set()
    found: set[Cell] = set()
    by_hand: set[Cell] = set()
    for outcome in outcomes:
        cell = _of_outcome(outcome)
        if outcome.by_hand and outcome.result is not Result.OK:
            by_hand.add(cell)
            continue
        if outcome.job_id not in jobs:
            jobs.add(outcome.job_id)
            found.add(cell)
        if outcome.by_hand:
            break
    return min(found or by_hand, key=_WORST_FIRST.index)


def _of_outcome(outcome: Outcome) -> Cell:
    if outcome.result is Result.OK:
        return Cell.WARNING if outcome.warnings else Cell.OK
    return Cell.UNKNOWN if outcome.result is Result.UNCLEAR else Cell.FAILED


def cell_of_run(run: RunRecord, wall: Wall) -> Cell:
    """Return what a finished run of a job comes to."""
    return _OF_STATUS[result_of_run(run, wall.assessment.history.guests, wall.context.present).status]


def _late_days(by_day: Mapping[int, list[Outcome]], promises: Iterable[Promise], wall: Wall) -> Iterator[int]:
    """Return the days whose backups came so late that they were missed for a while."""
    runs = wall.assessment.history.runs
    for promise in promises:
        first: dict[int, datetime] = {}
        for day, outcomes in by_day.items():
            for outcome in outcomes:
                if outcome.job_id == promise.job_id and (run := runs.get(outcome.upid)) is not None:
                    first[day] = run.started
        since = wall.watched_since(promise.node, promise.floor)
        for day, started in first.items():
            if is_late(started, day, promise.plan, since, first):
                yield day


def is_late(started: datetime, day: int, plan: Plan, since: datetime | None, ran: Container[int]) -> bool:
    """Tell whether the first run of a day started only when its slot was overdue already.

    Slots from before `since` prove nothing. `ran` are the days with runs.
    """
    slots = plan.days[day]
    if slots is not None and slots.first <= started <= slots.first + plan.allowance:
        return False
    before = plan.slot_before(started, day)
    if before is None or day - before.day > 1 or not before.single or (before.day != day and before.day in ran):
        return False
    return started > before.slot + plan.allowance and (since is None or before.slot >= since)


def _began(known: Iterable[int], wall: Wall) -> datetime | None:
    """Return since when there is something to know: the first look, or the oldest run that it found."""
    oldest = min(known, default=None)
    began = wall.assessment.history.began
    if oldest is None:
        return began
    return wall.days.starts[oldest] if began is None else min(began, wall.days.starts[oldest])


def _excused(verdict: Verdict | None) -> Cell | None:
    """Return what the last days without a run were where the verdict knows them not to be missed."""
    if verdict is None:
        return Cell.NOT_DUE
    if verdict.problem is None or verdict.status is Status.UNKNOWN:
        return Cell.UNKNOWN
    return None if verdict.problem else Cell.NOT_DUE


def _filled(
    marks: Mapping[int, Cell],
    promises: Sequence[Promise],
    began: datetime | None,
    wall: Wall,
    excused: Cell | None,
    newest: int,
    node: str,
) -> tuple[str, tuple[Missed, ...]]:
    """Return the cells with the days filled in on which nothing ran; after `newest` the verdict knows better."""
    moments = wall.moments(node)
    cells: list[str] = []
    missed: list[Missed] = []
    for day in range(len(wall.days)):
        if (mark := marks.get(day)) is not None:
            cells.append(mark)
            continue
        cell, misses = _empty(day, promises, moments)
        if cell is Cell.MISSED and excused is not None and day > newest:
            cell, misses = excused, []
        if cell is Cell.NOT_DUE:
            start, end = wall.days.starts[day], wall.days.starts[day + 1]
            if began is None or end <= began or start >= moments.seen:
                cell = Cell.UNKNOWN
        cells.append(cell)
        missed += misses
    return "".join(cells), tuple(missed)


def _empty(day: int, promises: Iterable[Promise], moments: Moments) -> tuple[Cell, list[Missed]]:
    """Return what a day without a run comes to, by the slots that it had."""
    cell = Cell.NOT_DUE
    missed: list[Missed] = []
    for promise in promises:
        plan, slots = promise.plan, promise.plan.days[day]
        if slots is None or (promise.floor is not None and slots.last < promise.floor):
            continue
        slot = slots.first if promise.floor is None or slots.first >= promise.floor else slots.last
        if day >= plan.overdue:
            found = Cell.DUE
        elif day >= plan.unseen or (moments.began is not None and slot < moments.began):
            found = Cell.UNKNOWN
        else:
            found = Cell.MISSED
            missed.append(Missed(day=day, job_id=promise.job_id, node=promise.node, slot=slot))
        cell = min(cell, found, key=_WORST_FIRST.index)
    return cell, missed
