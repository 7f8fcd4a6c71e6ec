"""Rows G71 and G135: a server is watched once, and what a bug report tells of it."""

from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.proxmox_backup_checker.diagnostics import async_get_config_entry_diagnostics
from simulator import SimulatedCluster
from simulator.backup_server import BackupServers, ServedBackupServer
from tests.integration.backup_server.conftest import form_data, furnished, set_up
from tests.integration.backup_server.steps import enter, start as begin
from tests.integration.conftest import put_off, set_up as set_up_cluster


@pytest.fixture
async def site(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[BackupServers]:
    async with BackupServers.start(tmp_path / "servers", ("pbs", "vault")) as servers:
        furnished(servers.servers["pbs"])
        servers.servers["vault"].add_datastore("tank")
        yield servers


@pytest.mark.parametrize("version", ["4.2.3", "4.1.9"])
@pytest.mark.parametrize("host", ["localhost", "127.0.1.1"])
async def test_g71_a_server_is_not_watched_twice_whatever_address_is_entered(
    hass: HomeAssistant, site: BackupServers, version: str, host: str
) -> None:
    pbs = site.servers["pbs"]
    pbs.version = version
    known = pbs.instance_id if version == "4.2.3" else pbs.server_id
    await set_up(hass, pbs, unique_id=known)
    if host == "localhost":
        pbs.ip = "127.0.0.1"
        assert pbs.http is not None
        await pbs.http.close()
        await pbs.open()
    result = await enter(hass, await begin(hass, form_data(pbs, host=pbs.ip)), {})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_g71_a_cloned_machine_is_asked_about(hass: HomeAssistant, site: BackupServers) -> None:
    pbs, vault = site.servers["pbs"], site.servers["vault"]
    await set_up(hass, pbs)
    vault.instance_id, vault.server_id = pbs.instance_id, pbs.server_id
    result = await enter(hass, await begin(hass, form_data(vault)), {})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "clone")


@pytest.mark.parametrize("hidden", [False, True])
async def test_g135_a_servers_report_has_no_secret_and_hides_names_on_request(
    hass: HomeAssistant, site: BackupServers, hidden: bool
) -> None:
    pbs = site.servers["pbs"]
    entry = await set_up(hass, pbs, options={"hide_names": hidden})
    text = json.dumps(await async_get_config_entry_diagnostics(hass, entry))
    assert not [one for one in (pbs.token.secret, pbs.ip, pbs.fingerprint, pbs.instance_id) if one and one in text]
    names = ("host/nas", "offsite", "copies", '"ds1"')
    assert [name for name in names if name in text] == ([] if hidden else list(names))


@pytest.mark.parametrize("hidden", [False, True])
async def test_g135_a_clusters_report_tells_of_its_servers_likewise(
    hass: HomeAssistant, tmp_path: Path, real_network: None, hidden: bool
) -> None:
    async with SimulatedCluster.start("small", tmp_path / "pve") as pve:
        put_off(pve)
        local, vault = await _servers(pve)
        cluster = await set_up_cluster(hass, pve, options={"hide_names": hidden})
        await set_up(hass, local, options={"place": "here"}, title="cellar")
        await set_up(hass, vault, options={"place": "elsewhere"}, title="parents")
        text = json.dumps(await async_get_config_entry_diagnostics(hass, cluster))

    secrets: list[Any] = [
        local.ip,
        vault.ip,
        local.fingerprint,
        vault.fingerprint,
        local.instance_id,
        vault.instance_id,
    ]
    assert [one for one in (*secrets, local.token.secret) if one in text] == []
    assert ("backup@pbs" in text) is not hidden
    names = ("cellar", "parents", "ds1", "tank", "attic", "faraway")
    assert [name for name in names if name in text] == ([] if hidden else list(names))
    assert "vm/101" in text


async def _servers(pve: SimulatedCluster) -> tuple[ServedBackupServer, ServedBackupServer]:
    """Add a server to which the cluster writes, and one to which that is pushed."""
    local, vault = pve.add_backup_server("pbs"), pve.add_backup_server("vault")
    store, tank = local.add_datastore("ds1"), vault.add_datastore("tank")
    await local.open()
    await vault.open()
    pve.connect_storage("backups", store, namespace="attic")
    local.add_remote("vault", vault)
    local.add_sync_job(
        "faraway", "ds1", ns="attic", remote="vault", remote_store="tank", remote_ns="attic", direction="push"
    )
    for place in (store, tank):
        place.add_group("attic", "vm", "101", "backup@pbs").add(int(local.now) - 3600)
    return local, vault
