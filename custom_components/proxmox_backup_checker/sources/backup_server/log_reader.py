"""Reading the logs of tasks that have ended: each once, a few at a time, the ones that people wait for first."""

from collections.abc import Iterable, Mapping
from typing import Final

from ...checker.model.server_facts import TaskLog
from ...proxmox.api.errors import ProxmoxError
from ...proxmox.backup_server.client import BackupServerClient
from ...proxmox.backup_server.logs.backup_log import BackupLogReader
from ...proxmox.backup_server.logs.garbage_collection_log import GarbageCollectionLogReader
from ...proxmox.backup_server.logs.prune_log import PruneLogReader
from ...proxmox.backup_server.logs.sync_log import SyncLogReader
from ...proxmox.backup_server.logs.verify_log import VerifyLogReader
from ...proxmox.backup_server.task_models import Task
from ...proxmox.backup_server.task_state import TaskResult
from ...proxmox.backup_server.upid import Upid
from ..troubles import PollTroubles

MOST_LOGS: Final = 5
"""Logs of one reading; a long one takes several requests."""
_SYNC: Final = frozenset({"syncjob", "sync"})
_PRUNE: Final = frozenset({"prunejob"})
_COLLECTION: Final = frozenset({"garbage_collection"})
_VERIFY: Final = frozenset({"verificationjob", "verify", "verify_group", "verify_snapshot"})
# A check that found nothing bad has nothing to tell that the snapshots do not say.
_ONLY_WHERE_BAD: Final = _VERIFY | {"backup"}
_FIRST_LINES: Final = 3


def wanted(task: Task) -> bool:
    """Tell whether the log of a finished task is worth reading: of checks and backups only where they went wrong."""
    kind = task.upid.worker_type
    if kind in _ONLY_WHERE_BAD:
        return task.state is not None and task.state.result is not TaskResult.OK
    return kind in _SYNC or kind in _PRUNE or kind in _COLLECTION


class LogReader:
    """Keeps what is still to be read; what could not be read twice is left."""

    def __init__(self, client: BackupServerClient, unread: Iterable[str] = (), *, first: bool = True) -> None:
        """Begin with the tasks whose logs an earlier session has not come to; `first` tells that there was none."""
        self._client = client
        self._waiting: dict[str, int] = dict.fromkeys(unread, 0)
        self._first = first

    @property
    def busy(self) -> bool:
        """Whether logs are left to be read."""
        return bool(self._waiting)

    @property
    def waiting(self) -> frozenset[str]:
        """The tasks whose logs are left to be read."""
        return frozenset(self._waiting)

    async def read(self, ended: Iterable[Task], troubles: PollTroubles) -> Mapping[str, TaskLog | None]:
        """Return the logs that were read, by UPID; None for one that is gone, or cannot be read.

        At the first reading ever there are tasks of many weeks: of each job only the last run counts.
        """
        self._waiting = dict.fromkeys(self._worth_reading(ended), 0) | self._waiting
        self._first = False
        found: dict[str, TaskLog | None] = {}
        for upid in list(self._waiting)[:MOST_LOGS]:
            tries = self._waiting.pop(upid)
            try:
                found[upid] = await self._read(upid)
            except ProxmoxError as error:
                troubles.note(f"log of {upid}", error)
                if tries:
                    found[upid] = None
                else:
                    self._waiting[upid] = tries + 1
        return found

    def _worth_reading(self, ended: Iterable[Task]) -> list[str]:
        chosen: list[str] = []
        jobs: set[tuple[str, str | None]] = set()
        for task in sorted(filter(wanted, ended), key=lambda task: task.ended or 0, reverse=True):
            job = (task.upid.worker_type, task.worker_id)
            if not self._first or job not in jobs:
                chosen.append(task.upid.text)
            jobs.add(job)
        return chosen

    async def _read(self, upid: str) -> TaskLog | None:
        kind = Upid.parse(upid).worker_type
        if kind == "backup":
            first = BackupLogReader()
            first.feed(await self._client.task_log(upid, limit=_FIRST_LINES) or ())
            return first.log()
        reader = _reader_of(kind)
        async for lines in self._client.task_log_pages(upid):
            reader.feed(lines)
        return reader.log() if reader.lines else None


def _reader_of(kind: str) -> SyncLogReader | PruneLogReader | VerifyLogReader | GarbageCollectionLogReader:
    """Return what reads the log of a task of this kind."""
    if kind in _SYNC:
        return SyncLogReader()
    if kind in _PRUNE:
        return PruneLogReader()
    return GarbageCollectionLogReader() if kind in _COLLECTION else VerifyLogReader()
