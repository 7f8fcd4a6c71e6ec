"""Whether a storage has room for what is to come: the day it will be full, and the next run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median
from typing import Final

from ..proxmox.backup_models import BackupJob
from ..proxmox.models import Guest
from .facts import StorageFacts
from .outcomes import Outcome, Result
from .retention_audit import freed_by, retention_of
from .situation import Situation

_LEAST_HISTORY: Final = timedelta(days=14)
_MOST_SAMPLES: Final = 60
_SOON: Final = timedelta(hours=24)


def full_on(samples: Sequence[tuple[datetime, int]], total: int | None) -> datetime | None:
    """Return when a storage will be full if it goes on like this; None where it does not grow or too little is known.

    The slope is the median of those between all pairs of samples (Theil and Sen), which a single large copy does not turn.
    """
    recent = samples[-_MOST_SAMPLES:]
    if total is None or len(recent) < 2 or recent[-1][0] - recent[0][0] < _LEAST_HISTORY:
        return None
    slope = median(
        (later[1] - earlier[1]) / (later[0] - earlier[0]).total_seconds() for earlier, later in combinations(recent, 2)
    )
    if slope <= 0:
        return None
    seconds = (total - recent[-1][1]) / slope
    if seconds > timedelta(days=3650).total_seconds():
        return None
    return recent[-1][0] + timedelta(seconds=max(seconds, 0.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A run that is to come and what it needs at its most, in bytes, beside what is free."""

    job: BackupJob
    slot: datetime
    needed: int
    free: int


def next_run_that_does_not_fit(storage: StorageFacts, situation: Situation) -> Fit | None:
    """Return the next run within a day for which a storage has no room, None where all fit or nothing is known.

    Guests are taken in the order of their numbers, each with the size of its last backup there; what the prune after each
    removes is free again for the next (PVE/VZDump.pm).
    """
    if storage.available is None:
        return None
    for job in situation.facts.jobs or ():
        if not job.enabled or (job.storage or "local") != storage.storage:
            continue
        guests = [guest for guest in situation.covered_guests(job) if storage.serves(guest.node)]
        slots = [table.following for guest in guests if (table := situation.timetable(job, guest.node)) is not None]
        slot = min((slot for slot in slots if slot is not None), default=None)
        if slot is None or slot - situation.facts.now > _SOON:
            continue
        needed = _most_needed(job, guests, storage, situation)
        if needed > storage.available:
            return Fit(job=job, slot=slot, needed=needed, free=storage.available)
    return None


def _most_needed(job: BackupJob, guests: Sequence[Guest], storage: StorageFacts, situation: Situation) -> int:
    keep = retention_of(job, storage)
    archives = storage.listing.archives if storage.listing and storage.listing.complete else ()
    used = most = 0
    for guest in sorted(guests, key=lambda guest: guest.vmid):
        last = _last_on(storage, situation.outcomes(guest))
        size = _stored(last, storage)
        most = max(most, used + size)
        used += size
        zone = situation.facts.zone_of(guest.node)
        own = [archive for archive in archives if archive.vmid == guest.vmid]
        if zone is not None and not storage.is_backup_server:
            used -= sum(
                archive.size if archive.size is not None else size
                for archive in freed_by(own, keep, zone, situation.facts.now)
            )
    return most


def _last_on(storage: StorageFacts, outcomes: Sequence[Outcome]) -> Outcome | None:
    return next(
        (
            outcome
            for outcome in outcomes
            if outcome.result is Result.OK and (outcome.storage or "local") == storage.storage
        ),
        None,
    )


def _stored(outcome: Outcome | None, storage: StorageFacts) -> int:
    """Return what a backup took of the storage, as far as its log tells; 0 where that is not known."""
    if outcome is None:
        return 0
    size = outcome.transferred if storage.is_backup_server else outcome.size
    return size or 0


def days_until(moment: datetime | None, now: datetime) -> int | None:
    """Return how many whole days are left."""
    return None if moment is None else max((moment - now).days, 0)
