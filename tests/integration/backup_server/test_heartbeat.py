"""The sign of life for another monitor, of a backup server's entry."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.backup_server import ServedBackupServer

from .conftest import poll, set_up

_URL = "http://monitor.example/ping/5d0c1c1e-secret"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked, none of which is really called."""
    addresses: list[str] = []

    async def ask(_: object, address: str) -> None:
        addresses.append(address)

    monkeypatch.setattr("custom_components.proxmox_backup_checker.heartbeat.Heartbeat._ask", ask)
    return addresses


async def _look(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await poll(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("awake", [None, ["00:00:00", "00:00:01"]])
async def test_a_server_that_is_read_gives_a_sign_and_one_that_should_answer_and_does_not_gives_none(
    hass: HomeAssistant, pbs: ServedBackupServer, asked: list[str], awake: list[str] | None
) -> None:
    """Outside the hours in which it is on there is nothing to read, so that nothing is amiss."""
    options = {"awake": awake} if awake else {}
    entry = await set_up(hass, pbs, options={"heartbeat_url": _URL, **options})
    for _ in range(10):
        await _look(hass, entry)
    before = len(asked)
    assert before
    assert set(asked) == {_URL}
    pbs.power_off()
    await _look(hass, entry)
    await _look(hass, entry)
    assert len(asked) - before == (2 if awake else 0)
    await entry.runtime_data.async_judge_anew()
    assert len(asked) - before == (2 if awake else 0)


async def test_the_address_is_entered_in_the_options_and_the_rest_of_them_stays(
    hass: HomeAssistant, pbs: ServedBackupServer, asked: list[str]
) -> None:
    entry = await set_up(hass, pbs, options={"hide_names": True})
    await _look(hass, entry)
    assert asked == []
    flow = hass.config_entries.options
    step = await flow.async_init(entry.entry_id)
    step = await flow.async_configure(step["flow_id"], {"next_step_id": "heartbeat"})
    step = await flow.async_configure(step["flow_id"], {"heartbeat_url": "healthchecks"})
    assert step["errors"] == {"heartbeat_url": "invalid_heartbeat"}
    step = await flow.async_configure(step["flow_id"], {"heartbeat_url": f" {_URL} "})
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"hide_names": True, "heartbeat_url": _URL}
    await hass.async_block_till_done(wait_background_tasks=True)
    await _look(hass, entry)
    assert asked
