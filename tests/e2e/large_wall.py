"""A wall of five hundred guests that Home Assistant does not have: the page's own connection answers for it."""

from dataclasses import dataclass, field
import json
from random import Random
import time
from typing import Any, Final

from playwright.sync_api import WebSocketRoute

from .browser import Tab

GUESTS: Final = 500
DAYS: Final = 30
_SUBSCRIBE: Final = "proxmox_backup_checker/wall/subscribe"


def rows() -> list[dict[str, Any]]:
    """Return rows of guests, some of them with problems."""
    random, now = Random(7), int(time.time())
    made: list[dict[str, Any]] = []
    for number in range(GUESTS):
        bad = random.random() < 0.05
        cells = "".join(random.choices("owfmn", [50 if bad else 92, 3, 30 if bad else 3, 1, 1])[0] for _ in range(DAYS))
        status, reason = ("failed", "The last backup failed: no space left on device.") if bad else ("ok", "Backed up.")
        made.append(
            {
                "id": f"entry/guest/{100 + number}",
                "name": f"guest-{number:03}",
                "kind": "qemu",
                "status": status,
                "problem": bad,
                "cells": cells,
                "size": 40 << 30,
                "duration": 300,
                "last_success": now - random.randrange(86400),
                "next_due": now + random.randrange(86400),
                "entity_id": None,
                "where": "pve1",
                "reason": reason,
                "acknowledged": False,
                "new": False,
                "deleted": False,
                "failures": int(bad),
                "tags": [],
                "device_id": None,
            }
        )
    return made


@dataclass
class LargeWall:
    """Answers the subscription of a wall, lets all else through, and can send more."""

    rows: list[dict[str, Any]] = field(default_factory=rows)
    _route: WebSocketRoute | None = None
    _subscriptions: list[int] = field(default_factory=list)

    def install(self, tab: Tab) -> None:
        """Stand between the page and Home Assistant."""
        tab.page.route_web_socket("**/api/websocket", self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        self._route = route

        def from_page(message: str | bytes) -> None:
            parsed = json.loads(message)
            for one in parsed if isinstance(parsed, list) else [parsed]:
                if one.get("type") == _SUBSCRIBE:
                    self._answer(route, one["id"])
                elif one.get("type") == "proxmox_backup_checker/sizes":
                    sizes = {row: [40 << 30] * DAYS for row in one["ids"]}
                    self._send({"id": one["id"], "type": "result", "success": True, "result": sizes})
                else:
                    server.send(json.dumps(one))

        route.on_message(from_page)

    def _answer(self, route: WebSocketRoute, number: int) -> None:
        counts = {"guests": GUESTS, "protected": GUESTS, "problems": 0, "warnings": 0, "uncovered": 0, "unknown": 0}
        server = {
            "id": "entry",
            "name": "large",
            "state": "ok",
            "since": None,
            "error": None,
            "device_id": None,
            "url": "",
            "counts": {**counts, "paused": 0, "ignored": 0},
        }
        snapshot = {
            "t": "snapshot",
            "v": 2,
            "end": time.strftime("%Y-%m-%d"),
            "days": DAYS,
            "tz": "Europe/Berlin",
            "servers": [server],
            "rows": self.rows,
        }
        self._subscriptions.append(number)
        self._send({"id": number, "type": "result", "success": True, "result": None})
        self._send({"id": number, "type": "event", "event": snapshot})

    def change(self, row: dict[str, Any]) -> None:
        """Send one row anew."""
        for number in self._subscriptions:
            self._send({"id": number, "type": "event", "event": {"t": "rows", "rows": [row], "gone": []}})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._route is not None
        self._route.send(json.dumps(message))
