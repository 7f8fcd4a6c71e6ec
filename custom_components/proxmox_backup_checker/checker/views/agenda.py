"""The calendar of backups: what ran and how it ended, what should have run, what runs, and what is due."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from ..assessment import Assessment, JobView
from ..jobs.timetable import event_of
from ..model.labels import abbreviated, duration_text, job_name, job_name_by_id, labels_of_guests, size_text
from ..model.outcome import Result
from ..model.reason_codes import ReasonCode
from ..model.records import MissRecord, RunRecord
from ..model.verdict import Confidence, Reason, Status, gravity
from ..runs.run_summary import is_empty, result_of_run, starts_of, tell_run
from ..verdicts.night import PlannedRun, night_of, told_of_meetings, told_of_run

# What takes place more often in a day is told in one line for the day: the rest of the month would drown in it.
MOST_A_DAY: Final = 5
# What comes more often than hourly is nothing to wait for; a day has up to 25 hours.
_HOURLY: Final = timedelta(days=1) / 25
# More than any calendar can show.
_MOST_DAYS: Final = 800
DURATION_WHERE_UNKNOWN: Final = timedelta(minutes=30)
LEAST_SHOWN: Final = timedelta(minutes=1)
# A run is seen some minutes after its slot.
_STILL_DUE: Final = timedelta(hours=2)
_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)
_TITLES: Final = {
    Status.FAILED: ReasonCode.AGENDA_FAILED,
    Status.UNKNOWN: ReasonCode.AGENDA_UNCLEAR,
    Status.WARNING: ReasonCode.AGENDA_WARNINGS,
    Status.OK: ReasonCode.AGENDA_SUCCEEDED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AgendaItem:
    """One line of the calendar; `day` is set where it is of a whole day, `nodes` are those on which it takes place.

    `status` tells how what has happened went, `job_id` whose run it was.
    """

    identity: str
    start: datetime
    end: datetime
    title: Reason
    details: tuple[Reason, ...] = ()
    nodes: tuple[str, ...] = ()
    day: date | None = None
    status: Status | None = None
    job_id: str | None = None


def happened(assessment: Assessment, start: datetime, now: datetime) -> list[AgendaItem]:
    """Return what ran, what should have run and what runs, the newest first."""
    items = [*_past(assessment, start, now), *_missed(assessment), *_running(assessment, now)]
    return sorted(
        (item for item in items if item.end > start and item.start <= now),
        key=lambda item: (item.start if item.day is None else min(item.end, now), item.identity),
        reverse=True,
    )


def agenda(assessment: Assessment, start: datetime, end: datetime, now: datetime) -> list[AgendaItem]:
    """Return all items that reach into the time from `start` to `end`, the oldest first."""
    planned = (item for view in assessment.jobs.values() for item in _planned(view, assessment, start, end, now))
    items = [
        *_past(assessment, start, end),
        *_missed(assessment),
        *_running(assessment, now),
        *_as_the_night_goes(planned, assessment, now),
    ]
    return sorted(
        (item for item in items if item.start < end and item.end > start), key=lambda item: (item.start, item.identity)
    )


def current_or_next(assessment: Assessment, now: datetime) -> AgendaItem | None:
    """Return what goes on, else what is due next; a job that runs all the time tells nothing."""
    if going_on := list(_running(assessment, now)):
        return min(going_on, key=lambda item: item.start)
    upcoming = [item for view in assessment.jobs.values() for item in _next(view, assessment, now)]
    return min(upcoming, key=lambda item: (item.start, item.identity), default=None)


def _past(assessment: Assessment, start: datetime, end: datetime) -> Iterable[AgendaItem]:
    """Return the finished runs; where there are too many of one job in a day, one item for all that are good."""
    by_day: dict[tuple[str | None, date], list[list[RunRecord]]] = defaultdict(list)
    for group in _groups(assessment, start - _DAY, end):
        zone = zone_of(group[0].node, assessment)
        by_day[group[0].job_id, group[0].started.astimezone(zone).date()].append(group)
    for (job_id, day), groups in by_day.items():
        if len(groups) <= MOST_A_DAY:
            yield from (_of_group(group, assessment) for group in groups)
            continue
        bad = [group for group in groups if _status(group, assessment) is Status.FAILED]
        yield from (_of_group(group, assessment) for group in bad[:MOST_A_DAY])
        values = {
            "job": job_name_by_id(job_id, assessment.history.jobs),
            "count": str(len(groups)),
            "failed": str(len(bad)),
        }
        zone = zone_of(groups[0][0].node, assessment)
        newest = max(groups, key=lambda group: group[0].started)
        day_item = whole_day(f"runs_{job_id}_{day}", day, zone, Reason(ReasonCode.AGENDA_MANY_RUNS, values))
        status = Status.FAILED if bad else Status.OK
        yield replace(day_item, details=_of_group(newest, assessment).details, status=status, job_id=job_id)


def _groups(assessment: Assessment, start: datetime, end: datetime) -> Iterable[list[RunRecord]]:
    """Return the runs of each start of a job, those of all nodes together."""
    return starts_of(
        run
        for run in assessment.history.rightly_dated_runs()
        if run.ended is not None and run.started < end and run.ended >= start and not is_empty(run)
    )


def _status(group: Iterable[RunRecord], assessment: Assessment) -> Status:
    """Return how the runs of a group ended together: as the worst of them."""
    return min((result_of_run(run, assessment.history.guests, assessment.guests).status for run in group), key=gravity)


def _of_group(group: list[RunRecord], assessment: Assessment) -> AgendaItem:
    status = _status(group, assessment)
    outcomes = [outcome for run in group for outcome in run.outcomes]
    bad = {outcome.vmid for outcome in outcomes if outcome.result is not Result.OK}
    every = {outcome.vmid for outcome in outcomes}
    code = _TITLES[status]
    if status is Status.FAILED and bad and bad != every:
        code = ReasonCode.AGENDA_FAILED_IN_PART
    values = {
        "job": job_name_by_id(group[0].job_id, assessment.history.jobs),
        "guests": abbreviated(labels_of_guests(sorted(every), assessment.history.guests)),
        "bad": str(len(bad)),
        "count": str(len(every)),
    }
    if status is Status.UNKNOWN and not values["job"]:
        code = ReasonCode.AGENDA_UNCLEAR_RUN
    elif group[0].confidence is Confidence.MANUAL:
        code = ReasonCode.AGENDA_BY_HAND_FAILED if status is Status.FAILED else ReasonCode.AGENDA_BY_HAND
    elif not values["job"]:
        code = ReasonCode.AGENDA_UNKNOWN_JOB_FAILED if status is Status.FAILED else ReasonCode.AGENDA_UNKNOWN_JOB
    first = min(run.started for run in group)
    last = max(run.ended for run in group if run.ended is not None)
    return AgendaItem(
        identity=f"run_{group[0].upid}",
        start=first,
        end=max(last, first + LEAST_SHOWN),
        title=Reason(code, values),
        details=tuple(_details(group, last - first, assessment)),
        nodes=tuple(sorted({run.node for run in group})),
        status=status,
        job_id=group[0].job_id,
    )


def _details(group: list[RunRecord], duration: timedelta, assessment: Assessment) -> Iterable[Reason]:
    for run in sorted(group, key=lambda run: run.node):
        result = result_of_run(run, assessment.history.guests, assessment.guests)
        concerned = dict.fromkeys(
            outcome.vmid
            for outcome in run.outcomes
            if result.status is not Status.FAILED or outcome.result is not Result.OK
        )
        names = labels_of_guests(concerned, assessment.history.guests)
        yield tell_run(run, result.status, job_name_by_id(run.job_id, assessment.history.jobs) or None, names)
    sizes = [outcome.size for run in group for outcome in run.outcomes if outcome.size is not None]
    if sizes:
        yield Reason(ReasonCode.AGENDA_FIGURES, {"size": size_text(sum(sizes)), "duration": duration_text(duration)})
    else:
        yield Reason(ReasonCode.AGENDA_DURATION, {"duration": duration_text(duration)})


def _missed(assessment: Assessment) -> Iterable[AgendaItem]:
    for miss in assessment.history.misses.values():
        view = assessment.jobs.get(miss.job_id)
        usual = _usual(view, assessment) if view is not None else None
        yield AgendaItem(
            identity=f"miss_{miss.key}",
            start=miss.slot,
            end=miss.slot + (usual or DURATION_WHERE_UNKNOWN),
            title=Reason(
                ReasonCode.AGENDA_NOT_STARTED if miss.code.meaning.is_start_failed else ReasonCode.AGENDA_MISSED,
                {"job": job_name_by_id(miss.job_id, assessment.history.jobs)},
            ),
            details=(_why_missed(miss, assessment),),
            nodes=(miss.node,),
            status=Status.OVERDUE,
            job_id=miss.job_id,
        )


def _why_missed(miss: MissRecord, assessment: Assessment) -> Reason:
    values: dict[str, str | datetime] = {
        "job": job_name_by_id(miss.job_id, assessment.history.jobs),
        "node": miss.node,
        "slot": miss.slot,
        "error": miss.error or "",
        "origin": "?",
    }
    return Reason(miss.code, values)


def _running(assessment: Assessment, now: datetime) -> Iterable[AgendaItem]:
    for run in assessment.running:
        job = job_name_by_id(run.job_id, assessment.history.jobs)
        view = assessment.jobs.get(run.job_id or "")
        usual = _usual(view, assessment) if view is not None else None
        end = run.started + (usual or DURATION_WHERE_UNKNOWN)
        if end <= now:
            # It takes longer than usual: until the next full hour, so that the end does not move with every look.
            end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        yield AgendaItem(
            identity=f"run_{run.upid}",
            start=run.started,
            end=end,
            title=Reason(
                ReasonCode.AGENDA_RUNNING if job else ReasonCode.AGENDA_RUNNING_BY_HAND, {"job": job, "node": run.node}
            ),
            nodes=(run.node,),
            status=Status.RUNNING,
            job_id=run.job_id,
        )


def _planned(
    view: JobView, assessment: Assessment, start: datetime, end: datetime, now: datetime
) -> Iterable[AgendaItem]:
    """Return the slots to come, once for all nodes of a zone; those of a day in one item where they are too many."""
    if not _is_planned(view):
        return
    since = max(start - (_usual(view, assessment) or DURATION_WHERE_UNKNOWN), now - _STILL_DUE)
    for zone, nodes in _zones(view, assessment).items():
        for day in days_between(since, end, zone):
            slots = list(islice(_slots(view, assessment, day, zone, since), MOST_A_DAY + 1))
            if slots and _are_many(view, day, zone):
                values = {"job": job_name(view.job), "schedule": view.job.schedule or ""}
                identity = f"plan_{view.job.job_id}_{day}_{zone}"
                day_item = whole_day(identity, day, zone, Reason(ReasonCode.AGENDA_MANY_SLOTS, values))
                yield replace(day_item, details=_of_slot(view, assessment, slots[0], nodes).details, nodes=nodes)
            else:
                yield from (_of_slot(view, assessment, slot, nodes) for slot in slots)


def _as_the_night_goes(items: Iterable[AgendaItem], assessment: Assessment, now: datetime) -> Iterable[AgendaItem]:
    """Return planned runs with what the forecast of the coming night says: whom they wait for, and when they may be done."""
    context = assessment.context
    night = night_of(context, now)
    runs: dict[str, list[PlannedRun]] = defaultdict(list)
    for run in night.runs:
        if not run.is_running:
            runs[f"plan_{run.job_id}_{int(run.slot.timestamp())}"].append(run)
    for item in items:
        of_item = [run for run in runs.get(item.identity, ()) if run.node in item.nodes]
        if not of_item:
            yield item
            continue
        told = [reason for run in of_item for reason in told_of_run(run, context)]
        told += told_of_meetings(night.meetings, of_item[0].job_id, context)
        end = max([run.end for run in of_item if not run.gives_up], default=item.end)
        yield replace(item, end=max(end, item.end), details=(*item.details, *told))


def _is_planned(view: JobView) -> bool:
    return view.job.enabled and view.verdict.status is not Status.IGNORED and event_of(view.job) is not None


def days_between(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[date]:
    """Yield the days of a zone from one moment to another."""
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    for _ in range(_MOST_DAYS):
        if day > last:
            return
        yield day
        day += _DAY


def _are_many(view: JobView, day: date, zone: ZoneInfo) -> bool:
    """Tell whether a job has too many slots in a day, whatever is left of it."""
    event = event_of(view.job)
    begin, until = bounds_of(day, zone)
    return event is not None and len(list(islice(event.slots(begin, until), MOST_A_DAY + 1))) > MOST_A_DAY


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return between which moments the slots of a day lie: they are asked for after a moment, and midnight is of this day."""
    moments = (
        datetime.combine(each, time(), zone).astimezone(UTC) - timedelta(seconds=1) for each in (day, day + _DAY)
    )
    begin, until = (moment.astimezone(zone) for moment in moments)
    return begin, until


