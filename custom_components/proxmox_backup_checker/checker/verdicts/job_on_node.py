"""What a job owes on one node: by its runs there, and by the slots that passed without one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from operator import attrgetter

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..jobs.timetable import Timetable
from ..model.facts import Blindness
from ..model.labels import job_name
from ..model.outcome import Outcome
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict, gravity, unknown
from ..runs.run_summary import is_empty
from .job_runs import from_runs, result_of, with_failures
from .missed_slots import expected_off, explain_miss
from .promises import counted_from, is_perhaps_of, kept_by_archives
from .runs_in_progress import excused_since, serves
from .whereabouts import are_runs_known, is_absence_proven, may_have_run_unseen, node_at, timetable_of, was_known


def on_node(job: BackupJob, node: str, context: Context) -> Verdict:
    """Judge a job on one node, by its own runs there."""
    runs = [run for run in context.job_runs(job) if run.node == node and _is_of(run, job, context)]
    table = context.timetable(job, node)
    if table is None:
        return from_runs(runs, context) if runs else unknown(Blindness.NODE_UNREACHABLE, node=node)
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
        verdict = from_runs(runs, context, table, floor)
        left_out = [] if due is None or verdict.status not in GOOD else _left_out(job, owed, due, table, context)
        return (
            _missed(job, node, runs, left_out, table, due, floor, context) if due is not None and left_out else verdict
        )
    if due is None:
        return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.JOB_FIRST_RUN_NOT_DUE))
    if unlinked := _unlinked(job, node, owed, table, due, context):
        return from_runs([*unlinked, *runs], context, table, floor)
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
    return with_failures(verdict, runs, table, counted_from(floor, runs, context), context)


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
    if runs and result_of(runs[0], context).status is Status.FAILED:
        return from_runs(runs, context, table, floor)
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
