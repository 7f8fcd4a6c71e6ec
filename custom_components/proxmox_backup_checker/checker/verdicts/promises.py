"""Whether one job has kept its promise to one guest.

A promise is what a job owes a guest by a slot: a good backup on the storage that the job had then. It is kept by a good
result of the job's own run for that slot or a later one, on whatever node, or by a good backup by hand onto that storage
after the slot; and where no history reaches back, by an archive there that nothing else explains. Nothing else keeps it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ...proxmox.vzdump.failure_cause import cause_of
from ..archives.archive import archive_time
from ..context import Context
from ..jobs.terms import Terms
from ..jobs.timetable import Timetable, event_of, has_schedule
from ..model.facts import Blindness
from ..model.labels import job_name, job_name_by_id
from ..model.outcome import Outcome, Result
from ..model.reason_codes import ReasonCode
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict, unknown, with_values
from .archive_evidence import Claim, archives_for
from .doubtful_slots import perhaps_owed
from .missed_slots import expected_off, explain_miss
from .runs_in_progress import excused_since, hanging, serves
from .whereabouts import are_runs_known, hidden_node, is_absence_proven, may_have_run_unseen, node_at, timetable_of

_FAILURES: Final[Mapping[Result, ReasonCode]] = {
    Result.FAILED: ReasonCode.BACKUP_FAILED,
    Result.CANCELLED: ReasonCode.BACKUP_CANCELLED,
    Result.INTERRUPTED: ReasonCode.BACKUP_INTERRUPTED,
    Result.NOT_REACHED: ReasonCode.BACKUP_NOT_REACHED,
}
_FINE: Final = frozenset({*GOOD, Status.PENDING})
_USUAL_GAPS: Final = 2.0
_LEAST_RUNS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """What a job owes a guest by one slot, at the deadline at the latest; times are those of the guest's node."""

    job: BackupJob
    guest: Guest
    slot: datetime
    deadline: datetime
    storage: str


def judge_promise(guest: Guest, job: BackupJob, context: Context) -> Verdict | None:
    """Return the verdict on one guest in one enabled job; None where the job never runs by itself and never did."""
    table = timetable_of(job, guest, context)
    terms = context.terms(job, guest.node, table)
    storage = _promised_on(guest, job, terms, context)
    evidence = _evidence(guest, job, storage, context)
    newest = next(evidence, None)
    if table is None or table.following is None:
        if not has_schedule(job) and newest is None:
            return None
        if table is not None and newest is None and table.latest is None:
            return None
    if table is None:
        outcomes = [newest, *evidence] if newest is not None else []
        return replace(_without_timetable(guest, job, outcomes, context), job_id=job.job_id)
    verdict = _judge(guest, job, newest, evidence, table, context)
    if verdict.status in _FINE and (doubtful := perhaps_owed(guest, job, newest, context)) is not None:
        verdict = doubtful
    trace = {**terms.trace, "promised_on": storage, **verdict.trace}
    return with_values(verdict, next_due=table.following, job_id=job.job_id, trace=trace)


def _judge(
    guest: Guest,
    job: BackupJob,
    newest: Outcome | None,
    older: Iterator[Outcome],
    table: Timetable,
    context: Context,
) -> Verdict:
    floor = context.owed_since(job, guest)
    since = excused_since(job, guest.node, context, guest)
    due = table.due if since is None else table.due_at(since)
    if due is not None and floor is not None and due < floor:
        due = None
    if newest is not None and (due is None or serves(newest, due, table, job, context)):
        if due is None and floor is not None and newest.started < floor and _is_fresh(job, newest, table, context):
            return _pending(job, context, guest)
        return _from_newest(guest, job, newest, older, table, floor, context)
    if due is None:
        return _pending(job, context, guest)
    name = context.facts.storage_name(table.storage_at(due), guest.node)
    promise = Promise(job=job, guest=guest, slot=due, deadline=table.deadline(due), storage=name)
    return _unserved(promise, [newest, *older] if newest is not None else [], table, floor, context)


