"""What a bug report holds, and what it must not."""

import json

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.diagnostics import async_get_config_entry_diagnostics
from simulator import SimulatedCluster
from simulator.outcomes import failed

from .conftest import RunningAgent, poll, set_up


async def text_of(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the diagnostics as the file that a user sends."""
    return json.dumps(await async_get_config_entry_diagnostics(hass, entry))


async def test_no_secret_and_no_address_is_in_it(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve, options=log_agent.options)
    text = await text_of(hass, entry)
    secrets = (pve.token_secret, pve.token_id, log_agent.token, log_agent.url, pve.host, pve.fingerprint, "192.168.1.")
    assert [secret for secret in secrets if secret in text] == []


async def test_verdicts_are_in_it_with_their_evidence(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    runs = pve.job("nightly").run(outcomes={101: failed("disk full")})
    entry = await set_up(hass, pve)
    verdict = json.loads(await text_of(hass, entry))["guests"]["101"]["verdict"]
    assert (verdict["problem"], verdict["reason"]["code"]) == (True, "backup_failed")
    assert verdict["evidence"] == [runs[0].upid]


async def test_a_failed_poll_is_in_it_without_the_address(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    pve.node("pve1").go_offline()
    for _ in range(4):
        await poll(hass, entry)
    text = await text_of(hass, entry)
    content = json.loads(text)
    assert content["last_update_success"] is False
    assert content["last_error"]
    assert pve.host not in text


async def test_an_agent_out_of_reach_is_in_it_without_its_address(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    await log_agent.stop()
    entry = await set_up(hass, pve, options=log_agent.options)
    text = await text_of(hass, entry)
    assert json.loads(text)["agent_errors"]["pve1"]
    assert pve.host not in text
