"""Which guests each job covers, found once for all guests and jobs of a moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from .coverage import Coverage, covers

type _Jobs = tuple[BackupJob, ...]


@dataclass(frozen=True, slots=True)
class CoverageIndex:
    """The jobs, enabled or not, that surely cover each guest, and the guests of each job; both in the order of the facts.

    `unsure` are the guests whose pool cannot be seen and that an enabled job of a pool may cover, `unclear` those of any job.
    """

    jobs: _Jobs = ()
    guests: tuple[Guest, ...] = ()
    pools_visible: bool = True
    jobs_of: Mapping[int, _Jobs] = field(default_factory=dict)
    guests_of: Mapping[str, tuple[Guest, ...]] = field(default_factory=dict)
    unsure: frozenset[int] = frozenset()
    unclear: frozenset[int] = frozenset()

    def following(self, jobs: _Jobs, guests: tuple[Guest, ...], *, pools_visible: bool) -> CoverageIndex:
        """Return the index of later jobs and guests, this one where they are the same."""
        if jobs == self.jobs and guests == self.guests and pools_visible is self.pools_visible:
            return self
        return _found(jobs, guests, pools_visible=pools_visible)


def _found(jobs: _Jobs, guests: tuple[Guest, ...], *, pools_visible: bool) -> CoverageIndex:
    candidates = _Candidates(jobs)
    jobs_of: dict[int, _Jobs] = {}
    shared: dict[tuple[int, ...], _Jobs] = {}
    guests_of: dict[str, list[Guest]] = {job.job_id: [] for job in jobs}
    unsure: set[int] = set()
    unclear: set[int] = set()
    for guest in guests:
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
    return CoverageIndex(
        jobs=jobs,
        guests=guests,
        pools_visible=pools_visible,
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
