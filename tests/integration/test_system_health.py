"""The lines of the system health: every cluster in short, without an address."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.outcomes import failed

from .conftest import RunningAgent, add_entry, poll, set_up


@pytest.fixture
async def lab(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """A second cluster."""
    async with SimulatedCluster.start("small", tmp_path / "lab", version="8.4.1") as cluster:
        cluster.name = "lab"
        yield cluster


async def shown(hass: HomeAssistant, sockets: WebSocketGenerator) -> dict[str, Any]:
    """Return what the page of the system health shows of us, when all its parts have come."""
    assert await async_setup_component(hass, "system_health", {})
    client = await sockets(hass)
    await client.send_json({"id": 1, "type": "system_health/info"})
    info: dict[str, Any] = {}
    while True:
        message = await client.receive_json()
        if message["type"] != "event":
            continue
        event = message["event"]
        if event["type"] == "initial":
            info = event["data"][DOMAIN]["info"]
        elif event["type"] == "update" and event["domain"] == DOMAIN:
            info[event["key"]] = event["data"] if event["success"] else event["error"]
        elif event["type"] == "finish":
            return info


async def test_one_cluster_has_a_line_for_each_thing(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent, hass_ws_client: WebSocketGenerator
) -> None:
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    entry = await set_up(hass, pve, options=log_agent.options)
    info = await shown(hass, hass_ws_client)
    assert info.pop("last_check")["type"] == "date"
    assert info == {
        "clusters": "1/1",
        "reachable": "ok",
        "version": "9.2.11",
        "nodes": "3/3",
        "log_agents": "1/1",
        "protected": "3/4",
        "problems": "1",
    }
    for node in pve.nodes.values():
        node.go_offline()
    await log_agent.stop()
    await poll(hass, entry)
    info = await shown(hass, hass_ws_client)
    assert "refused" in info["reachable"]
    assert pve.host not in info["reachable"]
    assert info["version"] == "?"


async def test_several_clusters_are_told_apart_and_one_that_is_not_loaded_is_counted(
    hass: HomeAssistant, pve: SimulatedCluster, lab: SimulatedCluster, hass_ws_client: WebSocketGenerator
) -> None:
    await add_entry(hass, lab)
    pve.job("nightly").run()
    await set_up(hass, pve)
    await hass.async_block_till_done()
    info = await shown(hass, hass_ws_client)
    assert info["clusters"] == "2/2"
    assert info["version"] == "lab: 8.4.1, small: 9.2.11"
    assert info["protected"] == "lab: 0/4, small: 4/4"
    [one, other] = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_unload(one.entry_id)
    assert (await shown(hass, hass_ws_client))["clusters"] == "1/2"
    await hass.config_entries.async_unload(other.entry_id)
    assert await shown(hass, hass_ws_client) == {"clusters": "0/2"}
