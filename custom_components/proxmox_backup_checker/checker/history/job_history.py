"""What is remembered of jobs from their verdicts: since when each fails, and which slots passed without a run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from ..context import Context
from ..model.reason_codes import ReasonCode
from ..model.records import History, JobRecord, MissRecord
from ..model.verdict import Status, Verdict

_BAD: Final = frozenset({Status.FAILED, Status.OVERDUE})
_MOST_SLOTS: Final = 50


def remember_verdicts(history: History, verdicts: Mapping[str, Verdict], context: Context) -> History:
    """Return the history with what the verdicts on jobs, by job id, add to it; the same one where that is nothing."""
    changed = {
        job_id: replace(record, failing_since=since)
        for job_id, verdict in verdicts.items()
        if (record := history.jobs.get(job_id)) is not None
        and (since := _failing_since(record, verdict, context.facts.now)) != record.failing_since
    }
    misses = {
        miss.key: miss
        for job_id, verdict in verdicts.items()
        for miss in _misses(job_id, verdict, context)
        if miss.key not in history.misses and not _is_known(miss, history)
    }
    if not changed and not misses:
        return history
    return replace(history, jobs={**history.jobs, **changed}, misses={**history.misses, **misses})


def _failing_since(record: JobRecord, verdict: Verdict, now: datetime) -> datetime | None:
    """Return since when a job fails; what cannot be seen and what is still to come end nothing."""
    if verdict.problem and verdict.status in _BAD:
        return record.failing_since or verdict.since or now
    if verdict.status in {Status.OK, Status.WARNING, Status.PAUSED, Status.IGNORED}:
        return None
    return record.failing_since


def _misses(job_id: str, verdict: Verdict, context: Context) -> Iterable[MissRecord]:
    """Return the slots that a verdict calls missed: the newest, and those before it since the last run."""
    if not verdict.problem or verdict.status not in _BAD:
        return
    code, values = verdict.reason.code, verdict.reason.values
    node, slot = str(values.get("node", "")), values.get("slot")
    if code.meaning.is_start_failed and verdict.status is Status.FAILED:
        if verdict.since is not None:
            yield _miss(job_id, verdict.since, node, code, verdict.error)
    elif verdict.status is Status.OVERDUE and isinstance(slot, datetime):
        for missed in _slots_until(slot, job_id, node, context):
            yield _miss(job_id, missed, node, code, verdict.error)


def _slots_until(slot: datetime, job_id: str, node: str, context: Context) -> Iterable[datetime]:
    job = context.job(job_id)
    table = context.timetable(job, node) if job is not None else None
    if job is None or table is None:
        return [slot]
    last = next((run.started for run in context.job_runs(job) if run.node == node), None)
    missed = table.missed(slot, last, context.owed_since(job))
    return [*missed[:1], *missed[1:][-_MOST_SLOTS:]]


def _miss(job_id: str, slot: datetime, node: str, code: ReasonCode, error: str | None) -> MissRecord:
    key = f"{job_id}@{int(slot.timestamp())}@{node}"
    return MissRecord(key=key, job_id=job_id, slot=slot, node=node, code=code, error=error)


def _is_known(miss: MissRecord, history: History) -> bool:
    """Tell whether version 0.1.0 has kept this missed slot, under a key without the node."""
    known = history.misses.get(f"{miss.job_id}@{int(miss.slot.timestamp())}")
    return known is not None and known.node == miss.node