def _slots(view: JobView, assessment: Assessment, day: date, zone: ZoneInfo, since: datetime) -> Iterator[datetime]:
    """Return the slots of one day that are to come, or due without a run so far."""
    event = event_of(view.job)
    if event is None:
        return
    begin, until = bounds_of(day, zone)
    newest = max((run.started for run in _runs_seen(view, assessment)), default=None)
    missed = {(miss.job_id, int(miss.slot.timestamp())) for miss in assessment.history.misses.values()}
    for slot in event.slots(max(begin.astimezone(UTC), since).astimezone(zone), until):
        if newest is None or slot.timestamp() > (newest + _CLOCKS_DIFFER).timestamp():
            if (view.job.job_id, int(slot.timestamp())) not in missed:
                yield slot.astimezone(UTC)


def _runs_seen(view: JobView, assessment: Assessment) -> Iterable[RunRecord]:
    """Return a job's newest finished run and those that go on."""
    job_id = view.job.job_id
    yield from assessment.index.by_job.get(job_id, ())[:1]
    yield from (run for run in assessment.running if job_id in {run.job_id, *run.candidates})


def _next(view: JobView, assessment: Assessment, now: datetime) -> Iterable[AgendaItem]:
    """Return the next slot of a job in each zone, or the one that is due now."""
    event = event_of(view.job)
    if event is None or not _is_planned(view):
        return
    for zone, nodes in _zones(view, assessment).items():
        following = event.next_after(now.astimezone(zone))
        after = event.next_after(following) if following is not None else None
        if following is None or (
            after is not None and after.timestamp() - following.timestamp() < _HOURLY.total_seconds()
        ):
            continue
        today = now.astimezone(zone).date()
        due = next(_slots(view, assessment, today, zone, now - _STILL_DUE), None)
        item = _of_slot(view, assessment, due if due is not None and due <= now else following.astimezone(UTC), nodes)
        yield item if item.end > now else _of_slot(view, assessment, following.astimezone(UTC), nodes)


