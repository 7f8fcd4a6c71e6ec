"""What the Proxmox API answers, as frozen dataclasses: JSON ends here.

Shapes and quirks as in Proxmox VE 7.4 to 9.2 (PVE/API2Tools.pm, PVE/API2/Backup.pm, PVE/API2/Tasks.pm and others).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
import re
from typing import Final

from .errors import UnexpectedAnswerError
from .fields import Fields
from .tls import normalise_fingerprint

# The organisational unit of a cluster's own CA is a UUID made at its creation (PVE/Cluster/Setup.pm, gen_pveca_cert).
_CA_UUID: Final = re.compile(r"OU ?= ?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")

# Proxmox lists these whenever the token holds any privilege there (PVE/RPCEnvironment.pm, get_effective_permissions), so what
# holds above is taken away on one that is not listed.
_ALWAYS_LISTED: Final = frozenset({"/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """Version of the contacted node; `release` is the part to compare, such as (9, 2)."""

    text: str
    release: tuple[int, int]

    @classmethod
    def from_api(cls, data: object) -> Version:
        """Parse `/version`; 7.x writes 7.4-20, later ones 9.2.11."""
        fields = Fields.of(data, "/version")
        text = fields.text("version")
        match = re.match(r"(\d+)\.(\d+)", fields.optional_text("release") or text)
        if match is None:
            raise UnexpectedAnswerError(f"/version: unknown form {text!r}")
        return cls(text=text, release=(int(match[1]), int(match[2])))


@dataclass(frozen=True, kw_only=True, slots=True)
class Permissions:
    """Privileges of the token by path, as `/access/permissions` lists them; they hold for the paths below too."""

    by_path: dict[str, frozenset[str]]
    not_propagated: dict[str, frozenset[str]]

    @classmethod
    def from_api(cls, data: object) -> Permissions:
        """Parse the answer; a privilege's value is its propagate flag, and 0 still grants it on the path itself."""
        fields = Fields.of(data, "/access/permissions")
        by_path: dict[str, frozenset[str]] = {}
        single: dict[str, frozenset[str]] = {}
        for path, value in fields.values.items():
            granted = Fields.of(value, f"/access/permissions {path}")
            by_path[path] = frozenset(granted.values)
            single[path] = frozenset(name for name in granted.values if not granted.flag(name))
        return cls(by_path=by_path, not_propagated=single)

    def with_paths(self, found: Mapping[str, frozenset[str]]) -> Permissions:
        """Return these with what was found on single paths."""
        none = dict.fromkeys(found, frozenset[str]())
        return Permissions(by_path={**self.by_path, **found}, not_propagated={**self.not_propagated, **none})

    def has(self, path: str, *privileges: str) -> bool:
        """Tell whether any one of the privileges is held on a path.

        The nearest listed path at or above decides, since Proxmox lists each path with its own effective rights. A path that
        is always listed, and is not, has none. Where the list has none of those but `/`, it is a shorter one than Proxmox's.
        """
        lists_them = bool((_ALWAYS_LISTED - {"/"}) & self.by_path.keys())
        current = path
        while True:
            if current in self.by_path:
                held = self.by_path[current]
                if current != path:
                    held = held - self.not_propagated[current]
                return not held.isdisjoint(privileges)
            if current == "/" or (lists_them and current in _ALWAYS_LISTED):
                return False
            current = current.rsplit("/", 1)[0] or "/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A node of the cluster; `fingerprint` is that of the certificate of its API, where `/nodes` tells it.

    `odd` says what was wrong with an address or fingerprint that is left out, since it is none.
    """

    name: str
    online: bool
    address: str | None = None
    local: bool = False
    fingerprint: str | None = None
    odd: str | None = None

    @classmethod
    def from_status(cls, fields: Fields) -> Node:
        """Parse a node's row of `/cluster/status`; a node that is off has no address there."""
        address = fields.optional_text("ip") or None
        valid = address is None or _is_address(address)
        return cls(
            name=fields.identifier("name"),
            online=fields.flag("online"),
            address=address if valid else None,
            local=fields.flag("local"),
            odd=None if valid else str(fields.wrong("ip", "an address")),
        )

    @classmethod
    def from_nodes(cls, fields: Fields) -> Node:
        """Parse a node's row of `/nodes`; of a node that is off the fingerprint is null."""
        fingerprint = fields.optional_text("ssl_fingerprint") or None
        valid = fingerprint is None or _is_fingerprint(fingerprint)
        return cls(
            name=fields.identifier("node"),
            online=fields.optional_text("status") == "online",
            fingerprint=fingerprint if valid else None,
            odd=None if valid else str(fields.wrong("ssl_fingerprint", "a SHA-256 fingerprint")),
        )

    @classmethod
    def list_from_api(cls, data: object) -> tuple[Node, ...]:
        """Parse `/nodes`."""
        nodes = (cls.from_nodes(row) for row in Fields.rows(data, "/nodes"))
        return tuple(sorted(nodes, key=lambda node: node.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterStatus:
    """Members and quorum; a standalone host has no `name` and is always quorate."""

    name: str | None
    quorate: bool
    nodes: tuple[Node, ...]

    @classmethod
    def from_api(cls, data: object) -> ClusterStatus:
        """Parse `/cluster/status`."""
        name: str | None = None
        quorate = True
        nodes: list[Node] = []
        for row in Fields.rows(data, "/cluster/status"):
            if row.text("type") == "cluster":
                name = row.identifier("name")
                quorate = row.flag("quorate")
            elif row.text("type") == "node":
                nodes.append(Node.from_status(row))
        if not nodes:
            raise UnexpectedAnswerError("/cluster/status: no node listed")
        return cls(name=name, quorate=quorate, nodes=tuple(sorted(nodes, key=lambda node: node.name)))

    @property
    def title(self) -> str:
        """The cluster's name, or that of the standalone host."""
        return self.name or self.nodes[0].name


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """A certificate of a node as `/nodes/{node}/certificates/info` lists it."""

    filename: str
    fingerprint: str | None
    subject: str | None
    issuer: str | None

    @classmethod
    def list_from_api(cls, data: object) -> tuple[Certificate, ...]:
        """Parse the list."""
        return tuple(
            cls(
                filename=row.optional_text("filename") or "",
                fingerprint=row.optional_text("fingerprint"),
                subject=row.optional_text("subject"),
                issuer=row.optional_text("issuer"),
            )
            for row in Fields.rows(data, "/nodes/{node}/certificates/info")
        )

    @property
    def authority(self) -> str | None:
        """The UUID of the cluster's own authority: the same on every node of a cluster and on no other cluster.

        It stands in the authority's own subject and in the issuer of the certificates that it made.
        """
        name = self.subject if self.filename == "pve-root-ca.pem" else self.issuer
        match = _CA_UUID.search(name or "")
        return match[1].lower() if match else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """A virtual machine (`qemu`) or container (`lxc`).

    `name` and `template` are None while Proxmox has no statistics of it, as on a node that is down.
    """

    vmid: int
    guest_type: str
    node: str
    status: str
    name: str | None = None
    template: bool | None = None
    pool: str | None = None
    tags: tuple[str, ...] = ()
    lock: str | None = None

    @classmethod
    def from_resource(cls, fields: Fields) -> Guest:
        """Parse a row of `/cluster/resources?type=vm`."""
        return cls(
            vmid=fields.vmid("vmid"),
            guest_type=fields.text("type"),
            node=fields.identifier("node"),
            status=fields.optional_text("status") or "unknown",
            name=fields.one_line("name"),
            template=fields.flag("template") if "template" in fields.values else None,
            pool=fields.one_line("pool"),
            tags=fields.words("tags", ";, "),
            lock=fields.optional_text("lock"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeStorage:
    """A storage as one node sees it; sizes in bytes, None where the node cannot tell."""

    storage: str
    node: str
    available: bool
    shared: bool
    plugin_type: str | None
    content: tuple[str, ...]
    used: int | None = None
    total: int | None = None

    @classmethod
    def from_resource(cls, fields: Fields) -> NodeStorage:
        """Parse a row of `/cluster/resources?type=storage`."""
        return cls(
            storage=fields.identifier("storage"),
            node=fields.identifier("node"),
            available=fields.optional_text("status") == "available",
            shared=fields.flag("shared"),
            plugin_type=fields.optional_text("plugintype"),
            content=fields.words("content"),
            used=fields.optional_integer("disk"),
            total=fields.optional_integer("maxdisk") or None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What the token may see of the cluster: guests and storages, in a fixed order.

    `uptimes` of the nodes that are up, in seconds by name. `odd` tells, by a row's id, what was wrong with the rows that
    could not be understood and are left out.
    """

    guests: tuple[Guest, ...]
    storages: tuple[NodeStorage, ...]
    uptimes: Mapping[str, int] = field(default_factory=dict)
    odd: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_api(cls, data: object) -> Resources:
        """Parse `/cluster/resources` without a type filter; raises where not a single row can be understood."""
        guests: list[Guest] = []
        storages: list[NodeStorage] = []
        uptimes: dict[str, int] = {}
        odd: dict[str, str] = {}
        for row in Fields.rows(data, "/cluster/resources"):
            try:
                match row.text("type"):
                    case "qemu" | "lxc":
                        guests.append(Guest.from_resource(row))
                    case "storage":
                        storages.append(NodeStorage.from_resource(row))
                    case "node" if (uptime := row.uptime("uptime")) is not None:
                        uptimes[row.identifier("node")] = uptime
            except UnexpectedAnswerError as error:
                row_id = row.values.get("id")
                odd[row_id if isinstance(row_id, str) else f"row {len(odd)}"] = str(error)
        if odd and not (guests or storages or uptimes):
            raise UnexpectedAnswerError(next(iter(odd.values())))
        return cls(
            guests=tuple(sorted(guests, key=lambda guest: guest.vmid)),
            storages=tuple(sorted(storages, key=lambda storage: (storage.storage, storage.node))),
            uptimes=uptimes,
            odd=odd,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeTime:
    """A node's clock and time zone; `time` in epoch seconds."""

    zone: str
    time: int

    @classmethod
    def from_api(cls, data: object) -> NodeTime:
        """Parse `/nodes/{node}/time`."""
        fields = Fields.of(data, "/nodes/{node}/time")
        return cls(zone=fields.text("timezone"), time=fields.epoch("time"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task of a node; times in epoch seconds.

    `status` is None while the task runs. `ended` is the moment at which Proxmox noticed the end: after a crash that is
    the first look after the reboot.
    """

    upid: str
    node: str
    started: int
    task_type: str
    task_id: str
    user: str
    token: str | None = None
    ended: int | None = None
    status: str | None = None

    @classmethod
    def list_from_api(cls, data: object) -> tuple[Task, ...]:
        """Parse `/nodes/{node}/tasks`: each task once, the one that started last comes first.

        Proxmox lists finished tasks in the order in which it noticed their ends, and one that has just ended perhaps twice:
        it reads the running ones before those that have ended.
        """
        tasks: dict[str, Task] = {}
        for row in Fields.rows(data, "/nodes/{node}/tasks"):
            task = cls._from_row(row)
            before = tasks.get(task.upid)
            if before is None or before.running or (before.ended is None and task.ended is not None):
                tasks[task.upid] = task
        return tuple(sorted(tasks.values(), key=lambda task: (task.started, task.upid), reverse=True))

    @classmethod
    def _from_row(cls, row: Fields) -> Task:
        ended = row.optional_epoch("endtime")
        status = row.optional_text("status")
        return cls(
            upid=row.identifier("upid"),
            node=row.identifier("node"),
            started=row.epoch("starttime"),
            task_type=row.text("type"),
            task_id=row.optional_text("id") or "",
            user=row.identifier("user"),
            token=row.optional_text("tokenid"),
            ended=ended,
            status=None if ended is None and status in {None, "RUNNING"} else status or "",
        )

    @property
    def running(self) -> bool:
        """Whether the task still runs."""
        return self.status is None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_fingerprint(text: str) -> bool:
    try:
        normalise_fingerprint(text)
    except ValueError:
        return False
    return True
