"""How the coming night will go: which job starts when, what waits for the node's lock, what meets on a storage, and when it ends.

It is a forecast, from schedules and from how long runs took on each node. Proxmox runs one backup at a time on a node (PVE/VZDump.pm,
getlock): a job whose slot comes while another one is at work waits, and gives up after `lockwait` minutes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import BackupJob
from ..context import Context
from ..jobs.timetable import event_of
from ..model.facts import storage_key
from ..model.labels import abbreviated, job_name_by_id
from ..model.outcome import succeeded
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import Reason

NOON: Final = time(12)
# What comes more often in a day never ends, and is nothing to wait for.
_MOST_A_DAY: Final = 5
_DAY: Final = timedelta(days=1)
_RECENT: Final = 10
WHERE_UNKNOWN: Final = timedelta(minutes=30)
_LEAST: Final = timedelta(minutes=1)
_MEETING_AT_LEAST: Final = timedelta(minutes=5)
# A forecast is no better than that.
_NEARLY: Final = timedelta(minutes=5)
_LOCK_WAIT: Final = 180
_QUARTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRun:
    """A job on a node: due at `slot`, at work from `begin` to `end` as far as can be told.

    `waits_for` is the job that has the node's lock when it is due, `gives_up` tells that it will have it for too long.
    `is_known` is False where no run tells how long it takes. A run that goes on has begun.
    """

    job_id: str
    node: str
    storage: str
    slot: datetime
    begin: datetime
    end: datetime
    is_known: bool = True
    is_running: bool = False
    waits_for: str | None = None
    gives_up: bool = False

    @property
    def waits(self) -> bool:
        """Whether it has to wait for another job."""
        return self.begin - self.slot >= _LEAST and not self.is_running


@dataclass(frozen=True, kw_only=True, slots=True)
class Meeting:
    """Two jobs that write to one storage at the same time."""

    storage: str
    jobs: tuple[str, str]
    begin: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """The time from now to the next noon, or to a later hour by which the user wants backups to be done.

    `runs` are in the order of their beginnings. `frequent` are the jobs that come so often that they are no part of it. `done_by` is
    the user's time, `late` what will not be done by it.
    """

    begin: datetime
    end: datetime
    zone: ZoneInfo
    runs: tuple[PlannedRun, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    frequent: tuple[str, ...] = ()
    done_by: datetime | None = None
    late: tuple[PlannedRun, ...] = ()

    @property
    def done(self) -> datetime | None:
        """When the last run will be over, None where nothing is due."""
        return max((run.end for run in self.runs if not run.gives_up), default=None)


def night_of(context: Context, now: datetime) -> Night:
    """Return the coming night; in the morning it is the one that goes on, as long as something runs or is due before noon."""
    zone = _zone(context)
    until = context.facts.policy.done_by
    turn = max(NOON, until) if until is not None else NOON
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), turn, zone)
    tomorrow = datetime.combine(local.date() + _DAY, turn, zone)
    night = _between(context, now, today, zone) if local < today else None
    if night is None or not night.runs:
        night = _between(context, now, tomorrow, zone)
    return night


def night_findings(context: Context) -> tuple[Reason, ...]:
    """Return what is to be said of the coming night, for a user who has set a time by which backups are to be done."""
    if context.facts.policy.done_by is None or not context.is_fresh:
        return ()
    night = night_of(context, context.facts.now)
    if not night.late or night.done_by is None:
        return ()
    told = [
        f"{job_name_by_id(run.job_id, context.history.jobs)} ({run.node}, {_clock(_rounded(run.end), night.zone)})"
        for run in night.late
    ]
    values = {"time": _clock(night.done_by, night.zone), "jobs": abbreviated(told)}
    return (Reason(ReasonCode.NIGHT_NOT_DONE, values),)


def _between(context: Context, now: datetime, end: datetime, zone: ZoneInfo) -> Night:
    jobs = [
        job for job in context.facts.jobs or () if job.enabled and job.job_id not in context.facts.policy.ignored_jobs
    ]
    frequent = tuple(job.job_id for job in jobs if _is_frequent(job, now, zone))
    runs: list[PlannedRun] = []
    by_node: dict[str, list[tuple[datetime, int, BackupJob]]] = {}
    for number, job in enumerate(jobs):
        if job.job_id in frequent:
            continue
        for node in sorted(context.nodes_of(job)):
            for slot in _slots(job, node, now, end, context):
                by_node.setdefault(node, []).append((slot, number, job))
    for node in sorted({*by_node, *(run.node for run in context.running)}):
        runs += _on_node(node, sorted(by_node.get(node, ()), key=lambda one: one[:2]), frequent, context)
    runs.sort(key=lambda run: (run.begin, run.node, run.job_id))
    until = context.facts.policy.done_by
    done_by = None
    if until is not None:
        local = end.astimezone(zone)
        day = local.date() if until <= local.time() else local.date() - _DAY
        done_by = datetime.combine(day, until, zone).astimezone(UTC)
    return Night(
        begin=now,
        end=end.astimezone(UTC),
        zone=zone,
        runs=tuple(runs),
        meetings=tuple(_meetings(runs, context)),
        frequent=frequent,
        done_by=done_by,
        late=tuple(run for run in runs if done_by is not None and run.slot < done_by < run.end - _NEARLY),
    )


def _slots(job: BackupJob, node: str, now: datetime, end: datetime, context: Context) -> Iterator[datetime]:
    """Return the slots of a job on a node that are to come; a node that is off does nothing."""
    event, facts = event_of(job), context.node(node)
    if event is None or facts is None or not facts.online:
        return
    zone = context.facts.zone_of(node) or ZoneInfo("UTC")
    for slot in islice(event.slots(now.astimezone(zone), end.astimezone(zone)), _MOST_A_DAY + 1):
        yield slot.astimezone(UTC)


def _is_frequent(job: BackupJob, now: datetime, zone: ZoneInfo) -> bool:
    event = event_of(job)
    if event is None:
        return False
    begin = now.astimezone(zone)
    return len(list(islice(event.slots(begin, (now + _DAY).astimezone(zone)), _MOST_A_DAY + 1))) > _MOST_A_DAY


def _on_node(
    node: str, due: Iterable[tuple[datetime, int, BackupJob]], frequent: tuple[str, ...], context: Context
) -> Iterator[PlannedRun]:
    """Return the runs of a node one after another, those that go on first."""
    free, holder = context.facts.now, None
    for run in sorted(context.running, key=lambda run: run.started):
        if run.node == node and run.job_id not in frequent:
            planned = _going_on(run, context)
            yield planned
            if planned.end > free:
                free, holder = planned.end, planned.job_id
    for slot, _, job in due:
        known = _duration(job, node, context)
        begin = max(slot, free)
        waits_for = holder if begin - slot >= _LEAST else None
        gives_up = begin - slot > timedelta(minutes=_lock_wait(job))
        end = begin if gives_up else begin + max(known or WHERE_UNKNOWN, _LEAST)
        yield PlannedRun(
            job_id=job.job_id,
            node=node,
            storage=context.facts.storage_name(job.storage, node),
            slot=slot,
            begin=begin,
            end=end,
            is_known=known is not None,
            waits_for=waits_for,
            gives_up=gives_up,
        )
        if not gives_up:
            free, holder = end, job.job_id


def _going_on(run: RunRecord, context: Context) -> PlannedRun:
    """Return a run that goes on; one that takes longer than usual is over at the next quarter of an hour for all that is known."""
    job = context.job(run.job_id)
    known = _duration(job, run.node, context) if job is not None else None
    now = context.facts.now
    end = run.started + timedelta(seconds=run.waited) + (known or WHERE_UNKNOWN)
    return PlannedRun(
        job_id=run.job_id or "",
        node=run.node,
        storage=context.facts.storage_name(run.storage, run.node),
        slot=run.started,
        begin=run.started,
        end=end if end > now else _rounded(now),
        is_known=known is not None,
        is_running=True,
    )


def _duration(job: BackupJob, node: str, context: Context) -> timedelta | None:
    """Return how long a job's good runs took on a node lately, without their waiting; of all its nodes where it has none there."""
    took = [
        (run.ended - run.started).total_seconds() - run.waited
        for run in islice(
            (run for run in context.job_runs(job) if run.node == node and run.outcomes and succeeded(run.status)),
            _RECENT,
        )
        if run.ended is not None
    ]
    if took:
        return max(timedelta(seconds=round(median(took))), _LEAST)
    return context.typical_duration(job)


