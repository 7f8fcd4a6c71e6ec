"""Local time of a zone, converted to and from seconds since 1970 as the C library does it.

Proxmox leaves the conversion to mktime(3), so what happens in the hour that a clock change skips or repeats is the
doing of glibc (time/mktime.c). A "wall" is a local time as seconds since 1970-01-01 00:00 of the same local clock; a
"shift" is what the wall is ahead of UTC.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

DAY = 86400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_KNOWN_DAYS = 4096
_PROBES = 6
_CHANGES_APART = 10 * DAY


class Offset(NamedTuple):
    """What a zone's clock is ahead of UTC, in seconds, and whether the zone calls it daylight saving time."""

    shift: int
    daylight: bool


class NoLocalTimeError(Exception):
    """The C library finds no time for a wall."""


class ZoneClock:
    """The clock of one zone."""

    def __init__(self, zone: tzinfo) -> None:
        """Start with nothing known of the zone."""
        self._zone = zone
        self._shifts: dict[int, int] = {}
        self._steady: dict[int, int | None] = {}

    def moment(self, epoch: int) -> datetime:
        """The zone's local time at an epoch; raises OverflowError or ValueError beyond the year 9999."""
        return (_EPOCH + timedelta(seconds=epoch)).astimezone(self._zone)

    def offset(self, epoch: int) -> Offset:
        """What the clock is ahead of UTC at an epoch."""
        moment = self.moment(epoch)
        shift = moment.utcoffset() or timedelta()
        return Offset(shift // _SECOND, bool(moment.dst()))

    def steady_shift(self, day: int) -> int | None:
        """The shift on a day since 1970 (of either clock), None where a clock change is within two days."""
        try:
            return self._steady[day]
        except KeyError:
            pass
        if len(self._steady) >= _KNOWN_DAYS:
            self._steady.clear()
            self._shifts.clear()
        before, at, after = (self._shift_at(day + days) for days in (-2, 0, 3))
        self._steady[day] = shift = at if before == at == after else None
        return shift

    def _shift_at(self, day: int) -> int:
        shift = self._shifts.get(day)
        if shift is None:
            shift = self._shifts[day] = self.offset(day * DAY).shift
        return shift

    def local(self, epoch: int) -> tuple[int, int]:
        """The wall and the shift at an epoch."""
        shift = self.steady_shift(epoch // DAY)
        if shift is None:
            shift = self.offset(epoch).shift
        return epoch + shift, shift

    def settle(self, wall: int, shift: int) -> tuple[int, int]:
        """Normalise a wall: the wall that mktime makes of it and the shift it remembers for its next call.

        A wall that does not exist moves to the side of the change that is daylight saving time; one that exists twice
        is the one that the remembered shift leads to. Raises NoLocalTimeError where mktime fails.
        """
        steady = self.steady_shift(wall // DAY)
        if steady is not None:
            return wall, steady
        epoch, remembered = self._mktime(wall, shift)
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
        local = datetime(1970, 1, 1, tzinfo=self._zone) + timedelta(seconds=wall)
        return (local.utcoffset() or timedelta()) // _SECOND

    def changes(self, start: int, end: int) -> list[int]:
        """The epochs after start and up to end from which another shift is in force."""
        found = []
        shift = self.local(start)[1]
        while start < end:
            until = min(start + _CHANGES_APART, end)
            shift_until = self.local(until)[1]
            if shift_until != shift:
                found.append(self._change(start, until))
            start, shift = until, shift_until
        return found

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


@lru_cache(maxsize=32)
def clock_of(zone: tzinfo) -> ZoneClock:
    """The clock of a zone, shared by all that ask for it."""
    return ZoneClock(zone)
