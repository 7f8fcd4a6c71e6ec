"""The views of a server's parts: each with its verdict and the figures beside it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ...proxmox.backup_server.job_models import GarbageCollection
from ...proxmox.backup_server.namespace import GroupId
from ..model.labels import guest_name
from ..model.server_records import GroupRecord
from ..model.subject import Subject
from .context import ServerContext
from .datastore import full_on, is_s3, judge_datastore, used_share
from .group import judge_group, rhythm_of, verification_of
from .group_memory import Place, place_of
from .job import due_since, judge_job, last_run
from .job_facts import JobFacts, has_ever_run, jobs_of
from .loose_groups import loose_groups
from .outcome import troubles_of
from .views import DatastoreView, GroupView, ServerJobView

_TYPES: Final = {"vm": "qemu", "ct": "lxc"}


@dataclass(frozen=True, slots=True)
class _Twins:
    """How many groups have an id, and how many of them lie in namespaces of one name."""

    by_id: Mapping[GroupId, int]
    by_namespace: Mapping[tuple[str, GroupId], int]


def datastore_views(context: ServerContext) -> dict[str, DatastoreView]:
    """Return the datastores that are watched."""
    views = {}
    for store, found in context.facts.datastores.items():
        if not context.options.watches(store):
            continue
        groups = context.groups_in(store)
        foreign, orphaned = loose_groups(store, context)
        verified = [record.verified for _, record in groups if record.verified is not None]
        newest = [record.last_backup for _, record in groups if record.last_backup is not None and record.finished]
        views[store] = DatastoreView(
            store=store,
            facts=found,
            verdict=judge_datastore(found, context),
            used_share=used_share(found),
            is_cache=is_s3(found),
            full_on=full_on(found, context),
            last_collected=_last_collected(store, context),
            last_filled=context.clock.ours(max(newest)) if newest else None,
            verified=context.clock.ours(max(verified)) if verified else None,
            groups=len(groups),
            restore_points=sum(record.backup_count for _, record in groups),
            failed_verifications=sum(len(record.bad) for _, record in groups),
            foreign=foreign,
            orphaned=orphaned,
        )
    return views


def _last_collected(store: str, context: ServerContext) -> datetime | None:
    found = next((entry for entry in context.facts.garbage_collections if entry.store == store), None)
    if found is None or found.good_upid is None:
        return None
    return context.clock.ours(found.good_upid.starttime)


def job_views(context: ServerContext) -> dict[str, ServerJobView]:
    """Return the jobs on datastores that are watched."""
    return {
        job.id: _job_view(job, context)
        for job in jobs_of(context.facts)
        if context.options.watches(job.store) and _exists(job, context)
    }


def _exists(job: JobFacts, context: ServerContext) -> bool:
    if not isinstance(job.job, GarbageCollection):
        return True
    return job.schedule is not None or has_ever_run(job.job, context.runs)


def _job_view(job: JobFacts, context: ServerContext) -> ServerJobView:
    verdict = judge_job(job, context)
    run = last_run(job, context)
    has_task = run is not None and run.upid in context.history.runs
    return ServerJobView(
        subject=job.subject,
        kind=job.kind,
        job_id=job.job_id,
        name=job.name,
        store=job.store,
        ns=job.ns,
        job=job.job,
        verdict=verdict,
        schedule=job.schedule,
        next_run=verdict.next_due,
        due_since=due_since(job, context),
        last_started=run.started if run is not None else None,
        last_ended=run.ended if run is not None else None,
        duration=run.ended - run.started if run is not None and (has_task or job.kind != "gc") else None,
        transferred=run.transferred if run is not None else None,
        groups=run.groups if run is not None else None,
        troubles=troubles_of(job, run) if run is not None else (),
    )


def group_views(context: ServerContext) -> dict[str, GroupView]:
    """Return the groups that are judged here, those among them that somebody has deleted, too."""
    records = {place_of(key): record for key, record in context.history.groups.items()}
    judged = {
        place: record
        for place, record in records.items()
        if context.options.watches(place.store) and context.links.judges(place.group)
    }
    twins = _Twins(Counter(place.group for place in judged), Counter((place.ns, place.group) for place in judged))
    return {
        place.id: _group_view(place, record, context, twins)
        for place, record in sorted(judged.items(), key=lambda item: item[0].id)
    }


def _group_view(place: Place, record: GroupRecord, context: ServerContext, twins: _Twins) -> GroupView:
    rhythm = rhythm_of(place, record, context.options, context.clock)
    verdict = judge_group(place, record, context)
    return GroupView(
        subject=Subject.group(place.store, place.ns, str(place.group)),
        store=place.store,
        ns=place.ns,
        group=place.group,
        name=_name(place, record, twins),
        verdict=verdict,
        last_backup=verdict.last_success,
        restore_points=record.backup_count,
        size=record.size,
        owner=record.owner,
        comment=record.comment,
        encrypted=record.encrypted,
        verified=context.clock.ours(record.verified) if record.verified is not None else None,
        verification=verification_of(place, record, context),
        usual_gap=rhythm.gap if rhythm is not None else None,
        is_rhythm_set=rhythm is not None and rhythm.is_set,
    )


def _name(place: Place, record: GroupRecord, twins: _Twins) -> str:
    """Return what people call a group, with its place only where another one is called the same."""
    group = place.group
    plain = group.backup_id
    if group.backup_type in _TYPES:
        vmid = int(group.backup_id) if group.backup_id.isdecimal() else None
        plain = record.name or (str(group) if vmid is None else guest_name(None, vmid, _TYPES[group.backup_type]))
    if twins.by_id[group] < 2:
        return plain
    where = place.ns or "/"
    if twins.by_namespace[place.ns, group] > 1:
        where = f"{place.store}:{place.ns}" if place.ns else place.store
    return f"{plain} ({where})"
