"""A virtual cluster that is read and judged as Home Assistant does it, without Home Assistant, in milliseconds."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Self

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.history.format import from_data, to_data
from custom_components.proxmox_backup_checker.checker.model.facts import NO_SERVERS, Facts, LinkedServers
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Verdict
from custom_components.proxmox_backup_checker.proxmox.api.errors import ProxmoxError
from simulator.access import Token
from simulator.clock import Clock
from simulator.cluster import Cluster
from simulator.files import MemoryTree
from simulator.simulated import AUDIT

from .short_wire import reader_of

MONDAY_NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)


class Watch:
    """A cluster at work, and what is held of it at every look; `told` and `happened` are all news since the first."""

    def __init__(
        self, start: datetime = MONDAY_NOON, *, cluster: Cluster | None = None, token: Token | None = None
    ) -> None:
        """Begin with a cluster without nodes, or with another one and the token that looks at it."""
        if cluster is None:
            cluster = Cluster(clock=Clock(start), directory=Path("/nowhere"))
            cluster.files = MemoryTree()
        self.cluster = cluster
        self.token = token or cluster.add_token("homeassistant@pve!ha", {"/": AUDIT})
        self.policy = Policy()
        self.reachable = True
        self.errors: dict[str, tuple[int, str]] = {}
        self.agents: tuple[str, ...] = ()
        self.happened: list[str] = []
        self.told: list[str] = []
        self.history = History()
        self.servers = NO_SERVERS
        self.asked: list[str] = []
        self._assessment: Assessment | None = None
        self._facts: Facts | None = None
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        """Watch until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the event loop."""
        self._runner.close()

    @property
    def now(self) -> datetime:
        """The present."""
        return self.cluster.clock.now()

    @property
    def held(self) -> Assessment:
        """What was held at the last look."""
        assert self._assessment is not None
        return self._assessment

    def look(self, at: datetime | None = None) -> None:
        """Read and judge the cluster now, or at what a wrong clock of ours says; the first look ends its construction."""
        if not self.cluster.operating:
            self.cluster.begin()
        if self._facts is None:
            for number, node in enumerate(self.cluster.nodes):
                self.cluster.fingerprints[node] = ":".join(["AB"] * 31 + [f"{number:02X}"])
            self._reader = reader_of(self, *self.agents, asked=self.asked)
            self._reader.restore_nodes(self.history.nodes.values())
            self._reader.restore_storages(self.history.storages)
            self._reader.restore_guests(self.history.guests.values())
        if self._facts is not None:
            self.servers = self.told_of_servers(self._facts)
        self._facts = self._read(at or self.now)
        self.servers = self.told_of_servers(self._facts)
        facts = replace(self._facts, policy=self.policy, servers=self.servers)
        self._assessment = judge(facts, self.history, self._assessment)
        self.history = self._assessment.history
        self.happened += [event.kind for event in self._assessment.events]
        self.told += [message.kind for message in self._assessment.messages]

    def told_of_servers(self, facts: Facts) -> LinkedServers:
        """Return what is told of backup servers that are watched as well; here there are none."""
        return self.servers

    def restart(self) -> None:
        """Begin anew with what was written down."""
        self.history = from_data(json.loads(json.dumps(to_data(self.history))))[0]
        self._facts = self._assessment = None
        self.servers = NO_SERVERS

    def _read(self, now: datetime) -> Facts:
        """Return what is read now; what was read last stands in for what cannot be read."""
        try:
            history = self.history
            return self._runner.run(self._reader.read(now, history.runs, self.servers, history.restores)).facts
        except ProxmoxError:
            if self._facts is None:
                raise
            return replace(self._facts, now=now)

    def until(self, moment: datetime) -> None:
        """Let time go by until a moment, and look."""
        if not self.cluster.operating:
            self.cluster.begin()
        self.cluster.clock.set(moment)
        self.look()

    def after(self, **duration: float) -> None:
        """Let a duration go by, and look."""
        self.until(self.now + timedelta(**duration))

    def live(self, *, step: timedelta, **duration: float) -> set[str]:
        """Let a duration go by with a look at every step; return what was a problem at any of them."""
        end, seen = self.now + timedelta(**duration), set()
        while self.now < end:
            self.until(min(end, self.now + step))
            seen |= self.problems()
        return seen

    def problems(self) -> set[str]:
        """Return the keys of all that has a problem now."""
        return {str(subject) for subject, verdict in self.held.verdicts.items() if verdict.problem}

    def guest(self, vmid: int) -> Verdict:
        """Return what is held of a guest."""
        return self.held.guests[vmid].verdict

    def job(self, job_id: str) -> Verdict:
        """Return what is held of a job."""
        return self.held.jobs[job_id].verdict
