"""What each of the last days was like for a job or a group of a backup server, and the runs behind it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ...proxmox.backup_server.upid import Upid
from ..model.server_records import GroupRecord, ServerRunRecord
from ..model.verdict import Confidence, Status, Verdict
from ..server.assessment import ServerAssessment
from ..server.clock import ServerClock, zone_of
from ..server.views import GroupView, ServerJobView
from .wall.days import Days
from .wall.details import WallRun
from .wall.nights import Cell

_OF_RESULTS: Final = {
    TaskResult.OK: Cell.OK,
    TaskResult.WARNING: Cell.WARNING,
    TaskResult.ERROR: Cell.FAILED,
    TaskResult.UNKNOWN: Cell.FAILED,
}
_OF_STATUS: Final = {
    Status.OK: Cell.OK,
    Status.WARNING: Cell.WARNING,
    Status.FAILED: Cell.FAILED,
    # Its datastore was away: no failure of the job's.
    Status.ASLEEP: Cell.NOT_DUE,
    Status.PAUSED: Cell.NOT_DUE,
    Status.PENDING: Cell.NOT_DUE,
}
_RESULTS: Final = {Cell.OK: "ok", Cell.WARNING: "warning", Cell.FAILED: "failed", Cell.NOT_DUE: "not_reached"}


@dataclass(frozen=True, kw_only=True)
class ServerWall:
    """The last days of a server at one moment."""

    assessment: ServerAssessment
    days: Days
    now: datetime

    @cached_property
    def clock(self) -> ServerClock:
        """The clock by which the server dates its snapshots."""
        facts = self.assessment.facts
        return ServerClock.of(facts) if facts is not None else ServerClock(timedelta(), zone_of("UTC"))

    @cached_property
    def runs(self) -> dict[str, list[ServerRunRecord]]:
        """The finished runs of each job, oldest first."""
        found: dict[str, list[ServerRunRecord]] = {}
        for run in sorted(self.assessment.history.runs.values(), key=lambda run: run.started):
            if run.job is not None:
                found.setdefault(run.job, []).append(run)
        return found

    @property
    def _today(self) -> int:
        return len(self.days) - 1

    def cells_of_job(self, view: ServerJobView) -> str:
        """Return a letter for each day of a job."""
        cells = self._blank(self.assessment.history.tasks_since)
        for run in self.runs.get(view.subject.id, ()):
            if (day := self.days.index(run.started)) is not None:
                cells[day] = _cell_of(run, view.verdict)
        if view.due_since is not None:
            self._fill_missed(cells, view.due_since)
        self._mark_today(cells, view.verdict, view.next_run)
        return "".join(cells)

    def cells_of_group(self, view: GroupView) -> str:
        """Return a letter for each day of a group."""
        record = self.assessment.history.groups.get(view.subject.id)
        times = record.times if record is not None else ()
        cells = self._blank(self.clock.ours(times[0]) if times else None)
        if record is not None:
            for moment, cell in _days_of(record, self.clock):
                if (day := self.days.index(moment)) is not None:
                    cells[day] = cell
        if view.verdict.lasting is Status.OVERDUE and view.verdict.since is not None:
            self._fill_missed(cells, view.verdict.since)
        self._mark_today(cells, view.verdict, None)
        return "".join(cells)

    def runs_of_job(self, view: ServerJobView) -> list[WallRun]:
        """Return a job's runs of these days, and the one that is due since, newest first."""
        runs = [run for record in self.runs.get(view.subject.id, ()) if (run := self._run(record, view)) is not None]
        if view.due_since is not None and (day := self.days.index(view.due_since)) is not None:
            runs.append(
                WallRun(
                    upid=None,
                    node=view.store,
                    started=view.due_since,
                    ended=None,
                    day=self.days.dates[day],
                    result="missed",
                    job_id=view.job_id,
                    job_name=view.name,
                    by_hand=False,
                    confidence=Confidence.EXACT,
                )
            )
        return runs[::-1]

    def runs_of_group(self, view: GroupView) -> list[WallRun]:
        """Return the backups of a group in these days, newest first; how long they took is not remembered."""
        record = self.assessment.history.groups.get(view.subject.id)
        if record is None:
            return []
        found = []
        for moment, cell in _days_of(record, self.clock):
            if (day := self.days.index(moment)) is None:
                continue
            failed = record.failed if cell is Cell.FAILED and record.failed is not None else None
            is_failed_task = failed is not None and self.clock.ours(failed.ended) == moment
            found.append(
                WallRun(
                    upid=failed.upid if failed is not None and is_failed_task else None,
                    node=view.store,
                    started=moment,
                    ended=moment,
                    day=self.days.dates[day],
                    result=_RESULTS.get(cell, "unclear"),
                    job_id=None,
                    job_name=None,
                    by_hand=False,
                    confidence=Confidence.TASK if is_failed_task else Confidence.ARTIFACT,
                    error=failed.error if failed is not None and is_failed_task else None,
                )
            )
        return found[::-1]

    def _run(self, run: ServerRunRecord, view: ServerJobView) -> WallRun | None:
        if (day := self.days.index(run.started)) is None:
            return None
        state = TaskState.shown(run.state)
        return WallRun(
            upid=run.upid,
            node=Upid.parse(run.upid).node,
            started=run.started,
            ended=run.ended,
            day=self.days.dates[day],
            result=_RESULTS.get(_cell_of(run, view.verdict), "unclear"),
            job_id=view.job_id,
            job_name=view.name,
            by_hand=False,
            confidence=Confidence.EXACT,
            transferred=run.transferred,
            seconds=int((run.ended - run.started).total_seconds()),
            error=state.error,
        )

    def _blank(self, known_from: datetime | None) -> list[Cell]:
        """Return days without anything: of those before the history began nothing is known."""
        ends = self.days.starts[1:]
        return [Cell.UNKNOWN if known_from is None or end <= known_from else Cell.NOT_DUE for end in ends]

    def _fill_missed(self, cells: list[Cell], since: datetime) -> None:
        """Mark the days since something is awaited, apart from those on which it came."""
        first = self.days.index(since) if since >= self.days.starts[0] else 0
        for day in range(first if first is not None else len(cells), len(cells)):
            if cells[day] in {Cell.NOT_DUE, Cell.UNKNOWN}:
                cells[day] = Cell.MISSED

    def _mark_today(self, cells: list[Cell], verdict: Verdict, next_run: datetime | None) -> None:
        today = self._today
        if verdict.status is Status.RUNNING:
            cells[today] = Cell.RUNNING
        elif verdict.lasting is Status.UNKNOWN and cells[today] is Cell.NOT_DUE:
            cells[today] = Cell.UNKNOWN
        elif cells[today] is Cell.NOT_DUE and next_run is not None and self.days.index(next_run) == today:
            cells[today] = Cell.DUE


def _cell_of(run: ServerRunRecord, verdict: Verdict) -> Cell:
    """Return what a run came to, in the words of the verdict where that rests on it."""
    if run.upid in verdict.evidence and verdict.lasting in _OF_STATUS:
        return _OF_STATUS[verdict.lasting]
    return _OF_RESULTS[TaskState.shown(run.state).result]


def _days_of(record: GroupRecord, clock: ServerClock) -> Iterator[tuple[datetime, Cell]]:
    """Yield the backups of a group, oldest first, with what they are worth."""
    bad = set(record.bad)
    found: Iterable[tuple[int, Cell]] = ((time, Cell.FAILED if time in bad else Cell.OK) for time in record.times)
    if record.failed is not None:
        found = sorted([*found, (record.failed.ended, Cell.FAILED)])
    for time, cell in found:
        yield clock.ours(time), cell
