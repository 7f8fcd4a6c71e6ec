"""What the dialog of a guest shows of its copies: where they lie, how new each is, and whether they have come elsewhere in time."""

from typing import Any

from ..checker.assessment import GuestView
from ..checker.copies.copies import Copy
from ..texts.localizer import Localizer
from .rows import epoch


def copies_data(view: GuestView) -> list[dict[str, Any]]:
    """Return the places in which a guest's restore points lie, the one with the newest first."""
    return [_copy(copy) for copy in view.copies]


def _copy(copy: Copy) -> dict[str, Any]:
    return {
        "key": copy.key,
        "name": copy.name,
        "stands": copy.place.value,
        "witness": copy.witness.value,
        "storages": list(copy.storages),
        "newest": epoch(copy.newest),
        "count": copy.count,
        "verified": epoch(copy.verified),
        "verified_elsewhere": epoch(copy.verified_elsewhere),
        "bad": copy.bad,
        "protected": copy.protected,
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
