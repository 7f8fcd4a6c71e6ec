"""A verdict with everything that belongs to it: as sentences for people, and field by field."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from ..checker.assessment import Picture
from ..checker.model.verdict import Confidence, Reason, Status, Verdict
from ..checker.views.report import problems_of
from ..texts.localizer import Words
from .targets import Thing

_LONGEST_ERROR: Final = 500
_EVIDENCE_SHOWN: Final = 3
_PROBLEMS_SHOWN: Final = 10


def explained(thing: Thing, verdict: Verdict, assessment: Picture, words: Words) -> dict[str, Any]:
    """Return a verdict field by field, with a text that says the same; the assessment is what the caller may see."""
    reasons = words.reasons
    return {
        "kind": thing.kind,
        "key": thing.key or None,
        "name": thing.name,
        "status": verdict.status.value,
        "verdict": verdict.lasting.value,
        "problem": verdict.problem,
        "reason_code": verdict.reason.code,
        "reason": reasons.sentence(verdict.reason),
        "since": iso(verdict.since),
        "last_success": iso(verdict.last_success),
        "next_due": iso(verdict.next_due),
        "confidence": verdict.confidence.value,
        "evidence": list(verdict.evidence),
        "acknowledged": thing.acknowledgement is not None,
        "failures": verdict.failures,
        "findings": [
            {"reason_code": finding.code, "reason": reasons.sentence(finding)} for finding in verdict.findings
        ],
        "error": verdict.error,
        "cause": reasons.cause(verdict.cause) if verdict.cause else None,
        "next_step": reasons.step(verdict.cause) if verdict.cause else None,
        "job_id": verdict.job_id,
        "trace": dict(verdict.trace),
        "text": " ".join(_sentences(thing, verdict, assessment, words)),
    }


def iso(moment: datetime | None) -> str | None:
    """Return a moment as responses hold it."""
    return moment.isoformat() if moment else None


def status_word(thing: Thing, verdict: Verdict, words: Words) -> str:
    """Return the status in words."""
    key = f"status_{verdict.lasting.value}"
    return words.text(f"{key}_{thing.kind}" if words.has(f"{key}_{thing.kind}") else key)


def _sentences(thing: Thing, verdict: Verdict, assessment: Picture, words: Words) -> Iterable[str]:
    reasons = words.reasons
    yield words.text("explain_status", name=thing.name, status=status_word(thing, verdict, words))
    yield full_stop(reasons.sentence(verdict.reason))
    if verdict.error and verdict.error not in reasons.sentence(verdict.reason):
        yield words.text("explain_error", error=full_stop(verdict.error[:_LONGEST_ERROR]))
    if verdict.cause:
        yield words.text("explain_acted_on", step=reasons.step(verdict.cause))
    if verdict.under_run is not None:
        yield words.text("explain_running")
    if verdict.since is not None:
        yield words.text("explain_since", moment=words.moment(verdict.since))
    if verdict.failures:
        yield words.count("explain_failures", verdict.failures)
    if (known := thing.acknowledgement) is not None:
        yield (
            words.text("explain_acknowledged_until", moment=words.moment(known.until))
            if known.until
            else words.text("explain_acknowledged")
        )
    for finding in _others(verdict):
        yield words.text("explain_finding", finding=reasons.sentence(finding))
    if thing.kind in {"guest", "job"} and verdict.lasting is not Status.IGNORED:
        yield from _moments(verdict, words)
    if thing.kind in {"guest", "job"}:
        yield from _proof(verdict, words)
    if thing.kind == "cluster":
        yield from _problems(assessment, words)


def _problems(assessment: Picture, words: Words) -> Iterable[str]:
    """Return what is wrong in the cluster, one sentence for each."""
    found = problems_of(assessment)
    for standing in found[:_PROBLEMS_SHOWN]:
        yield f"{standing.name}: {full_stop(words.reasons.sentence(standing.verdict.reason))}"
    if len(found) > _PROBLEMS_SHOWN:
        yield words.count("explain_more_problems", len(found) - _PROBLEMS_SHOWN)


def full_stop(text: str) -> str:
    """Return a text that ends as a sentence does."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _others(verdict: Verdict) -> Iterable[Reason]:
    return (finding for finding in verdict.findings if finding != verdict.reason)


def _moments(verdict: Verdict, words: Words) -> Iterable[str]:
    if verdict.last_success is not None:
        yield words.text("explain_last", moment=words.moment(verdict.last_success))
    else:
        yield words.text("explain_no_last")
    slot, deadline = _moment(verdict, "due_slot"), _moment(verdict, "deadline")
    if slot is not None and deadline is not None:
        yield words.text("explain_deadline", slot=words.moment(slot), deadline=words.moment(deadline))
    if verdict.next_due is not None:
        yield words.text("explain_due", moment=words.moment(verdict.next_due))


def _moment(verdict: Verdict, name: str) -> datetime | None:
    text = verdict.trace.get(name)
    return datetime.fromisoformat(text) if text else None


def _proof(verdict: Verdict, words: Words) -> Iterable[str]:
    if verdict.confidence is not Confidence.NONE or verdict.lasting is Status.UNKNOWN:
        yield words.text(f"confidence_{verdict.confidence.value}")
    if verdict.evidence:
        yield words.text("explain_evidence", evidence=words.list_of(list(verdict.evidence), _EVIDENCE_SHOWN))
