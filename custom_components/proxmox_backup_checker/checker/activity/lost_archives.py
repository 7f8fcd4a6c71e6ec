"""Archives that are gone from a storage though no retention has removed them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import re
from typing import Final

from ...proxmox.api.backup_models import Archive, has_own_name
from ...proxmox.retention import KeepOptions
from ..archives.archive import compare, file_name
from ..archives.archive_origin import Origin
from ..context import Context
from ..jobs.coverage import Coverage
from ..jobs.retention import removes_old, retention_of
from ..model.facts import ArchiveListing, StorageFacts, storage_key
from ..model.records import History, StorageRecord

_NAME: Final = re.compile(r"vzdump-(?P<type>lxc|openvz|qemu)-(?P<vmid>\d+)-|(?:^|:)backup/(?P<kind>vm|ct)/(?P<id>\d+)/")
_TYPES: Final = {"vm": "qemu", "ct": "lxc", "openvz": "lxc"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Vanished:
    """What is gone from one storage, newest first."""

    key: str
    storage: StorageFacts
    archives: tuple[Archive, ...]


def vanished_archives(before: History, context: Context) -> Iterable[Vanished]:
    """Return what two listings of each storage show to be gone, without what prune or the end of a guest explains."""
    for storage in context.facts.storages:
        key = storage_key(storage)
        known, record = before.storages.get(key), context.history.storages.get(key)
        listing = storage.listing
        if known is None or record is None or listing is None or not listing.complete:
            continue
        if known.listed is None or record.listed == known.listed or record.changed_identity is not None:
            continue
        listed = {archive.volid for archive in listing.archives}
        if known.archives.keys() <= listed:
            continue
        gone = tuple(_unexplained(known, listing, storage, context))
        if gone:
            yield Vanished(key=key, storage=storage, archives=gone)


def _unexplained(
    known: StorageRecord, listing: ArchiveListing, storage: StorageFacts, context: Context
) -> Iterable[Archive]:
    listed = {archive.volid: archive for archive in listing.archives}
    earlier = [
        listed.get(volid) or _archive(volid, ctime, storage.storage) for volid, ctime in sorted(known.archives.items())
    ]
    gone = _gone(earlier, listing.archives, storage, context)
    newest: dict[int | None, int] = {}
    # What another cluster removes of its own is no news.
    foreign = {archive.volid for archive in earlier if context.provenance.origin(archive) is Origin.FOREIGN}
    for archive in earlier:
        if archive.volid in foreign:
            continue
        newest[archive.vmid] = max(archive.ctime, newest.get(archive.vmid, archive.ctime))
    for archive, is_certain in gone:
        record = context.history.guests.get(archive.vmid) if archive.vmid is not None else None
        if (
            archive.volid in foreign
            or record is None
            or record.absent_since is not None
            or archive.vmid not in context.present
        ):
            continue
        # Nobody but the newest archive is safe from a retention that is not known, as that of a backup server.
        if is_certain or archive.ctime == newest[archive.vmid]:
            yield archive


def _gone(
    earlier: Sequence[Archive], present: Sequence[Archive], storage: StorageFacts, context: Context
) -> Iterable[tuple[Archive, bool]]:
    """Return the archives that none of the known retentions would have removed, each with whether that is certain."""
    node = next(iter(sorted(storage.active_on)), storage.node or "")
    zone = context.facts.zone_of(node)
    if zone is None:
        return
    keeps = {} if storage.is_backup_server else _keeps({archive.vmid for archive in earlier}, storage, context)
    by_job = compare(earlier, present, keeps, zone).vanished
    by_hand = {vmid: storage.keep for vmid in keeps if storage.keep is not None}
    kept_by_both = {file_name(archive) for archive in compare(earlier, present, by_hand, zone).vanished}
    for archive in by_job:
        if file_name(archive) in kept_by_both:
            yield archive, archive.vmid in keeps


def _keeps(vmids: Iterable[int | None], storage: StorageFacts, context: Context) -> dict[int, KeepOptions]:
    """Return the retention by VMID, for the guests whose jobs all have the same."""
    keeps: dict[int, KeepOptions] = {}
    wanted = set(vmids)
    for guest in context.facts.guests:
        if guest.vmid not in wanted:
            continue
        found = {
            retention_of(job, storage, context.facts.defaults_keep.get(guest.node)) if removes_old(job) else None
            for job in context.facts.jobs or ()
            if context.facts.storage_name(job.storage, guest.node) == storage.storage
            and context.covers(job, guest) is Coverage.YES
        }
        keep = found.pop() if len(found) == 1 else None
        if keep is not None:
            keeps[guest.vmid] = keep
    return keeps


def _archive(volid: str, ctime: int, storage: str) -> Archive:
    """Return what the name of an archive that is no longer listed tells."""
    match, renamed = _NAME.search(volid), has_own_name(volid)
    if match is None:
        return Archive(volid=volid, storage=storage, vmid=None, guest_type=None, ctime=ctime, renamed=renamed)
    kind = match["type"] or match["kind"]
    return Archive(
        volid=volid,
        storage=storage,
        vmid=int(match["vmid"] or match["id"]),
        guest_type=_TYPES.get(kind, kind),
        ctime=ctime,
        renamed=renamed,
    )
