"""What the Proxmox API answers, as frozen dataclasses: JSON ends here.

Shapes and quirks as in Proxmox VE 7.4 to 9.2 (PVE/API2Tools.pm, PVE/API2/Backup.pm, PVE/API2/Tasks.pm and others).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re

from .errors import UnexpectedAnswerError
from .fields import Fields

# The organisational unit of a cluster's own CA is a UUID made at its creation (PVE/Cluster/Setup.pm, gen_pveca_cert).
_CA_UUID = re.compile(r"OU ?= ?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


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
        fields = Fields.of(data or {}, "/access/permissions")
        by_path: dict[str, frozenset[str]] = {}
        single: dict[str, frozenset[str]] = {}
        for path, value in fields.values.items():
            granted = Fields.of(value, f"/access/permissions {path}")
            by_path[path] = frozenset(granted.values)
            single[path] = frozenset(name for name in granted.values if not granted.flag(name))
        return cls(by_path=by_path, not_propagated=single)

    def has(self, path: str, *privileges: str) -> bool:
        """Tell whether any one of the privileges is held on a path.

        The nearest listed path at or above decides, since Proxmox lists each path with its own effective rights.
        """
        current = path
        while True:
            if current in self.by_path:
                held = self.by_path[current]
                if current != path:
                    held = held - self.not_propagated[current]
                return not held.isdisjoint(privileges)
            if current == "/":
                return False
            current = current.rsplit("/", 1)[0] or "/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A node of the cluster; `fingerprint` is that of the certificate of its API, where `/nodes` tells it."""

    name: str
    online: bool
    address: str | None = None
    local: bool = False
    fingerprint: str | None = None
    uptime: int | None = None  # seconds

    @classmethod
    def from_status(cls, fields: Fields) -> Node:
        """Parse a node's row of `/cluster/status`."""
        return cls(
            name=fields.text("name"),
            online=fields.flag("online"),
            address=fields.optional_text("ip"),
            local=fields.flag("local"),
        )

    @classmethod
    def list_from_api(cls, data: object) -> tuple[Node, ...]:
        """Parse `/nodes`."""
        nodes = (
            cls(
                name=row.text("node"),
                online=row.optional_text("status") == "online",
                fingerprint=row.optional_text("ssl_fingerprint"),
                uptime=row.optional_integer("uptime"),
            )
            for row in Fields.rows(data, "/nodes")
        )
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
                name = row.text("name")
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
            vmid=fields.integer("vmid"),
            guest_type=fields.text("type"),
            node=fields.text("node"),
            status=fields.optional_text("status") or "unknown",
            name=fields.optional_text("name"),
            template=fields.flag("template") if "template" in fields.values else None,
            pool=fields.optional_text("pool"),
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
            storage=fields.text("storage"),
            node=fields.text("node"),
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
                    case "node" if (uptime := row.optional_integer("uptime")) is not None:
                        uptimes[row.text("node")] = uptime
            except UnexpectedAnswerError as error:
                odd[str(row.values.get("id", len(odd)))] = str(error)
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
        return cls(zone=fields.text("timezone"), time=fields.integer("time"))


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
        """Parse `/nodes/{node}/tasks`; newest first, as Proxmox lists them."""
        return tuple(cls._from_row(row) for row in Fields.rows(data, "/nodes/{node}/tasks"))

    @classmethod
    def _from_row(cls, row: Fields) -> Task:
        ended = row.optional_integer("endtime")
        status = row.optional_text("status")
        return cls(
            upid=row.text("upid"),
            node=row.text("node"),
            started=row.integer("starttime"),
            task_type=row.text("type"),
            task_id=row.optional_text("id") or "",
            user=row.text("user"),
            token=row.optional_text("tokenid"),
            ended=ended,
            status=None if ended is None and status in {None, "RUNNING"} else status or "",
        )

    @property
    def running(self) -> bool:
        """Whether the task still runs."""
        return self.status is None
