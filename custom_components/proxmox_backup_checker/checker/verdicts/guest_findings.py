"""What is worth saying of a guest whose backup is there: from a hint to a reason why it is not to be relied on."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from ...proxmox.api.backup_models import Archive, BackupJob
from ...proxmox.api.cluster_models import Guest
from ..archives.archive import logged_name
from ..context import Context, newest_good
from ..model.outcome import Outcome, Result, written_name
from ..model.reason_codes import ReasonCode
from ..model.records import GuestRecord
from ..model.verdict import Reason, Status, Verdict
from .consistency import crash_consistent
from .far_sizes import can_be_far, far_findings
from .promises import from_outcome, kept_by_archives
from .restore_findings import restore_findings
from .retention import retention_findings
from .server_hints import server_findings, server_hints
from .sizes import can_be_odd, size_findings
from .whereabouts import timetable_of

LOCK_LIMIT: Final = timedelta(minutes=10)
# The longest backup of one guest that anybody has is shorter.
_UNFINISHED_FOR: Final = timedelta(hours=24)
_SAME_TIME: Final = 60
_TOOLS: Final = {"qemu": "qm", "lxc": "pct"}
_WARNINGS: Final = {
    "prune_failed": (Status.WARNING, ReasonCode.RETENTION_FAILED),
    "no_disks": (Status.WARNING, ReasonCode.BACKUP_WITHOUT_DISKS),
    "notes_failed": (Status.OK, ReasonCode.NOTES_FAILED),
    "log_upload_failed": (Status.OK, ReasonCode.LOG_UPLOAD_FAILED),
}


def findings_of(
    guest: Guest, verdict: Verdict, outcomes: Sequence[Outcome], context: Context
) -> list[tuple[Status, Reason]]:
    """Return what is found with its weight: failed and warning change the verdict, ok is a hint."""
    record = context.guest_record(guest)
    found = [*_foreign_archives(guest, context), *_broken_archives(guest, context), *_clock_findings(guest, context)]
    found += [(Status.OK, reason) for reason in _left_behind(guest, context)]
    found += server_findings(guest, context)
    found += [(Status.WARNING, reason) for reason in _never_finished(guest, context)]
    if record is not None:
        found += _record_findings(guest, record, context)
    if (newest := newest_good(outcomes)) is not None:
        for good in _newest_of_each_job(guest, newest, outcomes, context):
            found += [finding for finding in _run_findings(good, record, verdict) if finding not in found]
            found += _size_findings(good, guest, outcomes, context)
        if (reason := crash_consistent(outcomes)) is not None:
            found.append((Status.OK, reason))
        found += retention_findings(guest, outcomes, context)
    found += restore_findings(guest, context)
    return found


def hints_of(guest: Guest, verdict: Verdict, outcomes: Sequence[Outcome], context: Context) -> Iterable[Reason]:
    """Return what helps who looks at a guest that is not well: what an end left behind, a copy elsewhere, a wrong clock."""
    record = context.guest_record(guest)
    if record is not None and is_still_locked(record, context):
        yield _lock(guest)
    for _, reason in _clock_findings(guest, context):
        yield reason
    yield from _never_finished(guest, context)
    yield from server_hints(guest, verdict, context)
    if verdict.status is Status.OVERDUE:
        newest = next(
            (found for found in outcomes if found.job_id is not None and found.job_id == verdict.job_id), None
        )
        if newest is not None and newest.result.is_bad:
            # What failed before nothing came at all is still to be mended.
            yield from_outcome(newest, context).reason
    if verdict.status not in {Status.FAILED, Status.OVERDUE} or verdict.since is None:
        return
    job = context.job(verdict.job_id)
    now = context.facts.storage_name(job.storage, guest.node) if job is not None else None
    wanted = verdict.trace.get("promised_on", now)
    for outcome in outcomes:
        is_later = (outcome.finished or outcome.started) >= verdict.since
        if outcome.result is Result.OK and is_later and outcome.storage is not None and outcome.storage != wanted:
            yield Reason(ReasonCode.COPY_ELSEWHERE, {"storage": outcome.storage, "moment": outcome.started})
            return


def _clock_findings(guest: Guest, context: Context) -> Iterable[tuple[Status, Reason]]:
    """Return what is wrong with the dates of a guest's backups: a hint once the date has come, after which prune goes by age."""
    if wrong := context.wrongly_dated(guest):
        yield (
            Status.WARNING if context.dated_ahead(guest) else Status.OK,
            Reason(ReasonCode.WRONG_DATE, {"archive": wrong[0].rpartition("/")[2], "node": guest.node}),
        )


