"""Which backup servers are guests of the very cluster that they protect: by the user's word, or by a guest's fixed address."""

from collections.abc import Mapping

from ...proxmox.api.config_models import normalised
from ..model.facts import Facts, StorageFacts, storage_key
from .linking import Link


def servers_on_guests(facts: Facts, links: Mapping[str, Link]) -> Mapping[int, frozenset[str]]:
    """Return the guests on which backup servers run, by VMID, with the storages that lead there."""
    found: dict[int, set[str]] = {}
    for storage in facts.storages:
        if storage.backup_server is not None and (vmid := _guest_behind(storage, facts, links)) is not None:
            found.setdefault(vmid, set()).add(storage.storage)
    return {vmid: frozenset(storages) for vmid, storages in found.items()}


def _guest_behind(storage: StorageFacts, facts: Facts, links: Mapping[str, Link]) -> int | None:
    key = storage_key(storage)
    if (standing := facts.policy.standings.get(key)) is not None:
        return int(standing.name) if standing.where == "guest" else None
    link, place = links.get(key), storage.backup_server
    hosts = [link.server.host] if link is not None else []
    hosts += [place.host] if place is not None else []
    addresses = {found for host in hosts if (found := normalised(host)) is not None}
    bearers = [vmid for vmid, config in facts.guest_configs.items() if not addresses.isdisjoint(config.addresses.told)]
    return bearers[0] if len(bearers) == 1 else None
