"""All runs of one moment, sorted in by job and by guest."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from ..model.outcome import Outcome, Result, succeeded
from ..model.records import NOTHING_TO_DO, RunRecord

_ORDER: Final = attrgetter("started", "upid")
_FINAL: Final = frozenset({Result.OK, Result.FAILED, Result.CANCELLED})


@dataclass(frozen=True, slots=True)
class RunIndex:
    """The runs of one moment by job and their outcomes by guest, newest first.

    `by_guest` has what finished runs did, and what the log of one that goes on says is done: not what is under way.
    `by_job` has finished runs only, `runs` all. `nodes` are those of all runs, `untold` the finished ones of which it is
    not known whom they backed up: since the log is gone, or names no guest, as one in words that are new to us. Nodes start
    a job in the same second: the order of such runs is that of their UPIDs, whichever was seen to end first.
    """

    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    by_job: Mapping[str, tuple[RunRecord, ...]] = field(default_factory=dict)
    by_guest: Mapping[int, tuple[Outcome, ...]] = field(default_factory=dict)
    newest_good: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    untold: tuple[RunRecord, ...] = ()

    @classmethod
    def of(cls, finished: Mapping[str, RunRecord], unfinished: Mapping[str, RunRecord] | None = None) -> RunIndex:
        """Sort runs in, given by UPID."""
        runs = {**finished, **unfinished} if unfinished else finished
        by_job: defaultdict[str, list[RunRecord]] = defaultdict(list)
        by_guest: defaultdict[int, list[Outcome]] = defaultdict(list)
        untold: list[RunRecord] = []
        newest_good: dict[tuple[str, str], datetime] = {}
        for run in sorted(runs.values(), key=_ORDER, reverse=True):
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
                by_guest[outcome.vmid].append(outcome)
            place = (run.storage or "", run.node)
            if outcomes and run.storage and place not in newest_good:
                ends = [outcome.finished or outcome.started for outcome in outcomes if outcome.result is Result.OK]
                if ends:
                    newest_good[place] = run.ended or max(ends)
        return cls(
            runs=runs,
            by_job={job_id: tuple(found) for job_id, found in by_job.items()},
            by_guest={vmid: _newest_first(found) for vmid, found in by_guest.items()},
            newest_good=newest_good,
            nodes=frozenset([run.node for run in runs.values()]),
            untold=tuple(untold),
        )


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
