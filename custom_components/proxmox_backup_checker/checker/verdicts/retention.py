"""What retention promises of a guest's archives, held against what is there.

The oracle is Proxmox' own prune (see `proxmox.retention`): after a good run of the job nothing may be left that it would
remove, and what it would keep of all slots should be there unless the nights failed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import Archive, BackupJob
from ...proxmox.api.cluster_models import Guest
from ...proxmox.calendar.event import CalendarEvent
from ...proxmox.retention import Backup, KeepOptions, Mark, Prunable, keep_text, leaves_all, prune
from ..context import Context
from ..jobs.terms import Retention
from ..model.labels import job_name
from ..model.outcome import Outcome, Result
from ..model.reason_codes import ReasonCode
from ..model.verdict import Reason, Status

_MOST_SLOTS: Final = 500
_SLOT_BEFORE: Final = timedelta(hours=1)
_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_ONE_SECOND: Final = timedelta(seconds=1)
_RUNS_UNTIL_CERTAIN: Final = 2
_NIGHTS_NAMED: Final = 5


class Standing(StrEnum):
    """How a guest's archives stand to the retention."""

    KEPT = "kept"
    SHORT = "short"
    NOT_PRUNED = "not_pruned"
    LIMIT_NEAR = "limit_near"
    LIMIT_REACHED = "limit_reached"


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionAudit:
    """What retention promises against what is kept, of one guest on one storage.

    `counted` archives are neither protected nor renamed; `promised` is how many there can be by now, None where that
    is not known. `extra` should have been removed. `nights` are those without a good run for which one is missing.
    `limit` is the number from which on the next run is refused, None where old archives are removed instead.
    """

    standing: Standing
    counted: int
    promised: int | None = None
    extra: tuple[Archive, ...] = ()
    nights: tuple[date, ...] = ()
    limit: int | None = None


def audit_retention(
    archives: Sequence[Archive],
    keep: KeepOptions,
    *,
    zone: ZoneInfo,
    good: Sequence[datetime],
    promised: Sequence[datetime] = (),
    failed: Sequence[datetime] = (),
    keep_since: datetime | None = None,
    removes: bool = True,
) -> RetentionAudit:
    """Hold one guest's archives on one storage against its retention, as of the listing that they come from.

    `good` and `failed` are the starts of the guest's runs to this storage, newest first, that were over when it was listed.
    `promised` are the slots of which retention should still keep an archive (see `promised_slots`), empty where that cannot
    be told. Runs before `keep_since` pruned by another retention. Without `removes` the sum of all numbers is a limit
    instead, at which vzdump refuses the guest (PVE/VZDump.pm, exec_backup_task).
    """
    counted = _counted(archives)
    if not removes:
        return _against_limit(counted, most_kept(keep))
    pruning = [started for started in good if keep_since is None or started >= keep_since]
    if len(pruning) >= _RUNS_UNTIL_CERTAIN and (extra := _left_over(archives, keep, zone, pruning[0])):
        return RetentionAudit(standing=Standing.NOT_PRUNED, counted=counted, extra=tuple(extra))
    return _against_promise(counted, promised, good, failed, zone)


def _counted(archives: Sequence[Archive]) -> int:
    return sum([archive.finished and not (archive.protected or archive.renamed) for archive in archives])


def _against_limit(counted: int, limit: int) -> RetentionAudit:
    standing = Standing.KEPT
    if counted >= limit:
        standing = Standing.LIMIT_REACHED
    elif counted == limit - 1:
        standing = Standing.LIMIT_NEAR
    return RetentionAudit(standing=standing, counted=counted, limit=limit)


def _left_over(archives: Sequence[Archive], keep: KeepOptions, zone: ZoneInfo, newest_run: datetime) -> list[Archive]:
    """Return the archives that the newest run should have removed, and the one before it already."""
    now_due = _removable(archives, keep, zone)
    if not now_due:
        return []
    before_it = (newest_run - _SLOT_BEFORE).timestamp()
    earlier = [index for index, archive in enumerate(archives) if archive.ctime < before_it]
    due_before = {earlier[index] for index in _removable([archives[index] for index in earlier], keep, zone)}
    return [archives[index] for index in sorted(now_due & due_before)]


