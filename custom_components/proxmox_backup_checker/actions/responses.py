"""Runs and archives as actions answer them: picked from the assessment, and field by field."""

from collections.abc import Iterable
from typing import Any

from ..checker.archives.archive import archive_time
from ..checker.assessment import Assessment
from ..checker.model.facts import StorageFacts, storage_key
from ..checker.model.labels import job_name_by_id
from ..checker.model.outcome import Outcome
from ..checker.model.records import RunRecord
from ..checker.views.restore_points import known_of
from ..coordinator import CheckerCoordinator
from ..proxmox.api.backup_models import Archive
from ..proxmox.vzdump.failure_cause import cause_of
from ..texts.localizer import Localizer, iso
from .targets import Target


def runs_of(assessment: Assessment, targets: Iterable[Target]) -> list[RunRecord]:
    """Return the runs of guests and jobs, finished or not; all runs where nothing, or the cluster, is chosen."""
    targets = list(targets)
    runs = [*assessment.history.runs.values(), *assessment.running]
    if not targets or any(target.subject.kind == "cluster" for target in targets):
        return runs
    vmids = {target.subject.vmid for target in targets if target.subject.vmid is not None}
    jobs = {target.subject.id for target in targets if target.subject.kind == "job"}
    storages = {target.subject.id.rpartition("/")[2] for target in targets if target.subject.kind == "storage"}
    return [
        run
        for run in runs
        if run.job_id in jobs
        or assessment.context.facts.storage_name(run.storage, run.node) in storages
        or any(outcome.vmid in vmids for outcome in run.outcomes)
    ]


def telling_run(target: Target) -> RunRecord | None:
    """Return the run on which the verdict of a guest or job rests, else its newest.

    Of a job's runs on several nodes, that is the one that failed.
    """
    assessment, verdict = target.coordinator.assessment, target.verdict
    known = assessment.history.runs.get(verdict.trace.get("run", "")) if verdict else None
    return known or max(runs_of(assessment, [target]), key=lambda run: run.started, default=None)


def run_data(run: RunRecord, assessment: Assessment, localizer: Localizer) -> dict[str, Any]:
    """Return a run field by field; sizes in bytes."""
    return {
        "upid": run.upid,
        "node": run.node,
        "job_id": run.job_id,
        "job": job_name_by_id(run.job_id, assessment.history.jobs) or None,
        "confidence": run.confidence.value,
        "running": run.ended is None,
        "started": iso(run.started),
        "ended": iso(run.ended),
        "seconds": int((run.ended - run.started).total_seconds()) if run.ended else None,
        "status": run.status or None,
        "storage": run.storage,
        "warnings": run.warnings,
        "error": run.error,
        **_cause_data(run.error, localizer),
        "guests": [_outcome_data(outcome, assessment, localizer) for outcome in run.outcomes],
    }


def _outcome_data(outcome: Outcome, assessment: Assessment, localizer: Localizer) -> dict[str, Any]:
    view, record = assessment.guests.get(outcome.vmid), assessment.history.guests.get(outcome.vmid)
    return {
        "vmid": outcome.vmid,
        "name": view.guest.name if view else record.name if record else None,
        "result": outcome.result.value,
        "started": iso(outcome.started),
        "finished": iso(outcome.finished),
        "seconds": outcome.seconds,
        "size": outcome.size,
        "transferred": outcome.transferred,
        "archive": outcome.archive,
        "by_hand": outcome.by_hand,
        "warnings": list(outcome.warnings),
        "error": outcome.error,
        **_cause_data(outcome.error, localizer),
    }


def _cause_data(error: str | None, localizer: Localizer) -> dict[str, str | None]:
    cause = cause_of(error) if error else None
    return {"cause": localizer.cause(cause) if cause else None, "next_step": localizer.step(cause) if cause else None}


def archives_of(
    coordinator: CheckerCoordinator, assessment: Assessment, targets: Iterable[Target]
) -> Iterable[tuple[StorageFacts, Archive]]:
    """Return the archives of guests on storages, as far as either is chosen; all where nothing, or the cluster, is.

    Where the assessment is only what the caller may see, those of the guests in it.
    """
    targets = list(targets)
    vmids = {target.subject.vmid for target in targets if target.subject.vmid is not None}
    keys = {target.subject.id for target in targets if target.subject.kind == "storage"}
    whole = assessment is coordinator.assessment
    for view in coordinator.assessment.storages.values():
        storage = view.storage
        if keys and storage_key(storage) not in keys:
            continue
        for archive in storage.listing.archives if storage.listing else ():
            if (not vmids or archive.vmid in vmids) and (whole or archive.vmid in assessment.guests):
                yield storage, archive


def archive_data(archive: Archive, storage: StorageFacts, assessment: Assessment) -> dict[str, Any]:
    """Return an archive field by field; `size` in bytes. What the token may not see is None, never a no."""
    view = assessment.guests.get(archive.vmid) if archive.vmid is not None else None
    context = assessment.context
    outcomes = context.outcomes(view.guest) if view is not None else ()
    [point] = known_of([archive], outcomes, context.indexes.archives.vague_servers)
    listing = storage.listing
    return {
        "volid": archive.volid,
        "storage": storage_key(storage),
        "vmid": archive.vmid,
        "guest": view.guest.name if view else None,
        "guest_exists": view is not None,
        "guest_type": archive.guest_type,
        "created": iso(archive_time(archive)),
        "size": point.size,
        "finished": point.finished,
        "protected": archive.protected,
        "encrypted": point.encrypted,
        "verification": point.verification,
        "notes": archive.notes,
        "listed": iso(listing.read_at) if listing else None,
    }
