"""What a bug report holds, and what it must not."""

import json
import re

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from simulator import SimulatedCluster
from simulator.outcomes import failed

from .conftest import RunningAgent, entry_data, poll, set_up
from .states import device


async def text_of(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the diagnostics as the file that a user sends."""
    return json.dumps(await async_get_config_entry_diagnostics(hass, entry))


async def test_no_secret_and_no_address_is_in_it(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run(outcomes={101: failed("mount error: cannot reach 192.168.77.4:/export")})
    entry = await set_up(hass, pve, options=log_agent.options)
    text = await text_of(hass, entry)
    assert "mount error: cannot reach **REDACTED**:/export" in text
    secrets = (pve.token_secret, pve.token_id, log_agent.token, log_agent.url, pve.host, pve.fingerprint, "192.168.")
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize("hidden", [False, True])
async def test_no_address_of_another_host_is_in_it(hass: HomeAssistant, pve: SimulatedCluster, hidden: bool) -> None:
    error = "mount error: could not resolve address for fileserver (fd00:1::7), //fileserver.home.lan/backups"
    pve.job("nightly").run(outcomes={101: failed(error)})
    text = await text_of(hass, await set_up(hass, pve, options={"hide_names": hidden}))
    assert "mount error: could not resolve address for" in text
    assert [part for part in ("fileserver", "fd00", "home.lan") if part in text] == []


async def test_verdicts_are_in_it_with_their_evidence(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    runs = pve.job("nightly").run(outcomes={101: failed("disk full")})
    entry = await set_up(hass, pve)
    verdict = json.loads(await text_of(hass, entry))["guests"]["101"]["verdict"]
    assert (verdict["problem"], verdict["reason"]["code"]) == (True, "backup_failed")
    assert verdict["evidence"] == [runs[0].upid]


async def test_a_failed_poll_is_in_it_without_the_address(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    for node in pve.nodes.values():
        node.go_offline()
    for _ in range(4):
        await poll(hass, entry)
    text = await text_of(hass, entry)
    content = json.loads(text)
    assert content["last_update_success"] is False
    assert content["last_error"]
    assert pve.host not in text


async def test_an_agent_out_of_reach_is_in_it_without_its_address(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    await log_agent.stop()
    entry = await set_up(hass, pve, options=log_agent.options)
    text = await text_of(hass, entry)
    assert json.loads(text)["agent_errors"]["pve1"]
    assert pve.host not in text


async def test_names_are_hidden_everywhere_if_the_user_wants_it_and_can_still_be_followed(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.pools["kunden"] = ""
    pve.guest(101).pool = "kunden"
    pve.guest(102).tags = "geheim;backup-rpo-7d"
    pve.job("nightly").change(mailto="anna@example.org")
    pve.job("nightly").run(outcomes={101: failed("cannot write web.vma to storage 'nas' on pve1 (192.168.1.20)")})
    options = {
        **log_agent.options,
        "hide_names": True,
        "expected_offline": ["pve3"],
        "ignored_jobs": ["backup-nightly"],
    }
    entry = await set_up(hass, pve, options=options)
    pve.guest(103).rename("nameserver")
    await poll(hass, entry)
    told = await async_get_config_entry_diagnostics(hass, entry)
    text = json.dumps(told, ensure_ascii=False)

    names = (
        "web",
        "database",
        "dns",
        "nameserver",
        "files",
        "nas",
        "local-lvm",
        "pve1",
        "pve2",
        "pve3",
        "nightly",
        "kunden",
    )
    secrets = ("geheim", "anna", "root@pam", "192.168", pve.host, pve.token_secret, log_agent.token, "small")
    left = [name for name in names if re.search(rf"(?<![a-z0-9]){name}(?![a-z0-9])", text, re.IGNORECASE)]
    assert [*left, *(secret for secret in secrets if secret in text)] == []

    web = told["guests"]["101"]
    node = web["guest"]["node"]
    assert node in told["nodes"]
    assert node in told["entry"]["options"]["log_agents"]
    assert all(upid.split(":")[1] in told["nodes"] for upid in told["runs"])
    assert sorted(told["guests"]["102"]["guest"]["tags"]) == ["**REDACTED**", "backup-rpo-7d"]
    assert web["verdict"]["reason"]["code"] == "no_job"
    again = await async_get_config_entry_diagnostics(hass, entry)
    assert again["nodes"].keys() == told["nodes"].keys()


async def test_it_holds_what_a_maintainer_asks_for(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run(outcomes={102: failed("disk full")})
    entry = await set_up(hass, pve)
    pve.job("nightly").run()
    await poll(hass, entry)
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["proxmox_version"] == "9.2.11"
    assert told["guests"]["101"]["why"] == "Backed up by the job “nightly” on pve1."
    assert told["guests"]["101"]["verdict"]["trace"]["rule"] == "newest_run"
    assert told["storages"]["nas"]["listed"]["complete"] is True
    assert {archive["vmid"] for archive in told["storages"]["nas"]["archives"]} == {101, 102, 103, 104}
    assert told["history"]["guests"]["101"]["first_seen"] is None
    newest, first = told["polls"]
    assert first["requests"] > newest["requests"] > 0
    assert len(newest["new_runs"]) == 2
    assert newest["changes"] == [
        "cluster: ok, cluster_ok",
        "guest_102: ok, backed_up",
        "job_backup-nightly: ok, job_ok",
    ]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("guest_101", {"guest", "verdict", "why", "figures", "record", "runs", "archives", "jobs"}),
        ("job_backup-nightly", {"job", "verdict", "why", "figures", "record", "runs", "states", "included"}),
        ("storage_nas", {"storage", "verdict", "why", "archives", "record"}),
        ("node_pve1", {"node", "record", "agent_error", "states", "listener_answered"}),
        ("cluster", {"guests", "jobs", "storages", "history"}),
    ],
)
async def test_a_device_tells_its_own_part_alone(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent, key: str, expected: set[str]
) -> None:
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    entry = await set_up(hass, pve, options=log_agent.options)
    found = device(hass, entry, key)
    assert found is not None
    told = await async_get_device_diagnostics(hass, entry, found)
    text = json.dumps(told)
    assert expected <= told.keys()
    assert {"entry", "polls", "proxmox_version"} <= told.keys()
    assert [secret for secret in (pve.token_secret, log_agent.token, pve.host) if secret in text] == []
    if key == "guest_101":
        assert told["device"] == "guest_101"
        assert len(told["runs"]) == 1
        assert told["jobs"].keys() == {"backup-nightly"}
        assert told["archives"] == []
        assert told["verdict"]["reason"]["code"] == "backup_failed"
    elif key == "node_pve1":
        assert told["agent_error"] is None
        assert [state["job_id"] for state in told["states"]] == ["backup-nightly"]


async def test_a_host_that_is_called_like_a_node_is_no_address(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "host": "pve1"})
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["nodes"].keys() == {"pve1", "pve2", "pve3"}
    assert told["entry"]["data"]["host"] == "**REDACTED**"


async def test_a_version_that_cannot_be_asked_for_keeps_nothing_else_back(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    for node in pve.nodes.values():
        node.go_offline()
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["proxmox_version"].startswith("unknown: ")
    assert pve.host not in told["proxmox_version"]
    assert told["guests"]


@pytest.mark.parametrize("hidden", [False, True])
async def test_a_cluster_that_is_not_loaded_tells_why_and_no_secret(
    hass: HomeAssistant, pve: SimulatedCluster, hidden: bool
) -> None:
    agents = {"pve1": {"url": "https://10.1.2.3:8765", "token": "agents-token", "fingerprint": None}}
    options = {"log_agents": agents, "ignored_jobs": ["backup-nightly"], "hide_names": hidden}
    for node in pve.nodes.values():
        node.go_offline()
    entry = MockConfigEntry(domain=DOMAIN, title="small", unique_id="x", data=entry_data(pve), options=options)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    text = await text_of(hass, entry)
    told = json.loads(text)
    assert (told["state"], told["error"]) == ("setup_retry", "cannot_connect")
    secrets = (pve.token_secret, pve.token_id, pve.host, "10.1.2.3", "agents-token", pve.fingerprint)
    assert [secret for secret in secrets if secret in text] == []
    assert [name in text for name in ("pve1", "backup-nightly", "small")] == [not hidden, not hidden, False]


async def test_ids_of_issues_name_nothing(hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent) -> None:
    await log_agent.stop()
    pve.job("nightly").reschedule("22")
    entry = await set_up(hass, pve, options={**log_agent.options, "hide_names": True})
    ids = [issue.issue_id.removesuffix(entry.entry_id) for issue in ir.async_get(hass).issues.values()]
    assert len(ids) == 2
    assert [issue for issue in ids if "pve1" in issue or "nightly" in issue] == []
