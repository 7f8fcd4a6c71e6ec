"""The judgement of a backup server as a whole: whether it can be read, whether it may be seen, and whether its clock is right."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ..model.labels import duration_text
from ..model.reason_codes import ReasonCode
from ..model.server_facts import ReadFailure, ReadTrouble, ServerFacts
from ..model.server_options import ServerOptions
from ..model.server_records import ServerHistory
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown

AWAY_FOR_LONG: Final = timedelta(minutes=15)
"""Three polls: a server that restarts is not out of reach."""
LARGEST_SKEW: Final = timedelta(minutes=5)

_CODES: Final = {
    ReadFailure.UNREACHABLE: ReasonCode.SERVER_UNREACHABLE,
    ReadFailure.TOKEN_REFUSED: ReasonCode.SERVER_TOKEN_REFUSED,
    ReadFailure.RIGHT_MISSING: ReasonCode.SERVER_RIGHTS_MISSING,
    ReadFailure.CERTIFICATE_CHANGED: ReasonCode.SERVER_CERTIFICATE_CHANGED,
    ReadFailure.CERTIFICATE_UNTRUSTED: ReasonCode.SERVER_CERTIFICATE_UNTRUSTED,
    ReadFailure.UNEXPECTED_ANSWER: ReasonCode.SERVER_UNREADABLE,
}


def judge_reach(
    facts: ServerFacts | None,
    history: ServerHistory,
    options: ServerOptions,
    now: datetime,
    trouble: ReadTrouble | None,
) -> Verdict | None:
    """Return the verdict on a server that cannot be read; None while it can, or has been silent for a moment only."""
    if trouble is None and facts is not None:
        return None
    since = history.unread_since or now
    zone = ZoneInfo(facts.zone) if facts is not None else None
    if options.awake and trouble is not None and trouble.failure is ReadFailure.UNREACHABLE and zone is not None:
        local = now.astimezone(zone).time()
        if not any(hours.holds(local) for hours in options.awake):
            return Verdict(status=Status.ASLEEP, problem=False, reason=Reason(ReasonCode.SERVER_ASLEEP), since=since)
    brief = trouble is None or trouble.failure in {ReadFailure.UNREACHABLE, ReadFailure.UNEXPECTED_ANSWER}
    if facts is not None and brief and now - since < AWAY_FOR_LONG:
        return None
    failure = trouble.failure if trouble is not None else ReadFailure.UNREACHABLE
    verdict = unknown(_CODES[failure], since=since)
    verdict = replace(verdict, since=since, error=trouble.text if trouble is not None else None)
    return replace(verdict, problem=True) if now - since >= options.blind_limit else verdict


def judge_server(facts: ServerFacts) -> Verdict:
    """Return the verdict on a server that can be read, apart from what lies and runs there."""
    if not facts.permissions.has_below("/datastore", "Datastore.Audit"):
        return unknown(ReasonCode.SERVER_RIGHTS_MISSING)
    if abs(facts.skew) >= LARGEST_SKEW:
        code = Reason(ReasonCode.SERVER_CLOCK_SKEW, {"skew": duration_text(abs(facts.skew))})
        return Verdict(status=Status.WARNING, problem=False, reason=code, confidence=Confidence.EXACT, findings=(code,))
    reason = Reason(ReasonCode.SERVER_OK, {"version": facts.version.text})
    return Verdict(status=Status.OK, problem=False, reason=reason, confidence=Confidence.EXACT)
