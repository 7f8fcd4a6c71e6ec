"""Storages out of reach as the one cause of many failures: a server that is off, and the jobs that write there."""

from typing import Final

from ...proxmox.vzdump.failure_cause import OUT_OF_REACH, cause_of
from ..context import Context
from ..model.facts import StorageFacts, storage_key
from ..model.outcome import Outcome
from ..model.records import RunRecord
from ..model.verdict import Verdict
from .full_storages import runs_of

_SUMS_UP: Final = frozenset({"guests_failed"})
_SEVERAL: Final = 2


def key_of_lost_storage(verdict: Verdict, context: Context) -> str | None:
    """Return the key of the storage that is out of reach and has made this backup or job fail, None where there is none.

    With one job that writes there the job is what is told of; of a job whose guests failed for several causes it is as well.
    """
    if verdict.problem is not True or verdict.cause is None:
        return None
    runs = runs_of(verdict, context)
    if verdict.cause.code in _SUMS_UP:
        if not runs or not all(map(_found_nobody, runs)):
            return None
    elif verdict.cause.code not in OUT_OF_REACH:
        return None
    found = (context.facts.storage_of(run.storage, run.node) for run in runs if run.storage)
    lost = next((storage for storage in found if storage is not None and not storage.active_on), None)
    return storage_key(lost) if lost is not None and _has_several_jobs(lost, context) else None


def _found_nobody(run: RunRecord) -> bool:
    """Tell whether all that failed in a run failed since the storage did not answer."""
    failed = [outcome for outcome in run.outcomes if outcome.error]
    return bool(failed) and all(_is_out_of_reach(outcome) for outcome in failed)


def _is_out_of_reach(outcome: Outcome) -> bool:
    cause = cause_of(outcome.error or "")
    return cause is not None and cause.code in OUT_OF_REACH


def _has_several_jobs(storage: StorageFacts, context: Context) -> bool:
    jobs = [job for job in context.facts.jobs or () if job.enabled and storage.storage in context.storages_of(job)]
    return len(jobs) >= _SEVERAL
