"""Checks of what has been backed up (src/backup/verify.rs, src/server/verify_job.rs)."""

import hashlib
from typing import TYPE_CHECKING

from simulator.engine import Process

from .content import Snapshot
from .schedule import start_of
from .tasks import Worker, WorkerError

if TYPE_CHECKING:
    from .jobs import VerifyJob

SPEED = 200 * 1024**2
"""Bytes a second."""
FAILED = "verification failed - please check the log for details"


def verify(job: VerifyJob, worker: Worker) -> Process:
    """Check all snapshots that are not to be left out."""
    datastore = job.datastore
    if refusal := datastore.refusal():
        raise WorkerError(refusal)
    groups = [group for ns in datastore.below(job.ns, job.max_depth) for group in datastore.groups_in(ns)]
    worker.log(f"verify datastore {job.store}")
    worker.log(f"found {len(groups)} groups")
    failed: list[Snapshot] = []
    for number, group in enumerate(groups, start=1):
        worker.log(f"verify group {job.store}:{group.name} ({len(group.snapshots)} snapshots)")
        for snapshot in reversed(group.by_age):
            if left_out(job, snapshot):
                worker.log(f"SKIPPED: verify {job.store}:{snapshot.name} (recently verified)")
            else:
                yield from check(snapshot, worker, failed)
        worker.log(f"percentage done: {100 * number / len(groups):.2f}% ({number}/{len(groups)} groups)")
    report(failed, worker)


def left_out(job: VerifyJob, snapshot: Snapshot) -> bool:
    """Tell whether a snapshot was checked lately enough."""
    verified_by = snapshot.archive.verified_by
    if not job.ignore_verified or not snapshot.finished or verified_by is None:
        return False
    if job.outdated_after is None:
        return True
    return (job.server.now - start_of(verified_by)) // 86_400 <= job.outdated_after


def check(snapshot: Snapshot, worker: Worker, failed: list[Snapshot]) -> Process:
    """Check one snapshot, and note what was found with it."""
    place = f"{snapshot.group.datastore.name}:{snapshot.name}"
    if not snapshot.finished:
        worker.log(f"verify {place} - manifest load error: unable to load blob - No such file or directory")
        failed.append(snapshot)
        return
    worker.log(f"verify {place}")
    worker.log("  check drive-scsi0.img.fidx")
    size = snapshot.archive.size
    yield size / SPEED
    mib = size / 1024**2
    errors = int(snapshot.corrupt)
    if snapshot.corrupt:
        worker.log(f"chunk {hashlib.sha256(snapshot.name.encode()).hexdigest()} was marked as corrupt")
    worker.log(f"  verified {mib / 3:.2f}/{mib:.2f} MiB in {size / SPEED:.2f} seconds ({errors} errors)")
    if snapshot not in snapshot.group.snapshots:
        return
    if snapshot.corrupt:
        worker.log(f"verify {place}/drive-scsi0.img.fidx failed: chunks could not be verified")
        failed.append(snapshot)
    snapshot.archive.verification = "failed" if snapshot.corrupt else "ok"
    snapshot.archive.verified_by = worker.task.upid


def report(failed: list[Snapshot], worker: Worker) -> None:
    """Name what failed at the end, where there is anything."""
    if failed:
        worker.log("Failed to verify the following snapshots/groups:")
        for snapshot in failed:
            worker.log(f"\t{snapshot.path}")
        raise WorkerError(FAILED)


def verify_new(snapshot: Snapshot) -> None:
    """Check a snapshot that has just been written, as the option `verify-new` of a datastore asks for."""
    group = snapshot.group

    def work(worker: Worker) -> Process:
        failed: list[Snapshot] = []
        worker.log(f"Automatically verifying newly added snapshot {snapshot.name}")
        yield from check(snapshot, worker, failed)
        report(failed, worker)

    store = group.datastore.name
    group.datastore.server.tasks.start("verify", f"{store}:{group.name}/{snapshot.time:X}", group.owner, work)
