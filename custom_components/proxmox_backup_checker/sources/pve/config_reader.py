"""Reads the configuration of guests and the addresses of nodes once a day: where disks lie, and who has which address."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import Guest
from ...proxmox.api.config_models import Addresses, GuestConfig
from ...proxmox.api.errors import ProxmoxError
from ..read_schedule import DAILY, ReadSchedule, is_older
from ..task_group import task_group
from ..troubles import PollTroubles

# What a large cluster is asked in one poll; the rest has its turn in the next ones.
_MOST_AT_ONCE: Final = 100

# What cannot be read again for so long may be otherwise by now: nothing is promised by it any more.
_HOLDS: Final = timedelta(days=2)

type _Home = tuple[str, str]
"""The node and the type by which a guest's configuration is asked for."""


class ConfigReader:
    """Keeps the configuration of every guest, and the addresses of every node."""

    def __init__(self, client: ProxmoxClient, schedule: ReadSchedule) -> None:
        """Read through a client."""
        self._client = client
        self._schedule = schedule
        self._guests: dict[int, GuestConfig] = {}
        self._homes: dict[int, _Home] = {}
        self._nodes: dict[str, Addresses] = {}
        self._told: dict[tuple[str, int | str], datetime] = {}

    @property
    def guests(self) -> Mapping[int, GuestConfig]:
        """The configuration of the guests, as it was last read; who moved since is not among them."""
        return dict(self._guests)

    @property
    def nodes(self) -> Mapping[str, Addresses]:
        """The addresses of the nodes, as they were last read."""
        return dict(self._nodes)

    async def read(self, nodes: Iterable[str], guests: Iterable[Guest], now: datetime, troubles: PollTroubles) -> None:
        """Read what is due of those nodes that can be asked, and of the guests on them."""
        asked, there = frozenset(nodes), tuple(guests)
        self._forget({guest.vmid: (guest.node, guest.guest_type) for guest in there})
        due = [guest for guest in there if guest.node in asked and self._is_due(("config", guest.vmid), now)]
        async with task_group() as group:
            for node in sorted(asked):
                if self._is_due(("addresses", node), now):
                    group.create_task(self._read_node(node, now, troubles))
            for guest in due[:_MOST_AT_ONCE]:
                group.create_task(self._read_guest(guest, now, troubles))

    def _forget(self, homes: Mapping[int, _Home]) -> None:
        """Forget whoever is gone, and whoever moved: disks may have gone to another storage on the way."""
        changed = {vmid for vmid, home in self._homes.items() if homes.get(vmid) != home}
        for vmid in changed:
            self._guests.pop(vmid, None)
        if changed:
            self._schedule.forget(
                lambda topic: isinstance(topic, tuple) and topic[0] == "config" and topic[1] in changed
            )
        self._homes = dict(homes)

    def _is_due(self, topic: tuple[str, int | str], now: datetime) -> bool:
        return self._schedule.is_due(topic, now, DAILY)

    def _holds(self, topic: tuple[str, int | str], now: datetime) -> bool:
        """Tell whether what was read of a thing still counts, though it could not be read again."""
        return not is_older(self._told.get(topic, now), now, _HOLDS)

    async def _read_node(self, node: str, now: datetime, troubles: PollTroubles) -> None:
        topic = ("addresses", node)
        try:
            self._nodes[node] = await self._client.node_addresses(node)
        except ProxmoxError as error:
            troubles.note(f"addresses of {node}", error)
            self._schedule.note(topic, now, good=False)
            if not self._holds(topic, now):
                self._nodes.pop(node, None)
        else:
            self._schedule.note(topic, now)
            self._told[topic] = now

    async def _read_guest(self, guest: Guest, now: datetime, troubles: PollTroubles) -> None:
        topic = ("config", guest.vmid)
        try:
            self._guests[guest.vmid] = await self._client.guest_config(guest.node, guest.guest_type, guest.vmid)
        except ProxmoxError as error:
            troubles.note(f"configuration of guest {guest.vmid}", error)
            self._schedule.note(topic, now, good=False)
            if not self._holds(topic, now):
                self._guests.pop(guest.vmid, None)
        else:
            self._schedule.note(topic, now)
            self._told[topic] = now
