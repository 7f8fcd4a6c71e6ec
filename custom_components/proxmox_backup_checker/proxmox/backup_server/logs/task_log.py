"""What all logs of tasks have in common: the time before each line, warnings, and the line that ends them."""

from collections.abc import Iterable
from datetime import datetime
import re
from typing import Final

from ..task_state import TaskState

# Longer lines are cut; none of Proxmox's own comes near it.
_LONGEST_LINE: Final = 4_096
LONGEST_TEXT: Final = 500
"""Characters of an error that are kept."""
_STAMPED: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})): ?(.*)"
)
_LINE_ENDS: Final = re.compile(r"[\r\n\x00]+")
_LEVEL: Final = re.compile(r"(?:WARN|ERROR): ")
_END: Final = "TASK "


def epoch_of_stamp(text: str) -> int | None:
    """Return the moment before a line in epoch seconds, None where no calendar has it."""
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError, OverflowError:
        return None


class TaskLogReader:
    """Reads a log line by line, in memory that does not grow with its length; never raises.

    `state` is what the last line says, None where there is none: the task runs, or was killed. `began` and `ended` are the times of
    the first and last line, in epoch seconds.
    """

    def __init__(self) -> None:
        """Start at the beginning of a log."""
        self.lines = 0
        self.began: int | None = None
        self._last_stamp: str | None = None
        self.state: TaskState | None = None

    @property
    def ended(self) -> int | None:
        """The time of the last line."""
        return None if self._last_stamp is None else epoch_of_stamp(self._last_stamp)

    def feed(self, lines: Iterable[str]) -> None:
        """Take the next lines, each with the time before it."""
        for line in lines:
            self.lines += 1
            text = _LINE_ENDS.sub(" ", line[:_LONGEST_LINE])
            if match := _STAMPED.match(text):
                text, self._last_stamp = match[2], match[1]
                if self.began is None:
                    self.began = epoch_of_stamp(match[1])
            if text.startswith(_END) and (state := TaskState.parse(text.removeprefix(_END))) is not None:
                self.state = _short(state)
            else:
                # Up to 3.2 a warning says that it is one.
                self._take(text[match.end() :] if (match := _LEVEL.match(text)) else text)

    def _take(self, text: str) -> None:
        """Take one line without its time."""


def _short(state: TaskState) -> TaskState:
    return state if state.error is None else TaskState(state.result, state.warnings, state.error[:LONGEST_TEXT])


def short(text: str) -> str:
    """Return an error of which no more than what people read is kept."""
    return text.strip()[:LONGEST_TEXT]
