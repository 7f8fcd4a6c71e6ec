"""Which places the restore points of a cluster lie in: what its storages lead to, and where jobs take that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ..archives.linking import Link
from ..context import Context
from ..model.facts import READ_LATELY, StorageFacts, storage_key
from ..model.linked_servers import KnownServer
from ..model.server_options import Place
from .ways import End, Leg, Way, end_of, legs_of, ways_from


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A namespace of a backup server to which storages of the cluster lead."""

    end: End
    storages: tuple[StorageFacts, ...]
    link: Link | None = None


@dataclass(frozen=True)
class Places:
    """The storages of a cluster, the backup servers behind them and beside them, and the jobs in between, at one moment."""

    context: Context

    @property
    def servers(self) -> Mapping[str, KnownServer]:
        """The backup servers that are watched, as they are known."""
        return self.context.servers

    @cached_property
    def has_place_elsewhere(self) -> bool:
        """Whether the user has said of any place that it is elsewhere."""
        standings = self.context.facts.policy.standings
        return any(_is_anything_elsewhere(server) for server in self.servers.values()) or any(
            standing.where == "elsewhere" for standing in standings.values()
        )

    def place_of(self, storage: StorageFacts, end: End | None = None) -> Place:
        """Return where a storage stands, as the user says of itself, else of what is behind it."""
        standing = self.context.facts.policy.standings.get(storage_key(storage))
        if standing is None:
            return end.place if end is not None else Place.UNKNOWN
        return Place.ELSEWHERE if standing.where == "elsewhere" else Place.HERE

    @cached_property
    def homes(self) -> tuple[Home, ...]:
        """The namespaces of backup servers to which the cluster's storages lead, each once."""
        found: dict[str, list[StorageFacts]] = {}
        ends: dict[str, tuple[End, Link | None]] = {}
        for storage in self.context.facts.storages:
            if storage.backup_server is None:
                continue
            link = self.context.links.get(storage_key(storage))
            end = (
                End(store=link.store, ns=link.ns, server=link.server)
                if link is not None
                else end_of(storage.backup_server)
            )
            same = next((key for key, (known, _) in ends.items() if known.is_same(end)), end.key)
            ends.setdefault(same, (end, link))
            found.setdefault(same, []).append(storage)
        return tuple(Home(end=ends[key][0], storages=tuple(those), link=ends[key][1]) for key, those in found.items())

    @cached_property
    def legs(self) -> tuple[Leg, ...]:
        """The sync jobs of all servers."""
        return legs_of(self.servers)

    @cached_property
    def _ways(self) -> Mapping[str, tuple[Way, ...]]:
        return {home.end.key: tuple(ways_from(home.end, self.legs)) for home in self.homes}

    def ways(self, home: Home) -> tuple[Way, ...]:
        """Return the ways that lead away from where the cluster writes to."""
        return self._ways[home.end.key]

    @cached_property
    def arrivals(self) -> Mapping[tuple[str, str], End]:
        """The namespaces of watched servers to which jobs copy what the cluster has written."""
        ends = (way.target for home in self.homes for way in self.ways(home))
        return {(end.server.server, f"{end.store}:{end.ns}"): end for end in ends if end.server is not None}

    def unseen(self, seen: datetime | None) -> datetime | None:
        """Return since when nothing is seen any more, None where that is now."""
        return seen if seen is None or self.context.facts.now - seen > READ_LATELY else None

    def is_seen(self, end: End) -> bool:
        """Tell whether anybody can look at what lies at an end."""
        namespace = end.server.namespaces.get(f"{end.store}:{end.ns}") if end.server is not None else None
        if namespace is not None:
            return namespace.complete
        # A namespace is made by the first run that copies something into it.
        return end.server is not None and any(
            name.startswith(f"{end.store}:") and known.complete for name, known in end.server.namespaces.items()
        )

    @cached_property
    def machines(self) -> Mapping[str, str]:
        """The nodes of this cluster on which backup servers run, by their addresses: their disks are in one box with the guests."""
        nodes = {node.address: node.name for node in self.context.facts.nodes.values() if node.address is not None}
        on_guests = {
            storage: guest.node
            for guest in self.context.facts.guests
            for storage in self.context.servers_on_guests.get(guest.vmid, ())
        }
        found: dict[str, str] = {}
        for home in self.homes:
            key = _server_key(home.end)
            for storage in home.storages:
                if storage.storage in on_guests:
                    found[key] = on_guests[storage.storage]
                host = storage.backup_server.host if storage.backup_server is not None else ""
                if host in nodes:
                    found[key] = nodes[host]
        for server in self.servers.values():
            if server.host in nodes:
                found[server.server] = nodes[server.host]
        return found

    def medium_of(self, end: End) -> str:
        """Return what tells the disk of a datastore from others, as far as that can be known."""
        if (node := self.machines.get(_server_key(end))) is not None:
            return f"node/{node}"
        store = end.server.stores.get(end.store) if end.server is not None else None
        device = store.device if store is not None and store.removable else None
        return f"{_server_key(end)}/{device or end.store}"


def _server_key(end: End) -> str:
    if end.server is not None:
        return end.server.server
    return f"{end.remote.host}:{end.remote.port}" if end.remote is not None else ""


def _is_anything_elsewhere(server: KnownServer) -> bool:
    remotes = (route.remote for route in server.routes)
    places = [server.place, *(store.place for store in server.stores.values())]
    return Place.ELSEWHERE in places or any(one is not None and one.place is Place.ELSEWHERE for one in remotes)
