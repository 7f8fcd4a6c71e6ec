"""Adding, replacing and removing log agents, each mistake continued to success."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import SimulatedCluster

from .conftest import RunningAgent, StartAgent, set_up
from .gate import Gate

OTHER_FINGERPRINT = ":".join(["AB"] * 32)


@pytest.fixture
async def entry(hass: HomeAssistant, pve: SimulatedCluster) -> MockConfigEntry:
    """The cluster, set up without log agents."""
    return await set_up(hass, pve)


async def _enter(hass: HomeAssistant, result: Any, **data: Any) -> Any:
    result = await hass.config_entries.options.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    return result


async def _choose(hass: HomeAssistant, entry: MockConfigEntry, option: str) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    result = await _enter(hass, result, next_step_id=option)
    assert result["type"] is FlowResultType.FORM
    return result


async def _succeeds(hass: HomeAssistant, result: Any, entry: MockConfigEntry, agent: RunningAgent) -> None:
    """Enter the right pairing line: the agent is kept, and read."""
    result = await _enter(hass, result, pairing=agent.line)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == agent.options
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.reading.facts.nodes[agent.node].agent
    assert not entry.runtime_data.reading.agent_errors


async def test_the_pairing_line_is_enough(hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent) -> None:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["menu_options"] == ["settings", "places", "add_log_agent", "webhook", "heartbeat"]
    assert result["description_placeholders"] == {"nodes": "–"}
    before = entry.runtime_data
    result = await _enter(hass, result, next_step_id="add_log_agent")
    assert result["description_placeholders"]["command"] == "proxmox-backup-log-agent pair"
    await _succeeds(hass, result, entry, log_agent)
    assert entry.runtime_data is not before


async def test_address_and_token_are_enough_once_the_certificate_is_confirmed(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent
) -> None:
    result = await _choose(hass, entry, "add_log_agent")
    result = await _enter(hass, result, url=f" {log_agent.url}/ ", token=log_agent.token)
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"] == {"url": log_agent.url, "fingerprint": log_agent.fingerprint}
    assert entry.options == {}
    result = await _enter(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == log_agent.options


async def test_each_node_can_have_an_agent(
    hass: HomeAssistant, entry: MockConfigEntry, start_agent: StartAgent
) -> None:
    agents = [await start_agent(node) for node in ("pve2", "pve1")]
    for agent in agents:
        await _enter(hass, await _choose(hass, entry, "add_log_agent"), pairing=agent.line)
    assert entry.options["log_agents"].keys() == {"pve1", "pve2"}
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["description_placeholders"] == {"nodes": "pve1, pve2"}


@pytest.mark.parametrize(
    "entered",
    [
        {},
        {"pairing": "https://127.0.0.1:8765/"},
        {"pairing": "https://127.0.0.1:8765/#token=short&fingerprint=AB"},
        {"pairing": f"https://127.0.0.1:8765/#token={'t' * 43}&fingerprint=AB"},
        {"pairing": f"http://127.0.0.1:8765/#token={'t' * 43}"},
        {"url": "https://127.0.0.1:8765"},
        {"token": "t" * 43},
        {"url": "127.0.0.1:web", "token": "t" * 43},
    ],
)
async def test_a_broken_line_is_named_and_can_be_corrected(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent, entered: dict[str, str]
) -> None:
    result = await _enter(hass, await _choose(hass, entry, "add_log_agent"), **entered)
    assert result["errors"] == {"base": "invalid_pairing"}
    assert result["description_placeholders"]["error"]
    await _succeeds(hass, result, entry, log_agent)


async def test_a_wrong_token_is_named_and_the_address_is_kept(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent
) -> None:
    result = await _choose(hass, entry, "add_log_agent")
    result = await _enter(hass, result, url=log_agent.url, token="a-token-that-is-not-the-right-one")
    result = await _enter(hass, result)
    assert result["errors"] == {"base": "invalid_auth"}
    suggested = {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}
    assert suggested == {"pairing": None, "url": log_agent.url, "token": None}
    await _succeeds(hass, result, entry, log_agent)


async def test_an_agent_with_another_certificate_than_the_line_says_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent
) -> None:
    line = f"{log_agent.url}/#token={log_agent.token}&fingerprint={OTHER_FINGERPRINT}"
    result = await _enter(hass, await _choose(hass, entry, "add_log_agent"), pairing=line)
    assert result["errors"] == {"base": "wrong_fingerprint"}
    assert log_agent.fingerprint in result["description_placeholders"]["error"]
    await _succeeds(hass, result, entry, log_agent)


async def test_a_certificate_that_changes_before_it_is_confirmed_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent
) -> None:
    result = await _choose(hass, entry, "add_log_agent")
    result = await _enter(hass, result, url=log_agent.url, token=log_agent.token)
    await log_agent.restart(new_certificate=True)
    result = await _enter(hass, result)
    assert result["errors"] == {"base": "wrong_fingerprint"}
    await _succeeds(hass, result, entry, log_agent)


async def test_an_agent_that_is_down_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent
) -> None:
    await log_agent.stop()
    result = await _enter(hass, await _choose(hass, entry, "add_log_agent"), pairing=log_agent.line)
    assert result["errors"] == {"base": "cannot_connect"}
    await log_agent.start()
    await _succeeds(hass, result, entry, log_agent)


async def test_an_agent_that_goes_down_before_its_certificate_is_shown_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent
) -> None:
    result = await _choose(hass, entry, "add_log_agent")
    async with Gate.to(log_agent.port, connections=1) as gate:
        result = await _enter(hass, result, url=f"https://127.0.0.1:{gate.port}", token=log_agent.token)
    assert result["errors"] == {"base": "cannot_connect"}
    await _succeeds(hass, result, entry, log_agent)


async def test_a_port_without_tls_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent, plain_port: int
) -> None:
    result = await _choose(hass, entry, "add_log_agent")
    result = await _enter(hass, result, url=f"https://127.0.0.1:{plain_port}", token=log_agent.token)
    assert result["errors"] == {"base": "invalid_certificate"}
    await _succeeds(hass, result, entry, log_agent)


async def test_a_server_that_is_no_agent_is_named(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, log_agent: RunningAgent
) -> None:
    result = await _choose(hass, entry, "add_log_agent")
    pve.faults.broken["/v1/status"] = "<html>"
    result = await _enter(hass, result, url=f"https://127.0.0.1:{pve.port}", token=log_agent.token)
    result = await _enter(hass, result)
    assert result["errors"] == {"base": "unexpected_answer"}
    await _succeeds(hass, result, entry, log_agent)


async def test_the_agent_of_a_host_outside_the_cluster_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, log_agent: RunningAgent, start_agent: StartAgent
) -> None:
    foreign = await start_agent("elsewhere")
    result = await _enter(hass, await _choose(hass, entry, "add_log_agent"), pairing=foreign.line)
    assert result["errors"] == {"base": "wrong_node"}
    assert "elsewhere" in result["description_placeholders"]["error"]
    await _succeeds(hass, result, entry, log_agent)


async def test_while_the_cluster_is_away_an_agent_is_taken_at_its_word(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, log_agent: RunningAgent
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    result = await _enter(hass, await _choose(hass, entry, "add_log_agent"), pairing=log_agent.line)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == log_agent.options


async def test_an_agent_with_a_new_token_and_certificate_replaces_the_old_one_of_its_node(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    await log_agent.restart(token="a-token-that-was-made-later", new_certificate=True)
    await _succeeds(hass, await _choose(hass, entry, "add_log_agent"), entry, log_agent)


async def test_an_agent_that_is_removed_is_no_longer_read(
    hass: HomeAssistant, pve: SimulatedCluster, start_agent: StartAgent
) -> None:
    agents = {node: (await start_agent(node)).options["log_agents"][node] for node in ("pve1", "pve2")}
    entry = await set_up(hass, pve, options={"log_agents": agents})
    result = await _choose(hass, entry, "remove_log_agent")
    result = await _enter(hass, result, nodes=["pve1"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"log_agents": {"pve2": agents["pve2"]}}
    assert entry.state is ConfigEntryState.LOADED
    nodes = entry.runtime_data.reading.facts.nodes
    assert {name for name, node in nodes.items() if node.agent} == {"pve2"}
