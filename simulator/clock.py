"""The time of a simulated cluster."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import time


class Clock:
    """Follows the machine's clock, or stands still at a given moment until a test moves it."""

    def __init__(self, now: datetime | None = None) -> None:
        """Stand still at `now` (zone-aware), or follow the machine's clock where it is None."""
        self._fixed = None if now is None else now.timestamp()
        self._offset = 0.0
        self._listeners: list[Callable[[float], None]] = []

    def time(self) -> float:
        """Return the present, in epoch seconds."""
        return (time.time() if self._fixed is None else self._fixed) + self._offset

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def set(self, moment: datetime) -> None:
        """Stand still at `moment` (zone-aware), which must not lie in the past; what happens until then, happens."""
        if moment.timestamp() < self.time():
            raise ValueError("The clock of a cluster does not go backwards")
        self._fixed = moment.timestamp()
        self._offset = 0.0
        self._announce()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Let time go by; what is due in between happens."""
        self._offset += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        self._announce()

    def listen(self, listener: Callable[[float], None]) -> None:
        """Call `listener` with the present, in epoch seconds, whenever a test has moved the clock."""
        self._listeners.append(listener)

    def _announce(self) -> None:
        for listener in self._listeners:
            listener(self.time())
