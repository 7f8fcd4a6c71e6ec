"""Logs that were published, names and addresses replaced, are read as a careful reader reads them."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.failure_cause import cause_of
from custom_components.proxmox_backup_checker.proxmox.vzdump.log import GuestRun, parse

LOGS = Path(__file__).parents[2] / "data" / "vzdump" / "published"
# Of each log: what the run came to, and of each guest what is worth a look; `cause` is the code of its failure.
READ: dict[str, tuple[str | None, list[dict[str, Any]]]] = {
    "bind-mount-taken-for-a-volume": (
        None,
        [{"vmid": 101, "guest_type": "lxc", "result": "failed", "cause": "disk_name_invalid", "mode": "snapshot"}],
    ),
    "container-suspended-to-server": (
        "ok",
        [
            {
                "vmid": 101,
                "guest_type": "lxc",
                "result": "ok",
                "name": "test",
                "mode": "suspend",
                "archive": "ct/101/2026-05-09T15:43:57Z",
                "size": 561212555,
                "duration": timedelta(seconds=9),
                "warnings": (),
            }
        ],
    ),
    # The log was taken while the third guest was at work, or the run ended there.
    "file-too-large-for-two-guests": (
        "aborted",
        [
            {"vmid": 102, "result": "failed", "cause": "file_too_large", "started": datetime(2026, 6, 1, 2, 0, 1)},
            {"vmid": 103, "result": "failed", "cause": "file_too_large", "finished": datetime(2026, 6, 1, 2, 14)},
            {"vmid": 104, "result": "interrupted", "archive_complete": False},
        ],
    ),
    "hang-then-connection-reset": (
        "failed",
        [{"vmid": 100, "result": "failed", "cause": "pbs_connection_lost", "name": "omni", "mode": "suspend"}],
    ),
    # Two guests before it were fine, but no line of theirs is there; the time of day alone is no moment.
    "mail-cut-to-the-time-of-day": (
        "aborted",
        [
            {
                "vmid": 1020,
                "guest_type": "qemu",
                "result": "failed",
                "cause": "cancelled",
                "archive": "/mnt/pve/nas/dump/vzdump-qemu-1020-2026_04_23-21_04_25.vma.zst",
                "archive_complete": False,
                "transferred": 26843545600,
                "freeze": "done",
                "started": None,
            }
        ],
    ),
    "no-previous-backup": ("failed", [{"vmid": 400, "result": "failed", "cause": "pbs_previous_unusable"}]),
    "rsync-without-acls": (
        "failed",
        [
            {"vmid": 100, "guest_type": "lxc", "result": "failed", "cause": "copy_failed", "mode": "suspend"},
            {"vmid": 101, "result": "ok", "duration": timedelta(minutes=2, seconds=10)},
        ],
    ),
    "stdout-and-no-recipient": (
        "ok",
        [{"vmid": 112, "result": "ok", "archive": None, "duration": timedelta(seconds=12), "warnings": ()}],
    ),
    "stopped-vm-to-server": (
        "warnings",
        [{"vmid": 109, "result": "ok", "mode": "stop", "size": 21474836480, "was_running": False, "prune": "done"}],
    ),
    "tar-may-not-enter-its-folder": (
        "failed",
        [{"vmid": 107, "guest_type": "lxc", "result": "failed", "cause": "tar_failed", "mode": "stop"}],
    ),
    "tar-on-lvm-with-bare-lines": ("failed", [{"vmid": 200, "result": "failed", "cause": "tar_failed", "name": "deb"}]),
    "template-of-7": (
        "ok",
        [
            {
                "vmid": 102,
                "result": "ok",
                "mode": "stop",
                "archive": "/var/lib/vz/dump/vzdump-qemu-102-2023_07_26-01_23_50.vma",
                "size": 20014547599,
            }
        ],
    ),
    "vm-not-started-again": ("failed", [{"vmid": 101, "result": "failed", "cause": "vm_start_failed", "mode": "stop"}]),
}


def seen(guest: GuestRun, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return of a guest what is wanted to be known."""
    cause = cause_of(guest.failure or "")
    return {key: (cause and cause.code) if key == "cause" else getattr(guest, key) for key in wanted}


