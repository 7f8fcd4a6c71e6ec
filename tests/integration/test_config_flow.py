"""Every way through the config flow, the options flow and the repair, each mistake continued to success."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web
from fakepve import FakePve
from fakepve.certs import make_cert
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proxmox_backup_checker.config_flow import split_host
from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.proxmox.tls import fetch_fingerprint
from simulator import SimulatedCluster

FOREIGN_IDENTITY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Three nodes and four guests."""
    async with SimulatedCluster.start("small", tmp_path) as cluster:
        yield cluster


@pytest.fixture
async def entry(hass: HomeAssistant, pve: SimulatedCluster) -> MockConfigEntry:
    """The cluster, set up."""
    return await _set_up(hass, pve)


def _data(pve: SimulatedCluster, **changes: Any) -> dict[str, Any]:
    return {
        "host": pve.host,
        "port": pve.port,
        "token_id": pve.token_id,
        "token_secret": pve.token_secret,
        **changes,
    }


async def _set_up(hass: HomeAssistant, pve: SimulatedCluster, **changes: Any) -> MockConfigEntry:
    result = await _start(hass, _data(pve))
    identity = (await hass.config_entries.flow.async_configure(result["flow_id"], {}))["result"].unique_id
    await hass.async_block_till_done()
    made = hass.config_entries.async_entries(DOMAIN)[0]
    await hass.config_entries.async_remove(made.entry_id)
    data = _data(pve, fingerprint=pve.fingerprint, **changes)
    entry = MockConfigEntry(domain=DOMAIN, title="small", unique_id=identity, data=data)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def _start(hass: HomeAssistant, data: dict[str, Any]) -> Any:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    return await hass.config_entries.flow.async_configure(result["flow_id"], data)


async def _continue(hass: HomeAssistant, result: Any, data: dict[str, Any]) -> Any:
    """Enter what is right, and confirm the certificate where it is asked for."""
    result = await hass.config_entries.flow.async_configure(result["flow_id"], data)
    if result.get("step_id") == "certificate":
        result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    await hass.async_block_till_done()
    return result


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"port": 1}, "base", "cannot_connect"),
        ({"token_id": "backupmon@pve"}, "token_id", "invalid_token_id"),
        ({"host": "not a host"}, "host", "invalid_host"),
        ({"host": "http://127.0.0.1"}, "host", "invalid_host"),
    ],
)
async def test_what_was_entered_wrong_is_named_and_can_be_corrected(
    hass: HomeAssistant, pve: SimulatedCluster, changes: dict[str, Any], field: str, error: str
) -> None:
    result = await _start(hass, _data(pve, **changes))
    assert result["errors"] == {field: error}
    result = await _continue(hass, result, _data(pve))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "small"


async def test_a_server_that_speaks_no_tls_is_named(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        result = await _start(hass, _data(pve, port=port))
    finally:
        await runner.cleanup()
    assert result["errors"] == {"base": "invalid_certificate"}
    assert (await _continue(hass, result, _data(pve)))["type"] is FlowResultType.CREATE_ENTRY


async def test_an_answer_that_is_none_of_proxmox_is_named(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.faults.broken["/access/permissions"] = "<html>"
    result = await _start(hass, _data(pve))
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["errors"] == {"base": "unexpected_answer"}
    pve.faults.broken.clear()
    assert (await _continue(hass, result, _data(pve)))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_host_that_goes_away_before_its_certificate_is_shown_is_named(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    result = await _start(hass, _data(pve))
    assert result["step_id"] == "certificate"
    pve.node("pve1").go_offline()
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["errors"] == {"base": "cannot_connect"}


async def test_without_sys_audit_nothing_can_be_judged_and_the_flow_does_not_go_on(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.limit_token({"/": "VM.Audit"})
    result = await _continue(hass, await _start(hass, _data(pve)), {})
    assert result["menu_options"] == ["check_again"]
    assert "pveum acl modify / " in result["description_placeholders"]["missing"]


async def test_with_the_essential_right_the_others_can_be_left_out(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.limit_token({"/": "Sys.Audit VM.Audit"})
    result = await _start(hass, _data(pve))
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["menu_options"] == ["check_again", "continue_anyway"]
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": "continue_anyway"})
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry_id = result["result"].entry_id
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"missing_privileges_{entry_id}") is not None


async def test_a_refused_token_asks_for_a_new_one_and_takes_it(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "token_secret": "revoked"})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    flow = hass.config_entries.flow.async_progress_by_handler(DOMAIN)[0]
    assert flow["step_id"] == "reauth_confirm"

    token = {"token_id": pve.token_id, "token_secret": "still wrong"}
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], token)
    assert result["errors"] == {"base": "invalid_auth"}
    result = await _continue(hass, result, token | {"token_secret": pve.token_secret})
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["token_secret"] == pve.token_secret


async def test_reconfiguring_to_another_node_keeps_the_secret_and_asks_for_its_certificate(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    host, port = pve.address("pve2")
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    changes = {"host": f"https://{host}:{port}/", "port": 8006, "token_id": pve.token_id}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], changes)
    assert result["step_id"] == "certificate"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == _data(pve, port=port, fingerprint=pve.fingerprints["pve2"])


