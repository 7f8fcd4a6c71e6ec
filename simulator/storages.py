"""Storages and the archives on them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
import hashlib
import re
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from .guests import Guest
from .nodes import STATISTICS_KEPT

if TYPE_CHECKING:
    from .backup_server.place import Place
    from .cluster import Cluster
    from .nodes import Node

type StorageType = Literal["dir", "nfs", "pbs", "lvmthin", "rbd"]

NAME_TIME = re.compile(r"-(\d{4}_\d{2}_\d{2}-\d{2}_\d{2}_\d{2})\.")
"""The moment in the name of an archive on a file storage."""

_USUAL_PORT = 8007


@dataclass(eq=False)
class Archive:
    """One backup of one guest; `node` is that of a storage which is not shared, `stored` what it takes, in bytes."""

    name: str
    vmid: int
    type: str
    ctime: int
    size: int
    stored: int
    node: str | None = None
    notes: str | None = None
    protected: bool = False
    renamed: bool = False
    encrypted: str | None = None
    verification: str | None = None
    verified_by: str | None = None
    """UPID of the check on a backup server."""
    unfinished: bool = False

    @property
    def format(self) -> str:
        """Return the format as the content listing names it."""
        if ":" in self.name:
            return "pbs-vm" if self.type == "qemu" else "pbs-ct"
        return ".".join(self.name.rsplit(".", 2)[1:]) if self.name.endswith("zst") else self.name.rsplit(".", 1)[1]


@dataclass(eq=False)
class Storage:
    """A storage, and what a test can do to it."""

    cluster: Cluster
    id: str
    type: StorageType
    content: str
    total: int
    other: int = 0
    """Bytes in use by other things than our archives."""
    reserved: int = 0
    """Bytes that are neither used nor to be had: blocks kept for root, or beyond a quota."""
    path: str = ""
    server: str = ""
    datastore: str = ""
    namespace: str = ""
    prune: str | None = None
    nodes: tuple[str, ...] = ()
    enabled: bool = True
    encryption_key: str | None = None
    verifies: bool = False
    is_mountpoint: bool = False
    """Whether the directory is expected to be a mount point."""
    marked_shared: bool = False
    """Whether a directory is said to be the same on all nodes."""
    down: dict[str, str] = field(default_factory=dict)
    """Nodes that cannot reach it, with the message."""
    last_figures: dict[str, tuple[float, int]] = field(default_factory=dict)
    """When a node lost it, in epoch seconds, and how many bytes were in use then."""
    fingerprint: str | None = None
    """That of the server's certificate, as it was when the storage was added."""
    place: Place | None = None
    """Where the archives lie on a backup server that is simulated too."""
    _own: list[Archive] = field(default_factory=list)

    @property
    def archives(self) -> list[Archive]:
        """Return the archives."""
        return self._own if self.place is None else self.place.archives()

    @archives.setter
    def archives(self, archives: list[Archive]) -> None:
        self._own = archives

    @property
    def shared(self) -> bool:
        """Tell whether every node sees the same content."""
        return self.marked_shared or self.type in {"nfs", "pbs", "rbd"}

    def serves(self, node: str) -> bool:
        """Tell whether the storage exists for a node."""
        return not self.nodes or node in self.nodes

    def active_on(self, node: str) -> bool:
        """Tell whether a node can use it at present."""
        return self.enabled and self.serves(node) and node not in self.down and self._refusal is None

    @property
    def _refusal(self) -> str | None:
        return None if self.place is None else self.place.refusal(self.id)

    def archives_on(self, node: str) -> list[Archive]:
        """Return the archives that a node sees."""
        return [archive for archive in self.archives if archive.node in (None, node)]

    def used_on(self, node: str) -> int:
        """Return the bytes in use as a node sees them."""
        if self.place is not None:
            return self.place.used
        return min(self.total, self.other + sum(archive.stored for archive in self.archives_on(node)))

    def available_on(self, node: str) -> int:
        """Return the bytes that are free as a node sees them."""
        return max(0, self.total - self.used_on(node) - self.reserved)

    def known_use_on(self, node: str, time: float) -> int | None:
        """Return the bytes in use that `/cluster/resources` shows, which keeps a lost storage's for some minutes."""
        if self.active_on(node):
            return self.used_on(node)
        since, used = self.last_figures.get(node, (float("-inf"), 0))
        return used if time - since <= STATISTICS_KEPT else None

    def activation_error(self, node: str) -> str | None:
        """Return why a backup on this node cannot use the storage (PVE::Storage::activate_storage)."""
        if not self.enabled:
            return f"storage '{self.id}' is disabled"
        if not self.serves(node):
            return f"storage '{self.id}' is not available on node '{node}'"
        return self.down.get(node) or self._refusal

    def go_offline(self, *nodes: str, message: str | None = None) -> None:
        """Be out of reach for these nodes, or for all."""
        if message is None:
            message = f"storage '{self.id}' is not online"
            if self.is_mountpoint:
                message = (
                    f"unable to activate storage '{self.id}'"
                    f" - directory is expected to be a mount point but is not mounted: '{self.path}'"
                )
            if self.type == "pbs":
                message = (
                    f"{self.id}: error fetching datastores - 500 Can't connect to {self.server}:8007 (No route to host)"
                )
        for node in nodes or tuple(self.cluster.nodes):
            if self.active_on(node):
                self.last_figures[node] = self.cluster.moment(), self.used_on(node)
            self.down[node] = message

    def come_online(self, *nodes: str) -> None:
        """Be in reach again for these nodes, or for all."""
        for node in nodes or tuple(self.cluster.nodes):
            self.down.pop(node, None)
            self.last_figures.pop(node, None)

    def fill(self, *, leaving: int = 0) -> None:
        """Let other things take all space but `leaving` bytes."""
        self.other = self.total - self.reserved - sum(archive.stored for archive in self.archives) - leaving

    def volid(self, archive: Archive) -> str:
        """Return the volume id of an archive."""
        return f"{self.id}:backup/{archive.name}"

    def archive(self, guest: Guest | int) -> list[Archive]:
        """Return the archives of a guest, newest first."""
        vmid = guest if isinstance(guest, int) else guest.vmid
        found = [archive for archive in self.archives if archive.vmid == vmid]
        return sorted(found, key=lambda archive: -archive.ctime)

    def ctime(self, archive: Archive, zone: ZoneInfo) -> int:
        """Return the moment of an archive, in epoch seconds, as a node in `zone` lists it.

        On a file storage each node takes the moment in the name for one of its own zone, whoever wrote the archive
        (PVE::Storage::archive_info).
        """
        match = None if archive.renamed else NAME_TIME.search(archive.name)
        if match is None or self.type == "pbs":
            return archive.ctime
        return _epoch(match[1], zone)

    def objection(self, guest: Guest, ctime: int) -> str | None:
        """Return why the server behind the storage lets no backup of a guest begin at a moment.

        It takes none that is not newer than the last one (proxmox-backup, api2/backup/mod.rs, upgrade_to_backup_protocol).
        """
        if self.place is not None:
            return self.place.objection(guest.type, guest.vmid, ctime)
        last = next((archive for archive in self.archive(guest) if not archive.unfinished), None)
        if self.type != "pbs" or last is None or last.type != guest.type or last.ctime < ctime:
            return None
        return "backup timestamp is older than last backup."

    def store(self, archive: Archive, node: Node | None = None) -> None:
        """Take an archive in, which a node writes.

        A file of the same name is overwritten, as vzdump renames its own to that name when it is done: nodes in two time
        zones give the archives of a guest that moves between them the same names.
        """
        if self.place is not None:
            self.place.take(archive, node)
            return
        same = [other for other in self.archives if (other.name, other.node) == (archive.name, archive.node)]
        for other in same:
            self.archives.remove(other)
        self.archives.append(archive)
        if self.type != "pbs":
            path = self.file_of(archive)
            self.cluster.files.allocate(path, archive.size, archive.ctime)

    def finish(self, archive: Archive) -> str | None:
        """Take an archive as complete; return why it is not."""
        return None if self.place is None else self.place.finish(archive)

    def pruned(self, archive: Archive) -> None:
        """Note that the group of an archive has been pruned."""
        if self.place is not None:
            self.place.pruned(archive)

    def remove(self, archive: Archive) -> None:
        """Delete an archive, as prune or somebody by hand does."""
        if self.place is not None:
            self.place.remove(archive)
            return
        self.archives.remove(archive)
        if self.type != "pbs":
            self.cluster.files.remove(self.file_of(archive))
            self.cluster.files.remove(self.log_of(archive))

    def file_of(self, archive: Archive) -> str:
        """Return the path of an archive's file below the state directory."""
        if self.shared:
            return f"storages/{self.id}/dump/{archive.name}"
        return f"nodes/{archive.node}{self.path}/dump/{archive.name}"

    def log_of(self, archive: Archive) -> str:
        """Return the path of the copy of the log beside an archive."""
        folder, _, name = self.file_of(archive).rpartition("/")
        return f"{folder}/{name.split('.', 1)[0]}.log"

    def new_name(self, guest: Guest, time: float, zone: ZoneInfo, compress: str) -> str:
        """Return the name of an archive begun at `time`."""
        if self.type == "pbs":
            return f"{guest.kind}/{guest.vmid}/{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"
        stamp = f"{datetime.fromtimestamp(time, zone):%Y_%m_%d-%H_%M_%S}"
        suffix = {"zstd": ".zst", "gzip": ".gz", "1": ".lzo", "lzo": ".lzo"}.get(compress, "")
        ending = "vma" if guest.type == "qemu" else "tar"
        return f"vzdump-{guest.type}-{guest.vmid}-{stamp}.{ending}{suffix}"