def _never_finished(guest: Guest, context: Context) -> Iterable[Reason]:
    """Return that a snapshot on a backup server was begun long ago, is not finished, and that no run is at it any more."""
    servers = context.indexes.archives.detailed_servers
    if not servers:
        return
    record = context.guest_record(guest)
    since = record.since.timestamp() if record and record.since else 0
    latest = (context.node_now(guest.node) - _UNFINISHED_FOR).timestamp()
    begun = [outcome.started.timestamp() - _SAME_TIME for outcome in context.backed_up_now(guest)]
    left = [
        archive
        for archive in context.listed_archives(guest)
        if not archive.finished
        and archive.storage in servers
        and archive.guest_type in {None, guest.guest_type}
        and since <= archive.ctime <= latest
        and not any(started <= archive.ctime for started in begun)
    ]
    for archive in context.provenance.attributable(guest, left)[:1] if left else ():
        values = {"archive": archive.volid.partition("backup/")[2] or archive.volid, "storage": archive.storage}
        yield Reason(ReasonCode.SNAPSHOT_NEVER_FINISHED, values)


def _left_behind(guest: Guest, context: Context) -> Iterable[Reason]:
    """Return that restore points lie in a namespace to which their storage does not lead any more."""
    if not context.facts.servers.left_behind:
        return
    own = {archive.volid for archive in context.archives(guest)}
    for storage, archives in context.facts.servers.left_behind.items():
        count = sum(archive.volid in own for archive in archives)
        record = context.history.storages.get(storage)
        if count and record is not None:
            places = ", ".join(place.replace(":", "/").rstrip("/") for place in record.earlier_places)
            values = {"count": str(count), "place": places, "storage": storage}
            yield Reason(ReasonCode.POINTS_LEFT_BEHIND, values)


def still_broken(guest: Guest, context: Context) -> list[tuple[Status, Reason]]:
    """Return the broken archives that nothing newer may have replaced on their storage, whatever has not been seen since."""
    return list(_broken_archives(guest, context, only_newest=True))


def _foreign_archives(guest: Guest, context: Context) -> Iterable[tuple[Status, Reason]]:
    if foreign := context.foreign_archives(guest):
        yield from _foreign(foreign, context)


def _broken_archives(guest: Guest, context: Context, *, only_newest: bool = False) -> Iterable[tuple[Status, Reason]]:
    promised: dict[str, list[BackupJob]] = {}
    for job in context.jobs_of(guest):
        promised.setdefault(context.facts.storage_name(job.storage, guest.node), []).append(job)
    keeping = list(_that_keep_promises(promised, guest, context))
    kept = {written_name(outcome.archive or "") for outcome in keeping}
    broken = context.broken_archives
    seen: set[str] = set()
    told: set[str] = set()
    for archive in context.archives(guest):
        if archive.storage not in promised or archive.storage in told:
            continue
        is_newest = archive.storage not in seen and not _is_replaced(archive, guest, context)
        seen.add(archive.storage)
        if archive.verification != "failed" and (archive.verification or archive.volid not in broken):
            continue
        is_kept = logged_name(archive) in kept and (is_newest or not only_newest)
        if is_kept or (is_newest and _matters_to(promised[archive.storage], archive, guest, context)):
            told.add(archive.storage)
            yield Status.FAILED, _unverified(archive, guest, context)
    if broken:
        yield from _out_of_sight(keeping, told, guest, context)


def _out_of_sight(
    keeping: Iterable[Outcome], told: Container[str], guest: Guest, context: Context
) -> Iterator[tuple[Status, Reason]]:
    """Return the backups that keep promises, are not listed now, and were broken when they were listed last."""
    listed = {archive.volid for archive in context.archives(guest)}
    for outcome in keeping:
        if outcome.storage is None or outcome.archive is None or outcome.storage in told:
            continue
        name = written_name(outcome.archive)
        for volid in context.broken_archives - listed:
            if volid.startswith(f"{outcome.storage}:") and volid.endswith(f"/{name}"):
                yield Status.FAILED, Reason(ReasonCode.VERIFICATION_HAD_FAILED, {"archive": volid})


def _foreign(foreign: Sequence[Archive], context: Context) -> Iterable[tuple[Status, Reason]]:
    """Return that somebody else uses a storage too: on a backup server each cluster can have a namespace of its own."""
    servers = {storage.storage for storage in context.facts.storages if storage.is_backup_server}
    for on_server, code in (
        (False, ReasonCode.FOREIGN_ARCHIVES),
        (True, ReasonCode.ARCHIVES_OF_SEVERAL_CLUSTERS),
    ):
        found = [archive for archive in foreign if (archive.storage in servers) is on_server]
        if found:
            storages = ", ".join(sorted({archive.storage for archive in found}))
            yield Status.OK, Reason(code, {"count": str(len(found)), "storage": storages})


def _that_keep_promises(
    promised: Mapping[str, Iterable[BackupJob]], guest: Guest, context: Context
) -> Iterator[Outcome]:
    """Return the newest good backup for each job, its own or by hand onto its storage: another job's keeps nothing of it."""
    for storage, jobs in promised.items():
        for job in jobs:
            good = (
                outcome
                for outcome in context.outcomes(guest)
                if outcome.result is Result.OK
                and (outcome.job_id == job.job_id or (outcome.by_hand and context.is_on_storage(outcome, storage)))
            )
            newest = next(good, None)
            floor = context.owed_since(job, guest)
            if newest is None or (newest.job_id is None and floor is not None and newest.started < floor):
                continue
            if not _is_followed_by_an_archive(newest, job, guest, context):
                yield newest


