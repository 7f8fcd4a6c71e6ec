"""Whether anybody looks after a datastore: prunes it, frees its space, and checks what lies there."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.backup_server.job_models import GarbageCollection, PruneJob, SyncDirection, VerifyJob
from ...proxmox.backup_server.namespace import covers
from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ..model.labels import abbreviated
from ..model.reason_codes import ReasonCode
from ..model.server_facts import DatastoreFacts
from ..model.server_records import GroupRecord
from ..model.subject import Subject
from ..model.verdict import Reason
from .context import ServerContext
from .group_memory import Place

_INFORMATIVE: Final = frozenset(
    {
        ReasonCode.DATASTORE_NOT_VERIFIED,
        ReasonCode.DATASTORE_VERIFIED_ONCE,
        ReasonCode.DATASTORE_PENDING,
    }
)
_SETTLED: Final = timedelta(days=14)
"""For how long something new may be without care."""
_INCOMPLETE_AFTER: Final = timedelta(hours=24)
VANISHED_TOLD: Final = timedelta(days=7)


def informative(finding: Reason) -> bool:
    """Tell whether a finding is only good to know."""
    return finding.code in _INFORMATIVE


def care_findings(facts: DatastoreFacts, context: ServerContext) -> list[Reason]:
    """Return what is to be said of the care for a datastore, the gravest first."""
    store = facts.datastore.store
    groups = context.groups_in(store)
    return [
        *_vanished(store, context),
        *_corrupt(store, groups, context),
        *_collection(store, groups, context),
        *_pruning(facts, groups, context),
        *_verification(facts, groups, context),
        *_incomplete(groups, context),
    ]


def _vanished(store: str, context: ServerContext) -> Iterable[Reason]:
    record = context.record(store)
    if record.vanished and record.vanished_since is not None and context.now - record.vanished_since < VANISHED_TOLD:
        yield Reason(
            ReasonCode.DATASTORE_POINTS_VANISHED,
            {"count": str(record.vanished), "moment": record.vanished_since},
        )


def _corrupt(store: str, groups: list[tuple[Place, GroupRecord]], context: ServerContext) -> Iterable[Reason]:
    collection = _collection_of(store, context)
    if collection is not None and collection.still_bad > 0:
        yield Reason(ReasonCode.DATASTORE_CORRUPT_CHUNKS, {"count": str(collection.still_bad)})
    bad = [place for place, record in groups if record.bad]
    if bad:
        count = sum(len(record.bad) for _, record in groups)
        yield Reason(ReasonCode.DATASTORE_SNAPSHOTS_BAD, {"count": str(count), "groups": names(bad)})


def names(places: Iterable[Place]) -> str:
    """Return groups as one text."""
    return abbreviated([f"{place.ns}/{place.group}" if place.ns else str(place.group) for place in places])


def _collection_of(store: str, context: ServerContext) -> GarbageCollection | None:
    return next((entry for entry in context.facts.garbage_collections if entry.store == store), None)


def _oldest(groups: list[tuple[Place, GroupRecord]], context: ServerContext) -> datetime | None:
    """Return when the oldest backup that lies there was made."""
    times = [record.lying[0] for _, record in groups if record.lying]
    return context.clock.ours(min(times)) if times else None


def _is_settled(groups: list[tuple[Place, GroupRecord]], context: ServerContext, limit: timedelta) -> bool:
    oldest = _oldest(groups, context)
    return oldest is not None and context.now - oldest >= limit


def _collection(store: str, groups: list[tuple[Place, GroupRecord]], context: ServerContext) -> Iterable[Reason]:
    """Tell that nothing frees space; one with a schedule that fails or is late is told by its job."""
    limit = context.options.gc_limit
    collection = _collection_of(store, context)
    if limit is None or collection is None:
        return
    runs = context.runs.get(Subject.server_job("gc", store).id, [])
    good = [run.started for run in runs if TaskState.shown(run.state).result in {TaskResult.OK, TaskResult.WARNING}]
    if collection.good_upid is not None:
        good.append(context.clock.ours(collection.good_upid.starttime))
    if good:
        if collection.schedule is None and context.now - max(good) > limit:
            yield Reason(ReasonCode.DATASTORE_NOT_COLLECTED, {"since": max(good), "store": store})
        return
    sees_tasks = context.facts.permissions.has("/system/tasks", "Sys.Audit")
    began = context.history.began
    if collection.schedule is not None and (began is None or context.now - began < limit):
        # Its first run may be about to come.
        return
    if not runs and sees_tasks and _is_settled(groups, context, limit):
        yield Reason(ReasonCode.DATASTORE_NEVER_COLLECTED, {"store": store})


def _pruning(
    facts: DatastoreFacts, groups: list[tuple[Place, GroupRecord]], context: ServerContext
) -> Iterable[Reason]:
    """Tell that nothing removes old backups: no job, no client, and no sync that removes what has vanished."""
    store = facts.datastore.store
    jobs = [job for job in context.facts.prune_jobs if job.store == store]
    for job in jobs:
        since = _disabled_since(job, context)
        if since is not None and context.now - since >= context.options.pause_limit:
            yield Reason(ReasonCode.DATASTORE_PRUNE_DISABLED, {"job": job.comment or job.job_id, "since": since})
    if facts.config is None or (facts.config.prune_schedule and not facts.config.keep.keeps_everything):
        return
    bare: dict[str, None] = {}
    for place, record in groups:
        if _is_pruned(place, jobs, context) or record.pruned or not _has_grown(record, context):
            continue
        bare[place.ns] = None
    if bare:
        where = abbreviated([f"{store}/{ns}" if ns else store for ns in bare])
        yield Reason(ReasonCode.DATASTORE_NOTHING_PRUNES, {"where": where})


def _disabled_since(job: PruneJob, context: ServerContext) -> datetime | None:
    record = context.history.jobs.get(Subject.server_job("prune", job.job_id).id)
    return record.disabled_since if record is not None and job.disabled else None


def _has_grown(record: GroupRecord, context: ServerContext) -> bool:
    """Tell whether a group is old enough for somebody to have pruned it by now."""
    if len(record.lying) < 2:
        return False
    return context.now - context.clock.ours(record.lying[0]) >= _SETTLED


def _is_pruned(place: Place, jobs: list[PruneJob], context: ServerContext) -> bool:
    if any(covers(job.ns, job.max_depth, place.ns) and not job.keep.keeps_everything for job in jobs):
        return True
    if place.ns in context.record(place.store).client_prunes:
        return True
    return any(
        job.remove_vanished
        and job.direction is SyncDirection.PULL
        and job.store == place.store
        and covers(job.ns, job.max_depth, place.ns)
        for job in context.facts.sync_jobs
    )


def verify_jobs_of(place: Place, context: ServerContext) -> list[VerifyJob]:
    """Return the jobs that check a group."""
    return [
        job for job in context.facts.verify_jobs if job.store == place.store and covers(job.ns, job.max_depth, place.ns)
    ]


def _verification(
    facts: DatastoreFacts, groups: list[tuple[Place, GroupRecord]], context: ServerContext
) -> Iterable[Reason]:
    limit = context.options.verify_limit
    if limit is None or not groups or facts.config is None:
        return
    checks = {place: verify_jobs_of(place, context) for place, _ in groups}
    if not facts.config.verify_new:
        unchecked = [place for place, _ in groups if not checks[place]]
        if len(unchecked) == len(groups):
            yield Reason(ReasonCode.DATASTORE_NOT_VERIFIED)
    old = [
        place
        for place, record in groups
        if (checks[place] or facts.config.verify_new) and is_unverified(record, context)
    ]
    if old:
        yield Reason(ReasonCode.DATASTORE_VERIFICATION_OLD, {"groups": names(old), "count": str(len(old))})
    every = [job for jobs in checks.values() for job in jobs]
    if every and all(job.ignore_verified and job.outdated_after is None for job in every):
        yield Reason(ReasonCode.DATASTORE_VERIFIED_ONCE)


def is_unverified(record: GroupRecord, context: ServerContext) -> bool:
    """Tell whether the newest backup of a group that was checked here is older than allowed, or none was and there was time."""
    limit = context.options.verify_limit
    if limit is None or not record.lying or record.verified == record.lying[-1]:
        return False
    newest = record.verified if record.verified is not None else record.lying[0]
    return context.now - context.clock.ours(newest) > limit


def _incomplete(groups: list[tuple[Place, GroupRecord]], context: ServerContext) -> Iterable[Reason]:
    """Tell of snapshots that nobody writes any more and that were never finished."""
    left = [place for place, record in groups if incomplete_since(place, record, context) is not None]
    if left:
        yield Reason(ReasonCode.DATASTORE_INCOMPLETE, {"groups": names(left)})


def incomplete_since(place: Place, record: GroupRecord, context: ServerContext) -> datetime | None:
    """Return when the snapshot of a group was begun that has been unfinished for more than a day."""
    if not record.unfinished or is_being_written(place, context):
        return None
    begun = context.clock.ours(record.unfinished[0])
    return begun if context.now - begun >= _INCOMPLETE_AFTER else None


def is_being_written(place: Place, context: ServerContext) -> bool:
    """Tell whether a backup of a group is going on; the task does not name the namespace."""
    return any(
        task.upid.worker_type == "backup"
        and (work := task.work) is not None
        and (work.store, work.group) == (place.store, place.group)
        for task in context.running.values()
    )
