"""The virtual cluster of the acceptance tests, read and judged without Home Assistant: a look costs milliseconds.

For rows whose first test shows what a person sees; here they are tried with other parameters.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import override

from custom_components.proxmox_backup_checker.checker.activity.events import ActivityEvent
from custom_components.proxmox_backup_checker.checker.alerts.announcements import Message
from custom_components.proxmox_backup_checker.checker.assessment import Assessment
from custom_components.proxmox_backup_checker.checker.model.verdict import Verdict
from simulator import SimulatedCluster
from simulator.clock import Clock
from simulator.files import MemoryTree
from simulator.scenarios.small import SMALL
from simulator.simulated import AUDIT
from tests.watch import Watch

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


class _Recording(Watch):
    """Keeps all messages and events."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster=cluster, token=cluster.token)
        self.messages: list[Message] = []
        self.events: list[ActivityEvent] = []

    @override
    def look(self, at: datetime | None = None) -> None:
        super().look(at)
        self.messages += self.held.messages
        self.events += self.held.events


class Lab:
    """One cluster, and what is known of it by looking; `messages` and `events` are all that were not taken yet."""

    def __init__(self, start: datetime) -> None:
        """Build the small cluster, whose files are in memory."""
        self.pve = SimulatedCluster(clock=Clock(start), directory=Path("/nowhere"))
        self.pve.files = MemoryTree()
        self.pve.token = self.pve.add_token("homeassistant@pve!ha", {"/": AUDIT})
        SMALL.build(self.pve)
        self.pve.begin()
        self.watch = _Recording(self.pve)

    @property
    def now(self) -> datetime:
        """Return the present."""
        return self.watch.now

    @property
    def messages(self) -> list[Message]:
        """Return the messages since they were taken last."""
        return self.watch.messages

    @property
    def events(self) -> list[ActivityEvent]:
        """Return what has happened since that was taken last."""
        return self.watch.events

    def look(self) -> Assessment:
        """Look now."""
        self.watch.look()
        return self.assessment

    def until(self, moment: str | datetime) -> Assessment:
        """Let time go by until a moment, an ISO text in UTC or a zone-aware one, and look."""
        self.watch.until(_utc(moment) if isinstance(moment, str) else moment)
        return self.assessment

    def after(self, **duration: float) -> Assessment:
        """Let a duration go by, and look."""
        return self.until(self.now + timedelta(**duration))

    def live(self, *, step: timedelta = timedelta(hours=1), **duration: float) -> set[str]:
        """Let a duration go by with a look at every step; return what was a problem on the way, but for the cluster."""
        return self.watch.live(step=step, **duration) - {"cluster"}

    def live_until(self, moment: str, *, step: timedelta = timedelta(hours=1)) -> set[str]:
        """Let time go by until a moment with a look at every step; return what was a problem on the way."""
        return self.live(step=step, seconds=(_utc(moment) - self.now).total_seconds())

    @property
    def assessment(self) -> Assessment:
        """The last assessment."""
        return self.watch.held

    def problems(self) -> list[str]:
        """Return what is a problem, such as guest_101, without the cluster as a whole."""
        return sorted(self.watch.problems() - {"cluster"})

    def guest(self, vmid: int) -> Held:
        """Return what is held of a guest."""
        return Held(self.watch.guest(vmid))

    def job(self, job_id: str = "backup-nightly") -> Held:
        """Return what is held of a job."""
        return Held(self.watch.job(job_id))

    def storage(self, key: str) -> Held:
        """Return what is held of a storage."""
        return Held(self.assessment.storages[key].verdict)

    def told(self) -> list[tuple[str, str]]:
        """Take the messages: kind and tag of each."""
        told = [(message.kind.value, message.record.tag) for message in self.messages]
        self.messages.clear()
        return told

    def happened(self) -> list[str]:
        """Take what has happened: the kind of each event."""
        kinds = [event.kind.value for event in self.events]
        self.events.clear()
        return kinds


def _utc(moment: str) -> datetime:
    return datetime.fromisoformat(f"{moment}+00:00")
