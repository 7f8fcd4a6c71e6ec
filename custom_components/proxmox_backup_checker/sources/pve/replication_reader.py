"""Reads the replication jobs once an hour, and how they stand every half hour, where there are any."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from ...checker.model.facts import Replication
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Guest
from ...proxmox.api.errors import ProxmoxError
from ...proxmox.api.replication_models import ReplicationJob, ReplicationState
from ..read_schedule import HOURLY, SLOW, ReadSchedule
from ..task_group import task_group
from ..troubles import PollTroubles


class ReplicationReader:
    """Keeps the replication jobs, and the last word of a guest's node on each."""

    def __init__(self, client: ProxmoxClient, schedule: ReadSchedule) -> None:
        """Read through a client."""
        self._client = client
        self._schedule = schedule
        self._jobs: tuple[ReplicationJob, ...] = ()
        self.is_read = False
        self._states: dict[str, tuple[ReplicationState, str, datetime]] = {}
        self._untried: dict[str, datetime] = {}

    async def read(
        self, nodes: Collection[str], guests: Iterable[Guest], now: datetime, troubles: PollTroubles
    ) -> tuple[Replication, ...]:
        """Return all jobs with what is known of them; only the node on which a guest is now tells it."""
        homes = {guest.vmid: guest.node for guest in guests}
        if self._schedule.is_due("replication jobs", now, HOURLY):
            await self._read_jobs(now, troubles)
        asked = {homes[job.vmid] for job in self._jobs if job.vmid in homes} & set(nodes)
        async with task_group() as group:
            for node in sorted(asked):
                if self._schedule.is_due(("replication", node), now, SLOW) or self._has_come(node, homes):
                    group.create_task(self._read_node(node, now, troubles))
        return tuple(self._replication(job, homes) for job in self._jobs if job.vmid in homes)

    def _has_come(self, node: str, homes: Mapping[int, str]) -> bool:
        """Tell whether a guest with a job has come to a node that has not been asked about it."""
        return any(
            homes.get(job.vmid) == node and (state := self._states.get(job.job_id)) is not None and state[1] != node
            for job in self._jobs
        )

    async def _read_jobs(self, now: datetime, troubles: PollTroubles) -> None:
        try:
            self._jobs = await self._client.replication_jobs()
        except ProxmoxError as error:
            troubles.note("replication jobs", error)
            self._schedule.note("replication jobs", now, good=False)
        else:
            self._schedule.note("replication jobs", now)
            self.is_read = True

    async def _read_node(self, node: str, now: datetime, troubles: PollTroubles) -> None:
        try:
            states = await self._client.replication_states(node)
        except ProxmoxError as error:
            troubles.note(f"replication on {node}", error)
            self._schedule.note(("replication", node), now, good=False)
            return
        self._schedule.note(("replication", node), now)
        for state in states:
            self._states[state.job_id] = (state, node, now)
            if state.last_try is None:
                self._untried.setdefault(state.job_id, now)
            else:
                self._untried.pop(state.job_id, None)

    def _replication(self, job: ReplicationJob, homes: Mapping[int, str]) -> Replication:
        state, _, read_at = self._states.get(job.job_id, (None, "", None))
        return Replication(
            job=job,
            node=homes[job.vmid],
            state=state,
            read_at=read_at,
            untried_since=self._untried.get(job.job_id),
        )
