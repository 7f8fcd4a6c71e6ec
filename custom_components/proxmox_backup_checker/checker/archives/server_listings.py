"""What a server shows of the storages that lead to it, in the form in which Proxmox VE lists archives.

One restore point is one, however it was seen: where the server was read later than Proxmox VE, its word replaces the storage's own
listing, and where Proxmox VE shows no details, it adds them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...proxmox.api.backup_models import Archive
from ...proxmox.backup_server.namespace import time_text
from ...proxmox.backup_server.snapshot_models import Snapshot
from ..model.facts import ArchiveListing, Facts, LinkedServers, StorageFacts, storage_key
from ..model.linked_servers import KnownServer, NamespaceContent
from ..model.records import StorageRecord
from .archive import logged_name
from .linking import Link, link_of

type Contents = Mapping[tuple[str, str, str], NamespaceContent]
"""By the server's entry, datastore and namespace."""

_TYPES = {"vm": "qemu", "ct": "lxc"}


def linked_servers(
    entries: Iterable[str],
    servers: Iterable[KnownServer],
    contents: Contents,
    storages: Iterable[StorageFacts],
    records: Mapping[str, StorageRecord],
    before: LinkedServers,
) -> LinkedServers:
    """Return what a cluster is told of servers; `records` are what is remembered of its storages, `before` what it was told last."""
    read = {server.server: server for server in servers}
    behind: dict[str, str] = {}
    shown: dict[str, NamespaceContent] = {}
    listings: dict[str, ArchiveListing] = {}
    left_behind: dict[str, tuple[Archive, ...]] = {}
    for storage in storages:
        link = link_of(storage, read.values())
        if link is None:
            continue
        name = storage.storage
        behind[name] = link.server.server
        content = contents.get((link.server.server, link.store, link.ns))
        if content is not None:
            shown[name] = content
            known = before.listings.get(name)
            is_same = known is not None and before.contents.get(name) is content
            listings[name] = known if known is not None and is_same else _listing(name, content)
        if left := _left_behind(storage, link, contents, records.get(storage_key(storage))):
            left_behind[name] = left
    return LinkedServers(
        entries=frozenset(entries), read=read, behind=behind, contents=shown, listings=listings, left_behind=left_behind
    )


def _listing(storage: str, content: NamespaceContent) -> ArchiveListing:
    archives = sorted(_archives(storage, content), key=lambda archive: (archive.ctime, archive.volid))
    return ArchiveListing(read_at=content.read_at, archives=tuple(archives), complete=content.complete, detailed=True)


def _archives(storage: str, content: NamespaceContent) -> Iterable[Archive]:
    return (_archive(storage, snapshot) for snapshot in content.snapshots)


def _archive(storage: str, snapshot: Snapshot) -> Archive:
    group = snapshot.id.group
    return Archive(
        volid=f"{storage}:backup/{group}/{time_text(snapshot.id.backup_time)}",
        storage=storage,
        vmid=int(group.backup_id),
        guest_type=_TYPES[group.backup_type],
        ctime=snapshot.id.backup_time,
        size=snapshot.size if snapshot.finished else None,
        finished=snapshot.finished,
        protected=snapshot.protected,
        notes=snapshot.comment,
        encrypted=snapshot.encrypted,
        verification=None if snapshot.verification is None else "ok" if snapshot.verification.ok else "failed",
    )


def _left_behind(
    storage: StorageFacts, link: Link, contents: Contents, record: StorageRecord | None
) -> tuple[Archive, ...]:
    """Return what lies in a namespace that a storage led to before it was given another one, and is nowhere else."""
    if record is None:
        return ()
    earlier = dict.fromkeys(place for place in (record.place, *record.earlier_places) if place is not None)
    here = contents.get((link.server.server, link.store, link.ns))
    known = {snapshot.id for snapshot in here.snapshots} if here is not None else set()
    found: list[Archive] = []
    for place in earlier:
        store, _, ns = place.partition(":")
        content = contents.get((link.server.server, store, ns))
        if (store, ns) == (link.store, link.ns) or content is None:
            continue
        found += [_archive(storage.storage, one) for one in content.snapshots if one.finished and one.id not in known]
    return tuple(found)


def with_listings(facts: Facts) -> Facts:
    """Return the facts with what servers show of storages in place of what Proxmox VE showed before, or beside it."""
    told = facts.servers
    if not told.listings and not told.left_behind:
        return facts
    storages = tuple(_with_listing(storage, told) for storage in facts.storages)
    return replace(facts, storages=storages)


def _with_listing(storage: StorageFacts, told: LinkedServers) -> StorageFacts:
    shown = told.listings.get(storage.storage) if storage.is_backup_server else None
    listing = _better(storage.listing, shown)
    if listing is not None and (left := told.left_behind.get(storage.storage)):
        both = sorted({*listing.archives, *left}, key=lambda archive: (archive.ctime, archive.volid))
        listing = replace(listing, archives=tuple(both))
    return storage if listing is storage.listing else replace(storage, listing=listing)


def _better(own: ArchiveListing | None, shown: ArchiveListing | None) -> ArchiveListing | None:
    if own is None or shown is None:
        return own or shown
    if shown.read_at >= own.read_at and (shown.complete or not own.complete):
        return shown
    return own if own.detailed else _detailed(own, shown)


def _detailed(own: ArchiveListing, shown: ArchiveListing) -> ArchiveListing:
    """Return a listing without details with those that the server has shown; what is new there proves nothing yet."""
    known = {logged_name(archive): archive for archive in shown.archives}
    archives = tuple(known.get(logged_name(archive), archive) for archive in own.archives)
    return replace(own, archives=archives, detailed=all(logged_name(archive) in known for archive in own.archives))
