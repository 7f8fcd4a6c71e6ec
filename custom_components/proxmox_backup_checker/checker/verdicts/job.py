"""The judgement of jobs: from the runs of each on every node, and from those that should have been."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ...proxmox.calendar.event import CalendarEvent
from ...proxmox.calendar.surprises import SurpriseCode
from ...proxmox.vzdump.failure_cause import Cause, cause_of
from ..context import Context
from ..jobs.timetable import Timetable, event_of, has_schedule
from ..model.facts import Blindness
from ..model.labels import job_name, labels_of_guests
from ..model.outcome import Result, succeeded
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict, gravity, unknown
from ..runs.run_summary import RunResult, is_empty, result_of_run
from .job_findings import lock_holder, missing_archives
from .missed_slots import expected_off, explain_miss, stuck_state
from .promises import counted_from, failing, kept_by_archives
from .runs_in_progress import excused_since, hanging

_ANNOUNCED: Final = timedelta(days=7)
_SLOW_FACTOR: Final = 3
_SLOW_LEAST: Final = timedelta(minutes=30)


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
    return _with_progress(job, verdict, context)


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
        if run.outcomes and _result(run, context).status in GOOD:
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


def _with_progress(job: BackupJob, verdict: Verdict, context: Context) -> Verdict:
    """Lay a run in progress over the verdict, and say where it takes too long or where guests have failed already."""
    nodes = {node for node in context.facts.nodes if context.going_on(job, node)}
    going_on = [run for node in sorted(nodes) for run in context.going_on(job, node)]
    if not going_on:
        return verdict
    before = verdict.status
    if job.enabled and verdict.status is not Status.FAILED and (hung := _hung(job, nodes, context)) is not None:
        verdict = replace(verdict, problem=True, reason=hung, findings=(hung, *verdict.findings))
    elif job.enabled and verdict.status in {Status.OK, Status.WARNING, Status.PENDING}:
        if (slow := _too_slow(job, going_on, context)) is not None:
            verdict = replace(verdict, reason=slow, findings=(slow, *verdict.findings))
        elif verdict.status is Status.PENDING:
            verdict = replace(verdict, reason=Reason(ReasonCode.JOB_FIRST_RUN_IN_PROGRESS, {"node": going_on[0].node}))
    if (failed := _failed_so_far(going_on, context)) is not None:
        verdict = replace(verdict, findings=(failed, *verdict.findings))
    if all("waiting_for_lock" in run.notes for run in going_on):
        return replace(verdict, status=Status.WAITING, under_run=before)
    return replace(verdict, status=Status.RUNNING, under_run=before)


def _failed_so_far(going_on: Iterable[RunRecord], context: Context) -> Reason | None:
    """Return which guests have failed in runs that go on."""
    bad = [
        outcome for run in going_on for outcome in run.outcomes if outcome.result in {Result.FAILED, Result.CANCELLED}
    ]
    if not bad:
        return None
    names = ", ".join(labels_of_guests([outcome.vmid for outcome in bad], context.history.guests))
    return Reason(ReasonCode.RUN_IN_PROGRESS_WITH_FAILURES, {"node": bad[0].node, "guests": names})


def _hung(job: BackupJob, nodes: Iterable[str], context: Context) -> Reason | None:
    """Return that a run goes on for so long that it will hardly end."""
    for node in sorted(nodes):
        if (run := hanging(job, node, context)) is not None:
            hours, usual = _hours(context.node_now(node) - run.started), _hours(context.usual_duration(job))
            return Reason(ReasonCode.RUN_HANGS, {"node": node, "hours": hours, "usual": usual})
    return None


def _too_slow(job: BackupJob, going_on: Iterable[RunRecord], context: Context) -> Reason | None:
    for run in going_on:
        elapsed = context.node_now(run.node) - run.started
        table = context.timetable(job, run.node)
        if table is not None and (following := table.event.next_after(run.started.astimezone(table.zone))) is not None:
            if following.timestamp() < context.node_now(run.node).timestamp() - 60:
                return Reason(ReasonCode.RUN_LONGER_THAN_INTERVAL, {"node": run.node, "hours": _hours(elapsed)})
        typical = context.typical_duration(job)
        if typical is not None and elapsed > max(_SLOW_FACTOR * typical, _SLOW_LEAST):
            return Reason(ReasonCode.RUN_SLOW, {"node": run.node, "hours": _hours(elapsed)})
    return None


def _hours(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    return f"{minutes // 60}:{minutes % 60:02}"


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
    verdicts = [_on_node(job, node, context) for node in _nodes_that_owe(job, runs, context)]
    if not verdicts:
        return _nothing_to_do(job, context)
    worst = min(verdicts, key=lambda verdict: gravity(verdict.status))
    upcoming = [verdict.next_due for verdict in verdicts if verdict.next_due is not None]
    evidence = tuple(upid for verdict in verdicts for upid in verdict.evidence)
    return replace(worst, next_due=min(upcoming, default=None), evidence=evidence)


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
    the newest slot failed count too.
    """
    nodes = {guest.node for guest in context.covered_guests(job)}
    if runs:
        newest = runs[0].started
        nodes |= {
            run.node
            for run in runs
            if newest - run.started <= timedelta(hours=3) and not succeeded(run.status) and run.job_id == job.job_id
        }
    return sorted(nodes)


