"""What language models are told of backup servers: what is exposed, and nothing else."""

import json
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
import pytest

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.backup_server import BackupServers, ServedBackupServer

from .conftest import entity_id_of, set_up


@pytest.fixture
async def talking(hass: HomeAssistant) -> None:
    """A Home Assistant that can converse."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})


async def told(hass: HomeAssistant, tool: str, **given: Any) -> Any:
    """Return what a tool tells of backup servers."""
    context = llm.LLMContext(
        platform="test", context=Context(), language="en", assistant="conversation", device_id=None
    )
    instance = await llm.async_get_api(hass, "assist", context)
    result = await instance.async_call_tool(llm.ToolInput(tool_name=f"{DOMAIN}__{tool}", tool_args=given))
    data = result.data if isinstance(result, llm.ToolResult) else result
    return json.loads(json.dumps(data))["backup_servers"]


def expose(hass: HomeAssistant, pbs: ServedBackupServer, *parts: str) -> None:
    """Let the assistant know of these parts."""
    for part in parts:
        entity_id = entity_id_of(hass, pbs, "binary_sensor", f"{part}_problem")
        assert entity_id is not None
        async_expose_entity(hass, "conversation", entity_id, True)


@pytest.mark.usefixtures("talking")
async def test_tools_tell_of_the_parts_of_a_server_that_are_exposed(
    hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    pbs.job("copies").start()
    site.clock.advance(seconds=10)
    await entry.runtime_data.async_check_now()
    await hass.async_block_till_done()
    expose(hass, pbs, "pbsjob_sync_copies", "group_ds1::host/nas")
    (server,) = await told(hass, "not_backed_up")
    assert [(part["name"], part["status"]) for part in server["problems"]] == [("Sync: copies", "failed")]
    assert server["cannot_be_verified"] == []
    (server,) = await told(hass, "explain", name="NAS")
    assert [(part["name"], part["problem"]) for part in server["found"]] == [("nas", False)]
    (server,) = await told(hass, "explain", name="ds1")
    assert server["found"] == []
    (server,) = await told(hass, "next_backups")
    assert [part["name"] for part in server["due"]] == ["Sync: copies"]


@pytest.mark.usefixtures("talking")
async def test_a_server_that_is_not_loaded_is_never_called_fine(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    expose(hass, pbs, "server")
    assert "error" not in (await told(hass, "not_backed_up"))[0]
    await hass.config_entries.async_unload(entry.entry_id)
    assert "error" in (await told(hass, "not_backed_up"))[0]
