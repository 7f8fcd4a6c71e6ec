"""Reads everything that the judgement needs, and asks no more often than it takes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import logging
from typing import Final
from zoneinfo import ZoneInfo

from ...checker.model.facts import Blindness, Facts, NodeFacts, Run
from ...checker.model.records import NodeRecord, RunRecord
from ...proxmox.api.backup_models import BackupJob, IncludedGuest
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Guest, Node, NodeStorage, Permissions, Resources, Version
from ...proxmox.api.errors import (
    ApiError,
    CannotConnectError,
    NodeUnreachableError,
    PermissionDeniedError,
    ProxmoxError,
    UnexpectedAnswerError,
)
from ...proxmox.api.upid import Upid
from ...proxmox.log_agent.client import LogAgentClient
from ...proxmox.vzdump.command import JobCommand
from ..log_agents.state_reader import AgentReader
from ..read_schedule import DAILY, SLOW, Cadence
from .node_failover import ClusterDoor, StandIn
from .run_reader import RunReader
from .storage_reader import StorageReader
from .task_logs import RunLogs

_LOGGER = logging.getLogger(__name__)

# The answer comes within a second or so, and Proxmox tells full seconds.
_SKEW_TOLERATED: Final = timedelta(seconds=5)
_CLOCKS_EVERY: Final = timedelta(hours=1)

type ZoneFinder = Callable[[str], Awaitable[ZoneInfo | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One poll: the facts, the token's rights, the log agents that could not be read, by node, and other troubles.

    `troubles` says by part, as `storage nas`, what could not be read and was left as it was. `stand_in` is the node that
    answers while the configured one does not.
    """

    facts: Facts
    permissions: Permissions
    agent_errors: Mapping[str, ProxmoxError]
    troubles: Mapping[str, str] = field(default_factory=dict)
    stand_in: StandIn | None = None


