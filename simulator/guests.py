"""Guests: virtual machines and containers."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from .outcomes import Outcome

if TYPE_CHECKING:
    from .cluster import Cluster

GIB = 1024**3

type GuestType = Literal["qemu", "lxc"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Disk:
    """A disk of a virtual machine or a mount point of a container."""

    key: str
    volume: str
    size: int
    included: bool = True
    reason: str = "backup=yes"
    mount: str = ""

    @property
    def size_label(self) -> str:
        """Return the size as a guest's configuration writes it."""
        return f"{self.size // GIB}G" if self.size >= GIB else f"{self.size // 1024**2}M"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """A stretch of time in which backups of a guest end in a certain way; open where `until` is None."""

    outcome: Outcome
    since: float
    until: float | None = None
    job: str | None = None

    def concerns(self, time: float, job: str | None) -> bool:
        """Tell whether a backup that starts at `time` in `job` is concerned."""
        return self.since <= time and (self.until is None or time < self.until) and self.job in (None, job)


@dataclass(eq=False)
class Guest:
    """A guest, and what a test can do to it."""

    cluster: Cluster
    vmid: int
    type: GuestType
    name: str
    node: str
    disks: list[Disk]
    status: Literal["running", "stopped"] = "running"
    template: bool = False
    lock: str | None = None
    tags: str | None = None
    pool: str | None = None
    hastate: str | None = None
    address: str | None = None
    """A fixed address that its configuration tells; None where it gets one from elsewhere."""
    agent: bool | None = None
    """Whether the guest agent answers; None where it is disabled in the options."""
    filled: float = 0.3
    """Share of the disks that holds data."""
    speed: float = 300.0
    """MiB/s that a backup reads."""
    freeze_error: str | None = None
    """Why the agent cannot freeze the file systems."""
    changes: float | None = None
    """Share of the disks that changes from one backup to the next; a few percent of it where nothing is told."""
    loses_bitmap: bool = False
    """Whether the next backup finds no bitmap, as after a start of the guest, and reads everything."""
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Return the word that Proxmox Backup Server has for the type."""
        return "vm" if self.type == "qemu" else "ct"

    @property
    def size(self) -> int:
        """Return the size of everything that a backup reads, in bytes."""
        return sum(disk.size for disk in self.disks if disk.included)

    def migrate(self, node: str) -> None:
        """Move to another node."""
        self.cluster.node(node)
        self.node = node

    def start(self) -> None:
        """Switch on."""
        self.status = "running"

    def stop(self) -> None:
        """Switch off."""
        self.status = "stopped"

    def rename(self, name: str) -> None:
        """Give it another name."""
        self.name = name

    def delete(self, *, purge: bool = True) -> None:
        """Remove it; without purge its number stays in the jobs that name it."""
        self.cluster.remove_guest(self.vmid, purge=purge)

    def fails(
        self,
        outcome: Outcome,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        job: str | None = None,
    ) -> None:
        """Let scheduled backups of this guest end in this way, from now or `since` on."""
        start = self.cluster.moment() if since is None else since.timestamp()
        end = None if until is None else until.timestamp()
        self.troubles.append(Trouble(outcome=outcome, since=start, until=end, job=job))

    def recovers(self) -> None:
        """End every trouble."""
        self.troubles.clear()

    def outcome_at(self, time: float, job: str | None) -> Outcome:
        """Return how a backup ends that starts at `time`."""
        concerned = [trouble for trouble in self.troubles if trouble.concerns(time, job)]
        return concerned[-1].outcome if concerned else Outcome()

    def exclude_disk(self, key: str) -> None:
        """Take a disk or mount point out of the backup."""
        reason = "backup=no" if self.type == "qemu" else "disabled"
        self.disks = [replace(disk, included=False, reason=reason) if disk.key == key else disk for disk in self.disks]


def vm_disks(vmid: int, size: float, storage: str) -> list[Disk]:
    """Return the one disk of an ordinary virtual machine; `size` in GiB."""
    return [Disk(key="scsi0", volume=f"{storage}:vm-{vmid}-disk-0", size=int(size * GIB))]


def ct_disks(vmid: int, size: float, storage: str) -> list[Disk]:
    """Return the root file system of an ordinary container; `size` in GiB."""
    return [
        Disk(
            key="rootfs",
            volume=f"{storage}:vm-{vmid}-disk-0",
            size=int(size * GIB),
            reason="rootfs",
            mount="/",
        )
    ]
