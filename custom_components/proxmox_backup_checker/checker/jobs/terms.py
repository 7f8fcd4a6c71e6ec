"""What a job promises to every guest on one node alike."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.retention import KeepOptions
from ..model.facts import Facts, StorageFacts
from .retention import removes_old, retention_of
from .timetable import Timetable


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """What a job keeps on a storage; where it `removes` no old archives, the sum of all numbers is a limit."""

    storage: StorageFacts
    keep: KeepOptions
    removes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a job promises on a node: when, where, and what it keeps of it.

    `storage` is the name of the one that the job had at the slot that is due. `retention` is None where nothing is removed
    or that is not known. `trace` tells times and place by name.
    """

    table: Timetable | None
    storage: str
    retention: Retention | None
    trace: Mapping[str, str]

    @classmethod
    def of(cls, job: BackupJob, node: str, table: Timetable | None, facts: Facts) -> Terms:
        """Tell what a job promises by its timetable on a node."""
        wanted = table.storage_at(table.due) if table and table.due else job.storage
        storage = facts.storage_name(wanted, node)
        return cls(
            table=table,
            storage=storage,
            retention=_retention(job, node, facts),
            trace=_trace(table, storage) if table is not None else {},
        )


def _retention(job: BackupJob, node: str, facts: Facts) -> Retention | None:
    storage = facts.storage_of(facts.storage_name(job.storage, node), node)
    keep = retention_of(job, storage, facts.defaults_keep.get(node))
    if storage is None or keep is None or keep.keeps_everything:
        return None
    return Retention(storage=storage, keep=keep, removes=removes_old(job))


def _trace(table: Timetable, storage: str) -> dict[str, str]:
    due = table.due
    moments = {"slot": table.latest, "due_slot": due, "deadline": due and table.deadline(due)}
    trace = {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
    return {"zone": str(table.zone), "allowance": str(table.allowance), "promised_on": storage, **trace}