def _removable(archives: Sequence[Archive], keep: KeepOptions, zone: ZoneInfo) -> set[int]:
    marks = prune(archives, keep, zone)
    if Mark.REMOVE not in marks:
        return set()
    # Unfinished snapshots that prune takes away as well are the business of their own finding.
    return {index for index, mark in enumerate(marks) if mark is Mark.REMOVE and not archives[index].partial}


def _against_promise(
    counted: int, promised: Sequence[datetime], good: Sequence[datetime], failed: Sequence[datetime], zone: ZoneInfo
) -> RetentionAudit:
    """Name the nights whose archives are missing: those that failed where there are such, else those without a run."""
    if counted >= len(promised):
        return RetentionAudit(standing=Standing.KEPT, counted=counted, promised=len(promised) or None)
    served = {_day(start, zone) for start in good}
    unserved = [night for slot in promised if (night := _day(slot, zone)) not in served]
    bad = {_day(start, zone) for start in failed}
    nights = [night for night in unserved if night in bad] or unserved
    return RetentionAudit(
        standing=Standing.SHORT if nights else Standing.KEPT,
        counted=counted,
        promised=len(promised),
        nights=tuple(dict.fromkeys(nights)),
    )


@lru_cache(maxsize=1024)
def promised_slots(
    event: CalendarEvent, first: datetime, due: datetime, keep: KeepOptions, zone: ZoneInfo
) -> tuple[datetime, ...]:
    """Return the slots from `first` to `due` of which retention would still keep the backup, had every run been good.

    Empty where there are too many slots to look at. Guests of one job ask for the same again and again.
    """
    slots: list[datetime] = []
    for slot in event.slots((first - _ONE_SECOND).astimezone(zone), due.astimezone(zone)):
        slots.append(slot)
        if len(slots) > _MOST_SLOTS:
            return ()
    marks = prune([Backup(ctime=int(slot.timestamp())) for slot in slots], keep, zone)
    return tuple(slot for slot, mark in zip(slots, marks, strict=True) if mark is Mark.KEEP)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def most_kept(keep: KeepOptions) -> int:
    """Return the most archives that retention keeps of a guest, protected ones aside."""
    return keep.last + keep.hourly + keep.daily + keep.weekly + keep.monthly + keep.yearly


def retention_findings(guest: Guest, outcomes: Sequence[Outcome], context: Context) -> Iterable[tuple[Status, Reason]]:
    """Return what is to be said of a guest's archives; nothing where no listing shows all of them."""
    zone = context.facts.zone_of(guest.node)
    if zone is None:
        return
    for job, kept in _retentions(guest, context):
        listing = kept.storage.listing
        if listing is None or not listing.complete or _is_as_promised(kept, guest, context, zone):
            continue
        newest = list(islice(_good(job, kept, outcomes), _RUNS_UNTIL_CERTAIN))
        if not newest or (newest[0].finished or newest[0].started) >= listing.read_at:
            continue
        archives = context.archives_on(kept.storage, guest)
        good = newest
        promised: Sequence[datetime] = ()
        failed: Sequence[datetime] = ()
        if kept.removes and _counted(archives) < most_kept(kept.keep):
            # No more is ever promised: where as many are there, none of the older runs matters.
            good = list(_good(job, kept, outcomes))
            promised = _promised(job, kept, good[-1], guest, context, zone)
            failed = [found.started for found in _written(job, kept, outcomes) if found.result is not Result.OK]
        audit = audit_retention(
            archives,
            kept.keep,
            zone=zone,
            good=[outcome.started for outcome in good],
            promised=promised,
            failed=failed,
            keep_since=_keep_since(job, context),
            removes=kept.removes,
        )
        # A prune that says itself that it failed is a finding of the run.
        if audit.standing is not Standing.NOT_PRUNED or "prune_failed" not in newest[0].warnings:
            yield from _in_words(audit, job, kept)


def _is_as_promised(kept: Retention, guest: Guest, context: Context, zone: ZoneInfo) -> bool:
    """Tell at a first look that as many archives are there as retention ever keeps, and none that it would remove."""
    pattern = context.pattern_on(kept.storage, guest) if kept.removes else None
    return pattern is not None and len(pattern) >= most_kept(kept.keep) and leaves_all(pattern, kept.keep, zone)


