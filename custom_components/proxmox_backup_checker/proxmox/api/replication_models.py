"""Storage replication as the Proxmox API answers it (PVE/API2/Replication.pm, PVE/API2/ReplicationConfig.pm)."""

from dataclasses import dataclass
from typing import Self

from .fields import Fields


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicationJob:
    """A job that copies the disks of a guest to another node; `removing` tells that it only waits to be removed."""

    job_id: str
    vmid: int
    target: str
    schedule: str | None = None
    disabled: bool = False
    removing: bool = False

    @classmethod
    def list_from_api(cls, data: object) -> tuple[Self, ...]:
        """Parse `/cluster/replication`, ordered by id."""
        jobs = (
            cls(
                job_id=row.identifier("id"),
                vmid=row.vmid("guest"),
                target=row.identifier("target"),
                schedule=row.optional_text("schedule") or None,
                disabled=row.flag("disable"),
                removing=bool(row.optional_text("remove_job")),
            )
            for row in Fields.rows(data, "/cluster/replication")
        )
        return tuple(sorted(jobs, key=lambda job: job.job_id))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicationState:
    """How a job stands, as the node of its guest tells it; moments in epoch seconds of that node, None for never.

    `last_sync` is the start of the last good run: what the replica holds. `next_sync` is None while the target is off and the job has
    failed. `error` is the text of the last run, where that failed.
    """

    job_id: str
    last_try: int | None
    last_sync: int | None
    next_sync: int | None
    fail_count: int = 0
    error: str | None = None
    running: bool = False
    duration: float | None = None

    @classmethod
    def list_from_api(cls, data: object) -> tuple[Self, ...]:
        """Parse `/nodes/{node}/replication`, where 0 stands for never."""
        return tuple(
            cls(
                job_id=row.identifier("id"),
                last_try=row.optional_epoch("last_try") or None,
                last_sync=row.optional_epoch("last_sync") or None,
                next_sync=row.optional_epoch("next_sync") or None,
                fail_count=row.optional_integer("fail_count") or 0,
                error=(row.optional_text("error") or "").strip() or None,
                running=row.values.get("pid") is not None,
                duration=_seconds(row),
            )
            for row in Fields.rows(data, "/nodes/{node}/replication")
        )


def _seconds(row: Fields) -> float | None:
    value = row.values.get("duration")
    return float(value) if isinstance(value, int | float) else None
