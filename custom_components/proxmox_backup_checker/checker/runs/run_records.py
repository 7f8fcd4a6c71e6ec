"""What is remembered of runs: each is made a record once it is read, with its job and what it did for every guest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ...proxmox.vzdump.records import VzdumpLog
from ..jobs.timetable import Span
from ..model.facts import Facts, Run
from ..model.records import RunRecord
from ..model.verdict import Confidence
from .attribution import Attribution, Clues, attribute
from .outcomes import outcomes_of, storage_of, succeeded

_RECENT: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class RunRecords:
    """The runs of one moment: the `finished` ones by UPID, those of the history among them, and those that go on."""

    finished: Mapping[str, RunRecord]
    running: tuple[RunRecord, ...] = ()


def records_of(facts: Facts, known: Mapping[str, RunRecord]) -> RunRecords:
    """Return the runs of the facts beside those that are `known` from before; the same mapping where nothing has finished.

    A link that a state file proves replaces a weaker one; nothing else changes what was decided before. Of a run that goes
    on `ended` is None.
    """
    clues = Clues.of(facts, _spans(known.values(), facts.runs))
    read = {
        run.task.upid: _record(run, attribute(run, facts, clues), facts)
        for run in facts.runs
        if run.task.running or run.task.upid not in known
    }
    running = tuple(record for run in facts.runs if run.task.running and (record := read.pop(run.task.upid, None)))
    new = dict(sorted(read.items(), key=lambda item: item[1].started))
    proven = {
        upid: _linked(known[upid], job_id)
        for upid, job_id in clues.exact.items()
        if upid in known and known[upid].confidence is not Confidence.EXACT
    }
    return RunRecords({**known, **proven, **new} if new or proven else known, running)


def _spans(records: Iterable[RunRecord], runs: Iterable[Run]) -> dict[str, list[Span]]:
    """Return when runs went on, by node; of the history's only those that a present run can have waited for."""
    spans: dict[str, list[Span]] = {}
    since = min((run.started for run in runs), default=None)
    for record in records:
        if record.ended is not None and since is not None and record.ended >= since - _RECENT:
            spans.setdefault(record.node, []).append((record.started, record.ended))
    for run in runs:
        if run.ended is not None:
            spans.setdefault(run.task.node, []).append((run.started, run.ended))
    return spans


def _record(run: Run, attribution: Attribution, facts: Facts) -> RunRecord:
    status = run.task.status
    jobs = [job for job in facts.jobs or () if job.job_id in {attribution.job_id, *attribution.candidates}]
    error = None
    if status is not None and not succeeded(status):
        error = (run.log.error if run.log else None) or status
    return RunRecord(
        upid=run.task.upid,
        node=run.task.node,
        started=run.started,
        ended=run.ended,
        status=status or "",
        job_id=attribution.job_id,
        confidence=attribution.confidence,
        candidates=attribution.candidates,
        storage=storage_of(run, jobs),
        outcomes=tuple(outcomes_of(run, attribution, facts)),
        error=error,
        warnings=_warnings(run),
        logged=run.log is not None,
        waited=_waited(run, facts),
        notes=tuple(_notes(run.log)) if run.log else (),
    )


def _warnings(run: Run) -> int:
    status = run.task.status or ""
    if status.upper().startswith("WARNINGS:"):
        count = status.partition(":")[2].strip()
        return int(count) if count.isdecimal() else 1
    return run.log.warning_count if run.log else 0


def _waited(run: Run, facts: Facts) -> int:
    zone = facts.zone_of(run.task.node)
    if run.log is None or zone is None:
        return 0
    wait = run.log.lock_wait(run.started.astimezone(zone).replace(tzinfo=None))
    return int(wait.total_seconds()) if wait else 0


def _notes(log: VzdumpLog) -> Iterable[str]:
    if log.waiting_for_lock:
        yield "waiting_for_lock"
    if log.lock_timeout:
        yield "lock_timeout"
    if log.unusable_storage is not None:
        yield "storage_unusable"
    if log.notification_errors:
        yield "notification_failed"
    if any(guest.prune == "failed" for guest in log.guests):
        yield "prune_failed"


def _linked(record: RunRecord, job_id: str) -> RunRecord:
    outcomes = tuple(replace(outcome, job_id=job_id, confidence=Confidence.EXACT) for outcome in record.outcomes)
    return replace(record, job_id=job_id, confidence=Confidence.EXACT, candidates=(), outcomes=outcomes)
