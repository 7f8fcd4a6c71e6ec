"""What is remembered of storages: how full they were, and which archives were seen on them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.retention import keep_text
from ..archives.archive_index import ArchiveIndex, ListedStorage, Place
from ..model.facts import ArchiveListing, Facts, StorageFacts, storage_key
from ..model.outcome import Outcome, Result, written_name
from ..model.records import GuestRecord, MissingArchive, StorageRecord
from ..runs.run_index import NOTHING, RunIndex

_SAMPLE_EVERY: Final = timedelta(hours=20)
# Another file system below the same path has another size; growth of a pool is rarely as much.
_ANOTHER_SIZE: Final = 0.2
_LEAST_ARCHIVES: Final = 3
_MOST_PLACES: Final = 5


def remember_storages(known: Mapping[str, StorageRecord], facts: Facts, runs: RunIndex) -> Mapping[str, StorageRecord]:
    """Return the records with what the facts add to them."""
    found = {storage_key(storage): storage for storage in facts.storages}
    return {**known, **{key: _storage(known.get(key), storage, facts.now, runs) for key, storage in found.items()}}


def _storage(record: StorageRecord | None, storage: StorageFacts, now: datetime, runs: RunIndex) -> StorageRecord:
    node = None if storage.named_alone else storage.node
    record = replace(record or StorageRecord(storage=storage.storage, node=node), owner=storage.node)
    record = _with_place(record, storage)
    reachable = bool(storage.active_on)
    record = replace(record, unreachable_since=None if reachable else record.unreachable_since or now)
    if storage.used is not None and (not record.samples or now - record.samples[-1][0] >= _SAMPLE_EVERY):
        record = replace(record, samples=(*record.samples, (now, storage.used)))
    record = replace(record, keep=keep_text(storage.keep) if storage.keep is not None else None)
    listing = storage.listing
    if listing is None or (record.listed is not None and listing.read_at <= record.listed):
        return record
    archives = {archive.volid: archive.ctime for archive in listing.archives}
    is_another = _is_another(record, storage, archives, runs)
    changed = (record.changed_identity or now) if is_another else None
    return replace(
        record,
        # While something else is mounted there, the last archives seen remain what is missing.
        archives=record.archives if changed else archives,
        broken=record.broken if changed else tuple(_broken(record, listing)),
        listed=listing.read_at,
        total=record.total if changed else storage.total or record.total,
        changed_identity=changed,
    )


def _broken(record: StorageRecord, listing: ArchiveListing) -> Iterable[str]:
    """Return the archives that failed their verification; one that is not told of this time has not passed since.

    Nor has one that is listed no more, until a second listing says so too (A05).
    """
    for archive in listing.archives:
        if archive.verification == "failed" or (not listing.detailed and archive.volid in record.broken):
            yield archive.volid
    listed = {archive.volid for archive in listing.archives}
    yield from (volid for volid in record.broken if volid in record.archives and volid not in listed)


def _with_place(record: StorageRecord, storage: StorageFacts) -> StorageRecord:
    """Note where a storage leads to, and where it led to before somebody gave it another datastore or namespace."""
    found = storage.backup_server
    place = f"{found.datastore}:{found.namespace}" if found is not None else record.place
    if place == record.place:
        return record
    earlier = tuple(known for known in (record.place, *record.earlier_places) if known not in {None, place})
    return replace(record, place=place, earlier_places=tuple(dict.fromkeys(filter(None, earlier)))[:_MOST_PLACES])


def _is_another(record: StorageRecord, storage: StorageFacts, archives: Mapping[str, int], runs: RunIndex) -> bool:
    """Tell whether something else seems to be mounted: all archives have gone at once.

    A backup that a run of ours has written there makes it the storage, as after a disk was replaced by a bigger one.
    """
    if storage.is_backup_server or len(record.archives) < _LEAST_ARCHIVES:
        return False
    if not record.archives.keys().isdisjoint(archives):
        return False
    if not archives:
        return True
    resized = (
        record.total is not None
        and storage.total is not None
        and abs(storage.total - record.total) > _ANOTHER_SIZE * record.total
    )
    is_suspicious = resized or record.changed_identity is not None
    return is_suspicious and not _has_own(storage, record.changed_identity or record.listed, archives, runs)


def _has_own(storage: StorageFacts, since: datetime | None, archives: Iterable[str], runs: RunIndex) -> bool:
    """Tell whether a run of ours since a moment has left one of these archives on a storage."""
    names = {volid.partition(":")[2].rpartition("/")[2] for volid in archives}
    return any(
        outcome.archive is not None and written_name(outcome.archive) in names
        for run in runs.runs.values()
        if run.storage == storage.storage and storage.serves(run.node) and (since is None or run.started >= since)
        for outcome in run.outcomes
        if outcome.result is Result.OK
    )


type Pruned = Callable[[Outcome, Iterable[Outcome], ListedStorage], bool]
"""Whether retention has removed the archive of a good backup that a listing does not show, by all that runs did for its guest."""


@dataclass(frozen=True, slots=True)
class MissingArchives:
    """Notes the archives that a guest's last good run should have left and that are not listed.

    It goes by complete listings only, and not by those of storages on which something else is mounted: what is missing there,
    proves nothing.
    """

    listed: Mapping[Place, ListedStorage] = field(default_factory=dict)

    @classmethod
    def of(cls, archives: ArchiveIndex, records: Mapping[str, StorageRecord], facts: Facts) -> MissingArchives:
        """Go by the listings that prove something."""
        return cls(
            {
                (storage.storage, storage.node): archives.places[(storage.storage, storage.node)]
                for storage in facts.storages
                if storage.listing is not None
                and storage.listing.complete
                and records[storage_key(storage)].changed_identity is None
            }
        )

    def noted(self, record: GuestRecord, runs: RunIndex, pruned: Pruned) -> GuestRecord:
        """Return a guest's record with what is missing of what its runs left.

        Looked for is the newest good backup that each job made, and the newest by hand: what came before, retention may
        have removed. `pruned` tells of one whether retention has.
        """
        if not self.listed:
            return record
        # What is missing already may be older.
        outcomes = (
            runs.by_guest.get(record.vmid, ()) if record.missing else runs.in_short.get(record.vmid, NOTHING).left
        )
        missing = dict(record.missing)
        seen: set[str | None] = set()
        for outcome in outcomes:
            if not missing and outcome.job_id in seen:
                continue
            is_new = outcome.result is Result.OK and outcome.job_id not in seen
            if outcome.archive is None or outcome.storage is None or not (is_new or outcome.archive in missing):
                continue
            if is_new:
                seen.add(outcome.job_id)
            listed = self.listed.get((outcome.storage, None)) or self.listed.get((outcome.storage, outcome.node))
            if listed is None or outcome.finished is None or listed.listing.read_at <= outcome.finished:
                continue
            known = missing.get(outcome.archive)
            # What was gone already before any retention could remove it is not explained by a backup that came later.
            is_open = known is None or not is_new
            if _is_listed(outcome, listed) or (is_open and pruned(outcome, runs.by_guest.get(record.vmid, ()), listed)):
                missing.pop(outcome.archive, None)
                continue
            read_at = listed.listing.read_at
            if known is None:
                missing[outcome.archive] = MissingArchive(since=read_at)
            elif not known.confirmed and read_at > known.since:
                missing[outcome.archive] = MissingArchive(since=known.since, confirmed=True)
        return record if missing == record.missing else replace(record, missing=missing)


def _is_listed(outcome: Outcome, listed: ListedStorage) -> bool:
    ending = f"/{written_name(outcome.archive or '')}"
    # The newest one is the likeliest.
    return any(archive.volid.endswith(ending) for archive in reversed(listed.by_guest.get(outcome.vmid, ())))