@pytest.mark.parametrize("name", READ)
def test_a_published_log_is_read_as_a_careful_reader_reads_it(name: str) -> None:
    result, guests = READ[name]
    log = parse((LOGS / f"{name}.log").read_text(encoding="utf-8"), finished=True)
    assert log.result == result
    assert [seen(guest, wanted) for guest, wanted in zip(log.guests, guests, strict=True)] == guests


def test_no_published_log_is_left_out() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == READ.keys()


def test_a_mail_without_recipient_is_no_failure_of_the_backup() -> None:
    log = parse((LOGS / "stdout-and-no-recipient.log").read_text(encoding="utf-8"), finished=True)
    assert (log.result, len(log.notification_errors)) == ("ok", 1)


LINSTOR = (
    "create storage snapshot 'vzdump'",
    "ERROR: Backup of VM 100 failed - API Return-Code: 500. Message: Could not create cluster wide snapshot"
    " snap_vm-100-disk-1_vzdump of vm-100-disk-1, because:",
    "ERROR: read timeout at /usr/share/perl5/Net/HTTP/Methods.pm line 274.",
    "ERROR: ",
    "ERROR:  at /usr/share/perl5/PVE/Storage/Custom/LINSTORPlugin.pm line 620.",
    'ERROR: \tPVE::Storage::Custom::LINSTORPlugin::volume_snapshot("vm-100-disk-1", "vzdump") called at /usr/share/perl5/PVE/Storage.pm',
)


CLIENT_FAILED = (
    "ERROR: Backup of VM 100 failed - command 'lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 --"
    " /usr/bin/proxmox-backup-client backup --crypt-mode=none pct.conf:/a --repository b@pbs@10.0.0.5:store' failed: exit code 255"
)
AT = "error connecting to https://10.0.0.5:8007/ - "


@pytest.mark.parametrize(
    ("causes", "code"),
    [
        ((), "pbs_unreachable"),
        ((f"    {AT}tcp connect error: Connection refused (os error 111)",), "pbs_refused"),
        ((f"    {AT}tcp connect error: No route to host (os error 113)",), "pbs_unreachable"),
        (
            (f"    0: {AT}dns error", "    1: failed to lookup address information: Name or service not known"),
            "pbs_name_unknown",
        ),
        (
            (
                "    0: error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:ssl.c:2092:",
                "    1: error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:ssl.c:2092:",
            ),
            "pbs_fingerprint",
        ),
    ],
)
@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_why_the_client_of_9_could_not_connect_stands_below_its_error(
    causes: tuple[str, ...], code: str, level: str
) -> None:
    below = ["", "Caused by:", *causes] if causes else []
    said = [f"{level}: {line}".rstrip() for line in ("Error: client error (Connect)", *below)]
    (guest,) = parse(
        "\n".join(
            [
                "INFO: Starting Backup of VM 100 (lxc)",
                *said,
                "INFO: creating an archive",
                "INFO:     no cause any more",
                CLIENT_FAILED,
            ]
        ),
        finished=True,
    ).guests
    cause = cause_of(guest.failure or "")
    assert cause is not None
    assert cause.code == code
    assert "no cause" not in (guest.explanation or "")


def test_a_certificate_that_the_client_refuses_is_told_before_the_error_that_does_not_name_it() -> None:
    said = [
        "INFO: certificate validation failed - Certificate fingerprint was not confirmed.",
        "INFO: Error: client error (Connect)",
    ]
    (guest,) = parse("\n".join(["INFO: Starting Backup of VM 100 (lxc)", *said, CLIENT_FAILED]), finished=True).guests
    cause = cause_of(guest.failure or "")
    assert cause is not None
    assert cause.code == "pbs_fingerprint"


