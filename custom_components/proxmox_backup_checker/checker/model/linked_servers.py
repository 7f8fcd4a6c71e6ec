"""What a cluster knows of the backup servers that hold its backups and copies of them: small enough to be remembered.

Times are epoch seconds by the server's clock where it dates them, and moments by ours where we do. A group goes by the id of its
subject, as ds1:home:vm/101, and a namespace by datastore and name, as ds1:home.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from ...proxmox.backup_server.group_filter import GroupFilter
from ...proxmox.backup_server.snapshot_models import Snapshot
from .run_troubles import RunTrouble
from .server_options import Place

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownGroup:
    """The restore points of one guest or host in one namespace.

    `times` are those of its finished snapshots, oldest first. `verified` is the newest that was checked where it lies and found
    good, `verified_elsewhere` the newest whose good check came with a copy, and `bad` are those whose last check failed.
    `protected` counts those that no prune removes, and `newest_protected` is the newest of them. `size` and `encrypted` are of the newest one. `read_at` is when its
    snapshots were read last, None where nobody has yet: then `times` may lack older ones. `gone_after` is how many seconds old the newest of
    a host may become, by its rhythm; `ignored` tells that its server's user leaves it alone.
    """

    times: tuple[int, ...] = ()
    verified: int | None = None
    verified_elsewhere: int | None = None
    bad: tuple[int, ...] = ()
    protected: int = 0
    newest_protected: int | None = None
    size: int | None = None
    encrypted: bool | None = None
    owner: str | None = None
    name: str | None = None
    read_at: datetime | None = None
    gone_after: int | None = None
    ignored: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownStore:
    """A datastore; `seen` is up to when its content is known, which stands still while nobody can read it.

    `verifies` tells that something checks what is new there: the datastore itself, or a job. `prunes` tells that something removes what
    is old by rules of its own. `device` tells one medium from
    another, as far as that can be told: the disk of a removable one, else the path. `read_only` tells that nothing there can be changed
    now. `rest` are the seconds for which a removable one may be away, `back_since` is when it came back last.
    """

    seen: datetime | None = None
    place: Place = Place.UNKNOWN
    removable: bool = False
    away: bool = False
    cloud: bool = False
    verifies: bool = False
    prunes: bool = False
    device: str | None = None
    read_only: bool = False
    rest: int | None = None
    back_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownNamespace:
    """When the groups of a namespace were listed last, and whether the token is shown all of them."""

    listed_at: datetime
    complete: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteServer:
    """The other server of a sync job as this one knows it, and where that is said to stand."""

    name: str
    host: str
    port: int
    fingerprint: str | None = None
    place: Place = Place.UNKNOWN


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncRun:
    """A finished run of a sync job; `state` is as the API has it.

    `told` tells that its log was read, and that `troubles` are all that it did not do.
    """

    started: datetime
    ended: datetime
    state: str
    told: bool = False
    troubles: tuple[RunTrouble, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncRoute:
    """A sync job, as a way that restore points take: `store` and `ns` are on its own server, and of a push they are the source.

    `name` is what people call it. `remote` is None where both ends are on one server. `interval` is how many seconds pass from run to run by its schedule or,
    without one, by its past runs; None where neither tells. `runs` are the last ones, newest first.
    """

    job: str
    pushes: bool
    store: str
    ns: str
    remote_store: str
    remote_ns: str
    name: str = ""
    remote: RemoteServer | None = None
    max_depth: int | None = None
    filters: tuple[GroupFilter, ...] = ()
    verified_only: bool = False
    encrypted_only: bool = False
    interval: int | None = None
    next_run: datetime | None = None
    running: bool = False
    runs: tuple[SyncRun, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownServer:
    """A backup server as it was when it was read last; `server` is the id of its entry.

    `skew` are the seconds that its clock is ahead. `asleep` tells that it is off at this hour, as planned, `missed` that people were told that it cannot be read. `routes_hidden` tells that
    it may have sync jobs which the token is not shown.
    """

    server: str
    name: str
    host: str
    port: int
    read_at: datetime
    fingerprint: str | None = None
    instance_id: str | None = None
    place: Place = Place.UNKNOWN
    skew: int = 0
    asleep: bool = False
    missed: bool = False
    routes_hidden: bool = False
    stores: Mapping[str, KnownStore] = field(default_factory=dict)
    namespaces: Mapping[str, KnownNamespace] = field(default_factory=dict)
    groups: Mapping[str, KnownGroup] = field(default_factory=dict)
    routes: tuple[SyncRoute, ...] = ()

    def is_at(self, host: str, port: int, fingerprint: str | None) -> bool:
        """Tell whether an address is that of this server: by the certificate that is pinned for it, else by itself."""
        if fingerprint is not None and fingerprint == self.fingerprint:
            return True
        return (self.host, self.port) == (host, port)

    def is_like(self, other: KnownServer) -> bool:
        """Tell whether nothing is new but the moments at which all this was seen."""
        return _without_moments(self) == _without_moments(other)

    def place_of(self, store: str) -> Place:
        """Return where a datastore stands: the user may have said so of it alone."""
        found = self.stores.get(store)
        return found.place if found is not None and found.place is not Place.UNKNOWN else self.place


def _without_moments(server: KnownServer) -> KnownServer:
    stores = {name: replace(store, seen=None) for name, store in server.stores.items()}
    namespaces = {name: replace(known, listed_at=_NEVER) for name, known in server.namespaces.items()}
    groups = {name: replace(group, read_at=None) for name, group in server.groups.items()}
    return replace(server, read_at=_NEVER, stores=stores, namespaces=namespaces, groups=groups)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NamespaceContent:
    """All snapshots of guests in a namespace, as they were at `read_at`; `complete` tells that the token is shown all of them.

    What has not changed is the same object as before.
    """

    read_at: datetime
    complete: bool
    snapshots: tuple[Snapshot, ...]
    newest_reading: datetime | None


def is_of_host(key: str) -> bool:
    """Tell whether a group is that of a host, as ds1:home:host/nas."""
    return key.rpartition(":")[2].startswith("host/")
