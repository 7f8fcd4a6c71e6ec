"""Nodes: virtual Proxmox hosts with their own time zone, files and tasks."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .engine import Handle
from .tasks import MAX_FINISHED, Task, TaskList

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
    other_addresses: tuple[str, ...] = ()
    """Its addresses in other networks, beside the one by which the cluster knows it; `dhcp` is one that nothing tells."""
    lock_holder: Handle | None = None
    last_end: float = 0.0
    """When its last task ended, in epoch seconds of the true time."""
    pmxcfs_down: bool = False
    pvedaemon_down: bool = False
    without_corosync: bool = False
    """Whether pmxcfs was started while corosync was down: the node knows of no cluster."""
    told: tuple[float, list[Task]] | None = None
    """When pvestatd came to a stop, and the tasks of which it had told the others by then; None while it goes on."""
    pmxcfs_since: float = 0.0
    """When pmxcfs was started, in epoch seconds; the addresses of nodes that went off before are not known."""

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

    @property
    def can_write(self) -> bool:
        """Tell whether /etc/pve is there and may be changed: without that no job starts and no guest is locked."""
        return not self.pmxcfs_down and not self.without_corosync and self.cluster.quorate

    def knows(self, other: Node) -> bool:
        """Tell whether this node has `other` in its list of members."""
        return other is self or not self.without_corosync

    def sees(self, other: Node) -> bool:
        """Tell whether this node takes `other` for online."""
        return other is self or (other.online and not other.without_corosync)

    def knows_address_of(self, other: Node) -> bool:
        """Tell whether this node has an address of `other`: pmxcfs keeps the last one until it is started anew."""
        return self.sees(other) or other.offline_since >= self.pmxcfs_since

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
        silent_since = self.offline_since if not self.online else self.told[0] if self.told is not None else time
        return time - silent_since > STATISTICS_KEPT

    def uptime(self, time: float) -> int:
        """Return what the others are told of how long it has been up."""
        return int((time if self.told is None else self.told[0]) - self.boot)

    def told_tasks(self) -> list[Task]:
        """Return the tasks of which the others are told: what runs, and what ended last."""
        recent = [*self.tasks.running, *self.tasks.archived()[:MAX_FINISHED]]
        return recent if self.told is None else self.told[1]

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
        self.boot = self.pmxcfs_since = time
        self.pmxcfs_down = self.pvedaemon_down = self.without_corosync = False
        self.told = None
        for task in list(self.tasks.running):
            self.end_task(task, "unexpected status", time)
        self.cluster.scheduler.boot(self)
        self.cluster.connectivity_changed(self)

    def stop_pmxcfs(self) -> None:
        """Lose /etc/pve: every answer is an empty 500, and nothing starts."""
        self.cluster.moment()
        self.pmxcfs_down = True

    def start_pmxcfs(self, *, without_corosync: bool = False) -> None:
        """Have /etc/pve again; without corosync the node looks like a host that was never in a cluster."""
        self.pmxcfs_since = self.cluster.moment()
        self.pmxcfs_down, self.without_corosync = False, without_corosync
        if without_corosync:
            self.offline_since = self.pmxcfs_since

    def stop_pvedaemon(self) -> None:
        """Lose the daemon that answers what needs root: 595 there, as ever elsewhere."""
        self.pvedaemon_down = True

    def start_pvedaemon(self) -> None:
        """Answer everything again."""
        self.pvedaemon_down = False

    def stop_pvestatd(self) -> None:
        """Tell the others nothing any more: their figures of this node, and its tasks as they see them, stand still."""
        self.told = self.cluster.moment(), [replace(task) for task in self.told_tasks()]

    def start_pvestatd(self) -> None:
        """Tell the others of everything again."""
        self.told = None

    def list_as_running(self, upid: str) -> None:
        """Notice the end of a task between the two files of a listing: it comes twice, as running and as ended."""
        self.tasks.listed_twice.add(upid)

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
        self.end_task(task, status, time)
        return task

    def end_task(self, task: Task, status: str, time: float) -> None:
        """Note the end of a task."""
        self.last_end = time
        self.tasks.finish(task, status, self.epoch(time))

    def new_task(self, type_: str, id_: str, user: str, time: float, number: int) -> Task:
        """Start a task; `user` may carry a token, `number` makes its process id, which no other one that runs has.

        Of several that are started within a second the ids go up, as those of processes do.
        """
        name, _, token = user.partition("!")
        just_before = [task.pid for task in self.tasks.running if task.starttime == self.epoch(time)]
        pid = max([1_000_000 + number, *(before + 1 for before in just_before)])
        while any(task.pid == pid for task in self.tasks.running):
            pid += 1
        task = Task(
            node=self.name,
            pid=pid,
            pstart=max(0, int((time - self.boot) * 100)) & 0xFFFFFFFF,
            starttime=self.epoch(time),
            type=type_,
            id=id_,
            user=name,
            tokenid=token or None,
        )
        self.tasks.begin(task, time)
        return task
