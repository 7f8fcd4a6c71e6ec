"""Repair issues: raised while something keeps us from seeing, deleted once it is mended; and the repair of a certificate."""

import asyncio
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any

from aiohttp import ClientSession
from aiohttp.test_utils import TestClient
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import UnknownFlow
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.repair_issues import agent_issue, job_states_issue
from custom_components.proxmox_backup_checker.repairs import async_create_fix_flow
from simulator import SimulatedCluster
from simulator.outcomes import failed
from tests.log_agent.host import make_readable, without_rights

from .conftest import RunningAgent, StartAgent, entry_data, poll, set_up

FIX = "/api/repairs/issues/fix"


@pytest.fixture
async def entry(hass: HomeAssistant, pve: SimulatedCluster) -> MockConfigEntry:
    """The cluster, set up without log agents."""
    return await set_up(hass, pve)


@pytest.fixture
async def web_interface(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> TestClient[Any, Any]:
    """A browser on Home Assistant's repairs."""
    # A server that runs takes no more routes, and the integration brings its own.
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, REPAIRS, {})
    client: TestClient[Any, Any] = await hass_client()
    return client


def _issue(hass: HomeAssistant, entry: MockConfigEntry, issue: str) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{issue}_{entry.entry_id}")


def _raised(hass: HomeAssistant, entry: MockConfigEntry, issue: str) -> tuple[str | None, dict[str, str]]:
    """Return key and placeholders of an issue that must be there."""
    found = _issue(hass, entry, issue)
    assert found is not None
    assert found.active
    return found.translation_key, found.translation_placeholders or {}


async def _open(web_interface: TestClient[Any, Any], entry: MockConfigEntry) -> Any:
    issue = {"handler": DOMAIN, "issue_id": f"certificate_changed_{entry.entry_id}"}
    return await (await web_interface.post(FIX, json=issue)).json()


async def _submit(hass: HomeAssistant, web_interface: TestClient[Any, Any], flow: Any) -> Any:
    step = await (await web_interface.post(f"{FIX}/{flow['flow_id']}", json={})).json()
    await hass.async_block_till_done()
    return step


