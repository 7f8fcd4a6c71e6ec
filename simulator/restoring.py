"""Restores: what a person starts in the web interface or with qmrestore and pct, with the logs that they leave."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .engine import Process
from .guests import Guest
from .log_text import tar_size_text
from .storages import Archive, Storage
from .tasks import Task

if TYPE_CHECKING:
    from .cluster import Cluster
    from .nodes import Node

MIB = 1024**2
RESTORE_SPEED = 250.0
"""MiB/s that a restore writes."""
DATA_ERROR = (
    "error before or during data restore, some or all disks were not completely restored."
    " VM {target} state is NOT cleaned up."
)


@dataclass(eq=False)
class Restore:
    """One restore; `error` is why it fails after its data was begun, `live` lets the guest run from its backup meanwhile."""

    cluster: Cluster
    node: Node
    storage: Storage
    archive: Archive
    source: Guest
    target: int
    live: bool = False
    start: bool = False
    error: str | None = None
    task: Task | None = None

    @property
    def is_vm(self) -> bool:
        """Tell whether it is a virtual machine."""
        return self.archive.type == "qemu"

    @property
    def size(self) -> int:
        """Return the bytes of all disks that the archive holds."""
        return self.source.size

    @property
    def seconds(self) -> float:
        """Return how long the data takes."""
        return max(1, round(self.size / (RESTORE_SPEED * MIB)))

    def process(self) -> Process:
        """Play the restore: the guest is there from the beginning, locked until the end."""
        cluster, kind = self.cluster, "qmrestore" if self.is_vm else "vzrestore"
        time = cluster.engine.time
        number = 2_000_000 + len(self.node.tasks.archived())
        self.task = task = self.node.new_task(kind, str(self.target), "root@pam", time, number)
        guest = self._place()
        guest.lock = "create"
        self._begin()
        yield self.seconds / 2
        if self.error is not None:
            self._end(self.error)
            return
        yield self.seconds / 2
        self._complete()
        guest.lock = None
        if self.live or self.start:
            guest.start()
        if self.start and not self.live:
            self.say("Execute autostart")
        self._end("OK")
        assert task.status is not None

    def say(self, line: str) -> None:
        """Write a line to the task log."""
        assert self.task is not None
        path = f"{self.node.tasks.root}/{self.task.log_path}"
        self.cluster.files.append(path, f"{line}\n", self.cluster.engine.time)

    def _place(self) -> Guest:
        """Take the number: a new guest, or the one that is there, whose disks are replaced."""
        known = self.cluster.guests.get(self.target)
        if known is not None:
            known.stop()
            return known
        add = self.cluster.add_vm if self.is_vm else self.cluster.add_ct
        made = add(self.target, self.source.name, self.node.name, disks=list(self.source.disks))
        made.stop()
        return made

    def _begin(self) -> None:
        """Name archive and target, in the words of qemu-server and pve-container."""
        volume = f"local-lvm:vm-{self.target}-disk-0"
        device = f"/dev/pve/vm-{self.target}-disk-0"
        path = f"{self.storage.path}/dump/{self.archive.name}"
        if not self.is_vm:
            volid = self.storage.volid(self.archive)
            self.say(f"recovering backed-up configuration from '{volid}'")
            self.say(f'  Logical volume "vm-{self.target}-disk-0" created.')
            self.say(f"restoring '{volid}' now..")
            if self.storage.type != "pbs":
                self.say(f"extracting archive '{path}'")
            return
        if self.storage.type != "pbs":
            pipe = f"/var/tmp/vzdumptmp{self.task.pid if self.task else 0}"  # noqa: S108
            read = f"zstd -q -d -c {path} | vma extract -v -r {pipe}.fifo - {pipe}"
            self.say(f"restore vma archive: {read}")
            self.say("CFG: size: 402 name: qemu-server.conf")
            self.say(f"DEV: dev_id=1 size: {self.size} devname: drive-scsi0")
            self.say(f"new volume ID is '{volume}'")
            self.say(f"map 'drive-scsi0' to '{device}' (write zeros = 0)")
            return
        repository = f"backup@pbs@{self.storage.server}:{self.storage.datastore}"
        self.say(f"new volume ID is '{volume}'")
        if self.live:
            self.say("starting VM for live-restore")
            self.say(f"repository: '{repository}', snapshot: '{self.archive.name}'")
            self.say(f"restoring 'drive-scsi0' to '{volume}'")
            return
        namespace = f" --ns {self.storage.namespace}" if self.storage.namespace else ""
        self.say(
            f"restore proxmox backup image: /usr/bin/pbs-restore --repository {repository}{namespace} {self.archive.name}"
            f" drive-scsi0.img.fidx {device} --verbose --format raw --skip-zero"
        )
        self.say(f"connecting to repository '{repository}'")
        self.say(f"open block backend for target '{device}'")
        self.say(f"starting to restore snapshot '{self.archive.name}'")
        self.say("download and verify backup index")

    def _complete(self) -> None:
        if not self.is_vm:
            if self.storage.type != "pbs":
                speed = f"{RESTORE_SPEED:.0f}MiB/s"
                self.say(f"Total bytes read: {self.size} ({tar_size_text(self.size)}, {speed})")
            self.say("Detected container architecture: amd64")
            self.say("merging backed-up and given configuration..")
        elif self.storage.type != "pbs":
            for percent in range(1, 101):
                second = round(self.seconds * percent / 100)
                self.say(f"progress {percent}% (read {self.size * percent // 100} bytes, duration {second} sec)")
            self.say(f"total bytes read {self.size}, sparse bytes {self.size // 3} (33.3%)")
            self.say("space reduction due to 4K zero blocks 1.2%")
            self.say("rescan volumes...")
        elif self.live:
            self.say(
                "restore-drive jobs finished successfully, removing all tracking block devices"
                " to disconnect from Proxmox Backup Server"
            )
        else:
            for percent in range(1, 101):
                read, second = self.size * percent // 100, round(self.seconds * percent / 100)
                self.say(
                    f"progress {percent}% (read {read} bytes, zeroes = 3% ({read // 33} bytes), duration {second} sec)"
                )
            rate = self.size / self.seconds / 1e6
            self.say(f"restore image complete (bytes={self.size}, duration={self.seconds:.2f}s, speed={rate:.2f}MB/s)")
            self.say("rescan volumes...")

    def _end(self, status: str) -> None:
        assert self.task is not None
        self.say("TASK OK" if status == "OK" else f"TASK ERROR: {status}")
        self.node.end_task(self.task, status, self.cluster.engine.time)


def restore(
    cluster: Cluster,
    vmid: int,
    target: int,
    storage: str,
    *,
    node: str | None = None,
    archive: Archive | None = None,
    at: datetime | None = None,
    live: bool = False,
    start: bool = False,
    error: str | None = None,
) -> Restore:
    """Restore a backup of a guest, its newest on a storage, as another guest or onto itself; without `at` it has just ended."""
    source, place = cluster.guest(vmid), cluster.storage(storage)
    made = Restore(
        cluster=cluster,
        node=cluster.node(node or source.node),
        storage=place,
        archive=archive or next(entry for entry in place.archive(vmid) if not entry.unfinished),
        source=source,
        target=target,
        live=live,
        start=start,
        error=error,
    )
    begin = cluster.moment() if at is None else at.timestamp()
    cluster.engine.spawn(made.process(), begin)
    missing = begin + made.seconds + 1 - cluster.clock.time()
    if at is None and missing > 0 and not cluster.engine.playing:
        cluster.clock.advance(seconds=missing)
    if not cluster.engine.playing:
        cluster.settle()
    return made
