"""The judgement of guests: from the last run that concerned each of them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..proxmox.backup_models import BackupJob
from ..proxmox.models import Guest
from .coverage import Coverage, covers, jobs_covering
from .facts import Blindness, Facts
from .outcomes import Outcome, Result
from .verdict import Confidence, Reason, Status, Verdict

PAUSE_LIMIT: Final = timedelta(days=7)

_FAILURES: Final = {
    Result.FAILED: "backup_failed",
    Result.INTERRUPTED: "backup_interrupted",
    Result.NOT_REACHED: "backup_not_reached",
}


def judge_guest(guest: Guest, outcomes: tuple[Outcome, ...], facts: Facts) -> Verdict:
    """Return the verdict of a guest; `outcomes` newest first."""
    finished = [outcome for outcome in outcomes if outcome.result is not Result.RUNNING]
    verdict = _settled(guest, finished, facts)
    last_success = next((outcome.finished for outcome in finished if outcome.result is Result.OK), None)
    verdict = replace(verdict, last_success=last_success)
    if outcomes and outcomes[0].result is Result.RUNNING:
        return replace(verdict, status=Status.RUNNING)
    return verdict


def _settled(guest: Guest, finished: list[Outcome], facts: Facts) -> Verdict:
    """Return the verdict as it is apart from any run in progress."""
    node = facts.nodes.get(guest.node)
    if node is None or node.blindness is not None:
        code = node.blindness if node and node.blindness else Blindness.NODE_UNREACHABLE
        return _unknown(code, node=guest.node)
    if facts.jobs is None:
        return _unknown(Blindness.JOBS_HIDDEN)
    covering = jobs_covering(facts.jobs, guest, enabled=True, pools_visible=facts.pools_visible)
    if not covering:
        return _without_job(guest, facts.jobs, finished, facts)
    decisive = _decisive(covering, finished)
    if decisive is None:
        return _never_seen(covering, facts)
    return _from_outcome(decisive, finished, facts)


def _without_job(guest: Guest, jobs: tuple[BackupJob, ...], finished: list[Outcome], facts: Facts) -> Verdict:
    if any(covers(job, guest, pools_visible=facts.pools_visible) is Coverage.UNKNOWN for job in jobs if job.enabled):
        return _unknown(Blindness.POOLS_HIDDEN)
    paused = jobs_covering(jobs, guest, enabled=False, pools_visible=facts.pools_visible)
    if paused:
        last = next((outcome.finished for outcome in finished if outcome.result is Result.OK), None)
        recent = last is not None and facts.now - last <= PAUSE_LIMIT
        return Verdict(
            status=Status.PAUSED,
            problem=not recent,
            reason=Reason("job_disabled" if recent else "job_disabled_too_long", {"job": _names(paused)}),
        )
    if guest.template:
        return Verdict(status=Status.IGNORED, problem=False, reason=Reason("template_without_job"))
    return Verdict(status=Status.UNCOVERED, problem=True, reason=Reason("no_job"))


def _never_seen(covering: tuple[BackupJob, ...], facts: Facts) -> Verdict:
    """A guest with a job but without any run: unproven, and where some nodes cannot be seen, that is why."""
    if blind := [node.name for node in facts.nodes.values() if node.blindness is not None]:
        return _unknown(Blindness.NODE_UNREACHABLE, node=", ".join(sorted(blind)))
    return _unknown("no_run_seen", job=_names(covering))


def _decisive(covering: tuple[BackupJob, ...], finished: list[Outcome]) -> Outcome | None:
    """Return the outcome that counts: the worst of the newest ones of all covering jobs.

    A good backup by hand makes up for a job's failure before it, but a failure by hand takes nothing away from a good one.
    """
    newest = [
        outcome
        for job in covering
        if (outcome := next((outcome for outcome in finished if _concerns(outcome, job)), None)) is not None
    ]
    failures = [outcome for outcome in newest if outcome.result is not Result.OK]
    if newest:
        return max(failures or newest, key=lambda outcome: outcome.started)
    return finished[0] if finished else None


def _concerns(outcome: Outcome, job: BackupJob) -> bool:
    """Tell whether an outcome says something of what a job promises."""
    if outcome.by_hand:
        return outcome.result is Result.OK
    return outcome.job_id in {None, job.job_id}


def _from_outcome(outcome: Outcome, finished: list[Outcome], facts: Facts) -> Verdict:
    job = next((job for job in facts.jobs or () if job.job_id == outcome.job_id), None)
    values = {"job": job_name(job) if job else "", "node": outcome.node, "error": outcome.error or ""}
    if outcome.result is Result.OK:
        return Verdict(
            status=Status.OK,
            problem=False,
            reason=Reason(_success_code(outcome, job), values),
            since=outcome.finished,
            confidence=outcome.confidence,
            evidence=(outcome.upid,),
        )
    code = _FAILURES[outcome.result]
    if outcome.result is Result.NOT_REACHED and job is None:
        code = "backup_not_reached_by_any_job"
    return Verdict(
        status=Status.FAILED,
        problem=True,
        reason=Reason(code if outcome.error or outcome.result is Result.INTERRUPTED else f"{code}_unexplained", values),
        since=_failing_since(finished, outcome),
        confidence=outcome.confidence,
        evidence=(outcome.upid,),
    )


def _success_code(outcome: Outcome, job: BackupJob | None) -> str:
    if outcome.by_hand:
        return "backed_up_by_hand"
    return "backed_up" if job else "backed_up_by_unknown_job"


def _failing_since(finished: Iterable[Outcome], last: Outcome) -> datetime | None:
    """Return when the row of failures began that ends with `last`, in the same job."""
    since = None
    for outcome in finished:
        if outcome.started > last.started or outcome.job_id != last.job_id:
            continue
        if outcome.result is Result.OK:
            break
        since = outcome.finished or outcome.started
    return since


def _unknown(code: str, **values: str) -> Verdict:
    return Verdict(status=Status.UNKNOWN, problem=None, reason=Reason(str(code), values), confidence=Confidence.NONE)


def _names(jobs: Iterable[BackupJob]) -> str:
    return ", ".join(job_name(job) for job in jobs)


def job_name(job: BackupJob) -> str:
    """Return how people call a job: its comment, else its schedule and storage, else its id."""
    if job.comment:
        return job.comment.splitlines()[0]
    if job.schedule:
        return f"{job.schedule} → {job.storage or 'local'}"
    return job.job_id
