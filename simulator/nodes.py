"""Nodes: virtual Proxmox hosts with their own time zone, files and tasks."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .engine import Handle
from .tasks import Task, TaskList

if TYPE_CHECKING:
    from .cluster import Cluster
    from .vzdump import Run

STATISTICS_KEPT = 300
"""Seconds after which the cluster forgets the statistics of a silent node."""


@dataclass(eq=False)
class Node:
    """A node, and what a test can do to it."""

    cluster: Cluster
    name: str
    nodeid: int
    ip: str
    timezone: str
    boot: float
    skew: float = 0.0
    """Seconds that the node's clock is ahead."""
    online: bool = True
    offline_since: float = 0.0
    defaults: dict[str, object] = field(default_factory=dict)
    """What its /etc/vzdump.conf sets."""
    runs: list[Run] = field(default_factory=list)
    """Runs that have not ended."""
    lock_holder: Handle | None = None

    def __post_init__(self) -> None:
        """Give it an empty disk."""
        self.tasks = TaskList(f"nodes/{self.name}", self.cluster.files)

    @property
    def zone(self) -> ZoneInfo:
        """Return the node's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def root(self) -> Path:
        """Return the folder that stands for the node's root directory."""
        return self.cluster.files.root / "nodes" / self.name

    def epoch(self, time: float) -> int:
        """Return what the node's clock shows at `time`, in epoch seconds."""
        return int(time + self.skew)

    def local(self, time: float) -> datetime:
        """Return the node's wall-clock time."""
        return datetime.fromtimestamp(self.epoch(time), self.zone)

    def set_clock(self, skew: float) -> None:
        """Set the clock: `skew` is how many seconds it is ahead from now on."""
        self.cluster.moment()
        self.skew = skew
        self.cluster.scheduler.clock_moved(self)

    def forgotten(self, time: float) -> bool:
        """Tell whether the cluster has no statistics of the node any more."""
        return not self.online and time - self.offline_since > STATISTICS_KEPT

    def go_offline(self) -> None:
        """Lose power: whatever runs, ends where it stands."""
        if not self.online:
            return
        self.offline_since = self.cluster.moment()
        self.online = False
        for run in list(self.runs):
            run.lose_power()
        self.lock_holder = None
        self.cluster.connectivity_changed(self)

    def come_online(self) -> None:
        """Boot: tasks that were running get an end, missed runs follow the option repeat-missed."""
        if self.online:
            return
        time = self.cluster.moment()
        self.online = True
        self.boot = time
        for task in list(self.tasks.running):
            self.tasks.finish(task, "unexpected status", self.epoch(time))
        self.cluster.scheduler.boot(self)
        self.cluster.connectivity_changed(self)

    def forget_task_log(self, upid: str) -> None:
        """Lose the log of a task."""
        task = self.tasks.find(upid)
        if task is not None:
            (self.root / task.log_path).unlink(missing_ok=True)

    def other_task(self, type_: str, id_: str = "", *, user: str = "root@pam", status: str = "OK") -> Task:
        """Do something else than a backup, such as `qmstart`, which is over at once."""
        time = self.cluster.moment()
        number = len(self.tasks.archived()) + 3_000_000
        task = self.new_task(type_, id_, user, time, number)
        self.cluster.files.append(f"{self.tasks.root}/{task.log_path}", f"TASK {status}\n", time)
        self.tasks.finish(task, status, self.epoch(time))
        return task

    def new_task(self, type_: str, id_: str, user: str, time: float, number: int) -> Task:
        """Start a task; `user` may carry a token, `number` makes its process id."""
        name, _, token = user.partition("!")
        task = Task(
            node=self.name,
            pid=1_000_000 + number,
            pstart=max(0, int((time - self.boot) * 100)) & 0xFFFFFFFF,
            starttime=self.epoch(time),
            type=type_,
            id=id_,
            user=name,
            tokenid=token or None,
        )
        self.tasks.begin(task, time)
        return task
