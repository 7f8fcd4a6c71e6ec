"""The virtual cluster: everything that all nodes agree on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
from pathlib import Path
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from .access import Access, Token
from .backup_server import Datastore, ServedBackupServer
from .backup_server.place import Place
from .calendar import Calendar, proxmox_calendar
from .clock import Clock
from .dispatch import Dispatch
from .engine import Engine, Process
from .files import FileTree
from .guests import Disk, Guest, GuestType, ct_disks, vm_disks
from .jobs import Job, Planned
from .nodes import Node
from .outcomes import Outcome, RunOutcome
from .replication import Replication
from .scheduler import Scheduler
from .storages import Storage, StorageType
from .vzdump import Run

TIB = 1024**4
WEEK = 7 * 86400


@dataclass(eq=False)
class Cluster:
    """A cluster under construction or in operation; `name` is None for a single host that was never joined."""

    clock: Clock
    directory: Path
    name: str | None = "home"
    version: str = "9.2.11"
    nodes: dict[str, Node] = field(default_factory=dict)
    guests: dict[int, Guest] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    pools: dict[str, str] = field(default_factory=dict)
    """Pools and their comments."""
    access: Access = field(default_factory=Access)
    fingerprints: dict[str, str] = field(default_factory=dict)
    """The certificates' fingerprints, by node."""
    history: timedelta = timedelta()
    """How long the cluster has existed when the clock starts."""
    backup_servers: dict[str, ServedBackupServer] = field(default_factory=dict)
    replications: dict[str, Replication] = field(default_factory=dict)
    operating: bool = False
    """Whether the construction is over; until then, everything happens at the beginning of the history."""
    calendar: Calendar = proxmox_calendar
    """What tells the schedulers when a job is due."""

    def __post_init__(self) -> None:
        """Begin as long ago as the history is long."""
        self.files = FileTree(self.directory)
        self.engine = Engine(self.clock.time() - self.history.total_seconds())
        self.scheduler = Scheduler(self)
        self.dispatch = Dispatch(self)
        self.clock.listen(lambda _: self.settle())
        self.listeners: list[Callable[[Node], None]] = []
        self.disorder = Random(0)
        """Order of what Proxmox keeps in Perl's hashes."""

    @property
    def release(self) -> tuple[int, int]:
        """Return major and minor version."""
        major, minor = self.version.replace("-", ".").split(".")[:2]
        return int(major), int(minor)

    @property
    def quorate(self) -> bool:
        """Tell whether more than half of the nodes are there."""
        there = sum(node.online and not node.without_corosync for node in self.nodes.values())
        return 2 * there > len(self.nodes)

    def begin(self) -> None:
        """End the construction: play the history up to the present."""
        self.operating = True
        self.settle()

    def settle(self) -> None:
        """Let everything happen that is due, and write the files."""
        self.engine.settle(self.clock.time())
        self.files.flush()

    def moment(self) -> float:
        """Return the moment at which something happens that is done now: that of the history while it is played."""
        if self.operating and not self.engine.playing:
            self.settle()
        return self.engine.time

    def at(self, moment: datetime, action: Callable[[], object]) -> None:
        """Let something happen at a moment, also one of the history."""

        def process() -> Process:
            action()
            yield from ()

        self.engine.spawn(process(), moment.timestamp())

    def node(self, name: str) -> Node:
        """Return a node."""
        return self.nodes[name]

    def guest(self, vmid: int) -> Guest:
        """Return a guest."""
        return self.guests[vmid]

    def storage(self, storage: str) -> Storage:
        """Return a storage."""
        return self.storages[storage]

    def job(self, job: str) -> Job:
        """Return a job by its id or its comment."""
        by_comment = {str(entry.options.get("comment")): entry for entry in self.jobs.values()}
        return self.jobs[job] if job in self.jobs else by_comment[job]

    def add_node(self, name: str, *, timezone: str = "Europe/Berlin", ip: str | None = None) -> Node:
        """Add a node."""
        number = len(self.nodes) + 1
        ZoneInfo(timezone)
        node = Node(
            cluster=self,
            name=name,
            nodeid=number if self.name else 0,
            ip=ip or f"127.0.0.{number}",
            timezone=timezone,
            boot=self.engine.time // WEEK * WEEK - WEEK,
        )
        self.nodes[name] = node
        return node

    def add_storage(
        self,
        storage: str,
        type_: StorageType = "dir",
        *,
        total: int = TIB,
        used: int = 0,
        reserved: int = 0,
        content: str = "backup",
        prune: str | None = None,
        nodes: tuple[str, ...] = (),
        server: str = "192.168.1.20",
        path: str | None = None,
        is_mountpoint: bool = False,
    ) -> Storage:
        """Add a storage; `used` is what other things take, `reserved` what nobody can have."""
        made = Storage(
            cluster=self,
            id=storage,
            type=type_,
            content=content,
            total=total,
            other=used,
            reserved=reserved,
            prune=prune,
            nodes=nodes,
            server=server if type_ != "dir" else "",
            datastore="ds1" if type_ == "pbs" else "",
            path=path or ("/var/lib/vz" if type_ == "dir" else f"/mnt/pve/{storage}"),
            is_mountpoint=is_mountpoint,
        )
        self.storages[storage] = made
        return made

    def add_backup_server(self, name: str = "pbs", *, version: str = "4.2.3") -> ServedBackupServer:
        """Add a backup server beside the cluster, with the same clock; it is empty."""
        made = ServedBackupServer(
            world=self,
            name=name,
            version=version,
            ip=f"127.0.1.{len(self.backup_servers) + 1}",
            clock=self.clock,
            directory=self.directory / "certificates",
        )
        self.backup_servers[name] = made
        return made

    def replicate(self, vmid: int, target: str, *, schedule: str | None = None, number: int = 0) -> Replication:
        """Let the disks of a guest be copied to another node again and again."""
        made = Replication(cluster=self, id=f"{vmid}-{number}", vmid=vmid, target=target, schedule=schedule)
        self.replications[made.id] = made
        self.engine.spawn(made.live(), self.engine.time)
        return made

    def connect_storage(
        self, storage: str, datastore: Datastore, *, namespace: str = "", owner: str = "backup@pbs", **options: Any
    ) -> Storage:
        """Add a storage that stands for a datastore of a backup server: what is written to it appears there."""
        server = datastore.server
        made = self.add_storage(storage, "pbs", total=datastore.total, server=server.ip, **options)
        made.datastore, made.namespace = datastore.name, namespace
        made.fingerprint = server.fingerprint
        made.place = Place(datastore, namespace, owner)
        datastore.add_namespace(namespace)
        return made

    def add_vm(
        self,
        vmid: int,
        name: str,
        node: str,
        *,
        size: float = 32,
        disks: list[Disk] | None = None,
        filled: float = 0.3,
        speed: float = 300,
        status: Literal["running", "stopped"] = "running",
        template: bool = False,
        tags: str | None = None,
        pool: str | None = None,
        agent: bool | None = True,
    ) -> Guest:
        """Add a virtual machine with one disk of `size` GiB, or with `disks`."""
        disks = disks if disks is not None else vm_disks(vmid, size, "local-lvm")
        guest = self._add_guest(vmid, "qemu", name, node, disks)
        guest.filled, guest.speed, guest.agent = filled, speed, agent
        guest.status = "stopped" if template else status
        guest.template, guest.tags, guest.pool = template, tags, pool
        return guest

    def add_ct(
        self,
        vmid: int,
        name: str,
        node: str,
        *,
        size: float = 8,
        disks: list[Disk] | None = None,
        filled: float = 0.3,
        speed: float = 150,
        status: Literal["running", "stopped"] = "running",
        tags: str | None = None,
        pool: str | None = None,
    ) -> Guest:
        """Add a container with a root file system of `size` GiB, or with `disks`."""
        disks = disks if disks is not None else ct_disks(vmid, size, "local-lvm")
        guest = self._add_guest(vmid, "lxc", name, node, disks)
        guest.filled, guest.speed, guest.status = filled, speed, status
        guest.tags, guest.pool = tags, pool
        return guest

    def _add_guest(self, vmid: int, type_: GuestType, name: str, node: str, disks: list[Disk]) -> Guest:
        self.node(node)
        guest = Guest(cluster=self, vmid=vmid, type=type_, name=name, node=node, disks=disks)
        self.guests[vmid] = guest
        return guest

    def remove_guest(self, vmid: int, *, purge: bool) -> None:
        """Remove a guest; purge takes its number out of the jobs, and removes jobs whose list becomes empty."""
        del self.guests[vmid]
        if not purge:
            return
        for job in list(self.jobs.values()):
            if vmid in job.vmids:
                left = [number for number in job.vmids if number != vmid]
                job.options["vmid"] = ",".join(map(str, left))
                if not left:
                    self.remove_job(job)

    def add_job(self, job: str, schedule: str, storage: str, *, enabled: bool = True, **options: object) -> Job:
        """Add a job; underscores in the names of options stand for hyphens."""
        given = {name.replace("_", "-"): value for name, value in options.items()}
        made = Job(
            cluster=self,
            id=job,
            schedule=schedule,
            enabled=enabled,
            options={"storage": storage, "mode": "snapshot", **given},
            created=self.engine.time,
        )
        self.jobs[job] = made
        self.scheduler.changed(made)
        return made

    def add_legacy_job(self, schedule: str, storage: str, *, enabled: bool = True, **options: object) -> Job:
        """Add a job of /etc/pve/vzdump.cron, which cron starts; its id is a digest, and no node remembers its runs."""
        count = sum(job.legacy for job in self.jobs.values()) + 1
        job = f"{hashlib.sha1(f'{schedule} {storage}'.encode()).hexdigest()}:{count}"
        made = self.add_job(job, schedule, storage, enabled=enabled, quiet=1, **options)
        made.legacy = True
        for node in self.nodes:
            self.files.remove(f"nodes/{node}/var/lib/pve-manager/jobs/vzdump-{job}.json")
        return made

    def remove_job(self, job: Job) -> None:
        """Remove a job and its state files."""
        self.jobs.pop(job.id, None)
        self.scheduler.removed(job)
        for node in self.nodes:
            self.files.remove(f"nodes/{node}/var/lib/pve-manager/jobs/vzdump-{job.id}.json")

    def add_token(self, token_id: str, privileges: Mapping[str, str], *, privsep: bool = True) -> Token:
        """Add a token whose user has the same `privileges`: paths, and privileges or a role on each."""
        token = self.access.add_token(token_id, privsep=privsep)
        for path, names in privileges.items():
            self.access.grant(token.id, path, names)
            self.access.grant(token.user, path, names)
        return token

    def start_scheduled(self, job: Job, node: Node) -> None:
        """Start a job on a node as its scheduler does."""
        planned = job.planned.pop(node.name, Planned())
        self.dispatch.start(job, node, planned.outcomes, planned.outcome, self.engine.time)

    def backup_by_hand(
        self,
        vmids: list[int],
        storage: str,
        *,
        outcomes: Mapping[int, Outcome] | None = None,
        outcome: RunOutcome | None = None,
        by: str = "root@pam",
        at: datetime | None = None,
        from_shell: bool = False,
    ) -> list[Run]:
        """Back guests up outside any job; by default it has just ended.

        It is the Backup button of a guest, or root's `vzdump 101 --storage nas` in a shell. With `outcome`, or onto a
        storage that does not exist or is lost, it dies before its header: only the task's id names the guest.
        """
        return self.dispatch.by_hand(vmids, storage, outcomes or {}, by, at, outcome, from_shell=from_shell)

    def connectivity_changed(self, node: Node) -> None:
        """Tell the listeners that a node went off or came back."""
        for listener in self.listeners:
            listener(node)
