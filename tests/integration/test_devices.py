"""Devices: they follow names, and go only when it is certain that their guest or job has gone."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from simulator import SimulatedCluster

from .conftest import poll, set_up
from .states import device, entity, shown


async def test_guests_and_jobs_are_devices_below_the_cluster(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    cluster, web, job = (device(hass, entry, key) for key in ("cluster", "guest_101", "job_backup-nightly"))
    assert cluster is not None
    assert web is not None
    assert job is not None
    assert (cluster.name, web.name) == ("small", "web")
    assert "nightly" in (job.name or "")
    assert web.via_device_id == job.via_device_id == cluster.id


async def test_a_renamed_guest_renames_its_device(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    before = device(hass, entry, "guest_101")
    pve.guest(101).rename("shop")
    await poll(hass, entry)
    after = device(hass, entry, "guest_101")
    assert before is not None
    assert after is not None
    assert (after.id, after.name) == (before.id, "shop")


async def test_a_guest_that_lost_its_name_keeps_the_one_it_had(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    pve.node("pve2").go_offline()
    pve.clock.advance(minutes=10)
    await poll(hass, entry)
    database = device(hass, entry, "guest_102")
    assert database is not None
    assert database.name == "database"


async def test_a_deleted_guest_and_job_go_after_three_polls(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    pve.add_job("weekly", "sun 03:00", "nas", vmid="101")
    await poll(hass, entry)
    pve.guest(104).delete()
    pve.remove_job(pve.job("weekly"))
    for _ in range(2):
        await poll(hass, entry)
        assert device(hass, entry, "guest_104") is not None
        assert device(hass, entry, "job_weekly") is not None
    await poll(hass, entry)
    assert device(hass, entry, "guest_104") is None
    assert device(hass, entry, "job_weekly") is None
    assert entity(hass, "_guest_104_problem") is None
    assert device(hass, entry, "guest_101") is not None
    assert device(hass, entry, "cluster") is not None


async def test_a_guest_that_comes_back_in_time_stays(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    files = pve.guests.pop(104)
    for _ in range(2):
        await poll(hass, entry)
    pve.guests[104] = files
    await poll(hass, entry)
    del pve.guests[104]
    for _ in range(2):
        await poll(hass, entry)
    assert device(hass, entry, "guest_104") is not None


async def test_a_picture_that_is_shown_again_counts_once(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    del pve.guests[104]
    await poll(hass, entry)
    for _ in range(3):
        await entry.runtime_data.async_take_up(lambda history: history)
    pve.faults.broken["/cluster/resources"] = "<html>"
    for _ in range(3):
        await poll(hass, entry)
    assert entry.runtime_data.last_update_success
    assert device(hass, entry, "guest_104") is not None


async def test_a_storage_that_was_removed_goes_but_not_one_that_may_no_longer_be_seen(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.add_storage("usb", "nfs")
    entry = await set_up(hass, pve)
    pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit"})
    for _ in range(4):
        await poll(hass, entry)
    assert shown(hass, "_storage_usb_problem").state == "unknown"
    assert shown(hass, "_storage_usb_problem").attributes["reason_code"] == "storage_hidden"
    assert device(hass, entry, "storage_usb") is not None
    pve.limit_token({"/": "BackupMonitor"})
    del pve.storages["usb"]
    for _ in range(3):
        await poll(hass, entry)
    assert device(hass, entry, "storage_usb") is None
    assert device(hass, entry, "storage_nas") is not None


@pytest.mark.parametrize("cause", ["offline", "rights", "unreachable"])
async def test_nothing_goes_while_something_cannot_be_seen(
    hass: HomeAssistant, pve: SimulatedCluster, cause: str
) -> None:
    entry = await set_up(hass, pve)
    if cause == "offline":
        pve.node("pve3").go_offline()
    elif cause == "rights":
        pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit"})
    else:
        pve.faults.errors["/nodes/pve3/"] = (595, "No route to host")
        pve.node("pve3").other_task("aptupdate")
    pve.guest(104).delete()
    for _ in range(5):
        await poll(hass, entry)
    assert device(hass, entry, "guest_104") is not None


async def test_a_device_leads_to_its_page_in_proxmox(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    page = f"https://{pve.host}:{pve.port}/"
    fragments = {
        "cluster": "",
        "guest_101": "#v1:0:=qemu/101:4:::::21::",
        "guest_103": "#v1:0:=lxc/103:4::::::21:",
        "job_backup-nightly": "#v1:0:18:4:::::::21",
        "storage_nas": "#v1:0:=storage/pve1/nas:4::=contentBackup:::::",
    }
    for key, fragment in fragments.items():
        found = device(hass, entry, key)
        assert found is not None
        assert found.configuration_url == f"{page}{fragment}"


async def test_a_person_may_remove_what_is_gone_and_nothing_while_the_cluster_is_not_read(
    hass: HomeAssistant, pve: SimulatedCluster, hass_ws_client: WebSocketGenerator
) -> None:
    entry = await set_up(hass, pve)
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)

    async def refusal(key: str) -> str | None:
        found = device(hass, entry, key)
        assert found is not None
        await client.send_json_auto_id({"type": "config/device_registry/remove", "device_id": found.id})
        answer = await client.receive_json()
        return None if answer["success"] else answer["error"]["code"]

    del pve.guests[104]
    await poll(hass, entry)
    assert await refusal("guest_101") == "home_assistant_error"
    assert await refusal("guest_104") is None
    for node in pve.nodes.values():
        node.go_offline()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert await refusal("guest_101") == "home_assistant_error"
