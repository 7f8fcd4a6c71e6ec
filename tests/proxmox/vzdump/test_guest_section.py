"""What a log says of one guest's backup, in the words of every version of Proxmox VE."""

from datetime import datetime, timedelta
from typing import get_type_hints

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.guest_lines import GuestNotes
from custom_components.proxmox_backup_checker.proxmox.vzdump.log import DirtyBitmap, ExcludedDisk, GuestRun, parse

KIB, MIB, GIB, TIB = 1024, 1024**2, 1024**3, 1024**4
FILE = "creating vzdump archive '/mnt/pve/nas/dump/vzdump-qemu-100-2026_09_10-22_30_04.vma.zst'"
SNAPSHOT = "creating Proxmox Backup Server archive 'vm/100/2026-09-10T20:30:04Z'"
PROVIDER = "creating My Backup Tool 2 archive 'backup/100:7'"


def read(
    *lines: str, end: str | None = "INFO: Finished Backup of VM 100 (00:01:31)", guest_type: str = "qemu"
) -> GuestRun:
    """Read a guest's backup of these lines; those without level are INFO."""
    levels = ("INFO: ", "WARN: ", "ERROR: ")
    body = [line if line.startswith(levels) else f"INFO: {line}" for line in lines]
    (guest,) = parse("\n".join([f"INFO: Starting Backup of VM 100 ({guest_type})", *body, end or "", ""])).guests
    return guest


def test_notes_are_the_fields_of_a_run() -> None:
    """What a line sets is what a reader finds."""
    assert set(get_type_hints(GuestNotes)) == set(GuestRun.__dataclass_fields__)


def test_name_status_and_mode() -> None:
    """Said once; a hook that says it again changes nothing."""
    guest = read("status = running", "VM Name: web01", "backup mode: snapshot", "VM Name: other", "backup mode: stop")
    assert (guest.name, guest.was_running, guest.mode) == ("web01", True, "snapshot")
    assert read("status = stopped").was_running is False
    assert read("CT Name: dns", guest_type="lxc").name == "dns"
    assert read().name is None


def test_types_of_guests_to_come() -> None:
    """OpenVZ of Proxmox VE 3, and what may follow."""
    assert read(guest_type="openvz").guest_type == "openvz"


def test_fallback_to_suspend_says_why() -> None:
    """The disks are listed twice then, but there are no more of them."""
    mount = "including mount point rootfs ('/') in backup"
    guest = read(
        mount,
        "mode failure - some volumes do not support snapshots",
        "trying 'suspend' mode instead",
        "backup mode: suspend",
        mount,
    )
    assert (guest.mode, guest.suspended_because) == ("suspend", "some volumes do not support snapshots")
    assert guest.included_disks == ("rootfs",)


def test_disks_in_and_out() -> None:
    """QEMU's drives and a container's mount points, with the reason; bind mounts are never in."""
    guest = read(
        "include disk 'scsi0' 'local-lvm:vm-100-disk-0' 32G",
        "include disk 'sata0' 'WDC:vm-101-disk-1'",
        "exclude disk 'scsi1' 'local-lvm:vm-100-disk-1' (backup=no)",
        "exclude disk 'efidisk0' 'x:y' (efidisk but no OVMF BIOS)",
        "exclude disk 'ide0' (backup=no)",
        "excluding 'efidisk1' (efidisks can only be backed up when BIOS is set to 'ovmf')",
        "including mount point mp0 ('/opt/a b') in backup",
        "excluding bind mount point mp1 ('/mnt/media') from backup (not a volume)",
        "excluding volume mount point mp2 ('/scratch') from backup (disabled)",
        "excluding device mountpoint mp3 ('/dev/x') from backup",
    )
    assert guest.included_disks == ("scsi0", "sata0", "mp0")
    assert guest.exclusions == (
        ExcludedDisk(name="scsi1", kind="disk", source="local-lvm:vm-100-disk-1", reason="backup=no"),
        ExcludedDisk(name="efidisk0", kind="disk", source="x:y", reason="efidisk but no OVMF BIOS"),
        ExcludedDisk(name="ide0", kind="disk", source=None, reason="backup=no"),
        ExcludedDisk(
            name="efidisk1",
            kind="disk",
            source=None,
            reason="efidisks can only be backed up when BIOS is set to 'ovmf'",
        ),
        ExcludedDisk(name="mp1", kind="bind", source="/mnt/media", reason="not a volume"),
        ExcludedDisk(name="mp2", kind="volume", source="/scratch", reason="disabled"),
        ExcludedDisk(name="mp3", kind="device", source="/dev/x", reason=None),
    )
    assert guest.excluded_disks == ("scsi1", "efidisk0", "ide0", "efidisk1", "mp1", "mp2", "mp3")
    assert not guest.no_disks


