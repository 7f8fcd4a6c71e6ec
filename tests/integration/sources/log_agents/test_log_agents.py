"""Log agents in Home Assistant: the real agent over real TLS, on the files that the virtual cluster writes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.proxmox_backup_checker.const import CONF_LOG_AGENTS, DOMAIN
from custom_components.proxmox_backup_checker.repair_issues import agent_issue
from proxmox_backup_log_agent.certificate import make_certificate
from simulator import SimulatedCluster
from tests.log_agent.host import TOKEN, Agent, running_agent

OTHER_TOKEN = "this-token-is-of-another-agent"


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Three nodes, four guests, one nightly job that has run once."""
    async with SimulatedCluster.start("small", tmp_path / "pve") as cluster:
        cluster.job("nightly").run()
        cluster.clock.advance(hours=1)
        yield cluster


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """The agent's own certificate."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    make_certificate(folder, "pve1")
    return folder


@pytest.fixture
async def agent(pve: SimulatedCluster, certificates: Path) -> AsyncIterator[Agent]:
    """The agent of pve1."""
    async with running_agent(pve.files_of("pve1"), certificates) as agent:
        yield agent


@pytest.fixture
async def entry(hass: HomeAssistant, pve: SimulatedCluster) -> MockConfigEntry:
    """The cluster, set up without log agents."""
    data = {
        "host": pve.host,
        "port": pve.port,
        "token_id": pve.token_id,
        "token_secret": pve.token_secret,
        "fingerprint": pve.fingerprint,
    }
    entry = MockConfigEntry(domain=DOMAIN, title="small", unique_id="identity", data=data)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


def _line(agent: Agent, token: str = TOKEN, fingerprint: str | None = None) -> str:
    return f"{agent.url}/#token={token}&fingerprint={fingerprint or agent.fingerprint}"


async def _begin(hass: HomeAssistant, entry: ConfigEntry, step: str = "add_log_agent") -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    return await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": step})


async def _enter(hass: HomeAssistant, result: Any, data: dict[str, Any]) -> Any:
    result = await hass.config_entries.options.async_configure(result["flow_id"], data)
    await hass.async_block_till_done()
    return result


async def test_an_agent_is_added_by_its_pairing_line_and_makes_verdicts_exact(
    hass: HomeAssistant, entry: MockConfigEntry, agent: Agent
) -> None:
    assert entry.runtime_data.assessment.guests[101].verdict.confidence == "matched"
    result = await _enter(hass, await _begin(hass, entry), {"pairing": _line(agent)})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options[CONF_LOG_AGENTS] == {
        "pve1": {"url": agent.url, "token": TOKEN, "fingerprint": agent.fingerprint}
    }
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.assessment.guests[101].verdict.confidence == "exact"
    assert entry.runtime_data.assessment.guests[102].verdict.confidence == "matched"


async def test_without_a_pairing_line_the_certificate_is_shown_to_be_confirmed(
    hass: HomeAssistant, entry: MockConfigEntry, agent: Agent
) -> None:
    result = await _enter(hass, await _begin(hass, entry), {"url": agent.url, "token": TOKEN})
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"]["fingerprint"] == agent.fingerprint
    result = await _enter(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options[CONF_LOG_AGENTS]["pve1"]["fingerprint"] == agent.fingerprint


async def test_what_is_wrong_with_an_agent_is_named_and_can_be_corrected(
    hass: HomeAssistant, entry: MockConfigEntry, agent: Agent
) -> None:
    result = await _begin(hass, entry)
    for pairing, error in (
        ("this is no pairing line", "invalid_pairing"),
        (_line(agent, token=OTHER_TOKEN), "invalid_auth"),
        (_line(agent, fingerprint=":".join(["AB"] * 32)), "wrong_fingerprint"),
        (f"https://127.0.0.1:1/#token={TOKEN}&fingerprint={agent.fingerprint}", "cannot_connect"),
    ):
        result = await _enter(hass, result, {"pairing": pairing})
        assert result["errors"] == {"base": error}
    result = await _enter(hass, result, {"pairing": _line(agent)})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_the_proxmox_api_is_not_taken_for_an_agent(
    hass: HomeAssistant, entry: MockConfigEntry, pve: SimulatedCluster
) -> None:
    pairing = f"https://{pve.host}:{pve.port}/#token={TOKEN}&fingerprint={pve.fingerprint}"
    result = await _enter(hass, await _begin(hass, entry), {"pairing": pairing})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"]["base"] in {"unexpected_answer", "invalid_auth"}


async def test_an_agent_of_a_foreign_node_is_refused(hass: HomeAssistant, entry: MockConfigEntry, agent: Agent) -> None:
    assessment = entry.runtime_data.assessment
    others = tuple(node for node in assessment.cluster.nodes if node.name != "pve1")
    changed = replace(assessment, cluster=replace(assessment.cluster, nodes=others))
    entry.runtime_data.data = replace(entry.runtime_data.data, assessment=changed)
    result = await _enter(hass, await _begin(hass, entry), {"pairing": _line(agent)})
    assert result["errors"] == {"base": "wrong_node"}


async def test_a_removed_agent_is_no_longer_read_and_what_it_proved_stays(
    hass: HomeAssistant, entry: MockConfigEntry, agent: Agent, pve: SimulatedCluster
) -> None:
    await _enter(hass, await _begin(hass, entry), {"pairing": _line(agent)})
    result = await _enter(hass, await _begin(hass, entry, "remove_log_agent"), {"nodes": ["pve1"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options[CONF_LOG_AGENTS] == {}
    assert entry.runtime_data.assessment.guests[101].verdict.confidence == "exact"
    pve.job("nightly").run()
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.assessment.guests[101].verdict.confidence == "matched"


async def test_a_stopped_agent_is_named_by_a_repair_that_goes_when_it_is_back(
    hass: HomeAssistant, entry: MockConfigEntry, pve: SimulatedCluster, certificates: Path
) -> None:
    async with running_agent(pve.files_of("pve1"), certificates) as agent:
        await _enter(hass, await _begin(hass, entry), {"pairing": _line(agent)})
    issue = f"{agent_issue('pve1')}_{entry.entry_id}"
    await entry.runtime_data.async_refresh()

    raised = ir.async_get(hass).async_get_issue(DOMAIN, issue)
    assert raised is not None
    assert raised.translation_key == "log_agent_unreachable"
    assert entry.runtime_data.last_update_success

    await _enter(hass, await _begin(hass, entry, "remove_log_agent"), {"nodes": ["pve1"]})
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue) is None


async def test_a_job_that_cannot_start_is_a_problem_although_no_run_tells_it(
    hass: HomeAssistant, entry: MockConfigEntry, pve: SimulatedCluster, agent: Agent
) -> None:
    await _enter(hass, await _begin(hass, entry), {"pairing": _line(agent)})
    state = pve.files_of("pve1") / "var/lib/pve-manager/jobs/vzdump-backup-nightly.json"
    later = int(pve.clock.time())
    state.write_text(f'{{"state":"stopped","msg":"pool \'prod\' does not exist\\n","time":{later},"config":{{}}}}')
    await entry.runtime_data.async_refresh()

    verdict = entry.runtime_data.assessment.jobs["backup-nightly"].verdict
    assert verdict.problem is True
    assert verdict.reason.code == "job_could_not_start"
    assert "pool 'prod'" in verdict.reason.values["error"]


async def test_diagnostics_hold_every_verdict_and_no_secret(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    agent: Agent,
    hass_client: ClientSessionGenerator,
    pve: SimulatedCluster,
) -> None:
    await _enter(hass, await _begin(hass, entry), {"pairing": _line(agent)})
    diagnostics = str(await get_diagnostics_for_config_entry(hass, hass_client, entry))
    assert "backed_up" in diagnostics
    for secret in (pve.token_secret, pve.token_id, TOKEN, pve.fingerprint, agent.fingerprint, agent.url):
        assert secret not in diagnostics
