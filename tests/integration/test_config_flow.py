"""Every way through the config flow, each mistake continued to success."""

from collections.abc import AsyncIterator
from pathlib import Path
import ssl
from typing import Any

from aiohttp import web
from fakepve.certs import make_cert
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.flow_fields import split_host
from simulator import SimulatedCluster

from .conftest import IndependentProxmox, entry_data, set_up
from .gate import Gate

type Proxmox = SimulatedCluster | IndependentProxmox

FOREIGN_IDENTITY = "00000000-0000-0000-0000-000000000000"


def _data(pve: Proxmox, **changes: Any) -> dict[str, Any]:
    """Return what a user enters."""
    data = entry_data(pve)
    del data["fingerprint"]
    return data | changes


async def _start(hass: HomeAssistant, data: dict[str, Any]) -> Any:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "user")
    result = await _enter(hass, result, {"next_step_id": "cluster"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "cluster")
    return await _enter(hass, result, data)


async def _enter(hass: HomeAssistant, result: Any, data: dict[str, Any]) -> Any:
    return await hass.config_entries.flow.async_configure(result["flow_id"], data)


async def _continue(hass: HomeAssistant, result: Any, data: dict[str, Any]) -> Any:
    """Enter something, and confirm the certificate where it is asked for."""
    result = await _enter(hass, result, data)
    if result.get("step_id") == "certificate":
        result = await _enter(hass, result, {})
    await hass.async_block_till_done()
    return result


async def _choose(hass: HomeAssistant, result: Any, option: str) -> Any:
    return await _continue(hass, result, {"next_step_id": option})


async def _succeeds(hass: HomeAssistant, result: Any, pve: Proxmox) -> None:
    """Correct what was wrong: the flow goes on to a working entry."""
    result = await _continue(hass, result, _data(pve))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == entry_data(pve)
    assert result["result"].state is ConfigEntryState.LOADED


@pytest.fixture
async def tls_port(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[int]:
    """The port of a web server that is no Proxmox."""
    certificate, key, _ = make_cert(str(tmp_path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_a_cluster_is_added_once_its_certificate_is_confirmed(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    result = await _start(hass, _data(pve))
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"] == {"host": "127.0.0.1", "fingerprint": pve.fingerprint}
    result = await _continue(hass, result, {})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "small"
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert dict(entry.data) == {
        "host": "127.0.0.1",
        "port": pve.port,
        "token_id": "homeassistant@pve!ha",
        "token_secret": pve.token_secret,
        "fingerprint": pve.fingerprint,
    }
    assert len(entry.unique_id) == 36


async def test_nothing_is_sent_to_a_host_whose_certificate_is_not_confirmed(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    await _start(hass, _data(pve))
    assert not pve.requests


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"port": 1}, "base", "cannot_connect"),
        ({"host": "::1"}, "base", "cannot_connect"),
        ({"token_secret": "wrong"}, "base", "invalid_auth"),
        ({"token_id": "homeassistant@pve!other"}, "base", "invalid_auth"),
        ({"token_id": "homeassistant@pve"}, "token_id", "invalid_token_id"),
        ({"token_id": "ha"}, "token_id", "invalid_token_id"),
        ({"host": "not a host"}, "host", "invalid_host"),
        ({"host": "http://127.0.0.1"}, "host", "invalid_host"),
        ({"host": "pve|1"}, "host", "invalid_host"),
    ],
)
async def test_what_was_entered_wrong_is_named_and_can_be_corrected(
    hass: HomeAssistant, pve: SimulatedCluster, changes: dict[str, Any], field: str, error: str
) -> None:
    result = await _start(hass, _data(pve, **changes))
    if result["step_id"] == "certificate":
        result = await _continue(hass, result, {})
    assert result["step_id"] == "cluster"
    assert result["errors"] == {field: error}
    await _succeeds(hass, result, pve)


async def test_what_was_entered_is_kept_but_for_a_refused_secret(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    result = await _start(hass, _data(pve, port=1))
    kept = {"host": "127.0.0.1", "port": 1, "token_id": pve.token_id, "token_secret": pve.token_secret}
    assert _suggested(result) == kept
    result = await _continue(hass, result, _data(pve, token_secret="wrong"))
    assert result["errors"] == {"base": "invalid_auth"}
    assert result["description_placeholders"]["error"] == "Authentication failed"
    assert _suggested(result) == kept | {"port": pve.port, "token_secret": None}


def _suggested(result: Any) -> dict[str, Any]:
    return {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}


async def test_the_address_of_the_web_interface_and_spaces_around_are_taken(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    changes = {"host": f" https://127.0.0.1:{pve.port}/#v1:0:18 ", "port": 8006, "token_id": f" {pve.token_id} "}
    result = await _continue(hass, await _start(hass, _data(pve, **changes)), {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == entry_data(pve)


async def test_a_server_that_speaks_no_tls_is_named(
    hass: HomeAssistant, pve: SimulatedCluster, plain_port: int
) -> None:
    result = await _start(hass, _data(pve, port=plain_port))
    assert result["errors"] == {"base": "invalid_certificate"}
    await _succeeds(hass, result, pve)


async def test_a_server_that_is_no_proxmox_is_named(hass: HomeAssistant, pve: SimulatedCluster, tls_port: int) -> None:
    result = await _continue(hass, await _start(hass, _data(pve, port=tls_port)), {})
    assert result["errors"] == {"base": "unexpected_answer"}
    await _succeeds(hass, result, pve)


async def test_an_answer_that_is_none_of_proxmox_is_named(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.faults.broken["/access/permissions"] = "<html>"
    result = await _continue(hass, await _start(hass, _data(pve)), {})
    assert result["errors"] == {"base": "unexpected_answer"}
    pve.faults.broken.clear()
    await _succeeds(hass, result, pve)


async def test_a_host_that_goes_away_after_its_certificate_was_shown_is_named(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    result = await _start(hass, _data(pve))
    assert result["step_id"] == "certificate"
    pve.node("pve1").go_offline()
    result = await _continue(hass, result, {})
    assert result["errors"] == {"base": "cannot_connect"}
    pve.node("pve1").come_online()
    await _succeeds(hass, result, pve)


async def test_a_host_that_goes_away_before_its_certificate_is_shown_is_named(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    async with Gate.to(pve.port, connections=1) as gate:
        result = await _start(hass, _data(pve, port=gate.port))
    assert result["errors"] == {"base": "cannot_connect"}
    await _succeeds(hass, result, pve)


async def test_a_certificate_that_changes_between_the_steps_is_asked_for_again(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    result = await _start(hass, _data(pve))
    shown = result["description_placeholders"]["fingerprint"]
    pve.replace_certificate("pve1")
    result = await _enter(hass, result, {})
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"]["fingerprint"] == pve.fingerprint != shown
    result = await _continue(hass, result, {})
    assert result["data"]["fingerprint"] == pve.fingerprint


async def test_a_missing_right_is_named_with_the_line_that_grants_it_until_it_is_granted(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit"})
    result = await _continue(hass, await _start(hass, _data(pve)), {})
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["check_again", "continue_anyway"]
    shown = result["description_placeholders"]
    assert shown["token"] == pve.token_id
    assert shown["role"] == 'pveum role add BackupMonitor --privs "Sys.Audit VM.Audit Datastore.Audit Pool.Audit"'
    assert shown["missing"] == (
        "- **Datastore.Audit** (/storage): `pveum acl modify /storage --users 'homeassistant@pve'"
        " --tokens 'homeassistant@pve!ha' --roles BackupMonitor`"
    )
    result = await _choose(hass, result, "check_again")
    assert result["step_id"] == "privileges"

    pve.limit_token({"/": "BackupMonitor"})
    result = await _choose(hass, result, "check_again")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_without_sys_audit_nothing_can_be_judged_and_the_flow_does_not_go_on(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.limit_token({"/": "VM.Audit"})
    result = await _continue(hass, await _start(hass, _data(pve)), {})
    assert result["menu_options"] == ["check_again"]
    assert "pveum acl modify / " in result["description_placeholders"]["missing"]
    pve.limit_token({"/": "BackupMonitor"})
    assert (await _choose(hass, result, "check_again"))["type"] is FlowResultType.CREATE_ENTRY


async def test_with_the_essential_right_the_others_can_be_left_out_and_an_issue_says_so(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.limit_token({"/": "Sys.Audit VM.Audit"})
    result = await _continue(hass, await _start(hass, _data(pve)), {})
    result = await _choose(hass, result, "continue_anyway")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry_id = result["result"].entry_id
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"missing_privileges_{entry_id}") is not None


async def test_an_essential_right_that_is_lost_meanwhile_stops_who_wanted_to_continue(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.limit_token({"/": "Sys.Audit VM.Audit"})
    result = await _continue(hass, await _start(hass, _data(pve)), {})
    pve.limit_token({"/": "VM.Audit"})
    result = await _choose(hass, result, "continue_anyway")
    assert result["menu_options"] == ["check_again"]


async def test_a_certificate_that_changes_while_rights_are_granted_is_asked_for(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.limit_token({"/": "Sys.Audit"})
    result = await _continue(hass, await _start(hass, _data(pve)), {})
    pve.limit_token({"/": "BackupMonitor"})
    pve.replace_certificate("pve1")
    result = await _enter(hass, result, {"next_step_id": "check_again"})
    assert result["step_id"] == "certificate"
    assert (await _continue(hass, result, {}))["data"] == entry_data(pve)


async def test_a_cluster_is_not_added_twice_through_another_node(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    await set_up(hass, pve)
    result = await _continue(hass, await _start(hass, _data(pve, host=pve.address("pve2")[0])), {})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pve.example", ("pve.example", 8000)),
        (" PVE.example\n", ("pve.example", 8000)),
        ("192.168.1.11:8443", ("192.168.1.11", 8443)),
        ("pve.example:8006/#v1:0", ("pve.example", 8006)),
        ("https://pve.example:8006/#v1:0", ("pve.example", 8006)),
        ("https://pve.example", ("pve.example", 8000)),
        ("https://pve.example:443/", ("pve.example", 443)),
        ("fe80::1", ("fe80::1", 8000)),
        ("[fe80::1]", ("fe80::1", 8000)),
        ("[fe80::1]:8443", ("fe80::1", 8443)),
        ("https://[fe80::1]", ("fe80::1", 8000)),
        ("https://[fe80::1]:8443/#v1:0", ("fe80::1", 8443)),
    ],
)
def test_a_host_may_be_a_name_an_address_or_the_address_of_the_web_interface(
    text: str, expected: tuple[str, int]
) -> None:
    assert split_host(text, 8000) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "two words",
        "https://user@pve.example",
        "ftp://pve.example",
        "http://pve.example:8006",
        "a%b",
        "a|b",
        "pve.example:0",
        "pve.example:70000",
        "pve.example:web",
        "[fe80::1",
        "[pve]",
        "fe80::1%eth0",
        "https://",
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_host(text, 8006)
