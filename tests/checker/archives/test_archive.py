"""What archives prove: whose they are, which are good backups, and what has become of them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.checker.archives.archive import Change, compare, each_once
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive
from custom_components.proxmox_backup_checker.proxmox.retention import Backup, KeepOptions, Mark, prune

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 20, 8, 0, tzinfo=UTC)
GIB = 1024**3


def file(day: int, vmid: int = 101, guest_type: str = "qemu", storage: str = "nas", **fields: Any) -> Archive:
    """Return the archive of a night in January 2026, written at 02:00 in Berlin."""
    begun = datetime(2026, 1, day, 2, 0, tzinfo=BERLIN)
    return Archive(
        volid=f"{storage}:backup/vzdump-{guest_type}-{vmid}-{begun:%Y_%m_%d-%H_%M_%S}.vma.zst",
        storage=storage,
        vmid=vmid,
        guest_type=guest_type,
        ctime=int(begun.timestamp()),
        **{"size": 3 * GIB, **fields},
    )


def snapshot(day: int, storage: str = "pbs", hour: int = 1, **fields: Any) -> Archive:
    """Return a snapshot of a backup server."""
    begun = datetime(2026, 1, day, hour, 0, tzinfo=UTC)
    return Archive(
        volid=f"{storage}:backup/vm/101/{begun:%Y-%m-%dT%H:%M:%SZ}",
        storage=storage,
        vmid=101,
        guest_type="qemu",
        ctime=int(begun.timestamp()),
        **{"size": 32 * GIB, **fields},
    )


def days(archives: list[Archive] | tuple[Archive, ...]) -> list[int]:
    return [datetime.fromtimestamp(archive.ctime, BERLIN).day for archive in archives]


def test_d11_an_archive_that_several_nodes_list_is_there_once() -> None:
    assert each_once([file(13), file(14), file(13), file(13)]) == [file(13), file(14)]


def test_d12_one_directory_under_two_storage_ids_holds_each_archive_once() -> None:
    [kept] = each_once([file(13), file(13, storage="nas-again")])

    assert kept.storage == "nas"


def test_d12_a_file_of_another_size_is_another_archive() -> None:
    assert len(each_once([file(13), file(13, storage="usb", size=2 * GIB)])) == 2


@pytest.mark.parametrize("order", [1, -1])
def test_d12_a_size_that_one_listing_does_not_tell_makes_no_second_archive(order: int) -> None:
    listed = [file(13, size=None), file(13, storage="nas-again")][::order]

    assert [archive.size for archive in each_once(listed)] == [3 * GIB]


def test_d21_the_copy_that_a_sync_made_on_another_backup_server_is_a_copy() -> None:
    assert len(each_once([snapshot(13), snapshot(13, storage="off-site")])) == 2


@given(st.lists(st.builds(file, st.integers(1, 9), storage=st.sampled_from(["nas", "usb"])), max_size=20))
def test_d12_listing_everything_again_adds_nothing(archives: list[Archive]) -> None:
    once = each_once(archives)

    assert each_once([*archives, *archives]) == once
    assert each_once(once) == once
    assert {archive.ctime for archive in once} == {archive.ctime for archive in archives}


def test_d10_an_archive_deleted_by_hand_has_vanished() -> None:
    before = [file(13), file(14), file(15)]
    found = compare(before, [file(13), file(14), file(16)], {101: KeepOptions(last=7)}, BERLIN)

    assert found.change is Change.VANISHED
    assert days(found.vanished) == [15]


def test_d10_what_retention_removes_has_not_vanished() -> None:
    before = [file(13), file(14), file(15)]
    found = compare(before, [file(14), file(15), file(16)], {101: KeepOptions(last=3)}, BERLIN)

    assert found.change is Change.NONE


def test_d10_several_nights_between_two_listings_explain_several_archives() -> None:
    found = compare([file(13), file(14)], [file(15), file(16)], {101: KeepOptions(last=2)}, BERLIN)

    assert found.change is Change.NONE


def test_d10_retention_never_explains_the_loss_of_a_protected_archive() -> None:
    before = [file(13, protected=True), file(14), file(15)]
    found = compare(before, [file(15), file(16)], {101: KeepOptions(last=2)}, BERLIN)

    assert days(found.vanished) == [13]


def test_d10_another_guests_retention_explains_nothing() -> None:
    found = compare([file(13), file(14)], [file(14), file(15)], {102: KeepOptions(last=1)}, BERLIN)

    assert days(found.vanished) == [13]


def test_d14_all_archives_gone_at_once_mean_another_storage() -> None:
    before = [file(13), file(14), file(15)]

    assert compare(before, [], {}, BERLIN).change is Change.ANOTHER_STORAGE
    assert compare(before[:2], [], {}, BERLIN).change is Change.VANISHED


@given(st.sets(st.integers(1, 28), min_size=1), st.sets(st.integers(1, 28)))
def test_d10_what_is_still_listed_has_never_vanished(before: set[int], after: set[int]) -> None:
    found = compare([file(day) for day in before], [file(day) for day in after], {}, BERLIN)

    if found.change is not Change.ANOTHER_STORAGE:
        assert set(days(found.vanished)) == before - after


@pytest.mark.parametrize(
    ("volid", "renamed"),
    [
        ("nas:backup/vzdump-qemu-101-2026_01_13-02_00_00.vma.zst", False),
        ("nas:backup/vzdump-lxc-101-2026_01_13-02_00_00.tar.zst", False),
        ("nas:backup/vzdump-qemu-101-before-the-upgrade.vma.zst", True),
        ("nas:backup/vzdump-qemu-101-2026_01_13-02_00_00-keep.vma.zst", True),
        ("pbs:backup/vm/101/2026-01-13T01:00:00Z", False),
    ],
)
def test_d04_a_file_with_a_name_of_its_own_is_renamed_even_where_the_listing_does_not_say_so(
    volid: str, renamed: bool
) -> None:
    row = {"volid": volid, "vmid": 101, "subtype": "qemu", "ctime": 1, "size": 9}
    [archive] = Archive.list_from_content([row], "nas").items

    assert archive.renamed is renamed
    assert prune([archive, Backup(ctime=2 * 86400)], KeepOptions(daily=1), BERLIN)[0] is (
        Mark.RENAMED if renamed else Mark.REMOVE
    )
