"""The judgement of jobs: from the runs of each on every node, and from those that should have been."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import dropwhile, takewhile
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ...proxmox.calendar.event import CalendarEvent
from ...proxmox.calendar.surprises import SurpriseCode
from ...proxmox.vzdump.failure_cause import cause_of
from ..context import Context
from ..jobs.timetable import event_of, has_schedule
from ..model.facts import Blindness
from ..model.labels import job_name
from ..model.outcome import Outcome, succeeded
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict, gravity, unknown
from .doubtful_slots import perhaps_owed
from .job_findings import lock_holder, missing_archives
from .job_in_progress import with_progress
from .job_on_node import on_node
from .job_runs import from_runs, result_of
from .missed_slots import stuck_state
from .promises import is_perhaps_of

_ANNOUNCED: Final = timedelta(days=7)


def judge_job(job: BackupJob, context: Context) -> Verdict:
    """Return the verdict of a job from its runs, its slots and what its state files tell."""
    runs = context.job_runs(job)
    if job.job_id in context.facts.policy.ignored_jobs:
        return Verdict(
            status=Status.IGNORED, problem=False, reason=Reason(ReasonCode.JOB_IGNORED_BY_CHOICE), job_id=job.job_id
        )
    if not job.enabled:
        record = context.job_record(job)
        since = record.disabled_since if record else None
        verdict = Verdict(status=Status.PAUSED, problem=False, reason=Reason(ReasonCode.JOB_IS_DISABLED), since=since)
    else:
        verdict = _settled(job, runs, context)
    verdict = replace(verdict, last_success=_last_success(job, runs, context), job_id=job.job_id)
    if job.enabled and (skipped := _skipped_slot(job, context)) is not None:
        verdict = replace(verdict, findings=(*verdict.findings, skipped))
    if job.enabled and verdict.status in GOOD and (missing := missing_archives(job, context)) is not None:
        verdict = replace(verdict, status=Status.WARNING, reason=missing, findings=(missing, *verdict.findings))
    if (holder := lock_holder(verdict, context)) is not None:
        verdict = replace(verdict, findings=(*verdict.findings, holder))
    if verdict.status is Status.WARNING and context.facts.policy.warnings_are_problems:
        verdict = replace(verdict, problem=True)
    return with_progress(job, verdict, context)


def _last_success(job: BackupJob, runs: Sequence[RunRecord], context: Context) -> datetime | None:
    """Return up to when a job was good on all its nodes: where one fails, the good runs of others prove nothing."""
    nodes = context.nodes_of(job) & {run.node for run in runs}
    wanted = max(1, len(nodes))
    good: dict[str, datetime] = {}
    for run in runs:
        if len(good) == wanted:
            break
        if run.ended is None or run.node in good or (nodes and run.node not in nodes):
            continue
        if run.outcomes and result_of(run, context).status in GOOD:
            good[run.node] = run.ended
    return min(good.values()) if len(good) == wanted else None


def _skipped_slot(job: BackupJob, context: Context) -> Reason | None:
    """Announce a slot of the next days that a clock change will skip: Proxmox does not make up for it."""
    event = event_of(job)
    zones = {context.facts.zone_of(guest.node) for guest in context.covered_guests(job)}
    for zone in sorted((zone for zone in zones if zone is not None), key=str):
        today = context.facts.now.astimezone(zone).date()
        skipped = _next_skipped(event, today, zone) if event is not None else None
        if skipped is not None and skipped[0] - today <= _ANNOUNCED:
            values = {"date": skipped[0].isoformat(), "time": skipped[1], "zone": str(zone)}
            return Reason(ReasonCode.SLOT_SKIPPED_BY_CLOCK_CHANGE, values)
    return None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


@lru_cache(maxsize=1024)
def _next_skipped(event: CalendarEvent, today: date, zone: ZoneInfo) -> tuple[date, str] | None:
    """Return day and time of the next slot that a clock change skips."""
    for surprise in event.surprises(_midnight(today, zone)):
        if surprise.code is SurpriseCode.SWALLOWED_BY_CLOCK_CHANGE:
            return date.fromisoformat(str(surprise.values["date"])), str(surprise.values["time"])
    return None


def _settled(job: BackupJob, runs: tuple[RunRecord, ...], context: Context) -> Verdict:
    if (blindness := _unread(job, context)) is not None:
        return unknown(blindness)
    if stuck := stuck_state(job, None, context.facts, runs):
        code = ReasonCode.JOB_COULD_NOT_START if stuck.error is None else ReasonCode.JOB_STATE_UNREADABLE
        error = stuck.error or (stuck.message or "").strip()
        return Verdict(
            status=Status.FAILED,
            problem=True,
            reason=Reason(code, {"node": stuck.node, "error": error}),
            since=stuck.updated,
            confidence=Confidence.EXACT,
            failures=1,
            error=error,
            cause=cause_of(error),
            trace={"rule": "job_state_file", "node": stuck.node},
        )
    if (refusal := context.facts.unresolved.get(job.job_id)) is not None and "does not exist" in refusal:
        reason = Reason(ReasonCode.JOB_CANNOT_START, {"error": refusal})
        return Verdict(status=Status.FAILED, problem=True, reason=reason, error=refusal, trace={"rule": "unresolved"})
    if not has_schedule(job):
        return Verdict(status=Status.WARNING, problem=False, reason=Reason(ReasonCode.JOB_NEVER_RUNS_BY_ITSELF))
    if event_of(job) is None:
        return replace(
            unknown(ReasonCode.SCHEDULE_UNREADABLE, job=job_name(job), schedule=job.schedule or ""),
            trace={"rule": "schedule"},
        )
    verdicts = [on_node(job, node, context) for node in _nodes_that_owe(job, runs, context)]
    verdicts += _not_made_good(job, runs, context)
    if not verdicts:
        return _nothing_to_do(job, context)
    worst = min(verdicts, key=lambda verdict: gravity(verdict.status))
    upcoming = [verdict.next_due for verdict in verdicts if verdict.next_due is not None]
    evidence = tuple(upid for verdict in verdicts for upid in verdict.evidence)
    if worst.status in {*GOOD, Status.PENDING}:
        worst = _perhaps_owed(job, context) or _unseen_guests(job, context) or worst
    return replace(worst, next_due=min(upcoming, default=None), evidence=evidence)


def _perhaps_owed(job: BackupJob, context: Context) -> Verdict | None:
    """Return that a job may owe one of its guests a slot that nobody saw come."""
    for guest in context.covered_guests(job):
        if not context.is_ignored(guest):
            newest = _newest_own(job, guest, context)
            if (found := perhaps_owed(guest, job, newest, context)) is not None:
                return found
    return None


def _unseen_guests(job: BackupJob, context: Context) -> Verdict | None:
    """Return that a job owes guests which the token may no longer see: where they are, and what became of them, is not known."""
    if any(job.job_id in guest.covered_since for guest in context.hidden_guests):
        return unknown(ReasonCode.JOB_GUESTS_HIDDEN)
    return None


def _unread(job: BackupJob, context: Context) -> Blindness | None:
    """Return why it is not known any more what a job promises; None where it is."""
    facts = context.facts
    if facts.jobs_blindness is not None:
        return facts.jobs_blindness
    read = facts.unread_jobs.get(job.job_id, facts.now)
    return Blindness.JOBS_UNREADABLE if read is None or facts.now - read >= facts.policy.blind_limit else None


def _nodes_that_owe(job: BackupJob, runs: tuple[RunRecord, ...], context: Context) -> list[str]:
    """Return the nodes on which a slot has work to do: those with a guest of the job.

    A number without a guest makes the job fail on every node (PVE/VZDump.pm, get_included_guests), so the nodes on which
    the newest slot failed count too, and those where such a number failed last.
    """
    nodes = {guest.node for guest in context.covered_guests(job)}
    if context.facts.guests_complete:
        gone = set(job.vmids) - context.present
        newest_on = {run.node: run for run in reversed(runs) if run.job_id == job.job_id}
        nodes |= {
            node
            for node, run in newest_on.items()
            if any(outcome.vmid in gone and outcome.result.is_bad for outcome in run.outcomes)
        }
    if runs:
        newest = runs[0].started
        nodes |= {
            run.node
            for run in takewhile(lambda run: newest - run.started <= timedelta(hours=3), runs)
            if not succeeded(run.status) and run.job_id == job.job_id
        }
    return sorted(nodes)


def _newest_own(job: BackupJob, guest: Guest, context: Context) -> Outcome | None:
    """Return what the job's own newest run did for a guest since it owes it anything, on whatever node."""
    floor = context.owed_since(job, guest)
    outcomes = context.outcomes(guest)
    own = (one for one in outcomes if one.job_id == job.job_id or is_perhaps_of(one, job, context))
    newest = next(own, None)
    return None if newest is None or (floor is not None and newest.started < floor) else newest


