"""Whether one job has kept its promise to one guest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from ...proxmox.api.backup_models import Archive, BackupJob
from ...proxmox.api.cluster_models import Guest
from ...proxmox.vzdump.failure_cause import cause_of
from ..context import Situation
from ..jobs.timetable import Timetable, event_of, has_schedule
from ..model.facts import Blindness
from ..model.labels import job_name
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown
from ..runs.outcomes import Outcome, Result
from .missed_slots import expected_off, explain_miss

_FAILURES: Final[Mapping[Result, str]] = {
    Result.FAILED: "backup_failed",
    Result.CANCELLED: "backup_cancelled",
    Result.INTERRUPTED: "backup_interrupted",
    Result.NOT_REACHED: "backup_not_reached",
}
_USUAL_GAPS: Final = 2.0
_LEAST_RUNS: Final = 3


def judge_promise(guest: Guest, job: BackupJob, situation: Situation) -> Verdict | None:
    """Return the verdict on one guest in one enabled job; None where the job never runs by itself and never did."""
    outcomes = _concerning(job, situation.outcomes(guest))
    newest = outcomes[0] if outcomes else None
    if not has_schedule(job) and newest is None:
        return None
    table = situation.timetable(job, guest.node)
    if table is None:
        return replace(_without_timetable(guest, job, outcomes, situation), job_id=job.job_id)
    floor = situation.owed_since(job, guest)
    due = table.due if table.due is not None and (floor is None or table.due >= floor) else None
    if newest is not None and (due is None or table.serves(newest.started, due)):
        verdict = _from_newest(guest, job, outcomes, situation, table, floor)
    elif due is None:
        verdict = Verdict(
            status=Status.PENDING, problem=False, reason=Reason("first_run_not_due", {"job": job_name(job)})
        )
    else:
        verdict = _without_run(guest, job, outcomes, situation, table, due, floor)
    trace = {**_trace(table, due, floor), **verdict.trace}
    return replace(verdict, next_due=table.following, job_id=job.job_id, trace=trace)


def _from_newest(
    guest: Guest,
    job: BackupJob,
    outcomes: Sequence[Outcome],
    situation: Situation,
    table: Timetable,
    floor: datetime | None,
) -> Verdict:
    newest = outcomes[0]
    record = situation.job_record(job)
    fresh = record is not None and record.owed_because in {"created", "enabled"}
    if fresh and floor is not None and newest.started < floor and not _serves_latest(newest, table):
        return Verdict(status=Status.PENDING, problem=False, reason=Reason("first_run_not_due", {"job": job_name(job)}))
    return from_outcome(guest, outcomes, situation)


def _serves_latest(outcome: Outcome, table: Timetable) -> bool:
    return table.latest is None or table.serves(outcome.started, table.latest)


def _concerning(job: BackupJob, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes that say something of what a job promises.

    A good backup by hand makes up for a job's failure before it; a failure by hand takes nothing away from a good one.
    """
    good, possible = Result.OK, (None, job.job_id)
    return [
        outcome for outcome in outcomes if (outcome.result is good if outcome.by_hand else outcome.job_id in possible)
    ]


def from_outcome(guest: Guest, outcomes: Sequence[Outcome], situation: Situation) -> Verdict:
    """Return the verdict that the newest of these outcomes gives."""
    newest = outcomes[0]
    job = situation.job_title(newest.job_id)
    values = {"job": job, "node": newest.node, "error": newest.error or ""}
    if newest.result is Result.OK:
        return Verdict(
            status=Status.OK,
            problem=False,
            reason=Reason(_success_code(newest), values),
            since=newest.finished,
            confidence=newest.confidence,
            evidence=(newest.upid,),
            trace={"rule": "newest_run", "run": newest.upid},
        )
    if newest.result is Result.UNCLEAR:
        return _by_archive(guest, newest.started, situation) or replace(
            unknown("status_unclear", **values), evidence=(newest.upid,), trace={"rule": "status_unclear"}
        )
    code = _FAILURES[newest.result]
    if newest.result is Result.NOT_REACHED and not job:
        code += "_by_any_job"
    if newest.result in {Result.FAILED, Result.NOT_REACHED} and not newest.error:
        code += "_unexplained"
    since, failures = _failing(outcomes)
    return Verdict(
        status=Status.FAILED,
        problem=True,
        reason=Reason(code, values),
        since=since,
        confidence=newest.confidence,
        evidence=(newest.upid,),
        failures=failures,
        error=newest.error,
        cause=cause_of(newest.error) if newest.error else None,
        trace={"rule": "newest_run", "run": newest.upid},
    )


def _success_code(outcome: Outcome) -> str:
    if outcome.by_hand:
        return "backed_up_by_hand"
    return "backed_up" if outcome.job_id else "backed_up_by_unknown_job"


def _failing(outcomes: Sequence[Outcome]) -> tuple[datetime | None, int]:
    """Return when the present row of failures began, and how many they are."""
    since, count = None, 0
    for outcome in outcomes:
        if outcome.result is Result.OK:
            break
        since = outcome.finished or outcome.started
        count += 1
    return since, count