def test_a_backup_of_no_disks_is_said_to_be_one() -> None:
    """It ends well, and holds nothing but the configuration."""
    guest = read(
        "exclude disk 'scsi0' 'a:b' (backup=no)", SNAPSHOT, "backup contains no disks", "starting diskless backup"
    )
    assert (guest.result, guest.no_disks) == ("ok", True)


@pytest.mark.parametrize(
    ("line", "archive", "kind"),
    [
        (FILE, "/mnt/pve/nas/dump/vzdump-qemu-100-2026_09_10-22_30_04.vma.zst", "vzdump"),
        ("creating archive '/dump/vzdump-qemu-100-2018_02_22-14_11_02.vma.gz'", None, None),
        (SNAPSHOT, "vm/100/2026-09-10T20:30:04Z", "Proxmox Backup Server"),
        (PROVIDER, "backup/100:7", "My Backup Tool 2"),
        ("creating vzdump archive '/mnt/it's mine/x.vma'", "/mnt/it's mine/x.vma", "vzdump"),
    ],
)
def test_archive(line: str, archive: str | None, kind: str | None) -> None:
    """Named when it is begun; complete only once the log shows it."""
    guest = read(line, end=None)
    assert guest.archive == (archive or line.split("'")[1])
    assert (guest.archive_kind, guest.archive_complete) == (kind, False)
    assert read(line, end="ERROR: Backup of VM 100 failed - x").archive_complete is False
    assert read(line).archive_complete is True


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0KB", 0),
        ("612KB", 612 * KIB),
        ("686MB", 686 * MIB),
        ("3.21GB", round(3.21 * GIB)),
        ("1.50TB", round(1.5 * TIB)),
    ],
)
def test_size_of_an_archives_file(text: str, size: int) -> None:
    """Counted in 1024 since ever."""
    guest = read(FILE, f"archive file size: {text}", end=None)
    assert (guest.size, guest.archive_complete) == (size, True)


def test_transferred_of_proxmox_6_1_and_before_counts_in_1000() -> None:
    """32 GiB are "34359 MB" there."""
    guest = read("creating archive '/x.vma'", "transferred 34359 MB in 89 seconds (386 MB/s)")
    assert (guest.transferred, guest.speed) == (34359 * 10**6, 386 * 10**6)


def test_transferred_today() -> None:
    """In less than a second there is no speed."""
    guest = read(FILE, "transferred 32.00 GiB in 92 seconds (356.2 MiB/s)")
    assert (guest.transferred, guest.speed, guest.size) == (32 * GIB, round(356.2 * MIB), None)
    guest = read(FILE, "transferred 1.00 MiB in <1 seconds")
    assert (guest.transferred, guest.speed) == (MIB, None)


