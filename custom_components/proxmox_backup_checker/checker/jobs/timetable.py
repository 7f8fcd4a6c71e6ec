"""When a job was due: its slots in the zone of a node, and the time until which a slot's run may be awaited."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
import math
from typing import Final, Self
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.calendar.event import CalendarEvent
from ..model.records import JobDefinition

UNKNOWN_DURATION: Final = timedelta(hours=2)
_LEAST_DURATION: Final = timedelta(minutes=90)
_DURATIONS_LOOKED_AT: Final = 10
# The scheduler looks once a minute, near second 0 (PVE/Service/pvescheduler.pm).
_STARTS_WITHIN: Final = timedelta(seconds=90)
_CLOCKS_DIFFER: Final = timedelta(seconds=5)
_BOOT_TAKES: Final = timedelta(minutes=10)
# Which of the two hours that come twice Proxmox takes is not certain (facts of PVE/CalendarEvent.pm and libc).
_DOUBLED_HOUR: Final = timedelta(hours=1)
_MOST_SLOTS: Final = 100
_ONE_SECOND: Final = timedelta(seconds=1)


type Span = tuple[datetime, datetime]
"""Start and end of a run, or between which moments something was."""


@lru_cache(maxsize=1024)
def _parsed(schedule: str) -> CalendarEvent | None:
    try:
        return CalendarEvent.parse(schedule)
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _parsed_legacy(days: str, starttime: str) -> CalendarEvent | None:
    try:
        return CalendarEvent.from_legacy(days, starttime)
    except ValueError:
        return None


def event_of(job: BackupJob) -> CalendarEvent | None:
    """Return a job's schedule, None where it has none or one that cannot be read (see `has_schedule`)."""
    if job.schedule:
        return _parsed(job.schedule)
    if job.starttime:
        return _parsed_legacy(job.day_of_week or "", job.starttime)
    return None


def _event_of_past(past: JobDefinition) -> CalendarEvent | None:
    if not past.schedule:
        return None
    return _parsed(past.schedule) if past.days is None else _parsed_legacy(past.days, past.schedule)


def has_schedule(job: BackupJob) -> bool:
    """Tell whether a job is to run by itself."""
    return bool(job.schedule or job.starttime)


def usual_duration(durations: Sequence[timedelta]) -> timedelta:
    """Return how long a job's run may well take: the ninth tenth of its last good ones, given newest first."""
    newest = sorted(durations[:_DURATIONS_LOOKED_AT])
    return newest[math.ceil(0.9 * len(newest)) - 1] if newest else UNKNOWN_DURATION


