"""Setting up, failing, unloading: what a poll that goes wrong does to an entry."""

import asyncio
from dataclasses import replace

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, Facts
from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.sources.read_schedule import QUIET, WITH_AGENTS
from simulator import SimulatedCluster

from .conftest import IndependentProxmox, StartAgent, poll, set_up
from .states import problem, shown


def archives(facts: Facts) -> set[str]:
    """Return all archives that are listed."""
    return {archive.volid for storage in facts.storages if storage.listing for archive in storage.listing.archives}


async def test_a_wrong_fingerprint_is_retried_and_a_repair_says_so(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve, fingerprint=":".join(["AB"] * 32))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"certificate_changed_{entry.entry_id}")
    assert issue is not None
    assert issue.is_fixable


async def test_a_wrong_token_asks_the_user(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve, token_secret="wrong")
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [SOURCE_REAUTH]


async def test_what_is_no_proxmox_any_more_makes_everything_unavailable_until_it_is_back(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    pve.faults.broken["/cluster/resources"] = "<html>"
    for _ in range(3):
        await poll(hass, entry)
        assert problem(hass, 101) == ("off", "backed_up")
    await poll(hass, entry)
    assert shown(hass, "_guest_101_problem").state == "unavailable"
    del pve.faults.broken["/cluster/resources"]
    await poll(hass, entry)
    assert problem(hass, 101) == ("off", "backed_up")


async def test_lost_rights_raise_an_issue_that_goes_when_they_are_back(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.pools["gold"] = ""
    pve.guest(101).pool = "gold"
    entry = await set_up(hass, pve)
    pve.limit_token({"/": "Sys.Audit VM.Audit Datastore.Audit"})
    await poll(hass, entry)
    issue = (DOMAIN, f"missing_privileges_{entry.entry_id}")
    found = ir.async_get(hass).async_get_issue(*issue)
    assert found is not None
    assert found.translation_placeholders is not None
    assert "pveum acl modify /pool" in found.translation_placeholders["missing"]
    pve.limit_token({"/": "Sys.Audit VM.Audit Datastore.Audit Pool.Audit"})
    await poll(hass, entry)
    assert ir.async_get(hass).async_get_issue(*issue) is None


async def test_an_unloaded_entry_asks_nothing_more(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert shown(hass, "_guest_101_problem").state == "unavailable"


async def test_another_proxmox_is_judged_too(hass: HomeAssistant, fake_pve: IndependentProxmox) -> None:
    """It knows guests and nodes, and has no job: so nothing is backed up."""
    entry = await set_up(hass, fake_pve)
    assert entry.state is ConfigEntryState.LOADED
    assert problem(hass, 100) == ("on", "no_job")
    assert problem(hass, 101) == ("on", "no_job")


async def test_polls_are_rare_only_while_every_agent_answers(
    hass: HomeAssistant, pve: SimulatedCluster, start_agent: StartAgent
) -> None:
    agents = [await start_agent(node) for node in pve.nodes]
    options = {"log_agents": {agent.node: agent.options["log_agents"][agent.node] for agent in agents}}
    entry = await set_up(hass, pve, options=options)
    coordinator = entry.runtime_data
    assert coordinator.update_interval == WITH_AGENTS
    await agents[1].stop()
    await poll(hass, entry)
    assert coordinator.update_interval == QUIET
    await agents[1].start()
    await poll(hass, entry)
    assert coordinator.update_interval == WITH_AGENTS
    # An agent that answers the polls, and does not tell its changes, does not tell what happens either.
    coordinator.agent_reachability.note("pve1", answers=False)
    await poll(hass, entry)
    assert coordinator.update_interval == QUIET


async def test_null_in_place_of_a_list_of_runs_is_no_empty_list(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    pve.faults.broken["/nodes/pve2/tasks"] = '{"data":null}'
    pve.job("nightly").run()
    await poll(hass, entry)
    facts = entry.runtime_data.reading.facts
    assert facts.nodes["pve2"].blindness is Blindness.NODE_UNREACHABLE
    assert facts.nodes["pve1"].blindness is None
    assert problem(hass, 101) == ("off", "backed_up")


@pytest.mark.parametrize(
    "path", ["/prunebackups", "/cluster/resources", "/cluster/backup", "/storage", "/access/permissions"]
)
async def test_null_in_place_of_a_list_takes_nothing_away(
    hass: HomeAssistant, pve: SimulatedCluster, path: str
) -> None:
    pve.job("nightly").run()
    # Its next run would prune the archives of this one.
    pve.job("nightly").disable()
    entry = await set_up(hass, pve)
    before = entry.runtime_data.reading.facts
    pve.faults.broken[path] = '{"data":null}'
    pve.clock.advance(hours=25)
    await entry.runtime_data.async_refresh()
    after = entry.runtime_data.reading.facts
    assert archives(after) >= archives(before)
    assert [job.job_id for job in after.jobs] == ["backup-nightly"]
    assert after.guests == before.guests


async def test_what_is_read_and_what_is_held_of_it_are_published_together(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    """A person's word while a poll goes on has everything shown once more: all of the same look."""
    entry = await set_up(hass, pve)
    coordinator = entry.runtime_data
    seen: list[tuple[set[str], set[str]]] = []

    def look() -> None:
        read = {job.job_id for job in coordinator.reading.facts.jobs}
        seen.append((read, set(coordinator.assessment.jobs)))

    coordinator.async_add_listener(look)
    pve.add_job("weekly", "sat 03:00", "nas", vmid="101")
    under_way = hass.async_create_task(coordinator.async_refresh())
    while not under_way.done():
        await coordinator.async_take_up(lambda history: history)
        await asyncio.sleep(0)
    await hass.async_block_till_done()
    assert len(seen) > 1
    assert all(read == held for read, held in seen)
    assert len(seen[-1][0]) == len(seen[0][0]) + 1


async def test_a_word_that_comes_while_the_entry_is_unloaded_is_refused_and_writes_nothing(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    entry = await set_up(hass, pve)
    coordinator = entry.runtime_data
    assert await hass.config_entries.async_unload(entry.entry_id)
    before = coordinator.data
    with pytest.raises(ServiceValidationError) as refused:
        await coordinator.async_take_up(lambda history: replace(history, acknowledgements={}))
    assert refused.value.translation_key == "cluster_not_loaded"
    assert coordinator.data is before
