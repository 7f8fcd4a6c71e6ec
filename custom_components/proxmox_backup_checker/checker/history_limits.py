"""Keeps the history from growing for ever."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from .records import History, RunRecord, StorageRecord

KEPT: Final = timedelta(days=396)
OUTCOMES_PER_GUEST: Final = 400
EMPTY_RUNS_PER_JOB: Final = 30
# Nothing is looked through as long as it cannot have grown too large.
_LOOK_AGAIN_AFTER: Final = timedelta(hours=24)


def bounded(history: History, now: datetime) -> History:
    """Return the history without what is older than thirteen months, or more than enough for any guest."""
    oldest = now - KEPT
    runs = _runs(history.runs, oldest)
    return replace(
        history,
        runs=runs if len(runs) < len(history.runs) else history.runs,
        jobs={
            job_id: record
            for job_id, record in history.jobs.items()
            if record.deleted is None or record.deleted >= oldest
        },
        guests={
            vmid: record
            for vmid, record in history.guests.items()
            if record.absent_since is None or record.absent_since >= oldest
        },
        storages={key: _storage(record, oldest) for key, record in history.storages.items()},
    )


def _runs(runs: Mapping[str, RunRecord], oldest: datetime) -> dict[str, RunRecord]:
    outcomes: Counter[int] = Counter()
    empty: Counter[str | None] = Counter()
    kept: list[RunRecord] = []
    for run in sorted(runs.values(), key=lambda run: run.started, reverse=True):
        if run.started < oldest:
            break
        wanted = [outcome for outcome in run.outcomes if outcomes[outcome.vmid] < OUTCOMES_PER_GUEST]
        outcomes.update(outcome.vmid for outcome in wanted)
        if not wanted:
            empty[run.job_id] += 1
            if empty[run.job_id] > EMPTY_RUNS_PER_JOB:
                continue
        kept.append(run if len(wanted) == len(run.outcomes) else replace(run, outcomes=tuple(wanted)))
    return {run.upid: run for run in kept}


def _storage(record: StorageRecord, oldest: datetime) -> StorageRecord:
    if not record.samples or record.samples[0][0] >= oldest:
        return record
    return replace(record, samples=tuple(sample for sample in record.samples if sample[0] >= oldest))


def is_time_to_bound(before: datetime | None, now: datetime) -> bool:
    """Tell whether the limits are to be looked at again."""
    return before is None or now - before >= _LOOK_AGAIN_AFTER or now < before
