"""The log of a run, fetched from Proxmox when somebody asks for it."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.excerpt import excerpt
from simulator import SimulatedCluster
from simulator.outcomes import failed

from ...conftest import RunningAgent, set_up


async def test_log_of_a_run_comes_from_its_node(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    coordinator = entry.runtime_data
    for run in coordinator.assessment.history.runs.values():
        text = await coordinator.async_task_log(run.upid)
        assert all(f"Backup of VM {outcome.vmid} " in text for outcome in run.outcomes)
        assert excerpt(text).lines[-1].text == "TASK OK"


async def test_what_is_no_run_is_refused_before_proxmox_is_asked(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    for upid in ("", "../../etc/shadow", "UPID:pve1:0000CAFE:00000001:6A000000:aptupdate::root@pam:"):
        with pytest.raises(ServiceValidationError) as refusal:
            await entry.runtime_data.async_task_log(upid)
        assert refusal.value.translation_key == "not_a_run"
        assert "not the UPID of a backup run" in str(refusal.value)


async def test_log_that_proxmox_no_longer_has_and_a_node_that_is_off(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    coordinator = entry.runtime_data
    forgotten = next(run.upid for run in coordinator.assessment.history.runs.values() if run.node == "pve1")
    pve.node("pve1").forget_task_log(forgotten)
    with pytest.raises(ServiceValidationError) as gone:
        await coordinator.async_task_log(forgotten)
    assert gone.value.translation_key == "log_gone"
    upid = next(run.upid for run in coordinator.assessment.history.runs.values() if run.node == "pve2")
    pve.node("pve2").go_offline()
    with pytest.raises(HomeAssistantError) as down:
        await coordinator.async_task_log(upid)
    assert down.value.translation_key == "node_unreachable"


async def test_log_that_proxmox_no_longer_has_is_put_together_from_the_guests_own_logs(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run({103: failed("got timeout")})
    entry = await set_up(hass, pve, options=log_agent.options)
    coordinator = entry.runtime_data
    upid = next(run.upid for run in coordinator.assessment.history.runs.values() if run.node == "pve1")
    pve.node("pve1").forget_task_log(upid)
    text = await coordinator.async_task_log(upid)
    assert "Finished Backup of VM 101" in text
    shown = excerpt(text, 103)
    assert "Starting Backup of VM 103" in shown.lines[0].text
    assert shown.lines[-2 if "Failed at" in shown.lines[-1].text else -1].text.endswith("failed - got timeout")

    pve.clock.advance(hours=1)
    pve.job("nightly").run()
    with pytest.raises(ServiceValidationError) as gone:
        await coordinator.async_task_log(upid)
    assert gone.value.translation_key == "log_gone"
    await log_agent.stop()
    with pytest.raises(ServiceValidationError):
        await coordinator.async_task_log(upid)
    await hass.config_entries.async_unload(entry.entry_id)
