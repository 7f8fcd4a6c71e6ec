"""Everything that is known at one moment: the only input of the judgement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from ..proxmox.backup_models import BackupJob
from ..proxmox.models import ClusterStatus, Guest, Task
from ..proxmox.vzdump_log import VzdumpLog


class Blindness(StrEnum):
    """Why something cannot be seen."""

    NODE_UNREACHABLE = "node_unreachable"
    TASKS_HIDDEN = "tasks_hidden"
    JOBS_HIDDEN = "jobs_hidden"
    POOLS_HIDDEN = "pools_hidden"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One vzdump task of a node with its log; `log` is None where Proxmox no longer has it."""

    task: Task
    log: VzdumpLog | None

    @property
    def started(self) -> datetime:
        """When the task started."""
        return datetime.fromtimestamp(self.task.started, UTC)

    @property
    def ended(self) -> datetime | None:
        """When Proxmox noticed that the task had ended, None while it runs."""
        return None if self.task.ended is None else datetime.fromtimestamp(self.task.ended, UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeFacts:
    """What is known of a node; `blindness` says why its runs cannot be seen, `zone` is None where it is not known."""

    name: str
    zone: ZoneInfo | None = None
    blindness: Blindness | None = None
    agent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class JobState:
    """A job's state on one node, from its state file; only the log agent can read it.

    `message` is the status of the finished task or, without a `upid`, why no task was started. `error` says why the file
    cannot be read, which keeps Proxmox from running the job.
    """

    job_id: str
    node: str
    state: str | None
    upid: str | None
    message: str | None
    updated: datetime | None
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The state of a cluster at the moment `now`; `jobs` is None where the token may not see them."""

    now: datetime
    cluster: ClusterStatus
    nodes: Mapping[str, NodeFacts]
    guests: tuple[Guest, ...]
    jobs: tuple[BackupJob, ...] | None
    runs: tuple[Run, ...]
    job_states: tuple[JobState, ...] = ()
    pools_visible: bool = True
    guests_visible: bool = True

    @property
    def guests_complete(self) -> bool:
        """Whether every guest that exists is listed: all nodes answer, there is quorum, and the token sees all guests."""
        nodes_answer = all(node.blindness is None for node in self.nodes.values())
        return self.guests_visible and self.cluster.quorate and nodes_answer

    def zone_of(self, node: str) -> ZoneInfo | None:
        """Return the time zone of a node."""
        facts = self.nodes.get(node)
        return facts.zone if facts else None
