"""Reads the restores that people did, from the lists of all tasks: one request an hour for each node."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ...checker.model.facts import Restore, TaskReach
from ...checker.model.outcome import succeeded
from ...proxmox import restore_log
from ...proxmox.api.answer import run_off_loop_if_large
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Task
from ...proxmox.api.errors import NodeUnreachableError, PermissionDeniedError, ProxmoxError
from ..read_schedule import HOURLY, ReadSchedule
from ..task_group import task_group
from ..troubles import PollTroubles

RESTORES: Final = frozenset({"qmrestore", "vzrestore"})
FILES: Final = "pbs-download"
_OF_GUESTS: Final = frozenset(
    {*RESTORES, *("qmstart", "vzstart", "qmcreate", "vzcreate", "qmdestroy", "vzdestroy", "resize")}
)
_RESTORING: Final = RESTORES | {FILES}
_WANTED: Final = _RESTORING | _OF_GUESTS
_LOGS_PER_POLL: Final = 20
# What began so long before the last look may have ended after it; a restore that goes on is known by itself.
_OVERLAP: Final = timedelta(hours=1)
# A node whose list is full of other tasks keeps one no longer than that.
_LISTED_AT_LEAST: Final = timedelta(hours=12)
# Proxmox forgets tasks by files of 50,000 bytes, and keeps the last full one: a shorter list has lost none.
_NONE_FORGOTTEN: Final = 300
_TRIES: Final = 5


@dataclass(slots=True)
class _Node:
    """What the list of a node showed last; `reach` is its oldest task when all of it was read, by the node's clock.

    `is_complete` tells that the node had forgotten none by then.
    """

    read: datetime
    reach: datetime
    is_complete: bool
    tasks: tuple[Task, ...]


class RestoreReader:
    """Keeps what the nodes' lists showed last, and the logs of those restores that the history does not hold yet."""

    def __init__(self, client: ProxmoxClient, schedule: ReadSchedule) -> None:
        """Read through a client, as often as a schedule says."""
        self._client = client
        self._schedule = schedule
        self._nodes: dict[str, _Node] = {}
        self._pending: dict[str, Task] = {}
        self._read: dict[str, Restore] = {}
        self._done: set[str] = set()
        self._tries: dict[str, int] = {}

    def reach(self, node: str) -> TaskReach | None:
        """Return how far a node's tasks are known, None where they never could be read."""
        known = self._nodes.get(node)
        return TaskReach(known.reach, known.read, known.is_complete) if known else None

    @property
    def guest_tasks(self) -> tuple[Task, ...]:
        """What was done with whole guests, as the newest lists have it, and went well."""
        return tuple(
            task
            for node in self._nodes.values()
            for task in node.tasks
            if task.task_type in _OF_GUESTS and succeeded(task.status)
        )

    def is_due(self, node: str, now: datetime) -> bool:
        """Tell whether an hour has gone by since a node's list of tasks was read."""
        return self._schedule.is_due(("all tasks", node), now, HOURLY)

    def nothing_new(self, node: str, now: datetime, skew: timedelta) -> None:
        """Take note that a node's list would show now nothing that it did not show when it was read."""
        known = self._nodes[node]
        first = (known.read - _OVERLAP).timestamp()
        listed = tuple(task for task in known.tasks if task.running or task.started >= first)
        self._nodes[node] = replace(known, read=now + skew, tasks=listed)
        self._schedule.note(("all tasks", node), now)

    async def read_list(self, node: str, now: datetime, skew: timedelta) -> None:
        """Read a node's list of tasks where an hour has gone by; raises any ProxmoxError."""
        if not self.is_due(node, now):
            return
        topic = ("all tasks", node)
        known = self._nodes.get(node)
        if known is not None and now - known.read > _LISTED_AT_LEAST:
            known = None
        since = None
        if known is not None:
            running = (task.started for task in known.tasks if task.running and task.task_type in _RESTORING)
            since = min([int((known.read - _OVERLAP).timestamp()), *running])
        self._schedule.note(topic, now, good=False)
        tasks = await self._client.all_tasks(node, since)
        self._schedule.note(topic, now)
        oldest = min((task.started for task in tasks), default=None)
        reach = known.reach if known is not None else _moment(oldest) or now + skew
        is_complete = known.is_complete if known is not None else len(tasks) < _NONE_FORGOTTEN
        wanted = tuple(task for task in tasks if task.task_type in _WANTED)
        self._nodes[node] = _Node(read=now + skew, reach=reach, is_complete=is_complete, tasks=wanted)
        for task in wanted:
            if not task.running and task.task_type in _RESTORING and task.upid not in self._done:
                self._pending[task.upid] = task

    async def restores(
        self, visible: Collection[str], known: Collection[str], troubles: PollTroubles
    ) -> tuple[Restore, ...]:
        """Return the restores that are not in the history, `known` by UPID, with their logs."""
        self._read = {upid: restore for upid, restore in self._read.items() if upid not in known}
        self._pending = {upid: task for upid, task in self._pending.items() if upid not in known}
        waiting = [task for task in self._pending.values() if task.node in visible]
        waiting.sort(key=lambda task: task.started, reverse=True)
        async with task_group() as group:
            for task in waiting[:_LOGS_PER_POLL]:
                group.create_task(self._read_log(task, troubles))
        return tuple(self._read.values())

    async def _read_log(self, task: Task, troubles: PollTroubles) -> None:
        """Read a log; one that cannot be had after some tries is taken for gone. That of a download names no archive."""
        text = None
        if task.task_type in RESTORES:
            try:
                text = await self._client.task_log(task.node, task.upid)
            except NodeUnreachableError, PermissionDeniedError:
                return
            except ProxmoxError as error:
                troubles.note(f"task logs of {task.node}", error)
                self._tries[task.upid] = tries = self._tries.get(task.upid, 0) + 1
                if tries < _TRIES:
                    return
        log = None if text is None else await run_off_loop_if_large(len(text), restore_log.parse, text)
        self._tries.pop(task.upid, None)
        self._pending.pop(task.upid, None)
        self._done.add(task.upid)
        self._read[task.upid] = Restore(task=task, log=log)


def _moment(epoch: int | None) -> datetime | None:
    try:
        return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
    except OverflowError, ValueError, OSError:
        return None
