"""What is remembered of runs: each is made a record once it is read, with its job and what it did for every guest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ...proxmox.api.cluster_models import Task
from ...proxmox.api.upid import Upid
from ...proxmox.vzdump.records import VzdumpLog
from ..jobs.remembering import remembered_jobs
from ..jobs.timetable import Span
from ..model.facts import Facts, NodeFacts, Run
from ..model.outcome import LOST, succeeded
from ..model.records import NOTHING_TO_DO, History, NodeRecord, RunRecord
from ..model.verdict import Confidence
from .attribution import Attribution, Clues, OwnRun, attribute
from .outcomes import outcomes_of, storage_of
from .stays import Stays

_RECENT: Final = timedelta(days=2)
_SAME_BOOT: Final = timedelta(minutes=2)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A run whose end nobody has seen is of no use any more once later ones are known for long.
_UNFINISHED_KEPT: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class RunRecords:
    """The runs of one moment, by UPID.

    `finished` are those of the history and those that ended since, `running` those that go on. `unfinished` are those and
    the ones that were seen going on before and whose end nobody has seen, as where their node went off.
    """

    finished: Mapping[str, RunRecord] = field(default_factory=dict)
    running: Mapping[str, RunRecord] = field(default_factory=dict)
    unfinished: Mapping[str, RunRecord] = field(default_factory=dict)


def records_of(facts: Facts, history: History) -> RunRecords:
    """Return the runs of the facts beside those of the history; the same mapping where nothing has finished.

    A link that a state file proves replaces a weaker one, and a run that was read while no job could be seen is linked once
    they can; nothing else changes what was decided before. Of a run that goes on `ended` is None.
    """
    known = history.runs
    runs = [run for run in facts.runs if run.task.running or run.task.upid not in known]
    read = dict(_read(runs, facts, history))
    running = {run.task.upid: read.pop(run.task.upid) for run in runs if run.task.running}
    changed = {**_linked_later(facts, history), **dict(sorted(read.items(), key=lambda item: item[1].started))}
    finished = {**known, **changed} if changed else known
    oldest = facts.now - _UNFINISHED_KEPT
    left = {
        upid: run
        for upid, run in history.unfinished.items()
        if upid not in finished and upid not in running and run.started >= oldest
    }
    return RunRecords(finished, running, {**left, **running})


def _read(runs: Iterable[Run], facts: Facts, history: History) -> Iterable[tuple[str, RunRecord]]:
    """Return the records of runs: first of those that show their command, by which the others are told apart."""
    clues = clues_of(facts, history)
    later = []
    for run in sorted(runs, key=lambda run: (run.task.started, run.task.upid)):
        if run.log is None or run.log.command is None:
            later.append(run)
            continue
        record = _record(run, _attribution(run, facts, clues, history), facts, clues.stays)
        clues = _with_served(clues, record)
        yield run.task.upid, record
    for run in later:
        record = _record(run, _attribution(run, facts, clues, history), facts, clues.stays)
        clues = _with_served(clues, record)
        yield run.task.upid, record


def _attribution(run: Run, facts: Facts, clues: Clues, history: History) -> Attribution:
    """Return the job of a run; what its log told first while it goes on stays, since jobs may have been edited meanwhile."""
    found, known = attribute(run, facts, clues), history.unfinished.get(run.task.upid)
    if known is None or known.job_id is None or not known.outcomes:
        return found
    if found.confidence is Confidence.EXACT:
        return found
    return Attribution(job_id=known.job_id, confidence=known.confidence)


def clues_of(facts: Facts, history: History) -> Clues:
    """Return what facts and history hold that helps to tell a run's job."""
    links = {state.upid: state.job_id for state in facts.job_states if state.upid is not None}
    since = min((run.started for run in facts.runs), default=None)
    # Between a job's slots there may be a month, and without quorum its run may come as late.
    known = [] if since is None else history.rightly_dated_runs()
    served: dict[tuple[str, str], list[OwnRun]] = {}
    for record in known:
        if record.job_id is not None:
            served.setdefault((record.job_id, record.node), []).append(_own_run(record))
    return Clues(
        exact=links,
        stays=Stays(facts=facts, history=history),
        spans=_spans(history.runs.values(), facts.runs, since),
        off={name: _off(node, history.nodes.get(name), history) for name, node in facts.nodes.items() if node.booted},
        served=served,
        # A run may be of what a job was until somebody edited it, which these facts may be the first to show.
        past={record.job_id: record.past for record in remembered_jobs(history, facts).values() if record.past},
        seen={record.job_id: record.fingerprint for record in history.jobs.values()},
        at_work={name: node.quorate_until for name, node in history.nodes.items() if node.quorate_until is not None},
    )


def _with_served(clues: Clues, record: RunRecord) -> Clues:
    if record.job_id is None:
        return clues
    key = (record.job_id, record.node)
    return replace(clues, served={**clues.served, key: [*clues.served.get(key, ()), _own_run(record)]})


