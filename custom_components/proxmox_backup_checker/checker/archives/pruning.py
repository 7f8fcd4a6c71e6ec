"""Whether an archive that is no longer there was removed by retention."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from ...proxmox.retention import Backup, KeepOptions, Mark, Prunable, prune
from ..jobs.retention import removes_old, retention_of
from ..model.facts import Facts, StorageFacts
from ..model.outcome import Outcome
from ..model.records import JobRecord
from .archive_index import ListedStorage


def was_pruned(outcome: Outcome, listed: ListedStorage, facts: Facts, jobs: Mapping[str, JobRecord]) -> bool:
    """Tell whether retention can have removed the archive that a good run left on a storage.

    Proxmox prunes a guest's archives on a storage only after another backup of the guest there (PVE/VZDump.pm,
    exec_backup_task), by the options of that backup's job or, for one by hand, of the storage. A backup server may prune by
    rules of its own, but leaves the newest snapshot. `jobs` are those that are remembered: one that is gone or was edited may
    have pruned before.
    """
    begun = int(outcome.started.timestamp())
    kinds = {None, outcome.guest_type}
    present = [archive for archive in listed.by_guest.get(outcome.vmid, ()) if archive.guest_type in kinds]
    if not any(archive.ctime > begun for archive in present):
        return False
    storage = facts.storage_of(outcome.storage or "", outcome.node)
    zone = facts.zone_of(outcome.node)
    if storage is None or zone is None or storage.is_backup_server:
        return True
    backups: list[Prunable] = [Backup(ctime=begun), *present]
    return any(prune(backups, keep, zone)[0] is Mark.REMOVE for keep in _retentions(outcome, storage, facts, jobs))


def _retentions(
    outcome: Outcome, storage: StorageFacts, facts: Facts, jobs: Mapping[str, JobRecord]
) -> Iterator[KeepOptions]:
    """Return by what the backups of a guest on a storage are pruned."""
    default = facts.defaults_keep.get(outcome.node)
    found = [storage.keep or default]
    found += [
        retention_of(job, storage, default)
        for job in facts.jobs or ()
        if facts.storage_name(job.storage, outcome.node) == storage.storage and removes_old(job)
    ]
    for record in jobs.values():
        name = facts.storage_name(record.fingerprint.get("storage"), outcome.node)
        if name == storage.storage and (text := record.fingerprint.get("prune-backups")):
            found.append(_parsed(text))
    for keep in {keep for keep in found if keep is not None}:
        if not keep.keeps_everything:
            yield keep


@lru_cache(maxsize=256)
def _parsed(text: str) -> KeepOptions | None:
    try:
        return KeepOptions.parse(text)
    except ValueError:
        return None
