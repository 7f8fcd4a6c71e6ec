"""Giving a configured cluster a new token, address or certificate."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster

from .conftest import IndependentProxmox, entry_data, poll, set_up


@pytest.fixture
async def entry(hass: HomeAssistant, pve: SimulatedCluster) -> MockConfigEntry:
    """The cluster, set up."""
    return await set_up(hass, pve)


async def _enter(hass: HomeAssistant, result: Any, **data: Any) -> Any:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    return result


def _pending(hass: HomeAssistant) -> list[Any]:
    return list(hass.config_entries.flow.async_progress_by_handler(DOMAIN))


def _change_secret(pve: SimulatedCluster) -> None:
    pve.token.secret = "a-new-secret"


async def test_a_token_that_is_refused_while_running_is_asked_for_and_replaced(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    _change_secret(pve)
    await poll(hass, entry)
    result = _pending(hass)[0]
    assert result["step_id"] == "reauth_confirm"

    result = await _enter(hass, result, token_id="homeassistant", token_secret="x")
    assert result["errors"] == {"token_id": "invalid_token_id"}
    result = await _enter(hass, result, token_id=pve.token_id, token_secret="still wrong")
    assert result["errors"] == {"base": "invalid_auth"}
    assert result["description_placeholders"]["cluster"] == "small"
    result = await _enter(hass, result, token_id=pve.token_id, token_secret=pve.token_secret)
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data == entry_data(pve)
    assert not _pending(hass)


async def test_a_token_that_is_refused_at_the_start_is_asked_for(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve, token_secret="revoked")
    result = await _enter(hass, _pending(hass)[0], token_id=pve.token_id, token_secret=pve.token_secret)
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED


async def test_a_token_for_a_host_that_is_away_can_be_entered_once_it_is_back(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    result = await entry.start_reauth_flow(hass)
    pve.node("pve1").go_offline()
    result = await _enter(hass, result, token_id=pve.token_id, token_secret=pve.token_secret)
    assert result["errors"] == {"base": "cannot_connect"}
    pve.node("pve1").come_online()
    result = await _enter(hass, result, token_id=pve.token_id, token_secret=pve.token_secret)
    assert result["reason"] == "reauth_successful"


async def test_a_new_token_is_not_sent_to_a_host_with_another_certificate_until_that_is_confirmed(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    result = await entry.start_reauth_flow(hass)
    pve.replace_certificate("pve1")
    pve.traffic.clear()
    result = await _enter(hass, result, token_id=pve.token_id, token_secret=pve.token_secret)
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"]["fingerprint"] == pve.fingerprint
    assert not pve.requests
    result = await _enter(hass, result)
    assert result["reason"] == "reauth_successful"
    assert entry.data == entry_data(pve)


async def test_a_new_token_that_lacks_rights_is_told_so(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    result = await entry.start_reauth_flow(hass)
    pve.limit_token({"/": "Sys.Audit"})
    result = await _enter(hass, result, token_id=pve.token_id, token_secret=pve.token_secret)
    assert result["type"] is FlowResultType.MENU
    pve.limit_token({"/": "BackupMonitor"})
    result = await _enter(hass, result, next_step_id="check_again")
    assert result["reason"] == "reauth_successful"


async def test_an_empty_secret_keeps_the_present_one(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    result = await _enter(hass, result, host=pve.host, port=pve.port, token_id=pve.token_id)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == entry_data(pve)
    assert entry.state is ConfigEntryState.LOADED


async def test_a_mistake_in_reconfiguring_is_named_and_leaves_the_entry_alone(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    result = await entry.start_reconfigure_flow(hass)
    address = {"host": pve.host, "port": pve.port, "token_id": pve.token_id}
    result = await _enter(hass, result, **address | {"token_secret": "wrong"})
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"base": "invalid_auth"}
    result = await _enter(hass, result, **address | {"port": 1})
    assert result["errors"] == {"base": "cannot_connect"}
    assert entry.data == entry_data(pve)
    assert entry.state is ConfigEntryState.LOADED

    result = await _enter(hass, result, **address | {"token_secret": pve.token_secret})
    assert result["reason"] == "reconfigure_successful"


@pytest.mark.parametrize("left_empty", [{}, {"token_secret": ""}])
async def test_a_mistaken_secret_is_forgotten_when_the_field_is_then_left_empty(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, left_empty: dict[str, str]
) -> None:
    result = await entry.start_reconfigure_flow(hass)
    address = {"host": pve.host, "port": pve.port, "token_id": pve.token_id}
    result = await _enter(hass, result, **address | {"token_secret": "wrong"})
    result = await _enter(hass, result, **address, **left_empty)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == entry_data(pve)


async def test_another_node_of_the_cluster_is_taken_once_its_certificate_is_confirmed(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    host, port = pve.address("pve2")
    result = await entry.start_reconfigure_flow(hass)
    result = await _enter(hass, result, host=f"https://{host}:{port}/", port=8006, token_id=pve.token_id)
    assert result["step_id"] == "certificate"
    result = await _enter(hass, result)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == entry_data(pve, host=host, port=port, fingerprint=pve.fingerprints["pve2"])
    assert entry.state is ConfigEntryState.LOADED


async def test_another_cluster_is_not_taken_for_the_configured_one(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, fake_pve: IndependentProxmox
) -> None:
    result = await entry.start_reconfigure_flow(hass)
    other = entry_data(fake_pve)
    del other["fingerprint"]
    result = await _enter(hass, result, **other)
    assert result["step_id"] == "certificate"
    result = await _enter(hass, result)
    assert result["reason"] == "wrong_cluster"
    assert entry.data == entry_data(pve)
    assert entry.state is ConfigEntryState.LOADED


async def test_a_token_of_another_cluster_at_the_same_address_is_not_taken(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, fake_pve: IndependentProxmox
) -> None:
    moved = entry_data(fake_pve, token_secret="revoked")
    hass.config_entries.async_update_entry(entry, data=moved)
    result = await entry.start_reauth_flow(hass)
    result = await _enter(hass, result, token_id=fake_pve.token_id, token_secret=fake_pve.token_secret)
    assert result["reason"] == "wrong_cluster"
    assert entry.data == moved


async def test_a_refused_token_can_also_be_replaced_by_reconfiguring(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    _change_secret(pve)
    await poll(hass, entry)
    assert _pending(hass)
    result = await entry.start_reconfigure_flow(hass)
    result = await _enter(
        hass, result, host=pve.host, port=pve.port, token_id=pve.token_id, token_secret=pve.token_secret
    )
    assert result["reason"] == "reconfigure_successful"
    assert entry.state is ConfigEntryState.LOADED
