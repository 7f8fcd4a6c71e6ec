"""The present, and until when what was said of it stays true."""

from collections.abc import Callable
from datetime import datetime

from .jobs.timetable import FOREVER


class Watch:
    """Tells whether a moment has come, and takes note of when its answers will no longer be the same.

    A verdict in which time takes part only through a watch stays what it is `until` the next of the moments asked for, as
    long as nothing else changes.
    """

    def __init__(self, now: datetime) -> None:
        """Tell it at this moment."""
        self.now = now
        self.until = FOREVER

    def has_come(self, moment: datetime) -> bool:
        """Tell whether a moment is now or past."""
        if moment <= self.now:
            return True
        self.until = min(self.until, moment)
        return False

    def depends_on_now(self) -> None:
        """Take note that the present itself is part of an answer, which any other moment makes another one."""
        self.until = self.now

    def start_again(self) -> None:
        """Forget the moments asked for so far."""
        self.until = FOREVER

    def apart[Value](self, make: Callable[[], Value]) -> tuple[Value, datetime]:
        """Return what is made, and until when it holds by itself; what is asked for besides is not touched."""
        besides, self.until = self.until, FOREVER
        try:
            return make(), self.until
        finally:
            self.until = besides

    def holds_until(self, moment: datetime) -> None:
        """Take note that an answer rests on something that holds until then."""
        self.until = min(self.until, moment)
