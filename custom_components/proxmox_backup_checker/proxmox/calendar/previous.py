"""The search for the last event at or before a moment.

Proxmox has no such search. The last event is the last one its search for the next event passes on the way to the moment
from a start well before. Walking there would be slow, so the event is computed backwards from the fields, and the few
places where Proxmox leaves events out (steps past the end of a period, clock changes) are asked of the search itself.
"""

from calendar import isleap
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from .clock import DAY, ZoneClock
from .event_fields import MONTH_LENGTHS, EventFields
from .search import HOUR, MINUTE, Search, date_of, day_number

WINDOWS = (6 * HOUR, 3 * DAY, 40 * DAY, 370 * DAY)
"""How long before the moment the walk starts; the first start that leads to an event counts."""
_NEAR_CHANGE = 2 * HOUR
_FARTHEST_AWAY = 2 * DAY
_YEARS_BACK = 400
_MONTH_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_KNOWN_DAYS = 512
_EVERY_WEEK = sum(1 << 7 * week for week in range(6))


class Slot(NamedTuple):
    """A local time that matches all fields and its first epoch."""

    wall: int
    epoch: int


def _minute_start(wall: int) -> int:
    return wall - wall % MINUTE


def _hour_start(wall: int) -> int:
    return wall - wall % HOUR


def _day_start(wall: int) -> int:
    return wall - wall % DAY