def _is_fresh(job: BackupJob, newest: Outcome, table: Timetable, context: Context) -> bool:
    """Tell whether a job was created or enabled after the newest run, so that this says nothing of it."""
    record = context.job_record(job)
    if record is None or record.owed_because not in {"created", "enabled"}:
        return False
    return table.latest is not None and not table.serves(newest.started, table.latest)


def _pending(job: BackupJob, context: Context, guest: Guest) -> Verdict:
    is_running = any(run.job_id == job.job_id for run in context.going_on(job, guest.node))
    reason = Reason(
        ReasonCode.FIRST_RUN_IN_PROGRESS if is_running else ReasonCode.FIRST_RUN_NOT_DUE, {"job": job_name(job)}
    )
    return Verdict(status=Status.PENDING, problem=False, reason=reason)


def _promised_on(guest: Guest, job: BackupJob, terms: Terms, context: Context) -> str:
    """Return the storage of the slot that is due: the job's own run for it knows better than what the job says now."""
    table, due = terms.table, terms.table.due if terms.table is not None else None
    if table is None or due is None:
        return terms.storage
    newest = next((outcome for outcome in context.outcomes(guest) if outcome.job_id == job.job_id), None)
    if newest is None or newest.storage is None or not table.serves(newest.started, due):
        return terms.storage
    return newest.storage


def _evidence(guest: Guest, job: BackupJob, storage: str, context: Context) -> Iterator[Outcome]:
    """Return the outcomes that say something of what a job promises, newest first.

    A good backup by hand counts where it went onto the job's storage, as long as its archive is there; a failure by hand
    takes nothing away from a good one.
    """
    record = context.guest_record(guest)
    missing = record.missing if record else {}
    for outcome in context.outcomes(guest):
        if outcome.by_hand:
            if outcome.result is Result.OK and context.is_on_storage(outcome, storage):
                gone = missing.get(outcome.archive) if outcome.archive is not None else None
                if gone is None or not gone.confirmed:
                    yield outcome
        elif outcome.job_id == job.job_id or is_perhaps_of(outcome, job, context):
            yield outcome


def is_perhaps_of(outcome: Outcome, job: BackupJob, context: Context) -> bool:
    """Tell whether an outcome of a run whose job could not be told can be this job's.

    One that shows its command, which no job has any more, is that of the only job there with this slot and storage.
    """
    run = context.index.runs.get(outcome.upid)
    if run is None or outcome.job_id is not None or outcome.by_hand:
        return False
    if run.candidates:
        return job.job_id in run.candidates and not context.has_run_for_the_slot_of(run, job)
    good = outcome.result is Result.OK
    return run.command is None and context.jobs_at_the_slot_of(run, outcome.vmid, good=good) == (job.job_id,)


def _from_newest(
    guest: Guest,
    job: BackupJob,
    newest: Outcome,
    older: Iterator[Outcome],
    table: Timetable,
    floor: datetime | None,
    context: Context,
) -> Verdict:
    verdict = from_outcome(newest, context)
    if verdict.status is Status.OK:
        return _where_the_archive_is(guest, newest, verdict, context)
    if newest.result is Result.UNCLEAR:
        slot = (
            table.latest if table.latest is not None and table.serves(newest.started, table.latest) else newest.started
        )
        name = newest.storage or context.facts.storage_name(job.storage, guest.node)
        promise = Promise(job=job, guest=guest, slot=slot, deadline=table.deadline(slot), storage=name)
        return _by_archive(promise, table, context) or verdict
    return _with_failures(verdict, [newest, *older], table, floor)


def _where_the_archive_is(guest: Guest, good: Outcome, verdict: Verdict, context: Context) -> Verdict:
    """Return the verdict on a good run whose archive is not where it should be."""
    record = context.guest_record(guest)
    gone = record.missing.get(good.archive) if record is not None and good.archive is not None else None
    if gone is None or good.archive is None:
        return verdict
    values = {"archive": good.archive.rpartition("/")[2], "storage": good.storage or ""}
    if not gone.confirmed:
        reason = Reason(ReasonCode.ARCHIVE_NOT_LISTED, values)
        return replace(verdict, status=Status.WARNING, reason=reason, findings=(reason,))
    reason = Reason(ReasonCode.ARCHIVE_MISSING, values)
    return replace(
        verdict, status=Status.FAILED, problem=True, reason=reason, findings=(reason,), since=gone.since, failures=1
    )


