"""How runs ended as a whole, which of them belong together, and how that is told."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ..model.labels import abbreviated, labels_of_guests
from ..model.outcome import Result, succeeded, unclear
from ..model.reason_codes import ReasonCode
from ..model.records import GuestRecord, RunRecord
from ..model.verdict import Confidence, Reason, Status

_GONE: Final = ("unable to find VM", "no such VM", "does not exist")


@dataclass(frozen=True, slots=True)
class RunResult:
    """Status, reason code and error text of a finished run."""

    status: Status
    code: ReasonCode
    error: str = ""


def result_of_run(run: RunRecord, guests: Mapping[int, GuestRecord], present: Container[int]) -> RunResult:
    """Return how a run ended; a failed guest outweighs the task's own status. `present` are the VMIDs that exist."""
    bad = [outcome for outcome in run.outcomes if outcome.result not in {Result.OK, Result.UNCLEAR}]
    gone = [outcome for outcome in bad if any(text in (outcome.error or "") for text in _GONE)]
    gone = [outcome for outcome in gone if outcome.vmid not in present]
    if gone and len(gone) == len(bad):
        return RunResult(
            Status.FAILED, ReasonCode.JOB_LISTS_DELETED_GUEST, ", ".join(str(outcome.vmid) for outcome in gone)
        )
    if bad and any(outcome.result is not Result.NOT_REACHED and outcome.error != run.error for outcome in bad):
        names = ", ".join(labels_of_guests((outcome.vmid for outcome in bad), guests))
        was_cut_off = any(outcome.result is Result.INTERRUPTED for outcome in bad)
        return RunResult(
            Status.FAILED, ReasonCode.JOB_INTERRUPTED if was_cut_off else ReasonCode.JOB_GUESTS_FAILED, names
        )
    if "prune_failed" in run.notes and not succeeded(run.status):
        return RunResult(Status.FAILED, ReasonCode.JOB_PRUNE_FAILED, run.error or run.status)
    if unclear(run.status):
        if run.outcomes and all(outcome.result is Result.OK for outcome in run.outcomes):
            return RunResult(Status.OK, ReasonCode.JOB_OK)
        return RunResult(Status.UNKNOWN, ReasonCode.JOB_STATUS_UNCLEAR, run.status)
    if not succeeded(run.status):
        return RunResult(Status.FAILED, ReasonCode.JOB_FAILED, run.error or run.status)
    if run.warnings and run.status.upper().startswith("WARNINGS:"):
        return RunResult(Status.WARNING, ReasonCode.JOB_WITH_WARNINGS, str(run.warnings))
    return RunResult(Status.OK, ReasonCode.JOB_OK)


def is_empty(run: RunRecord) -> bool:
    """Tell whether a run found nothing to do, as one of all guests on a node without any."""
    return not run.outcomes and succeeded(run.status) and run.logged


def is_log_unclear(run: RunRecord) -> bool:
    """Tell whether a run that ended well has a log that does not say how each guest fared: its words may be new to us."""
    return run.logged and succeeded(run.status) and any(outcome.result is Result.UNCLEAR for outcome in run.outcomes)


# The nodes start a job within minutes of each other.
ONE_START: Final = timedelta(minutes=10)


def starts_of(runs: Iterable[RunRecord]) -> list[list[RunRecord]]:
    """Return runs, the oldest first, with those of a job together that its nodes began at one time."""
    latest: dict[str, list[RunRecord]] = {}
    starts: list[list[RunRecord]] = []
    for run in sorted(runs, key=lambda run: run.started):
        start = latest.get(run.job_id) if run.job_id is not None else None
        if start and run.started - start[0].started <= ONE_START and all(run.node != other.node for other in start):
            start.append(run)
            continue
        starts.append([run])
        if run.job_id is not None:
            latest[run.job_id] = starts[-1]
    return starts


def tell_run(run: RunRecord, status: Status, job: str | None, guests: tuple[str, ...]) -> Reason:
    """Tell how a run of a job, of an unknown job or by hand ended; `guests` are the names of those that it concerns."""
    values = {"job": job or "", "node": run.node, "guests": abbreviated(guests)}
    by_hand = run.confidence is Confidence.MANUAL
    if status is Status.FAILED:
        errors = (outcome.error for outcome in run.outcomes if outcome.result is not Result.OK and outcome.error)
        values["error"] = next(errors, None) or run.error or run.status
        if by_hand:
            return Reason(
                ReasonCode.HAPPENED_MANUAL_RUN_FAILED if guests else ReasonCode.HAPPENED_MANUAL_RUN_FAILED_EARLY, values
            )
        if job is None:
            return Reason(ReasonCode.HAPPENED_RUN_FAILED_OF_UNKNOWN_JOB, values)
        return Reason(ReasonCode.HAPPENED_RUN_FAILED if guests else ReasonCode.HAPPENED_RUN_FAILED_EARLY, values)
    if status is Status.UNKNOWN:
        code = ReasonCode.HAPPENED_RUN_UNCLEAR if job is not None else ReasonCode.HAPPENED_RUN_UNCLEAR_OF_NO_JOB
        return Reason(code, {**values, "error": run.status})
    if by_hand:
        return Reason(ReasonCode.HAPPENED_MANUAL_RUN_SUCCEEDED, values)
    if job is None:
        return Reason(ReasonCode.HAPPENED_RUN_OF_UNKNOWN_JOB, values)
    if status is Status.WARNING:
        return Reason(ReasonCode.HAPPENED_RUN_WARNINGS, {**values, "count": str(run.warnings)})
    return Reason(ReasonCode.HAPPENED_RUN_SUCCEEDED, values)
