"""The order of the wall's rows, and which of them are new."""

from datetime import datetime, timedelta
from typing import Final

from ...model.records import Acknowledgement, GuestRecord
from ...model.verdict import WORST_FIRST, Verdict

LAST: Final = (9, 0, 0)

_NEW_FOR: Final = timedelta(days=2)


def rank(verdict: Verdict, acknowledged: Acknowledgement | None) -> tuple[int, int, int]:
    """Return where a row stands, the worst first: problems, what cannot be seen, known problems, then all the rest."""
    if verdict.problem:
        place = 2 if acknowledged else 0
    else:
        place = 1 if verdict.problem is None else 3
    return place, WORST_FIRST.index(verdict.status), -verdict.failures


def is_new(record: GuestRecord | None, now: datetime) -> bool:
    """Tell whether a guest came to the cluster only lately."""
    return record is not None and record.first_seen is not None and now - record.first_seen < _NEW_FOR
