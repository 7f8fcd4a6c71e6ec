"""What a bug report about a backup server holds, and what it must not; and its line in the system health."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from simulator.backup_server import ServedBackupServer

from ..test_system_health import shown
from .conftest import add_entry, poll, set_up


async def told(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the diagnostics as the file that a user sends."""
    return json.dumps(await async_get_config_entry_diagnostics(hass, entry))


@pytest.mark.parametrize("hidden", [False, True])
async def test_g135_no_secret_and_no_address_is_in_it(
    hass: HomeAssistant, pbs: ServedBackupServer, hidden: bool
) -> None:
    entry = await set_up(hass, pbs, options={"hide_names": hidden})
    text = await told(hass, entry)
    secrets = (pbs.token.secret, pbs.ip, pbs.fingerprint or "?", "203.0.113.7", pbs.instance_id)
    assert [secret for secret in secrets if secret in text] == []


async def test_every_verdict_is_in_it_with_its_sentence(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    found = json.loads(await told(hass, entry))
    assert found["verdicts"].keys() == {subject.key for subject in entry.runtime_data.assessment.verdicts}
    assert all(one["why"] for one in found["verdicts"].values())
    assert found["facts"]["datastores"]["ds1"]["groups"]
    assert found["polls"][0]["requests"] > 10


async def test_g135_names_are_hidden_on_request(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs, options={"hide_names": True})
    text = await told(hass, entry)
    assert [name for name in ("host/nas", "offsite", "copies", '"ds1"', "home") if name in text] == []
    assert '"vm/100"' in text


async def test_a_device_has_its_own_part(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    entry = await set_up(hass, pbs)
    registry = dr.async_get(hass)

    async def of(key: str) -> dict[str, Any]:
        identifier = (DOMAIN, f"{pbs.instance_id}_{key}")
        device = registry.async_get_device_by_identifier(identifier, entry.entry_id)
        assert isinstance(device, dr.DeviceEntry)
        found = await async_get_device_diagnostics(hass, entry, device)
        json.dumps(found)
        return found

    assert (await of("datastore_ds1"))["part"]["facts"]["groups"]
    assert (await of("pbsjob_sync_copies"))["part"]["job_id"] == "copies"
    assert (await of("group_ds1::host/nas"))["part"]["restore_points"] == 10
    assert "facts" in await of("server")


async def test_a_server_that_cannot_be_reached_tells_why_without_its_address(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    pbs.power_off()
    entry = add_entry(hass, pbs)
    await hass.config_entries.async_setup(entry.entry_id)
    text = await told(hass, entry)
    assert "setup_retry" in text
    assert pbs.ip not in text


async def test_the_system_health_has_a_line_for_all_servers(
    hass: HomeAssistant, pbs: ServedBackupServer, hass_ws_client: WebSocketGenerator
) -> None:
    entry = await set_up(hass, pbs)
    assert (await shown(hass, hass_ws_client))["backup_servers"] == "1/1, pbs: 4.2.3"

    pbs.power_off()
    await poll(hass, entry)
    line = (await shown(hass, hass_ws_client))["backup_servers"]
    assert line.startswith("1/1, pbs: ")
    assert pbs.ip not in line
