"""What a log agent tells reaches the sensors within seconds, without any poll."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import json
import logging
from pathlib import Path
from shutil import copytree
import time

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.repair_issues import agent_issue
from custom_components.proxmox_backup_checker.sources.log_agents.listener import _pause
from proxmox_backup_log_agent.certificate import CERTIFICATE_FILE, KEY_FILE, make_certificate, server_context
from simulator import SimulatedCluster
from simulator.outcomes import failed, running

from ...conftest import RunningAgent, StartAgent, poll, set_up
from ...states import problem, shown

# Much longer than anything takes on a machine that has nothing else to do.
PATIENCE = 60


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


def job_states(agent: RunningAgent) -> str:
    return (agent.root / "var/lib/pve-manager/jobs/vzdump-backup-nightly.json").read_text()


def issue_key(hass: HomeAssistant, issue_id: str) -> str | None:
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    return None if issue is None else issue.translation_key


def certificates_in(folder: Path) -> Path:
    folder.mkdir()
    make_certificate(folder, "pve1")
    return folder


@asynccontextmanager
async def agent_of_a_copy(pve: SimulatedCluster, folder: Path) -> AsyncIterator[RunningAgent]:
    """Run the agent of pve1 on a copy of its files, so that it can know of an end before the API does."""
    copytree(pve.files_of("pve1"), folder / "copy")
    agent = RunningAgent(folder / "copy", "pve1", certificates_in(folder / "agent"))
    await agent.start()
    try:
        yield agent
    finally:
        await agent.stop()


@asynccontextmanager
async def outdated_agent(pve: SimulatedCluster, folder: Path) -> AsyncIterator[tuple[RunningAgent, list[str]]]:
    """Answer as an agent of an earlier interface would; the list holds what it was asked for."""
    paths: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        status = {"version": "0.0.9", "api": 0, "node": "pve1", "time": 0, "time_zone": "Europe/Berlin"}
        return web.json_response(status | {"boot_time": 0, "logs": "readable", "jobs": "readable"})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    agent = RunningAgent(pve.files_of("pve1"), "pve1", certificates_in(folder / "agent"))
    context = server_context(agent.certificates / CERTIFICATE_FILE, agent.certificates / KEY_FILE)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    agent.port = runner.addresses[0][1]
    try:
        yield agent, paths
    finally:
        await runner.cleanup()


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


async def test_the_end_of_a_run_by_hand_is_told_by_the_log_of_its_guest(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    await set_up(hass, pve, options=log_agent.options)
    await asyncio.sleep(1)
    pve.clock.advance(hours=1)
    states = job_states(log_agent)
    pve.job("nightly").run(outcomes={101: failed("disk full")}, by="root@pam")
    pve.files_of("pve1")

    assert job_states(log_agent) == states
    await until(hass, lambda: problem(hass, 101) == ("on", "backup_failed"))


async def test_a_task_that_proxmox_still_lists_as_running_is_looked_at_again(
    hass: HomeAssistant, pve: SimulatedCluster, tmp_path: Path
) -> None:
    pve.job("nightly").run()
    pve.clock.advance(hours=1)
    [run] = [run for run in pve.job("nightly").start({101: failed("disk full")}) if run.node.name == "pve1"]
    async with agent_of_a_copy(pve, tmp_path) as agent:
        await set_up(hass, pve, options=agent.options)
        assert shown(hass, "_job_backup-nightly_status", "sensor").state == "running"
        await asyncio.sleep(1)
        before = requests(pve)
        state = agent.root / "var/lib/pve-manager/jobs/vzdump-backup-nightly.json"
        told = json.loads(state.read_text()) | {"state": "stopped", "upid": run.upid, "msg": "job errors"}
        state.write_text(json.dumps(told))
        await until(hass, lambda: requests(pve) > before)
        assert problem(hass, 101)[0] == "off"
        pve.clock.advance(hours=1)

        assert await until(hass, lambda: problem(hass, 101) == ("on", "backup_failed")) < 10


async def test_a_run_that_ended_while_the_agent_was_away_is_seen_when_it_is_back(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    await set_up(hass, pve, options=log_agent.options)
    await asyncio.sleep(1)
    await log_agent.stop()
    pve.clock.advance(hours=1)
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    pve.files_of("pve1")
    await asyncio.sleep(1)
    assert problem(hass, 101) == ("off", "backed_up")
    await log_agent.start()
    await until(hass, lambda: problem(hass, 101) == ("on", "backup_failed"))

    pve.clock.advance(hours=1)
    pve.job("nightly").run()
    pve.files_of("pve1")
    assert await until(hass, lambda: problem(hass, 101) == ("off", "backed_up")) < 5


async def test_an_agent_that_is_down_is_left_alone_more_and_more_and_without_noise(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up(hass, pve, options=log_agent.options)
    await asyncio.sleep(1)
    await log_agent.stop()
    caplog.clear()
    visits = 0

    def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", log_agent.port):
        await until(hass, lambda: shown(hass, "_node_pve1_log_agent").state == "off")
        await asyncio.sleep(1)

    assert 1 <= visits <= 2
    noise = [record for record in caplog.records if "proxmox_backup_checker" in record.name]
    assert not [record for record in noise if record.levelno >= logging.INFO]


def test_the_pauses_of_an_agent_that_stays_down_double_up_to_five_minutes() -> None:
    for failures, least in enumerate((5, 10, 20, 40, 80, 160)):
        assert least <= _pause(failures) <= 1.25 * least
    assert _pause(7) == _pause(1000) == 300


async def test_nothing_listens_any_more_after_unloading(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    assert any("log agent" in task.get_name() for task in asyncio.all_tasks())
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()

    assert not any("log agent" in task.get_name() for task in asyncio.all_tasks())


async def test_nothing_listens_any_more_when_home_assistant_stops(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    await set_up(hass, pve, options=log_agent.options)
    assert any("log agent" in task.get_name() for task in asyncio.all_tasks())
    await hass.async_stop(force=True)

    assert not any("log agent" in task.get_name() for task in asyncio.all_tasks())


async def test_the_agent_of_another_node_is_named_and_not_read(
    hass: HomeAssistant, pve: SimulatedCluster, start_agent: StartAgent
) -> None:
    pve.job("nightly").run()
    other = await start_agent("pve2")
    options = {"log_agents": {"pve1": other.options["log_agents"]["pve2"]}}
    entry = await set_up(hass, pve, options=options)

    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"{agent_issue('pve1')}_{entry.entry_id}")
    assert issue is not None
    assert issue.translation_key == "log_agent_other_node"
    assert shown(hass, "_guest_101_problem").attributes["confidence"] == "matched"


async def test_an_agent_that_turns_into_another_nodes_is_noticed_and_what_it_said_is_dropped(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve, options=log_agent.options)
    assert entry.runtime_data.reading.facts.job_states
    await asyncio.sleep(1)
    options = log_agent.options
    await log_agent.stop()
    log_agent.node = "pve2"
    await log_agent.start()
    assert log_agent.options["log_agents"]["pve2"] == options["log_agents"]["pve1"]

    await until(hass, lambda: issue_key(hass, f"{agent_issue('pve1')}_{entry.entry_id}") == "log_agent_other_node")
    assert not entry.runtime_data.reading.facts.job_states
    await log_agent.stop()
    log_agent.node = "pve1"
    await log_agent.start()
    await poll(hass, entry)
    assert issue_key(hass, f"{agent_issue('pve1')}_{entry.entry_id}") is None


async def test_an_outdated_agent_is_named_and_not_read(
    hass: HomeAssistant, pve: SimulatedCluster, tmp_path: Path
) -> None:
    pve.job("nightly").run()
    async with outdated_agent(pve, tmp_path) as (agent, paths):
        entry = await set_up(hass, pve, options=agent.options)
        issue = ir.async_get(hass).async_get_issue(DOMAIN, f"{agent_issue('pve1')}_{entry.entry_id}")
        assert issue is not None
        assert issue.translation_key == "log_agent_outdated"
        assert issue.translation_placeholders is not None
        assert "0.0.9" in issue.translation_placeholders["error"]
        assert shown(hass, "_guest_101_problem").attributes["confidence"] == "matched"
        await asyncio.sleep(1)
        assert set(paths) == {"/v1/status"}
