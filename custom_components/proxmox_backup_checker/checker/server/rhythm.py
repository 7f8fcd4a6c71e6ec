"""How often a group is usually backed up, learned from the moments that were seen: nobody tells the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import itertools
import math
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from .clock import ServerClock

FEWEST_BACKUPS: Final = 4
_NEWEST: Final = 31
_WIDTH: Final = 90 * 60
_SHARE: Final = 0.8
_LATE_SHARE: Final = 0.25
_LEAST_LATE: Final = timedelta(hours=1)
_LAPTOP_LATE: Final = 3
_LAPTOP_GONE: Final = 10
_LEAST_GONE: Final = timedelta(days=30)
_FEWEST_ALIKE: Final = 2
_DAY: Final = 86_400
_DAILY_TOLERANCE: Final = 2 * 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How often a group is backed up; `is_regular` is like clockwork, unlike a laptop that is off at times."""

    gap: timedelta
    is_regular: bool
    is_set: bool = False

    @classmethod
    def learned(cls, times: Sequence[int], zone: ZoneInfo) -> Rhythm | None:
        """Learn it from moments in epoch seconds, oldest first; None for too few.

        What rests at night or on certain weekdays is expected by the gaps that began at the same time.
        """
        if len(times) < FEWEST_BACKUPS:
            return None
        newest = times[-_NEWEST:]
        gaps = [later - earlier for earlier, later in itertools.pairwise(newest)]
        usual = _most_alike(gaps)
        at_this_time = _gap_from_now(times, zone)
        if usual is not None:
            return cls(gap=timedelta(seconds=max(usual, at_this_time or 0)), is_regular=True)
        if at_this_time is not None and _is_weekly(times, zone):
            return cls(gap=timedelta(seconds=at_this_time), is_regular=True)
        return cls(gap=timedelta(seconds=median(gaps)), is_regular=False)

    @property
    def late_after(self) -> timedelta:
        """How old the newest backup may become before it is late."""
        if self.is_regular:
            return self.gap + max(_LATE_SHARE * self.gap, _LEAST_LATE)
        return _LAPTOP_LATE * self.gap

    @property
    def gone_after(self) -> timedelta:
        """From which age on even a laptop cannot just be off."""
        return self.late_after if self.is_regular else max(_LAPTOP_GONE * self.gap, _LEAST_GONE)

    @property
    def is_daily(self) -> bool:
        """Whether it is about once a day."""
        return abs(self.gap.total_seconds() - _DAY) <= _DAILY_TOLERANCE


def _most_alike(gaps: Sequence[int]) -> float | None:
    """Return the middle of four fifths of the gaps that are alike, None where so many are not."""
    ordered = sorted(gaps)
    needed = math.ceil(_SHARE * len(ordered))
    for start in range(len(ordered) - needed + 1):
        alike = ordered[start : start + needed]
        if alike[-1] - alike[0] <= _WIDTH and alike[0] > 0:
            return median(alike)
    return None


def _gap_from_now(times: Sequence[int], zone: ZoneInfo) -> float | None:
    """Return how long it usually took to the next backup from a time of the week like that of the last one.

    Where that time is new, as after somebody has changed it, what is longer of the same day and the same time counts.
    """
    last = datetime.fromtimestamp(times[-1], zone)
    gaps: dict[tuple[bool, bool], list[int]] = {}
    for earlier, later in itertools.pairwise(times):
        began = datetime.fromtimestamp(earlier, zone)
        apart = abs(_second_of_day(began) - _second_of_day(last))
        is_time = min(apart, _DAY - apart) <= _WIDTH / 2
        gaps.setdefault((began.weekday() == last.weekday(), is_time), []).append(later - earlier)
    both = gaps.get((True, True), [])
    if len(both) >= _FEWEST_ALIKE:
        return median(both)
    near = ([*both, *gaps.get((True, False), [])], [*both, *gaps.get((False, True), [])])
    return max((median(found) for found in near if len(found) >= _FEWEST_ALIKE), default=None)


def _is_weekly(times: Sequence[int], zone: ZoneInfo) -> bool:
    """Tell whether four fifths of the gaps are those that are usual from their day of the week on."""
    by_day: dict[int, list[int]] = {}
    for earlier, later in itertools.pairwise(times):
        by_day.setdefault(datetime.fromtimestamp(earlier, zone).weekday(), []).append(later - earlier)
    told = [gaps for gaps in by_day.values() if len(gaps) >= _FEWEST_ALIKE]
    alike = sum(abs(gap - median(gaps)) <= _WIDTH / 2 for gaps in told for gap in gaps)
    return alike >= _SHARE * (len(times) - 1)


def _second_of_day(moment: datetime) -> int:
    return moment.hour * 3_600 + moment.minute * 60 + moment.second


def usual_time(times: Sequence[int], clock: ServerClock) -> str:
    """Return the time of day at which backups usually begin, by the server's clock on the wall."""
    local = [datetime.fromtimestamp(time, clock.zone) for time in times[-_NEWEST:]]
    minutes = sorted(moment.hour * 60 + moment.minute for moment in local)
    # Around midnight the middle of the numbers is not the middle of the night.
    if minutes[-1] - minutes[0] > 12 * 60:
        minutes = sorted((minute + 12 * 60) % (24 * 60) for minute in minutes)
        middle = (int(median(minutes)) + 12 * 60) % (24 * 60)
    else:
        middle = int(median(minutes))
    return f"{middle // 60:02}:{middle % 60:02}"
