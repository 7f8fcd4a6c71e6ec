"""The judgement of jobs: from the runs of each on every node, and from those that should have been."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.calendar.event import CalendarEvent
from ...proxmox.calendar.surprises import SurpriseCode
from ...proxmox.vzdump.failure_cause import Cause, cause_of
from ..context import Situation
from ..jobs.timetable import Timetable, event_of, has_schedule
from ..model.facts import Blindness
from ..model.labels import job_name
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict, gravity, unknown
from ..runs.outcomes import succeeded
from ..runs.run_summary import RunResult, is_empty, result_of_run
from .missed_slots import expected_off, explain_miss, stuck_state

_ANNOUNCED: Final = timedelta(days=7)
_HANGS_AFTER: Final = timedelta(days=3)
_SLOW_FACTOR: Final = 3
_SLOW_LEAST: Final = timedelta(minutes=30)


def judge_job(job: BackupJob, situation: Situation) -> Verdict:
    """Return the verdict of a job from its runs, its slots and what its state files tell."""
    runs = situation.job_runs(job)
    if job.job_id in situation.facts.policy.ignored_jobs:
        return Verdict(
            status=Status.IGNORED, problem=False, reason=Reason(ReasonCode.JOB_IGNORED_BY_CHOICE), job_id=job.job_id
        )
    if not job.enabled:
        record = situation.job_record(job)
        since = record.disabled_since if record else None
        verdict = Verdict(status=Status.PAUSED, problem=False, reason=Reason(ReasonCode.JOB_IS_DISABLED), since=since)
    else:
        verdict = _settled(job, runs, situation)
    verdict = replace(verdict, last_success=_last_success(job, runs, situation), job_id=job.job_id)
    if job.enabled and (skipped := _skipped_slot(job, situation)) is not None:
        verdict = replace(verdict, findings=(*verdict.findings, skipped))
    if verdict.status is Status.WARNING and situation.facts.policy.warnings_are_problems:
        verdict = replace(verdict, problem=True)
    return _with_progress(job, verdict, situation)


def _last_success(job: BackupJob, runs: Sequence[RunRecord], situation: Situation) -> datetime | None:
    """Return up to when a job was good on all its nodes: where one fails, the good runs of others prove nothing."""
    nodes = situation.nodes_of(job) & {run.node for run in runs}
    wanted = max(1, len(nodes))
    good: dict[str, datetime] = {}
    for run in runs:
        if len(good) == wanted:
            break
        if run.ended is None or run.node in good or (nodes and run.node not in nodes):
            continue
        if run.outcomes and _result(run, situation).status in GOOD:
            good[run.node] = run.ended
    return min(good.values()) if len(good) == wanted else None


def _skipped_slot(job: BackupJob, situation: Situation) -> Reason | None:
    """Announce a slot of the next days that a clock change will skip: Proxmox does not make up for it."""
    event = event_of(job)
    zones = {situation.facts.zone_of(guest.node) for guest in situation.covered_guests(job)}
    for zone in sorted((zone for zone in zones if zone is not None), key=str):
        today = situation.facts.now.astimezone(zone).date()
        # It is looked at once a day.
        situation.has_come(_midnight(today + timedelta(days=1), zone))
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


def _with_progress(job: BackupJob, verdict: Verdict, situation: Situation) -> Verdict:
    """Lay a run in progress over the verdict, and say where it takes too long."""
    going_on = situation.going_on(job)
    if not going_on:
        return verdict
    if all("waiting_for_lock" in run.notes for run in going_on):
        return replace(verdict, status=Status.WAITING, under_run=verdict.status)
    if job.enabled and verdict.status in {Status.OK, Status.WARNING, Status.PENDING}:
        if (finding := _too_slow(job, going_on, situation)) is not None:
            problem = verdict.problem or _hangs(finding, going_on, situation)
            verdict = replace(verdict, problem=problem, reason=finding, findings=(finding, *verdict.findings))
    return replace(verdict, status=Status.RUNNING, under_run=verdict.status)


def _hangs(finding: Reason, going_on: Iterable[RunRecord], situation: Situation) -> bool:
    """Tell whether a run keeps later ones from starting for so long that it will hardly end by itself."""
    return finding.code == ReasonCode.RUN_LONGER_THAN_INTERVAL and any(
        situation.node_now(run.node) - run.started >= _HANGS_AFTER for run in going_on
    )


def _too_slow(job: BackupJob, going_on: Iterable[RunRecord], situation: Situation) -> Reason | None:
    for run in going_on:
        elapsed = situation.node_now(run.node) - run.started
        table = situation.timetable(job, run.node)
        if table is not None and (following := table.event.next_after(run.started.astimezone(table.zone))) is not None:
            if following.timestamp() < situation.node_now(run.node).timestamp() - 60:
                return Reason(ReasonCode.RUN_LONGER_THAN_INTERVAL, {"node": run.node, "hours": _hours(elapsed)})
        usual = sorted(
            past.ended - past.started
            for past in situation.job_runs(job)
            if past.node == run.node and past.ended is not None and past.outcomes and succeeded(past.status)
        )
        if usual and elapsed > max(_SLOW_FACTOR * usual[len(usual) // 2], _SLOW_LEAST):
            return Reason(ReasonCode.RUN_SLOW, {"node": run.node, "hours": _hours(elapsed)})
    return None


def _hours(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _settled(job: BackupJob, runs: tuple[RunRecord, ...], situation: Situation) -> Verdict:
    if stuck := stuck_state(job, None, situation.facts, runs):
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
    if not has_schedule(job):
        return Verdict(status=Status.WARNING, problem=False, reason=Reason(ReasonCode.JOB_NEVER_RUNS_BY_ITSELF))
    if event_of(job) is None:
        return replace(
            unknown(ReasonCode.SCHEDULE_UNREADABLE, job=job_name(job), schedule=job.schedule or ""),
            trace={"rule": "schedule"},
        )
    verdicts = [_on_node(job, node, situation) for node in _nodes_that_owe(job, runs, situation)]
    if not verdicts:
        return _nothing_to_do(job, situation)
    worst = min(verdicts, key=lambda verdict: gravity(verdict.status))
    upcoming = [verdict.next_due for verdict in verdicts if verdict.next_due is not None]
    evidence = tuple(upid for verdict in verdicts for upid in verdict.evidence)
    return replace(worst, next_due=min(upcoming, default=None), evidence=evidence)


def _nodes_that_owe(job: BackupJob, runs: tuple[RunRecord, ...], situation: Situation) -> list[str]:
    """Return the nodes on which a slot has work to do: those with a guest of the job.

    A number without a guest makes the job fail on every node (PVE/VZDump.pm, get_included_guests), so the nodes on which
    the newest slot failed count too.
    """
    nodes = {guest.node for guest in situation.covered_guests(job)}
    if runs:
        newest = runs[0].started
        nodes |= {
            run.node
            for run in runs
            if newest - run.started <= timedelta(hours=3) and not succeeded(run.status) and run.job_id == job.job_id
        }
    return sorted(nodes)


def _nothing_to_do(job: BackupJob, situation: Situation) -> Verdict:
    if not situation.facts.guests_complete:
        return unknown(Blindness.NODE_UNREACHABLE, node=", ".join(_blind_nodes(situation)))
    if job.pool is not None and not situation.facts.pools_visible:
        return unknown(Blindness.POOLS_HIDDEN)
    return Verdict(status=Status.WARNING, problem=False, reason=Reason(ReasonCode.JOB_WITHOUT_GUESTS))


def _blind_nodes(situation: Situation) -> list[str]:
    return sorted(node.name for node in situation.facts.nodes.values() if node.blindness is not None)


def _on_node(job: BackupJob, node: str, situation: Situation) -> Verdict:
    """Judge a job on one node."""
    runs = [run for run in situation.job_runs(job) if run.node == node and not is_empty(run)]
    table = situation.timetable(job, node)
    if table is None:
        return _from_runs(runs, situation) if runs else unknown(Blindness.NODE_UNREACHABLE, node=node)
    floor = situation.owed_since(job)
    due = table.due if table.due is not None and (floor is None or table.due >= floor) else None
    if due is not None:
        # A slot of a node to which the job's guests have come since is not owed by it.
        due = due if _owed_by_somebody(job, node, due, situation) else None
    own = [run for run in runs if run.job_id == job.job_id]
    newest = runs[0] if runs else None
    if newest is not None and (due is None or table.serves(newest.started, due)):
        verdict = _from_runs(own or runs, situation) if newest.job_id or own else _from_runs(runs, situation)
    elif due is None:
        verdict = Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.JOB_FIRST_RUN_NOT_DUE))
    else:
        verdict = _missed(job, node, runs, table, due, floor, situation)
    trace = {"node": node, "due_slot": due.isoformat() if due else "", "allowance": str(table.allowance)}
    return replace(verdict, next_due=table.following, trace={**trace, **verdict.trace})


def _owed_by_somebody(job: BackupJob, node: str, due: datetime, situation: Situation) -> bool:
    guests = [guest for guest in situation.covered_guests(job) if guest.node == node]
    if not guests:
        return True
    floors = [situation.owed_since(job, guest) for guest in guests]
    moves = [
        record.moved
        for guest in guests
        if (record := situation.guest_record(guest)) is not None and record.moved is not None
    ]
    if len(moves) == len(guests) and all(moved > due for moved in moves):
        return False
    return any(floor is None or floor <= due for floor in floors)


def _missed(
    job: BackupJob,
    node: str,
    runs: list[RunRecord],
    table: Timetable,
    due: datetime,
    floor: datetime | None,
    situation: Situation,
) -> Verdict:
    """Judge a slot whose time is up and that no known run of the node has served."""
    if situation.going_on(job):
        if runs:
            return _from_runs(runs, situation)
        return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.JOB_FIRST_RUN_NOT_DUE))
    guests = [guest for guest in situation.covered_guests(job) if guest.node == node]
    facts = situation.node(node)
    off = facts is not None and not facts.online and situation.is_fresh
    if not situation.is_seen(node, table.deadline(due)) and not off:
        if facts is not None and facts.blindness is not None:
            return unknown(facts.blindness, node=node)
        return unknown(ReasonCode.CANNOT_VERIFY, since=situation.facts.read_at or situation.facts.now)
    if guests and all(_has_archive(guest.vmid, due - table.tolerance(due), situation) for guest in guests):
        return Verdict(
            status=Status.OK,
            problem=False,
            reason=Reason(ReasonCode.JOB_ARCHIVES_FOUND),
            confidence=Confidence.ARTIFACT,
        )
    if not runs and (situation.history.began is None or situation.history.began > due):
        return unknown(ReasonCode.JOB_NO_RUN_SEEN)
    miss = explain_miss(guests[0], job, due, table, situation) if guests else None
    first = table.first_missed(runs[0].started if runs else None, floor) or due
    if miss is not None and expected_off(node, miss, situation.facts.policy):
        reason = Reason(ReasonCode.NODE_EXPECTED_OFFLINE, miss.reason.values)
        return Verdict(status=Status.PENDING, problem=False, reason=reason, confidence=Confidence.SCHEDULED)
    return Verdict(
        status=Status.OVERDUE,
        problem=True,
        reason=miss.reason
        if miss
        else Reason(ReasonCode.RUN_MISSED, {"node": node, "slot": due, "job": job_name(job)}),
        since=table.deadline(first),
        confidence=Confidence.SCHEDULED,
        failures=table.missed(runs[0].started if runs else None, floor),
        trace={"rule": "missed_slot", "first_missed": first.isoformat()},
    )


def _has_archive(vmid: int, since: datetime, situation: Situation) -> bool:
    guest = next((guest for guest in situation.facts.guests if guest.vmid == vmid), None)
    if guest is None:
        return False
    return any(archive.ctime >= since.timestamp() for archive in situation.archives(guest)[:1])


def _from_runs(runs: list[RunRecord], situation: Situation) -> Verdict:
    """Return the verdict that a node's newest run gives."""
    run = runs[0]
    result = _result(run, situation)
    status, code, error = result.status, result.code, result.error
    since, failures = _failing(runs, situation) if status is Status.FAILED else (run.ended, 0)
    return Verdict(
        status=status,
        problem=None if status is Status.UNKNOWN else status is Status.FAILED,
        reason=Reason(code, {"node": run.node, "error": error}),
        since=since,
        confidence=run.confidence,
        evidence=(run.upid,),
        failures=failures,
        error=error if status is Status.FAILED else None,
        cause=_cause(run, error) if status is Status.FAILED else None,
        trace={"rule": "newest_run", "run": run.upid},
    )


def _result(run: RunRecord, situation: Situation) -> RunResult:
    return result_of_run(run, situation.history.guests, situation.present)


def _cause(run: RunRecord, error: str) -> Cause | None:
    """Return the cause of a failed run: its own, or the one that all its failed guests have in common."""
    causes = [cause_of(outcome.error) for outcome in run.outcomes if outcome.error]
    if causes and all(cause == causes[0] for cause in causes):
        return causes[0]
    return cause_of(error)


def _failing(runs: list[RunRecord], situation: Situation) -> tuple[datetime | None, int]:
    """Return when the present row of failures began, and how many runs they are."""
    since, count = None, 0
    for run in runs:
        if _result(run, situation).status is not Status.FAILED:
            break
        since = run.ended or run.started
        count += 1
    return since, count
