"""Reading what runs on a backup server, and what has ended since the last look."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.backup_server.client import BackupServerClient
from ...proxmox.backup_server.task_models import TaskList

HISTORY: Final = timedelta(days=60)
_FIRST_PAGE: Final = 500
# Those that ended last are enough to recognise where the last look began.
_REMEMBERED: Final = 200


class TaskReader:
    """One page of tasks while nothing happens."""

    def __init__(self, client: BackupServerClient, known: Iterable[str] = ()) -> None:
        """Begin with the finished tasks that are remembered, by UPID, the one that ended last first."""
        self._client = client
        self._known = list(known)[:_REMEMBERED]

    async def read(self, now: datetime) -> TaskList:
        """Return running tasks and those that have ended meanwhile; at first those of the last 60 days."""
        if self._known:
            found = await self._client.tasks_since(frozenset(self._known))
        else:
            begin = int((now - HISTORY).timestamp())
            found = await self._client.tasks_since((), ended_after=begin, page=_FIRST_PAGE)
        known = frozenset(self._known)
        ended = [task for task in found.tasks if task.ended is not None]
        newest_first = sorted(ended, key=lambda task: task.ended or 0, reverse=True)
        fresh = [task.upid.text for task in newest_first if task.upid.text not in known]
        self._known = [*fresh, *self._known][:_REMEMBERED]
        new = (task for task in found.tasks if task.ended is None or task.upid.text not in known)
        return TaskList.of(new, complete=found.complete)
