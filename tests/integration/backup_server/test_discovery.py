"""A cluster that writes to a backup server offers it, once, until it is watched or ignored."""

from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator import SimulatedCluster
from simulator.backup_server import ServedBackupServer

from ..conftest import poll, set_up as set_up_cluster
from .conftest import entry_data, form_data, set_up
from .steps import accept, enter


@pytest.fixture
async def local(pve: SimulatedCluster) -> ServedBackupServer:
    """A server to which the cluster writes; its storage pins the certificate."""
    server = pve.add_backup_server("pbs")
    server.add_datastore("ds1")
    await server.open()
    pve.connect_storage("backups", server.store("ds1"), namespace="home")
    return server


def offers(hass: HomeAssistant) -> list[Any]:
    """Return the flows that offer something."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow for flow in flows if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY]


async def _ignore(hass: HomeAssistant, offer: Any) -> None:
    data = {"unique_id": offer["context"]["unique_id"], "title": "pbs"}
    await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_IGNORE}, data=data)
    await hass.async_block_till_done()


async def _cluster(hass: HomeAssistant, pve: SimulatedCluster) -> MockConfigEntry:
    entry = await set_up_cluster(hass, pve)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def _poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.runtime_data._source.read_all_again()
    await poll(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_the_server_behind_a_storage_is_offered_with_its_address(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    await _cluster(hass, pve)

    [offer] = offers(hass)
    assert offer["step_id"] == "backup_server"
    assert offer["context"]["unique_id"] == local.fingerprint
    assert offer["context"]["title_placeholders"] == {"name": f"Proxmox Backup Server {local.ip}"}


async def test_the_certificate_that_the_cluster_pins_needs_no_second_look(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    await _cluster(hass, pve)
    [offer] = offers(hass)
    result = await enter(hass, offer, form_data(local))
    assert result["step_id"] == "datastores"
    result = await accept(hass, result)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == entry_data(local)
    assert result["result"].unique_id == local.instance_id


async def test_another_certificate_than_the_cluster_pins_is_asked_about(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    await _cluster(hass, pve)
    [offer] = offers(hass)
    local.replace_certificate()
    result = await enter(hass, offer, form_data(local))
    assert result["step_id"] == "certificate"
    assert result["description_placeholders"]["fingerprint"] == local.fingerprint


async def test_the_address_can_be_changed(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    pve.storage("backups").server = "192.0.2.7"
    await _cluster(hass, pve)
    [offer] = offers(hass)
    result = await accept(hass, await enter(hass, offer, form_data(local)))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["host"] == local.ip


async def test_two_storages_of_one_server_are_one_offer(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    pve.connect_storage("more", local.store("ds1"), namespace="lab")
    entry = await _cluster(hass, pve)
    await _poll(hass, entry)
    assert len(offers(hass)) == 1


async def test_a_storage_whose_certificate_is_not_pinned_is_told_apart_by_its_address(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    second = pve.add_backup_server("second")
    second.add_datastore("tank")
    await second.open()
    pve.connect_storage("tank", second.store("tank"))
    for storage in ("backups", "tank"):
        pve.storage(storage).fingerprint = None
    await _cluster(hass, pve)
    assert {offer["context"]["unique_id"] for offer in offers(hass)} == {
        f"{server.ip}:{server.port}" for server in (local, second)
    }


async def test_a_server_that_is_watched_is_not_offered(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    # By another name than the storage's: it is known by its certificate.
    pve.storage("backups").server = "192.0.2.7"
    await set_up(hass, local)
    entry = await _cluster(hass, pve)
    await _poll(hass, entry)
    assert offers(hass) == []


async def test_an_offer_is_taken_back_once_the_server_is_watched(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    await _cluster(hass, pve)
    assert len(offers(hass)) == 1
    await set_up(hass, local)
    assert offers(hass) == []


async def test_a_server_is_offered_again_once_it_is_no_longer_watched(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    server = await set_up(hass, local)
    entry = await _cluster(hass, pve)
    await hass.config_entries.async_remove(server.entry_id)
    await _poll(hass, entry)
    assert len(offers(hass)) == 1


async def test_what_is_ignored_stays_so(hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer) -> None:
    entry = await _cluster(hass, pve)
    await _ignore(hass, offers(hass)[0])
    await _poll(hass, entry)
    assert offers(hass) == []

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert offers(hass) == []


async def test_a_cluster_works_beside_what_is_ignored(
    hass: HomeAssistant, pve: SimulatedCluster, local: ServedBackupServer
) -> None:
    await _cluster(hass, pve)
    await _ignore(hass, offers(hass)[0])

    answer = await hass.services.async_call(DOMAIN, "list_runs", {}, blocking=True, return_response=True)
    assert answer is not None
    assert "runs" in answer


async def test_a_cluster_without_a_backup_server_offers_nothing(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    await _cluster(hass, pve)
    assert offers(hass) == []