def _lock_wait(job: BackupJob) -> int:
    text = str(job.options.get("lockwait", _LOCK_WAIT))
    return int(text) if text.isdigit() else _LOCK_WAIT


def _meetings(runs: Iterable[PlannedRun], context: Context) -> Iterator[Meeting]:
    """Return which jobs write to one storage at the same time, each pair once; a job's own nodes are meant to."""
    found: dict[tuple[str, str, str], Meeting] = {}
    at_work = [run for run in runs if not run.gives_up]
    for number, first in enumerate(at_work):
        for second in at_work[number + 1 :]:
            begin, end = max(first.begin, second.begin), min(first.end, second.end)
            place = _place(first, context)
            if first.job_id == second.job_id or place is None or place != _place(second, context):
                continue
            jobs = (min(first.job_id, second.job_id), max(first.job_id, second.job_id))
            if end - begin >= _MEETING_AT_LEAST and (place, *jobs) not in found:
                found[place, *jobs] = Meeting(storage=first.storage, jobs=jobs, begin=begin, end=end)
    yield from found.values()


def _place(run: PlannedRun, context: Context) -> str | None:
    storage = context.facts.storage_of(run.storage, run.node)
    return storage_key(storage) if storage is not None else None


def _zone(context: Context) -> ZoneInfo:
    """Return the zone in which the night is one: that of the first node that has one."""
    zones = (context.facts.zone_of(name) for name in sorted(context.facts.nodes))
    return next((zone for zone in zones if zone is not None), ZoneInfo("UTC"))


