"""A verdict with everything that belongs to it: as sentences for people, and field by field."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from ..checker.assessment import Assessment
from ..checker.model.verdict import Confidence, Reason, Status, Verdict
from ..checker.views.report import problems_of
from ..texts.localizer import Localizer, full_stop, iso
from .targets import Target

_LONGEST_ERROR: Final = 500
_EVIDENCE_SHOWN: Final = 3
_PROBLEMS_SHOWN: Final = 10


def explained(target: Target, verdict: Verdict, assessment: Assessment, localizer: Localizer) -> dict[str, Any]:
    """Return a verdict field by field, with a text that says the same; the assessment is what the caller may see."""
    return {
        "kind": target.subject.kind,
        "key": target.subject.id or None,
        "name": target.name,
        "status": verdict.status.value,
        "verdict": verdict.lasting.value,
        "problem": verdict.problem,
        "reason_code": verdict.reason.code.value,
        "reason": localizer.sentence(verdict.reason),
        "since": iso(verdict.since),
        "last_success": iso(verdict.last_success),
        "next_due": iso(verdict.next_due),
        "confidence": verdict.confidence.value,
        "evidence": list(verdict.evidence),
        "acknowledged": target.acknowledgement is not None,
        "failures": verdict.failures,
        "findings": [
            {"reason_code": finding.code.value, "reason": localizer.sentence(finding)} for finding in verdict.findings
        ],
        "error": verdict.error,
        "cause": localizer.cause(verdict.cause) if verdict.cause else None,
        "next_step": localizer.next_step(verdict),
        "job_id": verdict.job_id,
        "trace": dict(verdict.trace),
        "text": " ".join(_sentences(target, verdict, assessment, localizer)),
    }


def status_word(target: Target, verdict: Verdict, localizer: Localizer) -> str:
    """Return the status in words."""
    return status_text(verdict.lasting, target.subject.kind, localizer)


def status_text(status: Status, kind: str, localizer: Localizer) -> str:
    """Return the status of a guest, a job, a storage or the cluster in words."""
    key = f"status_{status.value}"
    return localizer.text(f"{key}_{kind}" if localizer.has(f"{key}_{kind}") else key)


def _sentences(target: Target, verdict: Verdict, assessment: Assessment, localizer: Localizer) -> Iterable[str]:
    yield localizer.text("explain_status", name=target.name, status=status_word(target, verdict, localizer))
    yield full_stop(localizer.sentence(verdict.reason))
    if verdict.error and verdict.error not in localizer.sentence(verdict.reason):
        yield localizer.text("explain_error", error=full_stop(verdict.error[:_LONGEST_ERROR]))
    if (step := localizer.next_step(verdict)) is not None:
        yield localizer.text("explain_acted_on", step=step)
    if verdict.under_run is not None:
        yield localizer.text("explain_running")
    if verdict.since is not None:
        yield localizer.text("explain_since", moment=localizer.moment(verdict.since))
    if verdict.failures:
        yield localizer.text("explain_failures", count=verdict.failures)
    if (known := target.acknowledgement) is not None:
        yield (
            localizer.text("explain_acknowledged_until", moment=localizer.moment(known.until))
            if known.until
            else localizer.text("explain_acknowledged")
        )
    for finding in _others(verdict):
        yield localizer.text("explain_finding", finding=localizer.sentence(finding))
    if target.subject.kind in {"guest", "job"} and verdict.lasting is not Status.IGNORED:
        yield from _moments(verdict, localizer)
    if target.subject.kind in {"guest", "job"}:
        yield from _proof(verdict, localizer)
    if target.subject.kind == "cluster":
        yield from _problems(assessment, localizer)


def _problems(assessment: Assessment, localizer: Localizer) -> Iterable[str]:
    """Return what is wrong in the cluster, one sentence for each."""
    found = problems_of(assessment)
    for standing in found[:_PROBLEMS_SHOWN]:
        yield f"{standing.name}: {full_stop(localizer.sentence(standing.verdict.reason))}"
    if len(found) > _PROBLEMS_SHOWN:
        yield localizer.text("explain_more_problems", count=len(found) - _PROBLEMS_SHOWN)


def _others(verdict: Verdict) -> Iterable[Reason]:
    return (finding for finding in verdict.findings if finding != verdict.reason)


def _moments(verdict: Verdict, localizer: Localizer) -> Iterable[str]:
    if verdict.last_success is not None:
        yield localizer.text("explain_last", moment=localizer.moment(verdict.last_success))
    else:
        yield localizer.text("explain_no_last")
    slot, deadline = _moment(verdict, "due_slot"), _moment(verdict, "deadline")
    if slot is not None and deadline is not None:
        yield localizer.text("explain_deadline", slot=localizer.moment(slot), deadline=localizer.moment(deadline))
    if verdict.next_due is not None:
        yield localizer.text("explain_due", moment=localizer.moment(verdict.next_due))


def _moment(verdict: Verdict, name: str) -> datetime | None:
    text = verdict.trace.get(name)
    return datetime.fromisoformat(text) if text else None


def _proof(verdict: Verdict, localizer: Localizer) -> Iterable[str]:
    if verdict.confidence is not Confidence.NONE or verdict.lasting is Status.UNKNOWN:
        yield localizer.text(f"confidence_{verdict.confidence.value}")
    if verdict.evidence:
        yield localizer.text("explain_evidence", evidence=localizer.list_of(list(verdict.evidence), _EVIDENCE_SHOWN))
