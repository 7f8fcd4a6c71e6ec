"""What clusters are told of a server: where backups of guests and hosts lie on it, and which of its jobs copy them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import itertools
from statistics import median
from typing import Final

from ...proxmox.backup_server.datastore_models import MountStatus, Remote
from ...proxmox.backup_server.job_models import SyncDirection, SyncJob
from ...proxmox.calendar.event import CalendarEvent
from ..model.linked_servers import (
    KnownGroup,
    KnownNamespace,
    KnownServer,
    KnownStore,
    RemoteServer,
    SyncRoute,
    SyncRun,
    is_of_host,
)
from ..model.reason_codes import AlertKind
from ..model.server_facts import DatastoreFacts, ServerFacts
from ..model.server_options import Place as Location, ServerOptions
from ..model.server_records import DatastoreRecord, GroupRecord, ServerHistory, ServerRunRecord
from ..model.subject import Subject
from .clock import ServerClock
from .context import sees_all
from .group import rhythm_of, why_left_alone
from .group_memory import Place, place_of
from .job_facts import of_sync_job
from .run_memory import MOST_TROUBLES, runs_of
from .store_memory import asleep_limit
from .windows import is_awake

POINTS_TOLD: Final = 60
"""Restore points of a group; older ones prove nothing more."""
_RUNS_TOLD: Final = 10
# Enough to go over a weekend.
_SLOTS: Final = 10
_OF_GUESTS: Final = frozenset({"vm", "ct"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """How a server is reached, and as what it is known."""

    server: str
    name: str
    host: str
    port: int
    fingerprint: str | None


def is_missed(history: ServerHistory) -> bool:
    """Tell whether people were told that a server cannot be read, and not yet that it can again."""
    known = history.alerts.get(AlertKind.BLIND.value)
    return known is not None and known.announced is not None


def described(
    address: Address, facts: ServerFacts, history: ServerHistory, options: ServerOptions, now: datetime
) -> KnownServer:
    """Return what clusters are told of a server, as it was read last; `history` already holds what the facts add to it."""
    clock = ServerClock.of(facts)
    watched = {name: found for name, found in facts.datastores.items() if options.watches(name)}
    return KnownServer(
        server=address.server,
        name=address.name,
        host=address.host,
        port=address.port,
        fingerprint=address.fingerprint,
        instance_id=facts.instance_id,
        read_at=facts.now,
        place=options.place,
        skew=int(clock.skew.total_seconds()),
        asleep=not is_awake(now, options, clock),
        missed=is_missed(history),
        routes_hidden="sync jobs" in facts.unread or not facts.permissions.has("/remote", "Remote.Audit"),
        stores={name: _store(found, facts, history, options) for name, found in watched.items()},
        namespaces=dict(_namespaces(watched, facts, history, options)),
        groups=dict(_groups(watched, history, options, clock)),
        routes=tuple(_route(job, facts, history, options, clock, now) for job in facts.sync_jobs),
    )


def _store(found: DatastoreFacts, facts: ServerFacts, history: ServerHistory, options: ServerOptions) -> KnownStore:
    store, config = found.datastore, found.config
    record = history.datastores.get(store.store) or DatastoreRecord(store=store.store)
    away = store.mount_status is MountStatus.NOT_MOUNTED
    removable = store.mount_status in {MountStatus.MOUNTED, MountStatus.NOT_MOUNTED}
    return KnownStore(
        seen=facts.now if store.readable and not found.hidden else _out_of_sight_since(record),
        place=options.places.get(f"datastore_{store.store}", Location.UNKNOWN),
        removable=removable,
        away=away,
        cloud=store.backend == "s3",
        verifies=(config is not None and config.verify_new)
        or any(check.store == store.store for check in facts.verify_jobs),
        prunes=bool(record.client_prunes)
        or any(prune.store == store.store and not prune.disabled for prune in facts.prune_jobs),
        device=(config.backing_device or config.path) if config is not None else None,
        read_only=store.maintenance is not None and store.maintenance.allows_reading,
        rest=int(asleep_limit(record, options).total_seconds()) if removable else None,
        back_since=record.back_since,
    )


def _out_of_sight_since(record: DatastoreRecord) -> datetime | None:
    moments = (record.hidden_since, record.away_since, record.maintenance_since)
    return min((moment for moment in moments if moment is not None), default=None)


def _namespaces(
    watched: Mapping[str, DatastoreFacts], facts: ServerFacts, history: ServerHistory, options: ServerOptions
) -> Iterable[tuple[str, KnownNamespace]]:
    """Yield the namespaces with when they were listed last; what nobody has listed since the start is known from before."""
    listed: dict[tuple[str, str], datetime] = {}
    for key, record in history.groups.items():
        place = place_of(key)
        if record.read_at is not None and place.store in watched:
            moment = listed.get((place.store, place.ns), record.read_at)
            listed[place.store, place.ns] = max(moment, record.read_at)
    for store, found in watched.items():
        listed |= {(store, ns): moment for ns, moment in found.listed_at.items()}
    for (store, ns), moment in listed.items():
        if (store, ns) not in options.ignored_namespaces:
            complete = not watched[store].hidden and sees_all(facts, store, ns)
            yield f"{store}:{ns}", KnownNamespace(listed_at=moment, complete=complete)


def _groups(
    watched: Mapping[str, DatastoreFacts], history: ServerHistory, options: ServerOptions, clock: ServerClock
) -> Iterable[tuple[str, KnownGroup]]:
    for key, record in history.groups.items():
        place = place_of(key)
        if record.gone is None and _is_told(place, options) and place.store in watched:
            group = _group(record)
            yield key, _of_host(group, place, record, options, clock) if is_of_host(key) else group


def _of_host(
    group: KnownGroup, place: Place, record: GroupRecord, options: ServerOptions, clock: ServerClock
) -> KnownGroup:
    """Add what only its own server knows of a host: how often it is backed up, and whether that is of interest."""
    rhythm = rhythm_of(place, record, options, clock)
    gone_after = int(rhythm.gone_after.total_seconds()) if rhythm is not None else None
    return replace(group, gone_after=gone_after, ignored=why_left_alone(place, record, options) is not None)


def _is_told(place: Place, options: ServerOptions) -> bool:
    """Tell whether a group is of a guest or a host, in a namespace that is not left out."""
    of_guest = place.group.backup_type in _OF_GUESTS and place.group.backup_id.isdecimal()
    return (of_guest or is_of_host(place.id)) and (place.store, place.ns) not in options.ignored_namespaces


def _group(record: GroupRecord) -> KnownGroup:
    newest = {record.last_backup} if record.finished and record.last_backup is not None else set()
    # What the group's own listing says is newer than what was read of its snapshots.
    lying = {time for time in record.lying if record.last_backup is None or time <= record.last_backup}
    return KnownGroup(
        times=tuple(sorted(lying | newest))[-POINTS_TOLD:],
        verified=record.verified,
        verified_elsewhere=record.verified_elsewhere,
        bad=record.bad,
        protected=record.protected,
        newest_protected=record.newest_protected,
        size=record.size,
        encrypted=record.encrypted,
        owner=record.owner,
        name=record.name,
        read_at=record.read_at,
    )


def _route(
    job: SyncJob, facts: ServerFacts, history: ServerHistory, options: ServerOptions, clock: ServerClock, now: datetime
) -> SyncRoute:
    runs = runs_of(Subject.server_job("sync", job.job_id).id, history)
    return SyncRoute(
        job=job.job_id,
        name=of_sync_job(job).name,
        pushes=job.direction is SyncDirection.PUSH,
        store=job.store,
        ns=job.ns,
        remote_store=job.remote_store,
        remote_ns=job.remote_ns,
        remote=_remote(job.remote, facts.remotes, options),
        max_depth=job.max_depth,
        filters=job.group_filters,
        verified_only=job.verified_only,
        encrypted_only=job.encrypted_only,
        interval=_interval(job.schedule, runs, clock, now),
        next_run=clock.ours(job.status.next_run) if job.status.next_run is not None else None,
        running=job.status.running,
        runs=tuple(_run(run) for run in runs[:_RUNS_TOLD]),
    )


def _remote(name: str | None, remotes: Iterable[Remote], options: ServerOptions) -> RemoteServer | None:
    if name is None:
        return None
    place = options.places.get(f"remote_{name}", Location.UNKNOWN)
    found = next((remote for remote in remotes if remote.name == name), None)
    if found is None:
        return RemoteServer(name=name, host="", port=0, place=place)
    return RemoteServer(name=name, host=found.host, port=found.port, fingerprint=found.fingerprint, place=place)


def _interval(schedule: str | None, runs: list[ServerRunRecord], clock: ServerClock, now: datetime) -> int | None:
    """Return the longest time from slot to slot or, without a schedule, the usual one from run to run."""
    if schedule is not None and (gaps := _gaps(schedule, clock, now)):
        return max(gaps)
    starts = sorted(run.started for run in runs)
    passed = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(starts)]
    return int(median(passed)) if passed else None


def _gaps(schedule: str, clock: ServerClock, now: datetime) -> list[int]:
    try:
        event = CalendarEvent.parse(schedule)
    except ValueError:
        return []
    slots: list[datetime] = []
    slot = event.last_before(clock.local(now)) or event.next_after(clock.local(now))
    while slot is not None and len(slots) < _SLOTS:
        slots.append(slot)
        slot = event.next_after(slot)
    moments = [slot.astimezone(UTC) for slot in slots]
    return [int((later - earlier) / timedelta(seconds=1)) for earlier, later in itertools.pairwise(moments)]


def _run(run: ServerRunRecord) -> SyncRun:
    told = bool(run.logged) and run.trouble_count <= min(len(run.troubles), MOST_TROUBLES)
    return SyncRun(started=run.started, ended=run.ended, state=run.state, told=told, troubles=run.troubles)
