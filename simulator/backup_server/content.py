"""What lies on a backup server: datastores, namespaces, groups and snapshots."""

from collections.abc import Iterable
from dataclasses import dataclass, field
import math
from typing import TYPE_CHECKING, Literal

from simulator.storages import Archive

from .names import path_of, time_text

if TYPE_CHECKING:
    from .server import BackupServer

type BackupType = Literal["vm", "ct", "host"]
type Maintenance = Literal["offline", "read-only", "delete", "unmount", "s3-refresh"]

COMPRESSED = 0.45
NEW_ON_SERVER = 0.02
"""Share of the data that has to be stored for a group that the datastore knows."""
GIB = 1024**3
MANIFEST = "index.json.blob"
FILES: dict[BackupType, tuple[str, ...]] = {
    "vm": ("qemu-server.conf.blob", "drive-scsi0.img.fidx"),
    "ct": ("pct.conf.blob", "root.pxar.didx"),
    "host": ("root.pxar.didx", "catalog.pcat1.didx"),
}
CONFIGURATION = 512
"""Bytes of the small files."""


@dataclass(eq=False)
class Snapshot:
    """A snapshot; what Proxmox VE sees of it as well is its archive."""

    group: Group
    archive: Archive
    corrupt: bool = False
    """Whether chunks of it are damaged, as the next check will find."""
    missing: bool = False
    """Whether chunks of it are gone, as the next sync will find."""
    partly_encrypted: bool = False
    undeletable: bool = False
    """Whether its folder cannot be removed."""

    @property
    def time(self) -> int:
        """Return when it was begun, in epoch seconds."""
        return self.archive.ctime

    @property
    def name(self) -> str:
        """Return it as Proxmox writes it."""
        return f"{self.group.name}/{time_text(self.time)}"

    @property
    def path(self) -> str:
        """Return it with its namespace, as the list at the end of a check has it."""
        prefix = path_of(self.group.ns)
        return f"{prefix}/{self.name}" if prefix else self.name

    @property
    def finished(self) -> bool:
        """Tell whether it has a manifest."""
        return not self.archive.unfinished

    @property
    def encrypted(self) -> bool:
        """Tell whether all of it is encrypted."""
        return self.archive.encrypted is not None and not self.partly_encrypted

    @property
    def files(self) -> list[str]:
        """Return the names of its files."""
        names = sorted(FILES[self.group.type])
        return [*names, *(["client.log.blob", MANIFEST] if self.finished else [])]


