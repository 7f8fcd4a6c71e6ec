"""Which places the restore points of a cluster lie in: what its storages lead to, and where jobs take that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from ...proxmox.api.config_models import normalised
from ..archives.linking import Link
from ..context import Context
from ..model.facts import READ_LATELY, StorageFacts, storage_key
from ..model.linked_servers import KnownServer
from ..model.server_options import Place
from ..model.standing import Standing
from .hosts import Hosts
from .media import IN_ANOTHER_HOUSE, OF_HOST
from .ways import End, Leg, Way, end_of, legs_of, ways_from

_IN_A_HOUSE: Final = {"elsewhere": Place.ELSEWHERE}
"""What stands on a node or a guest is in their house."""


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
    def hosts(self) -> Hosts:
        """Who of the cluster bears which address."""
        return Hosts.of(self.context.facts)

    @cached_property
    def has_place_elsewhere(self) -> bool:
        """Whether the user has said of any place that it is elsewhere."""
        return Place.ELSEWHERE in self._declared

    @cached_property
    def has_declared_place(self) -> bool:
        """Whether the user has said of any place where it is."""
        return bool(self._declared - {Place.UNKNOWN})

    @cached_property
    def _declared(self) -> frozenset[Place]:
        """What the user has said of places, as they are seen from this cluster."""
        standings = self.context.facts.policy.standings
        storages = (
            self.place_of(storage) for storage in self.context.facts.storages if storage_key(storage) in standings
        )
        stores = (
            self.place_of_end(End(store=store, ns="", server=server))
            for server in self.servers.values()
            for store in tuple(server.stores) or ("",)
        )
        ends = (self.place_of_end(end) for leg in self.legs for end in (leg.source, leg.target))
        return frozenset((*storages, *stores, *ends))

    def place_of(self, storage: StorageFacts, end: End | None = None) -> Place:
        """Return where a storage stands, as the user says of itself, else of what is behind it.

        Without a word what is a node's own is where the node is.
        """
        if (standing := self.context.facts.policy.standings.get(storage_key(storage))) is not None:
            return _place(standing)
        if end is not None:
            return self.place_of_end(end)
        return Place.HERE if storage.node is not None else Place.UNKNOWN

    def place_of_end(self, end: End) -> Place:
        """Return where a datastore stands as it is seen from this cluster: another house may see it the other way round."""
        standing = self.standing_at(end.datastore)
        return _place(standing) if standing is not None else end.place

    def standing_at(self, datastore: str) -> Standing | None:
        """Return what the cluster's options say of a datastore: of itself, else of a storage that leads there."""
        standings = self.context.facts.policy.standings
        if (said := standings.get(datastore)) is not None:
            return said
        storages = [one for home in self.homes if home.end.datastore == datastore for one in home.storages]
        return next((standings[key] for one in storages if (key := storage_key(one)) in standings), None)

    @cached_property
    def datastores(self) -> Mapping[str, str]:
        """The names of the datastores to which jobs copy and no storage leads, by their keys."""
        own = {home.end.datastore for home in self.homes}
        ends = (way.target for home in self.homes for way in self.ways(home))
        return {end.datastore: end.datastore_name for end in ends if end.datastore not in own}

    @cached_property
    def maybe_elsewhere(self) -> tuple[str, ...]:
        """What people call the places that may be elsewhere, a bucket or another server: as long as nothing was said to be."""
        if self.has_place_elsewhere:
            return ()
        remote = [
            way.target for home in self.homes for way in self.ways(home) if any(leg.route.remote for leg in way.legs)
        ]
        ends = [*(home.end for home in self.homes if _is_bucket(home.end)), *remote]
        open_ends = {end.datastore: end.datastore_name for end in ends if self.place_of_end(end) is Place.UNKNOWN}
        return tuple(sorted(open_ends.values()))

    @cached_property
    def unsaid(self) -> tuple[str, ...]:
        """What people call the places of which nobody has said where they stand: as long as nothing was said to be elsewhere."""
        if self.has_place_elsewhere:
            return ()
        ends = {storage_key(one): home.end for home in self.homes for one in home.storages}
        every = {
            (key := storage_key(one)): (key, self.place_of(one, ends.get(key))) for one in self.context.facts.storages
        }
        targets = [way.target for home in self.homes for way in self.ways(home)]
        every |= {end.datastore: (end.datastore_name, self.place_of_end(end)) for end in targets}
        return tuple(sorted(name for name, place in every.values() if place is Place.UNKNOWN))

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

    def medium_of(self, end: End) -> str:
        """Return what tells the box in which a datastore lies from others, and its disk where that comes and goes.

        Of two datastores on one server nobody tells whether they are on two disks, unless one is said to be in another house.
        """
        hosts = self._hosts_of(end)
        machine = (
            self._machine(self.standing_at(end.datastore), hosts)
            or f"{OF_HOST}{self._known_as(hosts[0]) if hosts else end.datastore}"
        )
        store = end.server.stores.get(end.store) if end.server is not None else None
        if store is not None and store.removable:
            return f"{machine}/{store.device or end.store}"
        return self._apart(machine, self.place_of_end(end))

    def medium_of_storage(self, storage: StorageFacts) -> str:
        """Return what tells the box in which a storage with files lies from others."""
        key = storage_key(storage)
        standing = self.context.facts.policy.standings.get(key)
        if storage.node is not None and standing is None:
            return f"node/{storage.node}"
        hosts = self._hosts_of_storage(storage.storage)
        machine = self._machine(standing, hosts) or self._box_of(hosts, key)
        return self._apart(machine, self.place_of(storage))

    @staticmethod
    def _apart(machine: str, place: Place) -> str:
        return f"{machine}{IN_ANOTHER_HOUSE}" if place is Place.ELSEWHERE else machine

    def _machine(self, standing: Standing | None, hosts: Iterable[str]) -> str | None:
        """Return the box that is one of the cluster's own, as its user or an address tells."""
        if standing is not None:
            if standing.where == "node":
                return f"node/{standing.name}"
            return self._machine_of_guest(int(standing.name)) if standing.where == "guest" else None
        for server in filter(None, map(self.hosts.server_of, hosts)):
            if len(server.nodes) == 1 and not server.vmids:
                return f"node/{server.nodes[0]}"
            if len(server.vmids) == 1 and not server.nodes:
                return self._machine_of_guest(server.vmids[0])
        return None

    def _machine_of_guest(self, vmid: int) -> str:
        """Return in which box a guest's disks are: that of a share where all of them lie there, else its node's."""
        facts = self.context.facts
        config = facts.guest_configs.get(vmid)
        node = next((guest.node for guest in facts.guests if guest.vmid == vmid), None)
        if config is not None and len(config.storages) == 1 and not config.uses_node:
            [name] = config.storages
            known, hosts = facts.storage_configs.get(name), self._hosts_of_storage(name)
            if known is not None and known.shared and not any(map(self.hosts.server_of, hosts)):
                return self._box_of(hosts, name)
        return f"node/{node}" if node is not None else f"guest/{vmid}"

    def _box_of(self, hosts: tuple[str, ...], key: str) -> str:
        """Return the one host that serves a storage, else the storage itself: one that several serve is none of them."""
        return f"{OF_HOST}{self._known_as(hosts[0])}" if len(hosts) == 1 else f"storage/{key}"

    def _known_as(self, host: str) -> str:
        """Return the one name or address by which a host goes here: a backup server may be reached by several."""
        return self._aliases.get(host, host)

    @cached_property
    def _aliases(self) -> Mapping[str, str]:
        return {host: found[0] for home in self.homes if (found := self._hosts_of(home.end)) for host in found}

    def _hosts_of_storage(self, name: str) -> tuple[str, ...]:
        config = self.context.facts.storage_configs.get(name)
        return config.hosts if config is not None else ()

    def _hosts_of(self, end: End) -> tuple[str, ...]:
        """Return how the server of a datastore is reached: as Home Assistant does, and as storages do that lead there."""
        storages = [one for home in self.homes if home.end.is_on(end) for one in home.storages]
        known = [end.server.host] if end.server is not None else []
        known += [one.backup_server.host for one in storages if one.backup_server is not None]
        known += [end.remote.host] if end.remote is not None and not known else []
        return tuple(dict.fromkeys(normalised(host) or host.lower() for host in known))


def _is_bucket(end: End) -> bool:
    store = end.server.stores.get(end.store) if end.server is not None else None
    return store is not None and store.cloud


def _place(standing: Standing) -> Place:
    return _IN_A_HOUSE.get(standing.where, Place.HERE)
