"""What a run in progress excuses: it may be long, but one that hangs excuses nobody."""

from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ..context import Context
from ..jobs.timetable import UNKNOWN_DURATION
from ..model.records import RunRecord

_LONGEST: Final = 3
_LOCKWAIT: Final = timedelta(minutes=180)


def excused_since(job: BackupJob, node: str, context: Context) -> datetime | None:
    """Return since when a job's slots on a node are excused by its run there, None where none are.

    Those are the slots that could still be awaited when the run began, and what would have come while it goes on.
    """
    starts = [run.started for run in context.going_on(job, node) if not _hangs(run, job, context)]
    return min(starts, default=None)


def hanging(job: BackupJob, node: str, context: Context) -> RunRecord | None:
    """Return a job's run on a node that goes on for so long that it will hardly end by itself."""
    found = (run for run in context.going_on(job, node) if run.job_id == job.job_id)
    return next((run for run in found if _hangs(run, job, context)), None)


def _hangs(run: RunRecord, job: BackupJob, context: Context) -> bool:
    """Tell whether a run goes on for more than three times the usual, which is taken for two hours at least.

    The time for which it waits for another run's lock does not count, as long as Proxmox lets it wait.
    """
    elapsed = context.node_now(run.node) - run.started - timedelta(seconds=run.waited)
    usual = context.usual_duration(job)
    limit = _LONGEST * max(usual, UNKNOWN_DURATION)
    if "waiting_for_lock" in run.notes:
        limit += _lockwait(job)
    return elapsed > limit


def _lockwait(job: BackupJob) -> timedelta:
    """Return how long Proxmox lets a job's run wait for the node's lock (PVE/VZDump.pm, getlock)."""
    minutes = str(job.options.get("lockwait", ""))
    return timedelta(minutes=int(minutes)) if minutes.isdecimal() and len(minutes) < 7 else _LOCKWAIT
