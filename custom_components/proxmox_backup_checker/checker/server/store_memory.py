"""What is remembered of datastores and jobs: since when something is as it is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import itertools
from typing import Final

from ...proxmox.backup_server.datastore_models import MountStatus
from ...proxmox.backup_server.job_models import JobStatus, PruneJob
from ...proxmox.retention import keep_text
from ..model.server_facts import DatastoreFacts, ServerFacts
from ..model.server_options import ServerOptions
from ..model.server_records import DatastoreRecord, ServerHistory, ServerJobRecord
from .clock import ServerClock, middle_of
from .group_memory import is_gone
from .job_facts import TOPICS, JobFacts, jobs_of

MOST_MOUNTS: Final = 20
FORECAST_HELD: Final = timedelta(hours=24)
"""For how long a forecast is held against one that jumps away, as after a garbage collection."""
FULL_SOON: Final = timedelta(days=14)
LATE: Final = timedelta(minutes=15)
"""How long after its time a run may begin."""
_AWAY_AT_MOST: Final = timedelta(days=35)
_LONGEST_ROUND: Final = 2.0
_FEWEST_MOUNTS: Final = 4


def asleep_limit(record: DatastoreRecord, options: ServerOptions) -> timedelta:
    """Return how long a disk may be away: as decided, else half as long again as it usually takes to come back."""
    if (chosen := options.asleep_limit.get(record.store)) is not None:
        return chosen
    if len(record.mounts) < _FEWEST_MOUNTS:
        return _AWAY_AT_MOST
    rounds = [later - earlier for earlier, later in itertools.pairwise(record.mounts)]
    return max(_LONGEST_ROUND * middle_of(rounds), timedelta(days=1))


def remembered_stores(history: ServerHistory, facts: ServerFacts, clock: ServerClock) -> Mapping[str, DatastoreRecord]:
    """Return the records of the datastores that there are."""
    first = history.began is None or not history.datastores
    kept = {name: record for name, record in history.datastores.items() if not is_gone(name, facts)}
    return kept | {
        name: _store(history.datastores.get(name), found, facts, clock, first=first)
        for name, found in facts.datastores.items()
    }


def _store(
    known: DatastoreRecord | None, found: DatastoreFacts, facts: ServerFacts, clock: ServerClock, *, first: bool
) -> DatastoreRecord:
    now = facts.now
    record = known or DatastoreRecord(store=found.datastore.store, first_seen=None if first else now)
    if found.hidden:
        return replace(record, hidden_since=record.hidden_since or now)
    record = replace(record, hidden_since=None)
    record = _with_maintenance(record, found, now)
    record = _with_mount(record, found, now)
    record = _with_forecast(record, found, now)
    return _with_client_prunes(record, facts, clock)


def _with_maintenance(record: DatastoreRecord, found: DatastoreFacts, now: datetime) -> DatastoreRecord:
    mode = found.datastore.maintenance
    if mode is None:
        if record.maintenance is None:
            return record
        return replace(record, maintenance=None, maintenance_since=None, back_since=now, was_away=False)
    if record.maintenance == mode.kind:
        return record
    return replace(record, maintenance=mode.kind, maintenance_since=now)


def _with_mount(record: DatastoreRecord, found: DatastoreFacts, now: datetime) -> DatastoreRecord:
    if found.datastore.mount_status is MountStatus.NOT_MOUNTED:
        return record if record.away_since is not None else replace(record, away_since=now)
    if record.away_since is None:
        return record
    mounts = (*record.mounts, now)[-MOST_MOUNTS:]
    return replace(record, away_since=None, mounts=mounts, back_since=now, was_away=True)


def _with_forecast(record: DatastoreRecord, found: DatastoreFacts, now: datetime) -> DatastoreRecord:
    """Hold the last forecast of a near end until it has been gone for a day: one garbage collection turns the server's own."""
    moment = None if found.full_on is None else datetime.fromtimestamp(found.full_on, now.tzinfo)
    if moment is not None and moment - now <= FULL_SOON:
        return replace(record, full_on=moment, full_seen=now)
    if record.full_on is not None and record.full_seen is not None and now - record.full_seen < FORECAST_HELD:
        return record
    return replace(record, full_on=None, full_seen=None) if record.full_on is not None else record


def _with_client_prunes(record: DatastoreRecord, facts: ServerFacts, clock: ServerClock) -> DatastoreRecord:
    """Note where clients prune, as Proxmox VE does after its backups."""
    found = dict(record.client_prunes)
    for task in facts.tasks:
        work = task.work
        if task.upid.worker_type == "prune" and work is not None and work.store == record.store and task.ended:
            ns = work.ns or ""
            found[ns] = max(found.get(ns, clock.ours(task.ended)), clock.ours(task.ended))
    return record if found == record.client_prunes else replace(record, client_prunes=found)


def remembered_jobs(history: ServerHistory, facts: ServerFacts) -> Mapping[str, ServerJobRecord]:
    """Return the records of the jobs that there are; a list that could not be read has none that are gone."""
    first = history.began is None
    kept = {job: record for job, record in history.jobs.items() if _is_unseen(job, facts)}
    for job in jobs_of(facts):
        record = history.jobs.get(job.id) or ServerJobRecord(job=job.id, first_seen=None if first else facts.now)
        record = _with_status(record, job.status)
        since = (record.disabled_since or facts.now) if job.disabled else None
        kept[job.id] = _with_rules(replace(record, disabled_since=since, store=job.store), job, facts.now)
    return kept


def _is_unseen(job: str, facts: ServerFacts) -> bool:
    """Tell whether a job that is not listed may be there all the same."""
    kind = job.partition("_")[0]
    sees_remotes = kind != "sync" or facts.permissions.has("/remote", "Remote.Audit")
    sees_stores = not facts.hidden_stores and facts.permissions.has("/datastore", "Datastore.Audit")
    return TOPICS[kind] in facts.unread or not (sees_remotes and sees_stores)


def _with_rules(record: ServerJobRecord, job: JobFacts, now: datetime) -> ServerJobRecord:
    """Note when somebody changed what a prune keeps, or where."""
    if not isinstance(job.job, PruneJob):
        return record
    rules = f"{keep_text(job.job.keep)} {job.store}:{job.ns}:{job.job.max_depth}"
    if rules == record.rules:
        return record
    return replace(record, rules=rules, rules_since=None if record.rules is None else now)


def _with_status(record: ServerJobRecord, status: JobStatus) -> ServerJobRecord:
    """Note when the next run is due, and of a run that has begun since, whether it was late."""
    upid = status.last_run_upid
    last = upid.text if upid is not None else record.last_upid
    if upid is not None and last != record.last_upid:
        due = record.due
        is_late = record.last_upid is not None and due is not None and upid.starttime - due > LATE.total_seconds()
        record = replace(record, last_upid=last, late_from=due if is_late else None)
    return replace(record, due=status.next_run)
