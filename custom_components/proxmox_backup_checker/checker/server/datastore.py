"""The judgement of datastores: there, with room for what is to come, and looked after."""

from typing import Final

from ..model.reason_codes import ReasonCode
from ..model.server_facts import DatastoreFacts
from ..model.verdict import Confidence, Reason, Status, Verdict

FILLING: Final = 0.85
NEARLY_FULL: Final = 0.95


def used_share(facts: DatastoreFacts) -> float | None:
    """Return the share in use, between 0 and 1."""
    usage = facts.usage
    if usage is None or not usage.total or usage.used is None:
        return None
    return usage.used / usage.total


def judge_datastore(facts: DatastoreFacts) -> Verdict:
    """Return the verdict of a datastore."""
    share = used_share(facts)
    values = {"percent": f"{100 * share:.0f}"} if share is not None else {"percent": "?"}
    if share is not None and share >= NEARLY_FULL:
        reason = Reason(ReasonCode.DATASTORE_NEARLY_FULL, values)
        return Verdict(status=Status.FAILED, problem=True, reason=reason, confidence=Confidence.EXACT)
    if share is not None and share >= FILLING:
        reason = Reason(ReasonCode.DATASTORE_FILLING, values)
        return Verdict(status=Status.WARNING, problem=False, reason=reason, confidence=Confidence.EXACT)
    return Verdict(
        status=Status.OK, problem=False, reason=Reason(ReasonCode.DATASTORE_OK, values), confidence=Confidence.EXACT
    )
