"""The button that has everything read again."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from simulator import SimulatedCluster
from simulator.outcomes import failed

from .conftest import set_up
from .states import entity, problem


async def _press(hass: HomeAssistant) -> None:
    button = entity(hass, "_cluster_check_now", "button")
    assert button is not None
    await hass.services.async_call("button", "press", {"entity_id": button.entity_id}, blocking=True)
    await hass.async_block_till_done()


async def test_check_now_reads_everything_again_at_once(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    await set_up(hass, pve)
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    pve.traffic.requests.clear()
    await _press(hass)
    assert problem(hass, 101) == ("on", "backup_failed")
    asked = {request.path for request in pve.requests}
    assert {"/storage", "/nodes/pve3/time", "/cluster/backup/backup-nightly/included_volumes"} <= asked


async def test_check_now_says_what_keeps_it_from_checking_and_can_be_pressed_again(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    for node in pve.nodes.values():
        node.go_offline()
    for _ in range(5):
        with pytest.raises(HomeAssistantError) as raised:
            await _press(hass)
        assert raised.value.translation_key == "cannot_connect"
    assert not entry.runtime_data.last_update_success
    for node in pve.nodes.values():
        node.come_online()
    await _press(hass)
    assert entry.runtime_data.last_update_success
