"""What verdict the runs of a job on one node give: by how the newest ended, and for how long it has gone on like that."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ...proxmox.vzdump.failure_cause import Cause, cause_of
from ..context import Context
from ..jobs.timetable import Timetable
from ..model.records import RunRecord
from ..model.verdict import Reason, Status, Verdict
from ..runs.run_summary import RunResult, result_of_run
from .promises import failing


def from_runs(
    runs: list[RunRecord], context: Context, table: Timetable | None = None, floor: datetime | None = None
) -> Verdict:
    """Return the verdict that a node's newest run gives."""
    run = runs[0]
    result = result_of(run, context)
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
    return with_failures(verdict, runs, table, floor, context) if status is Status.FAILED else verdict


def with_failures(
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
        if result_of(run, context).status is not Status.FAILED:
            good = run
            break
        bad.append(run)
    first_end = (bad[-1].ended or bad[-1].started) if bad else None
    if table is None:
        return replace(verdict, since=first_end or verdict.since, failures=max(len(bad), 1))
    starts = [run.started for run in bad]
    since, count = failing(starts, first_end, good.started if good else None, table, floor)
    return replace(verdict, since=since or verdict.since, failures=max(count, 1))


def result_of(run: RunRecord, context: Context) -> RunResult:
    """Return how a run of a job ended, with the guests that exist now."""
    return result_of_run(run, context.history.guests, context.present)


def _cause(run: RunRecord, error: str) -> Cause | None:
    """Return the cause of a failed run: its own, or the one that all its failed guests have in common."""
    causes = [cause_of(outcome.error) for outcome in run.outcomes if outcome.error]
    if causes and all(cause == causes[0] for cause in causes):
        return causes[0]
    return cause_of(error)