def from_outcome(newest: Outcome, context: Context) -> Verdict:
    """Return the verdict that an outcome gives by itself."""
    job = job_name_by_id(newest.job_id, context.history.jobs)
    values = {"job": job, "node": newest.node, "error": newest.error or ""}
    trace = {"rule": "newest_run", "run": newest.upid}
    if newest.result is Result.OK:
        return Verdict(
            status=Status.OK,
            problem=False,
            reason=Reason(_success_code(newest), values),
            since=newest.finished,
            confidence=newest.confidence,
            evidence=(newest.upid,),
            trace=trace,
        )
    if newest.result is Result.UNCLEAR:
        return replace(
            unknown(ReasonCode.STATUS_UNCLEAR, **values), evidence=(newest.upid,), trace={"rule": "status_unclear"}
        )
    return Verdict(
        status=Status.FAILED,
        problem=True,
        reason=Reason(_failure_code(newest), values),
        since=newest.finished or newest.started,
        confidence=newest.confidence,
        evidence=(newest.upid,),
        failures=1,
        error=newest.error,
        cause=cause_of(newest.error) if newest.error else None,
        trace=trace,
    )


def _success_code(outcome: Outcome) -> ReasonCode:
    if outcome.by_hand:
        return ReasonCode.BACKED_UP_BY_HAND
    return ReasonCode.BACKED_UP if outcome.job_id else ReasonCode.BACKED_UP_BY_UNKNOWN_JOB


def _failure_code(outcome: Outcome) -> ReasonCode:
    match outcome.result:
        case Result.FAILED if not outcome.error:
            return ReasonCode.BACKUP_FAILED_UNEXPLAINED
        case Result.NOT_REACHED if outcome.job_id is None:
            explained = ReasonCode.BACKUP_NOT_REACHED_BY_ANY_JOB
            return explained if outcome.error else ReasonCode.BACKUP_NOT_REACHED_BY_ANY_JOB_UNEXPLAINED
        case Result.NOT_REACHED if not outcome.error:
            return ReasonCode.BACKUP_NOT_REACHED_UNEXPLAINED
        case result:
            return _FAILURES[result]


def _with_failures(verdict: Verdict, outcomes: Sequence[Outcome], table: Timetable, floor: datetime | None) -> Verdict:
    """Return a bad verdict with the failed runs and the missed slots since the last good one."""
    bad = []
    good = None
    for outcome in outcomes:
        if outcome.result is Result.OK:
            good = outcome
            break
        bad.append(outcome)
    since, count = failing(
        [outcome.started for outcome in bad],
        (bad[-1].finished or bad[-1].started) if bad else None,
        good.started if good else None,
        table,
        floor,
    )
    return replace(verdict, since=since or verdict.since, failures=count)


def counted_from(floor: datetime | None, known: Sequence[object], context: Context) -> datetime | None:
    """Return since when missed slots are counted: where no run ever was, since the cluster is watched."""
    return floor if floor is not None or known else context.history.began


def failing(
    bad: Sequence[datetime],
    first_end: datetime | None,
    good: datetime | None,
    table: Timetable,
    floor: datetime | None,
) -> tuple[datetime | None, int]:
    """Return when the present row of failed runs and missed slots began, and how many they are.

    `bad` are the starts of the failed runs since the last `good` one, newest first; `first_end` is the end of the first.
    """
    if table.due is None:
        return first_end, len(bad)
    start = good if good is not None else (bad[-1] - timedelta(seconds=1) if bad else None)
    if bad and good is None:
        # Nothing is known of the time before the first of them.
        slots = [slot for slot in table.missed(table.due, start, floor) if slot > bad[-1]]
    else:
        slots = table.missed(table.due, start, floor)
    if good is not None and slots and table.serves(good, slots[-1]):
        slots = []
    following = [*slots[1:], None][: len(slots)]
    missed = [
        slot
        for slot, end in zip(slots, following, strict=True)
        if not any(table.serves(moment, slot) and (end is None or not table.serves(moment, end)) for moment in bad)
    ]
    moments = [first_end, table.deadline(missed[0]) if missed else None]
    return min((moment for moment in moments if moment is not None), default=None), len(bad) + len(missed)


