"""What is remembered of the runs of a server's jobs: their ends, and what their logs tell."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import re
from typing import Final

from ...proxmox.backup_server.logs.garbage_collection_log import GarbageCollectionLog
from ...proxmox.backup_server.logs.prune_log import PruneLog
from ...proxmox.backup_server.logs.sync_records import GroupSync, SkipReason, SyncLog
from ...proxmox.backup_server.logs.verify_log import VerifyFailure, VerifyLog
from ...proxmox.backup_server.task_models import Task
from ..model.run_troubles import RunTrouble, RunTroubleKind
from ..model.server_facts import ServerFacts, TaskLog
from ..model.server_records import ServerHistory, ServerRunRecord
from ..model.subject import Subject
from .clock import ServerClock

OF_JOBS: Final = frozenset({"syncjob", "prunejob", "verificationjob", "garbage_collection", "sync"})
KEPT: Final = timedelta(days=60)
RUNS_PER_JOB: Final = 120
MOST_TROUBLES: Final = 50
_TASKS_KEPT: Final = 200
_WRONG_OWNER: Final = re.compile(r"owner check failed \((\S+) != (\S+)\)")


def remembered_runs(history: ServerHistory, facts: ServerFacts, clock: ServerClock) -> ServerHistory:
    """Return the history with the tasks that have ended, and with what was read of logs."""
    ended = sorted((task for task in facts.tasks if task.ended is not None), key=lambda task: task.ended or 0)
    runs = dict(history.runs)
    for task in ended:
        if task.upid.worker_type in OF_JOBS:
            runs[task.upid.text] = _record(task, facts, clock)
    for upid, log in facts.logs.items():
        if upid in runs:
            runs[upid] = _with_log(runs[upid], log)
    runs = _with_jobs(runs, facts)
    fresh = [task.upid.text for task in reversed(ended)]
    known = set(fresh)
    tasks = (*fresh, *(upid for upid in history.tasks if upid not in known))[:_TASKS_KEPT]
    since = history.tasks_since
    if since is None or not facts.tasks_complete:
        oldest = clock.ours(ended[0].ended or 0) if ended else facts.now
        since = facts.now - KEPT if facts.tasks_complete else oldest
    node = facts.tasks[0].upid.node if facts.tasks else history.node
    return replace(history, runs=_bounded(runs, facts.now), tasks=tasks, tasks_since=since, node=node)


def _record(task: Task, facts: ServerFacts, clock: ServerClock) -> ServerRunRecord:
    return ServerRunRecord(
        upid=task.upid.text,
        started=clock.ours(task.upid.starttime),
        ended=clock.ours(task.ended or task.upid.starttime),
        state=str(task.state) if task.state is not None else "unknown",
        job=job_of(task),
        logged=None if task.upid.text in facts.unread_logs else False,
    )


def job_of(task: Task) -> str | None:
    """Return the job that a task names; that of a prune is not named."""
    work = task.work
    if work is None:
        return None
    match task.upid.worker_type:
        case "syncjob" if work.job:
            return Subject.server_job("sync", work.job).id
        case "verificationjob" if work.job:
            return Subject.server_job("verify", work.job).id
        case "garbage_collection":
            return Subject.server_job("gc", work.store).id
        case _:
            return None


def _with_jobs(runs: dict[str, ServerRunRecord], facts: ServerFacts) -> dict[str, ServerRunRecord]:
    """Name the jobs of prunes: the last run of each is known, and the log names the others'."""
    last = {
        job.status.last_run_upid.text: Subject.server_job("prune", job.job_id).id
        for job in facts.prune_jobs
        if job.status.last_run_upid is not None
    }
    for upid, job in last.items():
        if (run := runs.get(upid)) is not None and run.job != job:
            runs[upid] = replace(run, job=job)
    return runs


