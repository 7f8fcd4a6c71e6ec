"""The clock of a node, measured around the one answer that tells it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import override
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import NodeTime
from custom_components.proxmox_backup_checker.proxmox.api.errors import UnexpectedAnswerError
from custom_components.proxmox_backup_checker.sources.pve.clock_reader import ClockReader
from custom_components.proxmox_backup_checker.sources.read_schedule import ReadSchedule

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class Proxmox(ProxmoxClient):
    """A node whose answer takes its time; `present` are the seconds since the poll began."""

    def __init__(self, *, ahead: float = 0, trip: float = 0, zone: str = "Europe/Berlin") -> None:
        """Set the node's clock ahead of ours."""
        self.ahead, self.trip, self.zone = ahead, trip, zone
        self.present = 0.0
        self.asked = 0

    @override
    async def node_time(self, node: str) -> NodeTime:
        """Tell the time in the middle of the trip, in full seconds."""
        self.asked += 1
        told = NOW.timestamp() + self.present + self.trip / 2 + self.ahead
        self.present += self.trip
        return NodeTime(zone=self.zone, time=int(told))


async def find_zone(name: str) -> ZoneInfo | None:
    return ZoneInfo(name) if name == "Europe/Berlin" else None


def reader(proxmox: Proxmox) -> ClockReader:
    def timer() -> float:
        return proxmox.present

    counting: Callable[[], float] = timer
    clocks = ClockReader(proxmox, ReadSchedule(), find_zone, counting)
    clocks.begin(NOW)
    return clocks


async def test_slow_answers_before_it_are_no_difference_of_the_clocks() -> None:
    proxmox = Proxmox()
    clocks = reader(proxmox)
    proxmox.present = 40
    await clocks.read("pve1")
    assert clocks.skew("pve1") == timedelta()


async def test_half_of_its_own_trip_is_taken_off() -> None:
    clocks = reader(Proxmox(ahead=240, trip=8))
    await clocks.read("pve1")
    assert clocks.skew("pve1") == timedelta(seconds=240)


async def test_an_answer_that_was_long_under_way_says_nothing_and_is_asked_for_again() -> None:
    proxmox = Proxmox(trip=40)
    clocks = reader(proxmox)
    await clocks.read("pve1")
    assert clocks.skew("pve1") == timedelta()
    assert clocks.zone("pve1") == ZoneInfo("Europe/Berlin")
    proxmox.trip = 0
    clocks.begin(NOW + timedelta(minutes=10))
    await clocks.read("pve1")
    assert proxmox.asked == 2


async def test_a_clock_is_asked_for_once_an_hour() -> None:
    proxmox = Proxmox()
    clocks = reader(proxmox)
    for minutes in range(0, 130, 10):
        clocks.begin(NOW + timedelta(minutes=minutes))
        await clocks.read("pve1")
    assert proxmox.asked == 3


async def test_a_zone_that_nobody_knows_is_no_zone() -> None:
    clocks = reader(Proxmox(zone="Mars/Olympus"))
    await clocks.read("pve1")
    assert clocks.zone("pve1") is None


async def test_a_time_that_is_none_is_named() -> None:
    clocks = reader(Proxmox(ahead=2.0**60))
    with pytest.raises(UnexpectedAnswerError, match="is no moment"):
        await clocks.read("pve1")


async def test_a_clock_that_was_set_is_read_again_once_something_new_shows_it() -> None:
    proxmox = Proxmox()
    clocks = reader(proxmox)
    await clocks.read("pve1")
    await clocks.check("pve1", NOW)
    assert proxmox.asked == 1
    proxmox.ahead = 7200
    for _ in range(3):
        await clocks.check("pve1", NOW + timedelta(hours=2))
    assert (proxmox.asked, clocks.skew("pve1")) == (2, timedelta(hours=2))


async def test_a_run_from_the_future_is_checked_once_and_not_with_every_poll() -> None:
    proxmox = Proxmox()
    clocks = reader(proxmox)
    for minutes in range(0, 60, 10):
        clocks.begin(NOW + timedelta(minutes=minutes))
        await clocks.read("pve1")
        await clocks.check("pve1", NOW + timedelta(days=7000))
    assert (proxmox.asked, clocks.skew("pve1")) == (2, timedelta())
