"""A calendar for the schedules that the worlds use, written from Proxmox's rules and from nothing else.

It knows `02:30`, `mon..fri 21:00`, `sat,sun 04:00`, `*/6:00`, `*-*-1,15 03:00`, `hourly`, `daily`, `weekly` and `monthly`. A
time that the clocks skip has no event, one that comes twice has its event the first time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORDS = {"hourly": "*/1:00", "daily": "00:00", "weekly": "mon 00:00", "monthly": "*-*-1 00:00"}


@dataclass(frozen=True, slots=True)
class Schedule:
    """On which days and at which times of day something is due; None stands for every day."""

    weekdays: frozenset[int] | None
    days: frozenset[int] | None
    times: tuple[tuple[int, int], ...]

    def fires_on(self, day: date) -> bool:
        """Tell whether there are events on a day."""
        return (self.weekdays is None or day.weekday() in self.weekdays) and (self.days is None or day.day in self.days)


@lru_cache
def parse(text: str) -> Schedule:
    """Read a schedule; raises ValueError where the worlds do not use such a one."""
    weekdays = days = None
    *before, clock = WORDS.get(text, text).split()
    for part in before:
        if part.startswith("*-*-"):
            days = frozenset(int(number) for number in part.removeprefix("*-*-").split(","))
        else:
            weekdays = frozenset(day for piece in part.split(",") for day in _weekdays(piece))
    hour, minute = clock.split(":")
    hours = range(0, 24, int(hour.removeprefix("*/"))) if hour.startswith("*/") else [int(hour)]
    return Schedule(weekdays=weekdays, days=days, times=tuple((number, int(minute)) for number in hours))


def _weekdays(piece: str) -> list[int]:
    first, _, last = piece.partition("..")
    start = DAYS.index(first)
    length = (DAYS.index(last or first) - start) % 7 + 1
    return [(start + offset) % 7 for offset in range(length)]


def events(text: str, zone: ZoneInfo, after: float, until: float) -> Iterator[float]:
    """Return the events later than `after` and not later than `until`, both in epoch seconds, in their order."""
    schedule = parse(text)
    day = datetime.fromtimestamp(after, zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(until, zone).date()
    while day <= last:
        if schedule.fires_on(day):
            for hour, minute in schedule.times:
                event = _moment(zone, day, hour, minute)
                if event is not None and after < event <= until:
                    yield event
        day += timedelta(days=1)


@lru_cache(maxsize=100_000)
def _moment(zone: ZoneInfo, day: date, hour: int, minute: int) -> float | None:
    """Return the moment of a wall-clock time, the first of two; None where the clocks skip it."""
    wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    moment = wall.astimezone(UTC)
    back = moment.astimezone(zone)
    return moment.timestamp() if (back.hour, back.minute) == (hour, minute) else None


def next_after(text: str, after: datetime) -> datetime | None:
    """Return the first event after a moment in its zone, as the scheduler of a simulated node asks for it."""
    zone = after.tzinfo
    assert isinstance(zone, ZoneInfo)
    begin = after.timestamp()
    event = next(events(text, zone, begin, begin + 70 * 86400), None)
    return None if event is None else datetime.fromtimestamp(event, zone)
