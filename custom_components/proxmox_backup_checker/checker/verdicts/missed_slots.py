"""Why a slot passed without the backup that was due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..jobs.timetable import Timetable
from ..model.facts import Facts, JobState
from ..model.labels import job_name
from ..model.outcome import succeeded
from ..model.policy import Policy
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import Reason, Status
from .whereabouts import stays


@dataclass(frozen=True, kw_only=True, slots=True)
class Miss:
    """The explanation of a missed slot; `node` is the one that should have run the job."""

    node: str
    reason: Reason
    status: Status = Status.OVERDUE
    error: str | None = None


def explain_miss(guest: Guest, job: BackupJob, due: datetime, table: Timetable, context: Context) -> Miss:
    """Return the strongest explanation that the facts give for a guest without a backup since a slot."""
    name, end = next(stays(guest, due, context))
    node = context.node(name)
    values: dict[str, str | datetime] = {"job": job_name(job), "node": name, "slot": due}
    since = due - table.tolerance(due)
    if node is not None and not node.online:
        return Miss(node=name, reason=Reason(ReasonCode.NODE_OFFLINE, values))
    if stuck := stuck_state(job, name, context.facts, context.job_runs(job)):
        error = stuck.error or (stuck.message or "").strip()
        code = ReasonCode.JOB_COULD_NOT_START if stuck.error is None else ReasonCode.JOB_STATE_UNREADABLE
        return Miss(node=name, reason=Reason(code, {**values, "error": error}), status=Status.FAILED, error=error)
    runs = [run for run in context.job_runs(job) if run.started >= since]
    if end is not None and end <= table.deadline(due) and runs:
        there = {**values, "node": guest.node, "origin": name}
        return Miss(node=guest.node, reason=Reason(ReasonCode.MOVED_DURING_BACKUP, there))
    if any(run.node == name for run in runs):
        return Miss(node=name, reason=Reason(ReasonCode.SKIPPED_BY_JOB, values))
    if was_off(name, due, context):
        code = ReasonCode.HOST_WAS_OFF_AND_REPEATS if job.repeat_missed else ReasonCode.HOST_WAS_OFF
        return Miss(node=name, reason=Reason(code, values))
    if not context.facts.cluster.quorate:
        return Miss(node=name, reason=Reason(ReasonCode.NO_QUORUM, values))
    return Miss(node=name, reason=Reason(ReasonCode.RUN_MISSED, values))


def expected_off(miss: Miss, policy: Policy) -> bool:
    """Tell whether a slot was missed only since a node was off that the user expects to be off at times."""
    return miss.node in policy.expected_offline and miss.reason.code.is_node_off


def was_off(node: str, slot: datetime, context: Context) -> bool:
    """Tell whether a node was off when a slot came, as far as that is known."""
    record = context.history.nodes.get(node)
    if record is None or record.last_outage is None:
        return False
    facts = context.node(node)
    skew = facts.skew if facts else timedelta()
    return any(_lasted(start + skew, end + skew, slot) for start, end in (record.last_outage, *record.earlier_outages))


def _lasted(start: datetime, end: datetime, slot: datetime) -> bool:
    if start == end:
        # The boot is all that is known: a slot shortly before it is most likely to have fallen into the time without power.
        return start - timedelta(hours=24) <= slot <= end
    return start <= slot <= end + timedelta(minutes=2)


def stuck_state(job: BackupJob, node: str | None, facts: Facts, runs: Iterable[RunRecord]) -> JobState | None:
    """Return the newest state in which a node, or any node, could not start the job.

    Without a UPID the state names no run: the scheduler got nowhere, and a later run takes that back. A state that cannot
    be read keeps the scheduler from trying at all (PVE/Jobs.pm, synchronize_job_states_with_config).
    """
    states = [state for state in facts.job_states if state.job_id == job.job_id and node in {None, state.node}]
    if not states:
        return None
    newest: dict[str, datetime] = {}
    for run in runs:
        newest[run.node] = max(run.started, newest.get(run.node, run.started))
    stuck = [state for state in states if _is_stuck(state, newest.get(state.node))]
    return max(stuck, key=lambda state: state.updated.timestamp() if state.updated else 0.0, default=None)


def _is_stuck(state: JobState, newest_run: datetime | None) -> bool:
    if state.error is not None:
        return True
    if state.state != "stopped" or state.upid is not None or succeeded((state.message or "OK").strip()):
        return False
    return newest_run is None or state.updated is None or state.updated > newest_run
