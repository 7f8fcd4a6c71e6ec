"""What is to be said of a guest's restores: a reminder where the user asks for tests, and restores that went wrong."""

from collections.abc import Iterable
from datetime import datetime

from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..model.reason_codes import ReasonCode
from ..model.verdict import Reason, Status
from ..restores.proof import USUAL_LIMIT, proof_of


def restore_findings(guest: Guest, context: Context) -> Iterable[tuple[Status, Reason]]:
    """Return what is to be said; no restore is a warning before the user has asked for tests."""
    limit, now = context.facts.policy.restore_limit, context.facts.now
    if limit is None and not context.history.restores:
        return
    weight = Status.OK if limit is None else Status.WARNING
    proof = proof_of(guest, context)
    proven, failed = proof.proven, proof.failed
    if failed is not None and now - failed.ended <= (limit or USUAL_LIMIT):
        values: dict[str, str | datetime] = {
            "moment": failed.ended,
            "archive": failed.archive or "",
            "error": failed.error or "",
        }
        yield weight, Reason(ReasonCode.RESTORE_FAILED, values)
    if proven is not None and proven.bad:
        yield weight, Reason(ReasonCode.RESTORE_POINT_BAD, {"moment": proven.ended, "archive": proven.archive or ""})
    elif limit is not None and proof.is_missing(now, limit, _first_seen(guest, context)):
        days = str(limit.days)
        if proven is not None:
            yield weight, Reason(ReasonCode.RESTORE_TEST_OLD, {"moment": proven.ended, "days": days})
        else:
            yield weight, Reason(ReasonCode.RESTORE_TEST_DUE, {"days": days})


def _first_seen(guest: Guest, context: Context) -> datetime | None:
    record = context.guest_record(guest)
    return record.first_seen if record is not None else None
