"""The judgement of a backup server as a whole: whether it can be read, what the token may see there, and its clock."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..model.labels import duration_text
from ..model.reason_codes import ReasonCode
from ..model.server_facts import ReadFailure, ReadTrouble, ServerFacts
from ..model.server_options import ServerOptions
from ..model.server_records import ServerHistory
from ..model.subject import Subject
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown
from .clock import ServerClock, zone_of
from .context import ServerContext
from .windows import is_awake

AWAY_FOR_LONG: Final = timedelta(minutes=15)
"""Three polls: a server that restarts is not out of reach."""
LARGEST_SKEW: Final = timedelta(minutes=5)
_AUDIT: Final = "Datastore.Audit"

_CODES: Final = {
    ReadFailure.UNREACHABLE: ReasonCode.SERVER_UNREACHABLE,
    ReadFailure.TOKEN_REFUSED: ReasonCode.SERVER_TOKEN_REFUSED,
    ReadFailure.RIGHT_MISSING: ReasonCode.SERVER_RIGHTS_MISSING,
    ReadFailure.CERTIFICATE_CHANGED: ReasonCode.SERVER_CERTIFICATE_CHANGED,
    ReadFailure.CERTIFICATE_UNTRUSTED: ReasonCode.SERVER_CERTIFICATE_UNTRUSTED,
    ReadFailure.UNEXPECTED_ANSWER: ReasonCode.SERVER_UNREADABLE,
}
_BRIEF: Final = frozenset({ReadFailure.UNREACHABLE, ReadFailure.UNEXPECTED_ANSWER})


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
    failure = trouble.failure if trouble is not None else ReadFailure.UNREACHABLE
    clock = ServerClock.of(facts) if facts is not None else ServerClock(timedelta(), zone_of(history.zone or "UTC"))
    if failure is ReadFailure.UNREACHABLE and not is_awake(now, options, clock):
        return Verdict(status=Status.ASLEEP, problem=False, reason=Reason(ReasonCode.SERVER_ASLEEP), since=since)
    if facts is not None and failure in _BRIEF and now - since < AWAY_FOR_LONG:
        return None
    verdict = unknown(_CODES[failure], since=since)
    return replace(verdict, since=since, error=trouble.text if trouble is not None else None)


def judge_server(context: ServerContext) -> Verdict:
    """Return the verdict on a server that can be read, apart from what lies and runs there."""
    facts = context.facts
    permissions = facts.permissions
    if not permissions.has_below("/datastore", _AUDIT):
        if permissions.has_below("/datastore", "Datastore.Backup"):
            return unknown(ReasonCode.SERVER_OWN_GROUPS_ONLY)
        return unknown(ReasonCode.SERVER_RIGHTS_MISSING)
    findings = list(_findings(context))
    telling = next((finding for finding in findings if finding.code is not ReasonCode.SERVER_STILL_READING), None)
    reason = telling or Reason(ReasonCode.SERVER_OK, {"version": facts.version.text})
    status = Status.WARNING if telling is not None else Status.OK
    return Verdict(status=status, problem=False, reason=reason, confidence=Confidence.EXACT, findings=tuple(findings))


def _findings(context: ServerContext) -> Iterable[Reason]:
    facts = context.facts
    if abs(facts.skew) >= LARGEST_SKEW:
        code = ReasonCode.SERVER_CLOCK_AHEAD if facts.skew > timedelta() else ReasonCode.SERVER_CLOCK_BEHIND
        yield Reason(code, {"skew": duration_text(abs(facts.skew))})
    if not facts.permissions.has("/system/tasks", "Sys.Audit"):
        yield Reason(ReasonCode.SERVER_TASKS_HIDDEN)
    if not facts.permissions.has("/remote", "Remote.Audit"):
        yield Reason(ReasonCode.SERVER_SYNC_JOBS_HIDDEN)
    if facts.hidden_stores:
        yield Reason(ReasonCode.SERVER_DATASTORES_HIDDEN, {"stores": ", ".join(facts.hidden_stores)})
    if facts.waiting:
        yield Reason(ReasonCode.SERVER_STILL_READING, {"count": str(facts.waiting)})


def summed_up(own: Verdict, parts: Mapping[Subject, Verdict]) -> Verdict:
    """Return the verdict on a server with its datastores and jobs: those of clients' groups are their own."""
    if own.status not in {Status.OK, Status.WARNING}:
        return own
    counted = [verdict for subject, verdict in parts.items() if subject.kind in {"datastore", "pbsjob"}]
    problems = [verdict for verdict in counted if verdict.problem]
    if problems:
        since = min((verdict.since for verdict in problems if verdict.since is not None), default=None)
        reason = Reason(ReasonCode.SERVER_PROBLEM, {"count": str(len(problems))})
        worst = Status.FAILED if any(verdict.lasting is Status.FAILED for verdict in problems) else Status.WARNING
        return replace(own, status=worst, problem=True, reason=reason, since=since)
    warnings = [verdict for verdict in counted if verdict.lasting in {Status.WARNING, Status.UNKNOWN}]
    if warnings and own.status is Status.OK:
        reason = Reason(ReasonCode.SERVER_WARNING, {"count": str(len(warnings))})
        return replace(own, status=Status.WARNING, reason=reason)
    return own