def _with_log(run: ServerRunRecord, log: TaskLog | None) -> ServerRunRecord:
    match log:
        case SyncLog():
            troubles = tuple(_of_sync(log))
            groups = [entry.groups for entry in log.namespaces if entry.groups is not None]
            run = replace(
                run,
                groups=sum(groups) if groups else None,
                transferred=None if log.transferred is None else int(log.transferred),
                failed_removals=log.failed_removals,
            )
        case PruneLog():
            troubles = tuple(
                RunTrouble(
                    kind=RunTroubleKind.REMOVAL_FAILED,
                    ns=entry.ns,
                    group=str(entry.snapshot.group),
                    time=entry.snapshot.backup_time,
                    error=entry.error,
                )
                for entry in log.failed
            )
            job = Subject.server_job("prune", log.job_id).id if log.job_id else run.job
            run = replace(run, job=job, keeps_all=log.keeps_all, failed_removals=len(log.failed))
        case VerifyLog():
            troubles = tuple(_of_check(failure) for failure in log.failed)
            run = replace(run, aborted=log.aborted)
        case GarbageCollectionLog():
            troubles = ()
            run = replace(run, freed=None if log.removed_bytes is None else int(log.removed_bytes))
        case _:
            return replace(run, logged=False)
    return replace(run, logged=True, troubles=troubles[:MOST_TROUBLES], trouble_count=len(troubles))


def _of_sync(log: SyncLog) -> Iterable[RunTrouble]:
    if log.refused is not None:
        yield RunTrouble(kind=RunTroubleKind.NAMESPACE_FAILED, ns=None, group="", error=log.refused)
    for entry in log.namespaces:
        if entry.error is not None:
            yield RunTrouble(
                kind=RunTroubleKind.NAMESPACE_FAILED, ns=entry.source_ns, group="", error=entry.error or None
            )
    for group in log.groups:
        if group.incomplete:
            kind = _kind(group)
            yield RunTrouble(kind=kind, ns=group.ns, group=str(group.group), error=group.error or None)


def _kind(group: GroupSync) -> RunTroubleKind:
    if group.not_owned:
        return RunTroubleKind.NOT_OWNED
    if group.error is not None:
        return RunTroubleKind.WRONG_OWNER if _WRONG_OWNER.search(group.error) else RunTroubleKind.SYNC_FAILED
    return RunTroubleKind.UNREADABLE if SkipReason.UNREADABLE in group.skipped else RunTroubleKind.PARTIALLY_ENCRYPTED


def owners_in(error: str | None) -> tuple[str, str] | None:
    """Return as whom a sync ran and to whom the group belongs, where an error tells it."""
    match = _WRONG_OWNER.search(error or "")
    return (match[1], match[2]) if match else None


def _of_check(failure: VerifyFailure) -> RunTrouble:
    return RunTrouble(
        kind=RunTroubleKind.UNFINISHED if failure.unreadable else RunTroubleKind.CORRUPT,
        ns=failure.ns,
        group=str(failure.group),
        time=failure.snapshot.backup_time if failure.snapshot is not None else None,
        error=failure.error,
    )


def _bounded(runs: Mapping[str, ServerRunRecord], now: datetime) -> Mapping[str, ServerRunRecord]:
    """Leave out what is old, and the oldest of a job that runs all day long; of each job the last run that was good is kept."""
    count: dict[str | None, int] = {}
    kept: dict[str, ServerRunRecord] = {}
    good: set[str | None] = set()
    for run in sorted(runs.values(), key=lambda run: run.ended, reverse=True):
        count[run.job] = count.get(run.job, 0) + 1
        newest_good = run.state == "OK" and run.job is not None and run.job not in good
        if newest_good or (run.ended >= now - KEPT and count[run.job] <= RUNS_PER_JOB):
            kept[run.upid] = run
        if run.state == "OK":
            good.add(run.job)
    return kept


def runs_of(job: str, history: ServerHistory) -> list[ServerRunRecord]:
    """Return the finished runs of a job, the one that began last first."""
    return sorted((run for run in history.runs.values() if run.job == job), key=lambda run: run.started, reverse=True)
