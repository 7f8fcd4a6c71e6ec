"""Reads storages: their fill with every poll, their archives only after a run or once a day.

A disk that sleeps between the runs is left alone; a storage that is not reachable keeps its last listing.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ...checker.model.facts import ArchiveListing, StorageFacts
from ...proxmox.api.backup_models import Archive, StorageConfig
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import NodeStorage, Permissions
from ...proxmox.api.errors import CannotConnectError, PermissionDeniedError, ProxmoxError
from ...proxmox.retention import KeepOptions
from ..read_schedule import DAILY, Cadence

# A listing right after a run can come before the storage shows the archive.
_AGAIN_AFTER: Final = timedelta(minutes=10)
_HIDDEN: Final = timedelta(hours=2)

type Place = tuple[str, str | None]
"""A storage and, where each node has its own, the node."""


@dataclass(frozen=True, slots=True)
class _Kept:
    listing: ArchiveListing | None = None
    unreadable: str | None = None


class StorageReader:
    """Keeps the newest listing of every storage that can hold backups."""

    def __init__(self, client: ProxmoxClient, cadence: Cadence) -> None:
        """Read through a client."""
        self._client = client
        self._cadence = cadence
        self._kept: dict[Place, _Kept] = {}
        self._ended: dict[Place, datetime] = {}
        self._config: dict[str, StorageConfig] = {}

    async def read_config(self) -> None:
        """Read which storages there are, and their retention; raises any ProxmoxError."""
        self._config = {config.storage: config for config in await self._client.storage_config()}

    def run_ended(self, storage: str | None, now: datetime) -> None:
        """Take note that a run has ended which wrote to this storage, or to one that is not known."""
        for place in list(self._kept):
            if storage in {None, place[0]}:
                self._ended[place] = now

    async def read(
        self,
        rows: Iterable[NodeStorage],
        permissions: Permissions,
        online: Collection[str],
        now: datetime,
        *,
        busy: bool,
        runs_hidden: bool,
    ) -> tuple[tuple[StorageFacts, ...], dict[str, str]]:
        """Return the storages that can hold backups, and what went wrong by storage.

        While a run is in progress nothing is listed that was listed before: its archive is not there yet. Where runs are
        hidden, only the archives tell of them, and are looked at more often.
        """
        facts = [self._facts(place, found) for place, found in _by_place(rows).items()]
        due = [
            storage
            for storage in facts
            if storage.active_on & set(online)
            and self._is_due((storage.storage, storage.node), now, busy=busy, every=_HIDDEN if runs_hidden else DAILY)
        ]
        errors = await asyncio.gather(*(self._list(storage, permissions, online, now) for storage in due))
        troubles = {storage.storage: error for storage, error in zip(due, errors, strict=True) if error is not None}
        return tuple(self._with_listing(storage) for storage in facts), troubles

    def _facts(self, place: Place, rows: list[NodeStorage]) -> StorageFacts:
        name, node = place
        config = self._config.get(name)
        known = next((row for row in rows if row.available and row.total), rows[0])
        usable = known.available and known.total is not None
        free = known.total - known.used if usable and known.total and known.used is not None else None
        return StorageFacts(
            storage=name,
            node=node,
            plugin_type=(config.plugin_type if config else None) or known.plugin_type or "",
            nodes=config.nodes if config else (),
            enabled=not config.disabled if config else True,
            active_on=frozenset(row.node for row in rows if row.available),
            total=known.total if usable else None,
            used=known.used if usable else None,
            available=free,
            keep=_keep(config.prune_backups if config else None),
        )

    def _with_listing(self, storage: StorageFacts) -> StorageFacts:
        kept = self._kept.get((storage.storage, storage.node), _Kept())
        return replace(storage, listing=kept.listing, unreadable=kept.unreadable)

    def _is_due(self, place: Place, now: datetime, *, busy: bool, every: timedelta) -> bool:
        kept = self._kept.get(place)
        if kept is None or kept.listing is None:
            return self._cadence.is_due(("archives", place), now, timedelta(minutes=30))
        if not busy and (ended := self._ended.get(place)) is not None:
            if kept.listing.read_at <= ended:
                return True
            if now - ended >= _AGAIN_AFTER:
                del self._ended[place]
                return True
        return self._cadence.is_due(("archives", place), now, every)

    async def _list(
        self, storage: StorageFacts, permissions: Permissions, online: Collection[str], now: datetime
    ) -> str | None:
        """List a storage's archives once, through one node; the error's text where that fails."""
        place = (storage.storage, storage.node)
        node = min(storage.active_on & set(online))
        self._cadence.note(("archives", place), now)
        try:
            listing = await self._listing(node, storage, permissions, now)
        except CannotConnectError:
            raise
        except ProxmoxError as error:
            self._kept[place] = replace(self._kept.get(place, _Kept()), unreadable=str(error))
            return str(error)
        self._kept[place] = _Kept(listing)
        return None

    async def _listing(
        self, node: str, storage: StorageFacts, permissions: Permissions, now: datetime
    ) -> ArchiveListing:
        """List by the content call where the token's rights prove that it shows all, else by the prune's dry run.

        The content call leaves out what the token may not see, without a word; the dry run lists every archive for audit
        rights already, but knows neither size nor verification (PVE/API2/Storage/Content.pm, PruneBackups.pm).
        """
        path = f"/storage/{storage.storage}"
        some = permissions.has(path, "Datastore.Allocate", "Datastore.AllocateSpace")
        sees_all = permissions.has(path, "Datastore.Allocate") or (some and permissions.has("/vms", "VM.Backup"))
        detailed = await self._client.archives_by_content(node, storage.storage) if some else ()
        if sees_all:
            return ArchiveListing(read_at=now, archives=detailed, complete=True, detailed=True)
        try:
            listed = await self._client.archives_by_prune(node, storage.storage)
        except PermissionDeniedError:
            return ArchiveListing(read_at=now, archives=detailed, complete=False, detailed=True)
        known = {archive.volid: archive for archive in detailed}
        # A snapshot of a backup server that is not complete looks like any other here: such a list proves no backup.
        archives = tuple(
            known.get(archive.volid) or _unproven(archive, proven=not storage.is_backup_server) for archive in listed
        )
        return ArchiveListing(read_at=now, archives=archives, complete=True, detailed=False)


def _unproven(archive: Archive, *, proven: bool) -> Archive:
    return archive if proven else replace(archive, finished=False)


def _by_place(rows: Iterable[NodeStorage]) -> Mapping[Place, list[NodeStorage]]:
    """Return the rows of every storage that can hold backups, one place for all nodes where it is shared."""
    places: dict[Place, list[NodeStorage]] = {}
    for row in rows:
        if "backup" in row.content:
            places.setdefault((row.storage, None if row.shared else row.node), []).append(row)
    # A single node's own storage needs no node in its name.
    single = Counter(name for name, _ in places)
    return {(name, node if single[name] > 1 else None): found for (name, node), found in places.items()}


def _keep(text: str | None) -> KeepOptions | None:
    if not text:
        return None
    try:
        return KeepOptions.parse(text)
    except ValueError:
        return None
