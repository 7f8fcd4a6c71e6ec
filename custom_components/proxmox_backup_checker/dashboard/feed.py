"""One subscription of a dashboard card: everything at first, then only what has changed."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_change
from homeassistant.util import dt as dt_util

from ..backup_server.watched import watcher_of
from ..checker.views.wall.days import Days
from ..const import DOMAIN
from ..privacy.sight import Sight
from .board import AnyBoard, Kind, Shown, board_of
from .clusters import entries_of
from .rows import RankedRow, Row
from .servers import async_load_errors, servers

_VERSION: Final = 2

type Send = Callable[[dict[str, Any]], None]


class WallFeed:
    """Follows the clusters or backup servers that a card shows, and sends what its reader may see of them."""

    def __init__(self, hass: HomeAssistant, send: Send, sight: Sight, entry_id: str | None, kind: Kind) -> None:
        """Follow one of them, or all where none is named."""
        self._hass = hass
        self._send = send
        self._sight = sight
        self._entry_id = entry_id
        self._kind = kind
        self._group, self._count, self._language = kind
        self._boards: dict[str, AnyBoard] = {}
        self._shown: dict[str, Shown] = {}
        self._sent: dict[str, Row] | None = None
        self._servers: list[dict[str, Any]] = []
        self._following: list[CALLBACK_TYPE] = []
        self._other: list[CALLBACK_TYPE] = []
        self._beginning: asyncio.Task[None] | None = None

    @callback
    def start(self) -> None:
        """Send everything, and what changes from now on."""
        self._other = [
            async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed),
            async_track_time_change(self._hass, self._begin, hour=0, minute=0, second=0),
            self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._begin),
        ]
        self._begin()

    @callback
    def stop(self) -> None:
        """Follow nothing any more."""
        if self._beginning is not None:
            self._beginning.cancel()
        for end in (*self._other, *self._following):
            end()
        self._other, self._following, self._boards = [], [], {}

    @callback
    def _begin(self, _: datetime | Event | None = None) -> None:
        """Follow what is loaded now, and send everything of them."""
        if self._beginning is not None:
            self._beginning.cancel()
        for end in self._following:
            end()
        known = (
            (entry.entry_id, board_of(self._hass, entry))
            for entry in entries_of(self._hass, self._group, self._entry_id)
        )
        self._boards = {entry_id: board for entry_id, board in known if board is not None}
        self._following = [
            board.follow(self._kind, partial(self._update, entry_id)) for entry_id, board in self._boards.items()
        ]
        self._sent = None
        self._beginning = self._hass.async_create_task(self._async_send_all(), "dashboard snapshot")

    async def _async_send_all(self) -> None:
        await async_load_errors(self._hass, self._language)
        self._shown = {entry_id: await board.async_shown(self._kind) for entry_id, board in self._boards.items()}
        days = Days.ending(dt_util.utcnow(), dt_util.get_default_time_zone(), self._count)
        self._sent = self._rows()
        self._servers = self._current_servers()
        self._send(
            {
                "t": "snapshot",
                "v": _VERSION,
                "end": days.dates[-1].isoformat(),
                "days": len(days),
                "tz": self._hass.config.time_zone,
                "servers": self._servers,
                "rows": list(self._sent.values()),
            }
        )

    def _rows(self) -> dict[str, Row]:
        """Return the rows that may be seen, in their order."""
        ranked = [found for shown in self._shown.values() for found in shown.rows.values()]
        if len(self._shown) > 1:
            ranked.sort(key=lambda found: found.rank)
        return {found.row["id"]: found.row for found in ranked if self._may_be_seen(found)}

    def _may_be_seen(self, found: RankedRow) -> bool:
        return self._sight.reads(found.row["entity_id"])

    def _current_servers(self) -> list[dict[str, Any]]:
        return servers(self._hass, self._sight, self._language, self._entry_id, group=self._group)

    @callback
    def _update(self, entry_id: str, shown: Shown) -> None:
        """Send what has changed; before everything was sent, nothing has."""
        self._shown[entry_id] = shown
        if (sent := self._sent) is None:
            return
        self._sent = rows = self._rows()
        changed = [row for row_id, row in rows.items() if row is not (known := sent.get(row_id)) and row != known]
        gone = [row_id for row_id in sent if row_id not in rows]
        if changed or gone:
            self._send({"t": "rows", "rows": changed, "gone": gone})
        self._update_servers()

    def _update_servers(self) -> None:
        current = self._current_servers()
        if current != self._servers:
            self._servers = current
            self._send({"t": "servers", "servers": current})

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN or self._entry_id not in {None, entry.entry_id}:
            return
        known = {known.entry_id: known for known in entries_of(self._hass, self._group, self._entry_id)}
        loaded = {entry_id for entry_id, found in known.items() if watcher_of(found) is not None}
        if loaded != self._boards.keys() or known.keys() != {told["id"] for told in self._servers}:
            self._begin()
        elif change is ConfigEntryChange.UPDATED and self._sent is not None:
            self._update_servers()
