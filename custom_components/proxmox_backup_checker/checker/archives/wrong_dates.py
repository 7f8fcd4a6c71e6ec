"""Notes the dates that are ahead of every clock, of runs and of archives."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from ..model.facts import Facts, NodeFacts, StorageFacts
from ..model.outcome import written_name
from ..model.records import History, NodeRecord, RunRecord, WrongDate
from ..model.wrong_dates import WRONG_DATE
from ..runs.run_records import RunRecords
from .archive import logged_name

_LATEST: Final = datetime.max.replace(tzinfo=UTC)


def latest_shown(history: History, facts: Facts) -> datetime | None:
    """Return the latest time that our clock has shown, None where that is the present."""
    shown = [moment for moment in (history.latest, history.evaluated) if moment is not None and moment > facts.now]
    return max(shown, default=None)


def noted(history: History, facts: Facts, runs: RunRecords) -> Mapping[str, WrongDate]:
    """Return what bears a wrong date, by name, with what these facts show; the same mapping where that is nothing new.

    A date is wrong where neither our clock nor that of the node which wrote it has come to it. A node whose clock is ahead is
    judged by it as long as it is; the dates of that time are wrong once the clock is set right. A node whose clock was
    set back makes nothing wrong that ours has come to. While our own clock shows less than before, it tells nothing.
    """
    if facts.read_at not in {None, facts.now} or latest_shown(history, facts) is not None:
        return history.wrong_dates
    known = _without_rewritten(history, runs)
    found = {record.name: record for record in _wrong(history, facts, runs) if record.name not in known}
    return {**known, **found} if found else known


def _without_rewritten(history: History, runs: RunRecords) -> Mapping[str, WrongDate]:
    """Return the known wrong dates without those of archives that a later run has written over.

    When the date of an archive comes, a run can leave one of the same name. It is another run than the one that was seen to
    leave it first: one whose list is read late is that itself.
    """
    known = history.wrong_dates
    if all(record.vmid is None for record in known.values()):
        return known
    first = set(_left_by(runs.finished[upid] for upid in known.keys() & runs.finished.keys()))
    recent = [run for upid, run in runs.finished.items() if upid not in history.runs]
    again = set(_left_by(run for run in (*recent, *runs.unfinished.values()) if run.upid not in known))
    rewritten = first & again & known.keys()
    return {name: record for name, record in known.items() if name not in rewritten} if rewritten else known


def _left_by(runs: Iterable[RunRecord]) -> Iterator[str]:
    for run in runs:
        yield from (written_name(outcome.archive) for outcome in run.outcomes if outcome.archive is not None)


def _wrong(history: History, facts: Facts, runs: RunRecords) -> Iterable[WrongDate]:
    clocks = {name: _latest_right(node, history.nodes.get(name), facts.now) for name, node in facts.nodes.items()}
    earliest = min(clocks.values(), default=_LATEST)
    for records in (runs.finished, runs.unfinished):
        for run in [run for run in records.values() if run.ended is None or max(run.started, run.ended) > earliest]:
            known = run.upid in history.runs or run.upid in history.unfinished
            seen = (history.evaluated if known else None) or facts.now
            yield from _of_run(run, clocks.get(run.node, _LATEST), seen)
    zones = {node.zone for node in facts.nodes.values() if node.zone is not None}
    for storage in facts.storages:
        writers = [name for name in clocks if storage.node in {None, name}]
        yield from _on(storage, max((clocks[name] for name in writers), default=_LATEST), zones)


def _latest_right(node: NodeFacts, record: NodeRecord | None, now: datetime) -> datetime:
    """Return the latest time that something of a node can bear by right; any at all where its clock was never read.

    A node that is out of sight may have written what its clock showed when it was seen last.
    """
    if node.zone is None:
        return _LATEST
    shown = [now, now + node.skew]
    if record is not None and record.runs_known_until is not None and (not node.online or node.blindness is not None):
        shown.append(record.runs_known_until)
    return max(shown) + WRONG_DATE


def _of_run(run: RunRecord, latest: datetime, seen: datetime) -> Iterable[WrongDate]:
    if run.started > latest:
        yield WrongDate(name=run.upid, dated=run.started, seen=seen)
    elif run.ended is not None and run.ended > latest:
        yield WrongDate(name=run.upid, dated=run.ended, seen=seen)
    for outcome in run.outcomes:
        if outcome.archive is not None and outcome.started > latest:
            name = written_name(outcome.archive)
            yield WrongDate(name=name, dated=outcome.started, seen=seen, vmid=outcome.vmid)


def _on(storage: StorageFacts, latest: datetime, zones: Collection[ZoneInfo]) -> Iterable[WrongDate]:
    """Return the archives of a storage with wrong dates: of files of a share, by the zone that gives the earliest."""
    listing = storage.listing
    if listing is None:
        return
    limit = latest.timestamp()
    for archive in [archive for archive in listing.archives if archive.ctime > limit]:
        moment, _ = listing.written_between(archive, zones if storage.node is None else ())
        if moment > latest and archive.vmid is not None:
            yield WrongDate(name=logged_name(archive), dated=moment, seen=listing.read_at, vmid=archive.vmid)
