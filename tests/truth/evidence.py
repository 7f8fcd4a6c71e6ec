"""What a result was worth, when it could be known, and how long a job is allowed to take."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import islice
import math

from .ledger import FOREVER, ArchiveFact, GuestLife, Ledger, Part, RunFact

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
FAR = HOUR
"""How wrong a clock must have been for its dates to prove nothing."""
START_GRACE = 30 * MINUTE
LEAST_ALLOWANCE = 90 * MINUTE
UNKNOWN_DURATION = 2 * HOUR
LOGS_PER_LOOK = 190
"""Not many more logs than these are read at one look."""
LISTED_WITHIN = 26 * HOUR
"""Storages are listed once a day at least."""
LISTED_AGAIN = 26 * HOUR
"""Within this time a listing that lacks an archive is held against another one."""


@dataclass(frozen=True)
class Result:
    """What one run did for one guest, and when that became known to whoever could look: FOREVER where it never did."""

    run: RunFact
    part: Part
    archive: ArchiveFact | None

    @cached_property
    def good(self) -> bool:
        """Whether there was a backup."""
        return self.part.good

    @property
    def bad(self) -> bool:
        """Whether the run did not back it up; one that it passed over in silence on its way to the end it only owes a backup (A26)."""
        return not self.good and (self.part.began is not None or self.run.broke_off)

    @cached_property
    def known(self) -> float:
        """When its log said so; where the guest never got to an end, when the end of the run was noticed."""
        return self.run.noticed if self.part.ended is None else self.part.ended

    def spoilt(self, time: float) -> float | None:
        """Return since when its archive is no longer good: deleted by hand, or found corrupt."""
        if self.archive is None:
            return None
        since = min(self.archive.deleted, self.archive.corrupt)
        return since if since <= time else None


@dataclass(frozen=True, slots=True)
class Allowance:
    """Seconds that a run may take at least and at most, as different people would reckon its usual duration."""

    low: float
    high: float

    @property
    def usual(self) -> tuple[float, float]:
        """The usual duration itself."""
        return self.low, self.high


class Evidence:
    """The ledger, sorted for questions."""

    def __init__(self, ledger: Ledger) -> None:
        """Sort it."""
        self._ledger = ledger
        self._archives = {archive.number: archive for archive in ledger.archives}
        self._of_job: dict[tuple[str | None, int], list[Result]] = defaultdict(list)
        self._runs: dict[str, list[RunFact]] = defaultdict(list)
        for run in ledger.runs:
            if run.job is not None:
                self._runs[run.job].append(run)
            for part in run.parts.values():
                archive = None if part.archive is None else self._archives[part.archive]
                self._of_job[run.job, part.vmid].append(Result(run, part, archive))
        self._sights = {name: self._moments_of_sight(name) for name in ledger.nodes}
        self._well = {job: [run for run in runs if run.well and any(run.parts)] for job, runs in self._runs.items()}
        self._usual = cache(_usual)
        self.usual_duration = lru_cache(maxsize=64)(self._usual_duration)

    def _moments_of_sight(self, node: str) -> list[float]:
        life = self._ledger.nodes[node]
        return [
            look for look in self._ledger.looks if not life.is_off(look) and not self._ledger.blind_to("tasks", look)
        ]

    def results(self, job: str | None, guest: GuestLife, time: float) -> list[Result]:
        """Return what runs of a job, or those by hand, had begun to do for a guest, the oldest first."""
        results = self._of_job[job, guest.vmid]
        first = bisect_left(results, guest.born, key=_start_of_result)
        last = bisect_right(results, time, key=_start_of_result)
        return results[first : min(last, bisect_left(results, guest.died, key=_start_of_result))]

    def runs(self, job: str, time: float) -> list[RunFact]:
        """Return the runs of a job that had begun."""
        runs = self._runs[job]
        return runs[: bisect_right(runs, time, key=_start)]

    def seen(self, node: str, since: float, time: float) -> bool:
        """Tell whether something that a node's task list says from `since` on was looked at while it said so."""
        sights = self._sights[node]
        first = bisect_left(sights, since)
        if first >= len(sights) or sights[first] > time:
            return False
        return not any(since <= rotation <= sights[first] for rotation in self._ledger.nodes[node].rotations)

    def sights_around(self, node: str, time: float) -> tuple[float, float]:
        """Return the last look at a node's tasks up to a moment, and the first after it."""
        sights = self._sights[node]
        after = bisect_right(sights, time)
        return sights[after - 1] if after else -FOREVER, sights[after] if after < len(sights) else FOREVER

    def looked(self, since: float, until: float) -> bool:
        """Tell whether anything was read in a stretch of time, both ends included."""
        looks = self._ledger.looks
        first = bisect_left(looks, since)
        return first < len(looks) and looks[first] <= until

    def first_look(self, since: float) -> float:
        """Return the first look from a moment on."""
        looks = self._ledger.looks
        first = bisect_left(looks, since)
        return looks[first] if first < len(looks) else FOREVER

    def last_look(self, time: float) -> float | None:
        """Return the last look up to a moment."""
        looks = self._ledger.looks
        last = bisect_right(looks, time)
        return looks[last - 1] if last else None

    def first_sight_of_jobs(self, since: float) -> float:
        """Return the first look from a moment on that shows jobs: who could not see them knows no earlier what they promise."""
        looks = (look for look in self._ledger.looks if look >= since and not self._ledger.blind_to("jobs", look))
        return next(looks, FOREVER)

    def waits_for_its_log(self, run: RunFact, time: float) -> bool:
        """Tell whether a run came before the first look, and so many after it that their logs were read first."""
        first = self.first_look(self._ledger.start)
        later = (other for other in self._ledger.runs if run.started < other.started and other.noticed <= first)
        return run.started < first and self.last_look(time) == first and sum(1 for _ in later) >= LOGS_PER_LOOK

    def hidden_by_dates(self, job: str, vmid: int | None, stamp: float, time: float) -> bool:
        """Tell whether good runs with wrong dates hide what was from some date on.

        Their dates are later, and had come before anybody looked for the first time: nothing tells that they were wrong.
        """
        first = self.first_look(self._ledger.start)
        return any(
            abs(run.stamp - run.started) > FAR
            and stamp <= run.stamp <= first
            and (run.well if vmid is None else vmid in run.parts and run.parts[vmid].good)
            for run in self.runs(job, time)
        )

    def _usual_duration(self, job: str, time: float) -> Allowance:
        """Return the usual duration of a job's runs: the ninetieth percentile of the last ten good ones."""
        ended = tuple(run for run in self._well.get(job, ()) if run.ended <= time)
        usual = self._usual(ended)
        seen = (run for run in reversed(ended) if self.seen(run.node, run.ended, time))
        few = sum(1 for _ in islice(seen, 3)) < 3
        return Allowance(min(usual.low, UNKNOWN_DURATION), max(usual.high, UNKNOWN_DURATION)) if few else usual

    def deadline(self, job: str, slot: float, time: float) -> Allowance:
        """Return the earliest and the latest moment that can be called the deadline of a slot."""
        usual = self.usual_duration(job, time)
        return Allowance(
            slot + START_GRACE + max(1.5 * usual.low, LEAST_ALLOWANCE) - 7 * MINUTE,
            slot + START_GRACE + max(1.5 * usual.high, LEAST_ALLOWANCE) + 7 * MINUTE,
        )

    def noticed_at_the_latest(self, run: RunFact, time: float) -> float:
        """Return the moment from which a failure that nobody saw is noticed by the backup that did not come."""
        return max(run.started + DAY, self.deadline(run.job or "", run.started, time).high)


def _start(run: RunFact) -> float:
    return run.started


def _start_of_result(result: Result) -> float:
    return result.run.started


def _usual(ended: Sequence[RunFact]) -> Allowance:
    if not ended:
        return Allowance(UNKNOWN_DURATION, UNKNOWN_DURATION)
    short = sorted(run.ended - (run.locked or run.started) for run in ended[-10:])
    by_node: dict[str, list[float]] = defaultdict(list)
    for run in ended:
        by_node[run.node].append(run.ended - run.started)
    long = max(max(durations[-12:]) for durations in by_node.values())
    lows = [
        short[math.ceil(0.9 * len(short)) - 1],
        *(sorted(d[-10:])[math.ceil(0.9 * len(d[-10:])) - 1] for d in by_node.values()),
    ]
    return Allowance(min(lows), long)