def _of_slot(view: JobView, assessment: Assessment, slot: datetime, nodes: tuple[str, ...]) -> AgendaItem:
    usual = _usual(view, assessment)
    values = {
        "job": job_name(view.job),
        "guests": abbreviated(labels_of_guests(view.covered, assessment.history.guests)) or "–",
        "storage": ", ".join(sorted({assessment.context.facts.storage_name(view.job.storage, node) for node in nodes})),
    }
    plan = Reason(ReasonCode.AGENDA_PLAN, values)
    if usual is not None:
        plan = Reason(ReasonCode.AGENDA_PLAN_WITH_DURATION, {**values, "duration": duration_text(usual)})
    return AgendaItem(
        identity=f"plan_{view.job.job_id}_{int(slot.timestamp())}",
        start=slot,
        end=slot + (usual or DURATION_WHERE_UNKNOWN),
        title=Reason(ReasonCode.AGENDA_PLANNED, values),
        details=(plan,),
        nodes=nodes,
    )


def _usual(view: JobView, assessment: Assessment) -> timedelta | None:
    """Return how long a job's good runs take."""
    typical = assessment.context.typical_duration(view.job)
    return max(typical, LEAST_SHOWN) if typical is not None else None


def _zones(view: JobView, assessment: Assessment) -> dict[ZoneInfo, tuple[str, ...]]:
    """Return the zones of the nodes on which a job has work to do, each with its nodes."""
    zones: dict[ZoneInfo, list[str]] = {}
    nodes = {assessment.guests[vmid].guest.node for vmid in view.covered if vmid in assessment.guests}
    for node in sorted(nodes):
        zones.setdefault(zone_of(node, assessment), []).append(node)
    return {zone: tuple(nodes) for zone, nodes in zones.items()}


def zone_of(node: str, assessment: Assessment) -> ZoneInfo:
    """Return a node's zone, UTC where none is known."""
    return assessment.context.facts.zone_of(node) or ZoneInfo("UTC")


def whole_day(identity: str, day: date, zone: ZoneInfo, title: Reason) -> AgendaItem:
    """Return an item of a whole day."""
    start, end = (datetime.combine(moment, time(), zone).astimezone(UTC) for moment in (day, day + _DAY))
    return AgendaItem(identity=identity, start=start, end=end, title=title, day=day)
