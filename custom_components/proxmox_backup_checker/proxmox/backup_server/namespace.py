"""Places within a datastore: namespaces, groups and snapshots, as paths and log lines write them.

Rules of pbs-api-types/src/datastore.rs (BackupNamespace, BackupGroup, BackupDir). A namespace is a text such as `home/berlin`; the root
is the empty one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
import re
from sys import intern
from typing import Final, override

ROOT: Final = ""
MAX_DEPTH: Final = 7
"""The levels below the root."""
_MAX_LENGTH: Final = 256
_COMPONENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_GROUP: Final = re.compile(r"(vm|ct|host)/([A-Za-z0-9_][A-Za-z0-9._-]*)")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
# Longer than the path of a snapshot in the deepest namespace can be.
_LONGEST_PATH: Final = 2_048


@dataclass(frozen=True, slots=True, order=True)
class GroupId:
    """All backups of one guest or client within a namespace; `backup_type` is vm, ct or host."""

    backup_type: str
    backup_id: str

    @classmethod
    def parse(cls, text: str) -> GroupId:
        """Read `vm/100`; ValueError where the text is no group."""
        match = _GROUP.fullmatch(text)
        if match is None:
            raise ValueError(f"not a backup group: {text[:200]!r}")
        return cls(intern(match[1]), intern(match[2]))

    @override
    def __str__(self) -> str:
        """Write it as Proxmox does."""
        return f"{self.backup_type}/{self.backup_id}"


@dataclass(frozen=True, slots=True, order=True)
class SnapshotId:
    """One backup of a group; `backup_time` in epoch seconds."""

    group: GroupId
    backup_time: int

    @classmethod
    def parse(cls, text: str) -> SnapshotId:
        """Read `vm/100/2026-09-10T01:00:03Z`; ValueError where the text is no snapshot."""
        group, _, moment = text.rpartition("/")
        return cls(GroupId.parse(group), epoch_of(moment))

    @override
    def __str__(self) -> str:
        """Write it as Proxmox does."""
        return f"{self.group}/{time_text(self.backup_time)}"


def epoch_of(text: str) -> int:
    """Return the moment of a snapshot, as `2026-09-10T01:00:03Z`, in epoch seconds; ValueError where the text is none."""
    if _TIME.fullmatch(text) is None:
        raise ValueError(f"not the time of a snapshot: {text[:200]!r}")
    return int(datetime.fromisoformat(text).timestamp())


def time_text(epoch: int) -> str:
    """Return the moment of a snapshot as Proxmox writes it, without fail also where no calendar has it."""
    try:
        return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except ValueError, OverflowError, OSError:
        return str(epoch)


def components(namespace: str) -> tuple[str, ...]:
    """Return the parts of a namespace; ValueError, in Proxmox's words, where it is none."""
    if namespace == ROOT:
        return ()
    parts = tuple(namespace.split("/"))
    length = 0
    for number, part in enumerate(parts):
        if number >= MAX_DEPTH:
            raise ValueError(f"namespace too deep, {number} >= max {MAX_DEPTH}")
        if length + len(part) + 1 > _MAX_LENGTH:
            raise ValueError("namespace length exceeded")
        if _COMPONENT.fullmatch(part) is None:
            raise ValueError(f"not a valid namespace component: {part}")
        length += len(part) + bool(number)
    return parts


def depth(namespace: str) -> int:
    """Return how many levels below the root a namespace is."""
    return namespace.count("/") + 1 if namespace else 0


def parent(namespace: str) -> str:
    """Return the namespace above; the root is its own."""
    return namespace.rpartition("/")[0]


def path_of(namespace: str) -> str:
    """Return a namespace as logs and worker ids write it: `ns/home/ns/berlin`."""
    return "/".join(f"ns/{part}" for part in components(namespace))


def acl_path(store: str, namespace: str = ROOT) -> str:
    """Return the path on which rights to a namespace are given."""
    return "/".join(["/datastore", store, *components(namespace)])


def covers(namespace: str, max_depth: int | None, inner: str) -> bool:
    """Tell whether a job on a namespace, down to `max_depth` levels or all of them, reaches another one."""
    if namespace and inner != namespace and not inner.startswith(f"{namespace}/"):
        return False
    return max_depth is None or depth(inner) - depth(namespace) <= max_depth


def map_prefix(namespace: str, source: str, target: str) -> str | None:
    """Return where a sync from `source` to `target` puts a namespace, None where it is none of its own."""
    own, prefix = components(namespace), components(source)
    if own[: len(prefix)] != prefix:
        return None
    return "/".join([*components(target), *own[len(prefix) :]])


def fits_depth(namespace: str, max_depth: int) -> bool:
    """Tell whether `max_depth` levels below a namespace are still allowed."""
    return depth(namespace) + max_depth <= MAX_DEPTH


def split_path(path: str) -> tuple[str, str]:
    """Split `ns/home/vm/100` into namespace and the rest; ValueError where the beginning is no namespace."""
    if len(path) > _LONGEST_PATH:
        raise ValueError(f"not a path within a datastore: {path[:200]!r}")
    parts = path.split("/")
    names: list[str] = []
    while len(parts) >= 2 and parts[0] == "ns":
        names.append(parts[1])
        parts = parts[2:]
    namespace = "/".join(names)
    components(namespace)
    return namespace, "/".join(parts)


def parse_snapshot_path(path: str) -> tuple[str, SnapshotId]:
    """Read `ns/home/vm/100/2026-09-10T01:00:03Z`; ValueError where the text is none."""
    namespace, rest = split_path(path)
    return namespace, SnapshotId.parse(rest)


def parse_group_path(path: str) -> tuple[str, GroupId]:
    """Read `ns/home/vm/100`; ValueError where the text is none."""
    namespace, rest = split_path(path)
    return namespace, GroupId.parse(rest)