def _in_words(audit: RetentionAudit, job: BackupJob, kept: Retention) -> Iterable[tuple[Status, Reason]]:
    if audit.standing is Standing.KEPT:
        return
    storage = kept.storage.storage
    if audit.standing is Standing.NOT_PRUNED:
        values = {"count": str(len(audit.extra)), "storage": storage, "keep": keep_text(kept.keep)}
        yield Status.WARNING, Reason(ReasonCode.PRUNE_NOT_WORKING, values)
    if audit.standing is Standing.SHORT:
        nights = ", ".join(night.isoformat() for night in audit.nights[-_NIGHTS_NAMED:])
        counts = {"there": str(audit.counted), "promised": str(audit.promised), "nights": nights}
        yield Status.OK, Reason(ReasonCode.RETENTION_SHORT, counts)
    values = {"count": str(audit.counted), "limit": str(audit.limit), "storage": storage, "job": job_name(job)}
    if audit.standing is Standing.LIMIT_REACHED:
        yield Status.WARNING, Reason(ReasonCode.ARCHIVE_LIMIT_REACHED, values)
    if audit.standing is Standing.LIMIT_NEAR:
        yield Status.OK, Reason(ReasonCode.ARCHIVE_LIMIT_NEAR, values)


def _retentions(guest: Guest, context: Context) -> list[tuple[BackupJob, Retention]]:
    """Return what is kept on each storage, and by which job; jobs with one storage and unlike retention undo each other's."""
    found: dict[str, list[tuple[BackupJob, Retention]]] = {}
    for job in context.jobs_of(guest):
        kept = context.terms(job, guest.node).retention
        if kept is not None:
            found.setdefault(kept.storage.storage, []).append((job, kept))
    return [
        those[0]
        for those in found.values()
        if len(those) == 1 or len({(kept.keep, kept.removes) for _, kept in those}) == 1
    ]


def _written(job: BackupJob, kept: Retention, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """Return the outcomes of the job; a run by hand may not prune, another node has another storage of its own."""
    own = kept.storage.node
    for outcome in outcomes:
        if outcome.job_id == job.job_id and (own is None or own == outcome.node):
            yield outcome


def _good(job: BackupJob, kept: Retention, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    return (outcome for outcome in _written(job, kept, outcomes) if outcome.result is Result.OK)


def _promised(
    job: BackupJob, kept: Retention, first_good: Outcome, guest: Guest, context: Context, zone: ZoneInfo
) -> tuple[datetime, ...]:
    table = context.timetable(job, guest.node)
    if table is None or table.due is None:
        return ()
    # The other guests of the same run ask for the same.
    run = context.index.runs.get(first_good.upid)
    first = _slot_of(table.event, run.started if run else first_good.started, zone)
    due = min([table.due, *_still_coming(job, guest, table.event, context, zone)])
    return () if first is None or due < first else promised_slots(table.event, first, due, kept.keep, zone)


def _still_coming(
    job: BackupJob, guest: Guest, event: CalendarEvent, context: Context, zone: ZoneInfo
) -> Iterator[datetime]:
    """Yield up to when the slots of a job can be missing while its run goes on: its own may be served yet."""
    for run in context.going_on(job, guest.node):
        slot = _slot_of(event, run.started, zone)
        if slot is not None:
            is_done = any(found.vmid == guest.vmid and found.result is not Result.RUNNING for found in run.outcomes)
            yield slot if is_done else slot - _ONE_SECOND


@lru_cache(maxsize=1024)
def _slot_of(event: CalendarEvent, started: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the slot for which a run started."""
    slot = event.last_before((started + _CLOCKS_DIFFER).astimezone(zone))
    return None if slot is None else slot.astimezone(UTC)


def _keep_since(job: BackupJob, context: Context) -> datetime | None:
    """Return since when a job has promised what it promises now."""
    record = context.job_record(job)
    return record.owed_since if record else None


def freed_by(archives: Sequence[Archive], keep: KeepOptions | None, zone: ZoneInfo, run: datetime) -> list[Archive]:
    """Return the archives that prune will remove after the next good run, whose own archive is of the moment `run`."""
    if keep is None or keep.keeps_everything:
        return []
    backups: list[Prunable] = [Backup(ctime=int(run.timestamp())), *archives]
    marks = prune(backups, keep, zone)[1:]
    return [archive for archive, mark in zip(archives, marks, strict=True) if mark is Mark.REMOVE]
