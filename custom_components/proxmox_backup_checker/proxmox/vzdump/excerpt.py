"""A vzdump log as people read it: numbered lines with their level, and the part around the failure."""

from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import Final, Literal

from .line_patterns import FAILED, PREFIXED, STARTED

type Level = Literal["error", "warning", "info"]

_AROUND: Final = 40
# Longer lines are cut, as the reader of logs cuts them: a damaged file may have no line ends at all.
_MAX_LINE: Final = 65_536
_LONGEST_IN_EXCERPT: Final = 2_000
_TASK: Final = re.compile(r"TASK (?:OK|(WARNINGS): \d{1,9}|(ERROR):.*)", re.DOTALL)
_LEVELS: Final[dict[str, Level]] = {"ERROR": "error", "WARN": "warning", "INFO": "info", "WARNINGS": "warning"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line with its number, counted from 1 as Proxmox does."""

    number: int
    text: str
    level: Level


@dataclass(frozen=True, kw_only=True, slots=True)
class LogExcerpt:
    """Some consecutive lines of a log that has `total`; `failure` is the number of the line that it was made for, if any."""

    lines: tuple[LogLine, ...]
    total: int
    failure: int | None = None

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(line.text for line in self.lines)


def lines(text: str) -> tuple[LogLine, ...]:
    """Return all lines of a task log or of a guest's own log; never raises."""
    rows = text.replace("\0", "").removesuffix("\n").split("\n") if text else []
    return tuple(
        LogLine(number, (line := row[:_MAX_LINE].rstrip()), _level(line)) for number, row in enumerate(rows, 1)
    )


def excerpt(text: str, vmid: int | None = None, around: int = _AROUND) -> LogExcerpt:
    """Return the lines around the first failure of a guest or, without a guest that the log mentions, of the run.

    An error counts before a warning; where there is neither, these are the last lines. At most `2 * around` lines.
    """
    every = lines(text)
    part = _part_of(vmid, every) if vmid is not None else every
    at = next((line for level in ("error", "warning") for line in part if line.level == level), None)
    centre = part.index(at) if at is not None else len(part)
    first = max(0, min(centre - around, len(part) - 2 * around))
    shown = tuple(
        LogLine(line.number, line.text[:_LONGEST_IN_EXCERPT], line.level) for line in part[first : first + 2 * around]
    )
    return LogExcerpt(lines=shown, total=len(every), failure=at.number if at is not None else None)


def whole(text: str, vmid: int | None = None) -> LogExcerpt:
    """Return all lines, with the number of the one that an excerpt is made for."""
    return LogExcerpt(lines=(every := lines(text)), total=len(every), failure=excerpt(text, vmid).failure)


def _part_of(vmid: int, every: Sequence[LogLine]) -> Sequence[LogLine]:
    """Return the part of a log that is about a guest, all of it where none is.

    A guest that fails before its backup begins has its failure only, and what was written just before.
    """
    begin, end = None, 0
    for index, line in enumerate(every):
        said = _said(line.text)
        if match := STARTED.fullmatch(said):
            if begin is not None:
                return every[begin:index]
            if int(match[1]) == vmid:
                begin = index
        elif match := FAILED.fullmatch(said):
            if begin is None and int(match[1]) == vmid:
                return every[end : index + 1]
            end = index + 1
        elif said.startswith("Backup finished at "):
            end = index + 1
    return every[begin:] if begin is not None else every


def _said(line: str) -> str:
    """Return what vzdump says in a line, without level and time."""
    match = PREFIXED.fullmatch(line)
    return (match[3] or "") if match else ""


def _level(line: str) -> Level:
    """Return the level that vzdump gives a line; what other programs print has none of its own."""
    if match := PREFIXED.fullmatch(line):
        return _LEVELS[match[2]]
    if match := _TASK.fullmatch(line):
        return _LEVELS[match[1] or match[2] or "INFO"]
    return "info"
