"""A virtual cluster that is read and judged without Home Assistant: a look costs milliseconds.

For rows whose first test shows what a person sees; here they are tried with other parameters.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from custom_components.proxmox_backup_checker.checker.activity.events import ActivityEvent
from custom_components.proxmox_backup_checker.checker.alerts.announcements import Message
from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import Facts
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Verdict
from custom_components.proxmox_backup_checker.proxmox.api.errors import ProxmoxError
from custom_components.proxmox_backup_checker.sources.pve.cluster_reader import ClusterReader
from simulator import SimulatedCluster
from simulator.access import Token
from tests.short_wire import reader_of

_PROBLEM = {True: "on", False: "off", None: "unknown"}


@dataclass(frozen=True)
class Held:
    """What is held of a guest, job or storage."""

    verdict: Verdict

    @property
    def brief(self) -> tuple[str, str]:
        """Return problem and status, as the sensors show them."""
        return self.problem, self.verdict.status.value

    @property
    def problem(self) -> str:
        """Return the state of the problem sensor."""
        return _PROBLEM[self.verdict.problem]

    @property
    def code(self) -> str:
        """Return why."""
        return self.verdict.reason.code.value

    @property
    def findings(self) -> set[str]:
        """Return what else there is to say."""
        return {finding.code.value for finding in self.verdict.findings}


@dataclass
class Lab:
    """One cluster, and what is known of it by looking; `messages` and `events` are all so far."""

    pve: SimulatedCluster = field(repr=False)
    policy: Policy = field(default_factory=Policy)
    agents: tuple[str, ...] = ()
    reachable: bool = True
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    history: History = field(default_factory=History)
    messages: list[Message] = field(default_factory=list)
    events: list[ActivityEvent] = field(default_factory=list)
    _held: Assessment | None = None
    _facts: Facts | None = None
    _reader: ClusterReader | None = None
    _runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    @property
    def cluster(self) -> SimulatedCluster:
        """The cluster at the other end of the wire."""
        return self.pve

    @property
    def token(self) -> Token:
        """The token that looks."""
        return self.pve.token

    @property
    def now(self) -> datetime:
        """Return the present."""
        return self.pve.clock.now()

    def close(self) -> None:
        """End looking."""
        self._runner.close()

    def restart(self) -> None:
        """Begin anew with nothing but the history."""
        self._held = self._facts = self._reader = None

    def look(self) -> Assessment:
        """Read the cluster and judge; where it cannot be read, what was read last is judged again."""
        if self._reader is None:
            self._reader = reader_of(self, *self.agents)
            self._reader.restore_nodes(self.history.nodes.values())
        try:
            self._facts = self._runner.run(self._reader.read(self.now, self.history.runs)).facts
        except ProxmoxError:
            assert self._facts is not None
            self._facts = replace(self._facts, now=self.now)
        self._held = judge(replace(self._facts, policy=self.policy), self.history, self._held)
        self.history = self._held.history
        self.messages += self._held.messages
        self.events += self._held.events
        return self._held

    def until(self, moment: str | datetime) -> Assessment:
        """Let time go by until a moment, an ISO text in UTC or a zone-aware one, and look."""
        if isinstance(moment, str):
            moment = datetime.fromisoformat(f"{moment}+00:00")
        self.pve.clock.advance(seconds=(moment - self.now).total_seconds())
        return self.look()

    def after(self, **duration: float) -> Assessment:
        """Let a duration go by, and look."""
        return self.until(self.now + timedelta(**duration))

    def live(self, *, step: timedelta = timedelta(hours=1), **duration: float) -> set[str]:
        """Let a duration go by with a look at every step; return what was a problem on the way."""
        end, seen = self.now + timedelta(**duration), set[str]()
        while self.now < end:
            self.until(min(end, self.now + step))
            seen |= set(self.problems())
        return seen

    def live_until(self, moment: str, *, step: timedelta = timedelta(hours=1)) -> set[str]:
        """Let time go by until a moment with a look at every step; return what was a problem on the way."""
        end = datetime.fromisoformat(f"{moment}+00:00")
        return self.live(step=step, seconds=(end - self.now).total_seconds())

    @property
    def assessment(self) -> Assessment:
        """The last assessment."""
        assert self._held is not None
        return self._held

    def problems(self) -> list[str]:
        """Return what is a problem, such as guest_101, without the cluster as a whole."""
        verdicts = self.assessment.verdicts.items()
        return sorted(str(subject) for subject, verdict in verdicts if verdict.problem and subject.kind != "cluster")

    def guest(self, vmid: int) -> Held:
        """Return what is held of a guest."""
        return Held(self.assessment.guests[vmid].verdict)

    def job(self, job_id: str = "backup-nightly") -> Held:
        """Return what is held of a job."""
        return Held(self.assessment.jobs[job_id].verdict)

    def storage(self, key: str) -> Held:
        """Return what is held of a storage."""
        return Held(self.assessment.storages[key].verdict)

    def told(self) -> list[tuple[str, str]]:
        """Return kind and tag of the messages since this was asked last."""
        told = [(message.kind.value, message.record.tag) for message in self.messages]
        self.messages.clear()
        return told

    def happened(self) -> list[str]:
        """Return the kinds of what has happened since this was asked last."""
        kinds = [event.kind.value for event in self.events]
        self.events.clear()
        return kinds