def _without_run(
    guest: Guest,
    job: BackupJob,
    outcomes: Sequence[Outcome],
    situation: Situation,
    table: Timetable,
    due: datetime,
    floor: datetime | None,
) -> Verdict:
    """Judge a slot whose time is up and that no known run has served."""
    if found := _by_archive(guest, due - table.tolerance(due), situation):
        return found
    if going_on := situation.going_on(job):
        trace = {"rule": "run_in_progress", "run": going_on[0].upid}
        held = _until_the_run_ends(guest, job, outcomes, due, situation)
        return replace(held, trace={**held.trace, **trace})
    if not situation.is_seen(guest.node, table.deadline(due)) and not situation.is_off(guest):
        return _unseen(guest, situation)
    if not outcomes and _was_never_watched(guest, job, due, situation):
        return replace(unknown("no_run_seen", job=job_name(job)), trace={"rule": "no_run_seen"})
    return _missed(guest, job, outcomes, situation, table, due, floor)


def _until_the_run_ends(
    guest: Guest, job: BackupJob, outcomes: Sequence[Outcome], due: datetime, situation: Situation
) -> Verdict:
    """Return what holds while a run of the job is in progress that may still come to the guest."""
    if outcomes:
        return from_outcome(guest, outcomes, situation)
    if _was_never_watched(guest, job, due, situation):
        return unknown("no_run_seen", job=job_name(job))
    return Verdict(status=Status.PENDING, problem=False, reason=Reason("first_run_in_progress", {"job": job_name(job)}))


def _missed(
    guest: Guest,
    job: BackupJob,
    outcomes: Sequence[Outcome],
    situation: Situation,
    table: Timetable,
    due: datetime,
    floor: datetime | None,
) -> Verdict:
    """Judge a slot that passed without a backup, by the reason that there is for that."""
    last = outcomes[0].started if outcomes else None
    first = table.first_missed(last, floor) or due
    miss = explain_miss(guest, job, due, table, situation)
    if expected_off(guest.node, miss, situation.facts.policy):
        return Verdict(
            status=Status.PENDING,
            problem=False,
            reason=Reason("node_expected_offline", miss.reason.values),
            confidence=Confidence.SCHEDULED,
            trace={"rule": "node_expected_offline", "first_missed": first.isoformat()},
        )
    failed_before = _failing(outcomes)[1] if outcomes else 0
    return Verdict(
        status=miss.status,
        problem=True,
        reason=miss.reason,
        since=table.deadline(first),
        confidence=Confidence.SCHEDULED,
        failures=failed_before + table.missed(last, floor),
        error=miss.error,
        cause=cause_of(miss.error) if miss.error else None,
        trace={"rule": "missed_slot", "first_missed": first.isoformat()},
    )


def _unseen(guest: Guest, situation: Situation) -> Verdict:
    node = situation.node(guest.node)
    if node is not None and node.blindness is not None:
        return replace(unknown(node.blindness, node=guest.node), trace={"rule": "not_visible"})
    seen = situation.facts.read_at or situation.facts.now
    return replace(unknown("cannot_verify", since=seen), trace={"rule": "cluster_not_visible"})


def _was_never_watched(guest: Guest, job: BackupJob, due: datetime, situation: Situation) -> bool:
    """Tell whether the slot lies before the first look, and nothing proves that the job was there already."""
    began = situation.history.began
    if began is not None and began <= due:
        return False
    node = situation.node(guest.node)
    skew = node.skew if node else timedelta()
    return not any(run.started - skew >= due - timedelta(hours=1) for run in situation.job_runs(job))


def _by_archive(guest: Guest, since: datetime, situation: Situation) -> Verdict | None:
    """Return the verdict that an archive gives which is young enough, whatever run has made it."""
    newest = next(iter(situation.archives(guest)), None)
    if newest is None or newest.ctime < since.timestamp():
        return None
    return Verdict(
        status=Status.OK,
        problem=False,
        reason=Reason("archive_found", {"storage": newest.storage}),
        since=archive_time(newest),
        confidence=Confidence.ARTIFACT,
        evidence=(newest.volid,),
        trace={"rule": "archive", "archive": newest.volid},
    )


def archive_time(archive: Archive) -> datetime:
    """Return when an archive was begun."""
    return datetime.fromtimestamp(archive.ctime, UTC)


def _without_timetable(guest: Guest, job: BackupJob, outcomes: Sequence[Outcome], situation: Situation) -> Verdict:
    """Judge by the rhythm seen so far, where the slots are not known; never by a schedule of our own."""
    trace = {"rule": "observed_rhythm"}
    if not outcomes:
        if event_of(job) is None:
            return replace(unknown("schedule_unreadable", job=job_name(job), schedule=job.schedule or ""), trace=trace)
        return replace(_unseen(guest, situation), trace=trace)
    verdict = from_outcome(guest, outcomes, situation)
    if verdict.status is not Status.OK or not has_schedule(job):
        return replace(verdict, trace=trace)
    starts = [outcome.started for outcome in outcomes[:10]]
    gaps = sorted(newer - older for newer, older in pairwise(starts))
    usual = gaps[len(gaps) // 2] if len(starts) >= _LEAST_RUNS else timedelta(days=1)
    node = situation.node(guest.node)
    skew = node.skew if node else timedelta()
    if not situation.has_come(starts[0] + _USUAL_GAPS * usual - skew):
        return replace(verdict, trace=trace)
    if event_of(job) is not None:
        code: str = node.blindness if node and node.blindness else Blindness.NODE_UNREACHABLE
        return replace(unknown(code, node=guest.node), trace=trace)
    return replace(unknown("schedule_unreadable", job=job_name(job), schedule=job.schedule or ""), trace=trace)


def _trace(table: Timetable, due: datetime | None, floor: datetime | None) -> dict[str, str]:
    moments = {"slot": table.latest, "due_slot": due, "deadline": due and table.deadline(due), "owed_since": floor}
    trace = {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
    return {"zone": str(table.zone), "allowance": str(table.allowance), **trace}
