"""Keeps the rows of guests and storages that were understood last, for a poll in which one of them cannot be."""

from dataclasses import replace

from ...proxmox.api.cluster_models import Guest, NodeStorage, Resources
from ..troubles import PollTroubles


class ResourceRows:
    """The rows of `/cluster/resources` as they were understood last, by their ids."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._guests: dict[str, Guest] = {}
        self._storages: dict[str, NodeStorage] = {}

    def completed(self, resources: Resources, troubles: PollTroubles) -> Resources:
        """Return the resources with what was last seen in place of rows that cannot be understood."""
        for row, text in resources.odd.items():
            troubles.tell(f"resource {row}", text)
        guests = [*resources.guests, *(self._guests[row] for row in resources.odd if row in self._guests)]
        storages = [*resources.storages, *(self._storages[row] for row in resources.odd if row in self._storages)]
        self._guests = {f"{guest.guest_type}/{guest.vmid}": guest for guest in guests}
        self._storages = {f"storage/{storage.node}/{storage.storage}": storage for storage in storages}
        return replace(
            resources,
            guests=tuple(sorted(guests, key=lambda guest: guest.vmid)),
            storages=tuple(sorted(storages, key=lambda storage: (storage.storage, storage.node))),
        )
