"""Steps through the flows of backup servers, as a person takes them."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.proxmox_backup_checker.const import DOMAIN


async def enter(hass: HomeAssistant, result: Any, data: dict[str, Any]) -> Any:
    """Submit a form, or choose from a menu."""
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    return result


async def choose(hass: HomeAssistant, result: Any, option: str) -> Any:
    """Choose from a menu."""
    return await enter(hass, result, {"next_step_id": option})


async def start(hass: HomeAssistant, data: dict[str, Any]) -> Any:
    """Choose the backup server in the menu, and fill in its form."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "user")
    result = await choose(hass, result, "backup_server")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "backup_server")
    return await enter(hass, result, data)


async def accept(hass: HomeAssistant, result: Any, until: str | None = None) -> Any:
    """Accept every form with its defaults, until the end or the form with this id."""
    while result["type"] is FlowResultType.FORM and result["step_id"] != until:
        assert not result.get("errors"), result
        result = await enter(hass, result, {})
    return result
