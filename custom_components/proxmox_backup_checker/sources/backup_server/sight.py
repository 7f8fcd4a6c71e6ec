"""What the token may see: asked daily, after every refusal, and whenever a list has lost rows."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ...proxmox.backup_server.client import BackupServerClient
from ...proxmox.backup_server.job_models import PruneJob, SyncDirection, SyncJob, VerifyJob
from ...proxmox.backup_server.namespace import ROOT, acl_path
from ...proxmox.backup_server.server_models import Permissions

AUDIT: Final = "Datastore.Audit"
_REMOTE_AUDIT: Final = "Remote.Audit"


class Sight:
    """The privileges of the token, as they were when they were last in doubt."""

    def __init__(self, client: BackupServerClient) -> None:
        """Know of nothing yet."""
        self._client = client
        self._permissions: Permissions | None = None
        self._in_doubt = True

    @property
    def permissions(self) -> Permissions:
        """The privileges, once they were read."""
        assert self._permissions is not None
        return self._permissions

    def doubt(self) -> None:
        """Take it that they may have changed."""
        self._in_doubt = True

    async def settle(self) -> Permissions:
        """Ask again where they are in doubt."""
        if self._in_doubt or self._permissions is None:
            self._permissions = await self._client.permissions()
            self._in_doubt = False
        return self._permissions

    def sees(self, store: str, ns: str = ROOT) -> bool:
        """Tell whether everything in a namespace is shown."""
        return self.permissions.has(acl_path(store, ns), AUDIT)

    def sees_job(self, job: SyncJob | PruneJob | VerifyJob) -> bool:
        """Tell whether a job would be shown if it were there (src/api2/config/sync.rs, check_sync_job_read_access)."""
        if not self.sees(job.store, job.ns):
            return False
        if not isinstance(job, SyncJob):
            return True
        if job.remote is None:
            return self.sees(job.remote_store)
        path = f"/remote/{job.remote}"
        if job.direction is SyncDirection.PUSH:
            path = "/".join([path, job.remote_store, *filter(None, job.remote_ns.split("/"))])
        return self.permissions.has(path, _REMOTE_AUDIT)

    async def with_hidden[Key, Item](
        self, before: Mapping[Key, Item], found: Mapping[Key, Item], is_shown: Callable[[Item], bool]
    ) -> tuple[Mapping[Key, Item], frozenset[Key]]:
        """Return what was found and what was there before and is hidden now, and the keys of the latter."""
        missing = [key for key in before if key not in found]
        if not missing:
            return found, frozenset()
        self.doubt()
        await self.settle()
        hidden = {key: before[key] for key in missing if not is_shown(before[key])}
        return {**found, **hidden}, frozenset(hidden)


def by_id[Job: SyncJob | PruneJob | VerifyJob](jobs: Iterable[Job]) -> dict[str, Job]:
    """Return jobs by their ids."""
    return {job.job_id: job for job in jobs}
