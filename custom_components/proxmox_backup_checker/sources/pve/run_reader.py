"""Reads the backup runs of the nodes: their lists from poll to poll, and each finished log once."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from ...checker.model.facts import Run
from ...proxmox.api.answer import run_off_loop_if_large
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Task
from ...proxmox.api.errors import ApiError, NodeUnreachableError, PermissionDeniedError, UnexpectedAnswerError
from ...proxmox.vzdump import log as vzdump_log
from ...proxmox.vzdump.log import VzdumpLog

# More than two months of nightly runs on three nodes; what is left of a longer history follows with the next polls.
_LOGS_PER_POLL: Final = 200
_RUNS_KEPT_PER_NODE: Final = 500
# A run can show up in the list late, since its node's clock and ours differ.
_OVERLAP: Final = timedelta(days=1)
# A node whose list is full of other tasks keeps a run no longer than that.
_LISTED_AT_LEAST: Final = timedelta(hours=12)


@dataclass(slots=True)
class NodeRuns:
    """The runs of one node as its list last showed them; `read` on our clock.

    Of the runs that started at `known_since` or later none is missing.
    """

    tasks: dict[str, Task] = field(default_factory=dict)
    read: datetime | None = None
    known_since: datetime | None = None


class RunReader:
    """Keeps the lists of runs, and the logs of those runs that the history does not hold yet."""

    def __init__(self, client: ProxmoxClient) -> None:
        """Read through a client."""
        self._client = client
        self._nodes: dict[str, NodeRuns] = {}
        self._logs: dict[str, VzdumpLog | None] = {}
        self._unread: tuple[datetime, ...] = ()

    @property
    def unread(self) -> tuple[datetime, ...]:
        """The starts of the finished runs that were listed, but whose logs are still to be read."""
        return self._unread

    def of(self, node: str) -> NodeRuns:
        """Return what is known of a node's runs."""
        return self._nodes.setdefault(node, NodeRuns())

    async def read_list(self, node: str, now: datetime) -> None:
        """Read a node's list of runs, after the first time only from the last reading and the oldest running one on.

        After a long gap it is read as a whole again: runs may have come and gone.

        Raises any ProxmoxError; what was read before stays then.
        """
        known = self.of(node)
        since = None
        if known.read is not None and now - known.read <= _LISTED_AT_LEAST:
            running = (task.started for task in known.tasks.values() if task.running)
            since = min([int((known.read - _OVERLAP).timestamp()), *running])
        listed = await self._client.vzdump_tasks(node, since)
        known.tasks.update((task.upid, task) for task in listed)
        newest_first = sorted(known.tasks.values(), key=lambda task: task.started, reverse=True)
        known.tasks = {task.upid: task for task in newest_first[:_RUNS_KEPT_PER_NODE]}
        if since is None:
            oldest = min((datetime.fromtimestamp(task.started, UTC) for task in listed), default=now)
            if known.known_since is None or known.read is None or oldest > known.read:
                known.known_since = oldest
        if len(newest_first) > _RUNS_KEPT_PER_NODE and known.known_since is not None:
            left_out = datetime.fromtimestamp(newest_first[_RUNS_KEPT_PER_NODE].started, UTC)
            known.known_since = max(known.known_since, left_out)
        known.read = now

    async def runs(self, visible: Collection[str], known: Collection[str]) -> tuple[Run, ...]:
        """Return the runs that are not in the history, `known` by UPID, with their logs.

        Of the nodes that are not visible now, those that were read before. A finished run whose log is still to be read
        is not among them.
        """
        tasks = [
            task
            for runs in self._nodes.values()
            for task in runs.tasks.values()
            if task.running or task.upid not in known
        ]
        kept = {task.upid for task in tasks}
        self._logs = {upid: log for upid, log in self._logs.items() if upid in kept}
        tasks.sort(key=lambda task: task.started, reverse=True)
        reachable = [task for task in tasks if task.node in visible]
        unread = [task for task in reachable if not task.running and task.upid not in self._logs]
        await asyncio.gather(*(self._read_finished(task) for task in unread[:_LOGS_PER_POLL]))
        running = [task for task in reachable if task.running]
        logs = await asyncio.gather(*(self._read_running(task) for task in running))
        self._unread = tuple(
            datetime.fromtimestamp(task.started, UTC)
            for task in tasks
            if not task.running and task.upid not in self._logs
        )
        return tuple(self._with_logs(tasks, {task.upid: log for task, log in zip(running, logs, strict=True)}))

    def _with_logs(self, tasks: Collection[Task], running: Mapping[str, VzdumpLog | None]) -> list[Run]:
        logs = {**self._logs, **running}
        return [Run(task=task, log=logs[task.upid]) for task in tasks if task.upid in logs]

    async def _read_finished(self, task: Task) -> None:
        try:
            text = await self._client.task_log(task.node, task.upid)
        except NodeUnreachableError, PermissionDeniedError, ApiError, UnexpectedAnswerError:
            return
        self._logs[task.upid] = None if text is None else await _parsed(text, finished=True)

    async def _read_running(self, task: Task) -> VzdumpLog | None:
        try:
            text = await self._client.task_log(task.node, task.upid)
        except NodeUnreachableError, PermissionDeniedError, ApiError, UnexpectedAnswerError:
            return None
        return None if text is None else await _parsed(text)


async def _parsed(text: str, *, finished: bool | None = None) -> VzdumpLog:
    return await run_off_loop_if_large(len(text), partial(vzdump_log.parse, finished=finished), text)
