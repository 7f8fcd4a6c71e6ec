"""How often what is read: the dear things rarely, unless something hints at a change."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final

QUIET: Final = timedelta(minutes=10)
WITH_AGENTS: Final = timedelta(minutes=15)
BUSY: Final = timedelta(minutes=1)
SLOW: Final = timedelta(minutes=30)
DAILY: Final = timedelta(hours=24)
# Polls are never exactly as far apart as asked for.
_SLACK: Final = timedelta(seconds=30)


class Cadence:
    """Remembers when each thing was last read."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._read: dict[Hashable, datetime] = {}

    def is_due(self, topic: Hashable, now: datetime, every: timedelta) -> bool:
        """Tell whether a thing is to be read again; a clock that was set back makes everything due."""
        read = self._read.get(topic)
        return read is None or now < read or now - read >= every - _SLACK

    def note(self, topic: Hashable, now: datetime) -> None:
        """Remember that a thing was read."""
        self._read[topic] = now

    def forget(self, matches: Callable[[Hashable], bool]) -> None:
        """Make things due at once."""
        self._read = {topic: read for topic, read in self._read.items() if not matches(topic)}
