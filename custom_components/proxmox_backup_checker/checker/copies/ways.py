"""The ways that restore points take: from where a storage puts them, by sync jobs, to where else they arrive."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ...proxmox.api.backup_models import BackupServerPlace
from ...proxmox.backup_server.namespace import covers, map_prefix
from ..model.linked_servers import KnownServer, RemoteServer, SyncRoute
from ..model.server_options import Place

_MOST_LEGS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """A namespace of a server that is watched, or else of one of which no more is known than its address.

    `remote` is how the other server knows it, where a sync job leads there.
    """

    store: str
    ns: str
    server: KnownServer | None = None
    remote: RemoteServer | None = None

    @property
    def key(self) -> str:
        """What tells it from every other."""
        return f"{self.datastore}:{self.ns}"

    @property
    def datastore(self) -> str:
        """What tells its datastore from every other."""
        if self.server is not None:
            return f"{self.server.server}/{self.store}"
        return f"{self.remote.host}:{self.remote.port}/{self.store}" if self.remote is not None else self.store

    @property
    def datastore_name(self) -> str:
        """What people call its datastore."""
        known = self.server or self.remote
        return place_name(known.name if known is not None else "", self.store, "")

    @property
    def place(self) -> Place:
        """Where it stands, as the user has said."""
        said = self.server.place_of(self.store) if self.server is not None else Place.UNKNOWN
        return self.remote.place if said is Place.UNKNOWN and self.remote is not None else said

    @property
    def name(self) -> str:
        """What people call it."""
        known = self.server or self.remote
        return place_name(known.name if known is not None else "", self.store, self.ns)

    def is_same(self, other: End) -> bool:
        """Tell whether two ends are one namespace, however their servers are addressed."""
        if (self.store, self.ns) != (other.store, other.ns):
            return False
        return self.is_on(other)

    def is_on(self, other: End) -> bool:
        """Tell whether two ends are on one server."""
        if self.server is not None and other.server is not None:
            return self.server.server == other.server.server
        if self.server is None and other.server is None and self.remote is not None and other.remote is not None:
            ours, theirs = self.remote, other.remote
            if ours.fingerprint is not None and ours.fingerprint == theirs.fingerprint:
                return True
            return (ours.host, ours.port) == (theirs.host, theirs.port)
        return False


def datastore_of(key: str) -> str:
    """Return the datastore of an end by the end's key."""
    return key.rpartition(":")[0]


def place_name(server: str, store: str, ns: str) -> str:
    """Return what people call a namespace of a server."""
    where = f"{store}/{ns}" if ns else store
    return f"{server}: {where}" if server else where


def end_of(place: BackupServerPlace) -> End:
    """Return where a storage puts restore points whose server is not watched."""
    remote = RemoteServer(name=place.host, host=place.host, port=place.port, fingerprint=place.fingerprint)
    return End(store=place.datastore, ns=place.namespace, remote=remote)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Leg:
    """A sync job of one server with both of its ends."""

    owner: KnownServer
    route: SyncRoute
    source: End
    target: End

    def arrival(self, origin: End) -> End | None:
        """Return where that which lies at one end arrives, None where the job does not reach it."""
        if origin.store != self.source.store or not origin.is_on(self.source):
            return None
        if not covers(self.source.ns, self.route.max_depth, origin.ns):
            return None
        ns = map_prefix(origin.ns, self.source.ns, self.target.ns)
        return replace(self.target, ns=ns) if ns is not None else None


def legs_of(servers: Mapping[str, KnownServer]) -> tuple[Leg, ...]:
    """Return all sync jobs of the servers that are watched."""
    return tuple(_leg(server, route, servers.values()) for server in servers.values() for route in server.routes)


def _leg(owner: KnownServer, route: SyncRoute, servers: Iterable[KnownServer]) -> Leg:
    here = End(store=route.store, ns=route.ns, server=owner)
    other = owner if route.remote is None else _known(route.remote, owner, servers)
    there = End(store=route.remote_store, ns=route.remote_ns, server=other, remote=route.remote)
    source, target = (here, there) if route.pushes else (there, here)
    return Leg(owner=owner, route=route, source=source, target=target)


def _known(remote: RemoteServer, owner: KnownServer, servers: Iterable[KnownServer]) -> KnownServer | None:
    others = (server for server in servers if server.server != owner.server)
    return next((server for server in others if server.is_at(remote.host, remote.port, remote.fingerprint)), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How restore points come from one end to another: by these sync jobs, one after the other."""

    origin: End
    legs: tuple[Leg, ...]
    target: End


def ways_from(origin: End, legs: Iterable[Leg]) -> Iterator[Way]:
    """Yield the ways on which restore points leave an end, the shortest first; none takes a job twice."""
    every = tuple(legs)
    open_ways = [Way(origin=origin, legs=(), target=origin)]
    for _ in range(_MOST_LEGS):
        longer = [
            Way(origin=origin, legs=(*way.legs, leg), target=target)
            for way in open_ways
            for leg in every
            if leg not in way.legs and (target := leg.arrival(way.target)) is not None and not target.is_same(origin)
        ]
        yield from longer
        open_ways = longer
