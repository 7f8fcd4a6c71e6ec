"""The sign of life for another monitor: sent when all that can be read was read, and saying nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import logging
from typing import Any

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.diagnostics import async_get_config_entry_diagnostics
from simulator import SimulatedCluster
from simulator.outcomes import failed

from .conftest import RunningAgent, poll, set_up

SECRET = "5d0c1c1e-secret"


@dataclass
class Monitor:
    """Another monitor, which notes what it is asked."""

    asked: list[web.Request] = field(default_factory=list)
    status: int = 200
    port: int = 0

    @property
    def url(self) -> str:
        """The address that it gives its users."""
        return f"http://127.0.0.1:{self.port}/ping/{SECRET}?status=up"

    async def answer(self, request: web.Request) -> web.Response:
        """Note a question, and answer it."""
        self.asked.append(request)
        assert not await request.read()
        headers = {"Location": f"http://127.0.0.1:{self.port}/elsewhere"} if 300 <= self.status < 400 else {}
        return web.Response(status=self.status, headers=headers)


@asynccontextmanager
async def _running(monitor: Monitor) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", monitor.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", monitor.port).start()
    monitor.port = runner.addresses[0][1]
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture
async def monitor(hass: HomeAssistant, real_network: None) -> AsyncIterator[Monitor]:
    """A monitor that can be reached."""
    monitor = Monitor()
    async with _running(monitor):
        yield monitor


async def _set_up(hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor, **options: Any) -> MockConfigEntry:
    entry = await set_up(hass, pve, options={"heartbeat_url": monitor.url, **options})
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def _look(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await poll(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)


async def _moments() -> None:
    for _ in range(20):
        await asyncio.sleep(0.01)


def _issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"heartbeat_undelivered_{entry.entry_id}")


async def test_each_look_that_reads_everything_is_told_and_nothing_of_the_cluster(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    entry = await _set_up(hass, pve, monitor)
    assert len(monitor.asked) == 1
    await _look(hass, entry)
    assert [(request.method, request.path_qs) for request in monitor.asked] == [
        ("GET", f"/ping/{SECRET}?status=up")
    ] * 2
    sent = " ".join(f"{name}: {value}" for request in monitor.asked for name, value in request.headers.items())
    for name in (entry.title, *pve.nodes, "web", "nas", "nightly"):
        assert name not in sent
    assert _issue(hass, entry) is None


async def test_problems_do_not_keep_it_back(hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor) -> None:
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    entry = await _set_up(hass, pve, monitor)
    assert entry.runtime_data.assessment.counts.problems == 1
    assert len(monitor.asked) == 1


async def test_what_does_not_read_proxmox_sends_nothing(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    """An acknowledgement or a message told late is no look."""
    entry = await _set_up(hass, pve, monitor)
    await entry.runtime_data.async_tell()
    entry.runtime_data.async_update_listeners()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(monitor.asked) == 1


async def test_a_cluster_that_cannot_be_read_sends_nothing_until_it_can(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    entry = await _set_up(hass, pve, monitor)
    for server in pve.servers.values():
        server.refuse()
    await _look(hass, entry)
    await _look(hass, entry)
    assert len(monitor.asked) == 1
    for server in pve.servers.values():
        server.resume()
    await _look(hass, entry)
    assert len(monitor.asked) == 2


async def test_a_part_that_cannot_be_read_keeps_it_back(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    entry = await _set_up(hass, pve, monitor)
    pve.faults.errors["/nodes/pve2/tasks"] = (500, "unable to read tail")
    pve.node("pve2").other_task("aptupdate")
    await _look(hass, entry)
    assert entry.runtime_data.reading.troubles
    assert len(monitor.asked) == 1
    pve.faults.errors.clear()
    await _look(hass, entry)
    assert len(monitor.asked) == 2


async def test_a_log_that_is_still_to_be_read_keeps_it_back(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    """Also at a look that leaves it in peace, since it could not be read just before."""
    entry = await _set_up(hass, pve, monitor)
    pve.faults.errors["/log"] = (500, "got timeout")
    pve.job("nightly").run()
    for _ in range(12):
        await _look(hass, entry)
        reading = entry.runtime_data.reading
        if not reading.troubles:
            break
    assert reading.unread
    assert not reading.troubles
    assert len(monitor.asked) == 1


async def test_a_storage_that_cannot_be_listed_keeps_it_back(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    pve.faults.errors["/storage/nas/"] = (500, "cannot list")
    entry = await _set_up(hass, pve, monitor)
    assert any(storage.unreadable for storage in entry.runtime_data.reading.facts.storages)
    assert not monitor.asked


async def test_a_log_agent_that_does_not_answer_keeps_it_back(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options={"heartbeat_url": monitor.url, **log_agent.options})
    # Listening to a log agent never ends, so that nobody can wait for all that goes on in the background.
    await _moments()
    assert len(monitor.asked) == 1
    await log_agent.stop()
    await poll(hass, entry)
    await _moments()
    assert entry.runtime_data.reading.agent_errors
    assert len(monitor.asked) == 1


async def test_a_node_that_is_off_does_not_keep_it_back(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    """What is off cannot be read; that its backups are missing is told by other means."""
    pve.nodes["pve3"].go_offline()
    await _set_up(hass, pve, monitor)
    assert len(monitor.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 404, 500])
async def test_an_address_that_refuses_at_first_is_a_repair_at_once(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor, status: int
) -> None:
    monitor.status = status
    entry = await _set_up(hass, pve, monitor)
    assert [request.path for request in monitor.asked] == [f"/ping/{SECRET}"]
    issue = _issue(hass, entry)
    assert issue is not None
    assert issue.translation_placeholders == {"cluster": "small", "error": f"HTTP {status}"}
    monitor.status = 200
    await _look(hass, entry)
    assert _issue(hass, entry) is None


async def test_a_monitor_that_is_away_for_a_while_is_no_repair(
    hass: HomeAssistant, pve: SimulatedCluster, real_network: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.proxmox_backup_checker")
    monitor = Monitor()
    async with _running(monitor):
        entry = await _set_up(hass, pve, monitor)
    for _ in range(2):
        await _look(hass, entry)
        assert _issue(hass, entry) is None
    await _look(hass, entry)
    issue = _issue(hass, entry)
    assert issue is not None
    assert issue.translation_placeholders == {"cluster": "small", "error": "there is no connection to it"}
    async with _running(monitor):
        await _look(hass, entry)
    assert _issue(hass, entry) is None
    told = [line for line in caplog.messages if "heartbeat" in line]
    assert told == [
        "small: The heartbeat could not be delivered: no connection",
        "small: The heartbeat is delivered again",
    ]
    assert not [
        record for record in caplog.records if SECRET in record.getMessage() and record.name != "aiohttp.access"
    ]


async def test_the_address_stands_in_no_diagnostics(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    monitor.status = 404
    entry = await _set_up(hass, pve, monitor)
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["entry"]["options"]["heartbeat_url"] == "**REDACTED**"
    assert SECRET not in str(told)
    assert SECRET not in str(_issue(hass, entry))
    await hass.config_entries.async_unload(entry.entry_id)
    assert SECRET not in str(await async_get_config_entry_diagnostics(hass, entry))


async def test_nothing_is_sent_after_the_entry_is_unloaded(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    entry = await _set_up(hass, pve, monitor)
    coordinator = entry.runtime_data
    await hass.config_entries.async_unload(entry.entry_id)
    coordinator.async_update_listeners()
    await asyncio.sleep(0)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(monitor.asked) == 1


async def _options(hass: HomeAssistant, entry: MockConfigEntry, **entered: str) -> Any:
    options = hass.config_entries.options
    step = await options.async_init(entry.entry_id)
    step = await options.async_configure(step["flow_id"], {"next_step_id": "heartbeat"})
    assert step["type"] is FlowResultType.FORM
    step = await options.async_configure(step["flow_id"], entered)
    await hass.async_block_till_done(wait_background_tasks=True)
    return step


async def test_an_address_is_entered_changed_and_taken_out_in_the_options(
    hass: HomeAssistant, pve: SimulatedCluster, monitor: Monitor
) -> None:
    entry = await set_up(hass, pve, options={"ignored_guests": ["104"]})
    step = await _options(hass, entry, heartbeat_url=f"  {monitor.url} ")
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"ignored_guests": ["104"], "heartbeat_url": monitor.url}
    assert len(monitor.asked) == 1
    monitor.status = 404
    await _look(hass, entry)
    await _options(hass, entry)
    assert entry.options == {"ignored_guests": ["104"]}
    assert _issue(hass, entry) is None
    before = len(monitor.asked)
    await _look(hass, entry)
    assert len(monitor.asked) == before


@pytest.mark.parametrize("entered", ["healthchecks", "ftp://host/path", "https://", "file:///etc/passwd", "//host/x"])
async def test_what_is_no_address_is_refused_and_shown_again(
    hass: HomeAssistant, pve: SimulatedCluster, entered: str
) -> None:
    entry = await set_up(hass, pve)
    step = await _options(hass, entry, heartbeat_url=entered)
    assert step["errors"] == {"heartbeat_url": "invalid_heartbeat"}
    assert [key.description["suggested_value"] for key in step["data_schema"].schema] == [entered]
    assert entry.options == {}
