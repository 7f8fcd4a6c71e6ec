"""Backups that are far from a guest's own past: much larger, much more changed, nothing changed for weeks, much faster.

Nothing is said before fourteen backups under the same circumstances. What is usual goes by the weekday as soon as there are eight of it.
A rule that people stop to read is worth nothing, so each asks for two things at once: far above the median, which a heavy tail
reaches now and then, and above all that was ever seen of this guest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from ..model.labels import size_text
from ..model.reason_codes import ReasonCode
from ..model.verdict import Reason, Status

LEAST_RUNS: Final = 14
_LEAST_SPAN: Final = timedelta(days=10)
_OF_ONE_WEEKDAY: Final = 8
_RECENT: Final = 30
_LOOKED_BACK: Final = 120
# What lasts as long as this is the new usual.
_NEW_USUAL: Final = 14
TRIPLED: Final = 3
_SPREADS: Final = 5
_ABOVE_LARGEST: Final = 1.5
_GROWTH_AT_LEAST: Final = 512 * 1024**2
_TEN_TIMES: Final = 10
_ABOVE_MOST_CHANGED: Final = 3
CHANGE_AT_LEAST: Final = 2 * 1024**3
# So much of all disks at once is told at once; less is told when it happens twice in a row.
_MOST_OF_IT: Final = 0.25
_SOME_OF_IT: Final = 0.05
_STILL_FOR: Final = timedelta(days=14)
_MOVES_USUALLY: Final = 64 * 1024**2
_FEW: Final = 0.1
MUCH_SHORTER: Final = 10
_LONG: Final = 1800


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a good backup took, in bytes and seconds; `weekday` is that of its node, `stopped` tells that the guest did not run.

    `size` is that of a file, None on a backup server. `changed` is what was new there, None for files and for a first backup, and
    `total` all of the guest's disks there.
    """

    moment: datetime
    weekday: int
    size: int | None = None
    changed: int | None = None
    total: int | None = None
    seconds: int | None = None
    stopped: bool = False


def anomalies(newest: Taken, before: Sequence[Taken]) -> Iterable[tuple[Status, Reason]]:
    """Return what is far from usual about a backup, given those `before` it under the same circumstances, newest first."""
    before = before[:_LOOKED_BACK]
    if len(before) < LEAST_RUNS or newest.moment - before[-1].moment < _LEAST_SPAN:
        return
    yield from _much_larger(newest, before)
    yield from _much_changed(newest, before)
    yield from _nothing_changed([newest, *before])
    yield from _much_shorter(newest, before)


def _much_larger(newest: Taken, before: Sequence[Taken]) -> Iterable[tuple[Status, Reason]]:
    """Return that a file is three times as large as usual, for as long as that is not the new usual."""
    if newest.size is None:
        return
    past = _past([(entry.weekday, entry.size) for entry in before if entry.size is not None], TRIPLED)
    if past is None:
        return
    usual, largest = past.usual(newest.weekday), past.largest(newest.weekday)
    spread = _SPREADS * past.spread(newest.weekday)
    if newest.size > max(TRIPLED * usual, usual + spread, _ABOVE_LARGEST * largest, usual + _GROWTH_AT_LEAST):
        values = {"size": size_text(newest.size), "usual": size_text(int(usual))}
        yield Status.WARNING, Reason(ReasonCode.SIZE_MUCH_LARGER, values)


def _much_changed(newest: Taken, before: Sequence[Taken]) -> Iterable[tuple[Status, Reason]]:
    """Return that ten times as much as usual has changed: a good part of the guest at once, or more than ever twice in a row."""
    if newest.changed is None:
        return
    # On a day on which a guest is off nothing can change: such days say nothing of the others.
    known = [(entry.weekday, entry.changed) for entry in before if entry.changed is not None and not entry.stopped]
    past = _past(known, _TEN_TIMES)
    if past is None:
        return
    usual = past.usual(newest.weekday)
    bound = max(_TEN_TIMES * usual, CHANGE_AT_LEAST)
    changed, total = newest.changed, newest.total or newest.changed
    is_most = changed > max(bound, _MOST_OF_IT * total, _ABOVE_MOST_CHANGED * past.largest(newest.weekday))
    again = max(bound, _SOME_OF_IT * total, _ABOVE_MOST_CHANGED * past.largest())
    if is_most or (changed > again and known[0][1] > again):
        values = {"changed": size_text(changed), "usual": size_text(int(usual))}
        yield Status.WARNING, Reason(ReasonCode.CHANGED_MUCH_MORE, values)


