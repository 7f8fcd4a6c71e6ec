"""Which job owes which guest a backup (PVE/VZDump/Common.pm, get_included_guests)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter

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


def in_order(jobs: Iterable[BackupJob]) -> list[BackupJob]:
    """Return jobs as the scheduler starts them where several are due at once: by their ids (PVE/Jobs.pm, run_jobs)."""
    return sorted(jobs, key=attrgetter("job_id"))


type _Jobs = tuple[BackupJob, ...]


@dataclass(frozen=True, slots=True)
class CoverageIndex:
    """The jobs, enabled or not, that surely cover each guest, and the guests of each job.

    Jobs come in the order in which the scheduler starts them, guests in that in which vzdump takes them: by their numbers.

    `unsure` are the guests whose pool cannot be seen and that an enabled job of a pool may cover, `unclear` those of any job.
    """

    jobs_of: Mapping[int, _Jobs] = field(default_factory=dict)
    guests_of: Mapping[str, tuple[Guest, ...]] = field(default_factory=dict)
    unsure: frozenset[int] = frozenset()
    unclear: frozenset[int] = frozenset()

    @classmethod
    def of(cls, jobs: _Jobs, guests: tuple[Guest, ...], *, pools_visible: bool) -> CoverageIndex:
        """Find for all jobs and guests who covers whom."""
        candidates = _Candidates(in_order(jobs))
        jobs_of: dict[int, _Jobs] = {}
        shared: dict[tuple[int, ...], _Jobs] = {}
        guests_of: dict[str, list[Guest]] = {job.job_id: [] for job in jobs}
        unsure: set[int] = set()
        unclear: set[int] = set()
        for guest in sorted(guests, key=attrgetter("vmid")):
            sure = []
            for job in candidates.of(guest):
                covered = covers(job, guest, pools_visible=pools_visible)
                if covered is Coverage.YES:
                    sure.append(job)
                    guests_of[job.job_id].append(guest)
                elif covered is Coverage.UNKNOWN:
                    unclear.add(guest.vmid)
                    if job.enabled:
                        unsure.add(guest.vmid)
            jobs_of[guest.vmid] = shared.setdefault(tuple(map(id, sure)), tuple(sure))
        return cls(
            jobs_of=jobs_of,
            guests_of={job_id: tuple(found) for job_id, found in guests_of.items()},
            unsure=frozenset(unsure),
            unclear=frozenset(unclear),
        )


class _Candidates:
    """The few jobs that can cover a guest at all."""

    def __init__(self, jobs: Iterable[BackupJob]) -> None:
        self._by_vmid: dict[int, list[int]] = {}
        self._others: list[int] = []
        self._jobs = list(jobs)
        for place, job in enumerate(self._jobs):
            if job.pool is None and job.vmids:
                for vmid in set(job.vmids):
                    self._by_vmid.setdefault(vmid, []).append(place)
            else:
                self._others.append(place)

    def of(self, guest: Guest) -> list[BackupJob]:
        places = self._by_vmid.get(guest.vmid, [])
        if self._others:
            places = sorted((*places, *self._others))
        return [self._jobs[place] for place in places]
