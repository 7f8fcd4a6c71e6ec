"""What the runs of a sync job prove of one group, where the other side cannot be seen: nothing but what the job's own log tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ...proxmox.backup_server.group_filter import included
from ...proxmox.backup_server.namespace import GroupId, covers
from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ..model.linked_servers import SyncRun
from ..model.run_troubles import RunTrouble
from .ways import Leg

# One group that could not be copied fails the whole run; every other was copied (src/server/pull.rs, push.rs).
_SOME_FAILED: Final = frozenset({"sync failed with some errors.", "Sync failed with some errors!"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A restore point at the source: when it was begun and done, and whether it passes the filters for checked and encrypted ones."""

    begun: datetime
    done: datetime
    verified: bool
    encrypted: bool


def takes(leg: Leg, group: str) -> bool | None:
    """Tell whether a job is to copy a group, such as vm/101; None where its filter is beyond us."""
    return included(GroupId.parse(group), leg.route.filters)


def passes(leg: Leg, point: Point) -> bool:
    """Tell whether a restore point is one of those that a job wants."""
    return (point.verified or not leg.route.verified_only) and (point.encrypted or not leg.route.encrypted_only)


def copied_until(leg: Leg, ns: str, group: str, points: Sequence[Point]) -> datetime | None:
    """Return the newest restore point that a run has surely copied, None where no run proves any; newest points first."""
    if takes(leg, group) is not True:
        return None
    for run in leg.route.runs:
        if not _proves(run) or trouble_of(run, ns, group) is not None:
            continue
        return next((point.begun for point in points if point.done <= run.started and passes(leg, point)), None)
    return None


def _proves(run: SyncRun) -> bool:
    """Tell whether a run copied all that its log does not name."""
    state = TaskState.shown(run.state)
    if state.result is TaskResult.OK:
        return True
    return run.told and (state.result is TaskResult.WARNING or state.error in _SOME_FAILED)


def trouble_of(run: SyncRun, ns: str, group: str) -> RunTrouble | None:
    """Return what a run did not do for a group, or for all groups of its namespace."""
    for trouble in run.troubles:
        if trouble.group == group and trouble.ns in (None, ns):
            return trouble
        if not trouble.group and trouble.ns is not None and covers(trouble.ns, None, ns):
            return trouble
    return None