@dataclass(frozen=True, slots=True)
class _Past:
    """What a backup is held against: weekdays and values, newest first.

    From eight backups of a weekday on it is judged by its own kind. Fewer of them can excuse, and accuse nobody: what is usual on
    Sundays is known after the first.
    """

    values: Sequence[tuple[int, int]]

    def _of(self, weekday: int) -> list[int]:
        return [value for day, value in self.values if day == weekday]

    def _alike(self, weekday: int | None) -> list[int]:
        own = self._of(weekday) if weekday is not None else []
        return own if len(own) >= _OF_ONE_WEEKDAY else [value for _, value in self.values]

    def usual(self, weekday: int) -> float:
        """Return the median."""
        usual = median(self._alike(weekday)[:_RECENT])
        own = self._of(weekday)
        return max(usual, median(own)) if own else usual

    def spread(self, weekday: int) -> float:
        """Return the median distance from the median, which single strange backups do not move."""
        alike = self._alike(weekday)[:_RECENT]
        usual = median(alike)
        return median(abs(value - usual) for value in alike)

    def largest(self, weekday: int | None = None) -> int:
        """Return the largest of a weekday's own kind, or of all."""
        return max(self._alike(weekday))


def _past(values: Sequence[tuple[int, int]], times: int) -> _Past | None:
    """Return what a backup is held against: without those just before it that are as odd; None where they are too few.

    What has been odd for so long that it is usual by now, is no longer told.
    """
    if len(values) < LEAST_RUNS:
        return None
    bound = times * median(value for _, value in values[:_RECENT])
    odd = 0
    while odd < len(values) and values[odd][1] > bound:
        odd += 1
    if odd >= _NEW_USUAL or len(values) - odd < LEAST_RUNS:
        return None
    return _Past(values[odd:])


def _nothing_changed(runs: Sequence[Taken]) -> Iterable[tuple[Status, Reason]]:
    """Return that nothing has changed for two weeks in a guest that ran all the time and used to change every day."""
    known = [entry for entry in runs if entry.changed is not None]
    still = 0
    while still < len(known) and known[still].changed == 0 and not known[still].stopped:
        still += 1
    past = [entry.changed or 0 for entry in known[still:] if not entry.stopped]
    if still < LEAST_RUNS or len(past) < LEAST_RUNS or known[0].moment - known[still - 1].moment < _STILL_FOR:
        return
    usual = median(past)
    if usual >= _MOVES_USUALLY and sum(entry == 0 for entry in past) <= _FEW * len(past):
        values: dict[str, str | datetime] = {
            "since": known[still].moment,
            "count": str(still),
            "usual": size_text(int(usual)),
        }
        yield Status.WARNING, Reason(ReasonCode.NOTHING_CHANGED, values)


def _much_shorter(newest: Taken, before: Sequence[Taken]) -> Iterable[tuple[Status, Reason]]:
    """Return that a file took a tenth of the usual time, which hints at data that was not there to be read."""
    times = [entry.seconds for entry in before[:_RECENT] if entry.seconds is not None]
    if newest.size is None or newest.seconds is None or len(times) < LEAST_RUNS:
        return
    usual = median(times)
    if usual >= _LONG and newest.seconds < min(usual / MUCH_SHORTER, min(times) / 2):
        values = {"minutes": str(max(newest.seconds // 60, 1)), "usual": str(int(usual) // 60)}
        yield Status.OK, Reason(ReasonCode.DURATION_MUCH_SHORTER, values)
