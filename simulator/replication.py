"""Storage replication: jobs that copy the disks of a guest to another node (pvesr)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .engine import Process

if TYPE_CHECKING:
    from .cluster import Cluster

USUAL_SCHEDULE = "*/15"
_TICK = 60.0


@dataclass(eq=False)
class Replication:
    """A replication job with its state, which is that on the node of its guest; a test sets what it meets."""

    cluster: Cluster
    id: str
    vmid: int
    target: str
    schedule: str | None = None
    disabled: bool = False
    fails: str | None = None
    """The text of the error that its runs end with; None where they are good."""
    hangs: bool = False
    """Whether its run goes on."""
    stuck: bool = False
    """Whether the scheduler does not start it."""
    last_try: float = 0.0
    last_sync: float = 0.0
    duration: float = 3.5
    fail_count: int = 0
    error: str | None = None

    @property
    def node(self) -> str:
        """Return where its guest is."""
        return self.cluster.guests[self.vmid].node

    def next_sync(self) -> float:
        """Return when it is to run, by the clock of the guest's node (PVE::ReplicationState::job_status)."""
        if not self.fail_count:
            zone = self.cluster.node(self.node).zone
            after = datetime.fromtimestamp(self.last_try, UTC).astimezone(zone)
            found = self.cluster.calendar(self.schedule or USUAL_SCHEDULE, after)
            return found.timestamp() if found is not None else 0.0
        if not self.cluster.node(self.target).online:
            return 0.0
        return self.last_try + 60 * (5 * self.fail_count if self.fail_count <= 3 else 30)

    def live(self) -> Process:
        """Look each minute whether it is time, as pvescheduler does."""
        while self.cluster.replications.get(self.id) is self:
            self._tick(self.cluster.engine.time)
            yield _TICK

    def _tick(self, time: float) -> None:
        guest = self.cluster.guests.get(self.vmid)
        if guest is None or self.disabled or self.stuck or self.hangs:
            return
        node = self.cluster.node(guest.node)
        if not node.online or guest.node == self.target:
            return
        due = self.next_sync()
        if self.fail_count and not due:
            return
        if due <= time + node.skew:
            self.last_try = time + node.skew
            why = self.fails
            if why is None and not self.cluster.node(self.target).online:
                why = f"command '/usr/bin/ssh -e none {self.target} -- pvesr prepare-local-job' failed: exit code 255"
            self._ended(why)

    def _ended(self, why: str | None) -> None:
        if why is None:
            self.last_sync, self.fail_count, self.error = self.last_try, 0, None
        else:
            self.fail_count, self.error = self.fail_count + 1, why


def config_of(job: Replication) -> dict[str, object]:
    """Return a job as `/cluster/replication` lists it."""
    fields: dict[str, object] = {
        "id": job.id,
        "type": "local",
        "guest": job.vmid,
        "jobnum": int(job.id.rpartition("-")[2]),
        "target": job.target,
        "source": job.node,
        "schedule": job.schedule,
        "disable": 1 if job.disabled else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def state_of(job: Replication) -> dict[str, object]:
    """Return a job as the node of its guest lists it."""
    fields: dict[str, object] = {
        **{name: value for name, value in config_of(job).items() if name != "jobnum"},
        "jobnum": str(config_of(job)["jobnum"]),
        "vmtype": job.cluster.guests[job.vmid].type,
        "last_try": int(job.last_try),
        "last_sync": int(job.last_sync),
        "next_sync": int(job.next_sync()),
        "duration": job.duration if job.last_try else 0,
        "fail_count": job.fail_count,
        "error": job.error,
        "pid": 4711 if job.hangs else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def jobs_on(cluster: Cluster, node: str) -> Iterator[Replication]:
    """Yield the jobs of the guests that are on a node now."""
    for job in cluster.replications.values():
        if job.vmid in cluster.guests and job.node == node and job.target != node:
            yield job