def test_a_snapshots_size_is_the_total_of_the_disks() -> None:
    """What Proxmox itself takes as its size (PVE/VZDump/QemuServer.pm, archive_pbs)."""
    full = read(
        SNAPSHOT,
        "backup was done incrementally, reused 23.82 GiB (74%)",
        "transferred 32.00 GiB in 88 seconds (1 GiB/s)",
    )
    assert (full.size, full.reused, full.fast_incremental) == (32 * GIB, round(23.82 * GIB), False)
    fast = read(
        SNAPSHOT,
        "scsi0: dirty-bitmap status: OK (628.0 MiB of 32.0 GiB dirty)",
        "using fast incremental mode (dirty-bitmap), 628.0 MiB dirty of 32.0 GiB total",
        "backup was done incrementally, reused 31.39 GiB (98%)",
        "transferred 628.00 MiB in 4 seconds (157.0 MiB/s)",
    )
    assert (fast.size, fast.transferred, fast.fast_incremental) == (32 * GIB, 628 * MIB, True)


@pytest.mark.parametrize(
    ("lines", "speed"),
    [
        (
            [
                "root.pxar: had to backup 1.58 GiB of 16.308 GiB (compressed 286.611 MiB) in 73.26 s (average 22.085 MiB/s)"
            ],
            22.085,
        ),
        (["root.pxar: had to backup 1.58 GiB of 16.308 GiB (compressed 286.611 MiB) in 73.26s"], None),
        (["root.pxar: had to backup 1.58 GiB of 16.308 GiB", "root.pxar: average backup speed: 6.98 MiB/s"], 6.98),
        (["root.pxar: had to upload 1.58 GiB of 16.308 GiB in 37.10s, average speed 43.6 MiB/s)."], 43.6),
    ],
)
def test_containers_on_a_backup_server(lines: list[str], speed: float | None) -> None:
    """The client's words changed with nearly every version."""
    guest = read(
        "creating Proxmox Backup Server archive 'ct/100/2026-09-10T20:30:04Z'",
        *lines,
        "root.pxar: backup was done incrementally, reused 14.728 GiB (90.3%)",
        guest_type="lxc",
    )
    assert (guest.transferred, guest.size, guest.reused) == (
        round(1.58 * GIB),
        round(16.308 * GIB),
        round(14.728 * GIB),
    )
    assert guest.speed == (None if speed is None else round(speed * MIB))


def test_split_archives_of_change_detection_are_added_up() -> None:
    """Metadata and payload are two archives of one container."""
    guest = read(
        "root.mpxar: had to backup 1.00 MiB of 2.00 MiB (compressed 1 MiB) in 1 s (average 1 MiB/s)",
        "root.ppxar: had to backup 3.00 MiB of 8.00 MiB (compressed 1 MiB) in 1 s (average 1 MiB/s)",
        "root.ppxar: backup was done incrementally, reused 5.00 MiB (62.5%)",
        guest_type="lxc",
    )
    assert (guest.transferred, guest.size, guest.reused) == (4 * MIB, 10 * MIB, 5 * MIB)


def test_containers_in_a_file() -> None:
    """What tar wrote before compression."""
    guest = read("Total bytes written: 1683906560 (1.6GiB, 175MiB/s)", "archive file size: 612MB", guest_type="lxc")
    assert (guest.transferred, guest.speed, guest.size) == (1683906560, 175 * MIB, 612 * MIB)


@pytest.mark.parametrize("unit", ["KiB/s", "KB/s"])
def test_bandwidth_limit(unit: str) -> None:
    """KB/s of 7.4 are KiB/s too."""
    assert read(f"bandwidth limit: 51200 {unit}").bandwidth_limit == 51200 * KIB


@pytest.mark.parametrize(
    "status",
    [
        *("created new", "OK (drive clean)", "OK (628.0 MiB of 32.0 GiB dirty)", "disabled (no support)"),
        *("existing bitmap was invalid and has been cleared", "expected bitmap was missing and has been recreated"),
    ],
)
def test_dirty_bitmaps(status: str) -> None:
    """One per drive, in Proxmox's words."""
    drives = ("ide0", "ide1", "ide2", "ide3", "sata0", "scsi0", "virtio15", "efidisk0", "tpmstate0")
    guest = read(*(f"{drive}: dirty-bitmap status: {status}" for drive in drives))
    assert guest.bitmaps == tuple(DirtyBitmap(drive=drive, status=status) for drive in drives)
    assert read(f"drive-scsi0: dirty-bitmap status: {status}").bitmaps == (DirtyBitmap(drive="scsi0", status=status),)


