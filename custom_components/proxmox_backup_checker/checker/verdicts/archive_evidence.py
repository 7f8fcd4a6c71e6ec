"""What an archive proves by itself, where the run that wrote it is not known."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum

from ...proxmox.api.backup_models import Archive, BackupJob
from ...proxmox.api.cluster_models import Guest
from ..archives.archive import logged_name
from ..context import Context
from ..jobs.timetable import Timetable
from ..model.outcome import Result, written_name


class Claim(Enum):
    """Whether an archive can be that of a job's slot; SHARED where another job's slot can claim it as well."""

    NONE = "none"
    SHARED = "shared"
    SURE = "sure"


def archives_for(
    guest: Guest, job: BackupJob, storage: str, slots: Sequence[datetime], table: Timetable, context: Context
) -> tuple[Claim, Archive | None]:
    """Return whether archives keep what a job owes a guest by one of its slots, and the newest that does.

    It has to lie on the job's storage, to be written between a slot and its deadline, and no other run may have written it.
    One archive keeps one promise: where the slots of several jobs claim as many archives as there are not, it proves nothing.
    """
    free = [archive for archive in _on(storage, guest, context) if not _is_explained(archive, guest, job, context)]
    sure = [archive for archive in free if any(_is_within(archive, slot, table, guest, context) for slot in slots)]
    if not sure:
        vague = [archive for archive in free if any(_may_be(archive, slot, table, guest, context) for slot in slots)]
        return (Claim.SHARED, vague[0]) if vague else (Claim.NONE, None)
    rivals = [
        (other, slot, other_table)
        for other, slot, other_table in _unserved_slots(guest, storage, context, sure)
        if other.job_id != job.job_id
    ]
    claimed = [
        rival for rival in rivals if any(_is_within(archive, rival[1], rival[2], guest, context) for archive in sure)
    ]
    if not claimed:
        return Claim.SURE, sure[0]
    own = [
        archive
        for archive in sure
        if not any(_is_within(archive, slot, other, guest, context) for _, slot, other in claimed)
    ]
    if own:
        return Claim.SURE, own[0]
    candidates = {
        archive.volid
        for archive in free
        if archive in sure or any(_is_within(archive, slot, other, guest, context) for _, slot, other in claimed)
    }
    return (Claim.SURE if len(candidates) > len(claimed) else Claim.SHARED), sure[0]


def _on(storage: str, guest: Guest, context: Context) -> Iterator[Archive]:
    """Return a guest's archives on a storage, newest first; one that lies there under two storage ids counts for both."""
    for archive in context.archives(guest):
        if archive.storage == storage or context.lies_on(archive, guest, storage):
            yield archive


def _is_explained(archive: Archive, guest: Guest, job: BackupJob, context: Context) -> bool:
    """Tell whether a known run wrote an archive: then the run says what it is worth.

    Where a run of the job itself leaves that unclear, as a log in words that are new to us, its archive decides.
    """
    name = logged_name(archive)
    for outcome in context.outcomes(guest):
        if outcome.result is Result.UNCLEAR and outcome.job_id == job.job_id:
            continue
        if outcome.archive is not None:
            if written_name(outcome.archive) == name:
                return True
        elif outcome.result is Result.OK and outcome.storage in {None, archive.storage}:
            end = outcome.finished or outcome.started
            if outcome.started.timestamp() - 60 <= archive.ctime <= end.timestamp() + 60:
                return outcome.storage is not None
    return False


def _is_within(archive: Archive, slot: datetime, table: Timetable, guest: Guest, context: Context) -> bool:
    """Tell whether an archive was surely written between a slot and its deadline."""
    first, last = context.written_between(archive)
    return slot - table.tolerance(slot) <= first and last <= table.deadline(slot)


def _may_be(archive: Archive, slot: datetime, table: Timetable, guest: Guest, context: Context) -> bool:
    """Tell whether an archive may have been written between a slot and its deadline."""
    first, last = context.written_between(archive)
    return slot - table.tolerance(slot) <= last and first <= table.deadline(slot)


def _unserved_slots(
    guest: Guest, storage: str, context: Context, archives: Sequence[Archive]
) -> Iterator[tuple[BackupJob, datetime, Timetable]]:
    """Return the slots of the jobs of a guest on a storage that archives can be of and that no known run has served."""
    for job in context.jobs_of(guest):
        table = context.timetable(job, guest.node)
        if table is None:
            continue
        moments = [context.written_between(archive) for archive in archives]
        since = min(first for first, _ in moments) - table.allowance
        until = max(last for _, last in moments)
        served = [outcome.started for outcome in context.outcomes(guest) if outcome.job_id == job.job_id]
        slots = list(table.slots(since, until))
        # What served the slot after the last of them, served that and not this one.
        after = next(iter(table.slots(slots[-1], context.node_now(guest.node))), None) if slots else None
        for slot, following in zip(slots, [*slots[1:], after][: len(slots)], strict=True):
            if context.facts.storage_name(table.storage_at(slot), guest.node) != storage:
                continue
            if any(
                table.serves(moment, slot) and (following is None or not table.serves(moment, following))
                for moment in served
            ):
                continue
            yield job, slot, table
