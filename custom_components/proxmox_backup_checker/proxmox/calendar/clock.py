"""Local time of a zone, converted to and from seconds since 1970 as the C library does it.

Proxmox leaves the conversion to mktime(3), so what happens in the hour that a clock change skips or repeats is the
doing of glibc (time/mktime.c). A "wall" is a local time as seconds since 1970-01-01 00:00 of the same local clock; a
"shift" is what the wall is ahead of UTC.
"""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

DAY = 86400
_SECOND = timedelta(seconds=1)
_NO_SHIFT = timedelta()
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_FIRST_DAY = date(1, 1, 3).toordinal() - _EPOCH_ORDINAL
_LAST_DAY = date(9999, 12, 29).toordinal() - _EPOCH_ORDINAL
_KNOWN_DAYS = 4096
_KNOWN_SPANS = 64
_SPAN = 360 * DAY
_CHANGES_APART = 5 * DAY
"""No zone has changed its shift and changed it back in fewer days; six in Gaza in 2040 are the fewest."""
_PROBES = 6


class Offset(NamedTuple):
    """What a zone's clock is ahead of UTC, in seconds, and whether the zone calls it daylight saving time."""

    shift: int
    daylight: bool


class Repeat(NamedTuple):
    """A clock change that sets the clock back: its epoch, and the walls start <= wall < end that come twice."""

    change: int
    start: int
    end: int


class NoLocalTimeError(Exception):
    """The C library finds no time for a wall."""