def _unserved(
    promise: Promise,
    outcomes: Sequence[Outcome],
    table: Timetable,
    floor: datetime | None,
    context: Context,
) -> Verdict:
    """Judge a slot whose time is up and that no known run has served."""
    guest, job = promise.guest, promise.job
    is_known = are_runs_known(guest, promise.slot, promise.deadline, job, context)
    if not is_known and (found := _by_archive(promise, table, context)):
        return found
    hidden = hidden_node(guest, promise.slot, promise.deadline, context)
    if hidden is None and (
        is_known or is_absence_proven(guest, job, promise.storage, promise.slot, promise.deadline, context)
    ):
        return _missed(promise, outcomes, table, floor, context)
    if before := _as_before(promise, outcomes, table, floor, context):
        return before
    where = node_at(guest, promise.slot, context)
    if hidden is not None or may_have_run_unseen(guest, where, promise.slot, job, context):
        return _unseen(hidden or where, context)
    return replace(unknown(ReasonCode.NO_RUN_SEEN, job=job_name(job)), trace={"rule": "no_run_seen"})


def _as_before(
    promise: Promise,
    outcomes: Sequence[Outcome],
    table: Timetable,
    floor: datetime | None,
    context: Context,
) -> Verdict | None:
    """Return the problem from before a slot of which nothing is known: it lasts until something good is seen."""
    guest, job = promise.guest, promise.job
    if outcomes:
        newest = _where_the_archive_is(guest, outcomes[0], from_outcome(outcomes[0], context), context)
        if outcomes[0].result.is_bad:
            return _with_failures(newest, outcomes, table, floor)
        if newest.problem:
            return newest
    last = outcomes[0].started if outcomes else context.history.began
    for slot in reversed(table.missed(promise.slot, last, floor)):
        if slot < promise.slot and are_runs_known(guest, slot, table.deadline(slot), job, context):
            storage = context.facts.storage_name(table.storage_at(slot), guest.node)
            earlier = replace(promise, slot=slot, deadline=table.deadline(slot), storage=storage)
            return _missed(earlier, outcomes, table, floor, context)
    return None


def _missed(
    promise: Promise,
    outcomes: Sequence[Outcome],
    table: Timetable,
    floor: datetime | None,
    context: Context,
) -> Verdict:
    """Judge a slot that passed without a backup, by the reason that there is for that."""
    guest, job, due = promise.guest, promise.job, promise.slot
    run = hanging(job, guest.node, context)
    miss = explain_miss(guest, job, due, table, context)
    if expected_off(miss, context.facts.policy):
        return Verdict(
            status=Status.PENDING,
            problem=False,
            reason=Reason(ReasonCode.NODE_EXPECTED_OFFLINE, miss.reason.values),
            confidence=Confidence.SCHEDULED,
            trace={"rule": "node_expected_offline", "slot": due.isoformat()},
        )
    reason = miss.reason
    going_on = run or next(iter(context.going_on(job, guest.node)), None)
    if going_on is not None and reason.code in {ReasonCode.RUN_MISSED, ReasonCode.SKIPPED_BY_JOB}:
        reason = Reason(
            ReasonCode.RUN_HANGS_SINCE if run is not None else ReasonCode.TURN_NOT_COME,
            {"job": job_name(job), "node": going_on.node, "slot": due, "since": going_on.started},
        )
    verdict = Verdict(
        status=miss.status,
        problem=True,
        reason=reason,
        since=promise.deadline,
        confidence=Confidence.SCHEDULED,
        failures=1,
        error=miss.error,
        cause=cause_of(miss.error) if miss.error else None,
        trace={"rule": "missed_slot", "slot": due.isoformat(), "deadline": promise.deadline.isoformat()},
    )
    return _with_failures(verdict, outcomes, table, counted_from(floor, outcomes, context))


