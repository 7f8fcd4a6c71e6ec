"""Another node answers for the cluster while the configured one does not."""

import json

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import UpdateFailed
import pytest

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster

from ...conftest import poll, set_up
from ...states import problem


def issue(hass: HomeAssistant, key: str) -> ir.IssueEntry | None:
    """Return a repair issue of our only entry."""
    [entry] = hass.config_entries.async_entries(DOMAIN)
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")


def asked(pve: SimulatedCluster) -> set[str]:
    """Return the nodes that were asked since the last time."""
    nodes = {request.node for request in pve.requests}
    pve.traffic.clear()
    return nodes


async def test_another_node_answers_until_the_configured_one_is_back(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    data = dict(entry.data)
    assert asked(pve) == {"pve1"}

    pve.servers["pve1"].refuse()
    for _ in range(5):
        await poll(hass, entry)
    assert asked(pve) == {"pve2"}
    assert [problem(hass, vmid) for vmid in (101, 102, 103, 104)] == [("off", "backed_up")] * 4
    missing = issue(hass, "configured_node_missing")
    assert missing is not None
    assert missing.translation_placeholders is not None
    assert missing.translation_placeholders.items() >= {"missing": "pve1", "node": "pve2", "cluster": "small"}.items()
    assert dict(entry.data) == data

    pve.servers["pve1"].resume()
    await poll(hass, entry)
    assert asked(pve) == {"pve1"}
    assert issue(hass, "configured_node_missing") is None


async def test_after_a_restart_the_other_nodes_are_still_known(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    await hass.config_entries.async_unload(entry.entry_id)
    pve.servers["pve1"].refuse()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert problem(hass, 101) == ("off", "backed_up")
    missing = issue(hass, "configured_node_missing")
    assert missing is not None
    assert missing.translation_placeholders is not None
    assert missing.translation_placeholders["missing"] == "pve1"


async def test_no_node_is_asked_that_does_not_show_its_own_certificate(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    pve.replace_certificate("pve2")
    asked(pve)
    pve.servers["pve1"].refuse()
    await poll(hass, entry)

    assert asked(pve) == {"pve3"}
    assert problem(hass, 101) == ("off", "backed_up")


async def test_a_changed_certificate_of_the_configured_node_is_asked_about_and_not_evaded(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    pve.replace_certificate("pve1")
    asked(pve)
    await poll(hass, entry)

    assert asked(pve) == set()
    changed = issue(hass, "certificate_changed")
    assert changed is not None
    assert changed.is_fixable
    assert issue(hass, "configured_node_missing") is None


async def test_a_refused_token_asks_for_another_one_and_no_other_node(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    pve.access.tokens.clear()
    asked(pve)
    await poll(hass, entry)

    assert asked(pve) == {"pve1"}
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [SOURCE_REAUTH]


async def test_where_no_node_answers_the_configured_one_is_named(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    for server in pve.servers.values():
        server.refuse()
    for _ in range(4):
        await poll(hass, entry)

    assert not entry.runtime_data.last_update_success
    assert f"127.0.0.1:{pve.port}" in str(entry.runtime_data.last_error)
    assert issue(hass, "configured_node_missing") is None


@pytest.mark.parametrize(
    "address", ["a b", "10.0.0.2:99", "10.0.0.2/24", "x" * 500, "user@10.0.0.2"], ids=lambda address: address[:20]
)
async def test_an_address_that_is_none_is_told_and_never_asked(
    hass: HomeAssistant, pve: SimulatedCluster, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    rows = [
        {"type": "cluster", "name": "small", "quorate": 1},
        {"type": "node", "name": "pve1", "online": 1, "local": 1, "ip": "127.0.0.1"},
        {"type": "node", "name": "pve2", "online": 1, "local": 0, "ip": address},
    ]
    pve.faults.broken["/cluster/status"] = json.dumps({"data": rows})
    entry = await set_up(hass, pve)
    assert "field 'ip'" in entry.runtime_data.reading.troubles["address of pve2"]

    pve.servers["pve1"].refuse()
    for _ in range(4):
        await poll(hass, entry)
    assert not entry.runtime_data.last_update_success
    assert isinstance(entry.runtime_data.last_exception, UpdateFailed)
    assert "Unexpected error" not in caplog.text
