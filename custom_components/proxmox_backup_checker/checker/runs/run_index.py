"""All runs of one moment, sorted in by job and by guest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter

from ..model.records import RunRecord
from .outcomes import Outcome, Result, succeeded

_ORDER = attrgetter("started", "upid")


@dataclass(frozen=True, slots=True)
class RunIndex:
    """The history's runs by job and their outcomes by guest, newest first.

    `nodes` are those of all runs, `untold` the runs of which it is not known whom they backed up: since the log is gone, or
    names no guest, as one in words that are new to us. Nodes start a job in the same second: the order of such runs is that
    of their UPIDs, whichever was seen to end first.
    """

    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    by_job: Mapping[str, tuple[RunRecord, ...]] = field(default_factory=dict)
    by_guest: Mapping[int, tuple[Outcome, ...]] = field(default_factory=dict)
    newest_ends: Mapping[str, datetime] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    untold: tuple[RunRecord, ...] = ()

    @classmethod
    def of(cls, runs: Mapping[str, RunRecord]) -> RunIndex:
        """Sort runs in, given by UPID."""
        by_job: dict[str, list[RunRecord]] = {}
        by_guest: dict[int, list[Outcome]] = {}
        untold: list[RunRecord] = []
        newest_ends: dict[str, datetime] = {}
        for run in sorted(runs.values(), key=_ORDER, reverse=True):
            if run.job_id is not None:
                by_job.setdefault(run.job_id, []).append(run)
            for job_id in run.candidates:
                by_job.setdefault(job_id, []).append(run)
            for outcome in run.outcomes:
                by_guest.setdefault(outcome.vmid, []).append(outcome)
            if not run.logged or not run.outcomes:
                untold.append(run)
            if run.storage and run.ended:
                newest_ends[run.storage] = max(run.ended, newest_ends.get(run.storage, run.ended))
        return cls(
            runs=runs,
            by_job={job_id: tuple(found) for job_id, found in by_job.items()},
            by_guest={vmid: _newest_first(found) for vmid, found in by_guest.items()},
            newest_ends=newest_ends,
            nodes=frozenset([run.node for run in runs.values()]),
            untold=tuple(untold),
        )


def _newest_first(outcomes: list[Outcome]) -> tuple[Outcome, ...]:
    """Return outcomes sorted by their own start: a guest's turn in a long run may come after a whole run on another node."""
    last = outcomes[0].started
    for outcome in outcomes:
        if outcome.started > last:
            outcomes.sort(key=_ORDER, reverse=True)
            break
        last = outcome.started
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