class ZoneClock:
    """The clock of one zone."""

    def __init__(self, zone: tzinfo) -> None:
        """Start with nothing known of the zone."""
        self._zone = zone
        fixed = zone.utcoffset(None)
        self._fixed = None if fixed is None else fixed // _SECOND
        self._shifts: dict[int, int] = {}
        self._steady: dict[int, int | None] = {}
        self._changes: dict[int, list[int]] = {}
        self._backward_gaps: dict[int, list[int]] = {}

    def moment(self, epoch: int) -> datetime:
        """The zone's local time at an epoch; raises OverflowError or ValueError beyond the year 9999."""
        return datetime.fromtimestamp(epoch, self._zone)

    def offset(self, epoch: int) -> Offset:
        """What the clock is ahead of UTC at an epoch."""
        moment = self.moment(epoch)
        return Offset(_shift_of(moment), bool(moment.dst()))

    def steady_shift(self, day: int) -> int | None:
        """The shift on a day since 1970 (of either clock), None where a clock change is within two days."""
        if self._fixed is not None:
            return self._fixed
        try:
            return self._steady[day]
        except KeyError:
            return self._learn_day(day)

    def _learn_day(self, day: int) -> int | None:
        if len(self._steady) >= _KNOWN_DAYS:
            self._steady.clear()
            self._shifts.clear()
        shift = self._shift_at(day - 2)
        self._steady[day] = steady = shift if shift == self._shift_at(day + 3) else None
        return steady

    def _shift_at(self, day: int) -> int:
        """The shift at the start of a day of the clock, at the ends of the calendar that of the nearest day it has."""
        shift = self._shifts.get(day)
        if shift is None:
            start = datetime.fromordinal(min(max(day, _FIRST_DAY), _LAST_DAY) + _EPOCH_ORDINAL)
            shift = self._shifts[day] = (self._zone.utcoffset(start) or _NO_SHIFT) // _SECOND
        return shift

    def local(self, epoch: int) -> tuple[int, int]:
        """The wall and the shift at an epoch."""
        shift = self.steady_shift(epoch // DAY)
        if shift is None:
            shift = self.offset(epoch).shift
        return epoch + shift, shift

    def settle(self, wall: int, shift: int, late: int = 0) -> tuple[int, int]:
        """Normalise a wall: the wall that mktime makes of it and the shift it remembers for its next call.

        A wall that does not exist moves to the side of the change that is daylight saving time; one that exists twice
        is the one that the remembered shift leads to. mktime settles the last second of a minute for any greater one
        and adds what is left, late, to the time it found. Raises NoLocalTimeError where mktime fails.
        """
        steady = self.steady_shift(wall // DAY)
        if steady is not None:
            return wall + late, steady
        epoch, remembered = self._mktime(wall, shift)
        epoch += late
        return epoch + self.offset(epoch).shift, remembered

    def epoch(self, wall: int, shift: int) -> int:
        """The epoch that mktime gives for a wall; see `settle`."""
        steady = self.steady_shift(wall // DAY)
        return wall - steady if steady is not None else self._mktime(wall, shift)[0]

    def _mktime(self, wall: int, shift: int) -> tuple[int, int]:
        """The search of __mktime_internal for tm_isdst = -1: approach until it matches or swings over a gap."""
        epoch = last = last_but_one = wall - shift
        was_daylight = False
        for _ in range(_PROBES):
            offset = self.offset(epoch)
            error = wall - (epoch + offset.shift)
            if error == 0 or (epoch == last_but_one != last and was_daylight <= offset.daylight):
                return epoch, wall - epoch
            last_but_one, last = last, epoch
            epoch += error
            was_daylight = offset.daylight
        raise NoLocalTimeError

    def first_epoch(self, wall: int) -> int | None:
        """The first epoch at which the clock shows a wall; None for a wall that a clock change skips."""
        steady = self.steady_shift(wall // DAY)
        if steady is not None:
            return wall - steady
        shift = self._shift_before(wall)
        epoch = wall - shift
        return epoch if self.offset(epoch).shift == shift else None

    def last_wall_before_gap(self, wall: int) -> int:
        """The last wall before the clock change that skips the given one."""
        shift = self._shift_before(wall)
        after = wall - shift
        return self._change(after - 2 * DAY, after) + shift - 1

    def _shift_before(self, wall: int) -> int:
        """The shift in force at a wall, or before the clock change that skips or repeats it."""
        return _shift_of(datetime(1970, 1, 1, tzinfo=self._zone) + timedelta(seconds=wall))

    def changes(self, start: int, end: int) -> list[int]:
        """The epochs after start and up to end from which another shift is in force."""
        if self._fixed is not None:
            return []
        if end - start < _CHANGES_APART and self._steady_between(start, end):
            return []
        spans = range(start // _SPAN, end // _SPAN + 1)
        return [change for span in spans for change in self._changes_of(span) if start < change <= end]

    def behind_change(self, start: int, end: int) -> int:
        """The first epoch behind the next change after start and behind the walls it repeats; past end if none is."""
        for change in self.changes(start, end):
            return change + max(0, self.offset(change - 1).shift - self.offset(change).shift)
        return end + 1

    def repeat(self, wall: int) -> Repeat | None:
        """The change that lets the clock show a wall twice."""
        if self.steady_shift(wall // DAY) is not None:
            return None
        before = self._shift_before(wall)
        after = _shift_of((datetime(1970, 1, 1, tzinfo=self._zone) + timedelta(seconds=wall)).replace(fold=1))
        if before <= after:
            return None
        change = self._change(wall - before, wall - after)
        return Repeat(change, change + after, change + before)

    def repeat_at(self, epoch: int) -> Repeat | None:
        """The change that lets the clock show a second time what it shows at an epoch."""
        if self.steady_shift(epoch // DAY) is not None:
            return None
        moment = self.moment(epoch)
        return self.repeat(epoch + _shift_of(moment)) if moment.fold else None

    def backward_gaps(self, start: int, end: int) -> list[int]:
        """The changes that skip walls and may move them back (see `settle`)."""
        if self._fixed is not None:
            return []
        spans = range(start // _SPAN, end // _SPAN + 1)
        return [change for span in spans for change in self._backward_gaps_of(span) if start < change <= end]

    def _backward_gaps_of(self, span: int) -> list[int]:
        known = self._backward_gaps.get(span)
        if known is None:
            known = [change for change in self._changes_of(span) if self._may_lead_back(change)]
            self._backward_gaps[span] = known
        return known

    def _may_lead_back(self, change: int) -> bool:
        before, after = self.offset(change - 1), self.offset(change)
        return before.shift < after.shift and (before.daylight or not after.daylight)

    def _steady_between(self, start: int, end: int) -> bool:
        shift = self.steady_shift(start // DAY)
        return shift is not None and shift == self.steady_shift(end // DAY)

    def _changes_of(self, span: int) -> list[int]:
        if span not in self._changes:
            if len(self._changes) >= _KNOWN_SPANS:
                self._changes.clear()
                self._backward_gaps.clear()
            ends = range(span * _SPAN, (span + 1) * _SPAN + 1, _CHANGES_APART)
            known = [(end, self.offset(end).shift) for end in ends if _FIRST_DAY * DAY <= end <= _LAST_DAY * DAY]
            self._changes[span] = [
                self._change(before, after)
                for (before, old_shift), (after, shift) in pairwise(known)
                if old_shift != shift
            ]
        return self._changes[span]

    def _change(self, before: int, after: int) -> int:
        """The epoch between two with different shifts from which the second one is in force."""
        shift = self.offset(after).shift
        while after - before > 1:
            middle = (before + after) // 2
            if self.offset(middle).shift == shift:
                after = middle
            else:
                before = middle
        return after


def _shift_of(moment: datetime) -> int:
    return (moment.utcoffset() or _NO_SHIFT) // _SECOND


@lru_cache(maxsize=32)
def clock_of(zone: tzinfo) -> ZoneClock:
    """The clock of a zone, shared by all that ask for it."""
    return ZoneClock(zone)