def _own_run(record: RunRecord) -> OwnRun:
    """Return a job's run; of one that was cut off nobody knows how long it went on."""
    return OwnRun(record.upid, record.started, record.started if record.status == LOST else record.ended)


def _off(node: NodeFacts, record: NodeRecord | None, history: History) -> Span:
    """Return the time for which a node was off before its last start, by its clock."""
    booted = node.booted or _LONG_AGO
    gone = record.offline_since if record is not None else None
    if record is not None and record.last_outage is not None and abs(booted - record.last_outage[1]) <= _SAME_BOOT:
        gone = record.last_outage[0]
    gone = gone or history.evaluated or _LONG_AGO
    return min(gone, booted) + node.skew, booted + node.skew


def _spans(records: Iterable[RunRecord], runs: Iterable[Run], since: datetime | None) -> dict[str, list[Span]]:
    """Return when runs went on, by node; of the history's only those that a present run can have waited for."""
    spans: dict[str, list[Span]] = {}
    for record in records:
        if record.ended is not None and since is not None and record.ended >= since - _RECENT:
            spans.setdefault(record.node, []).append((record.started, record.ended))
    for run in runs:
        if run.ended is not None:
            spans.setdefault(run.task.node, []).append((run.started, run.ended))
    return spans


def _linked_later(facts: Facts, history: History) -> dict[str, RunRecord]:
    """Return the runs of the history whose job can be told now, and could not or not as surely when they were read."""
    links = {state.upid: state.job_id for state in facts.job_states if state.upid is not None}
    stays = Stays(facts=facts, history=history)
    found = {
        upid: _linked(history.runs[upid], Attribution(job_id=job_id, confidence=Confidence.EXACT), facts, stays)
        for upid, job_id in links.items()
        if upid in history.runs and history.runs[upid].confidence is not Confidence.EXACT
    }
    if facts.jobs is None:
        return found
    waiting = [run for run in history.runs.values() if run.command is not None and run.upid not in found]
    if waiting:
        clues = clues_of(facts, history)
        found |= {run.upid: _linked(run, attribute(_as_read(run), facts, clues), facts, stays) for run in waiting}
    return found


def _as_read(record: RunRecord) -> Run:
    """Return a remembered run as it was read, as far as it matters for whose it is."""
    upid = Upid.parse(record.upid)
    task = Task(
        upid=record.upid,
        node=record.node,
        started=upid.starttime,
        task_type=upid.task_type,
        task_id=upid.task_id,
        user=upid.user,
        token=upid.token,
        ended=None if record.ended is None else int(record.ended.timestamp()),
        status=record.status,
    )
    log = VzdumpLog(command=record.command or None, error=record.error, ended=True) if record.logged else None
    return Run(task=task, log=log)


def _linked(record: RunRecord, attribution: Attribution, facts: Facts, stays: Stays) -> RunRecord:
    """Return the record with another attribution, with the guests that it should have come to and did not."""
    outcomes = [
        replace(outcome, job_id=attribution.job_id, confidence=attribution.confidence, by_hand=attribution.by_hand)
        for outcome in record.outcomes
    ]
    if record.command is not None:
        seen = {outcome.vmid for outcome in outcomes}
        of_run = outcomes_of(_as_read(record), attribution, facts, stays)
        outcomes += [other for other in of_run if other.vmid not in seen]
    return replace(
        record,
        job_id=attribution.job_id,
        confidence=attribution.confidence,
        candidates=attribution.candidates,
        outcomes=tuple(outcomes),
        command=None,
    )


def _record(run: Run, attribution: Attribution, facts: Facts, stays: Stays) -> RunRecord:
    status = run.task.status
    jobs = [job for job in facts.jobs or () if job.job_id in {attribution.job_id, *attribution.candidates}]
    error = None
    if status is not None and not succeeded(status):
        error = (run.log.error if run.log else None) or status
    # Whom a job should have come to is not known before it can be seen, though a state file names it.
    is_open = facts.jobs is None and not attribution.by_hand
    return RunRecord(
        upid=run.task.upid,
        node=run.task.node,
        started=run.started,
        ended=run.ended,
        status=status or "",
        job_id=attribution.job_id,
        confidence=attribution.confidence,
        candidates=attribution.candidates,
        storage=storage_of(run, jobs, facts),
        outcomes=tuple(outcomes_of(run, attribution, facts, stays)),
        error=error,
        warnings=_warnings(run),
        logged=run.log is not None,
        waited=_waited(run, facts),
        notes=tuple(_notes(run.log)) if run.log else (),
        command=((run.log.command if run.log else None) or "") if is_open else None,
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
    if log.nothing_to_do:
        yield NOTHING_TO_DO
    if log.lock_timeout:
        yield "lock_timeout"
    if log.unusable_storage is not None:
        yield "storage_unusable"
    if log.notification_errors:
        yield "notification_failed"
    if any(guest.prune == "failed" for guest in log.guests):
        yield "prune_failed"
