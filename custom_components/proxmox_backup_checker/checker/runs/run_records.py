"""Takes finished runs into the history, each once, and finds them again by guest and by job."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from ...proxmox.vzdump.records import VzdumpLog
from ..jobs.timetable import Span
from ..model.facts import Facts, Run
from ..model.records import RunRecord
from ..model.verdict import Confidence
from .attribution import Attribution, Clues, attribute
from .outcomes import Outcome, Result, outcomes_of, storage_of, succeeded

_RECENT: Final = timedelta(days=2)
# Nodes start a job in the same second: their order is the same whichever run was seen to end first.
_ORDER: Final = attrgetter("started", "upid")


def remember_runs(runs: Mapping[str, RunRecord], facts: Facts) -> Mapping[str, RunRecord]:
    """Return the history's runs with those that have finished since; the same mapping where nothing is new.

    A link that a state file proves replaces a weaker one; nothing else changes what was decided before.
    """
    clues = Clues.of(facts, _spans(runs.values(), facts.runs))
    new = {
        run.task.upid: _record(run, attribute(run, facts, clues), facts)
        for run in sorted(facts.runs, key=lambda run: run.task.started)
        if not run.task.running and run.task.upid not in runs
    }
    proven = {
        upid: _linked(runs[upid], job_id)
        for upid, job_id in clues.exact.items()
        if upid in runs and runs[upid].confidence is not Confidence.EXACT
    }
    return {**runs, **proven, **new} if new or proven else runs


def running_records(runs: Mapping[str, RunRecord], facts: Facts) -> tuple[RunRecord, ...]:
    """Return the runs that go on at the moment; `ended` is None."""
    going_on = [run for run in facts.runs if run.task.running]
    if not going_on:
        return ()
    clues = Clues.of(facts, _spans(runs.values(), facts.runs))
    return tuple(_record(run, attribute(run, facts, clues), facts) for run in going_on)


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


@dataclass(frozen=True, slots=True)
class RunIndex:
    """The history's runs by job and their outcomes by guest, newest first.

    `nodes` are those of all runs, `untold` the runs of which it is not known whom they backed up: since the log is gone, or
    names no guest, as one in words that are new to us.
    """

    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    by_job: Mapping[str, tuple[RunRecord, ...]] = field(default_factory=dict)
    by_guest: Mapping[int, tuple[Outcome, ...]] = field(default_factory=dict)
    newest_ends: Mapping[str, datetime] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    untold: tuple[RunRecord, ...] = ()

    def following(self, runs: Mapping[str, RunRecord]) -> RunIndex:
        """Return the index of a later state of the same history: only what is of the runs that differ is sorted in anew."""
        if runs is self.runs:
            return self
        new = [run for upid, run in runs.items() if self.runs.get(upid) is not run]
        old = [run for upid, run in self.runs.items() if runs.get(upid) is not run]
        gone = {run.upid for run in old}
        return RunIndex(
            runs=runs,
            by_job=_sorted_in(self.by_job, _by_job(new), _by_job(old), gone),
            by_guest=_sorted_in(self.by_guest, _by_guest(new), _by_guest(old), gone),
            newest_ends=_newest_ends(self.newest_ends, new) if not old else _newest_ends({}, runs.values()),
            nodes=self.nodes.union(run.node for run in new)
            if not old
            else frozenset(run.node for run in runs.values()),
            untold=tuple(filter(_is_untold, runs.values())) if any(map(_is_untold, (*new, *old))) else self.untold,
        )


def _is_untold(run: RunRecord) -> bool:
    return not run.logged or not run.outcomes


def _by_job(runs: Iterable[RunRecord]) -> dict[str, list[RunRecord]]:
    found: dict[str, list[RunRecord]] = {}
    for run in runs:
        for job_id in (run.job_id, *run.candidates):
            if job_id is not None:
                found.setdefault(job_id, []).append(run)
    return found


def _by_guest(runs: Iterable[RunRecord]) -> dict[int, list[Outcome]]:
    found: dict[int, list[Outcome]] = {}
    for run in runs:
        for outcome in run.outcomes:
            found.setdefault(outcome.vmid, []).append(outcome)
    return found


def _sorted_in[Key, Item: RunRecord | Outcome](
    known: Mapping[Key, tuple[Item, ...]],
    new: Mapping[Key, Sequence[Item]],
    old: Mapping[Key, Sequence[Item]],
    gone: Container[str],
) -> dict[Key, tuple[Item, ...]]:
    """Return what is known with what is new and without what is of old runs, newest first."""
    found = dict(known)
    for key in new.keys() | old.keys():
        kept = [item for item in known.get(key, ()) if item.upid not in gone]
        items: list[Item] = [*new.get(key, ()), *kept]
        items.sort(key=_ORDER, reverse=True)
        if items:
            found[key] = tuple(items)
        else:
            found.pop(key, None)
    return found


def _newest_ends(known: Mapping[str, datetime], runs: Iterable[RunRecord]) -> dict[str, datetime]:
    ends = dict(known)
    for run in runs:
        if run.storage and run.ended:
            ends[run.storage] = max(run.ended, ends.get(run.storage, run.ended))
    return ends


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
