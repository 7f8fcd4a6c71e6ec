"""Whether something may be changed now: is there a backup to go back to?"""

from datetime import datetime, timedelta

from .assessment import Picture
from .model.verdict import Status, Verdict


def is_protected(verdict: Verdict | None, longest_age: timedelta, now: datetime) -> bool:
    """Tell whether there is a good backup that is young enough, and nothing speaks against it."""
    if verdict is None or verdict.problem is not False:
        return False
    return verdict.last_success is not None and now - verdict.last_success <= longest_age


def to_be_protected(picture: Picture) -> list[int]:
    """Return the guests that have to be protected: all but those that are ignored."""
    return [vmid for vmid, view in picture.guests.items() if view.verdict.lasting is not Status.IGNORED]
