"""What retention promises of a guest's archives, held against what is there.

The oracle is Proxmox' own prune (see `proxmox.retention`): after a good run of the job nothing may be left that it would
remove, and what it would keep of all slots should be there unless the nights failed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from ..proxmox.backup_models import Archive, BackupJob
from ..proxmox.models import Guest
from ..proxmox.retention import Backup, KeepOptions, Mark, prune
from .facts import StorageFacts
from .outcomes import Outcome, Result
from .situation import Situation
from .verdict import Reason, Status

_MOST_SLOTS: Final = 500
_SLOT_BEFORE: Final = timedelta(hours=1)
_RUNS_UNTIL_CERTAIN: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """What a job's retention promises for a guest's archives on one storage."""

    job: BackupJob
    storage: StorageFacts
    keep: KeepOptions


def retention_findings(
    guest: Guest, outcomes: Sequence[Outcome], situation: Situation
) -> Iterable[tuple[Status, Reason]]:
    """Return what is to be said of a guest's archives; nothing where no listing shows all of them."""
    promise = _promise(guest, situation)
    zone = situation.facts.zone_of(guest.node)
    if promise is None or zone is None:
        return
    listing = promise.storage.listing
    good = [outcome for outcome in outcomes if outcome.result is Result.OK and outcome.job_id == promise.job.job_id]
    if listing is None or not listing.complete or not good or (good[0].finished or good[0].started) >= listing.read_at:
        return
    archives = [
        archive
        for archive in listing.archives
        if archive.vmid == guest.vmid and archive.guest_type in {None, guest.guest_type}
    ]
    if extra := _left_over(archives, promise.keep, zone, good):
        values = {"count": str(len(extra)), "storage": promise.storage.storage, "keep": keep_text(promise.keep)}
        yield Status.WARNING, Reason("prune_not_working", values)
        return
    yield from _shortage(archives, promise, zone, good, outcomes, guest, situation)


def _promise(guest: Guest, situation: Situation) -> Promise | None:
    """Return the one promise for a guest; several jobs with one storage and unlike retention undo each other's."""
    found: list[Promise] = []
    for job in situation.jobs_of(guest):
        storage = situation.facts.storage_of(job.storage or "local", guest.node)
        keep = retention_of(job, storage)
        if storage is not None and keep is not None and not keep.keeps_everything and _removes(job):
            found.append(Promise(job=job, storage=storage, keep=keep))
    return found[0] if len({(promise.storage.storage, promise.keep) for promise in found}) == 1 else None


def retention_of(job: BackupJob, storage: StorageFacts | None) -> KeepOptions | None:
    """Return the retention of a job: its own, else its storage's; None where there is none that Proxmox shows.

    A Proxmox Backup Server without either may have its own, which nobody shows us (PVE/VZDump.pm, exec_backup_task).
    """
    options = job.options.get("prune-backups")
    try:
        if isinstance(options, Mapping):
            return KeepOptions.from_api(options)
        if isinstance(options, str) and options:
            return KeepOptions.parse(options)
    except ValueError:
        return None
    return storage.keep if storage is not None else None


def _removes(job: BackupJob) -> bool:
    return str(job.options.get("remove", "1")) not in {"0", "False"}


def _left_over(
    archives: Sequence[Archive], keep: KeepOptions, zone: ZoneInfo, good: Sequence[Outcome]
) -> list[Archive]:
    """Return archives that prune should have removed when the last runs were over."""
    marks = prune([_backup(archive) for archive in archives], keep, zone)
    certain = good[_RUNS_UNTIL_CERTAIN - 1].started.timestamp() if len(good) >= _RUNS_UNTIL_CERTAIN else 0.0
    return [
        archive
        for archive, mark in zip(archives, marks, strict=True)
        if mark is Mark.REMOVE and archive.ctime < certain - _SLOT_BEFORE.total_seconds()
    ]


def _shortage(
    archives: Sequence[Archive],
    promise: Promise,
    zone: ZoneInfo,
    good: Sequence[Outcome],
    outcomes: Sequence[Outcome],
    guest: Guest,
    situation: Situation,
) -> Iterable[tuple[Status, Reason]]:
    """Say which nights are missing from what retention should keep, because no good run was there to be kept."""
    table = situation.timetable(promise.job, guest.node)
    if table is None or table.due is None:
        return
    first = good[-1].started - _SLOT_BEFORE
    # The newest slots count, as many as prune can look at.
    slots = list(islice(table.event.slots(first.astimezone(zone), table.due.astimezone(zone)), _MOST_SLOTS + 1))
    if not slots or len(slots) > _MOST_SLOTS:
        return
    marks = prune([Backup(ctime=int(slot.timestamp())) for slot in slots], promise.keep, zone)
    promised = [slot for slot, mark in zip(slots, marks, strict=True) if mark is Mark.KEEP]
    there = sum(not archive.protected and not archive.renamed for archive in archives)
    if there >= len(promised):
        return
    bad = {_day(outcome.started, zone) for outcome in outcomes if outcome.result is not Result.OK}
    served = {_day(outcome.started, zone) for outcome in good}
    nights = [_day(slot, zone) for slot in promised if _day(slot, zone) not in served]
    if not nights:
        return
    failed = [night for night in nights if night in bad] or nights
    values = {"there": str(there), "promised": str(len(promised)), "nights": ", ".join(failed[-5:])}
    yield Status.OK, Reason("retention_short", values)


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()


def _backup(archive: Archive) -> Backup:
    return Backup(ctime=archive.ctime, protected=archive.protected, renamed=archive.renamed)


def freed_by(archives: Sequence[Archive], keep: KeepOptions | None, zone: ZoneInfo, now: datetime) -> list[Archive]:
    """Return the archives that prune will remove after the next good run."""
    if keep is None or keep.keeps_everything:
        return []
    backups = [Backup(ctime=int(now.astimezone(UTC).timestamp())), *(_backup(archive) for archive in archives)]
    marks = prune(backups, keep, zone)[1:]
    return [archive for archive, mark in zip(archives, marks, strict=True) if mark is Mark.REMOVE]


def keep_text(keep: KeepOptions) -> str:
    """Return retention as Proxmox writes it."""
    if keep.keeps_everything:
        return "keep-all=1"
    rules = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
    return ",".join(f"keep-{rule}={number}" for rule in rules if (number := getattr(keep, rule)))
