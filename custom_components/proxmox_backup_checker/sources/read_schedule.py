"""How often what is read: the dear things rarely, unless something hints at a change."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final

QUIET: Final = timedelta(minutes=10)
WITH_AGENTS: Final = timedelta(minutes=15)
BUSY: Final = timedelta(minutes=1)
SLOW: Final = timedelta(minutes=30)
HOURLY: Final = timedelta(hours=1)
DAILY: Final = timedelta(hours=24)
# What could not be read is tried again after this time, however rarely it is read else.
_AGAIN_AFTER: Final = timedelta(minutes=30)
# Polls are never exactly as far apart as asked for.
_SLACK: Final = timedelta(seconds=30)


def is_older(read: datetime, now: datetime, age: timedelta) -> bool:
    """Tell whether something was read longer ago than that; a clock that was set back makes everything old."""
    return now < read or now - read >= age - _SLACK


class ReadSchedule:
    """Remembers when each thing was last read, or could not be."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._read: dict[Hashable, datetime] = {}
        self._failed: set[Hashable] = set()

    def is_due(self, topic: Hashable, now: datetime, every: timedelta) -> bool:
        """Tell whether a thing is to be read again."""
        if topic in self._failed:
            every = min(every, _AGAIN_AFTER)
        read = self._read.get(topic)
        return read is None or is_older(read, now, every)

    def may_try(self, topic: Hashable, now: datetime) -> bool:
        """Tell whether a thing may be read at all: not so soon after an attempt that failed."""
        return topic not in self._failed or is_older(self._read[topic], now, _AGAIN_AFTER)

    def note(self, topic: Hashable, now: datetime, *, good: bool = True) -> None:
        """Remember that a thing was read, or that the attempt failed."""
        self._read[topic] = now
        if good:
            self._failed.discard(topic)
        else:
            self._failed.add(topic)

    def forget(self, matches: Callable[[Hashable], bool]) -> None:
        """Make things due at once."""
        self._read = {topic: read for topic, read in self._read.items() if not matches(topic)}
        self._failed = {topic for topic in self._failed if topic in self._read}
