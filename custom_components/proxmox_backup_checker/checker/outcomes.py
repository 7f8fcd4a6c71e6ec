"""What each run did for each guest, whether the guest appears in its log or not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ..proxmox.backup_models import BackupJob
from ..proxmox.vzdump_log import GuestRun
from .attribution import Attribution
from .coverage import Coverage, covers
from .facts import Facts, Run
from .verdict import Confidence


class Result(StrEnum):
    """How a run ended for a guest."""

    OK = "ok"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    NOT_REACHED = "not_reached"
    RUNNING = "running"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One guest in one run; `finished` is the best known end.

    `job_id` is None for a run `by_hand`, and for one of the scheduler whose job cannot be told. `size` and `transferred` in
    bytes, `seconds` the guest's own share of the run, `archive` the name or path that the log shows; None where not known.
    `warnings` are the codes of what went wrong beside a good backup, such as `prune_failed`.
    """

    vmid: int
    upid: str
    node: str
    result: Result
    started: datetime
    finished: datetime | None
    error: str | None
    job_id: str | None
    confidence: Confidence
    by_hand: bool = False
    guest_type: str | None = None
    storage: str | None = None
    archive: str | None = None
    size: int | None = None
    transferred: int | None = None
    seconds: int | None = None
    warnings: tuple[str, ...] = ()


def outcomes_by_guest(facts: Facts, attributions: Mapping[str, Attribution]) -> dict[int, tuple[Outcome, ...]]:
    """Return every guest's outcomes, newest first."""
    jobs = {job.job_id: job for job in facts.jobs or ()}
    found: dict[int, list[Outcome]] = {}
    for run in facts.runs:
        attribution = attributions[run.task.upid]
        possible = [jobs[job_id] for job_id in (attribution.job_id, *attribution.candidates) if job_id in jobs]
        for outcome in _of_run(run, attribution, possible, facts):
            found.setdefault(outcome.vmid, []).append(outcome)
    return {
        vmid: tuple(sorted(outcomes, key=lambda outcome: outcome.started, reverse=True))
        for vmid, outcomes in found.items()
    }


def _of_run(run: Run, attribution: Attribution, jobs: list[BackupJob], facts: Facts) -> Iterable[Outcome]:
    guest_runs = run.log.guests if run.log else ()
    zone = facts.zone_of(run.task.node)
    types = {guest.vmid: guest.guest_type for guest in facts.guests}
    for guest_run in guest_runs:
        # A VMID that was used again for a guest of the other type has nothing of the old guest's backups.
        if guest_run.guest_type and types.get(guest_run.vmid, guest_run.guest_type) != guest_run.guest_type:
            continue
        yield _of_guest_run(run, guest_run, attribution, zone)
    if run.log is None or not guest_runs:
        yield from _of_task_alone(run, attribution)
    if not run.task.running and _ended_early(run):
        seen = {guest_run.vmid for guest_run in guest_runs} | (
            {int(run.task.task_id)} if run.task.task_id.isdecimal() else set()
        )
        yield from _of_the_unreached(run, attribution, jobs, seen, facts)


def _of_guest_run(run: Run, guest_run: GuestRun, attribution: Attribution, zone: ZoneInfo | None) -> Outcome:
    result = Result(guest_run.result)
    if result is Result.RUNNING and not run.task.running:
        result = Result.INTERRUPTED
    started = _moment(guest_run.started, zone, run) or run.started
    finished = _moment(guest_run.finished, zone, run)
    if finished is None and guest_run.duration is not None and guest_run.started is not None:
        finished = started + guest_run.duration
    return Outcome(
        vmid=guest_run.vmid,
        upid=run.task.upid,
        node=run.task.node,
        result=result,
        started=started,
        finished=finished or run.ended,
        error=guest_run.error,
        job_id=attribution.job_id,
        confidence=attribution.confidence,
        by_hand=attribution.by_hand,
    )


def _of_task_alone(run: Run, attribution: Attribution) -> Iterable[Outcome]:
    """Take what a task of a single guest says by itself: its id is the VMID, its status the result."""
    if not run.task.task_id.isdecimal():
        return
    if run.task.running:
        result = Result.RUNNING
    elif succeeded(run.task.status):
        # The log exists but says nothing of the guest: the status alone proves no backup.
        if run.log is not None:
            return
        result = Result.OK
    else:
        result = Result.FAILED
    yield Outcome(
        vmid=int(run.task.task_id),
        upid=run.task.upid,
        node=run.task.node,
        result=result,
        started=run.started,
        finished=run.ended,
        error=None if succeeded(run.task.status) else (run.log.error if run.log else None) or run.task.status,
        job_id=attribution.job_id,
        confidence=attribution.confidence if run.log is not None else Confidence.TASK,
        by_hand=attribution.by_hand,
    )


def _of_the_unreached(
    run: Run, attribution: Attribution, jobs: list[BackupJob], seen: set[int], facts: Facts
) -> Iterable[Outcome]:
    """Take the guests that a job of this run covers on this node and that its log never mentions."""
    for guest in facts.guests:
        if guest.vmid in seen or guest.node != run.task.node:
            continue
        if not any(covers(job, guest, pools_visible=facts.pools_visible) is Coverage.YES for job in jobs):
            continue
        yield Outcome(
            vmid=guest.vmid,
            upid=run.task.upid,
            node=run.task.node,
            result=Result.NOT_REACHED,
            started=run.started,
            finished=run.ended,
            error=(run.log.error if run.log else None) or run.task.status,
            job_id=attribution.job_id,
            confidence=attribution.confidence,
        )


def succeeded(status: str | None) -> bool:
    """Tell whether a task's status is none of an error (PVE/Tools.pm, upid_status_is_error)."""
    return status is not None and (status.upper() == "OK" or status.upper().startswith("WARNINGS:"))


def _ended_early(run: Run) -> bool:
    """Tell whether the run broke off: with some guest failed only, it still says so at its regular end."""
    return not succeeded(run.task.status) and run.task.status != "job errors"


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
