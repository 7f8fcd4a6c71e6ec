"""One subscription of a dashboard card: everything at first, then only what has changed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.util import dt as dt_util

from ..checker.views.wall.days import Days
from ..const import DOMAIN
from .rows import EntryRows, Group, Row
from .servers import coordinator_of, entries, server

_VERSION: Final = 1
# New entities are registered right after the picture in which they appear.
_ENTITIES_SETTLE: Final = 0.5

type Send = Callable[[dict[str, Any]], None]


class WallFeed:
    """Follows the clusters that a card shows, and sends what it has to show."""

    def __init__(self, hass: HomeAssistant, send: Send, entry_id: str | None, group: Group, days: int) -> None:
        """Follow one cluster, or all of them where none is named."""
        self._hass = hass
        self._send = send
        self._entry_id = entry_id
        self._group: Group = group
        self._count = days
        self._rows: dict[str, EntryRows] = {}
        self._sent: dict[str, Row] = {}
        self._servers: list[dict[str, Any]] = []
        self._pictures: dict[str, CALLBACK_TYPE] = {}
        self._other: list[CALLBACK_TYPE] = []
        self._settling: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Send everything, and what changes from now on."""
        hass = self._hass
        self._other = [
            async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed),
            async_track_time_change(hass, self._begin_day, hour=0, minute=0, second=0),
            hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._begin_day),
            hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, self._entities_changed),
        ]
        self._send_snapshot()

    @callback
    def stop(self) -> None:
        """Follow nothing any more."""
        for end in (*self._other, *self._pictures.values(), *([self._settling] if self._settling else [])):
            end()
        self._other, self._pictures, self._settling = [], {}, None

    def _send_snapshot(self) -> None:
        self._follow()
        days = self._days()
        rows = self._current(days)
        self._sent = {row[0]: row for row in rows}
        self._servers = self._current_servers()
        self._send(
            {
                "t": "snapshot",
                "v": _VERSION,
                "end": days.dates[-1].isoformat(),
                "days": len(days),
                "tz": self._hass.config.time_zone,
                "servers": self._servers,
                "rows": rows,
            }
        )

    def _follow(self) -> None:
        """Listen to the pictures of the clusters that are loaded now."""
        for end in self._pictures.values():
            end()
        loaded = {
            entry: coordinator
            for entry in entries(self._hass, self._entry_id)
            if (coordinator := coordinator_of(entry)) is not None
        }
        self._pictures = {
            entry.entry_id: coordinator.async_add_listener(self._update) for entry, coordinator in loaded.items()
        }
        self._rows = {
            entry.entry_id: self._rows.get(entry.entry_id) or EntryRows(self._hass, entry, self._group)
            for entry in loaded
        }

    def _days(self) -> Days:
        return Days.ending(dt_util.utcnow(), dt_util.get_default_time_zone(), self._count)

    def _current(self, days: Days) -> list[Row]:
        now = dt_util.utcnow()
        ranked = [
            found
            for entry in entries(self._hass, self._entry_id)
            if (coordinator := coordinator_of(entry)) is not None and entry.entry_id in self._rows
            for found in self._rows[entry.entry_id].update(coordinator, days, now)
        ]
        return [row for _, row in sorted(ranked, key=lambda found: found[0])]

    def _current_servers(self) -> list[dict[str, Any]]:
        return [server(self._hass, entry) for entry in entries(self._hass, self._entry_id)]

    @callback
    def _update(self) -> None:
        """Send what has changed."""
        rows = {row[0]: row for row in self._current(self._days())}
        changed = [row for row_id, row in rows.items() if row != self._sent.get(row_id)]
        gone = [row_id for row_id in self._sent if row_id not in rows]
        self._sent = rows
        if changed or gone:
            self._send({"t": "rows", "rows": changed, "gone": gone})
        self._update_servers()

    def _update_servers(self) -> None:
        servers = self._current_servers()
        if servers != self._servers:
            self._servers = servers
            self._send({"t": "servers", "servers": servers})

    @callback
    def _begin_day(self, _: datetime | Event) -> None:
        self._send_snapshot()

    @callback
    def _entry_changed(self, change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN or self._entry_id not in {None, entry.entry_id}:
            return
        known = {known.entry_id for known in entries(self._hass, self._entry_id)}
        loaded = {known.entry_id for known in entries(self._hass, self._entry_id) if coordinator_of(known) is not None}
        if change is ConfigEntryChange.UPDATED and loaded == self._pictures.keys():
            self._update_servers()
        elif loaded != self._pictures.keys() or known != {told["id"] for told in self._servers}:
            self._rows.pop(entry.entry_id, None)
            self._send_snapshot()

    @callback
    def _entities_changed(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["entity_id"].startswith("binary_sensor.") and self._settling is None:
            self._settling = async_call_later(self._hass, _ENTITIES_SETTLE, self._entities_settled)

    @callback
    def _entities_settled(self, _: datetime) -> None:
        self._settling = None
        self._update()