async def test_a_healthy_cluster_has_no_issues(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    await set_up(hass, pve, options=log_agent.options)
    assert not ir.async_get(hass).issues


async def test_a_changed_certificate_is_accepted_after_it_was_compared(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, web_interface: TestClient[Any, Any]
) -> None:
    before = pve.fingerprint
    pve.replace_certificate("pve1")
    await poll(hass, entry)
    key, placeholders = _raised(hass, entry, "certificate_changed")
    assert key == "certificate_changed"
    assert placeholders == {"cluster": "small", "expected": before, "fingerprint": pve.fingerprint}

    step = await _open(web_interface, entry)
    assert step["step_id"] == "confirm"
    assert placeholders.items() <= step["description_placeholders"].items()
    assert entry.data["fingerprint"] == before
    step = await _submit(hass, web_interface, step)
    assert step["type"] == "create_entry"
    assert entry.data == entry_data(pve)
    assert entry.state is ConfigEntryState.LOADED
    assert _issue(hass, entry, "certificate_changed") is None


async def test_a_certificate_that_was_changed_while_home_assistant_was_off_can_be_accepted_too(
    hass: HomeAssistant, pve: SimulatedCluster, web_interface: TestClient[Any, Any]
) -> None:
    entry = await set_up(hass, pve, fingerprint=":".join(["AB"] * 32))
    step = await _submit(hass, web_interface, await _open(web_interface, entry))
    assert step["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert _issue(hass, entry, "certificate_changed") is None


async def test_only_the_certificate_that_was_shown_is_accepted(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, web_interface: TestClient[Any, Any]
) -> None:
    pve.replace_certificate("pve1")
    await poll(hass, entry)
    step = await _open(web_interface, entry)
    pve.replace_certificate("pve1")
    step = await _submit(hass, web_interface, step)
    assert step["errors"] == {"base": "changed_again"}
    assert step["description_placeholders"]["fingerprint"] == pve.fingerprint
    assert entry.data["fingerprint"] != pve.fingerprint

    step = await _submit(hass, web_interface, step)
    assert step["type"] == "create_entry"
    assert entry.data == entry_data(pve)


async def test_a_host_that_is_away_during_the_repair_is_tried_again(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, web_interface: TestClient[Any, Any]
) -> None:
    pve.replace_certificate("pve1")
    await poll(hass, entry)
    step = await _open(web_interface, entry)
    pve.node("pve1").go_offline()
    step = await _submit(hass, web_interface, step)
    assert step["errors"] == {"base": "cannot_connect"}
    pve.node("pve1").come_online()
    step = await _submit(hass, web_interface, step)
    assert step["type"] == "create_entry"
    assert entry.state is ConfigEntryState.LOADED


async def test_an_unreachable_host_neither_raises_nor_settles_the_question_of_its_certificate(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    pve.node("pve1").go_offline()
    await poll(hass, entry)
    assert _issue(hass, entry, "certificate_changed") is None
    pve.node("pve1").come_online()
    await poll(hass, entry)
    pve.replace_certificate("pve1")
    await poll(hass, entry)
    # The requests that were begun together with the refused one are still ending.
    await asyncio.sleep(0.2)
    pve.node("pve1").go_offline()
    await poll(hass, entry)
    assert _issue(hass, entry, "certificate_changed") is not None


async def test_a_cluster_that_was_removed_leaves_no_issue_and_no_repair(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry, web_interface: TestClient[Any, Any]
) -> None:
    pve.replace_certificate("pve1")
    await poll(hass, entry)
    found = _issue(hass, entry, "certificate_changed")
    assert found is not None
    await hass.config_entries.async_remove(entry.entry_id)
    assert _issue(hass, entry, "certificate_changed") is None
    answer = await web_interface.post(FIX, json={"handler": DOMAIN, "issue_id": found.issue_id})
    assert answer.status == HTTPStatus.BAD_REQUEST
    with pytest.raises(UnknownFlow, match="no longer configured"):
        await async_create_fix_flow(hass, found.issue_id, found.data)


async def test_missing_rights_are_an_issue_with_the_lines_that_grant_them_until_they_are_granted(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    pve.limit_token({"/": "Sys.Audit VM.Audit"})
    await poll(hass, entry)
    key, placeholders = _raised(hass, entry, "missing_privileges")
    assert key == "missing_privileges"
    assert placeholders["token"] == pve.token_id
    assert [line.partition(":")[0] for line in placeholders["missing"].splitlines()] == [
        "- Datastore.Audit (/storage)",
        "- Pool.Audit (/pool)",
    ]
    pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit"})
    await poll(hass, entry)
    assert "Pool.Audit" not in _raised(hass, entry, "missing_privileges")[1]["missing"].replace("Sys.Audit", "")
    pve.limit_token({"/": "BackupMonitor"})
    await poll(hass, entry)
    assert _issue(hass, entry, "missing_privileges") is None


async def test_a_log_agent_that_stops_is_an_issue_until_it_is_back(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    await log_agent.stop()
    await poll(hass, entry)
    key, placeholders = _raised(hass, entry, agent_issue("pve1"))
    assert key == "log_agent_unreachable"
    assert placeholders["node"] == "pve1"
    assert str(log_agent.port) in placeholders["error"]
    await log_agent.start()
    await poll(hass, entry)
    assert _issue(hass, entry, agent_issue("pve1")) is None


async def test_what_keeps_a_log_agent_from_being_read_is_told_apart(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    right = log_agent.token
    entry = await set_up(hass, pve, options=log_agent.options)
    await log_agent.restart(token="a-token-that-was-made-later")
    await poll(hass, entry)
    assert _raised(hass, entry, agent_issue("pve1"))[0] == "log_agent_token"
    await log_agent.restart(token=right, new_certificate=True)
    await poll(hass, entry)
    assert _raised(hass, entry, agent_issue("pve1"))[0] == "log_agent_certificate"


async def test_a_log_agent_that_takes_no_more_connections_from_here_is_told_apart(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    headers = {"Authorization": f"Bearer {log_agent.token}"}
    async with AsyncExitStack() as stack:
        for _ in range(6):
            other = await stack.enter_async_context(ClientSession(headers=headers))
            assert (await other.get(f"{log_agent.url}/v1/status", ssl=False)).status == HTTPStatus.OK
        entry = await set_up(hass, pve, options=log_agent.options)
        key, placeholders = _raised(hass, entry, agent_issue("pve1"))
        assert key == "log_agent_crowded"
        assert "429" in placeholders["error"]
    await poll(hass, entry)
    assert _issue(hass, entry, agent_issue("pve1")) is None


async def test_a_job_state_that_the_log_agent_may_not_read_is_an_issue_and_proves_nothing(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve, options=log_agent.options)
    assert _issue(hass, entry, job_states_issue("pve1")) is None
    folder = log_agent.root / "var/lib/pve-manager/jobs"
    make_readable(folder)
    state = folder / "vzdump-backup-nightly.json"
    state.write_text(state.read_text() + " ")
    state.chmod(0)
    with without_rights():
        await poll(hass, entry)
    key, placeholders = _raised(hass, entry, job_states_issue("pve1"))
    assert key == "job_states_unreadable"
    assert (placeholders["node"], placeholders["jobs"]) == ("pve1", "backup-nightly")
    assert placeholders["error"] == "Permission denied"
    assert not entry.runtime_data.reading.facts.job_states
    assert "job states of pve1" in entry.runtime_data.reading.troubles
    state.chmod(0o644)
    await poll(hass, entry)
    assert _issue(hass, entry, job_states_issue("pve1")) is None


async def test_each_log_agent_has_its_own_issue(
    hass: HomeAssistant, pve: SimulatedCluster, start_agent: StartAgent
) -> None:
    agents = [await start_agent(node) for node in ("pve1", "pve2")]
    options = {"log_agents": agents[0].options["log_agents"] | agents[1].options["log_agents"]}
    entry = await set_up(hass, pve, options=options)
    for agent in agents:
        await agent.stop()
    await poll(hass, entry)
    await agents[0].start()
    await poll(hass, entry)
    assert _issue(hass, entry, agent_issue("pve1")) is None
    assert _issue(hass, entry, agent_issue("pve2")) is not None


async def test_the_issue_of_a_log_agent_goes_when_the_agent_is_removed(
    hass: HomeAssistant, pve: SimulatedCluster, log_agent: RunningAgent
) -> None:
    entry = await set_up(hass, pve, options=log_agent.options)
    await log_agent.stop()
    await poll(hass, entry)
    assert _issue(hass, entry, agent_issue("pve1")) is not None
    result = await hass.config_entries.options.async_init(entry.entry_id)
    for data in ({"next_step_id": "remove_log_agent"}, {"nodes": ["pve1"]}):
        await hass.config_entries.options.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    assert _issue(hass, entry, agent_issue("pve1")) is None


async def test_a_refused_token_asks_for_a_new_one_and_keeps_the_other_issues(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    pve.limit_token({"/": "Sys.Audit VM.Audit"})
    await poll(hass, entry)
    pve.token.secret = "a-new-secret"
    await poll(hass, entry)
    domain = "homeassistant"
    reauth = f"config_entry_reauth_{DOMAIN}_{entry.entry_id}"
    assert ir.async_get(hass).async_get_issue(domain, reauth) is not None
    assert _issue(hass, entry, "missing_privileges") is not None

    flow = hass.config_entries.flow.async_progress_by_handler(DOMAIN)[0]["flow_id"]
    pve.limit_token({"/": "BackupMonitor"})
    token = {"token_id": pve.token_id, "token_secret": pve.token_secret}
    await hass.config_entries.flow.async_configure(flow, token)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).async_get_issue(domain, reauth) is None
    assert _issue(hass, entry, "missing_privileges") is None


def _mistakes(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str | None, ir.IssueEntry]:
    """Return the issues about what is mistaken in Proxmox, by the key of their text."""
    return {
        issue.translation_key: issue
        for issue in ir.async_get(hass).issues.values()
        if issue.issue_id.startswith("mistake_") and issue.issue_id.endswith(entry.entry_id)
    }


async def test_what_is_mistaken_in_proxmox_is_an_issue_until_it_is_put_right(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    assert _mistakes(hass, entry) == {}
    hass.config.language = "de"
    pve.guest(104).delete(purge=False)
    pve.add_job("hourly", "22", "local", vmid="101", comment="local copy")
    await poll(hass, entry)
    found = _mistakes(hass, entry)
    assert found.keys() == {"deleted_guest_in_job", "schedule_minute_not_hour"}
    assert found["deleted_guest_in_job"].translation_placeholders == {
        "cluster": "small",
        "job": "nightly",
        "vmids": "104",
        "command": "pvesh set /cluster/backup/backup-nightly --vmid 101,102,103",
    }
    schedule = found["schedule_minute_not_hour"]
    assert schedule.translation_placeholders is not None
    assert schedule.translation_placeholders["meaning"] == "jede Stunde zur Minute 22"
    assert schedule.learn_more_url is not None
    assert schedule.learn_more_url.endswith("/docs/schedules.md")

    pve.job("nightly").change(vmid="101,102,103")
    pve.job("hourly").reschedule("22:00")
    await poll(hass, entry)
    assert _mistakes(hass, entry) == {}


async def test_a_mistake_that_is_ignored_stays_ignored_until_it_is_another_one(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    pve.job("nightly").reschedule("22")
    await poll(hass, entry)
    ignored = _mistakes(hass, entry)["schedule_minute_not_hour"]
    ir.async_ignore_issue(hass, DOMAIN, ignored.issue_id, ignore=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert _mistakes(hass, entry)["schedule_minute_not_hour"].dismissed_version is not None
    pve.job("nightly").reschedule("23")
    await poll(hass, entry)
    assert _mistakes(hass, entry)["schedule_minute_not_hour"].dismissed_version is None


async def test_while_proxmox_is_not_reached_the_mistakes_stay_and_they_go_with_the_entry(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    pve.job("nightly").reschedule("22")
    await poll(hass, entry)
    pve.faults.errors["/cluster/resources"] = (500, "broken")
    await poll(hass, entry)
    assert _mistakes(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert _mistakes(hass, entry) == {}


async def test_a_failed_backup_is_no_issue(hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry) -> None:
    pve.job("nightly").run(outcomes={101: failed("disk full")})
    await poll(hass, entry)
    assert not ir.async_get(hass).issues


async def test_nothing_in_the_names_that_an_issue_tells_does_anything(
    hass: HomeAssistant, pve: SimulatedCluster, entry: MockConfigEntry
) -> None:
    job = pve.job("nightly")
    job.change(comment="[click](https://evil.example) <img src=x> `rm`", schedule="22")
    await poll(hass, entry)
    [issue] = [one for one in ir.async_get(hass).issues.values() if one.translation_key == "schedule_minute_not_hour"]
    assert issue.translation_placeholders is not None
    told = issue.translation_placeholders["job"]
    assert told.replace("\u200b", "") == "[click](https://evil.example) <img src=x> 'rm'"
    assert [mark for mark in ("](", "://", "<i", "`") if mark in told] == []
    assert issue.translation_placeholders["schedule"] == "22"
