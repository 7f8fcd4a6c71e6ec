"""Reads what vzdump does on each node where a job is silent: /etc/vzdump.conf, as the API shows it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
import re
from typing import Final

from ...proxmox.api.backup_models import StorageConfig
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.errors import ApiError, PermissionDeniedError, ProxmoxError
from ...proxmox.retention import KeepOptions
from ..read_schedule import ReadSchedule
from ..troubles import PollTroubles

_EVERY: Final = timedelta(hours=6)
_STORAGE_PATH: Final = "/storage/"
# PVE/Storage.pm, storage_config
_MISSING_STORAGE: Final = re.compile(r"storage '([^']+)' does not exist")


class DefaultsReader:
    """Keeps the default storage and retention of every node."""

    def __init__(self, client: ProxmoxClient, schedule: ReadSchedule) -> None:
        """Read through a client."""
        self._client = client
        self._schedule = schedule
        self._storages: dict[str, str | None] = {}
        self._keeps: dict[str, KeepOptions] = {}

    @property
    def storages(self) -> dict[str, str | None]:
        """The storage of a job that names none, by node; None stands for a folder that is no storage."""
        return dict(self._storages)

    @property
    def keeps(self) -> dict[str, KeepOptions]:
        """The retention where neither job nor storage has one, of the nodes that set one."""
        return dict(self._keeps)

    async def read(
        self, nodes: Iterable[str], storages: Iterable[StorageConfig], now: datetime, troubles: PollTroubles
    ) -> None:
        """Read the defaults of the nodes that are due, a few times a day."""
        configs = {storage.storage: storage for storage in storages}
        for node in nodes:
            if self._schedule.is_due(("defaults", node), now, _EVERY):
                good = await self._read(node, configs, troubles)
                self._schedule.note(("defaults", node), now, good=good)

    async def _read(self, node: str, configs: dict[str, StorageConfig], troubles: PollTroubles) -> bool:
        """Read one node's defaults, and tell whether there is no use in asking again soon."""
        try:
            storage, keep = await self._default(node)
            self._storages[node] = storage
            if keep is None or (storage in configs and configs[storage].prune_backups):
                # Proxmox shows the storage's own retention in place of the node's (PVE/API2/VZDump.pm, defaults).
                other = _without_retention(configs.values(), node)
                keep = (await self._client.vzdump_defaults(node, other)).prune_backups if other is not None else None
        except PermissionDeniedError as error:
            # The storage whose rights are missing is the default one.
            if error.path is not None and error.path.startswith(_STORAGE_PATH):
                self._storages.setdefault(node, error.path.removeprefix(_STORAGE_PATH))
            return True
        except ProxmoxError as error:
            troubles.note(f"backup defaults of {node}", error)
            return False
        self._set_keep(node, keep)
        return True

    async def _default(self, node: str) -> tuple[str | None, str | None]:
        """Return a node's default storage and the retention there; only the name of one that is not there."""
        try:
            defaults = await self._client.vzdump_defaults(node)
        except ApiError as error:
            if (missing := _MISSING_STORAGE.search(error.message)) is None:
                raise
            return missing[1], None
        return defaults.storage, defaults.prune_backups

    def _set_keep(self, node: str, text: str | None) -> None:
        """Remember a node's retention; one that keeps everything is none."""
        self._keeps.pop(node, None)
        try:
            keep = KeepOptions.parse(text or "")
        except ValueError:
            return
        if not keep.keeps_everything:
            self._keeps[node] = keep


def _without_retention(configs: Iterable[StorageConfig], node: str) -> str | None:
    """Return a storage for backups that a node may use and that has no retention of its own."""
    return next(
        (
            config.storage
            for config in configs
            if "backup" in config.content
            and not config.disabled
            and not config.prune_backups
            and (not config.nodes or node in config.nodes)
        ),
        None,
    )
