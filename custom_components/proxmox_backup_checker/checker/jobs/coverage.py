"""Which job owes which guest a backup (PVE/VZDump/Common.pm, get_included_guests)."""

from collections.abc import Iterable
from enum import Enum

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest


class Coverage(Enum):
    """Whether a job covers a guest; UNKNOWN where the guest's pool cannot be seen."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def covers(job: BackupJob, guest: Guest, *, pools_visible: bool = True) -> Coverage:
    """Tell whether a job, enabled or not, selects a guest on its present node.

    A pool goes before a list and a list before all; members of child pools do not count. Templates, stopped and locked
    guests are selected like any other.
    """
    if job.node is not None and job.node != guest.node:
        return Coverage.NO
    if job.pool is not None:
        if guest.pool is None and not pools_visible:
            return Coverage.UNKNOWN
        return Coverage.YES if guest.pool == job.pool else Coverage.NO
    if job.vmids:
        return Coverage.YES if guest.vmid in job.vmids else Coverage.NO
    if job.all_guests:
        return Coverage.NO if guest.vmid in job.exclude else Coverage.YES
    return Coverage.NO


def jobs_covering(
    jobs: Iterable[BackupJob], guest: Guest, *, enabled: bool, pools_visible: bool = True
) -> tuple[BackupJob, ...]:
    """Return the jobs, enabled or disabled ones, that surely cover a guest."""
    return tuple(
        job
        for job in jobs
        if job.enabled is enabled and covers(job, guest, pools_visible=pools_visible) is Coverage.YES
    )
