"""How far the runs are that go on: of a guest in bytes, of a job in guests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ....proxmox.vzdump.progress import Progress
from ...assessment import JobView
from ...context import Context
from ...model.labels import guest_label
from ...model.outcome import Outcome, Result

# Before, nothing can be said of when it will be over.
_TELLING_PERCENT: Final = 3
_TELLING_TIME: Final = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestProgress:
    """The progress of a guest's backup, and when it will be over at this pace; None where that cannot be told yet."""

    progress: Progress
    ends: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobProgress:
    """How many of its guests a job is done with on the nodes on which it runs, and whose turn it is."""

    done: int
    total: int
    now: str | None


def progress_of_guest(vmid: int, context: Context) -> GuestProgress | None:
    """Return how far the backup of a guest is that goes on."""
    outcome = next((found for found in _going_on(context) if found.vmid == vmid), None)
    if outcome is None:
        return None
    run = next((run for run in context.facts.runs if run.task.upid == outcome.upid and run.log is not None), None)
    progress = run.log.progress if run is not None and run.log is not None else None
    return GuestProgress(progress=progress, ends=_end(progress, outcome, context)) if progress is not None else None


def progress_of_job(view: JobView, context: Context) -> JobProgress | None:
    """Return how far a job is that runs."""
    runs = [run for run in context.running if run.job_id == view.job.job_id]
    nodes = {run.node for run in runs}
    total = sum(guest.node in nodes for guest in context.covered_guests(view.job))
    outcomes = [outcome for run in runs for outcome in run.outcomes]
    if not total or not outcomes:
        return None
    done = sum(outcome.result not in {Result.RUNNING, Result.NOT_REACHED} for outcome in outcomes)
    now = next((outcome.vmid for outcome in outcomes if outcome.result is Result.RUNNING), None)
    record = context.history.guests.get(now) if now is not None else None
    name = guest_label(record.name if record else None, now) if now is not None else None
    return JobProgress(done=min(done, total), total=total, now=name)


def _going_on(context: Context) -> list[Outcome]:
    return [outcome for run in context.running for outcome in run.outcomes if outcome.result is Result.RUNNING]


def _end(progress: Progress, outcome: Outcome, context: Context) -> datetime | None:
    """Return when it is over at the pace so far, by our clock, to the minute: each look would tell another second."""
    elapsed = context.node_now(outcome.node) - outcome.started
    if progress.percent is None or progress.percent < _TELLING_PERCENT or elapsed < _TELLING_TIME:
        return None
    left = elapsed * ((100 - progress.percent) / progress.percent)
    return (context.facts.now + left).replace(second=0, microsecond=0)
