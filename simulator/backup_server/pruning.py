"""Prune jobs (src/server/prune_job.rs, pbs-datastore/src/prune.rs)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulator import retention
from simulator.engine import Process

from .content import Group, Snapshot
from .names import store_and_ns
from .tasks import Worker, WorkerError

if TYPE_CHECKING:
    from .jobs import PruneJob

ORDER = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
WORDS = {"protected": "keep protected", "keep": "keep", "keep-partial": "keep partial", "remove": "remove"}


def options_text(keep: Mapping[str, int]) -> str:
    """Return the rules as logs have them."""
    return " ".join(f"--keep-{name} {keep[f'keep-{name}']}" for name in ORDER if f"keep-{name}" in keep)


def marks(group: Group, keep: dict[str, int]) -> dict[Snapshot, str]:
    """Return what a prune does with each snapshot: an unfinished one stays only while nothing finished is newer."""
    zone = group.datastore.server.zone
    newest_first = sorted(group.snapshots, key=lambda snapshot: -snapshot.time)
    unfinished = [snapshot for snapshot in newest_first if not snapshot.finished]
    kept = newest_first[:1] if newest_first and not newest_first[0].finished else []
    by_archive = {snapshot.archive: snapshot for snapshot in newest_first if snapshot.finished}
    found = {by_archive[archive]: mark for archive, mark in retention.marks(list(by_archive), keep, zone).items()}
    found |= {snapshot: "keep-partial" if snapshot in kept else "remove" for snapshot in unfinished}
    return found | {snapshot: "protected" for snapshot in group.snapshots if snapshot.archive.protected}


def prune(job: PruneJob, worker: Worker) -> Process:
    """Remove what the rules do not keep."""
    datastore = job.datastore
    if refusal := datastore.refusal(writing=True):
        raise WorkerError(refusal)
    depth = {None: "down to full depth", 0: "non-recursive"}.get(job.max_depth, f"to depth {job.max_depth}")
    worker.log(f"Starting datastore prune on {store_and_ns(job.store, job.ns)}, {depth}")
    if job.keep:
        worker.log(f"retention options: {options_text(job.keep)}")
    elif job.server.release >= (4, 2, 3):
        worker.warn("No prune selection - keeping all files.")
    else:
        worker.log("No prune selection - keeping all files.")
    yield 1
    for ns in datastore.below(job.ns, job.max_depth):
        for group in datastore.groups_in(ns):
            worker.log(f'Pruning group {ns}:"{group.name}"')
            prune_group(group, job.keep, worker)
            yield 1


def prune_group(group: Group, keep: dict[str, int], worker: Worker) -> list[Snapshot]:
    """Remove what the rules do not keep of one group, the oldest first, and return it."""
    decided = marks(group, keep) if keep else dict.fromkeys(group.snapshots, "keep")
    later = group.datastore.server.release >= (4, 0, 0)
    for snapshot in sorted(decided, key=lambda entry: entry.time):
        mark = decided[snapshot]
        worker.log(f"{WORDS[mark] if later else mark} {snapshot.name}")
        if mark == "remove":
            if snapshot.undeletable:
                path = snapshot.path
                worker.warn(
                    f'failed to remove dir "{path}": removing backup snapshot failed - EACCES: Permission denied'
                )
            else:
                group.remove(snapshot)
    return [snapshot for snapshot, mark in decided.items() if mark == "remove" and not snapshot.undeletable]
