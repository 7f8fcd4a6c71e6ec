"""Does a guest have the copies that its user asks for, as 3-2-1 does, and what is the one thing that is missing?

It is a question of its own: a good backup is no worse for it. What nobody can see makes the answer unknown, and neither yes nor no.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ..model.copies_rule import CopiesRule
from ..model.reason_codes import ReasonCode
from ..model.server_options import Place
from ..model.verdict import Reason, Status, Verdict
from .copies import Copies
from .tally import Range, Tally

_NONE_WANTED: Final = {
    ReasonCode.OFFSITE_FILTERED: ReasonCode.RULE_FILTERED,
    ReasonCode.OFFSITE_NOT_COPIED: ReasonCode.RULE_NOT_COPIED,
}


class RuleState(StrEnum):
    """Whether a rule is met; pending is what waits for its first backup or copy, and nobody missed anything."""

    MET = "met"
    BELOW = "below"
    PENDING = "pending"
    UNKNOWN = "unknown"
    IGNORED = "ignored"


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleVerdict:
    """What is held of a guest's copies against a rule: `step` is what is missing, or not known, and `cause` why."""

    rule: CopiesRule
    state: RuleState
    step: Reason
    cause: Reason | None = None


def judge_copies(held: Verdict, offsite: Verdict | None, tally: Tally, copies: Copies) -> RuleVerdict | None:
    """Return what is held of a guest's copies; None where no rule is chosen, or nobody has said where anything stands.

    `held` is the verdict on its backups, and `offsite` that on its copies elsewhere.
    """
    rule = copies.places.context.facts.policy.copies_rule
    if rule is None or not copies.places.has_declared_place:
        return None
    places = copies.places
    return verdict_by(rule, held, offsite, tally, has_elsewhere=places.has_place_elsewhere, unsaid=places.unsaid)


def verdict_by(
    rule: CopiesRule,
    held: Verdict,
    offsite: Verdict | None,
    tally: Tally,
    *,
    has_elsewhere: bool,
    unsaid: Sequence[str] = (),
) -> RuleVerdict:
    """Return what is held of copies by a rule.

    `unsaid` are the places of which nobody has said where they stand, where nothing is said to be elsewhere: who has answered for
    some has not said that there is no other house.
    """
    if held.lasting is Status.IGNORED:
        return RuleVerdict(rule=rule, state=RuleState.IGNORED, step=held.reason)
    if tally.copies.most == 0 and held.lasting is Status.UNKNOWN:
        # What has become of its backups is not known at all.
        step = Reason(ReasonCode.RULE_UNKNOWN, {"rule": rule.text})
        return RuleVerdict(rule=rule, state=RuleState.UNKNOWN, step=step, cause=held.reason)
    is_open = bool(unsaid) and tally.offsite.is_below(rule.offsite)
    asked = replace(rule, offsite=0) if is_open else rule
    if (missing := _missing(asked, held, offsite, tally, has_elsewhere=has_elsewhere)) is not None:
        waits = Status.PENDING in {held.lasting, offsite.status if offsite is not None else None}
        state = RuleState.PENDING if waits else RuleState.BELOW
        return RuleVerdict(rule=rule, state=state, step=missing[0], cause=missing[1])
    doubts = _unsaid(unsaid) if is_open else _doubts(rule, tally)
    if (doubt := next(doubts, None)) is not None:
        step = Reason(ReasonCode.RULE_UNKNOWN, {"rule": rule.text})
        return RuleVerdict(rule=rule, state=RuleState.UNKNOWN, step=step, cause=doubt)
    return RuleVerdict(rule=rule, state=RuleState.MET, step=Reason(ReasonCode.RULE_MET, {"rule": rule.text}))


def _missing(
    rule: CopiesRule, held: Verdict, offsite: Verdict | None, tally: Tally, *, has_elsewhere: bool
) -> tuple[Reason, Reason | None] | None:
    """Return what surely is missing and why: the step that brings most."""
    if rule.backups and tally.copies.most == 0:
        cause = held.reason if held.problem is not False or held.lasting is not Status.OK else _why(tally)
        return Reason(ReasonCode.RULE_NO_COPY), cause
    if tally.offsite.is_below(rule.offsite):
        return _missing_elsewhere(rule, offsite, tally, has_elsewhere=has_elsewhere)
    if tally.copies.is_below(rule.backups):
        return _counted(ReasonCode.RULE_FEW_COPIES, tally.copies, rule.backups), _why(tally)
    if tally.media.is_below(rule.media):
        return _counted(ReasonCode.RULE_FEW_MEDIA, tally.media, rule.media), None
    return None


def _missing_elsewhere(
    rule: CopiesRule, offsite: Verdict | None, tally: Tally, *, has_elsewhere: bool
) -> tuple[Reason, Reason | None]:
    if not has_elsewhere:
        return Reason(ReasonCode.RULE_NOTHING_ELSEWHERE), None
    if tally.offsite.most:
        return _counted(ReasonCode.RULE_FEW_ELSEWHERE, tally.offsite, rule.offsite), None
    if offsite is not None and (code := _NONE_WANTED.get(offsite.reason.code)) is not None:
        return Reason(code, offsite.reason.values), None
    tells = offsite is not None and (offsite.problem or offsite.status is Status.PENDING)
    why = offsite.reason if offsite is not None and tells else _why(tally, Place.ELSEWHERE)
    return Reason(ReasonCode.RULE_NONE_ELSEWHERE), why


def _counted(code: ReasonCode, number: Range, needed: int) -> Reason:
    return Reason(code, {"count": str(number.most), "needed": str(needed)})


def _why(tally: Tally, place: Place | None = None) -> Reason | None:
    """Return what speaks against a copy that does not count."""
    left_out = (share for share in tally.shares if share.counts is False and place in {None, share.copy.place})
    return next((share.why for share in left_out), None)


def _doubts(rule: CopiesRule, tally: Tally) -> Iterator[Reason]:
    """Yield what has to be known before the rule can be called met."""
    if tally.offsite.least < rule.offsite:
        yield from _of_places(tally)
        yield from (one.why for one in tally.hidden if one.place is not Place.HERE)
    if tally.copies.least < rule.backups:
        yield from (share.why for share in tally.shares if share.counts is None and share.why is not None)
        yield from (one.why for one in tally.hidden)
    if tally.media.least < rule.media:
        yield Reason(ReasonCode.COPIES_MAYBE_ONE_MEDIUM, {"places": _names(tally)})


def _unsaid(places: Sequence[str]) -> Iterator[Reason]:
    yield Reason(ReasonCode.PLACES_UNSAID, {"places": ", ".join(places), "count": str(len(places))})


def _of_places(tally: Tally) -> Iterator[Reason]:
    for share in tally.shares:
        if share.counts is None and share.copy.place is not Place.HERE and share.why is not None:
            yield share.why
        elif share.counts and share.copy.place is Place.UNKNOWN:
            yield Reason(ReasonCode.COPY_PLACE_UNKNOWN, {"place": share.copy.name})


def _names(tally: Tally) -> str:
    return ", ".join(sorted(share.copy.name for share in tally.shares if share.counts is not False))
