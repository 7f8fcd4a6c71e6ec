"""The calendar of a backup server: what its jobs did and how it ended, what is awaited, what runs, and what is due."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Final

from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ...proxmox.calendar.event import CalendarEvent
from ..model.labels import duration_text, size_text
from ..model.reason_codes import ReasonCode
from ..model.server_records import ServerRunRecord
from ..model.verdict import Reason, Status, Verdict
from ..server.assessment import ServerAssessment
from ..server.clock import ServerClock, middle_of
from ..server.run_memory import job_of
from ..server.views import ServerJobView
from .agenda import DURATION_WHERE_UNKNOWN, LEAST_SHOWN, MOST_A_DAY, AgendaItem, bounds_of, days_between, whole_day

_KINDS: Final = {"sync": "Sync", "verify": "Verify", "prune": "Prune", "gc": "Garbage collection"}
_TITLES: Final = {
    TaskResult.OK: ReasonCode.AGENDA_SUCCEEDED,
    TaskResult.WARNING: ReasonCode.AGENDA_WARNINGS,
    TaskResult.ERROR: ReasonCode.AGENDA_FAILED,
    TaskResult.UNKNOWN: ReasonCode.AGENDA_FAILED,
}
_AS_HELD: Final = {
    Status.WARNING: ReasonCode.AGENDA_WARNINGS,
    Status.FAILED: ReasonCode.AGENDA_FAILED,
}


def server_agenda(assessment: ServerAssessment, start: datetime, end: datetime, now: datetime) -> list[AgendaItem]:
    """Return all items that reach into the time from `start` to `end`, the oldest first; nothing of a server that was never read."""
    if assessment.facts is None:
        return []
    book = _Book(assessment, ServerClock.of(assessment.facts))
    items = [*book.past(start, end), *book.missed(), *book.running(now), *book.planned(start, end, now)]
    return sorted(
        (item for item in items if item.start < end and item.end > start), key=lambda item: (item.start, item.identity)
    )


def server_current_or_next(assessment: ServerAssessment, now: datetime) -> AgendaItem | None:
    """Return what goes on, else what is due next."""
    if assessment.facts is None:
        return None
    book = _Book(assessment, ServerClock.of(assessment.facts))
    if going_on := list(book.running(now)):
        return min(going_on, key=lambda item: item.start)
    upcoming = [book.slot(view, view.next_run) for view in assessment.jobs.values() if view.next_run is not None]
    return min(upcoming, key=lambda item: (item.start, item.identity), default=None)


def label_of(view: ServerJobView) -> str:
    """Return what a job is called beside jobs of other kinds."""
    return f"{_KINDS[view.kind]}: {view.name}"


@dataclass(frozen=True)
class _Book:
    """What is known of a server's jobs, by which its calendar is written."""

    assessment: ServerAssessment
    clock: ServerClock

    @cached_property
    def runs(self) -> dict[str, list[ServerRunRecord]]:
        """The finished runs of each job, oldest first."""
        found: dict[str, list[ServerRunRecord]] = defaultdict(list)
        for run in sorted(self.assessment.history.runs.values(), key=lambda run: run.started):
            if run.job is not None and run.job in self.assessment.jobs:
                found[run.job].append(run)
        return found

    def usual(self, view: ServerJobView) -> timedelta:
        """Return how long a job usually takes."""
        lasted = [run.ended - run.started for run in self.runs.get(view.subject.id, ())]
        return max(middle_of(lasted), LEAST_SHOWN) if lasted else DURATION_WHERE_UNKNOWN

    def past(self, start: datetime, end: datetime) -> Iterable[AgendaItem]:
        """Return the finished runs; where there are too many of one job in a day, one item for all that are good."""
        for job, runs in self.runs.items():
            view = self.assessment.jobs[job]
            by_day: dict[date, list[ServerRunRecord]] = defaultdict(list)
            for run in runs:
                if run.started < end and run.ended >= start - timedelta(days=1):
                    by_day[self.clock.local(run.started).date()].append(run)
            for day, of_day in by_day.items():
                if len(of_day) <= MOST_A_DAY:
                    yield from (self._of_run(run, view) for run in of_day)
                    continue
                bad = [run for run in of_day if _TITLES[TaskState.shown(run.state).result] is ReasonCode.AGENDA_FAILED]
                yield from (self._of_run(run, view) for run in bad[:MOST_A_DAY])
                values = {"job": label_of(view), "count": str(len(of_day)), "failed": str(len(bad))}
                yield whole_day(f"runs_{job}_{day}", day, self.clock.zone, Reason(ReasonCode.AGENDA_MANY_RUNS, values))

    def _of_run(self, run: ServerRunRecord, view: ServerJobView) -> AgendaItem:
        state, verdict = TaskState.shown(run.state), view.verdict
        is_held = run.upid in verdict.evidence
        title = _TITLES[state.result]
        if is_held:
            title = _AS_HELD.get(verdict.lasting, title)
        return AgendaItem(
            identity=f"run_{run.upid}",
            start=run.started,
            end=max(run.ended, run.started + LEAST_SHOWN),
            title=Reason(title, {"job": label_of(view)}),
            details=tuple(_details(run, state, verdict if is_held else None)),
        )

    def missed(self) -> Iterable[AgendaItem]:
        """Return the runs that are due and have not begun."""
        for view in self.assessment.jobs.values():
            if view.due_since is not None:
                yield AgendaItem(
                    identity=f"due_{view.subject.id}",
                    start=view.due_since,
                    end=view.due_since + self.usual(view),
                    title=Reason(ReasonCode.AGENDA_MISSED, {"job": label_of(view)}),
                    details=(view.verdict.reason,),
                )

    def running(self, now: datetime) -> Iterable[AgendaItem]:
        """Return the runs that go on."""
        facts = self.assessment.facts
        for task in facts.tasks if facts is not None else ():
            view = self.assessment.jobs.get(job_of(task) or "") if task.running else None
            if view is None:
                continue
            started = self.clock.ours(task.upid.starttime)
            end = started + self.usual(view)
            if end <= now:
                # It takes longer than usual: until the next full hour, so that the end does not move with every look.
                end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            yield AgendaItem(
                identity=f"run_{task.upid.text}",
                start=started,
                end=end,
                title=Reason(ReasonCode.AGENDA_RUNNING, {"job": label_of(view), "node": task.upid.node}),
            )

    def planned(self, start: datetime, end: datetime, now: datetime) -> Iterable[AgendaItem]:
        """Return the next runs, as the server tells them, and those after them by the schedules."""
        for view in self.assessment.jobs.values():
            if (first := view.next_run) is None or first < now - timedelta(hours=2):
                continue
            if view.schedule is None or (event := _event(view.schedule)) is None:
                yield self.slot(view, first)
                continue
            for day in days_between(max(start, first), end, self.clock.zone):
                yield from self._of_day(view, event, day, first)

    def _of_day(self, view: ServerJobView, event: CalendarEvent, day: date, first: datetime) -> Iterator[AgendaItem]:
        begin, until = bounds_of(day, self.clock.zone)
        if len(list(islice(event.slots(begin, until), MOST_A_DAY + 1))) > MOST_A_DAY:
            values = {"job": label_of(view), "schedule": view.schedule or ""}
            reason = Reason(ReasonCode.AGENDA_MANY_SLOTS, values)
            yield whole_day(f"plan_{view.subject.id}_{day}", day, self.clock.zone, reason)
            return
        # Slots are asked for after a moment, and the next run is one of them.
        since = max(begin, self.clock.local(first) - timedelta(seconds=1))
        for slot in event.slots(since, until):
            yield self.slot(view, slot.astimezone(UTC) - self.clock.skew)

    def slot(self, view: ServerJobView, moment: datetime) -> AgendaItem:
        """Return a run that is to come."""
        usual = self.usual(view)
        return AgendaItem(
            identity=f"plan_{view.subject.id}_{int(moment.timestamp())}",
            start=moment,
            end=moment + usual,
            title=Reason(ReasonCode.AGENDA_PLANNED, {"job": label_of(view)}),
            details=(Reason(ReasonCode.AGENDA_USUALLY, {"duration": duration_text(usual)}),)
            if self.runs.get(view.subject.id)
            else (),
        )


def _details(run: ServerRunRecord, state: TaskState, verdict: Verdict | None) -> Iterator[Reason]:
    if verdict is not None and verdict.lasting in _AS_HELD:
        yield verdict.reason
        yield from (finding for finding in verdict.findings if finding != verdict.reason)
    elif state.error:
        yield Reason(ReasonCode.PBSJOB_FAILED, {"said": state.error})
    duration = duration_text(run.ended - run.started)
    if run.freed is not None:
        yield Reason(ReasonCode.AGENDA_FREED, {"size": size_text(run.freed), "duration": duration})
    elif run.transferred:
        yield Reason(ReasonCode.AGENDA_FIGURES, {"size": size_text(run.transferred), "duration": duration})
    else:
        yield Reason(ReasonCode.AGENDA_DURATION, {"duration": duration})


def _event(schedule: str) -> CalendarEvent | None:
    try:
        return CalendarEvent.parse(schedule)
    except ValueError:
        return None
