"""All runs of one moment, sorted in by job and by guest."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from ..model.outcome import Outcome, Result, succeeded
from ..model.records import NOTHING_TO_DO, RunRecord
from ..model.wrong_dates import WrongDates

_ORDER: Final = attrgetter("started", "upid")
RIGHT: Final = WrongDates()
"""That nothing bears a wrong date."""
_FINAL: Final = frozenset({Result.OK, Result.FAILED, Result.CANCELLED})


@dataclass(frozen=True, slots=True)
class InShort:
    """A guest's outcomes in short.

    `guest_types` are those that they name. `left` are the newest good ones by each job, and by hand, whose archive and its
    storage are known. `largest`, `smallest`, `longest` and `shortest` are the extremes of all good ones, in bytes and seconds,
    where they tell any.
    """

    guest_types: tuple[str | None, ...] = ()
    left: tuple[Outcome, ...] = ()
    largest: int | None = None
    shortest: int | None = None
    smallest: int | None = None
    longest: int | None = None

    @classmethod
    def of(cls, newest_first: Iterable[Outcome]) -> InShort:
        """Go through a guest's outcomes."""
        left: dict[str | None, Outcome] = {}
        good = [outcome for outcome in newest_first if outcome.result is Result.OK]
        for outcome in good:
            if outcome.job_id not in left and outcome.archive is not None and outcome.storage is not None:
                left[outcome.job_id] = outcome
        sizes = [outcome.size for outcome in good if outcome.size is not None]
        times = [outcome.seconds for outcome in good if outcome.seconds is not None]
        return cls(
            guest_types=tuple({outcome.guest_type: None for outcome in newest_first}),
            left=tuple(left.values()),
            largest=max(sizes, default=None),
            shortest=min(times, default=None),
            smallest=min(sizes, default=None),
            longest=max(times, default=None),
        )


NOTHING: Final = InShort()


@dataclass(frozen=True, slots=True)
class RunIndex:
    """The runs of one moment by job and their outcomes by guest, newest first.

    `by_guest` has what finished runs did, and what the log of one that goes on says is done: not what is under way;
    `in_short` is the same in short. `by_job` has finished runs only, `runs` all. `nodes` are those of all runs, `untold` the
    finished ones of which it is not known whom they backed up: since the log is gone, or names no guest, as one in words
    that are new to us. Nodes start a job in the same second: the order of such runs is that of their UPIDs, whichever was
    seen to end first.

    What is good and bears a wrong date is neither in `by_job` nor in `by_guest`, what failed is there with the date of its
    sight; `misdated` has its outcomes by guest, which still tell who wrote an archive, and `wrong` tells what it is.
    """

    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    by_job: Mapping[str, tuple[RunRecord, ...]] = field(default_factory=dict)
    by_guest: Mapping[int, tuple[Outcome, ...]] = field(default_factory=dict)
    in_short: Mapping[int, InShort] = field(default_factory=dict)
    newest_good: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    untold: tuple[RunRecord, ...] = ()
    misdated: Mapping[int, tuple[Outcome, ...]] = field(default_factory=dict)
    wrong: WrongDates = RIGHT

    @classmethod
    def of(
        cls,
        finished: Mapping[str, RunRecord],
        unfinished: Mapping[str, RunRecord] | None = None,
        wrong: WrongDates = RIGHT,
    ) -> RunIndex:
        """Sort runs in, given by UPID."""
        runs = {**finished, **unfinished} if unfinished else finished
        by_job: defaultdict[str, list[RunRecord]] = defaultdict(list)
        outcomes_of: defaultdict[int, list[Outcome]] = defaultdict(list)
        rightly_dated, misdated = _sorted_out(runs.values(), wrong)
        untold: list[RunRecord] = []
        newest_good: dict[tuple[str, str], datetime] = {}
        for run in sorted(rightly_dated, key=_ORDER, reverse=True):
            outcomes = run.outcomes
            if run.upid in finished:
                if run.job_id is not None:
                    by_job[run.job_id].append(run)
                for job_id in run.candidates:
                    by_job[job_id].append(run)
                if not run.logged or (not outcomes and NOTHING_TO_DO not in run.notes):
                    untold.append(run)
            else:
                outcomes = tuple([outcome for outcome in outcomes if outcome.result in _FINAL])
            for outcome in outcomes:
                outcomes_of[outcome.vmid].append(outcome)
            place = (run.storage or "", run.node)
            if outcomes and run.storage and place not in newest_good:
                ends = [outcome.finished or outcome.started for outcome in outcomes if outcome.result is Result.OK]
                if ends:
                    newest_good[place] = run.ended or max(ends)
        by_guest: dict[int, tuple[Outcome, ...]] = {}
        in_short: dict[int, InShort] = {}
        for vmid, found in outcomes_of.items():
            by_guest[vmid] = newest_first = _newest_first(found)
            in_short[vmid] = InShort.of(newest_first)
        return cls(
            runs=runs,
            by_job={job_id: tuple(found) for job_id, found in by_job.items()},
            by_guest=by_guest,
            in_short=in_short,
            newest_good=newest_good,
            nodes=frozenset([run.node for run in runs.values()]),
            untold=tuple(untold),
            misdated=misdated,
            wrong=wrong,
        )


def _sorted_out(runs: Iterable[RunRecord], wrong: WrongDates) -> tuple[list[RunRecord], dict[int, tuple[Outcome, ...]]]:
    """Return the runs as far as they prove something, and by guest the outcomes that prove nothing, newest first."""
    right: list[RunRecord] = []
    misdated: defaultdict[int, list[Outcome]] = defaultdict(list)
    for run in runs:
        held = wrong.right(run)
        if held is not None:
            right.append(held)
        if held is not run:
            proven = held.outcomes if held is not None else ()
            for outcome in run.outcomes:
                if outcome not in proven:
                    misdated[outcome.vmid].append(outcome)
    return right, {vmid: tuple(sorted(found, key=_ORDER, reverse=True)) for vmid, found in misdated.items()}


def _newest_first(outcomes: list[Outcome]) -> tuple[Outcome, ...]:
    """Return outcomes sorted by their own start: a guest's turn in a long run may come after a whole run on another node."""
    starts = [outcome.started for outcome in outcomes]
    if starts != sorted(starts, reverse=True):
        outcomes.sort(key=_ORDER, reverse=True)
    return tuple(outcomes)


def good_durations(records: Iterable[RunRecord], most: int = 10) -> list[timedelta]:
    """Return how long a job's good runs took, newest first, without the wait for the lock and without empty runs."""
    durations = []
    for record in records:
        if record.ended is None or not succeeded(record.status) or not record.outcomes:
            continue
        if any(outcome.result is not Result.OK for outcome in record.outcomes):
            continue
        durations.append(record.ended - record.started - timedelta(seconds=record.waited))
        if len(durations) == most:
            break
    return durations
