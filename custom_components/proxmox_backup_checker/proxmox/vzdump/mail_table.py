"""The parts of Proxmox's notification mail that its logs do not have: the table of guests and the bare command.

Proxmox VE 8 and 9 (proxmox-notify's vzdump template) and the plain text of 7 and earlier (PVE/VZDump.pm, sendmail).
"""

from itertools import pairwise
import re
from typing import Final

from .records import LogResult

_HEADINGS: Final = (
    ["VMID", "NAME", "STATUS", "TIME", "SIZE", "FILENAME"],
    ["VMID", "STATUS", "TIME", "SIZE", "FILENAME"],
)
_VMID: Final = re.compile(r"[0-9]{1,12}")
_STATES: Final = frozenset({"ok", "err", "todo", "failed"})
_COMMAND: Final = re.compile(r"vzdump(?: .+)?")


class MailTable:
    """The table as far as it was read; a log that is no mail has none."""

    def __init__(self) -> None:
        """Start outside of any mail."""
        self._found = False
        self._in_table = False
        self._states: set[str] = set()
        self._last_row = 0

    def line(self, text: str, number: int) -> str | None:
        """Take a line without prefix and its number; gives the command where this line is it."""
        if not self._found and text[:4] != "VMID":
            return None
        words = text.split()
        if [word.upper() for word in words] in _HEADINGS:
            self._found = self._in_table = True
        elif self._in_table and words and _VMID.fullmatch(words[0]):
            self._states |= _states_of(words)
            self._last_row = number
        else:
            self._in_table = False
            if _COMMAND.fullmatch(text):
                return text
        return None

    def result(self, lines: int) -> LogResult | None:
        """Return the run's result after the table; guests left `todo` mean that it was aborted.

        None where the last of all `lines` is a row: the mail was cut, and the guest that failed may be in the next one.
        """
        if not self._states or self._last_row == lines - 1:
            return None
        if "todo" in self._states:
            return "aborted"
        return "failed" if self._states & {"err", "failed"} else "ok"


def _states_of(words: list[str]) -> set[str]:
    """Return the state in a row of the table, before its time; a guest may be called `ok`, and an error may speak of one.

    Where no state stands before a time, these are all states in the row.
    """
    followed = [(word.lower(), after) for word, after in pairwise(words[1:]) if word.lower() in _STATES]
    before_a_time = [state for state, after in followed if after[0].isdigit()]
    return {before_a_time[0]} if before_a_time else {state for state, _ in followed}
