"""What open dashboards cost: how long the event loop of Home Assistant is kept from everything else in a poll.

Usage: python benchmarks/open_dashboards.py [--cards N] [--scenario NAME]

A real Home Assistant watches a simulated cluster in another process, over HTTPS, and so many dashboards with a wall of
guests and one of jobs are open, which ask for the sizes of a hundred rows after each poll. A slice is what the loop does without
a pause: its time by the clock, and what it computed itself, without the time in which other threads had their turn.
"""

import argparse
import asyncio
from asyncio.events import Handle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import gc
import logging
from pathlib import Path
import sys
import tempfile
import time
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tests.plugins.home_assistant_release  # noqa: F401, I001  # before all that is patched by it

from homeassistant import loader
from homeassistant.auth.models import Group, User
from homeassistant.auth.permissions.models import PermissionLookup
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from benchmarks.watched_cluster import free_port, served

DOMAIN = "proxmox_backup_checker"
GOAL = 20


@dataclass
class Slices:
    """The longest slices of a time, in seconds: by the clock, and of the loop's own computing."""

    found: list[tuple[float, float, str]] = field(default_factory=list)

    def line(self, what: str) -> str:
        """Return a line of the table."""
        clock, _, what_by_clock = max(self.found, default=(0.0, 0.0, ""))
        _, own, what_own = max(self.found, key=lambda one: one[1], default=(0.0, 0.0, ""))
        return f"| {what:<40} | {1000 * clock:6.1f} | {1000 * own:6.1f} | {what_by_clock}; {what_own} |"


def whose(handle: Handle) -> str:
    """Return the name of the task or function that a turn of the event loop belongs to."""
    call = handle._callback  # type: ignore[attr-defined]  # noqa: SLF001
    for found in (getattr(call, "__self__", None), *gc.get_referents(call)):
        if isinstance(found, asyncio.Task):
            return str(getattr(found.get_coro(), "__qualname__", found.get_name()))
    return str(getattr(call, "__qualname__", repr(call)))


@contextmanager
def slicing() -> Iterator[Slices]:
    """Note how long each turn of the event loop takes."""
    slices = Slices()
    run = Handle._run  # noqa: SLF001

    def noted(handle: Handle) -> None:
        own, clock = time.thread_time(), time.perf_counter()
        run(handle)
        took = time.perf_counter() - clock
        if took > 0.001:
            slices.found.append((took, time.thread_time() - own, whose(handle)))

    Handle._run = noted  # type: ignore[assignment, method-assign]  # noqa: SLF001
    try:
        yield slices
    finally:
        Handle._run = run  # type: ignore[method-assign]  # noqa: SLF001


class Card:
    """A connection as a browser has it, but for the socket."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Connect as an administrator."""
        self.sent = 0
        lookup = PermissionLookup(er.async_get(hass), dr.async_get(hass))
        admins = Group(name="admins", policy={"entities": True}, id="system-admin")
        user = User(name="admin", perm_lookup=lookup, groups=[admins], is_active=True)
        self._connection = ActiveConnection(logging.getLogger(), hass, self._send, user, None, None)  # type: ignore[arg-type]
        self._number = 0

    def ask(self, command: str, **message: Any) -> None:
        """Send a command."""
        self._number += 1
        self._connection.async_handle({"id": self._number, "type": f"{DOMAIN}/{command}", **message})

    def _send(self, message: bytes | str | dict[str, Any]) -> None:
        """Take what a browser would get."""
        self.sent += len(message)


async def measure(cards: int, scenario: str) -> float:
    """Print the table, and return the longest slice in a poll that was the loop's own, in milliseconds."""
    longest = 0.0
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as config:
        (Path(config) / "custom_components").symlink_to(Path(__file__).resolve().parent.parent / "custom_components")
        async with served(scenario, folder, 3) as cluster, async_test_home_assistant(config_dir=config) as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            await async_setup_component(hass, "homeassistant", {})
            await async_setup_component(hass, "http", {"http": {"server_port": free_port()}})
            await async_setup_component(hass, "websocket_api", {})
            entry = MockConfigEntry(domain=DOMAIN, title=scenario, unique_id=scenario, data=cluster.ours)
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done()
            guests = list(entry.runtime_data.assessment.guests)
            print(f"{len(guests)} guests, {len(entry.runtime_data.assessment.history.runs)} runs, {cards} dashboards")
            print("| what | by the clock, ms | its own, ms | which |\n| --- | ---: | ---: | --- |")
            opened = [Card(hass) for _ in range(cards)]
            with slicing() as slices:
                await asyncio.sleep(0)
                for card in opened:
                    card.ask("wall/subscribe", group="guest", days=30)
                    card.ask("wall/subscribe", group="job", days=30)
                await hass.async_block_till_done()
            print(slices.line(f"dashboards are opened, {opened[0].sent >> 10} KiB each"))
            ids = [f"{entry.entry_id}/guest/{vmid}" for vmid in guests[:100]]
            for number in range(6):
                # In turns nothing is new, and something of every guest.
                await cluster.tell(f"tag-{number}" if number % 2 else "?")
                sent = opened[0].sent
                with slicing() as slices:
                    await asyncio.sleep(0)
                    await entry.runtime_data.async_refresh()
                    await asyncio.sleep(1)
                    for card in opened:
                        card.ask("sizes", ids=ids, days=30)
                    await hass.async_block_till_done()
                told = f"{(opened[0].sent - sent) >> 10} KiB each"
                print(slices.line(f"poll {number + 1}, {told}"), flush=True)
                longest = max(longest, *(own for _, own, _ in slices.found))
            for action in ("list_runs", "list_archives", "report"):
                with slicing() as slices:
                    await asyncio.sleep(0)
                    await hass.services.async_call(DOMAIN, action, {}, blocking=True, return_response=True)
                    await asyncio.sleep(0)
                print(slices.line(action), flush=True)
            await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_stop(force=True)
    return 1000 * longest


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cards", type=int, default=2)
    parser.add_argument("--scenario", default="campus")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    longest = asyncio.run(measure(arguments.cards, arguments.scenario))
    print(f"longest slice of the loop in a poll: {longest:.1f} ms of its own, goal {GOAL} ms")
    return 0 if longest <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
