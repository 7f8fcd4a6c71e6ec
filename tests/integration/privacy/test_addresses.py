"""Addresses: each is left out, and what only looks like one is not."""

import time

import pytest

from custom_components.proxmox_backup_checker.privacy.addresses import without_addresses

KNOWN = {"pve1", "nas", "local-lvm", "web.example.org"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot reach 192.168.77.4:/export", "cannot reach X:/export"),
        ("connect to fd00:1:2::15 failed", "connect to X failed"),
        ("Can't connect to [2001:db8::8a2e:370:7334]:8007 (timeout)", "Can't connect to [X]:8007 (timeout)"),
        ("2001:0db8:0000:0000:0000:8a2e:0370:7334 and ::1", "X and X"),
        ("no route to fe80::1ff:fe23:4567:890a%vmbr0", "no route to X"),
        ("via ::ffff:10.0.0.7, fd00::/8", "via X, X/8"),
        ("ends in fd00::", "ends in X"),
        (
            "mount error(113): could not connect to 10.0.0.5Unable to find",
            "mount error(113): could not connect to XUnable to find",
        ),
        (
            "Can't connect to pbs.home.lan:8007 (Name or service not known)",
            "Can't connect to X:8007 (Name or service not known)",
        ),
        (
            "mount.nfs: Failed to resolve server fileserver: Name or service not known",
            "mount.nfs: Failed to resolve server X: Name or service not known",
        ),
        (
            "ssh: Could not resolve hostname backup-box: Temporary failure",
            "ssh: Could not resolve hostname X: Temporary failure",
        ),
        (
            "ssh: connect to host backup-box port 22: Connection refused",
            "ssh: connect to host X port 22: Connection refused",
        ),
        (
            "mount error: could not resolve address for fileserver: Unknown error",
            "mount error: could not resolve address for X: Unknown error",
        ),
        ("//fileserver/backups is not mounted", "//X/backups is not mounted"),
        ("https://fileserver:8007/api2", "https://X:8007/api2"),
        ("fileserver:/srv/backups", "X:/srv/backups"),
        ("Can't connect to fileserver:8007", "Can't connect to X:8007"),
        ("repository backup@pbs!pve@fileserver:store1", "repository backup@pbs!pve@X:store1"),
        ("sent to anna@example.org.", "sent to anna@X."),
        ("MX of Example.ORG, mail", "MX of X, mail"),
    ],
)
def test_an_address_is_left_out(text: str, expected: str) -> None:
    assert without_addresses(text, "X", KNOWN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "UPID:pve1:0012AB34:0123ABCD:68B73EB0:vzdump:101:root@pam:",
        "UPID:pve1:00001234:00005678:00009ABC:vzdump::anna@pve!phone:",
        "nas:backup/vzdump-qemu-101-2026_01_12-02_00_05.vma.zst",
        "archive vzdump-lxc-103.tar.zst is in /var/lib/vz/dump/x.log",
        "/etc/pve/qemu-server/101.conf, storage.cfg, jobs.cfg and vzdump.cron",
        "pbs:backup/vm/101/2026-01-12T01:00:05Z",
        "2026-01-12T11:00:00.123456+00:00 took 01:02:03, at 02:00",
        "version 9.2.11, pve-manager/9.2.11/abc (running kernel: 6.14.8-2-pve)",
        "at /usr/share/perl5/PVE/VZDump.pm line 1234.",
        "PVE::VZDump::QemuServer and Foo::Bar",
        "AB:CD:EF:01:23:45 and 12:34:56:78:9A:BC:DE:F0:12:34:56:78:9A:BC:DE:F0",
        "scsi0: local-lvm:101, size 32G",
        "pve1:8006 and nas:/export are names here, as web.example.org is",
        "qmp command 'backup' failed - got timeout",
        "no such file or directory. Next sentence",
        "Backed up by the job “nightly” on pve1.",
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert without_addresses(text, "X", KNOWN) == text


@pytest.mark.parametrize("piece", ["a", "a.", "a:", "1:", "a@", "a-", "/", ".", "fd00:", "x.y@z!", "resolve host "])
def test_a_long_line_takes_no_long_time(piece: str) -> None:
    line = piece * (100_000 // len(piece))
    begun = time.process_time()
    without_addresses(line, "X", KNOWN)
    assert time.process_time() - begun < 2
