"""The clock of a server and ours: what the server dates is seen by the one, what we remember by the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from ..model.server_facts import ServerFacts

# Less than that is the time that an answer takes; it would only make moments tremble.
_NOTICEABLE: Final = timedelta(minutes=1)
_STEP: Final = 10


@dataclass(frozen=True, slots=True)
class ServerClock:
    """What the server's clock is ahead of ours, and the zone by which its schedules go."""

    skew: timedelta
    zone: ZoneInfo

    @classmethod
    def of(cls, facts: ServerFacts) -> ServerClock:
        """Return the clock that was read; in a zone that we do not know, UTC."""
        skew = facts.skew
        rounded = timedelta(seconds=round(skew.total_seconds() / _STEP) * _STEP)
        return cls(rounded if abs(skew) >= _NOTICEABLE else timedelta(), zone_of(facts.zone))

    def ours(self, epoch: int) -> datetime:
        """Return a moment of the server's by our clock."""
        return datetime.fromtimestamp(epoch, UTC) - self.skew

    def theirs(self, now: datetime) -> int:
        """Return a moment of ours by the server's clock, in epoch seconds."""
        return int((now + self.skew).timestamp())

    def local(self, now: datetime) -> datetime:
        """Return a moment of ours as the server's wall clock shows it."""
        return (now + self.skew).astimezone(self.zone)


def middle_of(durations: Iterable[timedelta]) -> timedelta:
    """Return the median of durations."""
    return timedelta(seconds=median(duration.total_seconds() for duration in durations))


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return a zone by its name, UTC for one that we do not know."""
    try:
        return ZoneInfo(name)
    except KeyError, ValueError, OSError:
        return ZoneInfo("UTC")
