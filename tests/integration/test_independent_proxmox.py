"""The same against a Proxmox that somebody else has written: login, rights, an offline node, dropped connections."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from custom_components.proxmox_backup_checker.const import DOMAIN

from .conftest import AUDIT, IndependentProxmox, entry_data, poll, set_up


def _data(fake_pve: IndependentProxmox, **changes: Any) -> dict[str, Any]:
    data = entry_data(fake_pve)
    del data["fingerprint"]
    return data | changes


async def _enter(hass: HomeAssistant, result: Any, data: dict[str, Any]) -> Any:
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    return result


async def _start(hass: HomeAssistant, data: dict[str, Any]) -> Any:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await _enter(hass, result, {"next_step_id": "cluster"})
    result = await _enter(hass, result, data)
    assert result["step_id"] == "certificate"
    return result


def _verdict(entry: ConfigEntry[Any], guest: int) -> Any:
    return entry.runtime_data.assessment.guests[guest].verdict


async def test_it_is_added_after_a_wrong_secret_was_corrected(
    hass: HomeAssistant, fake_pve: IndependentProxmox
) -> None:
    result = await _start(hass, _data(fake_pve, token_secret="wrong"))
    assert result["description_placeholders"]["fingerprint"] == fake_pve.fingerprint
    result = await _enter(hass, result, {})
    assert result["errors"] == {"base": "invalid_auth"}

    result = await _enter(hass, result, _data(fake_pve))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "fakecluster"
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert set(entry.runtime_data.assessment.guests) == {100, 101}


async def test_a_missing_right_is_named_until_it_is_granted(hass: HomeAssistant, fake_pve: IndependentProxmox) -> None:
    fake_pve.fake.acl = {fake_pve.token_id: [("/", {"Sys.Audit", "VM.Audit"})]}
    result = await _enter(hass, await _start(hass, _data(fake_pve)), {})
    assert result["step_id"] == "privileges"
    missing = result["description_placeholders"]["missing"]
    assert "Datastore.Audit" in missing
    assert "Pool.Audit" in missing
    assert "VM.Audit" not in missing

    fake_pve.fake.grant(fake_pve.token_id, "/", *AUDIT)
    result = await _enter(hass, result, {"next_step_id": "check_again"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_right_that_is_taken_away_later_raises_an_issue(
    hass: HomeAssistant, fake_pve: IndependentProxmox
) -> None:
    entry = await set_up(hass, fake_pve)
    issue = (DOMAIN, f"missing_privileges_{entry.entry_id}")
    assert ir.async_get(hass).async_get_issue(*issue) is None
    fake_pve.fake.acl = {fake_pve.token_id: [("/", AUDIT - {"VM.Audit"})]}
    await poll(hass, entry)
    raised = ir.async_get(hass).async_get_issue(*issue)
    assert raised is not None
    assert raised.translation_placeholders is not None
    assert "VM.Audit" in raised.translation_placeholders["missing"]


async def test_an_offline_node_is_noticed_and_hides_no_other(hass: HomeAssistant, fake_pve: IndependentProxmox) -> None:
    entry = await set_up(hass, fake_pve)
    fake_pve.fake.set_node_offline("pve2")
    await poll(hass, entry)
    nodes = entry.runtime_data.assessment.nodes
    assert (nodes["pve2"].blindness, nodes["pve1"].blindness) == ("node_unreachable", None)

    fake_pve.fake.nodes["pve2"]["online"] = True
    await poll(hass, entry)
    assert entry.runtime_data.assessment.nodes["pve2"].blindness is None


async def test_it_can_be_added_while_a_node_is_offline(hass: HomeAssistant, fake_pve: IndependentProxmox) -> None:
    fake_pve.fake.set_node_offline("pve2")
    result = await _enter(hass, await _start(hass, _data(fake_pve)), {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].state is ConfigEntryState.LOADED


async def test_dropped_connections_are_named_in_the_form_and_do_not_end_it(
    hass: HomeAssistant, fake_pve: IndependentProxmox
) -> None:
    result = await _start(hass, _data(fake_pve))
    fake_pve.fake.network["drop_rate"] = 1.0
    result = await _enter(hass, result, {})
    assert result["errors"] == {"base": "cannot_connect"}
    fake_pve.fake.network["drop_rate"] = 0.0
    result = await _enter(hass, result, _data(fake_pve))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_dropped_connections_make_it_unavailable_until_they_end(
    hass: HomeAssistant, fake_pve: IndependentProxmox
) -> None:
    entry = await set_up(hass, fake_pve)
    fake_pve.fake.network["drop_rate"] = 1.0
    for _ in range(3):
        await poll(hass, entry)
        assert entry.runtime_data.last_update_success
    await poll(hass, entry)
    assert not entry.runtime_data.last_update_success
    fake_pve.fake.network["drop_rate"] = 0.0
    await poll(hass, entry)
    assert entry.runtime_data.last_update_success


async def test_a_token_that_is_revoked_is_asked_for(hass: HomeAssistant, fake_pve: IndependentProxmox) -> None:
    entry = await set_up(hass, fake_pve)
    fake_pve.fake.apitokens[fake_pve.token_id] = "another secret"
    await poll(hass, entry)
    flows = list(hass.config_entries.flow.async_progress_by_handler(DOMAIN))
    assert [flow["step_id"] for flow in flows] == ["reauth_confirm"]
