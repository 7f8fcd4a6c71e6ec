"""Reads the backup jobs, and what Proxmox says that each of them includes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import Final

from ...checker.model.facts import Blindness
from ...proxmox.api.backup_models import BackupJob, IncludedGuest
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.errors import ApiError, PermissionDeniedError, ProxmoxError
from ..task_group import task_group
from ..troubles import PollTroubles

# PVE/API2Tools.pm, get_resource_pool_guest_members.
_POOL_IS_GONE: Final = re.compile(r"pool '[^']+' does not exist")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedJobs:
    """The jobs as they were last read; the fields are those of the facts."""

    jobs: tuple[BackupJob, ...] | None = None
    read_at: datetime | None = None
    unseen: Blindness | None = None
    unread: Mapping[str, datetime | None] = field(default_factory=dict)


class JobReader:
    """Keeps the list of jobs and their guests; what cannot be read stays as it was, and how old it is can be told."""

    def __init__(self, client: ProxmoxClient) -> None:
        """Read through a client."""
        self._client = client
        self._known: dict[str, tuple[BackupJob, datetime]] = {}
        self._read_at: datetime | None = None
        self.included: dict[str, tuple[IncludedGuest, ...]] = {}
        self.unresolved: dict[str, str] = {}

    async def read(self, now: datetime, troubles: PollTroubles) -> ListedJobs:
        """Read the list of jobs; raises what ends the poll."""
        try:
            listed = await self._client.backup_jobs()
        except PermissionDeniedError as error:
            troubles.note("backup jobs", error)
            self._known, self._read_at = {}, None
            return ListedJobs(unseen=Blindness.JOBS_HIDDEN)
        except ProxmoxError as error:
            troubles.note("backup jobs", error)
            return self._as_before()
        for name, text in listed.odd.items():
            troubles.tell(f"backup job {name}", text)
        unread = {name: known[1] if (known := self._known.get(name)) else None for name in listed.odd}
        kept = {name: self._known[name] for name, read_at in unread.items() if read_at is not None}
        self._known = {job.job_id: (job, now) for job in listed.jobs} | kept
        self._read_at = now
        return ListedJobs(jobs=self._jobs(), read_at=now, unread=unread)

    def _as_before(self) -> ListedJobs:
        """Return the list of last time."""
        jobs = None if self._read_at is None else self._jobs()
        return ListedJobs(jobs=jobs, read_at=self._read_at, unseen=Blindness.JOBS_UNREADABLE)

    def _jobs(self) -> tuple[BackupJob, ...]:
        return tuple(job for _, (job, _) in sorted(self._known.items()))

    async def read_included(self, jobs: tuple[BackupJob, ...], troubles: PollTroubles) -> None:
        """Read what each job includes; one job's trouble, as a missing pool, is nobody else's."""
        wanted = {job.job_id for job in jobs}
        self.included = {name: guests for name, guests in self.included.items() if name in wanted}
        self.unresolved = {name: text for name, text in self.unresolved.items() if name in wanted}
        async with task_group() as group:
            for job in jobs:
                group.create_task(self._read_included(job.job_id, troubles))

    async def _read_included(self, job_id: str, troubles: PollTroubles) -> None:
        try:
            self.included[job_id] = await self._client.included_volumes(job_id)
        except ProxmoxError as error:
            troubles.note(f"job {job_id}", error)
            if isinstance(error, ApiError) and _POOL_IS_GONE.match(error.message):
                self.unresolved[job_id] = error.message
        else:
            self.unresolved.pop(job_id, None)
