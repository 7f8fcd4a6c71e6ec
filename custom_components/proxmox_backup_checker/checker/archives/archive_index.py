"""The listed archives, sorted in by guest and by storage."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from ...proxmox.api.backup_models import Archive
from ...proxmox.retention import Pattern, pattern_of
from ..model.facts import ArchiveListing, StorageFacts

_CTIME: Final = attrgetter("ctime")

type Place = tuple[str, str | None]
"""A storage and, where each node has its own, the node."""


@dataclass(frozen=True, slots=True)
class ListedStorage:
    """A listing with its archives by VMID; `patterns` are those that decide how they are pruned, where only they do."""

    listing: ArchiveListing
    on_backup_server: bool
    by_guest: Mapping[int, tuple[Archive, ...]]
    patterns: Mapping[int, Pattern]

    @classmethod
    def of(cls, listing: ArchiveListing, *, on_backup_server: bool) -> ListedStorage:
        """Sort a listing in, in its own order."""
        by_guest: defaultdict[int, list[Archive]] = defaultdict(list)
        for archive in listing.archives:
            if archive.vmid is not None:
                by_guest[archive.vmid].append(archive)
        # One of each is enough.
        known: dict[Pattern, Pattern] = {}
        patterns = ((vmid, pattern_of(archives)) for vmid, archives in by_guest.items())
        return cls(
            listing=listing,
            on_backup_server=on_backup_server,
            by_guest={vmid: tuple(archives) for vmid, archives in by_guest.items()},
            patterns={vmid: known.setdefault(pattern, pattern) for vmid, pattern in patterns if pattern is not None},
        )


@dataclass(frozen=True, slots=True)
class GuestArchives:
    """The archives listed for a VMID on all places, each once, newest first.

    `guest_types` are those that they name, and `all_finished` tells whether each of them is.
    """

    newest_first: tuple[Archive, ...] = ()
    guest_types: tuple[str | None, ...] = ()
    all_finished: bool = True

    @classmethod
    def of(cls, by_place: Mapping[Place, tuple[Archive, ...]], archives: Iterable[Archive]) -> GuestArchives:
        """Sort the archives of all places, each given once."""
        newest_first = tuple(sorted(archives, key=_CTIME, reverse=True))
        return cls(
            newest_first=newest_first,
            guest_types=tuple({archive.guest_type: None for listed in by_place.values() for archive in listed}),
            all_finished=all(archive.finished for archive in newest_first),
        )


NONE_LISTED = GuestArchives()


@dataclass(frozen=True, slots=True)
class ArchiveIndex:
    """All listings of a cluster.

    `detailed_servers` are the backup servers that are listed with their details, `vague_servers` those that are listed
    without; the latter are None where no listing of any storage is complete.
    """

    places: Mapping[Place, ListedStorage] = field(default_factory=dict)
    guests: Mapping[int, GuestArchives] = field(default_factory=dict)
    detailed_servers: frozenset[str] = frozenset()
    vague_servers: frozenset[str] | None = None

    @classmethod
    def of(cls, storages: Sequence[StorageFacts], before: ArchiveIndex | None = None) -> ArchiveIndex:
        """Sort in what is listed; a listing that is the very object that it was `before`, is sorted in already."""
        before = before or cls()
        places = {
            (storage.storage, storage.node): _listed(storage, storage.listing, before)
            for storage in storages
            if storage.listing is not None
        }
        return cls(
            places=places,
            guests=before.guests if _are_same(places, before.places) else _by_guest(places),
            detailed_servers=_detailed_servers(storages),
            vague_servers=_vague_servers(storages),
        )

    def of_guest(self, vmid: int) -> GuestArchives:
        """Return a guest's archives."""
        return self.guests.get(vmid, NONE_LISTED)

    def by_place(self, vmid: int) -> Iterator[tuple[Place, tuple[Archive, ...]]]:
        """Return a guest's archives as they are listed on each place that has any."""
        for place, listed in self.places.items():
            if archives := listed.by_guest.get(vmid):
                yield place, archives


def _listed(storage: StorageFacts, listing: ArchiveListing, before: ArchiveIndex) -> ListedStorage:
    known = before.places.get((storage.storage, storage.node))
    if known is not None and known.listing is listing and known.on_backup_server is storage.is_backup_server:
        return known
    return ListedStorage.of(listing, on_backup_server=storage.is_backup_server)


def _are_same(places: Mapping[Place, ListedStorage], before: Mapping[Place, ListedStorage]) -> bool:
    """Tell whether all listings are the very same, and in the same order."""
    return [*places] == [*before] and all(listed is before[place] for place, listed in places.items())


def _by_guest(places: Mapping[Place, ListedStorage]) -> dict[int, GuestArchives]:
    by_guest: dict[int, dict[Place, tuple[Archive, ...]]] = {}
    for place, listed in places.items():
        for vmid, archives in listed.by_guest.items():
            by_guest.setdefault(vmid, {})[place] = archives
    return {vmid: _of_guest(by_place, places) for vmid, by_place in by_guest.items()}


def _vague_servers(storages: Sequence[StorageFacts]) -> frozenset[str] | None:
    listings = {storage.storage: storage.listing for storage in storages if storage.listing is not None}
    if not any(listing.complete for listing in listings.values()):
        return None
    servers = {storage.storage for storage in storages if storage.is_backup_server}
    return frozenset(name for name, listing in listings.items() if name in servers and not listing.detailed)


def _detailed_servers(storages: Sequence[StorageFacts]) -> frozenset[str]:
    return frozenset(
        storage.storage
        for storage in storages
        if storage.is_backup_server and storage.listing is not None and storage.listing.detailed
    )


def _of_guest(by_place: Mapping[Place, tuple[Archive, ...]], places: Mapping[Place, ListedStorage]) -> GuestArchives:
    if len(by_place) == 1:
        [archives] = by_place.values()
        return GuestArchives.of(by_place, archives)
    seen: set[tuple[str, int]] = set()
    each_once: list[Archive] = []
    for place, archives in by_place.items():
        if places[place].on_backup_server:
            each_once += archives
            continue
        for archive in archives:
            # Two storages may lead to the same directory.
            identity = (archive.volid.rpartition(":")[2].rpartition("/")[2], archive.ctime)
            if identity not in seen:
                seen.add(identity)
                each_once.append(archive)
    return GuestArchives.of(by_place, each_once)
