"""When a job was due: its slots in the zone of a node, and the time until which a slot's run may be awaited."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
import math
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.calendar.event import CalendarEvent

UNKNOWN_DURATION: Final = timedelta(hours=2)
_LEAST_DURATION: Final = timedelta(minutes=90)
_DURATIONS_LOOKED_AT: Final = 10
# The scheduler looks once a minute, near second 0 (PVE/Service/pvescheduler.pm).
_STARTS_WITHIN: Final = timedelta(seconds=90)
_CLOCKS_DIFFER: Final = timedelta(seconds=5)
_BOOT_TAKES: Final = timedelta(minutes=10)
# Which of the two hours that come twice Proxmox takes is not certain (facts of PVE/CalendarEvent.pm and libc).
_DOUBLED_HOUR: Final = timedelta(hours=1)


type Span = tuple[datetime, datetime]
"""Start and end of a run."""


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


def has_schedule(job: BackupJob) -> bool:
    """Tell whether a job is to run by itself."""
    return bool(job.schedule or job.starttime)


def allowance(durations: Sequence[timedelta], grace: timedelta) -> timedelta:
    """Return the time after a slot until which its run may be awaited, from the durations of good runs, newest first."""
    newest = sorted(durations[:_DURATIONS_LOOKED_AT])
    usual = newest[math.ceil(0.9 * len(newest)) - 1] if newest else UNKNOWN_DURATION
    return grace + max(1.5 * usual, _LEAST_DURATION)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """A job's slots on one node around a moment, in UTC by the node's clock.

    `due` is the newest slot whose time is up, `latest` the newest one at all, `following` the next one; each None where
    there is none. `allowance` is the time that a slot's run may take.
    """

    due: datetime | None
    latest: datetime | None
    following: datetime | None
    allowance: timedelta
    zone: ZoneInfo
    event: CalendarEvent

    @classmethod
    def of(cls, event: CalendarEvent, zone: ZoneInfo, now: datetime, allowed: timedelta) -> Timetable:
        """Look at a schedule from a moment of the node's clock."""
        local = now.astimezone(zone)
        latest, following = event.last_before(local), event.next_after(local)
        due = latest
        if latest is not None and latest.timestamp() > (now - allowed).timestamp():
            due = event.last_before((now - allowed).astimezone(zone))
        return cls(
            due=_utc(due),
            latest=_utc(latest),
            following=_utc(following),
            allowance=allowed,
            zone=zone,
            event=event,
        )

    def deadline(self, slot: datetime) -> datetime:
        """Return the time until which a slot's run may be awaited."""
        return slot + self.allowance

    def tolerance(self, slot: datetime) -> timedelta:
        """Return by how much a slot's run may seem to be early: an hour where the clocks are changed."""
        around = {(slot + shift).astimezone(self.zone).utcoffset() for shift in (-2 * _DOUBLED_HOUR, 2 * _DOUBLED_HOUR)}
        return _DOUBLED_HOUR + _CLOCKS_DIFFER if len(around) > 1 else _CLOCKS_DIFFER

    def serves(self, started: datetime, slot: datetime) -> bool:
        """Tell whether something that started then can be for this slot or a later one."""
        return started >= slot or started >= slot - self.tolerance(slot)

    def first_missed(self, last: datetime | None, floor: datetime | None) -> datetime | None:
        """Return the oldest slot that is due and that nothing since `last` has served; not before `floor`."""
        if self.due is None:
            return None
        after = max((moment for moment in (last, floor) if moment is not None), default=None)
        if after is None:
            return self.due
        first = self.event.next_after((after + self.tolerance(after)).astimezone(self.zone))
        if first is None or first.timestamp() > self.due.timestamp():
            return self.due
        return _utc(first)

    def missed(self, last: datetime | None, floor: datetime | None, most: int = 100) -> int:
        """Count the slots that are due and that nothing since `last` has served."""
        slot = self.first_missed(last, floor)
        if slot is None or self.due is None:
            return 0
        count = 1
        for _ in self.event.slots(slot.astimezone(self.zone), self.due.astimezone(self.zone)):
            count += 1
            if count >= most:
                break
        return count


def started_for_slot(
    job: BackupJob, zone: ZoneInfo, started: datetime, *, spans: Iterable[Span], booted: datetime | None
) -> bool:
    """Tell whether the scheduler can have started a job's run at this moment of the node's clock.

    It does so at a slot, right after the end of a run that was still going on then (`spans` of runs on this node), or
    after the node's start where missed runs are repeated (PVE/Jobs.pm, run_jobs).
    """
    event = event_of(job)
    if event is None:
        return False
    slot = event.last_before((started + _CLOCKS_DIFFER).astimezone(zone))
    if slot is None:
        return False
    if started - slot <= _STARTS_WITHIN or _in_the_other_hour(event, zone, started):
        return True
    if any(begin <= slot <= end and timedelta() <= started - end <= _STARTS_WITHIN for begin, end in spans):
        return True
    return job.repeat_missed and booted is not None and timedelta() <= started - booted <= _BOOT_TAKES


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