def _month_start(wall: int) -> int:
    at = date_of(wall // DAY)
    return day_number(at.year, at.month) * DAY


def _year_start(wall: int) -> int:
    return day_number(date_of(wall // DAY).year) * DAY


class Period(NamedTuple):
    """A field of which the search misses numbers, because a step carries over from one period into the next."""

    start: Callable[[int], int]
    """The wall at which the period of a wall starts."""
    may_miss: Callable[[int], bool]
    """Whether a step may lead past a wall of the period."""


def _periods(fields: EventFields) -> list[Period]:
    """The fields with missed numbers, the longest period first."""
    days = {length: fields.days.carried(length, length) for length in MONTH_LENGTHS}
    months, hours = fields.months.carried(12, 12), fields.hours.carried(24, 23)
    minutes, seconds = fields.minutes.carried(60, 59), fields.seconds.carried(60, 59)

    def may_miss_day(wall: int) -> bool:
        day = wall // DAY
        number = date_of(day).day
        return number < days[date_of(day - number).day]

    periods = [
        (months, Period(_year_start, lambda wall: date_of(wall // DAY).month < months)),
        (max(days.values()), Period(_month_start, may_miss_day)),
        (hours, Period(_day_start, lambda wall: wall % DAY < hours * HOUR)),
        (minutes, Period(_hour_start, lambda wall: wall % HOUR < minutes * MINUTE)),
        (seconds, Period(_minute_start, lambda wall: wall % MINUTE < seconds)),
    ]
    return [period for carried, period in periods if carried > 0]


class Backwards:
    """The search backwards for one calendar event; it does not depend on a zone."""

    def __init__(self, fields: EventFields, search: Search) -> None:
        """Prepare what the fields alone decide; search is the one for the next event."""
        self._fields = fields
        self._search = search
        self._periods = _periods(fields)
        # Kept, as those of the search are: the same days are asked for again and again.
        self._previous_day = lru_cache(_KNOWN_DAYS)(partial(_previous_day, fields))

    def previous_epoch(self, clock: ZoneClock, now: int) -> int | None:
        """The last event at or before now."""
        try:
            latest = self._slot(clock, clock.local(now)[0], now)
            if latest is None or latest.epoch <= now - WINDOWS[-1]:
                return None if latest is None else latest.epoch
            return self._last_passed(clock, now, latest)
        except ValueError, OverflowError:
            return None

    def _last_passed(self, clock: ZoneClock, now: int, latest: Slot) -> int | None:
        for window in WINDOWS:
            if latest.epoch <= now - window - _FARTHEST_AWAY:
                continue
            start = _away_from_changes(clock, now - window)
            if latest.epoch > start:
                passed = self._passed(clock, start, latest)
                if passed is not None:
                    return passed
        return None

    def _passed(self, clock: ZoneClock, start: int, latest: Slot) -> int | None:
        """The last event up to the latest slot that the search passes when it starts after start."""
        found: Slot | None = latest
        while found is not None and found.epoch > start:
            jumped_from = self._jumped_over(clock, start, found)
            if jumped_from is None:
                return found.epoch if found is latest else self._walked(clock, found.epoch, found.epoch, latest.epoch)
            found = jumped_from[0]
        return None if found is latest else self._walked(clock, None, start, latest.epoch)

    def _walked(self, clock: ZoneClock, last: int | None, at: int, until: int) -> int | None:
        """The last event that the search passes between an epoch and another one, else the one given.

        A jump over some events may land on one before the next jump.
        """
        while (following := self._search.next_epoch(clock, at + 1)) is not None and at < following <= until:
            last = at = following
        return last

    def _jumped_over(self, clock: ZoneClock, start: int, slot: Slot) -> tuple[Slot | None] | None:
        """None when the search passes the slot, else the last event before the jump (None: the start)."""
        repeat = clock.repeat_at(slot.epoch)
        if repeat is not None:
            jumped_from = self._jumped_over(clock, start, Slot(repeat.end - 1, repeat.change - 1))
            if jumped_from is not None:
                return jumped_from
        for period in self._periods:
            if not period.may_miss(slot.wall):
                continue
            before = self._slot(clock, period.start(slot.wall) - 1, slot.epoch)
            if period.start is _month_start and before is not None:
                before = self._end_of_month(clock, start, before)
            if self._leads_past(clock, start, before, slot.epoch):
                return (before,)
        for change in self._gaps_to_ask(clock, start, slot.epoch):
            before = self._slot(clock, change - 1 + clock.offset(change - 1).shift, change - 1)
            if self._leads_past(clock, start, before, slot.epoch):
                return (before,)
        return None

    def _gaps_to_ask(self, clock: ZoneClock, start: int, epoch: int) -> list[int]:
        """The clock changes that may lead the search back, or past an epoch shortly after them.

        A step into a gap comes out as far behind the gap as it was in it.
        """
        gaps = clock.backward_gaps(start, epoch)
        if clock.steady_shift(epoch // DAY) is None:
            gaps += clock.changes(max(start, epoch - DAY), epoch)
        return gaps

    def _end_of_month(self, clock: ZoneClock, start: int, last: Slot) -> Slot | None:
        """The last slot of a month, or the one from which the search jumps over the whole month."""
        if self._ends_at_last_slot(clock, last.wall):
            return last
        before = self._slot(clock, _month_start(last.wall) - 1, last.epoch)
        return before if self._leads_past(clock, start, before, last.epoch) else last

    def _ends_at_last_slot(self, clock: ZoneClock, wall: int) -> bool:
        """Whether no jump over days leads past the last slot of a month, and nothing else may."""
        return (
            self._periods[0].start is _month_start
            and not self._periods[0].may_miss(wall)
            and clock.steady_shift(wall // DAY) is not None
        )

    def _leads_past(self, clock: ZoneClock, start: int, before: Slot | None, epoch: int) -> bool:
        after = self._next(clock, start, before)
        return after is None or after > epoch

    def _next(self, clock: ZoneClock, start: int, before: Slot | None) -> int | None:
        origin = start if before is None else max(before.epoch, start)
        return self._search.next_epoch(clock, origin + 1)

    def _slot(self, clock: ZoneClock, wall: int, until: int) -> Slot | None:
        """The last slot at or before a wall and an epoch.

        In a repeated hour the search finds all of its first occurrence. It only goes on in the second one when it
        starts anew there, after an event in the very last second of the first.
        """
        found = self._slot_of_wall(clock, wall, until)
        repeat = clock.repeat_at(until)
        if repeat is None or (found is not None and found.epoch >= repeat.change):
            return found
        return self._slot_of_wall(clock, repeat.end - 1, repeat.change - 1)

    def _slot_of_wall(self, clock: ZoneClock, wall: int, until: int) -> Slot | None:
        """The last slot at or before a wall that the clock really shows, in its last occurrence that counts."""
        while (matching := self._previous_wall(wall)) is not None:
            steady = clock.steady_shift(matching // DAY)
            if steady is not None:
                return Slot(matching, matching - steady)
            epoch = clock.first_epoch(matching)
            if epoch is not None:
                return Slot(matching, self._second_epoch(clock, matching, until) or epoch)
            wall = clock.last_wall_before_gap(matching)
        return None

    def _previous_wall(self, wall: int) -> int | None:
        return _last_wall(self._fields, wall, self._previous_day)

    def _second_epoch(self, clock: ZoneClock, wall: int, until: int) -> int | None:
        """The second epoch of a repeated wall, if the search comes there and it is not after until."""
        repeat = clock.repeat(wall)
        if repeat is None or self._previous_wall(repeat.end - 1) != repeat.end - 1:
            return None
        epoch = repeat.change + wall - repeat.start
        return epoch if epoch <= until else None


def _away_from_changes(clock: ZoneClock, start: int) -> int:
    """A start with no clock change near it."""
    if clock.steady_shift(start // DAY) is None:
        while clock.offset(start - _NEAR_CHANGE).shift != clock.offset(start + _NEAR_CHANGE).shift:
            start -= HOUR
    return start


def previous_wall(fields: EventFields, wall: int) -> int | None:
    """The greatest local time at or before a wall that matches all fields."""
    return _last_wall(fields, wall, partial(_previous_day, fields))


def _last_wall(fields: EventFields, wall: int, previous_day: Callable[[int], int | None]) -> int | None:
    day, second = divmod(wall, DAY)
    found = previous_day(day)
    if found == day:
        in_day = _previous_second(fields, second)
        if in_day is not None:
            return day * DAY + in_day
        found = previous_day(day - 1)
    if found is None:
        return None
    last = _previous_second(fields, DAY - 1)
    return None if last is None else found * DAY + last


def _previous_day(fields: EventFields, day: int) -> int | None:
    """The last day at or before a day that matches, looking back 400 years, after which weekdays repeat."""
    at = date_of(day)
    oldest = max(1, at.year - _YEARS_BACK)
    weekdays = fields.weekdays * _EVERY_WEEK
    year, month, number = at.year, at.month, at.day
    while (found_year := fields.years.up_to(year)) is not None and found_year >= oldest:
        if found_year < year:
            year, month, number = found_year, 12, 31
        found_month = fields.months.up_to(month)
        if found_month is None:
            year, month, number = year - 1, 12, 31
            continue
        if found_month < month:
            month, number = found_month, 31
        first = day_number(year, month)
        number = min(number, _MONTH_LENGTHS[month] + (month == 2 and isleap(year)))
        matching = fields.days.bits & ((2 << number) - 1) & (weekdays >> date_of(first).weekday() << 1)
        if matching:
            return first + matching.bit_length() - 2
        month, number = month - 1, 31
    return None


def _previous_second(fields: EventFields, second: int) -> int | None:
    """The last second of the day at or before a second that matches."""
    hour, in_hour = divmod(second, HOUR)
    minute, in_minute = divmod(in_hour, MINUTE)
    last = fields.seconds.bits.bit_length() - 1
    if hour in fields.hours:
        if minute in fields.minutes and (found := fields.seconds.up_to(in_minute)) is not None:
            return second - in_minute + found
        if (found := fields.minutes.up_to(minute - 1)) is not None:
            return hour * HOUR + found * MINUTE + last
    if (found := fields.hours.up_to(hour - 1)) is None:
        return None
    return found * HOUR + (fields.minutes.bits.bit_length() - 1) * MINUTE + last
