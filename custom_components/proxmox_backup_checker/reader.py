"""Reads everything that the judgement needs, once per poll, and keeps what never changes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .checker.facts import Blindness, Facts, JobState, NodeFacts, Run
from .proxmox import vzdump_log
from .proxmox.backup_models import BackupJob
from .proxmox.client import ProxmoxClient
from .proxmox.errors import ApiError, NodeUnreachableError, PermissionDeniedError, ProxmoxError, UnexpectedAnswerError
from .proxmox.log_agent import LogAgentClient
from .proxmox.models import ClusterStatus, Node, Permissions, Task
from .proxmox.vzdump_log import VzdumpLog

# More than two months of nightly runs on three nodes; what is left of a longer history follows with the next polls.
_LOGS_PER_POLL: Final = 200
_RUNS_KEPT_PER_NODE: Final = 500
# A run can show up in the list late, since its node's clock and ours differ.
_OVERLAP: Final = timedelta(days=1)

type ZoneFinder = Callable[[str], Awaitable[ZoneInfo | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One poll: the facts, the token's rights, and the log agents that could not be read, by node."""

    facts: Facts
    permissions: Permissions
    agent_errors: Mapping[str, ProxmoxError]


class FactsReader:
    """Reads one cluster through its API and through the log agents of those nodes that have one."""

    def __init__(self, client: ProxmoxClient, agents: Mapping[str, LogAgentClient], find_zone: ZoneFinder) -> None:
        """Use clients that somebody else made; `find_zone` returns a time zone by its name, or None."""
        self._client = client
        self._agents = agents
        self._find_zone = find_zone
        self._zones: dict[str, ZoneInfo | None] = {}
        self._tasks: dict[str, dict[str, Task]] = {}
        self._tasks_read: dict[str, datetime] = {}
        self._logs: dict[str, VzdumpLog | None] = {}
        self._job_states: dict[str, tuple[JobState, ...]] = {}

    async def read(self, now: datetime) -> Reading:
        """Return the state of the cluster.

        Raises a ProxmoxError where the cluster as a whole cannot be read; a node that cannot be is part of the facts.
        """
        status, permissions, resources, jobs = await asyncio.gather(
            self._client.cluster_status(), self._client.permissions(), self._client.resources(), self._jobs()
        )
        nodes = await asyncio.gather(*(self._node(node, permissions, now) for node in status.nodes))
        running = await self._read_logs(nodes)
        agent_errors = await self._read_agents(status)
        facts = Facts(
            now=now,
            cluster=status,
            nodes={node.name: node for node in nodes},
            guests=resources.guests,
            jobs=jobs,
            runs=tuple(self._runs(running)),
            job_states=tuple(state for states in self._job_states.values() for state in states),
            pools_visible=permissions.has("/pool", "Pool.Audit"),
            guests_visible=permissions.has("/vms", "VM.Audit"),
        )
        return Reading(facts=facts, permissions=permissions, agent_errors=agent_errors)

    async def _jobs(self) -> tuple[BackupJob, ...] | None:
        try:
            return await self._client.backup_jobs()
        except PermissionDeniedError:
            return None

    async def _node(self, node: Node, permissions: Permissions, now: datetime) -> NodeFacts:
        """Read a node's time zone and its new runs; what was read of it before stays where that fails."""
        blindness = None if node.online else Blindness.NODE_UNREACHABLE
        if not permissions.has(f"/nodes/{node.name}", "Sys.Audit"):
            # The list would show the token's own tasks only, and that silently.
            blindness = Blindness.TASKS_HIDDEN
        if blindness is None:
            try:
                await self._read_zone(node.name)
                await self._read_tasks(node.name, now)
            except PermissionDeniedError:
                blindness = Blindness.TASKS_HIDDEN
            except NodeUnreachableError, ApiError, UnexpectedAnswerError:
                blindness = Blindness.NODE_UNREACHABLE
        return NodeFacts(
            name=node.name, zone=self._zones.get(node.name), blindness=blindness, agent=node.name in self._agents
        )

    async def _read_zone(self, node: str) -> None:
        self._zones[node] = await self._find_zone((await self._client.node_time(node)).zone)

    async def _read_tasks(self, node: str, now: datetime) -> None:
        """Read the list of runs, after the first time only from the last reading and the oldest running one on."""
        known = self._tasks.setdefault(node, {})
        since = None
        if read := self._tasks_read.get(node):
            since = min(
                [int((read - _OVERLAP).timestamp()), *(task.started for task in known.values() if task.running)]
            )
        listed = await self._client.vzdump_tasks(node, since)
        known.update((task.upid, task) for task in listed)
        newest_first = sorted(known.values(), key=lambda task: task.started, reverse=True)
        self._tasks[node] = {task.upid: task for task in newest_first[:_RUNS_KEPT_PER_NODE]}
        self._tasks_read[node] = now

    async def _read_logs(self, nodes: tuple[NodeFacts, ...] | list[NodeFacts]) -> dict[str, VzdumpLog | None]:
        """Read the logs of finished runs once and for all, newest first, and return those of running ones."""
        kept = {upid for tasks in self._tasks.values() for upid in tasks}
        self._logs = {upid: log for upid, log in self._logs.items() if upid in kept}
        visible = {node.name for node in nodes if node.blindness is None}
        tasks = [task for node in visible for task in self._tasks.get(node, {}).values()]
        tasks.sort(key=lambda task: task.started, reverse=True)
        running = [task for task in tasks if task.running]
        unread = [task for task in tasks if not task.running and task.upid not in self._logs]
        await asyncio.gather(*(self._read_finished_log(task) for task in unread[:_LOGS_PER_POLL]))
        logs = await asyncio.gather(*(self._running_log(task) for task in running))
        return {task.upid: log for task, log in zip(running, logs, strict=True)}

    async def _read_finished_log(self, task: Task) -> None:
        try:
            text = await self._client.task_log(task.node, task.upid)
        except NodeUnreachableError, ApiError, UnexpectedAnswerError:
            return
        self._logs[task.upid] = None if text is None else vzdump_log.parse(text, finished=True)

    async def _running_log(self, task: Task) -> VzdumpLog | None:
        try:
            text = await self._client.task_log(task.node, task.upid)
        except NodeUnreachableError, ApiError, UnexpectedAnswerError:
            return None
        return None if text is None else vzdump_log.parse(text)

    def _runs(self, running: Mapping[str, VzdumpLog | None]) -> list[Run]:
        """Return the runs that were read; one whose log is still to be fetched is not known yet."""
        logs = {**self._logs, **running}
        return [
            Run(task=task, log=logs[task.upid])
            for tasks in self._tasks.values()
            for task in tasks.values()
            if task.upid in logs
        ]

    async def _read_agents(self, status: ClusterStatus) -> dict[str, ProxmoxError]:
        """Read the job states of every node with an agent, and return what went wrong."""
        online = {node.name for node in status.nodes if node.online}
        nodes = [node for node in self._agents if node in online]
        results = await asyncio.gather(*(self._read_agent(node) for node in nodes))
        return {node: error for node, error in zip(nodes, results, strict=True) if error is not None}

    async def _read_agent(self, node: str) -> ProxmoxError | None:
        try:
            states = await self._agents[node].jobs()
        except ProxmoxError as error:
            return error
        self._job_states[node] = tuple(
            JobState(
                job_id=state.job_id,
                node=node,
                state=state.state,
                upid=state.upid,
                message=state.message,
                updated=state.updated or state.time or state.modified,
                error=state.error,
            )
            for state in states
        )
        return None
