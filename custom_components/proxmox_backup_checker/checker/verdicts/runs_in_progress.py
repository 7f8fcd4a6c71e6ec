"""What a run excuses while it goes on: it may be long, but one that hangs excuses nobody."""

from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..jobs.timetable import Timetable
from ..model.outcome import Outcome, Result
from ..model.records import RunRecord

_LONGEST: Final = 3
_LONGEST_UNDER_WAY: Final = timedelta(hours=24)
_LOCKWAIT: Final = timedelta(minutes=180)


def excused_since(job: BackupJob, node: str, context: Context, guest: Guest | None = None) -> datetime | None:
    """Return since when the slots of a job on a node, or of one guest of it there, are excused by its run in progress.

    Those are the slots that could still be awaited when the run began, and what would have come while it goes on. A guest
    that has not been reached waits for three times as long as the job usually takes; one that is under way, and the job
    itself, until the run keeps the next one from starting, or for a day.
    """
    starts = []
    for run in context.going_on(job, node):
        is_patient = guest is None or any(
            outcome.vmid == guest.vmid and outcome.result is Result.RUNNING for outcome in run.outcomes
        )
        now = context.node_now(node)
        if _is_within_limit(run, job, now, context) or (is_patient and _is_before_next(run, job, now, context)):
            starts.append(run.started)
    return min(starts, default=None)


def hanging(job: BackupJob, node: str, context: Context) -> RunRecord | None:
    """Return a job's run on a node that was seen going on for so long that it will hardly end by itself."""
    seen = seen_going_on_until(node, context)
    for run in context.going_on(job, node):
        if not _is_within_limit(run, job, seen, context) and not _is_before_next(run, job, seen, context):
            return run
    return None


def seen_going_on_until(node: str, context: Context) -> datetime:
    """Return up to when a run in progress on a node was seen to be so, by the node's clock: it may have ended since."""
    return min(context.node_now(node), context.seen_until(node))


def _is_within_limit(run: RunRecord, job: BackupJob, moment: datetime, context: Context) -> bool:
    return _elapsed(run, moment) <= _limit(run, job, context)


def serves(outcome: Outcome, slot: datetime, table: Timetable, job: BackupJob, context: Context) -> bool:
    """Tell whether what a run did for a guest is for a slot or a later one.

    A slot that came while the run went on, before the guest's turn, is not made up for by a run that took so long that it
    excuses nobody.
    """
    if not table.serves(outcome.started, slot):
        return False
    run = context.index.runs.get(outcome.upid)
    if run is None or outcome.by_hand or outcome.result is not Result.OK or table.serves(run.started, slot):
        return True
    return _is_within_limit(run, job, context.node_now(run.node), context)


def _elapsed(run: RunRecord, moment: datetime) -> timedelta:
    """Return for how long a run had worked by a moment; the time for which it waited for another run's lock does not count."""
    return (run.ended or moment) - run.started - timedelta(seconds=run.waited)


def _limit(run: RunRecord, job: BackupJob, context: Context) -> timedelta:
    """Return three times what the job usually takes, beside the time for which Proxmox lets it wait for a lock."""
    waiting = _lockwait(job) if "waiting_for_lock" in run.notes else timedelta()
    return _LONGEST * context.usual_duration(job) + waiting


def _is_before_next(run: RunRecord, job: BackupJob, moment: datetime, context: Context) -> bool:
    """Tell whether a run kept no other from starting by a moment, and was no day old; for how long it waited for a lock is all one."""
    table = context.timetable(job, run.node)
    following = table.event.next_after(run.started.astimezone(table.zone)) if table is not None else None
    latest = run.started + _LONGEST_UNDER_WAY
    return moment <= (latest if following is None else min(following, latest))


def _lockwait(job: BackupJob) -> timedelta:
    """Return how long Proxmox lets a job's run wait for the node's lock (PVE/VZDump.pm, getlock)."""
    minutes = str(job.options.get("lockwait", ""))
    return timedelta(minutes=int(minutes)) if minutes.isdecimal() and len(minutes) < 7 else _LOCKWAIT
