"""Another node answers for the cluster while the configured one does not."""

from datetime import UTC, datetime
import json
from typing import cast, override

from aiohttp import ClientSession
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import UpdateFailed
import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness
from custom_components.proxmox_backup_checker.checker.model.records import NodeRecord
from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import ClusterStatus
from custom_components.proxmox_backup_checker.proxmox.api.errors import CannotConnectError
from custom_components.proxmox_backup_checker.sources.pve.node_failover import NodeFailover
from simulator import SimulatedCluster

from ...conftest import poll, set_up
from ...states import problem

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


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


ALONE = {
    "data": [
        {"type": "node", "id": "node/pve1", "name": "pve1", "nodeid": 0, "ip": "127.0.0.1", "local": 1, "online": 1}
    ]
}


async def test_a_node_that_lost_its_cluster_is_no_standalone_host(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    pve.faults.broken |= {"/cluster/status": json.dumps(ALONE), "/cluster/resources": json.dumps({"data": []})}
    await poll(hass, entry)

    facts = entry.runtime_data.reading.facts
    assert (facts.cluster.name, facts.cluster.quorate, facts.quorum_known) == ("small", False, False)
    assert {name: node.online for name, node in facts.nodes.items()} == {"pve1": True, "pve2": False, "pve3": False}
    assert facts.nodes["pve2"].blindness is Blindness.NODE_UNREACHABLE
    assert not facts.guests_complete
    pve.faults.broken.clear()
    await poll(hass, entry)
    assert entry.runtime_data.reading.facts.quorum_known
    assert entry.runtime_data.reading.facts.nodes["pve2"].blindness is None


async def test_a_standalone_host_stays_one(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    for name in ("pve2", "pve3"):
        del pve.nodes[name]
    for vmid in (102, 104):
        del pve.guests[vmid]
    pve.name = None
    entry = await set_up(hass, pve)
    await poll(hass, entry)
    facts = entry.runtime_data.reading.facts
    assert (facts.quorum_known, facts.cluster.quorate, list(facts.nodes)) == (True, True, ["pve1"])


async def test_a_host_that_has_left_its_cluster_is_a_standalone_host(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    for name in ("pve2", "pve3"):
        del pve.nodes[name]
    for vmid in (102, 104):
        del pve.guests[vmid]
    pve.name = None
    await poll(hass, entry)
    facts = entry.runtime_data.reading.facts
    assert (facts.quorum_known, facts.cluster.quorate, list(facts.nodes)) == (True, True, ["pve1"])
    assert entry.runtime_data.reading.fallback is None


async def test_a_node_that_cannot_say_whether_it_has_left_is_not_believed(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    pve.faults.broken["/cluster/status"] = json.dumps(ALONE)
    pve.faults.errors["/cluster/config/nodes"] = (500, "no such file")
    await poll(hass, entry)
    assert set(entry.runtime_data.reading.facts.nodes) == {"pve1", "pve2", "pve3"}


async def test_services_that_are_down_on_every_path_are_silence_and_no_lost_right(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    pve.faults.errors["/api2/json/"] = (500, "RPCEnvironment init request failed: Unable to load access control list")
    await poll(hass, entry)

    error = entry.runtime_data.last_error
    assert isinstance(error, CannotConnectError)
    assert "RPCEnvironment init request failed" in str(error)
    assert issue(hass, "missing_privileges") is None


async def test_without_pvedaemon_the_cluster_is_only_degraded(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    before = entry.runtime_data.reading.facts
    refused = (595, "Connection refused")
    pve.faults.errors |= dict.fromkeys(
        ("/cluster/status", "/included_volumes", "/log", "/storage?", "/nodes/pve1/storage", "/prunebackups"), refused
    )
    await entry.runtime_data.async_check_now()

    reading = entry.runtime_data.reading
    assert entry.runtime_data.last_error is None
    assert reading.facts.nodes.keys() == before.nodes.keys()
    assert [node.blindness for node in reading.facts.nodes.values()] == [None, None, None]
    assert (reading.facts.cluster.name, reading.facts.quorum_known) == ("small", False)
    assert reading.facts.included == before.included
    assert {"cluster status", "job backup-nightly", "storages of pve1"} <= reading.troubles.keys()
    assert problem(hass, 101) == ("off", "backed_up")
    assert issue(hass, "missing_privileges") is None


ODD_ADDRESSES = ["a b", "10.0.0.2:99", "10.0.0.2/24", "[", "::1%eth0", "x" * 300, "\udcff", "http://pve2"]
ODD_FINGERPRINTS = ["x", "AB:CD", "AB:" * 20, "", "Ä" * 64]


@pytest.mark.parametrize("fingerprint", ODD_FINGERPRINTS, ids=repr)
async def test_an_odd_fingerprint_of_another_node_hides_no_error_of_the_configured_one(
    hass: HomeAssistant, pve: SimulatedCluster, fingerprint: str
) -> None:
    pve.fingerprints |= {"pve2": fingerprint, "pve3": fingerprint}
    entry = await set_up(hass, pve)
    pve.servers["pve1"].refuse()
    await poll(hass, entry)
    assert isinstance(entry.runtime_data.last_error, CannotConnectError)
    assert f"127.0.0.1:{pve.port}" in str(entry.runtime_data.last_error)


class Silent(ProxmoxClient):
    """Every host is silent."""

    @override
    async def cluster_status(self) -> ClusterStatus:
        """Answer nothing."""
        raise CannotConnectError("silent")


def nobody() -> ProxmoxClient:
    """Return a client for which no host is there; it needs no session."""
    return Silent(cast(ClientSession, None), "127.0.0.1", 8006, token_id="a", token_secret="b", fingerprint=None)


async def test_odd_ways_from_the_history_are_passed_over() -> None:
    failover = NodeFailover(nobody())
    failover.restore(
        NodeRecord(name=f"pve{number}", address=address, fingerprint=fingerprint)
        for number, (address, fingerprint) in enumerate(
            zip(ODD_ADDRESSES, [*ODD_FINGERPRINTS, *ODD_FINGERPRINTS], strict=False)
        )
    )
    with pytest.raises(CannotConnectError, match="silent"):
        await failover.connect()


@pytest.mark.parametrize(("offline_since", "lacks"), [(NOW, False), (None, True)])
def test_the_certificate_of_a_node_that_is_off_is_not_asked_for_over_and_over(
    offline_since: datetime | None, lacks: bool
) -> None:
    failover = NodeFailover(nobody())
    failover.restore([NodeRecord(name="pve3", address="10.0.0.3", offline_since=offline_since)])
    assert failover.lacks_fingerprints is lacks


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
