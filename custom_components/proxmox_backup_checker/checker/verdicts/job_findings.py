"""What is to be said of a job beside how its runs ended."""

from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ..context import Context
from ..model.labels import abbreviated, job_name_by_id, labels_of_guests
from ..model.outcome import Result
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import Reason, Verdict

_LOCK_TIMED_OUT: Final = "node_lock_timeout"
_A_MOMENT: Final = timedelta(minutes=1)


def missing_archives(job: BackupJob, context: Context) -> Reason | None:
    """Return of which guests the archive that the job's last good run made is not where it should be."""
    found = []
    for guest in context.covered_guests(job):
        record = context.guest_record(guest)
        if record is None or not record.missing:
            continue
        of_job = (outcome for outcome in context.outcomes(guest) if outcome.job_id == job.job_id)
        newest = next(of_job, None)
        if newest is not None and newest.result is Result.OK and newest.archive in record.missing:
            found.append(guest.vmid)
    if not found:
        return None
    names = abbreviated(labels_of_guests(found, context.history.guests))
    return Reason(ReasonCode.JOB_ARCHIVES_MISSING, {"guests": names})


def lock_holder(verdict: Verdict, context: Context) -> Reason | None:
    """Return which backup held the lock of a node while a job's run waited for it in vain."""
    if verdict.cause is None or verdict.cause.code != _LOCK_TIMED_OUT:
        return None
    waited = [run for upid in verdict.evidence if (run := context.index.runs.get(upid)) is not None]
    for run in waited:
        if (holder := _holder(run, context)) is not None:
            values: dict[str, str | datetime] = {"node": run.node, "since": holder.started}
            if holder.job_id is None:
                return Reason(ReasonCode.LOCK_HELD, values)
            name = job_name_by_id(holder.job_id, context.history.jobs)
            return Reason(ReasonCode.LOCK_HELD_BY_JOB, {**values, "job": name})
    return None


def _holder(run: RunRecord, context: Context) -> RunRecord | None:
    """Return the run that was there before another on its node and outlasted it; of several the one that came first."""
    end = run.ended or run.started
    holders = (
        other
        for other in context.index.runs.values()
        if other.node == run.node
        and other.upid != run.upid
        and other.started <= run.started
        and (other.ended is None or other.ended >= end - _A_MOMENT)
    )
    return min(holders, key=lambda other: other.started, default=None)