def _is_followed_by_an_archive(newest: Outcome, job: BackupJob, guest: Guest, context: Context) -> bool:
    """Tell whether an archive keeps a later slot of a job than its newest backup whose run is known."""
    table = timetable_of(job, guest, context)
    if table is None or table.due is None or table.serves(newest.started, table.due):
        return False
    kept = kept_by_archives(guest, job, table.due, table, context)
    return kept is not None and kept.status is Status.OK


def _is_replaced(archive: Archive, guest: Guest, context: Context) -> bool:
    """Tell whether a good backup has gone to an archive's storage since it was listed."""
    storage = context.facts.storage_of(archive.storage, guest.node)
    read = storage.listing.read_at if storage is not None and storage.listing is not None else None
    return read is not None and any(
        outcome.result is Result.OK and outcome.storage == archive.storage and (outcome.finished or read) > read
        for outcome in context.outcomes(guest)
    )


def _matters_to(jobs: Iterable[BackupJob], archive: Archive, guest: Guest, context: Context) -> bool:
    """Tell whether any of these jobs rests on an archive: not on that of another which is older than its own promise."""
    name, written = logged_name(archive), context.written_between(archive)[1]
    outcomes = context.outcomes(guest)
    writer = next((o.job_id for o in outcomes if o.archive is not None and written_name(o.archive) == name), None)
    floors = {job.job_id: context.owed_since(job, guest) for job in jobs}
    return any(floor is None or floor <= written or writer == job_id for job_id, floor in floors.items())


def _unverified(newest: Archive, guest: Guest, context: Context) -> Reason:
    """Return that the newest archive on a storage is broken, with the last one there that is known not to be."""
    there = (entry for entry in context.archives(guest) if entry.storage == newest.storage)
    verified = next((entry for entry in there if entry.verification == "ok"), None)
    code = ReasonCode.VERIFICATION_FAILED if verified else ReasonCode.VERIFICATION_FAILED_NONE_GOOD
    return Reason(code, {"archive": newest.volid, "verified": verified.volid if verified else ""})


def is_still_locked(record: GuestRecord, context: Context) -> bool:
    """Tell whether a guest is locked by a backup that has been over for a while."""
    return record.locked_since is not None and context.has_come(record.locked_since + LOCK_LIMIT)


def _lock(guest: Guest) -> Reason:
    command = f"{_TOOLS.get(guest.guest_type, 'qm')} unlock {guest.vmid}"
    return Reason(ReasonCode.GUEST_LOCKED, {"command": command, "node": guest.node})


def _record_findings(guest: Guest, record: GuestRecord, context: Context) -> Iterable[tuple[Status, Reason]]:
    if is_still_locked(record, context):
        yield Status.WARNING, _lock(guest)
    if record.newly_excluded:
        yield Status.WARNING, Reason(ReasonCode.DISKS_NEWLY_EXCLUDED, {"disks": ", ".join(record.newly_excluded)})
    elif record.excluded_disks:
        yield Status.OK, Reason(ReasonCode.PARTIAL, {"disks": ", ".join(record.excluded_disks)})


def _newest_of_each_job(guest: Guest, newest: Outcome, outcomes: Sequence[Outcome], context: Context) -> list[Outcome]:
    """Return the newest good backup of all, and that of each job: a backup of the next job takes nothing back."""
    found = [newest]
    for job in context.jobs_of(guest):
        if job.job_id != newest.job_id:
            good = newest_good(outcome for outcome in outcomes if outcome.job_id == job.job_id)
            if good is not None:
                found.append(good)
    return found


def _size_findings(
    good: Outcome, guest: Guest, outcomes: Sequence[Outcome], context: Context
) -> Iterable[tuple[Status, Reason]]:
    """Return what is odd about the size of a good backup, beside those before it."""
    in_short = context.in_short(guest)
    is_odd, is_far = can_be_odd(good, in_short), can_be_far(good, in_short)
    if not is_odd and not is_far:
        return
    older = [outcome for outcome in outcomes if outcome.result is Result.OK and outcome.started < good.started]
    if is_odd:
        yield from size_findings([good, *older], context.facts)
    if is_far:
        yield from far_findings([good, *older], guest, context)


def _run_findings(good: Outcome, record: GuestRecord | None, verdict: Verdict) -> Iterable[tuple[Status, Reason]]:
    for warning in good.warnings:
        if warning in _WARNINGS:
            status, code = _WARNINGS[warning]
            yield status, Reason(code, {"node": good.node, "storage": good.storage or ""})
    known = set(record.excluded_disks or ()) if record else set()
    if record is not None and record.excluded_disks is not None and (surprising := set(good.excluded) - known):
        yield Status.WARNING, Reason(ReasonCode.DISKS_NOT_IN_ARCHIVE, {"disks": ", ".join(sorted(surprising))})
    if good.by_hand and good.upid in verdict.evidence:
        yield Status.OK, Reason(ReasonCode.COPY_OUTSIDE_JOB, {"storage": good.storage or ""})