def allowance(usual: timedelta, grace: timedelta) -> timedelta:
    """Return the time after a slot until which its run may be awaited, by how long a run usually takes."""
    return grace + max(1.5 * usual, _LEAST_DURATION)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A time in which a job had one schedule and one storage, by the node's clock; None where it has no such end.

    It surely held between `since` and `until`. It was edited at a moment that nobody saw, so that it may have held from
    `earliest` on and up to `latest`. `zone` is that of another node, on which the guest was then.
    """

    event: CalendarEvent
    storage: str | None
    since: datetime | None = None
    until: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    zone: ZoneInfo | None = None

    def holds(self, slot: datetime) -> bool:
        """Tell whether a slot is surely of this period."""
        return (self.since is None or slot > self.since) and (self.until is None or slot <= self.until)

    def may_hold(self, slot: datetime) -> bool:
        """Tell whether a slot can be of this period."""
        return (self.earliest is None or slot > self.earliest) and (self.latest is None or slot <= self.latest)


def periods_of(job: BackupJob, past: Sequence[JobDefinition], skew: timedelta, zone: ZoneInfo) -> tuple[Period, ...]:
    """Return what a job was defined as over time, the newest first; none where its schedule cannot be read.

    `past` are its earlier definitions, newest first, `skew` is what the node's clock is ahead of ours. A slot from the time
    in which nobody saw the edit is of neither schedule, unless both are the same: then it is of the newer period. But the
    first slot of the old schedule in that time is owed where one of the new follows it: whenever the edit was, one of
    the two came.
    """
    event = event_of(job)
    if event is None:
        return ()
    schedules = [(event, job.storage), *((_event_of_past(before), before.storage) for before in past)]
    periods = []
    for place, (schedule, storage) in enumerate(schedules):
        after = past[place - 1] if place > 0 else None
        before = past[place] if place < len(past) else None
        if schedule is not None:
            is_kept = before is not None and _event_of_past(before) == schedule
            period = Period(
                event=schedule,
                storage=storage,
                since=(before.until if is_kept else before.edited) + skew if before is not None else None,
                until=_surely_until(schedule, schedules[place - 1][0], after, skew, zone)
                if after is not None
                else None,
                earliest=before.until + skew if before is not None else None,
                latest=after.edited + skew if after is not None else None,
            )
            periods.append(period)
    return tuple(periods)


def _surely_until(
    event: CalendarEvent, following: CalendarEvent | None, edit: JobDefinition, skew: timedelta, zone: ZoneInfo
) -> datetime:
    """Return up to when slots of a schedule were surely owed, by its own rules or by the one that took its place."""
    until, edited = edit.until + skew, edit.edited + skew
    slot = _utc(event.next_after(until.astimezone(zone)))
    if slot is None or following is None or following == event:
        return until
    last = _utc(following.last_before(edited.astimezone(zone)))
    return slot if last is not None and slot <= last else until


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """A job's slots on one node around a moment, in UTC by the node's clock.

    `due` is the newest slot whose time is up, `latest` the newest one at all, `following` the next one; each None where
    there is none. `doubtful` is a newer one than `due` whose time is up and that the job may have had: nobody saw then that it was
    edited. `allowance` is the time that a slot's run may take. `periods` are the times between the job's edits,
    newest first: a slot is that of the schedule which the job had then.
    """

    due: datetime | None
    latest: datetime | None
    following: datetime | None
    allowance: timedelta
    zone: ZoneInfo
    periods: tuple[Period, ...] = field(repr=False)
    doubtful: datetime | None = None

    @classmethod
    def of(cls, periods: tuple[Period, ...], zone: ZoneInfo, now: datetime, allowed: timedelta) -> Self:
        """Look at a schedule from a moment of the node's clock."""
        latest = _newest_slot(periods, now, zone)
        due = latest
        if latest is not None and latest + allowed > now:
            due = _newest_slot(periods, now - allowed, zone)
        doubtful = _newest_doubtful(periods, now - allowed, zone) if len(periods) > 1 else None
        return cls(
            due=due,
            latest=latest,
            following=_utc(periods[0].event.next_after(now.astimezone(zone))),
            allowance=allowed,
            zone=zone,
            periods=periods,
            doubtful=None if doubtful is None or (due is not None and doubtful <= due) else doubtful,
        )

    @property
    def event(self) -> CalendarEvent:
        """The schedule as it is now."""
        return self.periods[0].event

    def since(self, moved: datetime, left: Span, before: Timetable, now: datetime) -> Timetable:
        """Return the slots of a guest that was seen here after it `moved`, and left another node in the time `left`.

        Until then they were those of the table there, and while it may not have left yet they are doubtful; later ones
        may be of either node: they are of neither.
        """
        here = [
            replace(period, since=moved if period.since is None else max(period.since, moved), earliest=moved)
            for period in self.periods
            if period.until is None or period.until > moved
        ]
        there = [
            replace(
                period,
                until=left[0] if period.until is None else min(period.until, left[0]),
                latest=left[1] if period.latest is None else min(period.latest, left[1]),
                zone=period.zone or before.zone,
            )
            for period in before.periods
            if period.since is None or period.since < left[0]
        ]
        return Timetable.of((*here, *there), self.zone, now, self.allowance)

    def holds(self, slot: datetime) -> bool:
        """Tell whether a slot is of the node itself, and not of the one on which the guest was before."""
        return any(period.zone is None and period.holds(slot) for period in self.periods)

    def due_at(self, moment: datetime) -> datetime | None:
        """Return the newest slot whose time was up at an earlier moment of the node's clock."""
        if self.due is None or self.due + self.allowance <= moment:
            return self.due
        return _newest_slot(self.periods, moment - self.allowance, self.zone)

    def possible_slots(self, moment: datetime) -> Iterator[tuple[datetime, str | None]]:
        """Return the newest slot up to a moment by each schedule that the job can have had then, with its storage."""
        for period in self.periods:
            slot = _utc(period.event.last_before(moment.astimezone(period.zone or self.zone)))
            if slot is not None and period.may_hold(slot):
                yield slot, period.storage

    def storage_at(self, slot: datetime) -> str | None:
        """Return the storage that the job had at a slot, None where it left that to Proxmox."""
        return next((period.storage for period in self.periods if period.holds(slot)), self.periods[0].storage)

    def deadline(self, slot: datetime) -> datetime:
        """Return the time until which a slot's run may be awaited."""
        return slot + self.allowance

    def tolerance(self, slot: datetime) -> timedelta:
        """Return by how much a slot's run may seem to be early: an hour where the clocks are changed."""
        return _tolerance(slot, self.zone)

    def serves(self, started: datetime, slot: datetime) -> bool:
        """Tell whether something that started then can be for this slot or a later one."""
        return started >= slot or started >= slot - self.tolerance(slot)

    def slots(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Return the slots after a moment and up to another, the oldest first."""
        for period in reversed(self.periods):
            start = since if period.since is None else max(since, period.since)
            end = until if period.until is None else min(until, period.until)
            if start < end:
                zone = period.zone or self.zone
                for slot in period.event.slots(start.astimezone(zone), end.astimezone(zone)):
                    yield slot.astimezone(UTC)

    def slots_of(self, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
        """Return the first and the last slot from a moment on and before another, None where there is none."""
        if len(self.periods) == 1:
            return _first_and_last(self.event, self.zone, start, end)
        first = next(self.slots(start - _ONE_SECOND, end - _ONE_SECOND), None)
        last = _newest_slot(self.periods, end - _ONE_SECOND, self.zone)
        return None if first is None else (first, max(first, last or first))

    def missed(self, due: datetime, last: datetime | None, floor: datetime | None) -> list[datetime]:
        """Return the slots up to `due` that nothing since `last` has served, not before `floor`; the oldest first."""
        after = max((moment for moment in (last, floor) if moment is not None), default=None)
        if after is None:
            return [due]
        found = list(islice(self.slots(after + self.tolerance(after), due), _MOST_SLOTS))
        return found or [due]


def _newest_slot(periods: Iterable[Period], moment: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the newest slot up to a moment."""
    for period in periods:
        end = moment if period.until is None else min(moment, period.until)
        slot = _utc(period.event.last_before(end.astimezone(period.zone or zone)))
        if slot is not None and (period.since is None or slot > period.since):
            return slot
    return None


def _newest_doubtful(periods: Iterable[Period], moment: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the newest slot up to a moment that a schedule may have had when it was about to be edited, but not surely.

    One that a schedule may have had as soon as it was new is not among them: who edits a job gets its next slot.
    """
    found = []
    for period in periods:
        if period.until is not None:
            end = moment if period.latest is None else min(moment, period.latest)
            slot = _utc(period.event.last_before(end.astimezone(period.zone or zone)))
            if slot is not None and slot > period.until and period.may_hold(slot):
                found.append(slot)
    return max(found, default=None)


@lru_cache(maxsize=16384)
def _first_and_last(
    event: CalendarEvent, zone: ZoneInfo, start: datetime, end: datetime
) -> tuple[datetime, datetime] | None:
    first = event.next_after((start - _ONE_SECOND).astimezone(zone))
    if first is None or first.timestamp() >= end.timestamp():
        return None
    last = event.last_before((end - _ONE_SECOND).astimezone(zone))
    if last is None or last.timestamp() < first.timestamp():
        last = first
    return first.astimezone(UTC), last.astimezone(UTC)


@lru_cache(maxsize=4096)
def _tolerance(slot: datetime, zone: ZoneInfo) -> timedelta:
    around = {(slot + shift).astimezone(zone).utcoffset() for shift in (-2 * _DOUBLED_HOUR, 2 * _DOUBLED_HOUR)}
    return _DOUBLED_HOUR + _CLOCKS_DIFFER if len(around) > 1 else _CLOCKS_DIFFER


def started_for_slot(
    job: BackupJob,
    event: CalendarEvent,
    zone: ZoneInfo,
    started: datetime,
    *,
    spans: Iterable[Span],
    off: Span | None,
) -> bool:
    """Tell whether the scheduler can have started a job's run at this moment of the node's clock.

    It does so at a slot, right after the end of a run that was still going on then (`spans` of runs on this node), or
    after the node's start where missed runs are repeated and the newest slot passed while the node was `off`
    (PVE/Jobs.pm, run_jobs).
    """
    slot = event.last_before((started + _CLOCKS_DIFFER).astimezone(zone))
    if slot is None:
        return False
    if started - slot <= _STARTS_WITHIN or _in_the_other_hour(event, zone, started):
        return True
    if any(begin <= slot <= end and timedelta() <= started - end <= _STARTS_WITHIN for begin, end in spans):
        return True
    if not job.repeat_missed or off is None:
        return False
    gone, booted = off
    return timedelta() <= started - booted <= _BOOT_TAKES and gone <= slot <= booted


def _in_the_other_hour(event: CalendarEvent, zone: ZoneInfo, started: datetime) -> bool:
    """Tell whether this is a slot in an hour that comes twice, by the hour that our search does not give."""
    if not hour_comes_twice(started, zone):
        return False
    slots = (event.last_before((started + shift).astimezone(zone)) for shift in (-_DOUBLED_HOUR, _DOUBLED_HOUR))
    return any(slot is not None and abs(abs(started - slot) - _DOUBLED_HOUR) <= _STARTS_WITHIN for slot in slots)


def hour_comes_twice(moment: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the local time of a moment exists twice."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
