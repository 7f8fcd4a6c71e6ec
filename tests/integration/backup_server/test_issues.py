"""Repair issues of a backup server: rights that are missing, another certificate, and Home Assistant's limit."""

from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.entity_platform import MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.backup_server import ServedBackupServer

from .conftest import add_entry, entry_data, poll, set_up

AUDIT = {"/": "Audit", "/remote": "RemoteAudit"}
FIX = "/api/repairs/issues/fix"


@pytest.fixture
async def web_interface(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> TestClient[Any, Any]:
    """A browser on Home Assistant's repairs."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, REPAIRS, {})
    client: TestClient[Any, Any] = await hass_client()
    return client


def issue(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> ir.IssueEntry | None:
    """Return an issue of a server."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{name}_{entry.entry_id}")


async def _open(web_interface: TestClient[Any, Any], entry: MockConfigEntry, name: str) -> Any:
    handler = {"handler": DOMAIN, "issue_id": f"{name}_{entry.entry_id}"}
    return await (await web_interface.post(FIX, json=handler)).json()


async def _submit(hass: HomeAssistant, web_interface: TestClient[Any, Any], flow: Any) -> Any:
    step = await (await web_interface.post(f"{FIX}/{flow['flow_id']}", json={})).json()
    await hass.async_block_till_done()
    return step


async def test_a_healthy_server_has_no_issues(hass: HomeAssistant, pbs: ServedBackupServer) -> None:
    await set_up(hass, pbs)
    assert not ir.async_get(hass).issues


@pytest.mark.parametrize(
    ("roles", "missing", "granted"),
    [
        ({"/": "Audit"}, "Remote.Audit", "/remote RemoteAudit"),
        ({"/datastore": "DatastoreAudit", "/remote": "RemoteAudit"}, "Sys.Audit", "/ Audit"),
        ({"/system": "Audit", "/remote": "RemoteAudit"}, "Datastore.Audit", "/ Audit"),
    ],
)
async def test_g75_each_right_that_is_lost_is_named_with_the_lines_for_user_and_token(
    hass: HomeAssistant, pbs: ServedBackupServer, roles: dict[str, str], missing: str, granted: str
) -> None:
    entry = await set_up(hass, pbs)
    pbs.limit_token(roles)
    entry.runtime_data._reader.read_all_again()
    await poll(hass, entry)
    found = issue(hass, entry, "missing_privileges")
    assert found is not None
    assert found.translation_key == "server_missing_privileges"
    placeholders = found.translation_placeholders or {}
    assert missing in placeholders["missing"]
    line = f"proxmox-backup-manager acl update {granted} --auth-id"
    assert placeholders["lines"].splitlines() == [f"{line} {pbs.token.user}", f"{line} '{pbs.token.id}'"]

    pbs.limit_token(AUDIT)
    entry.runtime_data._reader.read_all_again()
    await poll(hass, entry)
    assert issue(hass, entry, "missing_privileges") is None


async def test_g72_a_changed_certificate_is_accepted_after_it_was_compared(
    hass: HomeAssistant, pbs: ServedBackupServer, web_interface: TestClient[Any, Any]
) -> None:
    entry = await set_up(hass, pbs)
    before = pbs.fingerprint
    pbs.replace_certificate()
    await poll(hass, entry)
    found = issue(hass, entry, "certificate_changed")
    assert found is not None
    assert found.translation_key == "server_certificate_changed"
    assert found.translation_placeholders == {"cluster": "pbs", "expected": before, "fingerprint": pbs.fingerprint}

    step = await _submit(hass, web_interface, await _open(web_interface, entry, "certificate_changed"))
    assert step["type"] == "create_entry"
    assert entry.data == entry_data(pbs)
    assert entry.state is ConfigEntryState.LOADED
    assert issue(hass, entry, "certificate_changed") is None


async def test_a_certificate_that_was_pinned_by_another_way_is_no_issue_any_more(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = await set_up(hass, pbs)
    pbs.replace_certificate()
    await poll(hass, entry)
    assert issue(hass, entry, "certificate_changed") is not None
    hass.config_entries.async_update_entry(entry, data=entry_data(pbs))
    await hass.config_entries.async_reload(entry.entry_id)
    assert issue(hass, entry, "certificate_changed") is None


async def test_a_certificate_that_is_no_longer_trusted_can_be_pinned(
    hass: HomeAssistant, pbs: ServedBackupServer, web_interface: TestClient[Any, Any]
) -> None:
    entry = await set_up(hass, pbs, data=entry_data(pbs, fingerprint=None))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    step = await _open(web_interface, entry, "certificate_untrusted")
    assert step["description_placeholders"]["fingerprint"] == pbs.fingerprint
    step = await _submit(hass, web_interface, step)
    assert step["type"] == "create_entry"
    assert entry.data == entry_data(pbs)
    await hass.async_block_till_done()
    assert issue(hass, entry, "certificate_untrusted") is None


async def test_where_home_assistant_takes_no_more_entities_problem_sensors_went_first(
    hass: HomeAssistant, pbs: ServedBackupServer
) -> None:
    entry = add_entry(hass, pbs)
    registry = er.async_get(hass)
    # Nine problem sensors find room, and nothing else does.
    for number in range(MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY - 9):
        registry.async_get_or_create("sensor", DOMAIN, f"other_{number}", config_entry=entry)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    known = {one.unique_id for one in er.async_entries_for_config_entry(registry, entry.entry_id)}
    problems = {one for one in known if one.endswith("_problem")}
    assert len(problems) == 9
    found = issue(hass, entry, "entity_limit")
    assert found is not None
    assert found.translation_key == "server_entity_limit"
    assert (found.translation_placeholders or {})["missing"] == "1"