class FactsReader:
    """Reads one cluster through its API and through the log agents of those nodes that have one."""

    def __init__(self, client: ProxmoxClient, agents: Mapping[str, LogAgentClient], find_zone: ZoneFinder) -> None:
        """Use clients that somebody else made; `find_zone` returns a time zone by its name, or None."""
        self._client = client
        self._find_zone = find_zone
        self._cadence = Cadence()
        self._door = ClusterDoor(client)
        self._runs = RunReader(client)
        self._storages = StorageReader(client, self._cadence)
        self._agents = AgentReader(agents)
        self._run_logs = RunLogs(client, agents)
        self._zones: dict[str, ZoneInfo | None] = {}
        self._skews: dict[str, timedelta] = {}
        self._included: dict[str, tuple[IncludedGuest, ...]] = {}
        self._jobs_before: tuple[BackupJob, ...] | None = None
        self._guests: dict[str, Guest] = {}
        self._storages_seen: dict[str, NodeStorage] = {}
        self._guests_before: frozenset[tuple[int, str, str | None]] = frozenset()
        self._ended_before: frozenset[str] = frozenset()
        self._running = False
        self._troubles: dict[str, str] = {}
        self._reported: set[str] = set()

    @property
    def agent_nodes(self) -> frozenset[str]:
        """The nodes with a log agent."""
        return self._agents.nodes

    async def version(self) -> Version:
        """Return the version of the contacted node; raises any ProxmoxError."""
        return await self._client.version()

    def know(self, nodes: Iterable[NodeRecord]) -> None:
        """Take up where the nodes were when they were last seen, so that another one may be asked."""
        self._door.know(nodes)

    def read_all_again(self) -> None:
        """Let the next poll read everything, whatever was read lately."""
        self._cadence.forget(lambda topic: not (isinstance(topic, tuple) and topic[0] == "archives"))

    async def task_log(self, upid: Upid, record: RunRecord | None) -> str | None:
        """Return the log of a run, None where it is gone; `record` is what is remembered of the run.

        Raises any ProxmoxError.
        """
        return await self._run_logs.text(upid, record, self._zones.get(upid.node))

    async def read(self, now: datetime, known: Collection[str] = ()) -> Reading:
        """Return the state of the cluster; the finished runs in `known`, by UPID, are not read again.

        Raises a ProxmoxError where the cluster as a whole cannot be read; a part that cannot be is part of the facts.
        """
        self._troubles = {}
        status, trouble = await self._door.enter()
        if trouble is not None:
            self._troubles["cluster status"] = trouble
        permissions, resources, jobs = await asyncio.gather(
            self._client.permissions(), self._client.resources(), self._jobs()
        )
        await self._learn_fingerprints(now)
        resources = self._completed(resources)
        self._notice_changes(resources, jobs)
        nodes = await asyncio.gather(*(self._node(node, permissions, resources, now) for node in status.nodes))
        visible = frozenset(node.name for node in nodes if node.blindness is None)
        runs = await self._runs.runs(visible, known)
        self._notice_ends(runs, now)
        await self._read_slow(jobs, now)
        storages, troubles = await self._storages.read(
            resources.storages,
            permissions,
            {node.name for node in nodes if node.blindness in {None, Blindness.TASKS_HIDDEN}},
            now,
            busy=self._running,
            runs_hidden=any(node.blindness is Blindness.TASKS_HIDDEN for node in nodes),
        )
        self._troubles |= {f"storage {name}": error for name, error in troubles.items()}
        self._troubles |= {f"archives {part}": text for part, text in self._client.left_out.items()}
        self._troubles |= {f"address of {node.name}": node.odd for node in status.nodes if node.odd is not None}
        agent_errors = await self._agents.read(status)
        self._report_troubles()
        facts = Facts(
            now=now,
            cluster=status,
            nodes={node.name: node for node in nodes},
            guests=resources.guests,
            jobs=jobs,
            runs=runs,
            unread_runs=self._runs.unread,
            job_states=self._agents.states,
            pools_visible=permissions.has("/pool", "Pool.Audit"),
            guests_visible=permissions.has("/vms", "VM.Audit") and not resources.odd,
            storages=storages,
            included=dict(self._included),
            read_at=now,
        )
        return Reading(
            facts=facts,
            permissions=permissions,
            agent_errors=agent_errors,
            troubles=self._troubles,
            stand_in=self._door.stand_in,
        )

    async def _learn_fingerprints(self, now: datetime) -> None:
        """Read the certificates by which the nodes are known, once a day, or where one is not known yet."""
        if self._cadence.is_due("fingerprints", now, SLOW if self._door.lacks_fingerprints else DAILY):
            await self._attempt("fingerprints", self._door.learn_fingerprints())
            self._cadence.note("fingerprints", now)

    async def _jobs(self) -> tuple[BackupJob, ...] | None:
        try:
            return await self._client.backup_jobs()
        except PermissionDeniedError as error:
            self._troubles["backup jobs"] = str(error)
            return None
        except (ApiError, UnexpectedAnswerError) as error:
            self._troubles["backup jobs"] = str(error)
            return self._jobs_before

    def _completed(self, resources: Resources) -> Resources:
        """Return the resources with what was last seen in place of rows that cannot be understood."""
        self._troubles |= {f"resource {row}": error for row, error in resources.odd.items()}
        guests = [*resources.guests, *(self._guests[row] for row in resources.odd if row in self._guests)]
        storages = [
            *resources.storages,
            *(self._storages_seen[row] for row in resources.odd if row in self._storages_seen),
        ]
        self._guests = {f"{guest.guest_type}/{guest.vmid}": guest for guest in guests}
        self._storages_seen = {f"storage/{storage.node}/{storage.storage}": storage for storage in storages}
        return replace(
            resources,
            guests=tuple(sorted(guests, key=lambda guest: guest.vmid)),
            storages=tuple(sorted(storages, key=lambda storage: (storage.storage, storage.node))),
        )

    def _notice_changes(self, resources: Resources, jobs: tuple[BackupJob, ...] | None) -> None:
        """Read the slow things again where the jobs, or the guests that they cover, are no longer the same."""
        guests = frozenset((guest.vmid, guest.node, guest.pool) for guest in resources.guests)
        if guests != self._guests_before or jobs != self._jobs_before:
            self._cadence.forget(lambda topic: topic == "included volumes")
        self._guests_before, self._jobs_before = guests, jobs

    def _notice_ends(self, runs: tuple[Run, ...], now: datetime) -> None:
        """Let the storages be listed on which runs have ended since the last poll."""
        for run in runs:
            if not run.task.running and run.task.upid not in self._ended_before:
                command = run.log.command if run.log else None
                self._storages.run_ended(JobCommand.parse(command).storage if command else None, now)
        self._running = any(run.task.running for run in runs)
        self._ended_before = frozenset(run.task.upid for run in runs if not run.task.running)

    async def _node(self, node: Node, permissions: Permissions, resources: Resources, now: datetime) -> NodeFacts:
        """Read a node's clock and its new runs; what was read of it before stays where that fails."""
        blindness = None if node.online else Blindness.NODE_UNREACHABLE
        if not permissions.has(f"/nodes/{node.name}", "Sys.Audit"):
            # The list would show the token's own tasks only, and that silently.
            blindness = Blindness.TASKS_HIDDEN
        if blindness is None:
            try:
                await self._read_clock(node.name, now)
                await self._runs.read_list(node.name, now)
            except PermissionDeniedError:
                blindness = Blindness.TASKS_HIDDEN
            except (NodeUnreachableError, ApiError, UnexpectedAnswerError) as error:
                blindness = Blindness.NODE_UNREACHABLE
                self._troubles[f"node {node.name}"] = str(error)
        runs, known = self._runs.of(node.name), self._door.nodes[node.name]
        uptime = resources.uptimes.get(node.name) if node.online else None
        return NodeFacts(
            name=node.name,
            zone=self._zones.get(node.name),
            blindness=blindness,
            agent=node.name in self._agents.nodes,
            online=node.online,
            tasks_read=runs.read,
            skew=self._skews.get(node.name, timedelta()),
            booted=now - timedelta(seconds=uptime) if uptime else None,
            runs_known_since=runs.known_since,
            address=known.address,
            fingerprint=known.fingerprint,
            contacted=known.contacted,
        )

    async def _read_clock(self, node: str, now: datetime) -> None:
        """Read a node's zone and what its clock is ahead of ours."""
        if not self._cadence.is_due(("clock", node), now, _CLOCKS_EVERY):
            return
        clock = await self._client.node_time(node)
        self._zones[node] = await self._find_zone(clock.zone)
        skew = datetime.fromtimestamp(clock.time, UTC) - now
        self._skews[node] = skew if abs(skew) > _SKEW_TOLERATED else timedelta()
        self._cadence.note(("clock", node), now)

    async def _read_slow(self, jobs: tuple[BackupJob, ...] | None, now: datetime) -> None:
        """Read what changes rarely: the configuration of storages, and what the jobs include."""
        if self._cadence.is_due("storage config", now, SLOW):
            await self._attempt("storage configuration", self._storages.read_config())
            self._cadence.note("storage config", now)
        if jobs is not None and self._cadence.is_due("included volumes", now, SLOW):
            self._included = {job.job_id: self._included[job.job_id] for job in jobs if job.job_id in self._included}
            await asyncio.gather(*(self._read_included(job) for job in jobs))
            self._cadence.note("included volumes", now)

    async def _read_included(self, job: BackupJob) -> None:
        """Read what a job includes; one job's trouble, as a missing pool, is nobody else's."""
        try:
            self._included[job.job_id] = await self._client.included_volumes(job.job_id)
        except CannotConnectError:
            raise
        except ProxmoxError as error:
            self._troubles[f"job {job.job_id}"] = str(error)

    async def _attempt(self, part: str, reading: Awaitable[None]) -> None:
        """Read something without which the rest is worth reading."""
        try:
            await reading
        except CannotConnectError:
            raise
        except ProxmoxError as error:
            self._troubles[part] = str(error)

    def _report_troubles(self) -> None:
        """Log each trouble when it begins, and not again while it lasts."""
        for part, error in self._troubles.items():
            if part not in self._reported:
                _LOGGER.warning("Cannot read %s: %s", part, error)
        self._reported = set(self._troubles)
