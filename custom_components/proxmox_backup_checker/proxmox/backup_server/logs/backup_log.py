"""Reader of the log of a backup task, which alone names the namespace (src/api2/backup/mod.rs)."""

from dataclasses import dataclass
import re
from typing import Final, override

from ..namespace import SnapshotId, parse_snapshot_path
from .task_log import TaskLogReader

_START: Final = re.compile(
    r"starting new backup on datastore '([^']{1,200})'(?: from (\S{1,100}?))?: \"([^\"]{1,1000})\""
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupLog:
    """What a backup task says of itself; `client` is the address it came from."""

    store: str | None
    ns: str | None
    snapshot: SnapshotId | None
    client: str | None


class BackupLogReader(TaskLogReader):
    """Reads the log of a `backup` task; its first line is enough."""

    def __init__(self) -> None:
        """Start at the beginning of a log."""
        super().__init__()
        self._log = BackupLog(store=None, ns=None, snapshot=None, client=None)

    @override
    def _take(self, text: str) -> None:
        if self._log.store is None and (match := _START.match(text)):
            try:
                ns, snapshot = parse_snapshot_path(match[3])
            except ValueError:
                return
            self._log = BackupLog(store=match[1], ns=ns, snapshot=snapshot, client=match[2])

    def log(self) -> BackupLog:
        """Return what has been read."""
        return self._log
