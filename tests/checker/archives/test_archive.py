"""What archives prove: whose they are, which are good backups, and what has become of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.checker.archives.archive import (
    Change,
    Owner,
    Verification,
    as_backup,
    belongs_to,
    compare,
    each_once,
    good_backups,
    incomplete,
    is_renamed,
)
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive
from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 20, 8, 0, tzinfo=UTC)
OWNER = Owner(vmid=101, guest_type="qemu")
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


def test_c17_only_archives_of_the_guests_own_type_count() -> None:
    listed = [file(13, guest_type="qemu"), file(14, guest_type="lxc")]

    assert days(good_backups(listed, Owner(vmid=101, guest_type="lxc"))) == [14]


def test_c16_archives_from_before_the_guest_are_those_of_another() -> None:
    created = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)
    listed = [file(13), file(14), file(15)]

    assert days(good_backups(listed, Owner(vmid=101, guest_type="qemu", created=created))) == [15]


def test_c16_archives_with_the_name_of_a_guest_that_is_gone_are_not_the_new_ones() -> None:
    owner = Owner(vmid=101, guest_type="qemu", former_names=frozenset({"old-web"}))

    assert not belongs_to(file(13, notes="old-web "), owner)
    assert belongs_to(file(13, notes="web"), owner)
    assert belongs_to(file(13, notes=None), owner)


def test_c16_archives_of_another_vmid_never_count() -> None:
    assert good_backups([file(13, vmid=102)], OWNER) == []


def test_a18_a_snapshot_that_is_not_complete_is_no_good_backup() -> None:
    listed = [snapshot(13), snapshot(14, finished=False, size=None)]

    assert days(good_backups(listed, OWNER)) == [13]


def test_a05_the_newest_good_backup_comes_first() -> None:
    assert days(good_backups([file(13), file(15), file(14)], OWNER)) == [15, 14, 13]


def test_a19_what_no_run_will_finish_is_incomplete_after_a_day() -> None:
    old, young = snapshot(18, finished=False), snapshot(20, finished=False)

    assert incomplete([old, young, snapshot(17)], OWNER, running=False, now=NOW) == [old]
    assert incomplete([old], OWNER, running=True, now=NOW) == []


def test_a19_the_day_is_counted_from_the_snapshots_own_time() -> None:
    begun = snapshot(19, hour=8, finished=False)

    assert incomplete([begun], OWNER, running=False, now=NOW) == [begun]
    assert incomplete([begun], OWNER, running=False, now=NOW - timedelta(minutes=1)) == []


def test_d17_a_newest_backup_that_failed_its_verification_is_told_with_the_last_one_verified() -> None:
    good = good_backups([snapshot(13, verification="ok"), snapshot(14, verification="failed")], OWNER)
    found = Verification.of(good)

    assert found.newest_failed
    assert found.newest_verified == snapshot(13, verification="ok")


def test_d18_an_older_backup_that_failed_its_verification_leaves_the_newest_good() -> None:
    good = good_backups([snapshot(13, verification="failed"), snapshot(14)], OWNER)
    found = Verification.of(good)

    assert not found.newest_failed
    assert days(found.failed) == [13]
    assert not found.never_verified


def test_d19_backups_that_nobody_verifies_are_only_that() -> None:
    found = Verification.of([snapshot(14), snapshot(13)])

    assert found.never_verified
    assert not found.newest_failed
    assert Verification.of([]).newest is None


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


def test_d14_other_archives_on_a_storage_of_another_size_mean_another_storage() -> None:
    before, after = [file(13), file(14), file(15)], [file(1)]

    assert compare(before, after, {}, BERLIN, sizes=(4000, 90)).change is Change.ANOTHER_STORAGE
    assert compare(before, after, {}, BERLIN, sizes=(4000, 4100)).change is Change.VANISHED
    assert compare(before, after, {}, BERLIN, sizes=(4000, None)).change is Change.VANISHED


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
    archive = Archive(volid=volid, storage="nas", vmid=101, guest_type="qemu", ctime=1)

    assert is_renamed(archive) is renamed
    assert as_backup(archive).renamed is renamed
