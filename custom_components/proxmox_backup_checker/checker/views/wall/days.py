"""The days of the wall: local days, 23 to 25 hours long, and the slots of a job in each of them."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Self

from ...jobs.timetable import Timetable

# A run that starts so soon after a slot belongs to the slot's day, though midnight may have passed.
_STARTS_WITHIN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Days:
    """Consecutive local days, oldest first; `starts` has the first moment of each and of the day after the last."""

    dates: tuple[date, ...]
    starts: tuple[datetime, ...]

    @classmethod
    def ending(cls, now: datetime, zone: tzinfo, count: int) -> Self:
        """Return so many days, the last of them that of a moment."""
        today = now.astimezone(zone).date()
        dates = tuple(today - timedelta(days=count - 1 - number) for number in range(count))
        return cls(dates, tuple(_midnight(day, zone) for day in (*dates, today + timedelta(days=1))))

    def __len__(self) -> int:
        """How many days there are."""
        return len(self.dates)

    def index(self, moment: datetime) -> int | None:
        """Return the number of a moment's day, None where it is none of these."""
        number = bisect_right(self.starts, moment) - 1
        return number if 0 <= number < len(self.dates) else None


def _midnight(day: date, zone: tzinfo) -> datetime:
    """Return a day's first moment, in UTC; where the clocks skip midnight, the day begins with the change."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    return datetime.fromtimestamp(local.timestamp(), UTC)


@dataclass(frozen=True, slots=True)
class DaySlots:
    """The first and the last slot of a job in one day."""

    first: datetime
    last: datetime

    @property
    def single(self) -> bool:
        """Whether there is only one."""
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class KnownSlot:
    """A slot with the number of its day; `single` tells whether the day has no other."""

    day: int
    slot: datetime
    single: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """When a job was and will be due on one node, day by day, by the node's clock.

    `overdue` and `unseen` are the numbers of the first days whose first slot may still be awaited, or whose end nobody
    could see: with the slots they are all that changes while time goes by.
    """

    days: tuple[DaySlots | None, ...]
    allowance: timedelta
    overdue: int
    unseen: int
    timetable: Timetable

    @classmethod
    def of(cls, table: Timetable, days: Days, moments: Moments) -> Self:
        """Look at a job's slots on some days."""
        found = (table.slots_of(start, end) for start, end in zip(days.starts[:-1], days.starts[1:], strict=True))
        slots = tuple([None if both is None else DaySlots(*both) for both in found])
        return cls(
            days=slots,
            allowance=table.allowance,
            overdue=_first_after(slots, moments.now - table.allowance),
            unseen=_first_after(slots, moments.seen - table.allowance),
            timetable=table,
        )

    def slot_before(self, started: datetime, day: int) -> KnownSlot | None:
        """Return the last slot known at a moment of some day."""
        for number in range(day, -1, -1):
            slots = self.days[number]
            if slots is None:
                continue
            if slots.last <= started + self.timetable.tolerance(slots.last):
                return KnownSlot(number, slots.last, single=slots.single)
            if slots.first <= started + self.timetable.tolerance(slots.first):
                return KnownSlot(number, slots.first, single=slots.single)
        return None

    def day_of(self, started: datetime, day: int) -> int:
        """Return the day to which a run belongs: that of its slot, where it started right after it."""
        slots = self.days[day - 1] if day > 0 else None
        own = self.days[day]
        if slots is None or (own is not None and own.first <= started):
            return day
        return day - 1 if timedelta() <= started - slots.last <= _STARTS_WITHIN else day


@dataclass(frozen=True, kw_only=True, slots=True)
class Moments:
    """By a node's clock: the present, the time up to which its runs are known, and when the history began."""

    now: datetime
    seen: datetime
    began: datetime | None


def _first_after(slots: Iterable[DaySlots | None], moment: datetime) -> int:
    """Return the number of the first day with a slot after a moment, or how many days there are."""
    number = 0
    for number, day in enumerate(slots):
        if day is not None and day.first > moment:
            return number
    return number + 1