def _unseen(name: str, context: Context) -> Verdict:
    node = context.node(name)
    if node is not None and node.blindness is not None:
        return replace(unknown(node.blindness, node=name), trace={"rule": "not_visible"})
    seen = context.facts.read_at or context.facts.now
    return replace(unknown(ReasonCode.CANNOT_VERIFY, since=seen), trace={"rule": "cluster_not_visible"})


def _by_archive(promise: Promise, table: Timetable, context: Context) -> Verdict | None:
    """Return the verdict that archives give where the run that wrote them is not known; None where there is none."""
    slots = [promise.slot]
    if table.latest is not None and table.latest > promise.slot:
        slots.append(table.latest)
    claim, archive = archives_for(promise.guest, promise.job, promise.storage, slots, table, context)
    if claim is Claim.NONE or archive is None:
        return None
    values: dict[str, str | datetime] = {"storage": archive.storage, "job": job_name(promise.job)}
    if claim is Claim.SHARED:
        reason = unknown(ReasonCode.ARCHIVE_OF_SEVERAL_SLOTS, **values)
        return replace(
            reason, evidence=(archive.volid,), trace={"rule": "archive_of_several", "archive": archive.volid}
        )
    return Verdict(
        status=Status.OK,
        problem=False,
        reason=Reason(ReasonCode.ARCHIVE_FOUND, values),
        since=archive_time(archive),
        confidence=Confidence.ARTIFACT,
        evidence=(archive.volid,),
        trace={"rule": "archive", "archive": archive.volid},
    )


def kept_by_archives(guest: Guest, job: BackupJob, due: datetime, table: Timetable, context: Context) -> Verdict | None:
    """Return what archives say of a guest's slot of a job, None where they say nothing or all runs are known anyway."""
    if are_runs_known(guest, due, table.deadline(due), job, context):
        return None
    name = context.facts.storage_name(table.storage_at(due), guest.node)
    promise = Promise(job=job, guest=guest, slot=due, deadline=table.deadline(due), storage=name)
    return _by_archive(promise, table, context)


def _without_timetable(guest: Guest, job: BackupJob, outcomes: Sequence[Outcome], context: Context) -> Verdict:
    """Judge by the rhythm seen so far, where the slots are not known; never by a schedule of our own."""
    trace = {"rule": "observed_rhythm"}
    if not outcomes:
        if event_of(job) is None:
            return replace(
                unknown(ReasonCode.SCHEDULE_UNREADABLE, job=job_name(job), schedule=job.schedule or ""), trace=trace
            )
        return replace(_unseen(guest.node, context), trace=trace)
    verdict = from_outcome(outcomes[0], context)
    if verdict.status is Status.OK:
        verdict = _where_the_archive_is(guest, outcomes[0], verdict, context)
    if verdict.status is not Status.OK or not has_schedule(job):
        return replace(verdict, trace=trace)
    starts = [outcome.started for outcome in outcomes[:10]]
    gaps = sorted(newer - older for newer, older in pairwise(starts))
    usual = gaps[len(gaps) // 2] if len(starts) >= _LEAST_RUNS else timedelta(days=1)
    node = context.node(guest.node)
    skew = node.skew if node else timedelta()
    if not context.has_come(starts[0] + _USUAL_GAPS * usual - skew):
        return replace(verdict, trace=trace)
    if event_of(job) is not None:
        code = node.blindness if node and node.blindness else Blindness.NODE_UNREACHABLE
        return replace(unknown(code, node=guest.node), trace=trace)
    return replace(unknown(ReasonCode.SCHEDULE_UNREADABLE, job=job_name(job), schedule=job.schedule or ""), trace=trace)
