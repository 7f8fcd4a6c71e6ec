"""What a job does at one time on several nodes, of which Proxmox makes a run each."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from ..model.records import RunRecord

# The nodes start a job within minutes of each other.
ONE_START: Final = timedelta(minutes=10)


def starts_of(runs: Iterable[RunRecord]) -> list[list[RunRecord]]:
    """Return runs, the oldest first, with those of a job together that its nodes began at one time."""
    latest: dict[str, list[RunRecord]] = {}
    starts: list[list[RunRecord]] = []
    for run in sorted(runs, key=lambda run: run.started):
        start = latest.get(run.job_id) if run.job_id is not None else None
        if start and run.started - start[0].started <= ONE_START and all(run.node != other.node for other in start):
            start.append(run)
            continue
        starts.append([run])
        if run.job_id is not None:
            latest[run.job_id] = starts[-1]
    return starts
