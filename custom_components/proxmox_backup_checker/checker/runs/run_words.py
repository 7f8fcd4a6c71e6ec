"""How a finished run is told, in one sentence."""

from ..model.labels import abbreviated
from ..model.outcome import Result
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import Confidence, Reason, Status


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
