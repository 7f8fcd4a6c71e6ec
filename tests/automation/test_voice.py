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
    assert answer.startswith("1 Problem: 3 von 4 geschützt, ")
    assert answer.endswith(
        "files (104): Die letzte Sicherung auf pve2 ist fehlgeschlagen: eine Festplatte hat Lese- oder Schreibfehler gemeldet."
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


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Is web backed up?", "en"),
        ("is there a backup of Web", "en"),
        ("Do I have a good backup for 101?", "en"),
        ("Wurde web gesichert?", "de"),
        ("Gibt es eine Sicherung von web?", "de"),
        ("Habe ich ein Backup von WEB", "de"),
        ("Ist das Backup von web in Ordnung?", "de"),
    ],
)
async def test_a_guest_with_its_backup_is_said_to_be_backed_up(talking: Home, question: str, language: str) -> None:
    await talking.until("2026-01-13T05:00:00")
    answer = await ask(talking.hass, question, language)
    assert answer.startswith(
        {"en": "Yes, web is backed up. Last good backup: ", "de": "Ja, web ist gesichert."}[language]
    )


async def test_a_guest_without_its_backup_is_not_and_the_reason_is_told_in_our_words(talking: Home) -> None:
    """An error that is known is told, one that is not is not read out."""
    talking.pve.guest(104).fails(failed("job failed with err -5 - Input/output error"))
    talking.pve.guest(103).fails(failed("xyzzy: frobnication refused (0x17)"))
    await talking.until("2026-01-13T05:00:00")
    answer = await ask(talking.hass, "is files backed up")
    assert answer.startswith("No, files is not backed up as it should be. ")
    assert "a disk reported read or write errors." in answer
    answer = await ask(talking.hass, "is dns backed up")
    assert answer.startswith("No, dns is not backed up as it should be. ")
    assert "xyzzy" not in answer
    assert "the log of the run says why" in answer


async def test_a_guest_that_nobody_can_see_is_not_said_to_be_backed_up(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    # Without Sys.Audit no run can be seen, and the next slot passes unseen.
    talking.pve.limit_token({"/": "VM.Audit Datastore.Audit Pool.Audit"})
    await talking.until("2026-01-14T05:00:00")
    assert (await ask(talking.hass, "is web backed up")).startswith("I cannot tell whether web is backed up. ")
    assert "I cannot tell of " in await ask(talking.hass, "what is not backed up")
    assert talking.entry is not None
    await talking.hass.config_entries.async_unload(talking.entry.entry_id)
    assert "cannot be reached" in await ask(talking.hass, "is web backed up")


async def test_a_guest_that_there_is_not_or_twice_is_asked_for_again(talking: Home) -> None:
    talking.pve.guest(102).name = "web"
    await talking.until("2026-01-13T05:00:00")
    assert await ask(talking.hass, "is the moon backed up") == "I know no guest called the moon."
    assert await ask(talking.hass, "is web backed up") == (
        "Several guests are called web: ask for one by its number, 101, 102."
    )
    assert (await ask(talking.hass, "is 102 backed up")).startswith("Yes, web is backed up.")


async def test_neither_case_nor_blanks_nor_marks_of_a_name_are_heard(talking: Home) -> None:
    talking.pve.guest(101).name = "next-cloud.2"
    await talking.until("2026-01-13T05:00:00")
    assert (await ask(talking.hass, "is Nextcloud 2 backed up")).startswith("Yes, next-cloud.2 is backed up.")


@pytest.mark.parametrize("question", ["What is not backed up?", "what isn't backed up", "Was ist nicht gesichert?"])
async def test_what_is_not_backed_up_is_named(talking: Home, question: str) -> None:
    language = "de" if question.startswith("Was") else "en"
    await talking.until("2026-01-13T05:00:00")
    assert await ask(talking.hass, question, language) in {"Everything is backed up.", "Alles ist gesichert."}
    talking.pve.guest(104).fails(failed("job failed with err -5 - Input/output error"))
    await talking.until("2026-01-14T05:00:00")
    talking.pve.add_vm(201, "newcomer", "pve1", size=8)
    await talking.after(minutes=10)
    answer = await ask(talking.hass, question, language)
    assert "files" in answer
    assert "web" not in answer
    assert "Everything" not in answer


async def test_nothing_is_called_backed_up_before_it_was_seen(talking: Home) -> None:
    await talking.look()
    answer = await ask(talking.hass, "what is not backed up")
    assert answer != "Everything is backed up."
    assert "web" in answer


async def test_the_next_backup_is_told_of_all_and_of_one(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    assert await ask(talking.hass, "When is the next backup?") == "The next backup is due tomorrow 02:00: “nightly”."
    assert await ask(talking.hass, "when is the next backup of web") == "The next backup of web is due tomorrow 02:00."
    assert await ask(talking.hass, "Wann ist die nächste Sicherung?", "de") == (
        "Die nächste Sicherung ist morgen 02:00 fällig: „nightly“."
    )
    assert await ask(talking.hass, "Wann wird web wieder gesichert", "de") == (
        "Die nächste Sicherung von web ist morgen 02:00 fällig."
    )
    talking.pve.job("nightly").disable()
    await talking.after(minutes=10)
    assert await ask(talking.hass, "when is the next backup") == "No backup is due."


async def test_doors_are_left_to_others(talking: Home) -> None:
    await talking.until("2026-01-13T05:00:00")
    assert "Gast" not in await ask(talking.hass, "Ist die Haustür gesichert?", "de")
