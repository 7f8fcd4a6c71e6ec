"""What is remembered of backup groups: when they were backed up, also where a prune has removed it since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.backup_server.logs.backup_log import BackupLog
from ...proxmox.backup_server.namespace import GroupId, acl_path
from ...proxmox.backup_server.snapshot_models import Group, Snapshot
from ...proxmox.backup_server.task_models import Task
from ...proxmox.backup_server.task_state import TaskResult
from ..model.server_facts import DatastoreFacts, GroupFacts, ServerFacts
from ..model.server_records import FailedBackup, GroupRecord, ServerHistory
from ..model.subject import Subject
from .links import Links

TIMES_KEPT: Final = 120
BENCHMARK: Final = GroupId("host", "benchmark")
# A backup's task begins with the snapshot; the client's clock may differ a little.
_SAME_BACKUP: Final = timedelta(minutes=10).total_seconds()
_ENDS_WELL: Final = frozenset({TaskResult.OK, TaskResult.WARNING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a group lies."""

    store: str
    ns: str
    group: GroupId

    @property
    def id(self) -> str:
        """The id of its subject."""
        return Subject.group(self.store, self.ns, str(self.group)).id


def place_of(key: str) -> Place:
    """Return where a group lies by the id of its subject."""
    store, ns, group = key.split(":", 2)
    return Place(store=store, ns=ns, group=GroupId.parse(group))


def is_gone(store: str, facts: ServerFacts) -> bool:
    """Tell whether a datastore is no longer there, and not only out of sight."""
    seen = "datastores" not in facts.unread and facts.permissions.has(acl_path(store), "Datastore.Audit")
    return seen and store not in facts.datastores


def remembered_groups(history: ServerHistory, facts: ServerFacts, links: Links) -> dict[str, GroupRecord]:
    """Return the records of groups: those that are there, those that nobody has listed yet, and those that are missed."""
    records = {key: record for key, record in history.groups.items() if not is_gone(place_of(key).store, facts)}
    for store, found in facts.datastores.items():
        if found.hidden:
            continue
        for (ns, group), entry in found.groups.items():
            place = Place(store=store, ns=ns, group=group)
            if group != BENCHMARK:
                records[place.id] = _updated(records.get(place.id), place, entry, facts, history, links)
        records |= _missed(records, store, found, facts.now)
    records |= _with_backups(records, facts)
    return records


def _updated(
    known: GroupRecord | None,
    place: Place,
    entry: GroupFacts,
    facts: ServerFacts,
    history: ServerHistory,
    links: Links,
) -> GroupRecord:
    group = entry.group
    if known is None:
        first_seen = None if history.began is None else facts.now
        known = GroupRecord(key=place.id, first_seen=first_seen)
    record = replace(
        known,
        last_backup=group.last_backup,
        backup_count=group.backup_count,
        finished=group.finished,
        owner=group.owner,
        comment=group.comment,
        failed=None if _is_cured(known.failed, group) else known.failed,
        gone=None,
        gone_points=0,
    )
    if entry.read_at is not None and (known.read_at is None or entry.read_at > known.read_at):
        record = _with_snapshots(record, entry.snapshots, entry.read_at, history.node, place)
    if links.judges(place.group):
        seen = {*record.times, *([group.last_backup] if group.finished and group.last_backup else [])}
        record = replace(record, times=tuple(sorted(seen | set(record.lying)))[-TIMES_KEPT:])
    return record if record != known else known


def _is_cured(failed: FailedBackup | None, group: Group) -> bool:
    """Tell whether a good backup lies there that was begun after the one that failed."""
    if failed is None or group.last_backup is None or not group.finished:
        return False
    return group.last_backup > failed.started


def _with_snapshots(
    record: GroupRecord, snapshots: Iterable[Snapshot], read_at: datetime, node: str | None, place: Place
) -> GroupRecord:
    every = sorted(snapshots, key=lambda snapshot: snapshot.id.backup_time)
    finished = [snapshot for snapshot in every if snapshot.finished]
    newest = finished[-1] if finished else None
    checked = [snapshot for snapshot in finished if snapshot.verification is not None]
    own = [snapshot for snapshot in checked if is_own_check(snapshot, node, place.store)]
    good = [snapshot.id.backup_time for snapshot in own if snapshot.verification and snapshot.verification.ok]
    inherited = [
        snapshot.id.backup_time
        for snapshot in checked
        if snapshot not in own and snapshot.verification and snapshot.verification.ok
    ]
    named = next((snapshot.comment for snapshot in reversed(finished) if snapshot.comment), None)
    return replace(
        record,
        read_at=read_at,
        lying=tuple(snapshot.id.backup_time for snapshot in finished),
        unfinished=tuple(snapshot.id.backup_time for snapshot in every if not snapshot.finished),
        protected=sum(snapshot.protected for snapshot in finished),
        newest_protected=max((one.id.backup_time for one in finished if one.protected), default=None),
        size=newest.size if newest is not None else None,
        total_size=sum(snapshot.size or 0 for snapshot in finished) if finished else None,
        name=named,
        encrypted=newest.encrypted if newest is not None else None,
        encrypted_since=_encrypted_since(finished),
        key_changed=_key_changed(finished),
        verified=max(good, default=None),
        verified_elsewhere=max(inherited, default=None),
        newest_verification=_state(newest),
        bad=tuple(
            snapshot.id.backup_time for snapshot in checked if snapshot.verification and not snapshot.verification.ok
        ),
    )


