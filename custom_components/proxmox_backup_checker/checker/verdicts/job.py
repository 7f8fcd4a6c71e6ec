"""The judgement of jobs: from the runs of each on every node, and from those that should have been."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import dropwhile, takewhile
from operator import attrgetter
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
from ..model.labels import job_name
from ..model.outcome import Outcome, succeeded
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict, gravity, unknown
from ..runs.run_summary import RunResult, is_empty, result_of_run
from .job_findings import lock_holder, missing_archives
from .job_in_progress import with_progress
from .missed_slots import expected_off, explain_miss, stuck_state
from .promises import counted_from, failing, is_perhaps_of, kept_by_archives
from .runs_in_progress import excused_since, serves
from .whereabouts import are_runs_known, is_absence_proven, may_have_run_unseen, node_at, timetable_of, was_known

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
    verdicts += _not_made_good(job, runs, context)
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
    excused = excused_since(job, node, context)
    due = table.due if excused is None else table.due_at(excused)
    guests = [guest for guest in context.covered_guests(job) if guest.node == node]
    come = [guest for guest in guests if not _is_of_table(timetable_of(job, guest, context), table, due)]
    stayed = [guest for guest in guests if guest not in come]
    verdict = _at_slot(job, node, runs, stayed, table, due if stayed or not come else None, context)
    for guest in come:
        missed = _before_it_came(job, guest, runs, excused, context)
        if missed is not None and gravity(missed.status) < gravity(verdict.status):
            verdict = missed
    trace = {"node": node, "due_slot": due.isoformat() if due else "", "allowance": str(table.allowance)}
    return replace(verdict, next_due=table.following, trace={**trace, **verdict.trace})


def _at_slot(
    job: BackupJob,
    node: str,
    runs: list[RunRecord],
    guests: Sequence[Guest],
    table: Timetable,
    due: datetime | None,
    context: Context,
) -> Verdict:
    """Judge a job on one node by the slot that is due there."""
    floor = context.owed_since(job)
    if due is not None and floor is not None and due < floor:
        due = None
    owed = guests if due is None else [guest for guest in guests if _is_owed(job, guest, due, table, context)]
    if guests and not owed:
        # The guests have come to the node since, or into the job, or need no backup: it owes them nothing yet.
        due = None
    newest = runs[0] if runs else None
    if newest is not None and (
        table.serves(newest.started, due)
        if due is not None
        else _says_something(job, newest, table, guests, owed, context)
    ):
        verdict = _from_runs(runs, context, table, floor)
        left_out = [] if due is None or verdict.status not in GOOD else _left_out(job, owed, due, table, context)
        return (
            _missed(job, node, runs, left_out, table, due, floor, context) if due is not None and left_out else verdict
        )
    if due is None:
        return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.JOB_FIRST_RUN_NOT_DUE))
    if unlinked := _unlinked(job, node, owed, table, due, context):
        return _from_runs([*unlinked, *runs], context, table, floor)
    return _missed(job, node, runs, owed, table, due, floor, context)


def _unlinked(
    job: BackupJob, node: str, guests: Iterable[Guest], table: Timetable, due: datetime, context: Context
) -> list[RunRecord]:
    """Return the runs on a node since a slot, newest first, of which is not known whose they are but that they can be the job's."""
    upids = {outcome.upid for guest in guests for outcome in _own_outcomes(job, guest, due, table, context)}
    found = [context.index.runs[upid] for upid in upids if upid in context.index.runs]
    ended = [run for run in found if run.node == node and run.ended is not None]
    return sorted(ended, key=attrgetter("started", "upid"), reverse=True)


def _is_of_table(own: Timetable | None, table: Timetable, due: datetime | None) -> bool:
    """Tell whether a slot of a node is one of a guest there: not where it has since come from another time zone."""
    return own is None or own is table or (due is not None and own.holds(due))


def _before_it_came(
    job: BackupJob, guest: Guest, runs: list[RunRecord], excused: datetime | None, context: Context
) -> Verdict | None:
    """Return that a job missed a guest before it came from another time zone, None where it did not."""
    own = timetable_of(job, guest, context)
    due = None if own is None else own.due if excused is None else own.due_at(excused)
    if own is None or due is None or not _is_owed(job, guest, due, own, context):
        return None
    left_out = _left_out(job, [guest], due, own, context)
    floor = context.owed_since(job)
    return _missed(job, guest.node, runs, left_out, own, due, floor, context) if left_out else None


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
            yield _from_runs(on_node, context, context.timetable(job, on_node[0].node), context.owed_since(job))


def _is_of(run: RunRecord, job: BackupJob, context: Context) -> bool:
    """Tell whether a run says something of a job: one that may have been another's does, unless the job has its own.

    Nor does that of another say anything of a job that was created or enabled since.
    """
    if is_empty(run):
        return False
    if run.job_id == job.job_id:
        return True
    floor = context.owed_since(job)
    as_dated = context.index.runs.get(run.upid, run)
    return (floor is None or run.started >= floor) and not context.has_run_for_the_slot_of(as_dated, job)


def _says_something(
    job: BackupJob,
    newest: RunRecord,
    table: Timetable,
    guests: Sequence[Guest],
    owed: Sequence[Guest],
    context: Context,
) -> bool:
    """Tell whether the newest run still says something where no slot is due: it may be of guests that left long ago."""
    if owed or table.due is None or table.serves(newest.started, table.due):
        return True
    later = (run for run in context.job_runs(job) if run.node == newest.node and run.started > newest.started)
    if any(is_empty(run) for run in later):
        # Whoever it was of had left when the job came there again.
        return False
    return bool(guests) and all(context.is_ignored(guest) for guest in guests)


