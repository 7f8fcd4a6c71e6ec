"""When archives were written, as far as their names tell it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import Archive
from ..model.facts import ArchiveListing, Facts
from .archive import archive_time


@dataclass(frozen=True)
class Dating:
    """Dates the archives that some facts list."""

    facts: Facts

    def written_between(self, archive: Archive) -> tuple[datetime, datetime]:
        """Return the earliest and the latest moment at which an archive can have been written.

        The time in a file's name is that of the node which wrote it, and the storage reads it by the zone of the node that
        lists it (PVE/Storage.pm, archive_info): where nodes are in different zones, it may be hours off.
        """
        listing = self._shared_listings.get(archive.storage)
        if listing is None:
            return archive_time(archive), archive_time(archive)
        return listing.written_between(archive, self._zones)

    @cached_property
    def _shared_listings(self) -> dict[str, ArchiveListing]:
        """The listings of storages that nodes share, by storage."""
        storages = self.facts.storages
        return {found.storage: found.listing for found in storages if found.node is None and found.listing is not None}

    @cached_property
    def _zones(self) -> frozenset[ZoneInfo]:
        return frozenset([node.zone for node in self.facts.nodes.values() if node.zone is not None])