@pytest.mark.parametrize(
    ("line", "encrypted"),
    [
        ("enabling encryption", True),
        ("enabling encryption with master key feature", True),
        ("enabling client-side encryption", True),
        ("run: lxc-usernsexec -- /usr/bin/proxmox-backup-client backup --crypt-mode=none pct.conf:/x", False),
        ("run: /usr/bin/proxmox-backup-client backup --crypt-mode=encrypt --keyfd=12 pct.conf:/x", True),
        ("/usr/bin/proxmox-backup-client backup --repository x --crypt-mode sign-only qemu-server.conf:/x", False),
        (
            "WARN: backup target storage is configured with master-key, but no encryption key set! Ignoring master key"
            " settings and creating unencrypted backup.",
            False,
        ),
        ("status = running", None),
    ],
)
def test_encryption(line: str, encrypted: bool | None) -> None:
    """Not said is not known."""
    assert read(line).encrypted is encrypted


@pytest.mark.parametrize(
    ("lines", "state", "detail"),
    [
        (["issuing guest-agent 'fs-freeze' command", "issuing guest-agent 'fs-thaw' command"], "done", None),
        (
            ["skipping guest-agent 'fs-freeze', agent configured but not running?"],
            "skipped",
            "agent configured but not running?",
        ),
        (["skipping guest-agent 'fs-freeze', disabled in VM options"], "skipped", "disabled in VM options"),
        (["skipping guest filesystem freeze - already frozen"], "skipped", "already frozen"),
        (
            [
                "issuing guest-agent 'fs-freeze' command",
                "ERROR: VM 100 qmp command 'guest-fsfreeze-freeze' failed - got timeout",
                "issuing guest-agent 'fs-thaw' command",
            ],
            "failed",
            "VM 100 qmp command 'guest-fsfreeze-freeze' failed - got timeout",
        ),
        (
            [
                "issuing guest-agent 'fs-freeze' command",
                "ERROR: unable to freeze guest fs - unexpected status 'thawed'",
            ],
            "failed",
            "unable to freeze guest fs - unexpected status 'thawed'",
        ),
        (["status = stopped"], None, None),
    ],
)
def test_freeze(lines: list[str], state: str | None, detail: str | None) -> None:
    """A backup without it is only as good as after a power cut."""
    guest = read(*lines)
    assert (guest.result, guest.freeze, guest.freeze_detail) == ("ok", state, detail)


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("guest is online again after 17 seconds", 17),
        ("guest is online again after <1 seconds", 0),
        ("vm is online again after 3 seconds", 3),
        ("resuming VM again after 14 seconds", 14),
    ],
)
def test_downtime(line: str, seconds: int) -> None:
    """How long the guest was away."""
    assert read(line).downtime == timedelta(seconds=seconds)
    assert read("resuming VM again").downtime is None


def test_prune_of_files() -> None:
    """Proxmox counts them itself."""
    guest = read(
        FILE,
        "prune older backups with retention: keep-daily=7, keep-weekly=4",
        "removing backup 'nas:backup/a.vma.zst'",
        "removing backup 'nas:backup/b.vma.zst'",
        "pruned 2 backup(s) not covered by keep-retention policy",
    )
    assert (guest.prune, guest.pruned, guest.retention) == ("done", 2, "keep-daily=7, keep-weekly=4")
    assert guest.removed_archives == ("nas:backup/a.vma.zst", "nas:backup/b.vma.zst")


