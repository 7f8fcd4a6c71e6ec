"""Reads everything that the judgement needs of a cluster, and asks no more often than it takes."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
import time
from typing import Final

from ...checker.model.facts import (
    NO_SERVERS,
    Blindness,
    Facts,
    LinkedServers,
    NodeFacts,
    Replication,
    Restore,
    Run,
    StorageFacts,
)
from ...checker.model.records import GuestRecord, NodeRecord, RunRecord, StorageRecord
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Node, Permissions, Resources, Version
from ...proxmox.api.errors import PermissionDeniedError, ProxmoxError
from ...proxmox.api.upid import Upid
from ...proxmox.log_agent.client import LogAgentClient
from ...proxmox.vzdump.command import JobCommand
from ..log_agents.state_reader import JobStateReader
from ..read_schedule import DAILY, HOURLY, SLOW, ReadSchedule
from ..source import Reading
from ..task_group import task_group
from ..troubles import PollTroubles, TroubleLog
from .clock_reader import ClockReader, ZoneFinder
from .config_reader import ConfigReader
from .defaults_reader import DefaultsReader
from .guest_sight import GuestSight
from .job_reader import JobReader, ListedJobs
from .node_failover import Members, NodeFailover
from .replication_reader import ReplicationReader
from .resource_rows import ResourceRows
from .restore_reader import RestoreReader
from .rights import Rights
from .run_reader import RunReader
from .storage_reader import StoragePoll, StorageReader
from .task_logs import TaskLogs
from .task_watch import TaskWatch

_LONGEST_UPTIME: Final = timedelta(days=36500)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Overview:
    """What every poll reads of the cluster as a whole."""

    members: Members
    permissions: Permissions
    resources: Resources
    jobs: ListedJobs


class ClusterReader:
    """Reads one cluster through its API and through the log agents of those nodes that have one."""

    def __init__(
        self,
        client: ProxmoxClient,
        agents: Mapping[str, LogAgentClient],
        find_zone: ZoneFinder,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use clients that somebody else made; `find_zone` returns a time zone by its name, or None, `timer` counts seconds."""
        self._client = client
        self._schedule = ReadSchedule()
        self._failover = NodeFailover(client)
        self._clocks = ClockReader(client, self._schedule, find_zone, timer)
        self._rights = Rights(client, self._schedule)
        self._watch = TaskWatch(client)
        self._runs = RunReader(client)
        self._restores = RestoreReader(client, self._schedule)
        self._jobs = JobReader(client)
        self._defaults = DefaultsReader(client, self._schedule)
        self._configs = ConfigReader(client, self._schedule)
        self._guest_sight = GuestSight(client, self._schedule)
        self._replications = ReplicationReader(client, self._schedule)
        self._replicated: tuple[Replication, ...] = ()
        self._storages = StorageReader(client, self._schedule, self._clocks.zone, lambda: self._defaults.storages)
        self._agents = JobStateReader(agents)
        self._task_logs = TaskLogs(client, agents)
        self._trouble_log = TroubleLog()
        self._rows = ResourceRows()
        self._included_for: object = None
        self._ended_before: frozenset[str] = frozenset()

    @property
    def agent_nodes(self) -> frozenset[str]:
        """The nodes with a log agent."""
        return self._agents.nodes

    async def version(self) -> Version:
        """Return the version of the contacted node; raises any ProxmoxError."""
        return await self._client.version()

    def restore_nodes(self, nodes: Iterable[NodeRecord]) -> None:
        """Take up where the nodes were when they were last seen, so that another one may be asked."""
        self._failover.restore(nodes)

    def restore_storages(self, storages: Mapping[str, StorageRecord]) -> None:
        """Take up how the storages were called when they were last seen, once the nodes are known."""
        self._storages.restore(storages, self._failover.nodes)
        self._rights.paths.restore(key.rpartition("/")[2] for key in storages)

    def restore_guests(self, guests: Iterable[GuestRecord]) -> None:
        """Take up which guests there were when they were last seen."""
        self._guest_sight.restore(guest.vmid for guest in guests if guest.absent_since is None)

    def read_all_again(self) -> None:
        """Let the next poll read everything but the archives, whatever was read lately."""
        self._schedule.forget(lambda topic: not (isinstance(topic, tuple) and topic[0] == "archives"))
        self._watch.forget()

    async def task_log(self, upid: Upid, record: RunRecord | None) -> str | None:
        """Return the log of a run, None where it is gone; `record` is what is remembered of the run.

        Raises any ProxmoxError.
        """
        return await self._task_logs.text(upid, record, self._clocks.zone(upid.node))

    async def read(
        self,
        now: datetime,
        known: Mapping[str, RunRecord],
        servers: LinkedServers = NO_SERVERS,
        restores: Collection[str] = (),
    ) -> Reading:
        """Return the state of the cluster; finished runs in `known` and `restores`, by UPID, are not read again.

        A storage whose content `servers` have shown just now is listed once a day only.

        Raises a ProxmoxError where the cluster as a whole cannot be read; a part that cannot be is part of the facts.
        """
        troubles = PollTroubles()
        self._clocks.begin(now)
        overview = await self._read_overview(now, troubles)
        nodes = await self._read_nodes(overview, now, troubles)
        visible = frozenset(name for name, node in nodes.items() if node.blindness is None)
        runs = await self._runs.runs(visible, known.keys(), now, troubles)
        restored = await self._restores.restores(visible, restores, troubles)
        await self._read_slow(overview, visible, now, troubles)
        poll = StoragePoll(
            now=now,
            rights=partial(self._rights.read_anew, now),
            online=visible | {name for name, node in nodes.items() if node.blindness is Blindness.TASKS_HIDDEN},
            writing=self._notice_runs(runs, now),
            runs_hidden=any(node.blindness is Blindness.TASKS_HIDDEN for node in nodes.values()),
            known=known,
            troubles=troubles,
            servers=servers,
        )
        storages = await self._storages.read(overview.resources.storages, poll)
        for part, text in self._client.left_out.items():
            troubles.tell(f"archives {part}", text)
        agent_errors = await self._agents.read(overview.members.status)
        for node, jobs in self._agents.unreadable.items():
            troubles.tell(f"job states of {node}", ", ".join(f"{job}: {error}" for job, error in jobs.items()))
        self._trouble_log.report(troubles)
        if troubles.texts:
            # The daemon that tells the members may be down, and another node know better.
            self._failover.look_again()
        overview = replace(overview, permissions=await self._rights.checked(now))
        facts = self._facts(overview, nodes, runs, restored, storages, now)
        if facts.guests_visible:
            hidden = await self._guest_sight.hidden({guest.vmid for guest in facts.guests}, now)
            facts = replace(facts, hidden_guests=hidden) if hidden else facts
        return Reading(
            facts=facts,
            permissions=overview.permissions,
            agent_errors=agent_errors,
            troubles=troubles.texts,
            fallback=self._failover.fallback,
            ended=self._runs.ended,
            unread=self._runs.waiting,
            unreadable_job_states=self._agents.unreadable,
        )

    async def _read_overview(self, now: datetime, troubles: PollTroubles) -> _Overview:
        """Read what every poll reads of the cluster as a whole; raises any ProxmoxError."""
        members, listed = await self._connect(now)
        if members.trouble is not None:
            troubles.tell("cluster status", members.trouble)
        for node in members.status.nodes:
            if node.odd is not None:
                troubles.tell(f"address of {node.name}", node.odd)
        async with task_group() as group:
            listing = group.create_task(self._jobs.read(now, troubles))
            group.create_task(self._watch.read())
        resources, jobs = self._rows.completed(listed, troubles), listing.result()
        booted = {node: boot for node, uptime in resources.uptimes.items() if (boot := _boot(uptime, now)) is not None}
        # Jobs and the tasks of others are shown for the same right.
        self._watch.begin(now, booted, shows_all=jobs.unseen is None)
        nodes = members.status.nodes
        anew = not all(self._is_quiet(node.name, now) for node in members.status.nodes if node.online)
        permissions = await self._rights.read(resources, jobs.jobs, nodes, now, anew=anew)
        await self._learn_fingerprints(now, troubles)
        return _Overview(members=members, permissions=permissions, resources=resources, jobs=jobs)

    async def _connect(self, now: datetime) -> tuple[Members, Resources]:
        """Return who is in the cluster and what it has, through a node that answers for it; raises any ProxmoxError.

        A cluster in which every node is there has its quorum (votequorum(5)), and its resources show whether one is not, as
        corosync tells it (PVE/API2Tools.pm, extract_node_stats). So the members are read where those differ or do not come,
        and once an hour.
        """
        if (whole := self._failover.whole) is not None and not self._schedule.is_due("members", now, HOURLY):
            with suppress(ProxmoxError):
                resources = await self._client.resources()
                if resources.uptimes.keys() == {node.name for node in whole.status.nodes}:
                    return whole, resources
        members = await self._failover.connect()
        self._schedule.note("members", now)
        return members, await self._client.resources()

    def _facts(
        self,
        overview: _Overview,
        nodes: Mapping[str, NodeFacts],
        runs: tuple[Run, ...],
        restores: tuple[Restore, ...],
        storages: tuple[StorageFacts, ...],
        now: datetime,
    ) -> Facts:
        """Put together what was read now and what was kept."""
        permissions, resources, jobs = overview.permissions, overview.resources, overview.jobs
        return Facts(
            now=now,
            cluster=overview.members.status,
            quorum_known=overview.members.quorum_known,
            nodes=nodes,
            guests=resources.guests,
            jobs=jobs.jobs,
            jobs_read_at=jobs.read_at,
            jobs_unseen=jobs.unseen,
            unread_jobs=jobs.unread,
            runs=runs,
            unread_runs=self._runs.unread,
            restores=restores,
            guest_tasks=self._restores.guest_tasks,
            job_states=self._agents.states,
            pools_visible=permissions.has("/pool", "Pool.Audit"),
            guests_visible=permissions.has("/vms", "VM.Audit") and not resources.odd,
            storages_visible=permissions.has("/storage", "Datastore.Audit"),
            hidden_storages=self._rights.paths.hidden_storages,
            storages=storages,
            included=dict(self._jobs.included),
            unresolved=dict(self._jobs.unresolved),
            default_storage=self._defaults.storages,
            defaults_keep=self._defaults.keeps,
            storage_configs={config.storage: config for config in self._storages.config},
            guest_configs=self._configs.guests,
            node_addresses=self._configs.nodes,
            replications=self._replicated,
            replications_read=self._replications.is_read,
            read_at=now,
        )

    async def _learn_fingerprints(self, now: datetime, troubles: PollTroubles) -> None:
        """Read the certificates by which the nodes are known, once a day, or where one is not known yet."""
        if self._schedule.is_due("fingerprints", now, SLOW if self._failover.lacks_fingerprints else DAILY):
            good = await _attempt("fingerprints", self._failover.learn_fingerprints(), troubles)
            self._schedule.note("fingerprints", now, good=good)

    async def _read_nodes(self, overview: _Overview, now: datetime, troubles: PollTroubles) -> dict[str, NodeFacts]:
        """Read the clock and the new runs of every node at the same time."""
        async with task_group() as group:
            tasks = [
                group.create_task(self._read_node(node, overview, now, troubles))
                for node in overview.members.status.nodes
            ]
        return {task.result().name: task.result() for task in tasks}

    async def _read_node(self, node: Node, overview: _Overview, now: datetime, troubles: PollTroubles) -> NodeFacts:
        """Read a node's clock and its new runs; what was read of it before stays where that fails."""
        blindness = None if node.online else Blindness.NODE_UNREACHABLE
        if not overview.permissions.has(f"/nodes/{node.name}", "Sys.Audit"):
            # The list would show the token's own tasks only, and that silently.
            blindness = Blindness.TASKS_HIDDEN
        if blindness is None:
            try:
                await self._clocks.read(node.name)
                await self._read_runs(node.name, now)
                if (newest := self._runs.of(node.name).newest_start) is not None:
                    await self._clocks.check(node.name, newest)
            except PermissionDeniedError:
                blindness = Blindness.TASKS_HIDDEN
            except ProxmoxError as error:
                troubles.note(f"node {node.name}", error)
                blindness = Blindness.NODE_UNREACHABLE
        if blindness is None:
            await self._read_restores(node.name, now, troubles)
        runs, known = self._runs.of(node.name), self._failover.nodes[node.name]
        return NodeFacts(
            name=node.name,
            zone=self._clocks.zone(node.name),
            blindness=blindness,
            agent=node.name in self._agents.nodes,
            online=node.online,
            tasks_read=runs.read,
            skew=self._clocks.skew(node.name),
            booted=_boot(overview.resources.uptimes.get(node.name), now) if node.online else None,
            runs_known_since=runs.known_since,
            has_lost_runs=runs.has_lost_runs,
            all_tasks=self._restores.reach(node.name),
            address=known.address,
            fingerprint=known.fingerprint,
            contacted=known.contacted,
        )

    def _is_quiet(self, node: str, now: datetime) -> bool:
        """Tell whether a node's list of runs would show nothing new."""
        return self._runs.is_current(node, now) and self._watch.is_quiet("runs", node)

    async def _read_runs(self, node: str, now: datetime) -> None:
        """Read a node's list of runs where anything can be new; raises any ProxmoxError."""
        if self._is_quiet(node, now):
            self._runs.nothing_new(node, now)
            return
        await self._runs.read_list(node, now, self._clocks.skew(node))
        self._watch.listed("runs", node)

    async def _read_restores(self, node: str, now: datetime, troubles: PollTroubles) -> None:
        """Read a node's list of all tasks where an hour has gone by and anything can be new; without it only restores are not seen."""
        if not self._restores.is_due(node, now):
            return
        if self._watch.is_quiet("all tasks", node):
            self._restores.nothing_new(node, now, self._clocks.skew(node))
            return
        try:
            await self._restores.read_list(node, now, self._clocks.skew(node))
        except ProxmoxError as error:
            troubles.note(f"tasks of {node}", error)
        else:
            self._watch.listed("all tasks", node)

    def _notice_runs(self, runs: tuple[Run, ...], now: datetime) -> frozenset[str | None]:
        """Let the storages be listed on which runs have ended, and return those to which runs in progress write.

        None stands for a storage that is not known.
        """
        for run in runs:
            if not run.task.running and run.task.upid not in self._ended_before:
                self._storages.run_ended(self._storage_of(run), now)
        self._ended_before = frozenset(run.task.upid for run in runs if not run.task.running)
        return frozenset(self._storage_of(run) for run in runs if run.task.running)

    def _storage_of(self, run: Run) -> str | None:
        """Return the storage to which a run writes, None where that is not known."""
        if run.log is None or run.log.command is None:
            return None
        return JobCommand.parse(run.log.command).storage or self._defaults.storages.get(run.task.node)

    async def _read_slow(
        self, overview: _Overview, visible: Iterable[str], now: datetime, troubles: PollTroubles
    ) -> None:
        """Read what changes rarely: the storages' configuration, the nodes' defaults, and what the jobs include."""
        if self._schedule.is_due("storage config", now, HOURLY):
            good = await _attempt("storage configuration", self._storages.read_config(), troubles)
            self._schedule.note("storage config", now, good=good)
        await self._defaults.read(sorted(visible), self._storages.config, now, troubles)
        await self._configs.read(visible, overview.resources.guests, now, troubles)
        self._replicated = await self._replications.read(frozenset(visible), overview.resources.guests, now, troubles)
        jobs = overview.jobs.jobs
        # A guest that came, went or moved may be included in other jobs than before.
        guests = frozenset((guest.vmid, guest.node, guest.pool) for guest in overview.resources.guests)
        changed = self._included_for != (guests, jobs)
        self._included_for = (guests, jobs)
        if jobs is not None and (changed or self._schedule.is_due("included volumes", now, SLOW)):
            await self._jobs.read_included(jobs, troubles)
            self._schedule.note("included volumes", now)


async def _attempt(part: str, reading: Awaitable[None], troubles: PollTroubles) -> bool:
    """Read something without which the rest is worth reading, and tell whether that worked."""
    try:
        await reading
    except ProxmoxError as error:
        troubles.note(part, error)
        return False
    return True


def _boot(uptime: int | None, now: datetime) -> datetime | None:
    """Return when a node that has been up for so many seconds started, None where that cannot be."""
    if not uptime or not 0 < uptime < _LONGEST_UPTIME.total_seconds():
        return None
    return now - timedelta(seconds=uptime)
