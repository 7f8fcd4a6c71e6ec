"""A server knows which clusters write to it: their guests are judged there, and their copies are no groups of their own."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util.ssl import get_default_context
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import SimulatedCluster
from simulator.backup_server import ServedBackupServer

from ..conftest import set_up as set_up_cluster
from .conftest import device_keys, entry_data, poll, set_up


@pytest.fixture
async def local(pve: SimulatedCluster) -> ServedBackupServer:
    """A server to which the cluster writes, in a namespace; it has groups of two guests and one client."""
    server = pve.add_backup_server("pbs")
    store = server.add_datastore("ds1")
    await server.open()
    pve.connect_storage("backups", store, namespace="home")
    now = int(server.now)
    for group in ("100", "101"):
        store.add_group("home", "vm", group, "backup@pbs").add(now - 3600)
    store.add_group("", "host", "nas", "nas@pbs").add(now - 3600)
    return server


@pytest.fixture
async def vault(pve: SimulatedCluster, local: ServedBackupServer) -> ServedBackupServer:
    """A server elsewhere, to which the first one pushes."""
    server = pve.add_backup_server("vault")
    store = server.add_datastore("tank")
    await server.open()
    local.add_remote("vault", server)
    local.add_sync_job(
        "offsite", "ds1", ns="home", remote="vault", remote_store="tank", remote_ns="a", direction="push"
    )
    store.add_namespace("a")
    store.add_group("a", "vm", "100", "sync@pbs").add(int(server.now) - 3600)
    return server


def groups_of(entry: MockConfigEntry) -> set[str]:
    """Return the groups that a server's entry judges."""
    return set(entry.runtime_data.assessment.groups)


async def test_without_a_cluster_all_groups_are_judged(hass: HomeAssistant, local: ServedBackupServer) -> None:
    entry = await set_up(hass, local)
    assert groups_of(entry) == {"ds1:home:vm/100", "ds1:home:vm/101", "ds1::host/nas"}


async def test_guests_of_a_cluster_are_judged_there(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    await set_up_cluster(hass, pve)
    entry = await set_up(hass, local)
    assert groups_of(entry) == {"ds1::host/nas"}


async def test_what_a_server_gets_from_another_one_is_no_group_of_its_own(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, vault: ServedBackupServer
) -> None:
    await set_up_cluster(hass, pve)
    await set_up(hass, local)
    entry = await set_up(hass, vault)
    assert groups_of(entry) == set()


async def test_devices_of_guests_go_once_their_cluster_is_watched(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    entry = await set_up(hass, local)
    assert "group_ds1:home:vm/100" in device_keys(hass, entry)
    await set_up_cluster(hass, pve)
    keys = device_keys(hass, entry)
    assert "group_ds1:home:vm/100" not in keys
    assert "group_ds1::host/nas" in keys


@pytest.mark.parametrize("first", ["cluster", "server"])
async def test_the_order_in_which_a_start_loads_them_changes_nothing(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer, first: str
) -> None:
    cluster = await set_up_cluster(hass, pve)
    server = await set_up(hass, local)
    order: list[Any] = [cluster, server] if first == "cluster" else [server, cluster]
    for entry in reversed(order):
        await hass.config_entries.async_unload(entry.entry_id)
    for entry in order:
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        if server.state is ConfigEntryState.LOADED:
            assert groups_of(server) == {"ds1::host/nas"}


async def test_a_cluster_that_is_removed_leaves_its_guests_to_the_server(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    cluster = await set_up_cluster(hass, pve)
    entry = await set_up(hass, local)
    await hass.config_entries.async_remove(cluster.entry_id)
    await poll(hass, entry)
    assert entry.data["links"] == []
    assert "ds1:home:vm/100" in groups_of(entry)


async def test_a_server_whose_certificate_the_system_trusts_is_known_by_it_all_the_same(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    server = pve.add_backup_server("pbs")
    # The certificate is made for this address; the storage names the server by another one.
    server.ip = "127.0.0.1"
    store = server.add_datastore("ds1")
    await server.open()
    pve.connect_storage("backups", store).server = "pbs.lan"
    store.add_group("", "vm", "100", "backup@pbs").add(int(server.now) - 3600)
    assert server.directory is not None
    get_default_context().load_verify_locations(cafile=server.directory / "pbs" / "proxy.pem")

    await set_up_cluster(hass, pve)
    entry = await set_up(hass, server, data=entry_data(server, fingerprint=None))
    assert entry.runtime_data.certificate == server.fingerprint
    assert groups_of(entry) == set()
    assert not hass.config_entries.flow.async_progress_by_handler("proxmox_backup_checker")
