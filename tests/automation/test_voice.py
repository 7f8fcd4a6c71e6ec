"""Asking Home Assistant whether the backups are fine, as people do: by its own conversation."""

from homeassistant.components import conversation
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.outcomes import failed
from tests.acceptance.home import Home
from tests.integration.conftest import entry_data


async def ask(hass: HomeAssistant, text: str, language: str = "en") -> str:
    """Ask the assistant that comes with Home Assistant."""
    result = await conversation.async_converse(hass, text, None, Context(), language)
    speech: str = result.response.speech["plain"]["speech"]
    return speech


@pytest.fixture
async def talking(home: Home) -> Home:
    """A Home Assistant that can converse, before our integration is set up."""
    assert await async_setup_component(home.hass, "homeassistant", {})
    assert await async_setup_component(home.hass, "conversation", {})
    return home


@pytest.mark.parametrize(
    "question", ["Are my backups fine?", "are all backups okay", "How are my backups?", "is everything backed up"]
)
async def test_all_is_well(talking: Home, question: str) -> None:
    await talking.until("2026-01-13T05:00:00")
    assert await ask(talking.hass, question) == "All is well: 4 of 4 protected, 4.6 GiB in 1 min, nothing to do."


@pytest.mark.parametrize("system", ["de", "en"])
async def test_a_problem_is_told_with_its_reason_in_german_to_who_asks_in_german(talking: Home, system: str) -> None:
    talking.hass.config.language = system
    talking.pve.guest(104).fails(failed("job failed with err -5 - Input/output error"))
    await talking.until("2026-01-13T05:00:00")
    answer = await ask(talking.hass, "Sind meine Sicherungen in Ordnung?", "de")
    assert answer.startswith("1 Problem: 3 von 4 gesichert, ")
    assert answer.endswith(
        "files (104): Die letzte Sicherung auf pve2 ist fehlgeschlagen: eine Platte hat Lese- oder Schreibfehler gemeldet."
    )
    for question in (
        *("Wie geht es meinen Backups", "Wie geht es den Datensicherungen", "Haben alle Backups geklappt?"),
        *("Sind alle Sicherungen in Ordnung?", "Sind die Sicherungen gelaufen?", "Sind alle gesichert?"),
    ):
        assert await ask(talking.hass, question, "de") == answer


async def test_what_cannot_be_seen_is_not_called_fine(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    talking.pve.faults.broken["/cluster/resources"] = "<html>"
    for _ in range(5):
        await talking.after(minutes=10)
    assert "cannot be reached" in await ask(talking.hass, "are my backups fine")
    assert talking.entry is not None
    await talking.hass.config_entries.async_unload(talking.entry.entry_id)
    assert "cannot be reached" in await ask(talking.hass, "are my backups fine")
    await talking.hass.config_entries.async_remove(talking.entry.entry_id)
    assert await ask(talking.hass, "are my backups fine") == "No Proxmox cluster is set up, so I cannot tell."


async def test_a_cluster_that_could_not_be_read_since_the_start_is_not_left_out(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    entry = MockConfigEntry(domain=DOMAIN, title="other", data={**entry_data(talking.pve), "port": 1})
    entry.add_to_hass(talking.hass)
    await talking.hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    answer = await ask(talking.hass, "are my backups fine")
    assert answer.startswith("small: all is well: 4 of 4 protected")
    assert answer.endswith("The Proxmox cluster other cannot be reached at the moment, so I cannot tell.")


async def test_conversation_may_come_later_and_no_other_sentence_is_taken(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    await hass.async_block_till_done()
    assert "No Proxmox cluster" in await ask(hass, "are my backups fine")
    assert "No Proxmox cluster" not in await ask(hass, "are my windows fine")
