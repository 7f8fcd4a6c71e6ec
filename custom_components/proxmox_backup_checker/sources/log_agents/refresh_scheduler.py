"""Decides when the cluster is read because a log agent has told something."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
import logging
from typing import Final

from ..source import Reading

_LOGGER = logging.getLogger(__name__)

# Seconds. Proxmox lists a task as running until its worker is gone, a moment after the job's state or the guest's log ended.
_LAG_PAUSES: Final = (3.0, 6.0, 12.0)
# However much the agents tell: enough for the ends of a busy night, and little for Proxmox where an agent never stops.
_AT_ONCE: Final = 15
_THEN_EVERY: Final = 120.0  # seconds

type LastReading = Callable[[], Reading | None]


class Allowance:
    """Lets a number of refreshes through at once, and after that one every so many seconds."""

    def __init__(self, at_once: int = _AT_ONCE, every: float = _THEN_EVERY) -> None:
        """Begin with the whole allowance."""
        self._at_once = at_once
        self._every = every
        self._whole_at = 0.0

    @property
    def next_at(self) -> float:
        """When the next refresh is allowed, in seconds of the event loop; a moment of the past is now."""
        return self._whole_at - (self._at_once - 1) * self._every

    def spend(self, now: float) -> None:
        """Use the allowance for one refresh."""
        self._whole_at = max(self._whole_at, now) + self._every


class RefreshScheduler:
    """Refreshes for all agents together: as soon as the most urgent news allows, and never too often.

    News that has to wait is not lost: the refresh comes when its time has come.
    """

    def __init__(
        self,
        refresh: Callable[[], Awaitable[None]],
        last_reading: LastReading,
        *,
        lag_pauses: tuple[float, ...] = _LAG_PAUSES,
        allowance: Allowance | None = None,
    ) -> None:
        """Begin right after a poll; `lag_pauses` lie between the refreshes for an end that an agent has told already."""
        self._refresh = refresh
        self._last_reading = last_reading
        self._lag_pauses = lag_pauses
        self._allowance = allowance or Allowance()
        self._refreshed = asyncio.get_running_loop().time()
        self._due: float | None = None
        self._earlier = asyncio.Event()
        self._ended: dict[str, int] = {}
        self._nodes_ended: set[str] = set()

    def request(self, gap: float) -> None:
        """Ask for a refresh when the last one is `gap` seconds ago."""
        self._request_at(max(self._refreshed + gap, asyncio.get_running_loop().time()))

    def expect_ended(self, upids: Iterable[str]) -> None:
        """Go on refreshing until these runs are seen to have ended, a few times at most."""
        self._ended |= dict.fromkeys(upids, 0)

    def expect_end_on(self, node: str) -> None:
        """Refresh once more if the next reading shows a run on this node."""
        self._nodes_ended.add(node)

    async def run(self) -> None:
        """Refresh whenever it is time, until cancelled."""
        while True:
            await self._wait()
            self._due = None
            self._refreshed = asyncio.get_running_loop().time()
            self._allowance.spend(self._refreshed)
            nodes, self._nodes_ended = self._nodes_ended, set()
            try:
                await self._refresh()
            except Exception:
                _LOGGER.exception("A poll that a log agent asked for failed")
            self._repeat_where_proxmox_lags(nodes)

    async def _wait(self) -> None:
        """Return when a refresh is due; more urgent news shortens the wait."""
        while True:
            self._earlier.clear()
            now = asyncio.get_running_loop().time()
            rest = None if self._due is None else max(self._due, self._allowance.next_at) - now
            if rest is not None and rest <= 0:
                return
            try:
                async with asyncio.timeout(rest):
                    await self._earlier.wait()
            except TimeoutError:
                return

    def _repeat_where_proxmox_lags(self, nodes: set[str]) -> None:
        """Ask for another refresh where Proxmox does not yet show an end that an agent has told."""
        reading = self._last_reading()
        if reading is None:
            return
        now = asyncio.get_running_loop().time()
        late = {
            upid: tries
            for upid, tries in self._ended.items()
            if tries < len(self._lag_pauses) and upid not in reading.ended
        }
        for tries in late.values():
            self._request_at(now + self._lag_pauses[tries])
        self._ended = {upid: tries + 1 for upid, tries in late.items()}
        if any(run.task.running and run.task.node in nodes for run in reading.facts.runs):
            self._request_at(now + self._lag_pauses[0])

    def _request_at(self, due: float) -> None:
        if self._due is None or due < self._due:
            self._due = due
            self._earlier.set()