def _nothing_to_do(job: BackupJob, context: Context) -> Verdict:
    if not context.facts.guests_visible:
        return unknown(ReasonCode.JOB_GUESTS_HIDDEN)
    if not context.facts.guests_complete:
        return unknown(Blindness.NODE_UNREACHABLE, node=", ".join(_blind_nodes(context)))
    if job.pool is not None and not context.facts.pools_visible:
        return unknown(Blindness.POOLS_HIDDEN)
    return Verdict(status=Status.WARNING, problem=False, reason=Reason(ReasonCode.JOB_WITHOUT_GUESTS))


def _blind_nodes(context: Context) -> list[str]:
    return sorted(node.name for node in context.facts.nodes.values() if node.blindness is not None)


def _not_made_good(job: BackupJob, runs: Sequence[RunRecord], context: Context) -> Iterator[Verdict]:
    """Return what earlier runs of a job say of guests that failed in them and to which it has not come since.

    They have left the node, or the newest run there has passed them over: what it did for others makes nothing good.
    """
    newest_on = {run.node: run.upid for run in reversed(runs)}
    upids = dict.fromkeys(
        newest.upid
        for guest in context.covered_guests(job)
        if not context.is_ignored(guest)
        and (newest := _newest_own(job, guest, context)) is not None
        and newest.result.is_bad
        and (newest.node != guest.node or newest_on.get(newest.node) != newest.upid)
    )
    for upid in upids:
        there = list(dropwhile(lambda run, upid=upid: run.upid != upid, runs))  # type: ignore[misc]
        on_node = [run for run in there if run.node == there[0].node]
        if on_node:
            yield from_runs(on_node, context, context.timetable(job, on_node[0].node), context.owed_since(job))
