"""Full storages as the one cause of many failures: which failed backups, of whatever job, had no room."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ...proxmox.vzdump.failure_cause import cause_of
from ..context import Context
from ..model.facts import StorageFacts, storage_key
from ..model.labels import size_text
from ..model.outcome import Outcome
from ..model.reason_codes import ReasonCode
from ..model.records import RunRecord
from ..model.verdict import Reason, Status, Verdict
from .storage import is_nearly_full

# What a run says that had no room, or that could not write for whatever reason.
_NO_ROOM: Final = frozenset({"archive_not_written", "backup_folder_failed", "no_space", "pbs_full", "quota_exceeded"})
_SUMS_UP: Final = frozenset({"guests_failed"})


def full_storage_of(verdict: Verdict, context: Context) -> StorageFacts | None:
    """Return the storage that is full now and has made this backup or job fail; None where it failed for another cause.

    Of a job with guests that failed for different causes it is None: the job's own message tells of it.
    """
    if verdict.problem is not True or verdict.cause is None:
        return None
    if verdict.cause.code in _SUMS_UP:
        runs = [run for run in runs_of(verdict, context) if run.outcomes]
        if not runs or not all(map(_had_no_room, runs)):
            return None
    elif verdict.cause.code in _NO_ROOM:
        runs = runs_of(verdict, context)
    else:
        return None
    storages = (context.facts.storage_of(run.storage, run.node) for run in runs if run.storage)
    return next((storage for storage in storages if storage is not None and is_nearly_full(storage)), None)


def fullness_of(storage: StorageFacts, own: Verdict, failed: Iterable[Verdict]) -> Verdict:
    """Return the verdict of a full storage for which backups have failed: a failure, since the first of these."""
    if own.reason.code is not ReasonCode.STORAGE_NEARLY_FULL or storage.total is None or storage.used is None:
        return own
    values = {
        "percent": own.reason.values["percent"],
        "free": size_text(max(0, storage.total - storage.used)),
        "total": size_text(storage.total),
    }
    since = min((verdict.since for verdict in failed if verdict.since is not None), default=None)
    return replace(own, status=Status.FAILED, reason=Reason(ReasonCode.STORAGE_FULL, values), since=since)


def key_of_full_storage(verdict: Verdict, context: Context) -> str | None:
    """Return the key of the full storage behind a problem, None where there is none."""
    storage = full_storage_of(verdict, context)
    return storage_key(storage) if storage is not None else None


def runs_of(verdict: Verdict, context: Context) -> list[RunRecord]:
    """Return the runs that a verdict rests on."""
    running = {run.upid: run for run in context.running}
    found = (context.history.runs.get(upid) or running.get(upid) for upid in verdict.evidence)
    return [run for run in found if run is not None]


def _had_no_room(run: RunRecord) -> bool:
    """Tell whether all that failed in a run failed for want of room."""
    failed = [outcome for outcome in run.outcomes if outcome.error]
    return bool(failed) and all(_is_want_of_room(outcome) for outcome in failed)


def _is_want_of_room(outcome: Outcome) -> bool:
    cause = cause_of(outcome.error or "")
    return cause is not None and cause.code in _NO_ROOM
