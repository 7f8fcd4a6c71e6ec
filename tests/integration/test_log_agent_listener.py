"""What a log agent tells reaches the sensors within seconds, without any poll."""

import asyncio
from collections.abc import Callable
import time

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.outcomes import failed, running

from .conftest import RunningAgent, StartAgent, poll, set_up
from .states import problem, shown

PATIENCE = 15


async def until(hass: HomeAssistant, condition: Callable[[], bool]) -> float:
    """Wait until something is so, and return the seconds that it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < PATIENCE
        await asyncio.sleep(0.05)
        await hass.async_block_till_done()
    return time.monotonic() - start


def requests(pve: SimulatedCluster) -> int:
    return sum(request.path.endswith("/cluster/resources") for request in pve.requests)


async def test_a_finished_run_is_seen_within_seconds_without_a_poll(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    await set_up(hass, pve, options=log_agent.options)
    assert problem(hass, 101) == ("off", "backed_up")
    await asyncio.sleep(1)
    pve.clock.advance(hours=1)
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    pve.files_of("pve1")

    assert await until(hass, lambda: problem(hass, 101) == ("on", "backup_failed")) < 5


async def test_without_an_agent_a_finished_run_is_seen_at_the_next_poll(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    pve.clock.advance(hours=1)
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    await asyncio.sleep(2)
    await hass.async_block_till_done()
    assert problem(hass, 101) == ("off", "backed_up")
    await poll(hass, entry)
    assert problem(hass, 101) == ("on", "backup_failed")


async def test_a_log_that_grows_is_no_reason_to_look_all_the_time(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    await set_up(hass, pve, options=log_agent.options)
    pve.clock.advance(hours=1)
    pve.job("nightly").start({101: running(90)})
    pve.files_of("pve1")
    await until(hass, lambda: shown(hass, "_job_backup-nightly_status", "sensor").state == "running")
    before = requests(pve)
    logs = log_agent.root / "var/log/vzdump"
    for number in range(20):
        with (logs / "qemu-101.log").open("a") as log:
            log.write(f"INFO: progress {number}\n")
        await asyncio.sleep(0.1)
    await hass.async_block_till_done()

    assert requests(pve) - before <= 2


async def test_an_agent_that_comes_back_is_listened_to_again(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    await set_up(hass, pve, options=log_agent.options)
    await asyncio.sleep(0.5)
    await log_agent.stop()
    await log_agent.start()
    await asyncio.sleep(8)
    pve.clock.advance(hours=1)
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    pve.files_of("pve1")

    await until(hass, lambda: problem(hass, 101) == ("on", "backup_failed"))


async def test_nothing_listens_any_more_after_unloading(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    assert any("log agent" in task.get_name() for task in asyncio.all_tasks())
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()

    assert not any("log agent" in task.get_name() for task in asyncio.all_tasks())


async def test_the_agent_of_another_node_is_named_and_not_read(
    hass: HomeAssistant, pve: SimulatedCluster, start_agent: StartAgent
) -> None:
    pve.job("nightly").run()
    other = await start_agent("pve2")
    options = {"log_agents": {"pve1": other.options["log_agents"]["pve2"]}}
    entry = await set_up(hass, pve, options=options)

    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"log_agent_pve1_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_key == "log_agent_other_node"
    assert shown(hass, "_guest_101_problem").attributes["confidence"] == "matched"
