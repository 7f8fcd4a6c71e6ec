"""How a finished run ended as a whole."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final

from ..model.labels import labels_of_guests
from ..model.outcome import Result, succeeded, unclear
from ..model.reason_codes import ReasonCode
from ..model.records import GuestRecord, RunRecord
from ..model.verdict import Status

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
        return RunResult(Status.FAILED, ReasonCode.JOB_GUESTS_FAILED, names)
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