@dataclass(eq=False)
class Group:
    """All snapshots of one guest or client in one namespace."""

    datastore: Datastore
    ns: str
    type: BackupType
    id: str
    owner: str
    comment: str | None = None
    snapshots: list[Snapshot] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return it as Proxmox writes it."""
        return f"{self.type}/{self.id}"

    @property
    def by_age(self) -> list[Snapshot]:
        """Return the snapshots, oldest first."""
        return sorted(self.snapshots, key=lambda snapshot: snapshot.time)

    @property
    def newest_finished(self) -> Snapshot | None:
        """Return the newest snapshot with a manifest."""
        return max((snapshot for snapshot in self.snapshots if snapshot.finished), key=_time, default=None)

    def snapshot(self, time: int) -> Snapshot | None:
        """Return the snapshot of a moment."""
        return next((snapshot for snapshot in self.snapshots if snapshot.time == time), None)

    def add(
        self,
        time: int,
        *,
        size: int = 8 * GIB,
        finished: bool = True,
        comment: str | None = None,
        protected: bool = False,
        encrypted: str | None = None,
        stored: int | None = None,
    ) -> Snapshot:
        """Put a snapshot in."""
        known = any(snapshot.finished for snapshot in self.snapshots)
        share = NEW_ON_SERVER if known else COMPRESSED
        archive = Archive(
            name=f"{self.name}/{time_text(time)}",
            vmid=int(self.id) if self.id.isdecimal() else 0,
            type={"vm": "qemu", "ct": "lxc", "host": "host"}[self.type],
            ctime=time,
            size=size,
            stored=(int(size * share) if stored is None else stored) if finished else 0,
            notes=comment,
            protected=protected,
            encrypted=encrypted,
            unfinished=not finished,
        )
        return self.take(archive)

    def take(self, archive: Archive) -> Snapshot:
        """Put what an archive is in."""
        snapshot = Snapshot(self, archive)
        self.snapshots.append(snapshot)
        self.datastore.note_usage()
        return snapshot

    def remove(self, snapshot: Snapshot) -> None:
        """Delete a snapshot; its chunks stay until garbage is collected. No task tells of it."""
        self.snapshots.remove(snapshot)
        self.datastore.discard(snapshot.archive.stored)
        if not self.snapshots and self.datastore.server.release < (4, 1, 9):
            self.datastore.groups.pop((self.ns, self.type, self.id), None)


def _time(snapshot: Snapshot) -> int:
    return snapshot.time


@dataclass(eq=False)
class GarbageStatus:
    """What the last successful garbage collection found."""

    upid: str | None = None
    index_file_count: int = 0
    index_data_bytes: int = 0
    disk_bytes: int = 0
    removed_bytes: int = 0
    pending_bytes: int = 0
    still_bad: int = 0


@dataclass(eq=False)
class Datastore:
    """A datastore, and what a test can do to it."""

    server: BackupServer
    name: str
    total: int
    other: int = 0
    """Bytes in use by other things."""
    path: str = ""
    comment: str | None = None
    verify_new: bool = False
    backend: Literal["filesystem", "s3"] = "filesystem"
    removable: bool = False
    mounted: bool = True
    maintenance: Maintenance | None = None
    message: str | None = None
    namespaces: dict[str, str | None] = field(default_factory=lambda: {"": None})
    """Namespaces and their comments."""
    groups: dict[tuple[str, BackupType, str], Group] = field(default_factory=dict)
    pending: list[tuple[float, int]] = field(default_factory=list)
    """Chunks that nothing uses any more: since when, and how many bytes."""
    garbage: GarbageStatus = field(default_factory=GarbageStatus)
    usage: list[tuple[float, int]] = field(default_factory=list)
    """Moments at which the use of space changed, and how many bytes it was then."""

    def add_namespace(self, ns: str, comment: str | None = None) -> None:
        """Create a namespace and those above it. No task tells of it."""
        parts = ns.split("/")
        for depth in range(1, len(parts)):
            self.namespaces.setdefault("/".join(parts[:depth]), None)
        self.namespaces[ns] = comment

    def below(self, ns: str, max_depth: int | None) -> list[str]:
        """Return a namespace and those below it, down to some depth."""
        found = [name for name in sorted(self.namespaces) if not ns or name == ns or name.startswith(f"{ns}/")]
        if max_depth is None:
            return found
        level = len(ns.split("/")) if ns else 0
        return [name for name in found if (len(name.split("/")) if name else 0) - level <= max_depth]

    def groups_in(self, ns: str) -> list[Group]:
        """Return the groups of one namespace."""
        return sorted((group for group in self.groups.values() if group.ns == ns), key=lambda group: group.name)

    def group(self, ns: str, type_: BackupType, id_: str) -> Group | None:
        """Return a group."""
        return self.groups.get((ns, type_, str(id_)))

    def add_group(self, ns: str, type_: BackupType, id_: str, owner: str = "root@pam") -> Group:
        """Return a group, made where there is none."""
        self.add_namespace(ns)
        key = (ns, type_, str(id_))
        return self.groups.setdefault(key, Group(self, ns, type_, str(id_), owner))

    def remove_group(self, group: Group) -> None:
        """Delete a group with all that is in it. No task tells of it."""
        for snapshot in list(group.snapshots):
            group.snapshots.remove(snapshot)
            self.discard(snapshot.archive.stored)
        self.groups.pop((group.ns, group.type, group.id), None)

    def move_group(self, group: Group, ns: str) -> None:
        """Give a group another namespace, as `move-group` of 4.1.9 does."""
        del self.groups[group.ns, group.type, group.id]
        self.add_namespace(ns)
        group.ns = ns
        self.groups[ns, group.type, group.id] = group

    def discard(self, stored: int) -> None:
        """Let bytes wait for the garbage collection."""
        self.pending.append((self.server.world.moment(), stored))
        self.note_usage()

    @property
    def stored(self) -> int:
        """Return the bytes that snapshots take."""
        return sum(snapshot.archive.stored for group in self.groups.values() for snapshot in group.snapshots)

    @property
    def used(self) -> int:
        """Return the bytes in use."""
        return min(self.total, self.other + self.stored + sum(size for _, size in self.pending))

    @property
    def available(self) -> int:
        """Return the bytes that are free."""
        return self.total - self.used

    def note_usage(self) -> None:
        """Remember how much is used at this moment."""
        self.usage.append((self.server.world.moment(), self.used))

    def shares(self, moments: Iterable[float]) -> list[float | None]:
        """Return the shares in use at moments, the oldest first; None before anything is known."""
        changes, used, found = iter([*self.usage, (math.inf, 0)]), None, list[float | None]()
        change, following = next(changes)
        for moment in moments:
            while change <= moment:
                used = following
                change, following = next(changes)
            found.append(None if used is None else used / self.total)
        return found

    @property
    def mount_status(self) -> str:
        """Return mounted, notmounted or nonremovable."""
        if not self.removable:
            return "nonremovable"
        return "mounted" if self.mounted else "notmounted"

    def refusal(self, *, writing: bool = False) -> str | None:
        """Return why the datastore cannot be used, in Proxmox's words without the name, None where it can."""
        words = {
            "delete": "datastore is being deleted",
            "unmount": "datastore is being unmounted",
            "offline": f"offline maintenance mode: {self.message or ''}",
            "s3-refresh": f"S3 refresh maintenance mode: {self.message or ''}",
            "read-only": f"read-only maintenance mode: {self.message or ''}",
        }
        if self.maintenance is not None and (writing or self.maintenance != "read-only"):
            place = "unavailable: " if self.server.release >= (3, 3, 0) else "in "
            return f"datastore '{self.name}' is {place}{words[self.maintenance]}"
        if self.removable and not self.mounted:
            return f"datastore '{self.name}' is not mounted"
        return None

    def enter_maintenance(self, mode: Maintenance, message: str | None = None) -> None:
        """Put it into a maintenance mode."""
        self.maintenance, self.message = mode, message

    def leave_maintenance(self) -> None:
        """End the maintenance; what was due meanwhile is caught up."""
        self.maintenance = self.message = None
        self.server.scheduler.look_again()

    def unplug(self) -> None:
        """Take the disk out."""
        self.mounted = False

    def plug(self) -> None:
        """Put the disk in: it is mounted, and jobs that wait for it run."""
        self.mounted = True
        self.server.mounted(self)
        self.server.scheduler.look_again()
