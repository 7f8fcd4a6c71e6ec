"""The log of a backup server's task as people read it: numbered lines, those that tell of something amiss marked."""

import re
from typing import Final

from ...vzdump.excerpt import Level, LogExcerpt, LogLine

_BAD: Final = re.compile(r"\b(?:ERROR|failed|error|corrupt)\b")
# What is left out for a reason that does not go away by itself; "older than the newest snapshot" is no such.
_LEFT_OUT: Final = re.compile(r"\bWARN(?:INGS)?\b|\bnot owned by\b|\bskipping upload\b|\bpartially encrypted\b")
_CLEAN: Final = "TASK OK"


def read_log(text: str) -> LogExcerpt:
    """Return the whole log, with the number of the first line that tells of something amiss."""
    lines = tuple(LogLine(number, line, _level(line)) for number, line in enumerate(text.splitlines() or [""], start=1))
    # The last line sums up what was said before.
    amiss = [line.number for line in lines if line.level != "info"]
    return LogExcerpt(lines=lines, total=len(lines), failure=amiss[0] if amiss else None)


def _level(line: str) -> Level:
    if line.endswith(_CLEAN):
        return "info"
    if _LEFT_OUT.search(line):
        return "warning"
    return "error" if _BAD.search(line) else "info"
