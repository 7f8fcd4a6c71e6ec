"""When the cluster is read because an agent has told something."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import time

from homeassistant.core import HomeAssistant

from custom_components.proxmox_backup_checker.sources.log_agents.refresh_scheduler import Allowance, RefreshScheduler
from simulator import SimulatedCluster

from ...conftest import set_up

PATIENCE = 60


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < PATIENCE
        await asyncio.sleep(0.01)


class Refreshes:
    """Counts what the scheduler asks for; no reading comes of it."""

    def __init__(self) -> None:
        """Begin without any."""
        self.count = 0

    async def refresh(self) -> None:
        """Count one."""
        self.count += 1


@asynccontextmanager
async def running(scheduler: RefreshScheduler) -> AsyncIterator[None]:
    """Let a scheduler run."""
    task = asyncio.get_running_loop().create_task(scheduler.run())
    try:
        yield
    finally:
        task.cancel()


def requests(pve: SimulatedCluster) -> int:
    return sum(request.path.endswith("/cluster/resources") for request in pve.requests)


async def test_a_task_that_never_ends_in_the_list_is_looked_at_a_few_times_only(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    coordinator = entry.runtime_data
    scheduler = RefreshScheduler(coordinator.async_refresh, lambda: coordinator.reading, lag_pauses=(0.1, 0.1, 0.1))
    scheduler.expect_ended(["UPID:pve1:00000001:00000001:00000001:vzdump::root@pam:"])
    before = requests(pve)
    scheduler.request(0)
    async with running(scheduler):
        await until(lambda: requests(pve) - before >= 4)
        await asyncio.sleep(1)

    assert requests(pve) - before == 4


async def test_news_that_has_to_wait_is_looked_at_in_the_end_and_only_once() -> None:
    refreshes = Refreshes()
    scheduler = RefreshScheduler(refreshes.refresh, lambda: None)
    async with running(scheduler):
        for _ in range(10):
            scheduler.request(1)
            await asyncio.sleep(0.05)
        assert refreshes.count == 0
        await asyncio.sleep(1)
        assert refreshes.count == 1
        scheduler.request(60)
        scheduler.request(0.5)
        await asyncio.sleep(1)
        assert refreshes.count == 2


async def test_however_much_an_agent_tells_only_so_many_polls_come_of_it() -> None:
    refreshes = Refreshes()
    scheduler = RefreshScheduler(refreshes.refresh, lambda: None, allowance=Allowance(at_once=5, every=0.5))
    async with running(scheduler):
        end = time.monotonic() + 2.2
        while time.monotonic() < end:
            scheduler.request(0)
            await asyncio.sleep(0.005)

    assert 8 <= refreshes.count <= 9


async def test_news_beyond_the_allowance_is_not_lost() -> None:
    refreshes = Refreshes()
    scheduler = RefreshScheduler(refreshes.refresh, lambda: None, allowance=Allowance(at_once=1, every=0.5))
    async with running(scheduler):
        scheduler.request(0)
        await until(lambda: refreshes.count == 1)
        scheduler.request(0)
        await asyncio.sleep(0.2)
        assert refreshes.count == 1
        await until(lambda: refreshes.count == 2)


def test_an_hour_of_news_without_end_costs_44_polls() -> None:
    allowance, now, polls = Allowance(), 100_000.0, 0
    end = now + 3600
    while now < end:
        now = max(now, allowance.next_at)
        polls += now < end
        allowance.spend(now)
    assert polls == 44
    # A quiet hour brings the allowance back.
    assert allowance.next_at <= now + 3600
