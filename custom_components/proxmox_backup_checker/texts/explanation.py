"""Why a verdict is as it is, sentence by sentence: what was due, what was seen, and how sure that is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ..checker.assessment import Assessment
from ..checker.model.records import Acknowledgement
from ..checker.model.verdict import Confidence, Reason, Status, Verdict
from ..checker.views.report import problems_of
from .localizer import Localizer, full_stop

_LONGEST_ERROR: Final = 500
_PROBLEMS_SHOWN: Final = 10
_PROMISED: Final = frozenset({"guest", "job", "group"})


def status_text(status: Status, kind: str, localizer: Localizer) -> str:
    """Return the status of a guest, a job, a storage or the cluster in words."""
    key = f"status_{status.value}"
    return localizer.text(f"{key}_{kind}" if localizer.has(f"{key}_{kind}") else key)


def error_sentences(verdict: Verdict, localizer: Localizer) -> Iterable[str]:
    """Return what Proxmox said itself, unless the reason says so already."""
    if verdict.error and verdict.error not in localizer.sentence(verdict.reason):
        yield localizer.text("explain_error", error=full_stop(verdict.error[:_LONGEST_ERROR]))


def grounds_of(
    kind: str, verdict: Verdict, known: Acknowledgement | None, assessment: Assessment | None, localizer: Localizer
) -> Iterable[str]:
    """Return what a verdict on something of this kind rests on, all but status, reason and next step.

    That on a cluster rests on the rest of its assessment, which nothing else needs.
    """
    if verdict.under_run is not None:
        yield localizer.text("explain_running")
    if verdict.since is not None:
        yield localizer.text("explain_since", moment=localizer.moment(verdict.since))
    elif verdict.seen_since is not None:
        yield localizer.text("explain_seen_since", moment=localizer.moment(verdict.seen_since))
    if verdict.failures:
        yield localizer.text("explain_failures", count=verdict.failures)
    if known is not None:
        yield (
            localizer.text("explain_acknowledged_until", moment=localizer.moment(known.until))
            if known.until
            else localizer.text("explain_acknowledged")
        )
    for finding in _others(verdict):
        yield localizer.text("explain_finding", finding=localizer.sentence(finding))
    if kind in _PROMISED:
        if verdict.lasting is not Status.IGNORED:
            yield from _moments(verdict, localizer)
        if verdict.confidence is not Confidence.NONE or verdict.lasting is Status.UNKNOWN:
            yield localizer.text(f"confidence_{verdict.confidence.value}")
    if kind == "cluster" and assessment is not None:
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
