"""What rests on what: guests on storages and nodes, and storages on the nodes and guests that serve them.

A namespace of a backup server to which no storage leads, but copies of restore points are brought, is taken for a storage too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

from ...proxmox.api.cluster_models import Guest
from ...proxmox.api.config_models import Addresses, GuestConfig, normalised
from ..archives.archive_index import Place
from ..copies.copies import Copies, Copy, Witness
from ..copies.hosts import Hosts, addresses_of_node
from ..copies.ways import datastore_of
from ..model.facts import Facts, storage_key
from ..model.server_options import Place as Stands
from ..model.standing import Standing
from .copies import replica_name, replica_place, site_of

_NONE_TOLD: Final = Addresses()


@dataclass(frozen=True, slots=True)
class Footing:
    """What guests rest on who share their fate: `places` are None where that could not be read yet."""

    node: str
    places: frozenset[Place] | None
    uses_node: bool = False

    @classmethod
    def of(cls, guest: Guest, config: GuestConfig | None, shared: frozenset[str]) -> Self:
        """Return what a guest rests on; one without a disk lives on its node alone."""
        if config is None:
            return cls(guest.node, None)
        places = frozenset((name, None if name in shared else guest.node) for name in config.storages)
        return cls(guest.node, places, config.uses_node or not places)


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that rests on something, as the facts of one moment tell it."""

    nodes: tuple[str, ...]
    places: frozenset[Place]
    keys: Mapping[Place, str]
    standings: Mapping[Place, Standing]
    houses: Mapping[Place, Stands]
    hosts: Mapping[Place, tuple[str, ...]]
    datastores: Mapping[Place, tuple[str, str]]
    footings: Mapping[int, Footing]
    guests_of: Mapping[Footing, tuple[int, ...]]
    addresses: Mapping[int, Addresses]
    node_addresses: Mapping[str, Addresses]
    servers: Hosts
    guests_visible: bool

    @classmethod
    def of(cls, facts: Facts, copies: Copies) -> Self:
        """Sort in what the facts tell, and where copies lie besides."""
        shared = _shared_storages(facts)
        footings = {
            guest.vmid: Footing.of(guest, facts.guest_configs.get(guest.vmid), shared) for guest in facts.guests
        }
        guests_of: dict[Footing, list[int]] = {}
        for vmid, footing in footings.items():
            guests_of.setdefault(footing, []).append(vmid)
        backup_places: dict[Place, str] = {(one.storage, one.node): storage_key(one) for one in facts.storages}
        disk_places = {place for footing in guests_of for place in footing.places or ()}
        sites = {site_of(copy.key): copy for guest in facts.guests for copy in copies.of(guest) if not copy.storages}
        replicas = {replica_place(found.job.target): found.job.target for found in facts.replications}
        places = frozenset(backup_places) | disk_places | frozenset(sites) | frozenset(replicas)
        names = {place: copy.name for place, copy in sites.items()}
        names |= {place: replica_name(node) for place, node in replicas.items()}
        keys = {place: backup_places.get(place) or names.get(place) or _key(place) for place in places}
        servers = {(one.storage, one.node): one.backup_server for one in facts.storages}
        return cls(
            nodes=tuple(sorted(facts.nodes)),
            places=places,
            keys=keys,
            standings=_standings(keys, sites, copies),
            houses={**_houses_of_storages(copies), **{place: copy.place for place, copy in sites.items()}},
            hosts={
                **{place: config.hosts for place in places if (config := facts.storage_configs.get(place[0]))},
                **{place: _host_of(copy, copies) for place, copy in sites.items()},
            },
            datastores={
                place: (server.host, server.datastore) for place, server in servers.items() if server is not None
            },
            footings=footings,
            guests_of={footing: tuple(vmids) for footing, vmids in guests_of.items()},
            addresses={vmid: config.addresses for vmid, config in facts.guest_configs.items()},
            node_addresses={node: addresses_of_node(node, facts) for node in facts.nodes},
            servers=copies.places.hosts,
            guests_visible=facts.guests_visible,
        )

    def place_of(self, key: str) -> Place | None:
        """Return the place of a storage by its key."""
        return next((place for place, known in self.keys.items() if known == key), None)

    def nodes_that_may_have(self, host: str) -> tuple[str, ...]:
        """Return the nodes whose addresses are not all told."""
        family = ip_address(host).version
        return tuple(node for node in self.nodes if family not in self.node_addresses[node].all_told)

    def may_have(self, vmid: int, host: str) -> bool:
        """Tell whether a guest may have an address that its configuration does not tell."""
        return ip_address(host).version not in self.addresses.get(vmid, _NONE_TOLD).all_told


def _shared_storages(facts: Facts) -> frozenset[str]:
    configured = {name for name, config in facts.storage_configs.items() if config.shared}
    return frozenset(configured | {one.storage for one in facts.storages if one.node is None})


def _standings(keys: Mapping[Place, str], sites: Mapping[Place, Copy], copies: Copies) -> dict[Place, Standing]:
    """Return what somebody has said of places: of storages, and of datastores to which none leads."""
    said = copies.context.facts.policy.standings
    found = {place: said.get(key) for place, key in keys.items()}
    found |= {place: copies.places.standing_at(datastore_of(copy.key)) for place, copy in sites.items()}
    return {place: standing for place, standing in found.items() if standing is not None}


def _houses_of_storages(copies: Copies) -> dict[Place, Stands]:
    """Return in which house storages stand whose backup server's entry says so."""
    return {
        (storage.storage, storage.node): copies.places.place_of_end(home.end)
        for home in copies.places.homes
        for storage in home.storages
    }


def _host_of(copy: Copy, copies: Copies) -> tuple[str, ...]:
    """Return the host of a backup server that is watched; where a log alone tells of a copy, nobody knows it well enough."""
    server = copies.places.servers.get(copy.server or "") if copy.witness is Witness.SERVER else None
    return (normalised(server.host) or server.host.lower(),) if server is not None else ()


def _key(place: Place) -> str:
    storage, node = place
    return storage if node is None else f"{node}/{storage}"
