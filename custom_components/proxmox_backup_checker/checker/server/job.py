"""The judgement of the jobs of a backup server: by what the server itself says was due, and by what came of the last run.

The server shows a next run in the past where a run is due and was not started, so that nothing has to be guessed. Of a datastore
that cannot be written, runs of all kinds but syncs are left out in silence, and caught up later.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.backup_server.datastore_models import MountStatus
from ...proxmox.backup_server.task_models import Task
from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ...proxmox.calendar.event import CalendarEvent
from ..model.labels import duration_text
from ..model.reason_codes import ReasonCode
from ..model.server_records import ServerRunRecord
from ..model.subject import Subject
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown, with_values
from .clock import middle_of
from .context import AFTER_RETURN, ServerContext, unreadable_since
from .job_facts import TOPICS, JobFacts
from .outcome import judge_outcome
from .store_memory import LATE
from .windows import due_by_window

_LONG: Final = timedelta(hours=12)
_TIMES_LONGER: Final = 3
_FEWEST_RUNS: Final = 3
_RUNS_LOOKED_AT: Final = 3
_GOOD: Final = frozenset({TaskResult.OK, TaskResult.WARNING})


def judge_job(job: JobFacts, context: ServerContext) -> Verdict:
    """Return the verdict of a job."""
    if job.id in context.facts.hidden_jobs:
        return unknown(ReasonCode.PBSJOB_HIDDEN)
    running = _running(job, context)
    verdict = _at_rest(job, context, running)
    verdict = with_values(verdict, last_success=_last_success(job, context), next_due=_next_due(job, context))
    verdict = _with_findings(verdict, job, context)
    if running is None or verdict.status is Status.PAUSED:
        return verdict
    return replace(verdict, status=Status.RUNNING, under_run=verdict.status)


def judge_unseen_job(job: Subject, context: ServerContext) -> Verdict:
    """Return the verdict of a job of which no more is known than that it was there."""
    said = context.facts.unread.get(TOPICS[job.id.partition("_")[0]])
    if said is not None:
        return unknown(ReasonCode.PBSJOB_LIST_UNREADABLE, said=said)
    return unknown(ReasonCode.PBSJOB_HIDDEN)


def running_task(job: JobFacts, context: ServerContext) -> Task | None:
    """Return the run that is going on."""
    return next((task for task in context.running.values() if job.is_about(task)), None)


def _running(job: JobFacts, context: ServerContext) -> datetime | None:
    """Return when the run began that is going on."""
    task = running_task(job, context)
    if task is not None:
        return context.clock.ours(task.upid.starttime)
    upid = job.status.last_run_upid
    sees_tasks = context.facts.permissions.has("/system/tasks", "Sys.Audit")
    if job.status.running and upid is not None and not sees_tasks:
        return context.clock.ours(upid.starttime)
    return None


def _at_rest(job: JobFacts, context: ServerContext, running: datetime | None) -> Verdict:
    """Return the verdict apart from a run that is going on."""
    if job.disabled:
        since = context.history.jobs[job.id].disabled_since if job.id in context.history.jobs else None
        return Verdict(status=Status.PAUSED, problem=False, reason=Reason(ReasonCode.PBSJOB_DISABLED), since=since)
    since_unread = context.history.unread_parts.get(job.topic)
    if since_unread is not None and context.now - since_unread >= AFTER_RETURN:
        verdict = unknown(ReasonCode.PBSJOB_LIST_UNREADABLE, said=context.facts.unread.get(job.topic, ""))
        return replace(verdict, since=since_unread)
    found = context.store(job.store)
    unreadable = unreadable_since(found, context) if found is not None else None
    if unreadable is not None and job.kind != "sync":
        verdict = unknown(ReasonCode.STORE_UNREADABLE, store=job.store, since=unreadable)
        return replace(verdict, since=unreadable)
    if running is None and since_unread is None and (overdue := _overdue(job, context)) is not None:
        return overdue
    last = _last(job, context)
    if last is None:
        return _never_ran(job, context, running)
    return judge_outcome(job, last, context)


def due_since(job: JobFacts, context: ServerContext) -> datetime | None:
    """Return since when a run is due that has not begun, once it ought to have."""
    due = job.status.next_run
    if due is None or job.disabled or never_starts(job, context):
        return None
    moment = context.clock.ours(due)
    if context.now - moment <= LATE or running_task(job, context) is not None:
        return None
    return moment


def never_starts(job: JobFacts, context: ServerContext) -> bool:
    """Tell whether the server shows a next run that it will not start: before 4.2.3 that of a prune without any rule."""
    keep = getattr(job.job, "keep", None)
    return keep is not None and keep.keeps_everything and context.facts.version.release < (4, 2, 3)


def _overdue(job: JobFacts, context: ServerContext) -> Verdict | None:
    moment = due_since(job, context)
    if moment is None:
        return None
    found = context.store(job.store)
    if job.kind != "sync" and found is not None:
        # A sync of such a datastore is started, and fails for everybody to see.
        if found.datastore.mount_status is MountStatus.NOT_MOUNTED:
            reason = Reason(ReasonCode.PBSJOB_STORE_ASLEEP, {"store": job.store})
            return Verdict(status=Status.ASLEEP, problem=False, reason=reason, since=moment)
        if found.datastore.maintenance is not None:
            reason = Reason(ReasonCode.PBSJOB_STORE_IN_MAINTENANCE, {"store": job.store})
            return Verdict(status=Status.PAUSED, problem=False, reason=reason, since=moment)
    if not _is_late(job, moment, context):
        return None
    reason = Reason(ReasonCode.PBSJOB_OVERDUE, {"due": moment})
    trace = {"rule": "overdue", "next_run": moment.isoformat()}
    return Verdict(
        status=Status.OVERDUE,
        problem=True,
        reason=reason,
        since=moment,
        failures=1,
        confidence=Confidence.EXACT,
        trace=trace,
    )


def _is_late(job: JobFacts, due: datetime, context: ServerContext) -> bool:
    """Tell whether a run that is due ought to have begun, since the server and the datastore were there for it."""
    back = context.history.back_since
    if back is not None and context.now - back < AFTER_RETURN:
        return False
    record = context.record(job.store)
    if record.back_since is not None:
        patience = AFTER_RETURN if record.was_away else LATE
        if context.now - record.back_since < patience:
            return False
    return due_by_window(due, context)


def _last(job: JobFacts, context: ServerContext) -> ServerRunRecord | None:
    """Return the last finished run: as its own answer has it, with what its log told."""
    status, runs = job.status, context.runs.get(job.id, [])
    upid = status.last_run_upid
    if upid is not None and status.last_run_state is not None:
        known = context.history.runs.get(upid.text)
        if known is not None and (not runs or runs[0].started <= known.started):
            return known
        if runs and runs[0].started > context.clock.ours(upid.starttime):
            return runs[0]
        ended = status.last_run_endtime or upid.starttime
        return ServerRunRecord(
            upid=upid.text,
            started=context.clock.ours(upid.starttime),
            ended=context.clock.ours(ended),
            state=str(status.last_run_state),
            job=job.id,
            logged=False,
        )
    if runs:
        return runs[0]
    return _of_collection(job, context)


def _of_collection(job: JobFacts, context: ServerContext) -> ServerRunRecord | None:
    """Return the last run of a garbage collection whose task is no longer known."""
    good = getattr(job.job, "good_upid", None)
    status = job.status
    if good is None or status.last_run_state is None:
        return None
    ended = context.clock.ours(status.last_run_endtime or good.starttime)
    started = context.clock.ours(good.starttime) if status.last_run_state.result is TaskResult.OK else ended
    return ServerRunRecord(
        upid=good.text, started=started, ended=ended, state=str(status.last_run_state), job=job.id, logged=False
    )


def last_run(job: JobFacts, context: ServerContext) -> ServerRunRecord | None:
    """Return the last finished run."""
    return _last(job, context)


def _never_ran(job: JobFacts, context: ServerContext, running: datetime | None) -> Verdict:
    if running is not None:
        return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.PBSJOB_FIRST_RUN_IN_PROGRESS))
    if never_starts(job, context):
        return Verdict(status=Status.WARNING, problem=False, reason=Reason(ReasonCode.PRUNE_KEEPS_EVERYTHING))
    if job.schedule is None:
        return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.PBSJOB_MANUAL_NEVER_RAN))
    sees_tasks = context.facts.permissions.has("/system/tasks", "Sys.Audit")
    if job.status.next_run is None or (job.kind == "gc" and not sees_tasks):
        # The answer for a garbage collection that never succeeded is silent on those that failed.
        return unknown(ReasonCode.PBSJOB_STATE_UNKNOWN)
    reason = Reason(ReasonCode.PBSJOB_FIRST_RUN_NOT_DUE, {"due": context.clock.ours(job.status.next_run)})
    return Verdict(status=Status.PENDING, problem=False, reason=reason, confidence=Confidence.EXACT)


def _last_success(job: JobFacts, context: ServerContext) -> datetime | None:
    status = job.status
    known = [run.ended for run in context.runs.get(job.id, []) if TaskState.shown(run.state).result in _GOOD]
    if status.last_run_state is not None and status.last_run_state.result in _GOOD and status.last_run_endtime:
        known.append(context.clock.ours(status.last_run_endtime))
    good = getattr(job.job, "good_upid", None)
    if good is not None and not known:
        known.append(context.clock.ours(good.starttime))
    return max(known, default=None)


def _next_due(job: JobFacts, context: ServerContext) -> datetime | None:
    due = job.status.next_run
    if due is None or job.disabled or never_starts(job, context):
        return None
    moment = context.clock.ours(due)
    return moment if moment > context.now else None


def _with_findings(verdict: Verdict, job: JobFacts, context: ServerContext) -> Verdict:
    findings = [*verdict.findings]
    if (late := _ran_late(job, context)) is not None:
        findings.append(late)
    if (task := running_task(job, context)) is not None and (slow := _runs_long(job, task, context)) is not None:
        findings.append(slow)
    if (longer := _longer_than_interval(job, context)) is not None:
        findings.append(longer)
    return with_values(verdict, findings=tuple(findings)) if len(findings) > len(verdict.findings) else verdict


def _ran_late(job: JobFacts, context: ServerContext) -> Reason | None:
    record = context.history.jobs.get(job.id)
    upid = job.status.last_run_upid
    if record is None or record.late_from is None or upid is None or record.last_upid != upid.text:
        return None
    started = context.clock.ours(upid.starttime)
    return Reason(ReasonCode.PBSJOB_RAN_LATE, {"due": context.clock.ours(record.late_from), "started": started})


def _runs_long(job: JobFacts, task: Task, context: ServerContext) -> Reason | None:
    """Tell of a run that has been going on for far longer than usual; the first copy of everything may take days."""
    lasted = context.now - context.clock.ours(task.upid.starttime)
    usual = [run.ended - run.started for run in context.runs.get(job.id, [])]
    if len(usual) < _FEWEST_RUNS or lasted <= max(_LONG, _TIMES_LONGER * middle_of(usual)):
        return None
    return Reason(
        ReasonCode.PBSJOB_RUNS_LONG, {"duration": duration_text(lasted), "usual": duration_text(middle_of(usual))}
    )


def _longer_than_interval(job: JobFacts, context: ServerContext) -> Reason | None:
    """Tell of a job one of whose last runs took longer than the time between two of them."""
    if not job.schedule:
        return None
    try:
        event = CalendarEvent.parse(job.schedule)
    except ValueError:
        return None
    for run in context.runs.get(job.id, [])[:_RUNS_LOOKED_AT]:
        first = event.next_after(context.clock.local(run.started))
        second = event.next_after(first) if first is not None else None
        if first is not None and second is not None and run.ended - run.started > second - first:
            return Reason(ReasonCode.PBSJOB_LONGER_THAN_INTERVAL, {"duration": duration_text(run.ended - run.started)})
    return None
