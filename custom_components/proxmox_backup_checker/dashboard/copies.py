"""What the dashboard shows of a guest's copies: where they lie, how new each is, what they come to, and what is missing."""

from typing import Any, TypedDict

from ..checker.assessment import GuestView
from ..checker.copies.host_groups import HostView
from ..checker.copies.rule import RuleVerdict
from ..checker.copies.tally import Range, Share, Tally
from ..texts.localizer import Localizer
from .epochs import epoch


class CopiesOfRow(TypedDict):
    """What a row tells of copies against the rule: `has` is as 3-2-1, with the guest itself as the first copy; `missing` is a sentence."""

    has: str
    state: str
    missing: str


def copies_of_row(view: GuestView, localizer: Localizer) -> CopiesOfRow | None:
    """Return what a guest's copies come to, None where no rule is in force."""
    if view.rule is None:
        return None
    return CopiesOfRow(has=_has(view.tally), state=view.rule.state.value, missing=_missing(view.rule, localizer))


def copies_of_host(view: HostView, localizer: Localizer) -> str | None:
    """Return what a host's copies come to and what is held of that, None where no rule is in force."""
    return f"{_has(view.tally)}. {_missing(view.rule, localizer)}" if view.rule is not None else None


def copies_data(view: GuestView, localizer: Localizer) -> list[dict[str, Any]]:
    """Return the places in which a guest's restore points lie, the one with the newest first."""
    return [_copy(share, localizer) for share in view.tally.shares]


def tally_data(view: GuestView, localizer: Localizer) -> dict[str, Any]:
    """Return what the copies of a guest come to, and what is held of that."""
    tally, rule = view.tally, view.rule
    return {
        "copies": _range(tally.copies),
        "media": _range(tally.media),
        "offsite": _range(tally.offsite),
        "newest": epoch(tally.newest),
        "newest_offsite": epoch(tally.newest_offsite),
        "newest_verified": epoch(tally.newest_verified),
        "newest_locked": epoch(tally.newest_locked),
        "rule": None
        if rule is None
        else {"name": rule.rule.text, "state": rule.state.value, "missing": _missing(rule, localizer)},
    }


def _range(found: Range) -> list[int | None]:
    return [found.least, found.most]


def _has(tally: Tally) -> str:
    """Return what there is in the form of the rule: of a number that is not known what is sure with a plus, else a question mark."""
    copies = Range(tally.copies.least + 1, None if tally.copies.most is None else tally.copies.most + 1)
    return "-".join(map(_number, (copies, tally.media, tally.offsite)))


def _number(found: Range) -> str:
    if found.exact is not None:
        return str(found.exact)
    return f"{found.least}+" if found.least else "?"


def _missing(rule: RuleVerdict, localizer: Localizer) -> str:
    return localizer.with_cause(rule.step, rule.cause)


def _copy(share: Share, localizer: Localizer) -> dict[str, Any]:
    copy = share.copy
    return {
        "key": copy.key,
        "name": copy.name,
        "stands": copy.place.value,
        "witness": copy.witness.value,
        "storages": list(copy.storages),
        "newest": epoch(copy.newest),
        "count": copy.count,
        "counts": share.counts,
        "why": localizer.sentence(share.why) if share.why is not None else None,
        "verified": epoch(copy.verified),
        "verified_elsewhere": epoch(copy.verified_elsewhere),
        "bad": copy.bad,
        "protected": copy.protected,
        "locked": epoch(copy.locked),
        "encrypted": copy.encrypted,
        "unseen_since": epoch(copy.unseen_since),
        "away": copy.away,
    }


def offsite_data(view: GuestView, localizer: Localizer) -> dict[str, Any] | None:
    """Return what is held of the copies elsewhere, None where nothing is said to stand there."""
    verdict = view.offsite
    if verdict is None:
        return None
    return {
        "status": verdict.status.value,
        "problem": verdict.problem,
        "reason": localizer.sentence(verdict.reason),
        "since": epoch(verdict.since),
        "findings": [localizer.sentence(one) for one in verdict.findings if one.code is not verdict.reason.code],
        "next_step": localizer.next_step(verdict),
    }
