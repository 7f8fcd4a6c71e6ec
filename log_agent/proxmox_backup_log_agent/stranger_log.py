"""What is written about connections without the token: anybody can cause it, so there is little of it."""

import asyncio
from collections import Counter
import logging

PERIOD = 60.0  # seconds
MOST_LINES = 20  # of one kind in a period


class StrangerLog:
    """Writes the first lines of each kind in a period, and at its end how many more there were."""

    def __init__(self, logger: logging.Logger, period: float = PERIOD) -> None:
        """Take the logger to write to."""
        self._logger = logger
        self._period = period
        self._lines: Counter[str] = Counter()
        self._end: asyncio.TimerHandle | None = None

    def write(self, message: str, *arguments: object) -> None:
        """Write a line, unless there were many with the same message, which is what makes a kind."""
        if self._end is None:
            self._end = asyncio.get_running_loop().call_later(self._period, self.finish)
        self._lines[message] += 1
        if self._lines[message] <= MOST_LINES:
            self._logger.info(message, *arguments)

    def finish(self) -> None:
        """End the period."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
        for message, count in self._lines.items():
            if count > MOST_LINES:
                self._logger.info("%d more lines like this were left out: %s", count - MOST_LINES, message)
        self._lines.clear()
