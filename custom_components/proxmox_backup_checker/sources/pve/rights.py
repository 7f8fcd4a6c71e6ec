"""Reads the token's rights once an hour, and at once where anything hints that they are others, or where it counts.

What Proxmox hides from a token it mostly leaves out without a word. So the rights are read anew

* after anything was refused,
* when a guest, a pool's mark on a guest, a storage, the figures of a node or a job is no longer listed,
* before any list is read in which Proxmox leaves out what the token may not see, and that is not read with every poll,
* with every poll while a right is missing, so that one who grants it sees that at once.

The list of rights does not show a path on which the token has none: of what is shown no longer, its own path is asked for.
"""

from collections.abc import Hashable, Iterable
from datetime import datetime

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Node, Permissions, Resources
from ...proxmox.api.privileges import missing_privileges
from ..read_schedule import HOURLY, ReadSchedule
from .path_rights import PathRights

_TOPIC = "rights"


class Rights:
    """Keeps the token's rights as they were last read."""

    def __init__(self, client: ProxmoxClient, schedule: ReadSchedule) -> None:
        """Read through a client."""
        self._client = client
        self._schedule = schedule
        self.paths = PathRights(client)
        self._held: Permissions | None = None
        self._read_at: datetime | None = None
        self._refusals = 0
        self._listed: frozenset[Hashable] = frozenset()
        self._nodes: frozenset[str] = frozenset()

    async def read(
        self,
        resources: Resources,
        jobs: Iterable[BackupJob] | None,
        nodes: Iterable[Node],
        now: datetime,
        *,
        anew: bool,
    ) -> Permissions:
        """Return the rights that hold for a poll which has read these lists; `anew` where another one will be read.

        Raises any ProxmoxError.
        """
        listed, before = _rows(resources, jobs), self._listed
        nodes = tuple(nodes)
        self._nodes = frozenset(node.name for node in nodes)
        self.paths.note(resources, [node.name for node in nodes if node.online])
        if (
            anew
            or self._held is None
            or self._is_lacking(self._held)
            or not resources.guests
            or before - listed
            or self._schedule.is_due(_TOPIC, now, HOURLY)
        ):
            await self.read_anew(now)
        held = await self.checked(now)
        self._listed = listed
        return held

    async def read_anew(self, now: datetime) -> Permissions:
        """Return the rights as they are now, asked once in a poll; raises any ProxmoxError."""
        if self._held is None or self._read_at != now:
            refusals = self._client.refusals
            self._held = await self.paths.completed(await self._client.permissions())
            self._read_at, self._refusals = now, refusals
            self._schedule.note(_TOPIC, now)
        return self._held

    async def checked(self, now: datetime) -> Permissions:
        """Return the rights, read anew where anything was refused since they were read; raises any ProxmoxError."""
        if self._held is None or self._client.refusals != self._refusals:
            return await self.read_anew(now)
        return self._held

    def _is_lacking(self, held: Permissions) -> bool:
        return bool(missing_privileges(held, self._nodes, storages=self.paths.hidden_storages))


def _rows(resources: Resources, jobs: Iterable[BackupJob] | None) -> frozenset[Hashable]:
    """Return what a right that is taken away would make disappear."""
    guests = [("guest", guest.vmid) for guest in resources.guests]
    pools = [("pool", guest.vmid) for guest in resources.guests if guest.pool is not None]
    storages = [("storage", storage.storage, storage.node) for storage in resources.storages]
    nodes = [("node", node) for node in resources.uptimes]
    return frozenset((*guests, *pools, *storages, *nodes, *(("job", job.job_id) for job in jobs or ())))