def _nothing_to_do(job: BackupJob, context: Context) -> Verdict:
    if not context.facts.guests_complete:
        return unknown(Blindness.NODE_UNREACHABLE, node=", ".join(_blind_nodes(context)))
    if job.pool is not None and not context.facts.pools_visible:
        return unknown(Blindness.POOLS_HIDDEN)
    return Verdict(status=Status.WARNING, problem=False, reason=Reason(ReasonCode.JOB_WITHOUT_GUESTS))


def _blind_nodes(context: Context) -> list[str]:
    return sorted(node.name for node in context.facts.nodes.values() if node.blindness is not None)


def _on_node(job: BackupJob, node: str, context: Context) -> Verdict:
    """Judge a job on one node, by its own runs there."""
    runs = [run for run in context.job_runs(job) if run.node == node and _is_of(run, job, context)]
    table = context.timetable(job, node)
    if table is None:
        return _from_runs(runs, context) if runs else unknown(Blindness.NODE_UNREACHABLE, node=node)
    floor = context.owed_since(job)
    excused = excused_since(job, node, context)
    due = table.due if excused is None else table.due_at(excused)
    if due is not None and floor is not None and due < floor:
        due = None
    guests = [guest for guest in context.covered_guests(job) if guest.node == node]
    owed = guests if due is None else [guest for guest in guests if _is_owed(job, guest, due, table, context)]
    if guests and not owed:
        # The guests have come to the node since, or into the job: it owes them nothing yet.
        due = None
    newest = runs[0] if runs else None
    if newest is not None and (
        table.serves(newest.started, due) if due is not None else _is_recent(newest, table, owed)
    ):
        verdict = _from_runs(runs, context, table, floor)
    elif due is None:
        verdict = Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.JOB_FIRST_RUN_NOT_DUE))
    else:
        verdict = _missed(job, node, runs, owed, table, due, floor, context)
    trace = {"node": node, "due_slot": due.isoformat() if due else "", "allowance": str(table.allowance)}
    return replace(verdict, next_due=table.following, trace={**trace, **verdict.trace})


def _is_of(run: RunRecord, job: BackupJob, context: Context) -> bool:
    """Tell whether a run says something of a job: one that may have been another's does, unless the job has its own."""
    if is_empty(run):
        return False
    return run.job_id == job.job_id or not context.has_run_for_the_slot_of(run, job)


def _is_recent(newest: RunRecord, table: Timetable, owed: Sequence[Guest]) -> bool:
    """Tell whether the newest run still says something where no slot is due: it may be of guests that left long ago."""
    return bool(owed) or table.due is None or table.serves(newest.started, table.due)


def _is_owed(job: BackupJob, guest: Guest, due: datetime, table: Timetable, context: Context) -> bool:
    """Tell whether a guest was in the job and on its node when a slot came, and has not been served on another node."""
    floor, record = context.owed_since(job, guest), context.guest_record(guest)
    node = context.node(guest.node)
    skew = node.skew if node is not None else timedelta()
    moved = record.moved if record is not None else None
    if (floor is not None and floor > due) or (moved is not None and moved + skew > due):
        return False
    return not any(
        outcome.job_id == job.job_id and outcome.node != guest.node
        for outcome in takewhile(lambda outcome: table.serves(outcome.started, due), context.outcomes(guest))
    )


