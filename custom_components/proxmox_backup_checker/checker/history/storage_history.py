"""What is remembered of storages: how full they were, and which archives were seen on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ..archives.archive_index import ArchiveIndex, ListedStorage, Place
from ..model.facts import Facts, StorageFacts
from ..model.records import GuestRecord, StorageRecord
from ..runs.outcomes import Outcome, Result, written_name
from ..verdicts.retention import keep_text

_SAMPLE_EVERY: Final = timedelta(hours=20)
# Another file system below the same path has another size; growth of a pool is rarely as much.
_ANOTHER_SIZE: Final = 0.2
_LEAST_ARCHIVES: Final = 3


def storage_key(storage: StorageFacts) -> str:
    """Return what tells a storage from every other: its id, and its node where each node has its own."""
    return storage.storage if storage.node is None else f"{storage.node}/{storage.storage}"


def remember_storages(known: Mapping[str, StorageRecord], facts: Facts) -> Mapping[str, StorageRecord]:
    """Return the records with what the facts add to them."""
    found = {storage_key(storage): storage for storage in facts.storages}
    return {**known, **{key: _storage(known.get(key), storage, facts.now) for key, storage in found.items()}}


def _storage(record: StorageRecord | None, storage: StorageFacts, now: datetime) -> StorageRecord:
    record = record or StorageRecord(storage=storage.storage, node=storage.node)
    reachable = bool(storage.active_on)
    record = replace(record, unreachable_since=None if reachable else record.unreachable_since or now)
    if storage.used is not None and (not record.samples or now - record.samples[-1][0] >= _SAMPLE_EVERY):
        record = replace(record, samples=(*record.samples, (now, storage.used)))
    record = replace(record, keep=keep_text(storage.keep) if storage.keep is not None else None)
    listing = storage.listing
    if listing is None or (record.listed is not None and listing.read_at <= record.listed):
        return record
    archives = {archive.volid: archive.ctime for archive in listing.archives}
    changed = record.changed_identity
    if _is_another(record, storage, archives):
        changed = record.changed_identity or now
    elif archives:
        changed = None
    return replace(
        record,
        # While something else is mounted there, the last archives seen remain what is missing.
        archives=record.archives if changed else archives,
        listed=listing.read_at,
        total=record.total if changed else storage.total or record.total,
        changed_identity=changed,
    )


def _is_another(record: StorageRecord, storage: StorageFacts, archives: Mapping[str, int]) -> bool:
    """Tell whether something else seems to be mounted: all archives have gone at once."""
    if storage.is_backup_server or len(record.archives) < _LEAST_ARCHIVES:
        return False
    if not record.archives.keys().isdisjoint(archives):
        return False
    resized = (
        record.total is not None
        and storage.total is not None
        and abs(storage.total - record.total) > _ANOTHER_SIZE * record.total
    )
    return not archives or resized


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

    def noted(self, record: GuestRecord, outcomes: Sequence[Outcome]) -> GuestRecord:
        """Return a guest's record with what is missing of its outcomes, newest first."""
        if not self.listed:
            return record
        good = next((outcome for outcome in outcomes if outcome.result is Result.OK), None)
        if good is None or good.archive is None or good.storage is None:
            return _without_missing(record)
        listed = self.listed.get((good.storage, None)) or self.listed.get((good.storage, good.node))
        if listed is None or good.finished is None or listed.listing.read_at <= good.finished:
            return record
        ending = f"/{written_name(good.archive)}"
        if any(archive.volid.endswith(ending) for archive in reversed(listed.by_guest.get(good.vmid, ()))):
            return _without_missing(record)
        read_at = listed.listing.read_at
        if record.archive_missing != good.archive:
            return replace(
                record,
                archive_missing=good.archive,
                archive_missing_since=read_at,
                archive_missing_confirmed=False,
            )
        confirmed = record.archive_missing_since is not None and read_at > record.archive_missing_since
        return replace(record, archive_missing_confirmed=record.archive_missing_confirmed or confirmed)


def _without_missing(record: GuestRecord) -> GuestRecord:
    if record.archive_missing is None:
        return record
    return replace(record, archive_missing=None, archive_missing_since=None, archive_missing_confirmed=False)
