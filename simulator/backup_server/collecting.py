"""Garbage collection (pbs-datastore/src/datastore.rs, garbage_collection_impl)."""

from simulator.engine import Process

from .content import Datastore, GarbageStatus
from .names import human_byte
from .tasks import Worker, WorkerError

CUTOFF = 86_400 + 300
"""Seconds for which a chunk has to be out of use."""
CHUNK = 1_400_000


def collect(datastore: Datastore, worker: Worker) -> Process:
    """Free what nothing has used for a day."""
    if refusal := datastore.refusal(writing=True):
        raise WorkerError(refusal)
    worker.log("Start GC phase1 (mark used chunks)")
    yield 10
    files = sum(len(snapshot.files) for group in datastore.groups.values() for snapshot in group.snapshots)
    worker.log(f"marked 100% ({files} of {files} index files)")
    worker.log("Start GC phase2 (sweep unused chunks)")
    yield 20
    now = datastore.server.world.engine.time
    removed = sum(size for since, size in datastore.pending if since <= now - CUTOFF)
    datastore.pending = [(since, size) for since, size in datastore.pending if since > now - CUTOFF]
    datastore.note_usage()
    status = datastore.garbage = GarbageStatus(
        upid=worker.task.upid,
        index_file_count=files,
        index_data_bytes=sum(
            snapshot.archive.size for group in datastore.groups.values() for snapshot in group.snapshots
        ),
        disk_bytes=datastore.stored,
        removed_bytes=removed,
        pending_bytes=sum(size for _, size in datastore.pending),
        still_bad=sum(
            snapshot.corrupt and snapshot.archive.verification == "failed"
            for group in datastore.groups.values()
            for snapshot in group.snapshots
        ),
    )
    _report(status, worker)


def _report(status: GarbageStatus, worker: Worker) -> None:
    worker.log(f"Removed garbage: {human_byte(status.removed_bytes)}")
    worker.log(f"Removed chunks: {status.removed_bytes // CHUNK}")
    if status.pending_bytes:
        worker.log(f"Pending removals: {human_byte(status.pending_bytes)} (in {status.pending_bytes // CHUNK} chunks)")
    if status.still_bad:
        worker.log(f"Leftover bad chunks: {status.still_bad}")
    worker.log(f"Original data usage: {human_byte(status.index_data_bytes)}")
    if status.index_data_bytes:
        share = 100 * status.disk_bytes / status.index_data_bytes
        worker.log(f"On-Disk usage: {human_byte(status.disk_bytes)} ({share:.2f}%)")
    worker.log(f"On-Disk chunks: {status.disk_bytes // CHUNK}")
    factor = status.index_data_bytes / status.disk_bytes if status.disk_bytes else 1.0
    worker.log(f"Deduplication factor: {factor:.2f}")
