"""The logs of restores: which archive, where it lay, how much, and whether all of it came."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.restore_log import RestoredArchive, RestoreLog, parse

IMAGE = (
    "restore proxmox backup image: /usr/bin/pbs-restore --repository backup@pbs@10.0.0.5:store{ns}"
    " vm/100/2026-09-10T01:00:03Z drive-{disk}.img.fidx /dev/pve/vm-9100-disk-0 --verbose --format raw --skip-zero\n"
)
DONE = "restore image complete (bytes=34359738368, duration=60.11s, speed=545.13MB/s)\n"
VMA = (
    "restore vma archive: zstd -q -d -c {path} | vma extract -v -r /var/tmp/vzdumptmp12.fifo - /var/tmp/vzdumptmp12\n"
    "progress 100% (read 8589934592 bytes, duration 34 sec)\n"
    "total bytes read 8589934592, sparse bytes 12582912 (0.146%)\n"
)


def archive_of(text: str) -> RestoredArchive:
    found = parse(text).archive
    assert found is not None
    return found


@pytest.mark.parametrize(("ns", "namespace"), [("", ""), (" --ns home/vms", "home/vms")])
def test_a_restore_from_a_backup_server_names_datastore_namespace_and_snapshot(ns: str, namespace: str) -> None:
    found = archive_of(IMAGE.format(ns=ns, disk="scsi0") + DONE)
    assert (found.name, found.vmid, found.guest_type) == ("vm/100/2026-09-10T01:00:03Z", 100, "qemu")
    assert (found.repository, found.namespace) == ("backup@pbs@10.0.0.5:store", namespace)
    assert found.copied(None) == datetime(2026, 9, 10, 1, 0, 3, tzinfo=UTC)


def test_the_bytes_of_all_disks_count_and_a_disk_that_did_not_come_is_missed() -> None:
    two = IMAGE.format(ns="", disk="scsi0") + DONE + IMAGE.format(ns="", disk="scsi1")
    assert parse(two + DONE).size == 2 * 34359738368
    assert parse(two + DONE).is_whole
    assert not parse(two).is_whole


@pytest.mark.parametrize(
    "path",
    [
        "/mnt/pve/nas/dump/vzdump-qemu-100-2025_08_20-21_00_03.vma.zst",
        "/var/lib/vz/dump/vzdump-qemu-100-2025_08_20-21_00_03.vma",
    ],
)
def test_a_file_is_named_with_its_folder_and_dated_in_the_zone_of_its_writer(path: str) -> None:
    found = archive_of(VMA.format(path=path))
    assert found.folder is not None
    assert found.folder + found.name == path
    assert found.copied(ZoneInfo("Europe/Berlin")) == datetime(2025, 8, 20, 19, 0, 3, tzinfo=UTC)
    assert found.copied(None) is None
    assert parse(VMA.format(path=path)).size == 8589934592


def test_a_file_that_is_not_compressed_is_read_by_vma_itself() -> None:
    line = "restore vma archive: vma extract -v -r /var/tmp/v.fifo /srv/dump/vzdump-qemu-100-2025_08_20-21_00_03.vma /var/tmp/v"
    assert archive_of(line).folder == "/srv/dump/"


@pytest.mark.parametrize(
    ("volume", "name"),
    [
        ("pbs:backup/ct/200/2026-01-02T03:04:05Z", "ct/200/2026-01-02T03:04:05Z"),
        ("nas:backup/vzdump-lxc-200-2026_01_02-03_04_05.tar.zst", "vzdump-lxc-200-2026_01_02-03_04_05.tar.zst"),
    ],
)
def test_a_container_names_its_volume(volume: str, name: str) -> None:
    found = archive_of(f"recovering backed-up configuration from '{volume}'\nrestoring '{volume}' now..\n")
    assert (found.name, found.storage, found.vmid) == (name, volume.partition(":")[0], 200)
    assert found.guest_type == "lxc"


def test_a_container_from_a_path_names_the_file() -> None:
    found = archive_of("extracting archive '/mnt/usb/vzdump-lxc-200-2026_01_02-03_04_05.tar.zst'\n")
    assert (found.vmid, found.folder, found.storage) == (200, "/mnt/usb/", None)


def test_a_live_restore_tells_no_namespace() -> None:
    log = parse(
        "starting VM for live-restore\n"
        "repository: 'root@pam@10.0.0.5:store', snapshot: 'vm/100/2026-09-10T01:00:03Z'\n"
        "restoring 'drive-scsi0' to 'local-lvm:vm-9100-disk-0'\n"
    )
    assert log.is_live
    assert log.archive is not None
    assert (log.archive.namespace, log.archive.repository) == (None, "root@pam@10.0.0.5:store")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TASK ERROR: unable to restore VM 9100 - VM is running\n",
        "restore vma archive: zstd -q -d -c /mnt/pve/nas/dump/my-template.vma.zst | vma extract -v -r a - b\n",
    ],
)
def test_what_names_no_backup_of_a_guest_names_none(text: str) -> None:
    assert parse(text).archive is None


# Published, names replaced: a VM of 7 from a file, a VM of 8 from a backup server, a container of 9.
OF_A_FILE = """\
restore vma archive: vma extract -v -r /var/tmp/vzdumptmp4107.fifo /var/lib/vz/dump/vzdump-qemu-102-2023_07_26-01_23_50.vma \
/var/tmp/vzdumptmp4107
CFG: size: 471 name: qemu-server.conf
DEV: dev_id=1 size: 549755813888 devname: drive-scsi0
CTIME: Wed Jul 26 01:23:50 2023
new volume ID is 'local:102/vm-102-disk-0.raw'
map 'drive-scsi0' to '/var/lib/vz/images/102/vm-102-disk-0.raw' (write zeros = 0)
progress 100% (read 549755813888 bytes, duration 62 sec)
total bytes read 549756403712, sparse bytes 529741856768 (96.4%)
space reduction due to 4K zero blocks 0.128%
rescan volumes...
TASK OK
"""
OF_A_SERVER = """\
new volume ID is 'local-zfs:vm-103-disk-0'
restore proxmox backup image: /usr/bin/pbs-restore --repository root@pam@10.0.0.5:store vm/103/2024-02-11T01:00:05Z \
drive-scsi0.img.fidx /dev/zvol/rpool/data/vm-103-disk-0 --verbose --format raw --skip-zero
connecting to repository 'root@pam@10.0.0.5:store'
open block backend for target '/dev/zvol/rpool/data/vm-103-disk-0'
starting to restore snapshot 'vm/103/2024-02-11T01:00:05Z'
download and verify backup index
progress 100% (read 8589934592 bytes, zeroes = 41% (3560964096 bytes), duration 37 sec)
restore image complete (bytes=8589934592, duration=37.54s, speed=218.21MB/s)
rescan volumes...
Execute autostart
TASK OK
"""
OF_A_CONTAINER = """\
()
recovering backed-up configuration from 'store3:backup/ct/101/2026-05-09T15:43:57Z'
  Logical volume "vm-101-disk-0" created.
  Renamed "vm-101-disk-0" to "del-vm-101-disk-0" in volume group "vg"
restoring 'store3:backup/ct/101/2026-05-09T15:43:57Z' now..
merging backed-up and given configuration..
TASK OK
"""


@pytest.mark.parametrize(
    ("text", "name", "size", "is_started"),
    [
        (OF_A_FILE, "vzdump-qemu-102-2023_07_26-01_23_50.vma", 549756403712, False),
        (OF_A_SERVER, "vm/103/2024-02-11T01:00:05Z", 8589934592, True),
        (OF_A_CONTAINER, "ct/101/2026-05-09T15:43:57Z", None, False),
    ],
)
def test_a_published_restore_is_read_as_a_careful_reader_reads_it(
    text: str, name: str, size: int | None, is_started: bool
) -> None:
    log = parse(text)
    assert log.archive is not None
    assert (log.archive.name, log.size, log.is_started, log.is_whole, log.is_live) == (
        name,
        size,
        is_started,
        True,
        False,
    )


def test_a_date_that_cannot_be_is_none() -> None:
    found = archive_of(VMA.format(path="/a/vzdump-qemu-100-2025_13_20-21_00_03.vma.zst"))
    assert found.copied(ZoneInfo("Europe/Berlin")) is None


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    assert isinstance(parse(text), RestoreLog)
