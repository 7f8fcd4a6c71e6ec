"""How often a group is usually backed up, learned from the moments that were seen: nobody tells the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import itertools
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
_FEWEST_WEEKS: Final = 2
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

        What rests on certain weekdays is expected by the gaps that began on the same day of the week.
        """
        newest = times[-_NEWEST:]
        if len(newest) < FEWEST_BACKUPS:
            return None
        gaps = sorted(later - earlier for earlier, later in itertools.pairwise(newest))
        needed = -(-len(gaps) * int(_SHARE * 10) // 10)
        for start in range(len(gaps) - needed + 1):
            alike = gaps[start : start + needed]
            if alike[-1] - alike[0] <= _WIDTH and alike[0] > 0:
                gap = timedelta(seconds=median(alike))
                return cls(gap=max(gap, _gap_of_weekday(newest, zone)), is_regular=True)
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


def _gap_of_weekday(times: Sequence[int], zone: ZoneInfo) -> timedelta:
    """Return how long it usually took to the next backup from the weekday of the last one, zero where that is not known."""
    last = datetime.fromtimestamp(times[-1], zone).weekday()
    gaps = [
        later - earlier
        for earlier, later in itertools.pairwise(times)
        if datetime.fromtimestamp(earlier, zone).weekday() == last
    ]
    return timedelta(seconds=median(gaps)) if len(gaps) >= _FEWEST_WEEKS else timedelta()


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
