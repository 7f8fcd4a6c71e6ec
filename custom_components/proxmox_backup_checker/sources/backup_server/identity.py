"""Which backup server this is, whatever address and certificate it has."""

from dataclasses import dataclass

from ...proxmox.api.errors import ApiError, PermissionDeniedError
from ...proxmox.backup_server.client import BackupServerClient


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerIdentity:
    """What tells a server from others, the best first: the id of its installation, that of its subscription, its certificate."""

    instance_id: str | None
    server_id: str | None
    fingerprint: str

    @property
    def names(self) -> tuple[str, ...]:
        """Everything under which it can be known, the best first."""
        return tuple(name for name in (self.instance_id, self.server_id, self.fingerprint) if name)

    @property
    def best(self) -> str:
        """The name that lasts longest."""
        return self.names[0]


async def identity_of(client: BackupServerClient, fingerprint: str) -> ServerIdentity:
    """Ask a server who it is; raises any ProxmoxError but that it will not say."""
    try:
        server_id = await client.server_id()
    except ApiError, PermissionDeniedError:
        server_id = None
    return ServerIdentity(instance_id=await client.instance_id(), server_id=server_id, fingerprint=fingerprint)
