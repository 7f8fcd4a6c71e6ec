"""Nodes with a log agent: their devices, and whether the agent is there."""

from homeassistant.core import HomeAssistant

from simulator import SimulatedCluster

from .conftest import RunningAgent, poll, set_up
from .states import device, entity, shown


async def test_a_node_with_an_agent_is_a_device_below_the_cluster_and_says_whether_the_agent_answers(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    node, cluster = device(hass, entry, "node_pve1"), device(hass, entry, "cluster")
    assert node is not None
    assert cluster is not None
    assert node.via_device_id == cluster.id
    assert device(hass, entry, "node_pve2") is None
    sensor = entity(hass, "_node_pve1_log_agent")
    assert sensor is not None
    assert sensor.unique_id == f"{entry.unique_id}_node_pve1_log_agent"
    assert shown(hass, "_node_pve1_log_agent").state == "on"
    await log_agent.stop()
    await poll(hass, entry)
    assert shown(hass, "_node_pve1_log_agent").state == "off"
    await log_agent.start()
    await poll(hass, entry)
    assert shown(hass, "_node_pve1_log_agent").state == "on"


async def test_between_two_polls_the_listener_tells(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    reachability = entry.runtime_data.agent_reachability
    reachability.note("pve1", answers=False)
    assert shown(hass, "_node_pve1_log_agent").state == "off"
    reachability.note("pve1", answers=True)
    assert shown(hass, "_node_pve1_log_agent").state == "on"


async def test_the_agent_is_told_of_while_proxmox_is_not_reached(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    pve.faults.errors["/cluster/resources"] = (500, "broken")
    for _ in range(4):
        await poll(hass, entry)
    assert shown(hass, "_guest_101_problem").state == "unavailable"
    assert shown(hass, "_node_pve1_log_agent").state == "on"


async def test_a_node_whose_agent_was_removed_is_removed_too(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    for data in ({"next_step_id": "remove_log_agent"}, {"nodes": ["pve1"]}):
        await hass.config_entries.options.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    for _ in range(3):
        await poll(hass, entry)
    assert device(hass, entry, "node_pve1") is None
    assert entity(hass, "_node_pve1_log_agent") is None