async def test_another_cluster_is_not_taken_for_the_configured_one(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, unique_id=FOREIGN_IDENTITY)
    result = await entry.start_reconfigure_flow(hass)
    changes = {"host": pve.host, "port": pve.port, "token_id": pve.token_id}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], changes)
    assert result["reason"] == "wrong_cluster"

    result = await entry.start_reauth_flow(hass)
    token = {"token_id": pve.token_id, "token_secret": pve.token_secret}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], token)
    assert result["reason"] == "wrong_cluster"


async def test_a_new_certificate_is_accepted_by_a_repair(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    await async_setup_component(hass, REPAIRS, {})
    client = await hass_client()
    pve.replace_certificate("pve1")
    await entry.runtime_data.async_refresh()
    issue = {"handler": DOMAIN, "issue_id": f"certificate_changed_{entry.entry_id}"}
    flow = await (await client.post("/api/repairs/issues/fix", json=issue)).json()
    assert flow["description_placeholders"]["fingerprint"] == pve.fingerprint

    pve.replace_certificate("pve1")
    step = await (await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})).json()
    assert step["errors"] == {"base": "changed_again"}
    assert step["description_placeholders"]["fingerprint"] == pve.fingerprint

    pve.node("pve1").go_offline()
    step = await (await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})).json()
    assert step["errors"] == {"base": "cannot_connect"}
    pve.node("pve1").come_online()

    step = await (await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})).json()
    assert step["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.data["fingerprint"] == pve.fingerprint
    assert entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue["issue_id"]) is None


@pytest.fixture
async def other_proxmox(tmp_path: Path, hass: HomeAssistant, real_network: None) -> AsyncIterator[FakePve]:
    """An independent fake of Proxmox, with a token and a guest on each of two nodes."""
    fake = FakePve(host="127.0.0.1", port=0)
    fake.apitokens["backupmon@pve!ha"] = "11111111-2222-3333-4444-555555555555"
    fake.add_vm(100, "web", node="pve1", status="running")
    fake.add_vm(101, "mail", node="pve2", status="running")
    fake.grant("backupmon@pve!ha", "/", "Sys.Audit", "VM.Audit", "Datastore.Audit", "Pool.Audit")
    certificate, key, _ = make_cert(str(tmp_path), hosts=("127.0.0.1",))
    await fake.start(certificate, key)
    yield fake
    await fake.stop()


async def _add_other(hass: HomeAssistant, fake: FakePve) -> ConfigEntry:
    data = {"host": "127.0.0.1", "port": fake.port, "token_id": "backupmon@pve!ha"}
    result = await _start(hass, data | {"token_secret": "wrong"})
    assert result["description_placeholders"]["fingerprint"] == await fetch_fingerprint("127.0.0.1", fake.port)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["errors"] == {"base": "invalid_auth"}
    secret = fake.apitokens["backupmon@pve!ha"]
    result = await _continue(hass, result, data | {"token_secret": secret})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    made: ConfigEntry = result["result"]
    return made


async def test_an_independent_proxmox_is_added_and_read(hass: HomeAssistant, other_proxmox: FakePve) -> None:
    entry = await _add_other(hass, other_proxmox)
    assert entry.title == "fakecluster"
    assert entry.state is ConfigEntryState.LOADED
    assert set(entry.runtime_data.data.guests) == {100, 101}


async def test_an_offline_node_of_an_independent_proxmox_hides_its_guests_only(
    hass: HomeAssistant, other_proxmox: FakePve
) -> None:
    entry = await _add_other(hass, other_proxmox)
    other_proxmox.set_node_offline("pve2")
    await entry.runtime_data.async_refresh()
    guests = entry.runtime_data.data.guests
    assert guests[101].verdict.reason.code == "node_unreachable"
    assert guests[101].verdict.problem is None
    assert guests[100].verdict.reason.code != "node_unreachable"


async def test_a_missing_right_of_an_independent_proxmox_is_named(hass: HomeAssistant, other_proxmox: FakePve) -> None:
    other_proxmox.acl = None
    other_proxmox.grant("backupmon@pve!ha", "/", "Sys.Audit", "VM.Audit")
    data = {"host": "127.0.0.1", "port": other_proxmox.port, "token_id": "backupmon@pve!ha"}
    result = await _start(hass, data | {"token_secret": other_proxmox.apitokens["backupmon@pve!ha"]})
    result = await _continue(hass, result, {})
    assert result["step_id"] == "privileges"
    assert "Datastore.Audit" in result["description_placeholders"]["missing"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pve.example", ("pve.example", 8006)),
        ("192.168.1.11:8443", ("192.168.1.11", 8443)),
        ("https://pve.example:8006/#v1:0", ("pve.example", 8006)),
        ("fe80::1", ("fe80::1", 8006)),
        ("[fe80::1]", ("fe80::1", 8006)),
    ],
)
def test_a_host_may_be_a_name_an_address_or_the_address_of_the_web_interface(
    text: str, expected: tuple[str, int]
) -> None:
    assert split_host(text, 8006) == expected


@pytest.mark.parametrize("text", ["", "two words", "https://user@pve.example", "ftp://pve.example", "a%b"])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host"):
        split_host(text, 8006)