NOT_STARTED = "ERROR: Backup of VM 100 failed - start failed: QEMU exited with code 1"
BRIDGE = (
    "bridge 'vmbr1' does not exist",
    "kvm: -netdev type=tap,id=net0,ifname=tap200i0,script=/usr/libexec/qemu-server/pve-bridge,downscript=/usr/libexec"
    "/qemu-server/pve-bridgedown: network script /usr/libexec/qemu-server/pve-bridge failed with status 512",
)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((), "vm_start_failed"),
        (("ERROR: PCI device '0000:05:00.0' already in use by VMID '104'",), "pci_device_in_use"),
        (BRIDGE, "bridge_missing"),
        (tuple(f"INFO: {line}" for line in BRIDGE), "bridge_missing"),
        (("kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory",), "no_memory"),
        (
            (
                "kvm: warning: host doesn't support requested feature: CPUID.01H:ECX.aes [bit 25]",
                "kvm: Host doesn't support requested features",
            ),
            "cpu_lacks_features",
        ),
        (
            (
                "kvm: -device vfio-pci,host=01:00.0,id=hostpci0,bus=ich9-pcie-port-1,addr=0x0: vfio 0000:01:00.0: failed to"
                " open /dev/vfio/1: Device or resource busy",
            ),
            "pci_device_busy",
        ),
        (
            (
                "kvm: -device ide-cd,bus=ide.0,unit=1,drive=drive-ide1,id=ide1: Can't create IDE unit 1, bus supports only 1"
                " units",
            ),
            "vm_start_failed",
        ),
        # What a program said while it packed is no reason for QEMU to end.
        (("tar: ./a: Cannot open: Permission denied",), "vm_start_failed"),
    ],
)
def test_why_a_vm_did_not_start_is_what_was_said_before(lines: tuple[str, ...], code: str) -> None:
    head = ["INFO: Starting Backup of VM 100 (qemu)", "INFO: starting kvm to execute backup task"]
    (guest,) = parse("\n".join([*head, *lines, NOT_STARTED, ""]), finished=True).guests
    cause = cause_of(guest.failure or "")
    assert cause is not None
    assert cause.code == code


def test_a_hundred_warnings_of_qemu_hide_no_reason() -> None:
    warnings = ["kvm: warning: host doesn't support requested feature: CPUID.01H:ECX.aes [bit 25]"] * 200
    (guest,) = parse(
        "\n".join(["INFO: Starting Backup of VM 100 (qemu)", *warnings, BRIDGE[0], NOT_STARTED]), finished=True
    ).guests
    assert guest.explanation == BRIDGE[0]


def of_a_container(*lines: str) -> GuestRun:
    """Read the lines of a container's backup; those without level are INFO."""
    body = [line if line.startswith("ERROR: ") else f"INFO: {line}" for line in lines]
    (guest,) = parse("\n".join(["INFO: Starting Backup of VM 100 (lxc)", *body, ""]), finished=True).guests
    return guest


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (LINSTOR, "snapshot_failed"),
        ((LINSTOR[0], "ERROR: Backup of VM 100 failed - a plugin of others is sad"), "snapshot_failed"),
        # What is known is said, whatever the step was.
        ((LINSTOR[0], "ERROR: Backup of VM 100 failed - got timeout"), "command_timeout"),
        # After the snapshot it is another step that failed.
        ((LINSTOR[0], "creating vzdump archive '/d/vzdump-lxc-100-2026_01_01-01_01_01.tar'", *LINSTOR[1:]), None),
        ((LINSTOR[0], "creating Proxmox Backup Server archive 'ct/100/2026-01-01T01:01:01Z'", *LINSTOR[1:]), None),
        ((LINSTOR[0], "sending archive to stdout", *LINSTOR[1:]), None),
        (LINSTOR[1:], None),
    ],
)
def test_what_a_plugin_says_in_words_of_its_own_right_after_the_step_is_a_snapshot_that_failed(
    lines: tuple[str, ...], code: str | None
) -> None:
    guest = of_a_container(*lines)
    found = cause_of(guest.failure or "")
    assert guest.result == "failed"
    assert (found and found.code) == code
