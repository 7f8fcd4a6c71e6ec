"""A verdict with everything that belongs to it: as sentences for people, and field by field."""

from collections.abc import Iterable
from typing import Any, Final

from ..checker.assessment import Assessment
from ..checker.model.verdict import Verdict
from ..texts.explanation import error_sentences, grounds_of, status_text
from ..texts.localizer import Localizer, full_stop, iso
from .targets import Target

_EVIDENCE_SHOWN: Final = 3


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


def _sentences(target: Target, verdict: Verdict, assessment: Assessment, localizer: Localizer) -> Iterable[str]:
    kind = target.subject.kind
    status = status_text(verdict.lasting, kind, localizer)
    yield localizer.text("explain_status", name=target.name, status=status)
    yield full_stop(localizer.sentence(verdict.reason))
    yield from error_sentences(verdict, localizer)
    if (step := localizer.next_step(verdict)) is not None:
        yield localizer.text("explain_acted_on", step=step)
    yield from grounds_of(kind, verdict, target.acknowledgement, assessment, localizer)
    if kind in {"guest", "job"} and verdict.evidence:
        yield localizer.text("explain_evidence", evidence=localizer.list_of(list(verdict.evidence), _EVIDENCE_SHOWN))
