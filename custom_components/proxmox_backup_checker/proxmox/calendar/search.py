"""The search for the next event, step by step as Proxmox does it.

Source: proxmox-time, src/calendar_event.rs, compute_next_event. Each step moves the first field that does not match on
to its next number and starts over. Open steps are not clipped to their field and days not to their month, so a step may
carry over into the next period and miss its first events: those are missed by Proxmox as well.
"""

from datetime import date

from .clock import DAY, NoLocalTimeError, ZoneClock
from .event_fields import EVERY_DAY, EVERY_MONTH, EVERY_WEEKDAY, EVERY_YEAR, EventFields

MOST_STEPS = 1001
_KNOWN_DAYS = 2048
HOUR = 3600
MINUTE = 60
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_END = (date.max.toordinal() - _EPOCH_ORDINAL) * DAY


def day_number(year: int, month: int = 1, day: int = 1) -> int:
    """Days since 1970-01-01; month and day may lie past the end of their year or month."""
    years, month = divmod(month - 1, 12)
    return date(year + years, month + 1, 1).toordinal() - _EPOCH_ORDINAL + day - 1


def date_of(day: int) -> date:
    """The date of a day since 1970-01-01."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


class Search:
    """The search for the next event; it does not depend on a zone."""

    __slots__ = ("_every_day", "_fields", "_has_carries", "_is_plain", "_known_days")

    def __init__(self, fields: EventFields) -> None:
        """Prepare what the fields alone decide."""
        self._fields = fields
        self._every_day = (
            fields.weekdays == EVERY_WEEKDAY
            and fields.years.bits == EVERY_YEAR.bits
            and fields.months.bits == EVERY_MONTH.bits
            and fields.days.bits == EVERY_DAY.bits
        )
        self._has_carries = any(
            (fields.hours.carried(24, 23), fields.minutes.carried(60, 59), fields.seconds.carried(60, 59))
        )

        self._is_plain = self._every_day and not self._has_carries
        self._known_days: dict[int, int | None] = {}

    def next_epoch(self, clock: ZoneClock, start: int) -> int | None:
        """The first event at or after start, as Proxmox finds it; None when it gives up or leaves the calendar."""
        if self._is_plain:
            # The usual case, in one step: a time of every day, far from any clock change.
            steady = clock.steady_shift(start // DAY)
            if steady is not None:
                wall = start + steady
                second = wall % DAY
                target = _first_second(self._fields, second)
                if target < DAY:
                    found = start + target - second
                    return found if found < _END else None
        try:
            later = self._next_epoch(clock, start)
        except NoLocalTimeError, ValueError, OverflowError:
            return None
        return later if later is None or later < _END else None

    def _next_epoch(self, clock: ZoneClock, start: int) -> int | None:
        wall, shift = clock.local(start)
        known_day = None
        for _ in range(MOST_STEPS):
            day, second = divmod(wall, DAY)
            if day != known_day and not self._every_day:
                target_day = self._day_after(day)
                if target_day is None:
                    return None
                if target_day != day:
                    wall = target_day * DAY
                    steady = clock.steady_shift(target_day)
                    if steady is None:
                        wall, shift = clock.settle(wall, shift)
                    else:
                        shift = steady
                    continue
                known_day = day
            steady = None if self._has_carries else clock.steady_shift(day)
            if steady is not None:
                target = _first_second(self._fields, second)
                if target < DAY:
                    return day * DAY + target - steady
                wall, shift = clock.settle((day + 1) * DAY, steady)
                continue
            target, late = _next_second(self._fields, second)
            if target == second and not late:
                return clock.epoch(wall, shift)
            wall, shift = clock.settle(day * DAY + target, shift, late)
        return None

    def _day_after(self, day: int) -> int | None:
        """The answer of `_next_day`, kept: the same days are asked for again and again."""
        try:
            return self._known_days[day]
        except KeyError:
            if len(self._known_days) >= _KNOWN_DAYS:
                self._known_days.clear()
            found = self._known_days[day] = _next_day(self._fields, day)
            return found


def _next_day(fields: EventFields, day: int) -> int | None:
    """The day itself when it matches, else the one where the next step of the search goes on."""
    at = date_of(day)
    if not fields.years.bits >> at.year & 1:
        year = fields.years.after(at.year)
        return None if year is None else day_number(year)
    if not fields.months.bits >> at.month & 1:
        month = fields.months.after(at.month)
        return day_number(at.year + 1) if month is None else day_number(at.year, month)
    if not fields.days.bits >> at.day & 1:
        number = fields.days.after(at.day)
        return day_number(at.year, at.month + 1) if number is None else day + number - at.day
    weekday = at.weekday()
    ahead = fields.weekdays >> weekday
    if not ahead & 1:
        return day + ((ahead & -ahead).bit_length() - 1 if ahead else 7 - weekday)
    return day


def _next_second(fields: EventFields, second: int) -> tuple[int, int]:
    """The second of the day when it matches, else where the next step goes on.

    A second past the end of its minute comes apart: mktime settles 59 and adds the rest.
    """
    hour, in_hour = divmod(second, HOUR)
    if hour not in fields.hours:
        found = fields.hours.after(hour)
        return (DAY if found is None else found * HOUR), 0
    minute, in_minute = divmod(in_hour, MINUTE)
    if minute not in fields.minutes:
        found = fields.minutes.after(minute)
        return hour * HOUR + (HOUR if found is None else found * MINUTE), 0
    if in_minute not in fields.seconds:
        found = fields.seconds.after(in_minute)
        start = second - in_minute
        if found is None:
            return start + MINUTE, 0
        return start + min(found, MINUTE - 1), max(0, found - MINUTE + 1)
    return second, 0


def _first_second(fields: EventFields, second: int) -> int:
    """The first second of the day at or after a second that matches, a whole day when there is none.

    The steps of the search in one, for fields that do not carry over and a day without a clock change.
    """
    hour, in_hour = divmod(second, HOUR)
    minute, in_minute = divmod(in_hour, MINUTE)
    hours, minutes, seconds = fields.hours.bits, fields.minutes.bits, fields.seconds.bits
    if hours >> hour & 1:
        if minutes >> minute & 1 and (left := seconds >> in_minute):
            return second + (left & -left).bit_length() - 1
        if left := minutes >> minute + 1:
            return hour * HOUR + (minute + (left & -left).bit_length()) * MINUTE + (seconds & -seconds).bit_length() - 1
    left = hours >> hour + 1
    if not left:
        return DAY
    hour += (left & -left).bit_length()
    return hour * HOUR + ((minutes & -minutes).bit_length() - 1) * MINUTE + (seconds & -seconds).bit_length() - 1