def _missed(
    job: BackupJob,
    node: str,
    runs: list[RunRecord],
    guests: Sequence[Guest],
    table: Timetable,
    due: datetime,
    floor: datetime | None,
    context: Context,
) -> Verdict:
    """Judge a slot whose time is up and that no known run of the node has served."""
    facts = context.node(node)
    kept = [kept_by_archives(guest, job, due, table, context) for guest in guests]
    if kept and all(verdict is not None and verdict.status is Status.OK for verdict in kept):
        reason = Reason(ReasonCode.JOB_ARCHIVES_FOUND)
        return Verdict(status=Status.OK, problem=False, reason=reason, confidence=Confidence.ARTIFACT)
    off = facts is not None and not facts.online and context.is_fresh
    if not context.is_seen(node, table.deadline(due)) and not off:
        if facts is not None and facts.blindness is not None:
            return unknown(facts.blindness, node=node)
        return unknown(ReasonCode.CANNOT_VERIFY, since=context.facts.read_at or context.facts.now)
    proven = [
        context.are_runs_known(guest, due, table.deadline(due), job)
        or context.is_absence_proven(guest, context.facts.storage_name(table.storage_at(due), node), due)
        for guest in guests
    ]
    if guests and not any(proven):
        return unknown(ReasonCode.JOB_NO_RUN_SEEN)
    if not guests and not runs and (context.history.began is None or context.history.began > due):
        return unknown(ReasonCode.JOB_NO_RUN_SEEN)
    miss = explain_miss(guests[0], job, due, table, context) if guests else None
    if miss is not None and expected_off(node, miss, context.facts.policy):
        reason = Reason(ReasonCode.NODE_EXPECTED_OFFLINE, miss.reason.values)
        return Verdict(status=Status.PENDING, problem=False, reason=reason, confidence=Confidence.SCHEDULED)
    verdict = Verdict(
        status=Status.OVERDUE,
        problem=True,
        reason=miss.reason
        if miss
        else Reason(ReasonCode.RUN_MISSED, {"node": node, "slot": due, "job": job_name(job)}),
        since=table.deadline(due),
        confidence=Confidence.SCHEDULED,
        failures=1,
        trace={"rule": "missed_slot", "slot": due.isoformat()},
    )
    return _with_failures(verdict, runs, table, counted_from(floor, runs, context), context)


def _from_runs(
    runs: list[RunRecord], context: Context, table: Timetable | None = None, floor: datetime | None = None
) -> Verdict:
    """Return the verdict that a node's newest run gives."""
    run = runs[0]
    result = _result(run, context)
    status, code, error = result.status, result.code, result.error
    verdict = Verdict(
        status=status,
        problem=None if status is Status.UNKNOWN else status is Status.FAILED,
        reason=Reason(code, {"node": run.node, "error": error}),
        since=run.ended,
        confidence=run.confidence,
        evidence=(run.upid,),
        failures=int(status is Status.FAILED),
        error=error if status is Status.FAILED else None,
        cause=_cause(run, error) if status is Status.FAILED else None,
        trace={"rule": "newest_run", "run": run.upid},
    )
    return _with_failures(verdict, runs, table, floor, context) if status is Status.FAILED else verdict


def _with_failures(
    verdict: Verdict,
    runs: Sequence[RunRecord],
    table: Timetable | None,
    floor: datetime | None,
    context: Context,
) -> Verdict:
    """Return a bad verdict with the failed runs and the missed slots since the last good one."""
    bad: list[RunRecord] = []
    good = None
    for run in runs:
        if _result(run, context).status is not Status.FAILED:
            good = run
            break
        bad.append(run)
    first_end = (bad[-1].ended or bad[-1].started) if bad else None
    if table is None:
        return replace(verdict, since=first_end or verdict.since, failures=max(len(bad), 1))
    starts = [run.started for run in bad]
    since, count = failing(starts, first_end, good.started if good else None, table, floor)
    return replace(verdict, since=since or verdict.since, failures=count)


def _result(run: RunRecord, context: Context) -> RunResult:
    return result_of_run(run, context.history.guests, context.present)


def _cause(run: RunRecord, error: str) -> Cause | None:
    """Return the cause of a failed run: its own, or the one that all its failed guests have in common."""
    causes = [cause_of(outcome.error) for outcome in run.outcomes if outcome.error]
    if causes and all(cause == causes[0] for cause in causes):
        return causes[0]
    return cause_of(error)
