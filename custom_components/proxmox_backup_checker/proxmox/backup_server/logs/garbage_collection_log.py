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
    "Pending removals": "pending_bytes",
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

    removed_bytes: float | None
    pending_bytes: float | None
    still_bad: int | None
    index_data_bytes: float | None
    disk_bytes: float | None
    deduplication_factor: float | None


class GarbageCollectionLogReader(TaskLogReader):
    """Reads the log of a `garbage_collection` task."""

    def __init__(self) -> None:
        """Start at the beginning of a log."""
        super().__init__()
        self._figures: dict[str, float] = {}

    @override
    def _take(self, text: str) -> None:
        if (match := _FIGURE.fullmatch(text)) and (name := _NAMES.get(match[1])):
            value = float(match[2]) if _NUMBER.fullmatch(match[2]) else parse_bytes(match[2])
            if value is not None:
                self._figures[name] = value

    def log(self) -> GarbageCollectionLog:
        """Return what has been read."""
        return GarbageCollectionLog(
            removed_bytes=self._figures.get("removed_bytes"),
            pending_bytes=self._figures.get("pending_bytes"),
            still_bad=self._count("still_bad"),
            index_data_bytes=self._figures.get("index_data_bytes"),
            disk_bytes=self._figures.get("disk_bytes"),
            deduplication_factor=self._figures.get("deduplication_factor"),
        )

    def _count(self, name: str) -> int | None:
        value = self._figures.get(name)
        return None if value is None else int(value)
