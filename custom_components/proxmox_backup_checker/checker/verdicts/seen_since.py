"""Since when something is at least as it is, where that began before anybody looked."""

from datetime import datetime
from typing import Final

from ..context import Context
from ..model.subject import Subject
from ..model.verdict import Status, Verdict, with_values

_LASTING: Final = frozenset({Status.UNCOVERED, Status.PAUSED})
"""What is as it is by Proxmox's settings, a problem or not."""


def with_seen_since(subject: Subject, verdict: Verdict, context: Context) -> Verdict:
    """Return a verdict with the first look at which it was the same, where nobody knows when that began."""
    if verdict.since is not None or not (verdict.problem or verdict.lasting in _LASTING):
        return verdict
    return with_values(verdict, seen_since=_first_look(subject, verdict, context))


def _first_look(subject: Subject, verdict: Verdict, context: Context) -> datetime:
    known = context.history.verdicts.get(subject)
    is_same = known is not None and (known.code, known.problem) == (verdict.reason.code.value, verdict.problem)
    return known.since if known is not None and is_same else context.facts.now