def test_prune_before_6_4_is_known_by_the_deletions() -> None:
    """Which had to succeed for the backup to."""
    guest = read("delete old backup '/dump/a.vma.gz'", "delete old backup '/dump/b.vma.gz'")
    assert (guest.prune, guest.pruned) == ("done", 2)
    assert read("delete old backup '/dump/a.vma.gz'", end=None).prune is None


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("ERROR: prune 'vm/100': proxmox-backup-client failed: Error: permission check failed", None),
        ("ERROR: error when removing backup 'nas:backup/a.vma' - unable to unlink", "error when removing"),
    ],
)
def test_a_failed_prune_leaves_a_good_archive(line: str, error: str | None) -> None:
    """The guest counts as failed although its backup is there."""
    guest = read(
        SNAPSHOT,
        "prune older backups with retention: keep-last=3",
        "running 'proxmox-backup-client prune' for 'vm/100'",
        line,
        end="ERROR: Backup of VM 100 failed - error pruning backups - check log",
    )
    assert (guest.result, guest.error) == ("failed", "error pruning backups - check log")
    assert (guest.prune, guest.archive_complete) == ("failed", True)
    assert (guest.prune_error or "").startswith(error or "proxmox-backup-client failed")


def test_retention_unknown_where_nothing_is_said() -> None:
    """With keep-all there are no such lines."""
    assert (read().prune, read().pruned, read().retention) == (None, None, None)


def test_notes_that_could_not_be_written() -> None:
    """A warning, no failure."""
    guest = read(
        FILE, "archive file size: 1MB", "adding notes to backup", "WARN: unable to add notes - permission denied"
    )
    assert (guest.result, guest.notes_error) == ("ok", "permission denied")


def test_protection() -> None:
    """Set before the clean-up."""
    assert read(FILE, "marking backup as protected").protected
    assert not read(FILE).protected


def test_errors_that_did_not_matter_are_kept() -> None:
    """What was tried in vain before the end."""
    guest = read("ERROR: VM 100 qmp command 'cont' failed - got timeout", "ERROR: rsync: link_stat failed")
    assert guest.result == "ok"
    assert guest.errors == ("VM 100 qmp command 'cont' failed - got timeout", "rsync: link_stat failed")


@pytest.mark.parametrize(
    ("clock", "duration"),
    [
        ("00:00:00", timedelta()),
        ("01:11:58", timedelta(hours=1, minutes=11, seconds=58)),
        ("123:00:01", timedelta(hours=123, seconds=1)),
        ("999999999:00:00", timedelta(hours=999999999)),
    ],
)
def test_duration(clock: str, duration: timedelta) -> None:
    """Hours are not limited to two digits."""
    assert read(end=f"INFO: Finished Backup of VM 100 ({clock})").duration == duration


def test_times_without_a_year_take_it_from_the_archives_name() -> None:
    """Proxmox VE 4 wrote none; a backup over the turn of the year ends in the next one."""
    log = (
        "Dec 31 23:30:00 INFO: Starting Backup of VM 100 (qemu)\n"
        "Dec 31 23:30:01 INFO: creating archive '/dump/vzdump-qemu-100-2016_12_31-23_30_00.vma.gz'\n"
        "Jan  1 00:15:00 INFO: Finished Backup of VM 100 (00:45:00)\n"
    )
    (guest,) = parse(log).guests
    assert (guest.started, guest.finished) == (datetime(2016, 12, 31, 23, 30), datetime(2017, 1, 1, 0, 15))
    (guest,) = parse(log.replace("creating", "Creating")).guests
    assert (guest.started, guest.finished) == (None, None)


@pytest.mark.parametrize(
    "time", ["2026-13-10 22:30:04", "2026-02-30 22:30:04", "2026-09-10 25:30:04", "0000-01-01 00:00:00"]
)
def test_times_that_do_not_exist_are_none(time: str) -> None:
    """A damaged file."""
    (guest,) = parse(f"{time} INFO: Starting Backup of VM 100 (qemu)\n").guests
    assert guest.started is None


def test_lists_are_bounded() -> None:
    """A hook script that repeats itself a thousand times."""
    guest = read(
        *(f"WARN: number {number}" for number in range(1000)), *(f"include disk 'scsi{n}' 'a'" for n in range(1000))
    )
    assert len(guest.warnings) < 1000
    assert len(guest.included_disks) < 1000
