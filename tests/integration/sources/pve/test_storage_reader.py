"""What is read of storages: fill, free space, and archives through a node that can list them."""

from datetime import UTC, datetime, timedelta
from typing import override
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, StorageFacts
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive, StorageStatus
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import NodeStorage
from custom_components.proxmox_backup_checker.sources.pve.storage_states import StorageStates
from custom_components.proxmox_backup_checker.sources.read_schedule import ReadSchedule
from custom_components.proxmox_backup_checker.sources.troubles import PollTroubles
from simulator import SimulatedCluster

from ...conftest import poll, set_up

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GIB = 1024**3
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def storage(entry: MockConfigEntry, name: str = "nas") -> StorageFacts:
    """Return a storage of the last reading."""
    [found] = [found for found in entry.runtime_data.reading.facts.storages if found.storage == name]
    assert isinstance(found, StorageFacts)
    return found


def listings(pve: SimulatedCluster) -> list[str]:
    """Return the paths of all listings of the share."""
    return [request.path for request in pve.requests if request.path.endswith("/nas/prunebackups")]


async def test_a_storage_that_one_node_cannot_list_is_listed_through_another(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    pve.faults.errors["/nodes/pve1/storage/nas/"] = (500, "mount error")
    entry = await set_up(hass, pve)

    listing = storage(entry).listing
    assert listing is not None
    assert (listing.listed_by, len(listing.archives)) == ("pve2", 4)
    assert storage(entry).unreadable is None


async def test_a_listing_that_failed_is_tried_again_long_before_the_next_day(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    entry = await set_up(hass, pve)
    pve.faults.errors["/storage/nas/"] = (500, "mount error")
    freezer.tick(25 * 3600)
    await poll(hass, entry)
    assert storage(entry).unreadable == "mount error (HTTP 500)"
    pve.faults.errors.clear()
    freezer.tick(600)
    await poll(hass, entry)
    before = storage(entry).listing
    freezer.tick(1800)
    await poll(hass, entry)
    after = storage(entry).listing
    assert before is not None
    assert after is not None
    assert after.read_at - before.read_at > timedelta(hours=25)
    assert storage(entry).unreadable is None


async def test_an_archive_that_was_gone_at_the_first_look_is_looked_for_again_within_minutes(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    pve.job("nightly").run()
    pve.job("nightly").disable()
    freezer.tick(4 * 86400)
    nas = pve.storage("nas")
    nas.remove(nas.archive(101)[0])
    entry = await set_up(hass, pve)
    found = [len(listings(pve))]
    for minutes in (5, 10, 5, 60, 180):
        freezer.tick(minutes * 60)
        await poll(hass, entry)
        found.append(len(listings(pve)))
    assert found == [1, 1, 2, 2, 2, 2]


async def test_a_listing_tells_the_node_that_read_the_names_and_its_zone(
    hass: HomeAssistant, pve: SimulatedCluster
) -> None:
    pve.node("pve1").timezone = "America/New_York"
    pve.job("nightly").run()
    entry = await set_up(hass, pve)
    listing = storage(entry).listing
    assert listing is not None
    assert (listing.listed_by, listing.zone) == ("pve1", NEW_YORK)


async def test_free_is_what_can_be_written(hass: HomeAssistant, pve: SimulatedCluster) -> None:
    entry = await set_up(hass, pve)
    nas = storage(entry)
    assert nas.total is not None
    assert nas.used is not None
    assert nas.available == nas.total - nas.used


@pytest.mark.parametrize(
    ("volid", "writer", "hour"),
    [
        # 02:00 in Berlin, which New York read as its own.
        ("nas:backup/vzdump-qemu-101-2026_11_24-02_00_00.vma.zst", BERLIN, 1),
        ("nas:backup/vzdump-lxc-101-2026_11_24-02_00_00.tar.zst", BERLIN, 1),
        ("nas:backup/vzdump-qemu-101-2026_11_24-02_00_00.vma.zst", NEW_YORK, 7),
        ("nas:backup/vzdump-qemu-101-2026_11_24-02_00_00.vma.zst", None, 7),
        ("nas:backup/vzdump-qemu-101-before-the-upgrade.vma.zst", BERLIN, 7),
        ("pbs:backup/vm/101/2026-11-24T07:00:00Z", BERLIN, 7),
    ],
)
def test_a_name_is_read_in_the_zone_of_the_node_that_wrote_it(volid: str, writer: ZoneInfo | None, hour: int) -> None:
    told = datetime(2026, 11, 24, 2, tzinfo=NEW_YORK)
    archive = Archive(volid=volid, storage="nas", vmid=101, guest_type="qemu", ctime=int(told.timestamp()))
    listing = ArchiveListing(
        read_at=NOW, archives=(archive,), complete=True, detailed=True, listed_by="pve2", zone=NEW_YORK
    )
    assert listing.written_at(archive, writer) == datetime(2026, 11, 24, hour, tzinfo=UTC)


class Proxmox(ProxmoxClient):
    """A node with one storage of its own."""

    def __init__(self, *, active: bool = True, reserved: int = 0) -> None:
        """Begin with a storage of 100 GiB, half full."""
        self.active, self.reserved = active, reserved
        self.asked = 0

    @override
    async def node_storages(self, node: str) -> tuple[StorageStatus, ...]:
        """Return it; one that has gone shows zeros."""
        self.asked += 1
        row = {"storage": "nas", "type": "dir", "content": "backup", "enabled": 1, "shared": 0}
        row |= {"active": 1, "total": 100 * GIB, "used": 50 * GIB, "avail": 50 * GIB - self.reserved}
        if not self.active:
            row |= {"active": 0, "total": 0, "used": 0, "avail": 0}
        return StorageStatus.list_from_api([row])


def row(used: int = 50 * GIB) -> NodeStorage:
    return NodeStorage(
        storage="nas",
        node="pve1",
        available=True,
        shared=False,
        plugin_type="dir",
        content=("backup",),
        used=used,
        total=100 * GIB,
    )


async def read(states: StorageStates, now: datetime, *at_once: str) -> None:
    await states.read({"pve1"}, now, PollTroubles(), at_once=at_once)


async def test_what_is_reserved_is_not_free_though_the_fill_goes_on() -> None:
    states = StorageStates(Proxmox(reserved=5 * GIB), ReadSchedule())
    assert states.free(row()) == 50 * GIB
    await read(states, NOW)
    assert states.free(row()) == 45 * GIB
    assert states.free(row(used=60 * GIB)) == 35 * GIB
    assert states.free(row(used=98 * GIB)) == 0


async def test_a_storage_that_has_gone_is_gone_while_the_cluster_still_calls_it_available() -> None:
    proxmox = Proxmox(active=False)
    states = StorageStates(proxmox, ReadSchedule())
    await read(states, NOW)
    assert not states.corrected(row(), NOW).available
    assert not states.corrected(row(), NOW + 5 * MINUTE).available
    # By then the cluster knows it too, and what it says is younger.
    assert states.corrected(row(), NOW + 7 * MINUTE).available
    proxmox.active = True
    await read(states, NOW + MINUTE, "pve1")
    assert states.corrected(row(), NOW + 2 * MINUTE).available


async def test_states_are_read_every_few_hours_before_a_listing_and_once_in_a_poll() -> None:
    proxmox = Proxmox()
    states = StorageStates(proxmox, ReadSchedule())
    for minutes in range(0, 361, 10):
        await read(states, NOW + minutes * MINUTE)
    assert proxmox.asked == 3
    at = NOW + 370 * MINUTE
    await read(states, at, "pve1")
    await read(states, at, "pve1")
    assert proxmox.asked == 4


async def test_a_storage_that_went_a_moment_ago_is_not_listed(
    hass: HomeAssistant, pve: SimulatedCluster, freezer: FrozenDateTimeFactory
) -> None:
    entry = await set_up(hass, pve)
    rows = pve.faults.broken
    rows["/nodes/pve1/storage"] = (
        '{"data":[{"storage":"nas","type":"nfs","content":"backup","enabled":1,"active":0,"shared":1,"total":0,"used":0,"avail":0}]}'
    )
    before = len(listings(pve))
    freezer.tick(25 * 3600)
    await poll(hass, entry)
    assert "pve1" not in storage(entry).active_on
    assert [path for path in listings(pve)[before:] if "/pve1/" in path] == []
