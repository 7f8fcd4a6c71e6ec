"""What the details of every row have in common: the verdict with what it rests on, and the runs."""

from typing import Any

from ..checker.model.records import Acknowledgement
from ..checker.model.verdict import Verdict
from ..checker.views.wall.details import WallRun
from ..texts.localizer import Localizer
from .causes import REPAIRS
from .epochs import epoch
from .rows import Row


def verdict_data(
    verdict: Verdict, row: Row, localizer: Localizer, acknowledged: Acknowledgement | None
) -> dict[str, Any]:
    """Return what is held of a row, and why."""
    return {
        "status": row["status"],
        "problem": verdict.problem,
        "reason": row["reason"],
        "reason_code": verdict.reason.code.value,
        "since": epoch(verdict.since),
        "seen_since": epoch(verdict.seen_since),
        "confidence": verdict.confidence.value,
        "evidence": list(verdict.evidence),
        "failures": verdict.failures,
        "last_success": epoch(verdict.last_success),
        "next_due": epoch(verdict.next_due),
        "findings": [localizer.sentence(finding) for finding in verdict.findings],
        "next_step": localizer.next_step(verdict),
        "link": REPAIRS if verdict.reason.code.meaning.is_right_missing else None,
        "error": verdict.error,
        "acknowledged": _acknowledged(acknowledged) if acknowledged else None,
    }


def _acknowledged(acknowledged: Acknowledgement) -> dict[str, Any]:
    return {
        "until": epoch(acknowledged.until),
        "until_next_run": acknowledged.until_next_run,
        "note": acknowledged.note,
    }


def run_data(run: WallRun, localizer: Localizer) -> dict[str, Any]:
    """Return a run as the card gets it."""
    cause = run.cause
    return {
        "upid": run.upid,
        "node": run.node,
        "started": epoch(run.started),
        "ended": epoch(run.ended),
        "day": run.day.isoformat(),
        "result": run.result,
        "job_id": run.job_id,
        "job_name": run.job_name,
        "by_hand": run.by_hand,
        "confidence": run.confidence.value,
        "size": run.size,
        "transferred": run.transferred,
        "duration": run.seconds,
        "error": run.error,
        "cause": localizer.cause(cause) if cause else None,
        "step": localizer.step(cause) if cause else None,
        "storage": run.storage,
        "archive": run.archive,
    }
