"""What a job's runs in progress add to its verdict."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ..context import Context
from ..model.labels import labels_of_guests
from ..model.outcome import Result
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import Reason, Status, Verdict
from .runs_in_progress import hanging, seen_going_on_until

_SLOW_FACTOR: Final = 3
_SLOW_LEAST: Final = timedelta(minutes=30)


def with_progress(job: BackupJob, verdict: Verdict, context: Context) -> Verdict:
    """Lay a run in progress over the verdict, and say where it takes too long or where guests have failed already."""
    nodes = {node for node in context.facts.nodes if context.going_on(job, node)}
    going_on = [run for node in sorted(nodes) for run in context.going_on(job, node)]
    if not going_on:
        return verdict
    before = verdict.status
    is_waiting = all("waiting_for_lock" in run.notes for run in going_on)
    if job.enabled and verdict.status is not Status.FAILED and (hung := _hung(job, nodes, context)) is not None:
        verdict = replace(verdict, problem=True, reason=hung, findings=(hung, *verdict.findings))
    elif job.enabled and verdict.status in {Status.OK, Status.WARNING, Status.PENDING}:
        if (slow := _too_slow(job, going_on, context)) is not None:
            verdict = replace(verdict, reason=slow, findings=(slow, *verdict.findings))
        elif verdict.status is Status.PENDING:
            code = ReasonCode.JOB_FIRST_RUN_WAITS if is_waiting else ReasonCode.JOB_FIRST_RUN_IN_PROGRESS
            verdict = replace(verdict, reason=Reason(code, {"node": going_on[0].node}))
    elif verdict.reason.code is ReasonCode.JOB_NO_RUN_SEEN:
        verdict = replace(verdict, reason=Reason(ReasonCode.JOB_NO_EARLIER_RUN_SEEN))
    if (failed := _failed_so_far(going_on, context)) is not None:
        verdict = replace(verdict, findings=(failed, *verdict.findings))
    if is_waiting:
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
            hours = _hours(seen_going_on_until(node, context) - run.started)
            usual = _hours(context.usual_duration(job))
            return Reason(ReasonCode.RUN_HANGS, {"node": node, "hours": hours, "usual": usual})
    return None


def _too_slow(job: BackupJob, going_on: Iterable[RunRecord], context: Context) -> Reason | None:
    for run in going_on:
        seen = seen_going_on_until(run.node, context)
        elapsed = seen - run.started
        table = context.timetable(job, run.node)
        if table is not None and (following := table.event.next_after(run.started.astimezone(table.zone))) is not None:
            if following.timestamp() < seen.timestamp() - 60:
                return Reason(ReasonCode.RUN_LONGER_THAN_INTERVAL, {"node": run.node, "hours": _hours(elapsed)})
        typical = context.typical_duration(job)
        if typical is not None and elapsed > max(_SLOW_FACTOR * typical, _SLOW_LEAST):
            return Reason(ReasonCode.RUN_SLOW, {"node": run.node, "hours": _hours(elapsed)})
    return None


def _hours(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    return f"{minutes // 60}:{minutes % 60:02}"
