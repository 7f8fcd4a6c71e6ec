"""Reads what each node itself says of its storages: whether they are there now, and what can still be written.

`/cluster/resources` goes on calling a storage available for some minutes after it has gone, and counts what is reserved as free.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.backup_models import StorageStatus
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import NodeStorage
from ...proxmox.api.errors import ProxmoxError
from ..read_schedule import ReadSchedule
from ..task_group import task_group
from ..troubles import PollTroubles

# pvestatd's figures are forgotten after five minutes (PVE/API2Tools.pm).
_RESOURCES_LAG: Final = timedelta(minutes=6)

# What is reserved hardly ever changes; what has gone is known before each listing.
_EVERY: Final = timedelta(hours=3)

type _Key = tuple[str, str]


class StorageStates:
    """Keeps each node's own word on its storages, for the minutes in which the cluster's may be wrong."""

    def __init__(self, client: ProxmoxClient, schedule: ReadSchedule) -> None:
        """Read through a client."""
        self._client = client
        self._schedule = schedule
        self._gone: dict[_Key, datetime] = {}
        self._reserved: dict[_Key, int] = {}
        self._read: dict[str, datetime] = {}

    async def read(
        self, online: Collection[str], now: datetime, troubles: PollTroubles, *, at_once: Collection[str] = ()
    ) -> None:
        """Read the states on every node every few hours, and now on those that are named; once in a poll at most."""
        due = [
            node
            for node in sorted(online)
            if self._read.get(node) != now
            and (node in at_once or self._schedule.is_due(("storage states", node), now, _EVERY))
        ]
        async with task_group() as group:
            for node in due:
                group.create_task(self._read_node(node, now, troubles))

    async def _read_node(self, node: str, now: datetime, troubles: PollTroubles) -> None:
        self._read[node] = now
        try:
            states = await self._client.node_storages(node)
        except ProxmoxError as error:
            troubles.note(f"storages of {node}", error)
            self._schedule.note(("storage states", node), now, good=False)
            return
        self._schedule.note(("storage states", node), now)
        for state in states:
            self._take((node, state.storage), state, now)

    def _take(self, key: _Key, state: StorageStatus, now: datetime) -> None:
        if not state.active:
            self._gone[key] = now
            return
        self._gone.pop(key, None)
        if state.total is not None and state.used is not None and state.available is not None:
            self._reserved[key] = max(0, state.total - state.used - state.available)

    def corrected(self, row: NodeStorage, now: datetime) -> NodeStorage:
        """Return a row of the cluster's list, not available where its node has just said so."""
        gone = self._gone.get((row.node, row.storage))
        if gone is None or not gone <= now < gone + _RESOURCES_LAG:
            return row
        return replace(row, available=False)

    def free(self, row: NodeStorage) -> int | None:
        """Return how many bytes can still be written, None where that is not known."""
        if row.total is None or row.used is None:
            return None
        return max(0, row.total - row.used - self._reserved.get((row.node, row.storage), 0))
