"""Asking Home Assistant for backup servers, and for the copies elsewhere, as people do."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from simulator import SimulatedCluster
from simulator.backup_server import BackupServers, ServedBackupServer
from tests.automation.test_voice import ask

from ..conftest import set_up as set_up_cluster
from .conftest import poll, set_up

NOBODY = "No backup server is set up, so I cannot tell."


@pytest.fixture(autouse=True)
async def talking(hass: HomeAssistant) -> None:
    """A Home Assistant that can converse."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})


@pytest.fixture
async def failing(hass: HomeAssistant, site: BackupServers, pbs: ServedBackupServer) -> ServedBackupServer:
    """A server that is watched, and whose sync job fails."""
    entry = await set_up(hass, pbs)
    pbs.job("copies").start()
    site.clock.advance(seconds=10)
    await poll(hass, entry)
    return pbs


@pytest.mark.parametrize(
    ("question", "language", "begin"),
    [
        ("Is my backup server all right?", "en", "The backup server {name} has 1 problem. Sync: copies: "),
        ("how are the backup servers", "en", "The backup server {name} has 1 problem. Sync: copies: "),
        ("What is wrong with the backup server", "en", "The backup server {name} has 1 problem. Sync: copies: "),
        ("Ist der Backup-Server in Ordnung?", "de", "Der Backup-Server {name} hat 1 Problem. Sync: copies: "),
        ("Wie geht es meinem Backup Server", "de", "Der Backup-Server {name} hat 1 Problem. Sync: copies: "),
        ("Was ist mit dem Backupserver los?", "de", "Der Backup-Server {name} hat 1 Problem. Sync: copies: "),
    ],
)
async def test_what_fails_on_a_backup_server_is_told_with_its_reason(
    hass: HomeAssistant, failing: ServedBackupServer, question: str, language: str, begin: str
) -> None:
    answer = await ask(hass, question, language)
    [entry] = hass.config_entries.async_entries("proxmox_backup_checker")
    assert answer.startswith(begin.format(name=entry.title))
    assert answer.endswith(".")


async def test_a_server_that_is_fine_is_called_so_and_one_that_cannot_be_read_is_not(
    hass: HomeAssistant, vault: ServedBackupServer
) -> None:
    entry = await set_up(hass, vault)
    assert await ask(hass, "is my backup server fine") == f"The backup server {entry.title} is fine."
    assert await ask(hass, "are my backups fine") == f"The backup server {entry.title} is fine."
    await hass.config_entries.async_unload(entry.entry_id)
    vault.power_off()
    await hass.config_entries.async_setup(entry.entry_id)
    answer = await ask(hass, "is my backup server fine")
    assert answer.startswith(f"I cannot tell how the backup server {entry.title} is. ")
    assert "cannot tell" in await ask(hass, "are my backups fine")
    await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert await ask(hass, "is my backup server fine") == f"I cannot tell how the backup server {entry.title} is."


async def test_without_a_server_nothing_can_be_told_of_it(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    await set_up_cluster(hass, pve)
    assert await ask(hass, "Is the backup server okay") == NOBODY
    answer = await ask(hass, "Ist der Sicherungsserver erreichbar?", "de")
    assert answer == "Es ist kein Backup-Server eingerichtet, darum kann ich es nicht sagen."


async def test_all_is_not_well_while_a_backup_server_is_not(
    hass: HomeAssistant, failing: ServedBackupServer, pve: SimulatedCluster
) -> None:
    await set_up_cluster(hass, pve)
    answer = await ask(hass, "are my backups fine")
    assert "has 1 problem. Sync: copies: " in answer