def _is_owed(job: BackupJob, guest: Guest, due: datetime, table: Timetable, context: Context) -> bool:
    """Tell whether a guest was in the job when a slot came, and has not been served on another node.

    Where it came to this node only after a slot that its old one missed, the promise is the job's here as well as there:
    nobody else is left to keep it.
    """
    floor = context.owed_since(job, guest)
    if context.is_ignored(guest) or (floor is not None and floor > due):
        return False
    return all(outcome.node == guest.node for outcome in _own_outcomes(job, guest, due, table, context))


def _own_outcomes(job: BackupJob, guest: Guest, due: datetime, table: Timetable, context: Context) -> Iterator[Outcome]:
    """Return what the job's own runs for a slot, or a later one, did for a guest, on whatever node."""
    later = takewhile(lambda outcome: table.serves(outcome.started, due), context.outcomes(guest))
    own = (outcome for outcome in later if outcome.job_id == job.job_id or is_perhaps_of(outcome, job, context))
    return (outcome for outcome in own if serves(outcome, due, table, job, context))


def _left_out(
    job: BackupJob, guests: Iterable[Guest], due: datetime, table: Timetable, context: Context
) -> list[Guest]:
    """Return the guests of which the job's runs since a slot say nothing, as far as it is known that it owed them the slot.

    Those of which that is sure, where there are any; else those that may have been saved where nobody could see it.
    """
    silent = [guest for guest in guests if not any(_own_outcomes(job, guest, due, table, context))]
    surely = [guest for guest in silent if are_runs_known(guest, due, table.deadline(due), job, context)]
    began = context.history.began
    return surely or (silent if began is not None and began <= due else [])


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
    is_kept = kept and all(verdict is not None and verdict.status is Status.OK for verdict in kept)
    if is_kept and not _names_the_missing(job, context):
        reason = Reason(ReasonCode.JOB_ARCHIVES_FOUND)
        return Verdict(status=Status.OK, problem=False, reason=reason, confidence=Confidence.ARTIFACT)
    off = facts is not None and not facts.online and context.is_fresh
    deadline = table.deadline(due)
    is_seen = context.is_seen(node, deadline) or was_known(node, due, deadline, context)
    if not is_seen and not off:
        return _as_before(job, node, runs, guests, table, due, floor, context) or _unseen(node, context)
    storage = context.facts.storage_name(table.storage_at(due), node)
    proven = [
        are_runs_known(guest, due, table.deadline(due), job, context)
        or is_absence_proven(guest, job, storage, due, table.deadline(due), context)
        for guest in guests
    ]
    if guests and not any(proven):
        if before := _as_before(job, node, runs, guests, table, due, floor, context):
            return before
        for guest in guests:
            where = node_at(guest, due, context)
            if context.is_off_or_gone(where) and may_have_run_unseen(guest, where, due, job, context):
                return _unseen(where, context)
        return unknown(ReasonCode.JOB_NO_RUN_SEEN)
    if not guests and not runs and (context.history.began is None or context.history.began > due):
        return unknown(ReasonCode.JOB_NO_RUN_SEEN)
    miss = explain_miss(guests[0], job, due, table, context) if guests else None
    if miss is not None and expected_off(miss, context.facts.policy):
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


def _names_the_missing(job: BackupJob, context: Context) -> bool:
    """Tell whether a job lists a number without a guest, with which no run of it ends well."""
    return context.facts.guests_complete and job.pool is None and any(vmid not in context.present for vmid in job.vmids)


def _as_before(
    job: BackupJob,
    node: str,
    runs: list[RunRecord],
    guests: Sequence[Guest],
    table: Timetable,
    due: datetime,
    floor: datetime | None,
    context: Context,
) -> Verdict | None:
    """Return the problem from before a slot of which nothing is known: it lasts until something good is seen."""
    if runs and _result(runs[0], context).status is Status.FAILED:
        return _from_runs(runs, context, table, floor)
    for slot in reversed(table.missed(due, runs[0].started if runs else context.history.began, floor)):
        owed = [guest for guest in guests if slot < due and _is_owed(job, guest, slot, table, context)]
        if any(are_runs_known(guest, slot, table.deadline(slot), job, context) for guest in owed):
            return _missed(job, node, runs, owed, table, slot, floor, context)
    return None


def _unseen(node: str, context: Context) -> Verdict:
    facts = context.node(node)
    if facts is not None and facts.blindness is not None:
        return unknown(facts.blindness, node=node)
    return unknown(ReasonCode.CANNOT_VERIFY, since=context.facts.read_at or context.facts.now)


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
    return replace(verdict, since=since or verdict.since, failures=max(count, 1))


def _result(run: RunRecord, context: Context) -> RunResult:
    return result_of_run(run, context.history.guests, context.present)


def _cause(run: RunRecord, error: str) -> Cause | None:
    """Return the cause of a failed run: its own, or the one that all its failed guests have in common."""
    causes = [cause_of(outcome.error) for outcome in run.outcomes if outcome.error]
    if causes and all(cause == causes[0] for cause in causes):
        return causes[0]
    return cause_of(error)
