"""Every way through the flow that adds a backup server, each mistake continued to success."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.backup_server import ServedBackupServer

from .conftest import entry_data, form_data


async def _enter(hass: HomeAssistant, result: Any, data: dict[str, Any]) -> Any:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    return result


async def _start(hass: HomeAssistant, data: dict[str, Any]) -> Any:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "user")
    result = await _enter(hass, result, {"next_step_id": "backup_server"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "backup_server")
    return await _enter(hass, result, data)


async def _finish(hass: HomeAssistant, result: Any) -> Any:
    """Accept every form with its defaults until the entry is made."""
    while result["type"] is FlowResultType.FORM:
        result = await _enter(hass, result, {})
    return result


async def test_a_server_is_added_once_its_certificate_is_confirmed(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    result = await _start(hass, form_data(pbs))
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"] == {"host": pbs.ip, "fingerprint": pbs.fingerprint}
    assert not pbs.requests

    result = await _enter(hass, result, {})
    assert result["step_id"] == "datastores"
    result = await _enter(hass, result, {})
    assert result["step_id"] == "place"
    result = await _enter(hass, result, {})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert dict(entry.data) == entry_data(pbs)
    assert dict(entry.options) == {}
    assert entry.unique_id == pbs.instance_id
