"""Whether a storage has room for what is to come: the day it will be full, and the next run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import combinations
from statistics import median
from typing import Final

from ...proxmox.api.backup_models import Archive, BackupJob
from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..jobs.retention import removes_old, retention_of
from ..model.facts import StorageFacts
from ..model.outcome import Outcome, Result
from .retention import freed_by

_LEAST_HISTORY: Final = timedelta(days=14)
_LEAST_SAMPLES: Final = 7
_MOST_SAMPLES: Final = 60
_FARTHEST: Final = timedelta(days=3650)
_SOON: Final = timedelta(hours=24)

type Sample = tuple[datetime, int]
"""A moment and the bytes in use at it."""


def full_on(samples: Sequence[Sample], total: int | None) -> datetime | None:
    """Return when a storage will be full if it goes on like this; None where it does not grow or too little is known.

    `samples` are about one a day, oldest first. The growth is the median of that between all pairs of samples (Theil and
    Sen), which a single large copy does not turn; retention's saw-teeth do not either. Nothing is foretold from less than
    fourteen days, nor for more than ten years.
    """
    recent = tuple(samples[-_MOST_SAMPLES:])
    if not total or len(recent) < _LEAST_SAMPLES or recent[-1][0] - recent[0][0] < _LEAST_HISTORY:
        return None
    slope = _growth(recent)
    if slope <= 0:
        return None
    moment, used = recent[-1]
    seconds = max((total - used) / slope, 0.0)
    return None if seconds > _FARTHEST.total_seconds() else moment + timedelta(seconds=seconds)


@lru_cache(maxsize=256)
def _growth(samples: tuple[Sample, ...]) -> float:
    """Return by how many bytes a second the use grows; there is a new sample only once a day."""
    points = [(moment.timestamp(), used) for moment, used in samples]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for earlier, later in combinations(points, 2)
        if later[0] > earlier[0]
    ]
    return median(slopes) if slopes else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What the next backup of a guest takes of a storage before the prune after it, and what that makes free, in bytes."""

    size: int
    freed: int = 0


def most_needed(needs: Iterable[Need]) -> int:
    """Return the most that backups take of a storage at one moment, one after the other.

    Proxmox prunes a guest's archives only after its new one is complete (PVE/VZDump.pm, exec_backup_task).
    """
    used = most = 0
    for need in needs:
        most = max(most, used + need.size)
        used += need.size - need.freed
    return most


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A run that is to come and what it needs at its most, in bytes, beside what is free."""

    job: BackupJob
    slot: datetime
    needed: int
    free: int


def next_run_that_does_not_fit(storage: StorageFacts, context: Context) -> Fit | None:
    """Return the next run within a day for which a storage has no room, None where all fit or nothing is known.

    Each run finds what those before it leave. Guests are taken in the order of their numbers, each with the size of its last
    backup there; a guest without one is left out.
    """
    if storage.available is None:
        return None
    due = _due_soon(storage, context)
    needed_by_all = sum(
        _stored(guest, storage, context) for _, job in due for guest in _guests_of(job, storage, context)
    )
    if needed_by_all <= storage.available:
        return None
    runs = [(slot, job, _guests_of(job, storage, context)) for slot, job in due]
    sizes = {guest.vmid: _stored(guest, storage, context) for _, _, guests in runs for guest in guests}
    needs: list[Need] = []
    there: dict[int, list[Archive]] = {}
    for slot, job, guests in runs:
        for guest in guests:
            before = there.get(guest.vmid) or context.archives_on(storage, guest)
            freed = _freed(job, guest, before, slot, storage, context)
            size = sizes[guest.vmid]
            needs.append(Need(size=size, freed=sum(size if entry.size is None else entry.size for entry in freed)))
            new = _archive_to_come(guest, slot, size, storage)
            there[guest.vmid] = [*(entry for entry in before if entry not in freed), new]
        if (needed := most_needed(needs)) > storage.available:
            return Fit(job=job, slot=slot, needed=needed, free=storage.available)
    return None


def _archive_to_come(guest: Guest, slot: datetime, size: int, storage: StorageFacts) -> Archive:
    """Return what a run will leave, so that the prune of a later one counts it."""
    name = f"vzdump-{guest.guest_type}-{guest.vmid}-{slot:%Y_%m_%d-%H_%M_%S}.vma"
    return Archive(
        volid=f"{storage.storage}:backup/{name}",
        storage=storage.storage,
        vmid=guest.vmid,
        guest_type=guest.guest_type,
        ctime=int(slot.timestamp()),
        size=size,
    )


def _due_soon(storage: StorageFacts, context: Context) -> list[tuple[datetime, BackupJob]]:
    """Return the jobs that write to a storage within the next day, the first one first."""
    found: list[tuple[datetime, BackupJob]] = []
    for job in context.facts.jobs or ():
        nodes = context.nodes_of(job)
        if not job.enabled or storage.storage not in context.storages_of(job):
            continue
        slots = [
            table.following
            for node in nodes
            if storage.serves(node) and (table := context.timetable(job, node)) is not None
        ]
        slot = min((slot for slot in slots if slot is not None), default=None)
        if slot is not None and slot - context.facts.now <= _SOON:
            found.append((slot, job))
    return sorted(found, key=lambda run: (run[0], run[1].job_id))


def _guests_of(job: BackupJob, storage: StorageFacts, context: Context) -> list[Guest]:
    """Return the guests whose backup comes to a storage, in the order of their numbers."""
    guests = (guest for guest in context.covered_guests(job) if storage.serves(guest.node))
    return sorted(guests, key=lambda guest: guest.vmid)


def _freed(
    job: BackupJob,
    guest: Guest,
    archives: Sequence[Archive],
    slot: datetime,
    storage: StorageFacts,
    context: Context,
) -> list[Archive]:
    """Return which of a guest's archives the prune after a run will remove; none where not all are listed."""
    zone = context.facts.zone_of(guest.node)
    listed = storage.listing is not None and storage.listing.complete
    if zone is None or not listed or storage.is_backup_server or not removes_old(job):
        return []
    keep = retention_of(job, storage, context.facts.defaults_keep.get(guest.node))
    return freed_by(archives, keep, zone, slot)


def _stored(guest: Guest, storage: StorageFacts, context: Context) -> int:
    """Return what a guest's last backup took of a storage, by its log or by the listing; 0 where neither tells.

    A backup server stores what is new to it, which is at most what was transferred.
    """
    last = next((outcome for outcome in context.index.by_guest.get(guest.vmid, ()) if _is_on(storage, outcome)), None)
    if storage.is_backup_server:
        return (last.transferred if last else None) or 0
    if last is not None and last.size is not None:
        return last.size
    archives = context.archives_on(storage, guest)
    return next((archive.size for archive in reversed(archives) if archive.size is not None), 0)


def _is_on(storage: StorageFacts, outcome: Outcome) -> bool:
    return outcome.result is Result.OK and outcome.storage == storage.storage
