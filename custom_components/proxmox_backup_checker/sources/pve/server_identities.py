"""Which backup server Proxmox VE says is behind each storage: asked once a day, and only where servers are watched as well."""

from collections.abc import Iterable
from datetime import datetime

from ...checker.model.facts import StorageFacts
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.errors import ApiError, PermissionDeniedError, ProxmoxError
from ..read_schedule import DAILY, ReadSchedule
from ..troubles import PollTroubles


class ServerIdentities:
    """Keeps the ids of the servers behind storages; neither older hosts nor older servers tell any."""

    def __init__(self, client: ProxmoxClient, schedule: ReadSchedule) -> None:
        """Know of none yet."""
        self._client = client
        self._schedule = schedule
        self._ids: dict[tuple[str, str, int], str] = {}

    def of(self, storage: StorageFacts) -> str | None:
        """Return the id of the server behind a storage, None where nobody has told it."""
        return self._ids.get(_key(storage)) if storage.backup_server is not None else None

    async def read(
        self, storages: Iterable[StorageFacts], online: frozenset[str], now: datetime, troubles: PollTroubles
    ) -> None:
        """Ask for those that are due, each through one node that reaches it."""
        for storage in storages:
            nodes = sorted(storage.active_on & online)
            if storage.backup_server is None or not nodes:
                continue
            topic = ("server identity", _key(storage))
            if not self._schedule.is_due(topic, now, DAILY):
                continue
            try:
                self._ids[_key(storage)] = await self._client.storage_identity(nodes[0], storage.storage)
            except ApiError, PermissionDeniedError:
                # It is no trouble that nobody knows it.
                self._ids.pop(_key(storage), None)
                self._schedule.note(topic, now)
            except ProxmoxError as error:
                troubles.note(f"identity of {storage.storage}", error)
                self._schedule.note(topic, now, good=False)
            else:
                self._schedule.note(topic, now)


def _key(storage: StorageFacts) -> tuple[str, str, int]:
    place = storage.backup_server
    assert place is not None
    return storage.storage, place.host, place.port
