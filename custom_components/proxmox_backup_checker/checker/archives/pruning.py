"""Whether an archive that is no longer there was removed by retention."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ...proxmox.api.backup_models import Archive
from ...proxmox.retention import Backup, KeepOptions, Mark, Prunable, prune
from ..jobs.retention import removes_old, retention_of
from ..model.facts import Facts, StorageFacts
from ..model.outcome import Outcome, Result, written_name
from ..model.records import JobRecord
from .archive import logged_name
from .archive_index import ListedStorage


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruning:
    """Tells what retention has removed.

    `jobs` are those that are remembered: one that is gone or was edited may have pruned before.
    """

    facts: Facts
    jobs: Mapping[str, JobRecord]

    def explains(self, outcome: Outcome, outcomes: Iterable[Outcome], listed: ListedStorage) -> bool:
        """Tell whether retention can have removed the archive that a good run left on a storage.

        Proxmox prunes a guest's archives on a storage only after another backup of the guest there (PVE/VZDump.pm,
        exec_backup_task), by the options of that backup's job or, for one by hand, of the storage. It reads the times in the
        names of files as those of its own zone, so that their order is that of the names. A backup server may prune by rules of
        its own, but leaves the newest snapshot. `outcomes` are all of the guest.
        """
        storage = self.facts.storage_of(outcome.storage or "", outcome.node)
        writer, listing = self.facts.zone_of(outcome.node), listed.listing
        begun = int(listing.dated(outcome.archive or "", outcome.started, writer).timestamp())
        kinds = {None, outcome.guest_type}
        present = [archive for archive in listed.by_guest.get(outcome.vmid, ()) if archive.guest_type in kinds]
        newer = [archive for archive in present if archive.ctime > begun]
        zone = listing.zone or writer
        if not newer or storage is None or zone is None or storage.is_backup_server:
            return bool(newer)
        since = [
            found
            for found in outcomes
            if found.started > outcome.started and found.result is Result.OK and found.storage == storage.storage
        ]
        if any(found.pruned and found.job_id is None and not found.by_hand for found in since):
            # Of a job that nobody has seen only its run is left to tell that it removes archives.
            return True
        backups: list[Prunable] = [Backup(ctime=begun), *present, *self._gone_since(since, present, listed)]
        keeps = {keep for keep in self._keeps(_writers(newer, since), storage, outcome.node) if keep is not None}
        return any(prune(backups, keep, zone)[0] is Mark.REMOVE for keep in keeps if not keep.keeps_everything)

    def _gone_since(
        self, since: Sequence[Outcome], present: Iterable[Archive], listed: ListedStorage
    ) -> Iterator[Prunable]:
        """Return the later backups that were there when others pruned, and are gone by now themselves."""
        names = {logged_name(archive) for archive in present}
        for found in since:
            if found.archive is not None and written_name(found.archive) not in names:
                writer = self.facts.zone_of(found.node)
                moment = listed.listing.dated(found.archive, found.started, writer)
                yield Backup(ctime=int(moment.timestamp()))

    def _keeps(self, writers: set[str | None] | None, storage: StorageFacts, node: str) -> Iterator[KeepOptions | None]:
        """Return by what backups of these jobs on a storage prune: None among them is one by hand, None itself anybody."""
        default = self.facts.defaults_keep.get(node)
        present = {job.job_id for job in self.facts.jobs or ()}
        if writers is None or not writers <= present:
            yield storage.keep or default
        for job in self.facts.jobs or ():
            name = self.facts.storage_name(job.storage, node)
            if removes_old(job) and (name == storage.storage if writers is None else job.job_id in writers):
                yield retention_of(job, storage, default)
        for record in self.jobs.values():
            name = self.facts.storage_name(record.fingerprint.get("storage"), node)
            if (name == storage.storage) if writers is None else (record.job_id in writers):
                yield _parsed(record.fingerprint.get("prune-backups", ""))


def _writers(archives: Sequence[Archive], since: Sequence[Outcome]) -> set[str | None] | None:
    """Return the jobs that wrote archives, None among them where somebody did by hand; None where that is not known of all."""
    names = {written_name(outcome.archive) for outcome in since if outcome.archive is not None}
    if any(logged_name(archive) not in names for archive in archives):
        return None
    return {outcome.job_id for outcome in since if outcome.job_id is not None or outcome.by_hand}


@lru_cache(maxsize=256)
def _parsed(text: str) -> KeepOptions | None:
    try:
        return KeepOptions.parse(text) if text else None
    except ValueError:
        return None
