"""Backup servers on real addresses, for a real Home Assistant."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.backup_server import BackupServers, ServedBackupServer


@pytest.fixture
async def site(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[BackupServers]:
    """Two servers whose clock is the machine's: `pbs` and `vault`."""
    async with BackupServers.start(tmp_path / "servers", ("pbs", "vault")) as servers:
        yield servers


@pytest.fixture
def pbs(site: BackupServers) -> ServedBackupServer:
    """A server with two datastores: two guests in a namespace, a client in the root, one job of each kind."""
    return furnished(site.servers["pbs"])


@pytest.fixture
def vault(site: BackupServers) -> ServedBackupServer:
    """Another server, with one datastore."""
    server = site.servers["vault"]
    server.add_datastore("tank")
    return server


def furnished(server: ServedBackupServer) -> ServedBackupServer:
    """Put datastores, groups and jobs on a server."""
    now = int(server.now)
    store = server.add_datastore("ds1", comment="main", gc_schedule="daily", used=int(0.3 * 1024**4))
    server.add_datastore("ds2")
    store.add_namespace("home")
    for vmid in ("100", "101"):
        group = store.add_group("home", "vm", vmid, "backup@pbs")
        for days in (3, 2, 1):
            group.add(now - days * 86_400, comment=f"guest {vmid}")
    group = store.add_group("", "host", "nas", "nas@pbs!nas")
    for days in range(10, 0, -1):
        group.add(now - days * 86_400 + 3_600)
    server.add_remote("offsite", None, host="203.0.113.7")
    server.add_sync_job("copies", "ds1", schedule="daily", remote="offsite", remote_store="tank")
    server.add_prune_job("tidy", "ds1", "daily", {"keep-daily": 7})
    server.add_verify_job("check", "ds1", schedule="weekly")
    return server


def entry_data(server: ServedBackupServer, **changes: Any) -> dict[str, Any]:
    """Return the data of a server's entry, with its certificate pinned."""
    return {
        "kind": "backup_server",
        **form_data(server),
        "fingerprint": server.fingerprint,
        "identity": server.instance_id,
        **changes,
    }


def form_data(server: ServedBackupServer, **changes: Any) -> dict[str, Any]:
    """Return what a user enters."""
    return {
        "host": server.ip,
        "port": server.port,
        "token_id": server.token.id,
        "token_secret": server.token.secret,
        **changes,
    }


def add_entry(
    hass: HomeAssistant, server: ServedBackupServer, *, options: dict[str, Any] | None = None, **changes: Any
) -> MockConfigEntry:
    """Add a server's entry, and leave it as it is; `changes` are of the entry."""
    made = {"title": server.name, "unique_id": server.instance_id, "data": entry_data(server), **changes}
    entry = MockConfigEntry(domain=DOMAIN, options=options or {}, **made)
    entry.add_to_hass(hass)
    return entry


async def set_up(
    hass: HomeAssistant, server: ServedBackupServer, *, options: dict[str, Any] | None = None, **changes: Any
) -> MockConfigEntry:
    """Add a server's entry and set it up."""
    entry = add_entry(hass, server, options=options, **changes)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def poll(hass: HomeAssistant, entry: MockConfigEntry, times: int = 1) -> None:
    """Let the entry read its server again."""
    for _ in range(times):
        await entry.runtime_data.async_refresh()
        await hass.async_block_till_done()


def entity_id_of(hass: HomeAssistant, server: ServedBackupServer, platform: str, ending: str) -> str | None:
    """Return the entity whose unique id is this after the server's identity."""
    return er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{server.instance_id}_{ending}")


def state_of(hass: HomeAssistant, server: ServedBackupServer, platform: str, ending: str) -> State:
    """Return the state of the entity whose unique id is this after the server's identity."""
    entity_id = entity_id_of(hass, server, platform, ending)
    assert entity_id is not None, ending
    state = hass.states.get(entity_id)
    assert state is not None, ending
    return state


def device_keys(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return what the devices of an entry stand for."""
    identity = f"{entry.data['identity']}_"
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {key.removeprefix(identity) for device in devices for _, key in device.identifiers}
