"""Who of the cluster is behind a host's name or address: nodes, guests, or nobody that is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from ...proxmox.api.config_models import Addresses, normalised
from ..model.facts import Facts

_NONE_TOLD: Final = Addresses()
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """Who may be behind a host's name or address."""

    nodes: tuple[str, ...] = ()
    vmids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Hosts:
    """The nodes and guests of a cluster by their addresses, as far as those are told."""

    nodes: tuple[str, ...]
    owners: Mapping[str, Server]

    @classmethod
    def of(cls, facts: Facts) -> Self:
        """Sort in the addresses of all nodes and guests."""
        nodes = {node: addresses_of_node(node, facts).told for node in facts.nodes}
        guests = {
            guest.vmid: facts.guest_configs[guest.vmid].addresses.told
            for guest in facts.guests
            if guest.vmid in facts.guest_configs
        }
        every: set[str] = {address for told in (*nodes.values(), *guests.values()) for address in told}
        owners = {address: Server(nodes=_with(address, nodes), vmids=_with(address, guests)) for address in every}
        return cls(nodes=tuple(sorted(facts.nodes)), owners=owners)

    def server_of(self, host: str) -> Server | None:
        """Return who bears a host's name or address, None where nobody of the cluster is known to."""
        if (found := self.owners.get(host)) is not None:
            return found
        if host in _LOOPBACK:
            return Server(nodes=self.nodes)
        named = host.partition(".")[0]
        by_name = tuple(node for node in self.nodes if named == node.lower())
        return Server(nodes=by_name) if by_name and normalised(host) is None else None


def addresses_of_node(node: str, facts: Facts) -> Addresses:
    """Return a node's addresses, with that by which its cluster knows it."""
    known = facts.node_addresses.get(node, _NONE_TOLD)
    found = (member.address for member in facts.cluster.nodes if member.name == node and member.address)
    return Addresses(told=known.told | {normalised(one) or one for one in found}, all_told=known.all_told)


def _with[Owner](address: str, told: Mapping[Owner, Iterable[str]]) -> tuple[Owner, ...]:
    return tuple(owner for owner, addresses in told.items() if address in addresses)
