"""Tells from one list of the whole cluster whether a node's own list of tasks can have anything new.

`/cluster/tasks` holds of every node what runs and the 25 tasks that ended last, as the node itself has told it to the others. While
that is what it was when the node's own list was read, nothing has begun there and nothing has ended. Any difference is answered by
asking the node: also a gap, where more than 25 tasks have ended in between, is one.

What a node has told the others may be old, and Proxmox does not say so. Its figures come by the same way, from the same daemon
(pvestatd): where its uptime has not gone on as the clock has, nothing is taken for seen.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Task
from ...proxmox.api.errors import ProxmoxError

# A node tells its figures every ten seconds; one with slow storages takes its time.
_STALE: Final = timedelta(minutes=1)
# Only so many fit surely into what a node can tell the others (CFS_MAX_STATUS_SIZE); beyond that, old lists stay in place.
_MOST_TOLD: Final = 50
# However quiet a node is, its own list is read twice a day: it may have lost what the others still show.
_LONGEST: Final = timedelta(hours=12)

type _Shown = frozenset[tuple[str, int | None, str | None]]


@dataclass(frozen=True, slots=True)
class _Noted:
    """What was shown of a node just before its own list was read, when that was, and when the node was started."""

    shown: _Shown
    at: datetime
    booted: datetime


@dataclass(frozen=True, slots=True)
class _Poll:
    """What this poll has shown; of a node whose tasks or figures are not shown, nothing is known."""

    now: datetime
    shown: dict[str, _Shown] = field(default_factory=dict)
    booted: dict[str, datetime] = field(default_factory=dict)


class TaskWatch:
    """Remembers what the cluster showed of each node when the node's own list was read."""

    def __init__(self, client: ProxmoxClient) -> None:
        """Read through a client."""
        self._client = client
        self._tasks: tuple[Task, ...] | None = None
        self._poll: _Poll | None = None
        self._noted: dict[tuple[Hashable, str], _Noted] = {}

    async def read(self) -> None:
        """Read the list of the whole cluster; where that fails, every node is asked as if there were none."""
        self._poll = self._tasks = None
        try:
            self._tasks = await self._client.recent_tasks()
        except ProxmoxError:
            return

    def begin(self, now: datetime, booted: dict[str, datetime], *, shows_all: bool) -> None:
        """Take what was read for what is known now; `booted` are the starts of the nodes as their uptimes tell them.

        `shows_all` is whether the token was surely shown the tasks of others too.
        """
        self._poll = None
        if self._tasks is None or not shows_all:
            return
        self._poll = _Poll(now, {node: _shown(self._tasks, node) for node in booted}, booted)

    def is_quiet(self, what: Hashable, node: str) -> bool:
        """Tell whether nothing has begun or ended on a node since its list `what` was read."""
        noted, poll = self._noted.get((what, node)), self._poll
        if noted is None or poll is None or node not in poll.shown:
            return False
        return (
            poll.shown[node] == noted.shown
            and len(noted.shown) <= _MOST_TOLD
            and abs(poll.booted[node] - noted.booted) <= _STALE
            and timedelta() <= poll.now - noted.at < _LONGEST
        )

    def listed(self, what: Hashable, node: str) -> None:
        """Take note that a node's list `what` was read in this poll, after the list of the whole cluster."""
        poll = self._poll
        if poll is None or node not in poll.shown:
            self._noted.pop((what, node), None)
        else:
            self._noted[what, node] = _Noted(poll.shown[node], poll.now, poll.booted[node])

    def forget(self) -> None:
        """Let every node be asked."""
        self._noted.clear()


def _shown(tasks: Iterable[Task], node: str) -> _Shown:
    return frozenset((task.upid, task.ended, task.status) for task in tasks if task.node == node)
