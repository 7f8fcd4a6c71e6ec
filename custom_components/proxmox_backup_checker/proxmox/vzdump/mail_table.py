"""The parts of Proxmox's notification mail that its logs do not have: the table of guests and the bare command.

Proxmox VE 8 and 9 (proxmox-notify's vzdump template) and the plain text of 7 and earlier (PVE/VZDump.pm, sendmail).
"""

import re

from .records import LogResult

_HEADING = re.compile(r"VMID\s+(?:NAME\s+)?STATUS\s+TIME\s+SIZE\s+FILENAME", re.IGNORECASE)
_ROW = re.compile(r"\d{1,12}\s+(?:.*?\s+)?(ok|err|todo|FAILED)\s+\S.*", re.IGNORECASE)
_COMMAND = re.compile(r"vzdump(?: .+)?")


class MailTable:
    """The table as far as it was read; a log that is no mail has none."""

    def __init__(self) -> None:
        """Start outside of any mail."""
        self._found = False
        self._in_table = False
        self._states: set[str] = set()

    def line(self, text: str) -> str | None:
        """Take a line without prefix; gives the command where this line is it."""
        if not self._found and text[:4] != "VMID":
            return None
        if _HEADING.fullmatch(text):
            self._found = self._in_table = True
        elif self._in_table and (match := _ROW.fullmatch(text)):
            self._states.add(match[1].lower())
        else:
            self._in_table = False
            if _COMMAND.fullmatch(text):
                return text
        return None

    @property
    def result(self) -> LogResult | None:
        """The run's result after the table; guests left `todo` mean that it was aborted."""
        if not self._states:
            return None
        if "todo" in self._states:
            return "aborted"
        return "failed" if self._states & {"err", "failed"} else "ok"