def _rounded(moment: datetime) -> datetime:
    """Return the next quarter of an hour, so that what is told does not change with every look."""
    epoch = -(-int(moment.timestamp()) // int(_QUARTER.total_seconds())) * int(_QUARTER.total_seconds())
    return datetime.fromtimestamp(epoch, UTC)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def told_of_run(run: PlannedRun, context: Context) -> Iterator[Reason]:
    """Return what the forecast says of one run: for whom it waits, and when it may be done."""
    values: dict[str, str | datetime] = {
        "node": run.node,
        "other": job_name_by_id(run.waits_for, context.history.jobs),
        "begin": run.begin,
        "done": run.end,
    }
    if run.gives_up:
        yield Reason(ReasonCode.NIGHT_GIVES_UP, values)
    elif run.waits and run.waits_for:
        yield Reason(ReasonCode.NIGHT_WAITS, values)
    if not run.gives_up and run.is_known:
        yield Reason(ReasonCode.NIGHT_DONE_ABOUT, values)


def told_of_meetings(meetings: Iterable[Meeting], job_id: str, context: Context) -> Iterator[Reason]:
    """Return which other jobs a job meets on its storage."""
    for meeting in meetings:
        if job_id in meeting.jobs:
            other = meeting.jobs[0] if meeting.jobs[1] == job_id else meeting.jobs[1]
            name = job_name_by_id(other, context.history.jobs)
            values: dict[str, str | datetime] = {"other": name, "storage": meeting.storage, "begin": meeting.begin}
            yield Reason(ReasonCode.NIGHT_MEETS, values)
