"""Reads the clocks and time zones of the nodes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import time
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.errors import UnexpectedAnswerError
from ..read_schedule import HOURLY, ReadSchedule

# A clock shows full seconds, and the answer may have come at any moment of its round trip.
_SKEW_TOLERATED: Final = timedelta(seconds=5)
_LONGEST_TRIP: Final = timedelta(seconds=10)
_AHEAD_TOLERATED: Final = timedelta(minutes=1)

type ZoneFinder = Callable[[str], Awaitable[ZoneInfo | None]]


class ClockReader:
    """Keeps each node's time zone, and what its clock is ahead of ours."""

    def __init__(
        self,
        client: ProxmoxClient,
        schedule: ReadSchedule,
        find_zone: ZoneFinder,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read through a client; `find_zone` returns a time zone by its name or None, `timer` counts seconds."""
        self._client = client
        self._schedule = schedule
        self._find_zone = find_zone
        self._timer = timer
        self._zones: dict[str, ZoneInfo | None] = {}
        self._skews: dict[str, timedelta] = {}
        self._shown: dict[str, datetime] = {}
        self._now = datetime.fromtimestamp(0, UTC)
        self._begun = 0.0

    def begin(self, now: datetime) -> None:
        """Begin a poll at a moment of our clock."""
        self._now, self._begun = now, self._timer()

    def zone(self, node: str) -> ZoneInfo | None:
        """Return a node's time zone, None where it was never read or has a name that we do not know."""
        return self._zones.get(node)

    def skew(self, node: str) -> timedelta:
        """Return what a node's clock is ahead of ours; zero where the difference is too small to be told."""
        return self._skews.get(node, timedelta())

    async def check(self, node: str, shown: datetime) -> None:
        """Read a node's clock again where the node has dated something new later than its clock can show.

        Somebody has set the clock, then, or the run is from the future: who judges it needs to know which. Raises any
        ProxmoxError.
        """
        known = self._shown.get(node)
        if shown > self._now + self.skew(node) + _AHEAD_TOLERATED and (known is None or shown > known):
            self._shown[node] = shown
            self._schedule.forget(lambda topic: topic == ("clock", node))
            await self.read(node)

    async def read(self, node: str) -> None:
        """Read a node's clock once an hour; raises any ProxmoxError.

        An answer that was long under way says little about the clock: what was known before stays until the next poll.
        """
        if not self._schedule.is_due(("clock", node), self._now, HOURLY):
            return
        asked = self._present()
        clock = await self._client.node_time(node)
        trip = self._present() - asked
        self._zones[node] = await self._find_zone(clock.zone)
        if trip > _LONGEST_TRIP:
            return
        try:
            skew = datetime.fromtimestamp(clock.time, UTC) - (asked + trip / 2)
        except (OverflowError, ValueError, OSError) as error:
            raise UnexpectedAnswerError(f"/nodes/{node}/time: {clock.time} is no moment") from error
        told = timedelta(seconds=round(skew.total_seconds()))
        self._skews[node] = told if abs(skew) > _SKEW_TOLERATED + trip / 2 else timedelta()
        self._schedule.note(("clock", node), self._now)

    def _present(self) -> datetime:
        """Return the present by the clock of the poll."""
        return self._now + timedelta(seconds=self._timer() - self._begun)
