"""How a finished run is told, in one sentence."""

from ..activity.events import some
from ..model.outcome import Result
from ..model.records import RunRecord
from ..model.verdict import Confidence, Reason, Status


def tell_run(run: RunRecord, status: Status, job: str | None, guests: tuple[str, ...]) -> Reason:
    """Tell how a run of a job, of an unknown job or by hand ended; `guests` are the names of those that it concerns."""
    values = {"job": job or "", "node": run.node, "guests": some(guests)}
    by_hand = run.confidence is Confidence.MANUAL
    if status is Status.FAILED:
        errors = (outcome.error for outcome in run.outcomes if outcome.result is not Result.OK and outcome.error)
        values["error"] = next(errors, None) or run.error or run.status
        if by_hand:
            return Reason("happened_manual_run_failed" if guests else "happened_manual_run_failed_early", values)
        if job is None:
            return Reason("happened_run_failed_of_unknown_job", values)
        return Reason("happened_run_failed" if guests else "happened_run_failed_early", values)
    if status is Status.UNKNOWN:
        code = "happened_run_unclear" if job is not None else "happened_run_unclear_of_no_job"
        return Reason(code, {**values, "error": run.status})
    if by_hand:
        return Reason("happened_manual_run_succeeded", values)
    if job is None:
        return Reason("happened_run_of_unknown_job", values)
    if status is Status.WARNING:
        return Reason("happened_run_warnings", {**values, "count": str(run.warnings)})
    return Reason("happened_run_succeeded", values)