@cache
def _epoch(moment: str, zone: ZoneInfo) -> int:
    """Return the moment in an archive's name, of two with the same name the earlier (timelocal), in epoch seconds."""
    return int(datetime.strptime(moment, "%Y_%m_%d-%H_%M_%S").replace(tzinfo=zone).timestamp())


def _fingerprint(storage: Storage) -> str | None:
    """Return the fingerprint that is pinned for a backup server: once it was right."""
    known = "64:d3:" + ":".join(["5f"] * 30) if storage.place is None else storage.fingerprint
    return known.lower() if known else None


def _port(storage: Storage) -> int | None:
    """Return the port of a backup server, which is left out where it is the usual one."""
    port = _USUAL_PORT if storage.place is None else storage.place.datastore.server.listens_on
    return port if port != _USUAL_PORT else None


def config_of(storage: Storage) -> dict[str, object]:
    """Return the storage as `/storage` lists it."""
    fields: dict[str, object] = {
        "storage": storage.id,
        "type": storage.type,
        "content": storage.content,
        "digest": hashlib.sha1(" ".join(storage.cluster.storages).encode()).hexdigest(),
        "prune-backups": storage.prune,
        "nodes": ",".join(storage.nodes) or None,
        "disable": None if storage.enabled else 1,
    }
    if storage.type == "pbs":
        fields |= {
            "server": storage.server,
            "port": _port(storage),
            "datastore": storage.datastore,
            "namespace": storage.namespace or None,
            "username": "backup@pbs" if storage.place is None else storage.place.owner,
            "fingerprint": _fingerprint(storage),
            "encryption-key": storage.encryption_key,
            "shared": 1,
        }
    elif storage.type == "nfs":
        fields |= {"server": storage.server, "export": "/volume1/proxmox", "path": storage.path, "shared": 1}
    elif storage.type == "dir":
        fields |= {"path": storage.path, "is_mountpoint": "1" if storage.is_mountpoint else None}
        fields |= {"shared": 1 if storage.marked_shared else None}
    elif storage.type == "rbd":
        fields |= {"pool": "vms", "krbd": 0, "shared": 1, "monhost": storage.server or None}
    else:
        fields |= {"vgname": "pve", "thinpool": "data"}
    return {name: value for name, value in fields.items() if value is not None}
