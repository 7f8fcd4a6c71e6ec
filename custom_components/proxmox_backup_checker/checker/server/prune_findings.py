"""Whether a prune does what its rules say: the same marks as the server's own, reckoned for the moment of its runs."""

from datetime import datetime
from typing import Final

from ...proxmox.backup_server.job_models import PruneJob
from ...proxmox.backup_server.namespace import covers
from ...proxmox.retention import Mark, prune
from ..model.labels import abbreviated
from ..model.reason_codes import ReasonCode
from ..model.subject import Subject
from ..model.verdict import Reason
from .context import ServerContext
from .group import last_sync
from .group_memory import Place

_RUNS: Final = 2


def prune_findings(job: PruneJob, context: ServerContext) -> list[Reason]:
    """Tell of groups that have more snapshots than the rules keep, after two runs that ought to have removed them."""
    job_id = Subject.server_job("prune", job.job_id).id
    record = context.history.jobs.get(job_id)
    since = record.rules_since if record is not None else None
    runs = [run for run in context.runs.get(job_id, []) if since is None or run.started > since]
    if len(runs) < _RUNS or job.keep.keeps_everything:
        return []
    reckoned = context.clock.theirs(runs[_RUNS - 1].started)
    groups = _groups_left(job, reckoned, (runs[_RUNS - 1].started, runs[0].ended), context)
    if not groups:
        return []
    return [Reason(ReasonCode.PRUNE_LEAVES_TOO_MANY, {"groups": abbreviated(groups), "count": str(len(groups))})]


def _groups_left(job: PruneJob, reckoned: int, between: tuple[datetime, datetime], context: ServerContext) -> list[str]:
    found = context.store(job.store)
    if found is None:
        return []
    left = []
    for (ns, group), entry in found.groups.items():
        listed = found.listed_at.get(ns)
        if not covers(job.ns, job.max_depth, ns) or listed is None or listed <= between[1]:
            continue
        if entry.read_at is None or entry.group.backup_count != len(entry.snapshots):
            continue
        record = context.groups.get(Place(store=job.store, ns=ns, group=group))
        if record is None or (record.first_seen is not None and record.first_seen >= between[0]):
            continue
        synced = last_sync(Place(store=job.store, ns=ns, group=group), context)
        if synced is not None and synced >= between[0]:
            # What was copied here since has brought old snapshots along.
            continue
        lying = sorted(
            (snapshot for snapshot in entry.snapshots if snapshot.id.backup_time < reckoned),
            key=lambda snapshot: -snapshot.id.backup_time,
        )
        marks = prune(lying, job.keep, context.clock.zone)
        if Mark.REMOVE in marks:
            left.append(f"{ns}/{group}" if ns else str(group))
    return left
