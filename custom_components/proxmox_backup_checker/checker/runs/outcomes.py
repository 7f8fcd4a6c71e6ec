"""What each run did for each guest, whether the guest appears in its log or not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.vzdump.command import JobCommand
from ...proxmox.vzdump.failure_cause import cause_of
from ...proxmox.vzdump.log import GuestRun
from ...proxmox.vzdump.records import is_signal
from ..jobs.coverage import Coverage, covers
from ..model.facts import Facts, Run
from ..model.outcome import LOST, Outcome, Result, succeeded, unclear
from ..model.verdict import Confidence
from .attribution import Attribution
from .stays import Stays

# Bytes; not even a folder can be made on a storage that has less.
_NO_ROOM: Final = 1024 * 1024
# So Proxmox says that the agent is switched on and does not answer; that the freeze is switched off, it says in other words.
_NOT_RUNNING: Final = "agent configured"
_ON_SERVER: Final = ("vm/", "ct/")


def storage_of(run: Run, jobs: Sequence[BackupJob], facts: Facts) -> str | None:
    """Return the storage that a run writes to, where its command or its job tells it."""
    if run.log is not None and run.log.command is not None:
        return facts.storage_name(JobCommand.parse(run.log.command).storage, run.task.node)
    names = {facts.storage_name(job.storage, run.task.node) for job in jobs}
    return names.pop() if len(names) == 1 else None


def outcomes_of(run: Run, attribution: Attribution, facts: Facts, stays: Stays) -> Iterable[Outcome]:
    """Return what a run did for every guest that it was to back up, with the jobs as they are now."""
    possible = {attribution.job_id, *attribution.candidates}
    jobs = [job for job in facts.jobs or () if job.job_id in possible]
    guest_runs = run.log.guests if run.log else ()
    zone = facts.zone_of(run.task.node)
    storage = storage_of(run, jobs, facts)
    for guest_run in guest_runs:
        outcome = _of_guest_run(run, guest_run, attribution, zone, storage)
        yield replace(outcome, error=_explained(outcome, facts)) if outcome.error else outcome
    seen = {guest_run.vmid for guest_run in guest_runs}
    if not guest_runs:
        for outcome in _of_task_alone(run, attribution, storage):
            seen.add(outcome.vmid)
            yield outcome
    if not run.task.running and _ended_early(run):
        yield from _of_the_unreached(run, attribution, jobs, seen, facts, stays, storage)


def _explained(outcome: Outcome, facts: Facts) -> str | None:
    """Return why a backup failed, with what the storage's own figures say where Proxmox only says that it made no folder.

    That is all that a full storage leads to there: of a full, a read-only and a protected one the text is the same.
    """
    error = outcome.error or ""
    cause = cause_of(error)
    storage = facts.storage_of(outcome.storage or "", outcome.node)
    if cause is None or cause.code != "backup_folder_failed" or storage is None or storage.available is None:
        return outcome.error
    if storage.available >= _NO_ROOM:
        return outcome.error
    return f"{error}\nfigures of the storage {storage.storage}: No space left on device"


def _of_guest_run(
    run: Run, guest_run: GuestRun, attribution: Attribution, zone: ZoneInfo | None, storage: str | None
) -> Outcome:
    started = _moment(guest_run.started, zone, run) or run.started
    finished = _moment(guest_run.finished, zone, run)
    if finished is None and guest_run.duration is not None and guest_run.started is not None:
        finished = started + guest_run.duration
    return Outcome(
        vmid=guest_run.vmid,
        upid=run.task.upid,
        node=run.task.node,
        result=_result(run, guest_run),
        started=started,
        finished=finished or _end(run),
        error=guest_run.failure,
        job_id=attribution.job_id,
        confidence=attribution.confidence,
        by_hand=attribution.by_hand,
        guest_type=guest_run.guest_type,
        storage=storage,
        archive=guest_run.archive,
        size=guest_run.size,
        transferred=guest_run.transferred,
        seconds=int(guest_run.duration.total_seconds()) if guest_run.duration is not None else None,
        warnings=tuple(_warnings(guest_run)),
        excluded=tuple(sorted(disk.name for disk in guest_run.exclusions if disk.kind in {"disk", "volume"})),
        pruned=guest_run.pruned or 0,
        changed=_changed(guest_run),
        disks=guest_run.disks_size,
        stopped=guest_run.was_running is False,
    )


def _changed(guest_run: GuestRun) -> int | None:
    """Return what was new on a backup server: after a lost bitmap all is read again, and what the server had is not new.

    What is reused is told to two decimals, so what a bitmap tells is better.
    """
    if not (guest_run.archive or "").startswith(_ON_SERVER):
        return None
    if guest_run.fast_incremental:
        return guest_run.transferred or 0
    if guest_run.reused is None or guest_run.size is None:
        return None
    return max(guest_run.size - guest_run.reused, 0)


def _result(run: Run, guest_run: GuestRun) -> Result:
    if guest_run.archive_removed:
        return Result.FAILED
    if guest_run.result == "failed" and guest_run.archive_complete and guest_run.prune == "failed":
        # The archive was there before the prune that failed.
        return Result.OK
    if guest_run.result == "failed" and is_signal(guest_run.error):
        return Result.CANCELLED
    result = Result(guest_run.result)
    if result is Result.RUNNING and not run.task.running:
        result = Result.INTERRUPTED
    if result is Result.INTERRUPTED and is_signal(run.task.status):
        return Result.CANCELLED
    if result is Result.INTERRUPTED and succeeded(run.task.status):
        # The log's words are new to us, or lines are missing: the archive has to prove it.
        return Result.UNCLEAR
    return result


def _warnings(guest_run: GuestRun) -> Iterable[str]:
    if guest_run.prune == "failed":
        yield "prune_failed"
    if guest_run.no_disks:
        yield "no_disks"
    if guest_run.notes_error:
        yield "notes_failed"
    if guest_run.log_upload_error:
        yield "log_upload_failed"
    if guest_run.freeze == "failed":
        yield "freeze_failed"
    if guest_run.freeze == "skipped" and (guest_run.freeze_detail or "").startswith(_NOT_RUNNING):
        yield "agent_silent"


def _of_task_alone(run: Run, attribution: Attribution, storage: str | None) -> Iterable[Outcome]:
    """Take what a task of a single guest says by itself: its id is the VMID, its status the result."""
    if not run.task.task_id.isdecimal():
        return
    error = None
    if run.task.running:
        if run.log is not None and run.log.waiting_for_lock:
            return
        result = Result.RUNNING
    elif succeeded(run.task.status):
        # The log exists but says nothing of the guest: the status alone proves no backup.
        if run.log is not None:
            return
        result = Result.OK
    elif run.log is None and unclear(run.task.status):
        result = Result.UNCLEAR
    else:
        error = (run.log.error if run.log else None) or run.task.status
        result = Result.CANCELLED if is_signal(run.task.status) else Result.FAILED
        if run.task.status == LOST:
            result = Result.INTERRUPTED
    yield Outcome(
        vmid=int(run.task.task_id),
        upid=run.task.upid,
        node=run.task.node,
        result=result,
        started=run.started,
        finished=_end(run),
        error=error,
        job_id=attribution.job_id,
        confidence=attribution.confidence if run.log is not None else Confidence.TASK,
        by_hand=attribution.by_hand,
        storage=storage,
    )


def _of_the_unreached(
    run: Run,
    attribution: Attribution,
    jobs: list[BackupJob],
    seen: set[int],
    facts: Facts,
    stays: Stays,
    storage: str | None,
) -> Iterable[Outcome]:
    """Take the guests that a job of this run covered on its node and that its log never mentions.

    Who came to the node only since then was not in the run, nor was anybody else in one that bears the number of its guest.
    """
    named = set(run.log.unreached_vmids) if run.log else set()
    alone = int(run.task.task_id) if run.task.task_id.isdecimal() else None
    for guest in sorted(stays.surely_on(run.task.node, run.started), key=attrgetter("vmid")):
        if guest.vmid in seen or alone not in {None, guest.vmid}:
            continue
        covered = any(covers(job, guest, pools_visible=facts.pools_visible) is Coverage.YES for job in jobs)
        if not covered and guest.vmid not in named:
            continue
        yield Outcome(
            vmid=guest.vmid,
            upid=run.task.upid,
            node=run.task.node,
            result=Result.NOT_REACHED,
            started=run.started,
            finished=_end(run),
            error=(run.log.error if run.log else None) or run.task.status,
            job_id=attribution.job_id,
            confidence=attribution.confidence,
            guest_type=guest.guest_type,
            storage=storage,
        )


def _end(run: Run) -> datetime | None:
    """Return when a run ended, None where Proxmox only noticed later that it was gone."""
    return None if run.task.status == LOST else run.ended


def _ended_early(run: Run) -> bool:
    """Tell whether the run broke off: with some guest failed only, it still says so at its regular end."""
    return not succeeded(run.task.status) and not unclear(run.task.status) and run.task.status != "job errors"


def _moment(local: datetime | None, zone: ZoneInfo | None, run: Run) -> datetime | None:
    """Return the moment of a node's local time; of the two in an hour that comes twice, the one within the run."""
    if local is None or zone is None:
        return None
    moment = local.replace(tzinfo=zone)
    if moment.astimezone(UTC) < run.started - timedelta(minutes=1):
        later = moment.replace(fold=1).astimezone(UTC)
        if later >= run.started - timedelta(minutes=1):
            return later
    return moment.astimezone(UTC)
