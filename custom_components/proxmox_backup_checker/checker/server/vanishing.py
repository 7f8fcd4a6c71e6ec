"""Restore points that are gone: what a prune tells of, what a move explains, and what nobody can explain."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ...proxmox.backup_server.logs.prune_log import PruneLog
from ...proxmox.backup_server.logs.sync_records import SyncLog
from ...proxmox.backup_server.namespace import covers
from ...proxmox.backup_server.task_models import Task
from ...proxmox.backup_server.upid import Upid
from ...proxmox.backup_server.worker_id import Work, parse_worker_id
from ...proxmox.retention import Backup, Mark, prune
from ..model.server_facts import ServerFacts
from ..model.server_records import GroupRecord
from .clock import ServerClock
from .group_memory import Place, place_of

FEWEST_TOLD: Final = 3
SHARE_TOLD: Final = 0.25
"""From that share of a datastore's restore points on, their loss is a warning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """Restore points of one group that are gone without a known cause; `by_sync` is the id of the sync that removed them here."""

    place: Place
    count: int
    whole_group: bool = False
    by_sync: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A group that was given another namespace."""

    origin: Place
    target: Place
    upid: str
    ended: int


def with_moves(
    records: Mapping[str, GroupRecord], facts: ServerFacts
) -> tuple[dict[str, GroupRecord], tuple[Move, ...]]:
    """Return the records with those of moved groups at their new place."""
    moved, moves = dict(records), []
    for task in facts.tasks:
        work = task.work
        if task.ended is None or work is None or work.target is None:
            continue
        for key, place in _moved_by(task, work, moved):
            record = moved.pop(key)
            target = Place(store=place.store, ns=_new_namespace(task, work, place), group=place.group)
            moved[target.id] = replace(record, key=target.id)
            moves.append(Move(origin=place, target=target, upid=task.upid.text, ended=task.ended))
    return moved, tuple(moves)


def _moved_by(task: Task, work: Work, records: Mapping[str, GroupRecord]) -> list[tuple[str, Place]]:
    found = []
    for key in records:
        place = place_of(key)
        if place.store != work.store:
            continue
        if task.upid.worker_type == "move-group":
            if (place.ns, place.group) == (work.ns or "", work.group):
                found.append((key, place))
        elif task.upid.worker_type == "move-namespace" and work.ns and covers(work.ns, None, place.ns):
            found.append((key, place))
    return found


def _new_namespace(task: Task, work: Work, place: Place) -> str:
    target = work.target or ""
    if task.upid.worker_type == "move-group":
        return target
    rest = place.ns.removeprefix(work.ns or "").lstrip("/")
    return "/".join(part for part in (target, rest) if part)


def with_explanations(
    records: Mapping[str, GroupRecord], facts: ServerFacts, clock: ServerClock
) -> dict[str, GroupRecord]:
    """Return the records with the snapshots that prunes have removed since the last listing."""
    explained = dict(records)
    for log in facts.logs.values():
        if isinstance(log, PruneLog) and log.store is not None:
            for entry in log.removed:
                place = Place(store=log.store, ns=entry.ns, group=entry.snapshot.group)
                _explain(explained, place.id, (entry.snapshot.backup_time,))
    for task in facts.tasks:
        work = task.work
        if task.ended is None or work is None:
            continue
        if task.upid.worker_type == "prune":
            for key in _pruned_by_client(work, explained):
                _explain(explained, key, explained[key].lying)
        elif task.upid.worker_type == "prunejob" and not isinstance(facts.logs.get(task.upid.text), PruneLog):
            _explain_by_rules(explained, task, work, facts, clock)
    return explained


def _explain(records: dict[str, GroupRecord], key: str, times: Iterable[int]) -> None:
    if (record := records.get(key)) is not None:
        records[key] = replace(record, explained=tuple(sorted({*record.explained, *times})), pruned=True)


def _pruned_by_client(work: Work, records: Mapping[str, GroupRecord]) -> list[str]:
    places = {key: place_of(key) for key in records}
    return [
        key
        for key, place in places.items()
        if place.store == work.store and place.ns == (work.ns or "") and work.group in (None, place.group)
    ]


def _explain_by_rules(
    records: dict[str, GroupRecord], task: Task, work: Work, facts: ServerFacts, clock: ServerClock
) -> None:
    """Reckon what a prune has removed whose log is not known."""
    job = next((job for job in facts.prune_jobs if (job.store, job.ns) == (work.store, work.ns or "")), None)
    if job is None or job.keep.keeps_everything:
        return
    for key, record in list(records.items()):
        place = place_of(key)
        if place.store == job.store and covers(job.ns, job.max_depth, place.ns):
            lying = [Backup(time) for time in sorted(record.lying, reverse=True) if time < task.upid.starttime]
            marks = prune(lying, job.keep, clock.zone)
            gone = (backup.ctime for backup, mark in zip(lying, marks, strict=True) if mark is Mark.REMOVE)
            _explain(records, key, gone)


def losses(before: Mapping[str, GroupRecord], after: Mapping[str, GroupRecord], facts: ServerFacts) -> tuple[Loss, ...]:
    """Return what went away between two listings and is not explained."""
    by_sync = _removed_by_syncs(facts)
    found = []
    for key, record in after.items():
        known = before.get(key)
        if known is None:
            continue
        place = place_of(key)
        if record.gone is not None and known.gone is None:
            found.append(Loss(place=place, count=record.gone_points, whole_group=True, by_sync=by_sync.get(place)))
        elif record.read_at != known.read_at and known.read_at is not None:
            gone = set(known.lying) - set(record.lying) - set(known.explained)
            if gone:
                found.append(Loss(place=place, count=len(gone), by_sync=by_sync.get(place)))
    return tuple(found)


def _removed_by_syncs(facts: ServerFacts) -> dict[Place, str]:
    """Return the groups here from which a pull has removed what is gone at its source, with the job."""
    found = {}
    for upid, log in facts.logs.items():
        if not isinstance(log, SyncLog) or log.pushes:
            continue
        parsed = Upid.parse(upid)
        work = parse_worker_id(parsed.worker_type, parsed.worker_id)
        targets = {entry.source_ns: entry.target_ns for entry in log.namespaces}
        for group in log.groups:
            if work is not None and group.removed:
                place = Place(store=work.store, ns=targets.get(group.ns, group.ns), group=group.group)
                found[place] = work.job or work.store
    return found


def is_grave(store: str, lost: Iterable[Loss], records: Mapping[str, GroupRecord]) -> bool:
    """Tell whether the losses on a datastore are more than somebody's tidying up."""
    count = sum(loss.count for loss in lost if loss.place.store == store)
    left = sum(len(record.lying) for key, record in records.items() if place_of(key).store == store and not record.gone)
    return count >= FEWEST_TOLD and count >= SHARE_TOLD * (count + left)
