"""Carries the restores on from one look to the next: which archive each took, where that lay, and whether the guest ran."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ...proxmox.api.backup_models import Archive
from ...proxmox.api.cluster_models import Task
from ...proxmox.restore_log import RestoredArchive
from ..archives.archive import logged_name
from ..indexes import Indexes
from ..model.facts import Facts, Restore, StorageFacts
from ..model.outcome import succeeded, written_name
from ..model.records import KEPT, GuestRecord, History, RestoreRecord

RESTORES_KEPT: Final = 200
_FILES: Final = "pbs-download"
_STARTS: Final = frozenset({"qmstart", "vzstart"})
_ENDS: Final = frozenset({"qmrestore", "vzrestore", "qmcreate", "vzcreate", "qmdestroy", "vzdestroy"})
# A task that ends in the same second as the next one begins.
_AT_ONCE: Final = timedelta(seconds=1)


def remember_restores(
    history: History, facts: Facts, indexes: Indexes, guests: Mapping[int, GuestRecord]
) -> Mapping[str, RestoreRecord]:
    """Return the restores to remember; the same mapping where nothing has changed."""
    if not facts.restores and not history.restores:
        return history.restores
    found = dict(history.restores)
    for restore in facts.restores:
        if restore.task.upid not in found and restore.task.ended is not None:
            found[restore.task.upid] = _record(restore, facts, indexes)
    tasks = sorted(facts.guest_tasks, key=lambda task: task.started)
    found = {upid: _followed(_verified(record, indexes), tasks) for upid, record in found.items()}
    kept = _kept(found, guests, facts.now - KEPT)
    return history.restores if kept == history.restores else kept


def _record(restore: Restore, facts: Facts, indexes: Indexes) -> RestoreRecord:
    task, log = restore.task, restore.log
    ended = datetime.fromtimestamp(task.ended or task.started, UTC)
    # An image that was begun and not completed is no whole guest, whatever the task's end says.
    is_whole = log is not None and log.is_whole
    record = RestoreRecord(
        upid=task.upid,
        node=task.node,
        started=datetime.fromtimestamp(task.started, UTC),
        ended=ended,
        ok=succeeded(task.status) and (is_whole or task.task_type == _FILES),
        target=int(task.task_id) if task.task_id.isdigit() else None,
        error=None if succeeded(task.status) else task.status,
    )
    if log is None or log.archive is None:
        return record
    archive = log.archive
    storage, listed = _place(archive, task.node, facts, indexes)
    written = listed.size if listed is not None else None
    if written is None:
        outcomes = indexes.runs.by_guest.get(archive.vmid, ())
        names = (entry for entry in outcomes if entry.archive and written_name(entry.archive) == archive.name)
        written = next((entry.size for entry in names if entry.storage in {None, storage}), None)
    return replace(
        record,
        archive=archive.name,
        vmid=archive.vmid,
        guest_type=archive.guest_type,
        copied=archive.copied(facts.zone_of(task.node)),
        storage=storage,
        size=log.size,
        archive_size=written,
        live=log.is_live,
        ran=ended if record.ok and (log.is_live or log.is_started) else None,
    )


def _place(archive: RestoredArchive, node: str, facts: Facts, indexes: Indexes) -> tuple[str | None, Archive | None]:
    """Return the storage from which an archive was restored, and its row there; None where several fit.

    A restore that starts the guest at once names neither the namespace nor the storage; a file's folder is its storage's.
    """
    listed = [
        entry for entry in indexes.archives.of_guest(archive.vmid).newest_first if logged_name(entry) == archive.name
    ]
    if archive.storage is not None:
        return archive.storage, next((entry for entry in listed if entry.storage == archive.storage), None)
    names = [storage.storage for storage in facts.storages if storage.serves(node) and _fits(storage, archive)]
    there = [entry for entry in listed if entry.storage in names]
    if archive.folder is not None and not there:
        outcomes = indexes.runs.by_guest.get(archive.vmid, ())
        wrote = {entry.storage for entry in outcomes if entry.archive == archive.folder + archive.name}
        names = [name for name in names if name in wrote or archive.folder == f"/mnt/pve/{name}/dump/"]
    fitting = {entry.storage for entry in there} or set(names)
    if len(fitting) != 1:
        return None, None
    name = fitting.pop()
    return name, next((entry for entry in there if entry.storage == name), None)


def _fits(storage: StorageFacts, archive: RestoredArchive) -> bool:
    """Tell whether a storage can be the one that an archive was read from, by its server, datastore and namespace."""
    if archive.repository is None:
        return not storage.is_backup_server
    place = storage.backup_server
    if not storage.is_backup_server or place is None:
        return storage.is_backup_server
    host, _, datastore = archive.repository.rpartition(":")
    is_there = datastore == place.datastore and host.rpartition("@")[2].partition(":")[0].strip("[]") in {
        place.host,
        place.host.partition(":")[0],
    }
    return is_there and archive.namespace in {None, place.namespace}


def _verified(record: RestoreRecord, indexes: Indexes) -> RestoreRecord:
    """Note that a restore point failed its verification after it was restored."""
    if record.bad or record.vmid is None or record.archive is None or not record.ok:
        return record
    for entry in indexes.archives.of_guest(record.vmid).newest_first:
        is_same = entry.storage == record.storage and logged_name(entry) == record.archive
        if is_same and entry.verification == "failed":
            return replace(record, bad=True)
    return record


def _followed(record: RestoreRecord, tasks: Iterable[Task]) -> RestoreRecord:
    """Note when a restored guest was first started, before it was removed or another one took its number."""
    if record.ran is not None or record.gone is not None or not record.ok or record.target is None:
        return record
    for task in tasks:
        begun = datetime.fromtimestamp(task.started, UTC)
        if task.upid == record.upid or task.task_id != str(record.target) or begun < record.ended - _AT_ONCE:
            continue
        if task.task_type in _STARTS:
            return replace(record, ran=begun)
        if task.task_type in _ENDS:
            return replace(record, gone=begun)
    return record


def _kept(records: Mapping[str, RestoreRecord], guests: Collection[int], oldest: datetime) -> dict[str, RestoreRecord]:
    """Leave out all but the newest, and the newest proof of each guest on each storage as long as the guest is remembered."""
    newest_first = sorted(records.values(), key=lambda record: record.ended, reverse=True)
    kept: set[str] = set()
    proven: set[tuple[int | None, str | None, str | None]] = set()
    for number, record in enumerate(newest_first):
        place = (record.vmid, record.guest_type, record.storage)
        is_proof = record.ok and record.vmid in guests and place not in proven
        if is_proof:
            proven.add(place)
        if is_proof or (number < RESTORES_KEPT and record.ended >= oldest):
            kept.add(record.upid)
    return {upid: record for upid, record in records.items() if upid in kept}
