"""Reader of the log of a garbage collection (pbs-datastore/src/datastore.rs)."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final, override

from .human_byte import parse_bytes
from .task_log import TaskLogReader

_FIGURE: Final = re.compile(
    r"([A-Z][A-Za-z -]{3,40}): ([0-9][0-9A-Za-z. ]{0,40})(?: \(in ([0-9]{1,18}) chunks\)| \([0-9.]{1,20}%\))?"
)
_NUMBER: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
_NAMES: Final[Mapping[str, str]] = {
    "Removed garbage": "removed_bytes",
    "Removed chunks": "removed_chunks",
    "Pending removals": "pending_bytes",
    "Removed bad chunks": "removed_bad",
    "Leftover bad chunks": "still_bad",
    "Original data usage": "index_data_bytes",
    "On-Disk usage": "disk_bytes",
    "On-Disk chunks": "disk_chunks",
    "Deduplication factor": "deduplication_factor",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class GarbageCollectionLog:
    """What a garbage collection did; sizes in bytes, rounded as the log has them, None where it did not come so far.

    What is pending has been out of use for less than a day and is freed by the next run after that.
    """

    phase: int
    removed_bytes: float | None
    removed_chunks: int | None
    pending_bytes: float | None
    removed_bad: int | None
    still_bad: int | None
    index_data_bytes: float | None
    disk_bytes: float | None
    deduplication_factor: float | None


class GarbageCollectionLogReader(TaskLogReader):
    """Reads the log of a `garbage_collection` task."""

    def __init__(self) -> None:
        """Start at the beginning of a log."""
        super().__init__()
        self._phase = 0
        self._figures: dict[str, float] = {}

    @override
    def _take(self, text: str) -> None:
        if text.startswith("Start GC phase") and text[14:15].isdecimal():
            self._phase = int(text[14])
        elif (match := _FIGURE.fullmatch(text)) and (name := _NAMES.get(match[1])):
            value = float(match[2]) if _NUMBER.fullmatch(match[2]) else parse_bytes(match[2])
            if value is not None:
                self._figures[name] = value

    def log(self) -> GarbageCollectionLog:
        """Return what has been read."""
        return GarbageCollectionLog(
            phase=self._phase,
            removed_bytes=self._figures.get("removed_bytes"),
            removed_chunks=self._count("removed_chunks"),
            pending_bytes=self._figures.get("pending_bytes"),
            removed_bad=self._count("removed_bad"),
            still_bad=self._count("still_bad"),
            index_data_bytes=self._figures.get("index_data_bytes"),
            disk_bytes=self._figures.get("disk_bytes"),
            deduplication_factor=self._figures.get("deduplication_factor"),
        )

    def _count(self, name: str) -> int | None:
        value = self._figures.get(name)
        return None if value is None else int(value)
