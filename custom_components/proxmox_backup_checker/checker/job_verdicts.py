"""The judgement of jobs: from the last run of each on every node."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..proxmox.backup_models import BackupJob
from .attribution import Attribution
from .facts import Blindness, Facts, JobState, Run
from .outcomes import succeeded
from .verdict import Confidence, Reason, Status, Verdict

# The nodes start a slot's runs within a minute of each other, and a run waits for the lock for three hours at most.
_SAME_SLOT: Final = timedelta(hours=3)
_WORST_FIRST: Final = (Status.FAILED, Status.WARNING, Status.OK)


def judge_job(job: BackupJob, facts: Facts, attributions: Mapping[str, Attribution]) -> Verdict:
    """Return the verdict of a job from its runs and from what its state files tell."""
    runs = sorted(
        (run for run in facts.runs if attributions[run.task.upid].job_id == job.job_id),
        key=lambda run: run.task.started,
        reverse=True,
    )
    finished = [run for run in runs if not run.task.running]
    if not job.enabled:
        verdict = Verdict(status=Status.PAUSED, problem=False, reason=Reason("job_is_disabled"))
    else:
        verdict = _settled(job, finished, facts, attributions)
    good = (run for run in finished if _result(run)[0] is not Status.FAILED)
    verdict = replace(verdict, last_success=next((run.ended for run in good), None))
    if any(run.task.running for run in runs):
        return replace(verdict, status=Status.RUNNING)
    return verdict


def _settled(job: BackupJob, finished: list[Run], facts: Facts, attributions: Mapping[str, Attribution]) -> Verdict:
    if stuck := _could_not_start(job, finished, facts):
        code = "job_could_not_start" if stuck.error is None else "job_state_unreadable"
        return Verdict(
            status=Status.FAILED,
            problem=True,
            reason=Reason(code, {"node": stuck.node, "error": stuck.error or (stuck.message or "").strip()}),
            since=stuck.updated,
            confidence=Confidence.EXACT,
        )
    if not finished:
        return _never_seen(job, facts)
    last = _of_last_slot(finished)
    status, run = min(((_result(run)[0], run) for run in last), key=lambda pair: _WORST_FIRST.index(pair[0]))
    code, error = _result(run)[1:]
    return Verdict(
        status=status,
        problem=status is Status.FAILED,
        reason=Reason(code, {"node": run.task.node, "error": error}),
        since=_since(finished) if status is Status.FAILED else run.ended,
        confidence=attributions[run.task.upid].confidence,
        evidence=tuple(run.task.upid for run in last),
    )


def _never_seen(job: BackupJob, facts: Facts) -> Verdict:
    blind = sorted(node.name for node in facts.nodes.values() if node.blindness is not None)
    if blind and job.node in {None, *blind}:
        reason = Reason(Blindness.NODE_UNREACHABLE, {"node": ", ".join(blind)})
    else:
        reason = Reason("job_no_run_seen")
    return Verdict(status=Status.UNKNOWN, problem=None, reason=reason)


def _could_not_start(job: BackupJob, finished: list[Run], facts: Facts) -> JobState | None:
    """Return the newest state in which a node could not start the job.

    Without a UPID the state names no run: the scheduler got nowhere, and a later run takes that back. A state that cannot
    be read keeps the scheduler from trying at all (PVE/Jobs.pm, synchronize_job_states_with_config).
    """
    newest = finished[0].started if finished else None
    states = [state for state in facts.job_states if state.job_id == job.job_id and _is_stuck(state, newest)]
    return max(states, key=lambda state: state.updated.timestamp() if state.updated else 0.0, default=None)


def _is_stuck(state: JobState, newest_run: datetime | None) -> bool:
    if state.error is not None:
        return True
    if state.state != "stopped" or state.upid is not None or succeeded((state.message or "OK").strip()):
        return False
    return newest_run is None or state.updated is None or state.updated > newest_run


def _of_last_slot(finished: list[Run]) -> list[Run]:
    """Return the newest run of each node that took part in the job's last slot."""
    newest: dict[str, Run] = {}
    for run in finished:
        if finished[0].started - run.started <= _SAME_SLOT:
            newest.setdefault(run.task.node, run)
    return list(newest.values())


def _result(run: Run) -> tuple[Status, str, str]:
    """Return status, reason code and error text of a finished run; a failed guest outweighs the task's own status."""
    status = run.task.status
    failed = [guest for guest in run.log.guests if guest.result != "ok"] if run.log else []
    if failed:
        names = ", ".join(f"{guest.name or 'VM'} ({guest.vmid})" for guest in failed)
        return Status.FAILED, "job_guests_failed", names
    if not succeeded(status):
        return Status.FAILED, "job_failed", (run.log.error if run.log else None) or status or ""
    if status is not None and status.upper().startswith("WARNINGS:"):
        return Status.WARNING, "job_with_warnings", status.partition(":")[2].strip()
    return Status.OK, "job_ok", ""


def _since(finished: list[Run]) -> datetime | None:
    """Return when the present row of failures began."""
    since = None
    for run in finished:
        if _result(run)[0] is not Status.FAILED:
            break
        since = run.ended or run.started
    return since
