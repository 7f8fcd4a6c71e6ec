"""Keeps the history from growing for ever."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..model.records import (
    FEWEST_RUNS_PER_GUEST,
    KEPT,
    GuestRecord,
    History,
    JobRecord,
    MissRecord,
    RunRecord,
    StorageRecord,
)

RUNS_PER_GUEST: Final = 400
OUTCOMES_KEPT: Final = 150_000
RUNS_PER_JOB: Final = 30
MISSES_PER_JOB: Final = 400
# Proxmox still lists these, and a run that is not in the history would be read from there again.
RUNS_PER_NODE: Final = 500
# Nothing is looked through as long as it cannot have grown too large.
_LOOK_AGAIN_AFTER: Final = timedelta(hours=24)


def bounded(history: History, now: datetime) -> History:
    """Return the history without what is older than thirteen months, or more than enough for any guest.

    It is the same history, and each of its parts the same, where there is nothing to leave out.
    """
    oldest = now - KEPT

    def is_job_kept(record: JobRecord) -> bool:
        return record.deleted is None or record.deleted >= oldest

    def is_guest_kept(record: GuestRecord) -> bool:
        return record.absent_since is None or record.absent_since >= oldest

    def is_storage_kept(record: StorageRecord) -> bool:
        return bool(record.samples) or record.listed is None or record.listed >= oldest

    runs = _runs(history.runs, oldest)
    jobs = _only(history.jobs, is_job_kept)
    guests = _only(history.guests, is_guest_kept)
    storages = _only(_storages(history.storages, oldest), is_storage_kept)
    misses = _misses(history.misses, oldest)
    wrong_dates = _only(history.wrong_dates, lambda record: record.dated >= oldest)
    parts = {
        "runs": runs,
        "jobs": jobs,
        "guests": guests,
        "storages": storages,
        "misses": misses,
        "wrong_dates": wrong_dates,
    }
    if all(part is getattr(history, name) for name, part in parts.items()):
        return history
    return replace(
        history, runs=runs, jobs=jobs, guests=guests, storages=storages, misses=misses, wrong_dates=wrong_dates
    )


def _runs(runs: Mapping[str, RunRecord], oldest: datetime) -> Mapping[str, RunRecord]:
    """Leave out what is old, the outcomes that are too many, and runs that have none unless they are among the newest."""
    limit = _runs_per_guest(runs)
    by_guest: Counter[int] = Counter()
    by_job: Counter[str | None] = Counter()
    by_node: Counter[str] = Counter()
    changed: dict[str, RunRecord | None] = {}
    for upid, run in sorted(runs.items(), key=lambda item: item[1].started, reverse=True):
        if run.started < oldest:
            changed[upid] = None
            continue
        by_guest.update(outcome.vmid for outcome in run.outcomes)
        by_job[run.job_id] += 1
        by_node[run.node] += 1
        outcomes = run.outcomes
        if any(by_guest[outcome.vmid] > limit for outcome in outcomes):
            outcomes = tuple(outcome for outcome in outcomes if by_guest[outcome.vmid] <= limit)
        newest = by_node[run.node] <= RUNS_PER_NODE or (run.job_id is not None and by_job[run.job_id] <= RUNS_PER_JOB)
        if not outcomes and not newest:
            changed[upid] = None
        elif len(outcomes) < len(run.outcomes):
            changed[upid] = replace(run, outcomes=outcomes)
    if not changed:
        return runs
    return {upid: kept for upid, run in runs.items() if (kept := changed.get(upid, run)) is not None}


def _runs_per_guest(runs: Mapping[str, RunRecord]) -> int:
    """Return how many runs are kept of each guest."""
    guests = len({outcome.vmid for run in runs.values() for outcome in run.outcomes})
    return min(RUNS_PER_GUEST, max(FEWEST_RUNS_PER_GUEST, OUTCOMES_KEPT // max(guests, 1)))


def _misses(misses: Mapping[str, MissRecord], oldest: datetime) -> Mapping[str, MissRecord]:
    """Leave out what is old, and all but the newest of a job that hardly ever runs."""
    by_job: Counter[str] = Counter()
    kept: set[str] = set()
    for key, miss in sorted(misses.items(), key=lambda item: item[1].slot, reverse=True):
        by_job[miss.job_id] += 1
        if miss.slot >= oldest and by_job[miss.job_id] <= MISSES_PER_JOB:
            kept.add(key)
    return _only(misses, lambda miss: miss.key in kept)


def _only[Key, Record](records: Mapping[Key, Record], is_kept: Callable[[Record], bool]) -> Mapping[Key, Record]:
    kept = {key: record for key, record in records.items() if is_kept(record)}
    return records if len(kept) == len(records) else kept


def _storages(records: Mapping[str, StorageRecord], oldest: datetime) -> Mapping[str, StorageRecord]:
    kept = {key: _storage(record, oldest) for key, record in records.items()}
    return records if all(kept[key] is record for key, record in records.items()) else kept


def _storage(record: StorageRecord, oldest: datetime) -> StorageRecord:
    if not record.samples or record.samples[0][0] >= oldest:
        return record
    return replace(record, samples=tuple(sample for sample in record.samples if sample[0] >= oldest))


def is_time_to_bound(before: datetime | None, now: datetime) -> bool:
    """Tell whether the limits are to be looked at again."""
    return before is None or now - before >= _LOOK_AGAIN_AFTER or now < before