def is_own_check(snapshot: Snapshot, node: str | None, store: str) -> bool:
    """Tell whether a snapshot was checked where it lies: a copy brings the check of its source along."""
    verification = snapshot.verification
    if verification is None or verification.upid is None:
        return False
    of_store = (verification.upid.worker_id or "").split(":", 1)[0]
    return of_store == store and (node is None or verification.upid.node == node)


def _state(newest: Snapshot | None) -> str | None:
    if newest is None or newest.verification is None:
        return None
    return "ok" if newest.verification.ok else "failed"


def _encrypted_since(finished: list[Snapshot]) -> int | None:
    """Return from which snapshot on all are encrypted, where older ones are not."""
    plain = [number for number, snapshot in enumerate(finished) if not snapshot.encrypted]
    if not plain or plain[-1] == len(finished) - 1:
        return None
    return finished[plain[-1] + 1].id.backup_time


def _key_changed(finished: list[Snapshot]) -> int | None:
    """Return the first snapshot with the key that the newest has, where an older one has another."""
    keyed = [snapshot for snapshot in finished if snapshot.fingerprint is not None]
    if not keyed or all(snapshot.fingerprint == keyed[-1].fingerprint for snapshot in keyed):
        return None
    first = next(
        number
        for number in range(len(keyed) - 1, -1, -1)
        if number == 0 or keyed[number - 1].fingerprint != keyed[-1].fingerprint
    )
    return keyed[first].id.backup_time


def _missed(
    records: Mapping[str, GroupRecord], store: str, found: DatastoreFacts, now: datetime
) -> dict[str, GroupRecord]:
    """Return the records of groups that a listing no longer has; those that nobody has listed yet are left as they are."""
    missed = {}
    for key, record in records.items():
        place = place_of(key)
        if place.store != store or (place.ns, place.group) in found.groups or record.gone is not None:
            continue
        is_namespace_gone = bool(found.namespaces) and place.ns not in found.namespaces
        if place.ns in found.listed_at or is_namespace_gone:
            points = len(record.lying) or record.backup_count
            missed[key] = replace(record, gone=now, gone_points=points)
    return missed


def _with_backups(records: Mapping[str, GroupRecord], facts: ServerFacts) -> dict[str, GroupRecord]:
    """Take in how the backups ended that have a task; with the first of them come those of many weeks."""
    by_place: dict[str, list[Task]] = {}
    for task in facts.tasks:
        if task.upid.worker_type == "backup" and task.ended is not None:
            for key in _keys_of(task, records, facts):
                by_place.setdefault(key, []).append(task)
    return {key: _with_tasks(records[key], tasks) for key, tasks in by_place.items()}


def _keys_of(task: Task, records: Mapping[str, GroupRecord], facts: ServerFacts) -> list[str]:
    """Return the group that a backup's task is about: the first line of its log names the namespace, or there is only one."""
    work = task.work
    if work is None or work.group is None:
        return []
    log = facts.logs.get(task.upid.text)
    if isinstance(log, BackupLog) and log.ns is not None:
        key = Subject.group(work.store, log.ns, str(work.group)).id
        return [key] if key in records else []
    found = facts.datastores.get(work.store)
    namespaces = found.namespaces if found is not None else ()
    keys = [Subject.group(work.store, ns, str(work.group)).id for ns in namespaces]
    known = [key for key in keys if key in records]
    return known if len(known) == 1 else []


def _with_tasks(record: GroupRecord, tasks: list[Task]) -> GroupRecord:
    newest = max(tasks, key=lambda task: task.upid.starttime)
    good = [task.upid.starttime for task in tasks if task.state is not None and task.state.result in _ENDS_WELL]
    failed = record.failed
    if newest.state is not None and newest.state.result not in _ENDS_WELL:
        if failed is None or newest.upid.starttime >= failed.started:
            failed = FailedBackup(
                upid=newest.upid.text,
                started=newest.upid.starttime,
                ended=newest.ended or newest.upid.starttime,
                error=str(newest.state),
            )
    elif failed is not None and newest.upid.starttime > failed.started:
        failed = None
    return replace(record, failed=failed, times=_with_task_times(record, good))


def _with_task_times(record: GroupRecord, starts: list[int]) -> tuple[int, ...]:
    """Add backups that a prune has removed, where the tasks of those that are still there tell their times.

    What another server has copied here has one task at the time of the copying.
    """
    if not record.times or not starts:
        return record.times
    first = min(starts)
    lying = [time for time in record.times if time >= first - _SAME_BACKUP]
    told = [time for time in lying if any(abs(time - start) <= _SAME_BACKUP for start in starts)]
    if not told or len(told) < len(lying):
        return record.times
    more = [start for start in starts if all(abs(start - time) > _SAME_BACKUP for time in record.times)]
    return tuple(sorted([*record.times, *more]))[-TIMES_KEPT:]
