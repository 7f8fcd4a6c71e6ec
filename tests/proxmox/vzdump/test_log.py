"""What a run's log says of the run as a whole."""

from datetime import datetime, timedelta
import tracemalloc

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.log import GuestRun, VzdumpLog, VzdumpLogReader, parse

HEADER = "INFO: starting new backup job: vzdump 100 101 102 --mode snapshot --storage nas --quiet 1"


def job(*lines: str, header: str = HEADER, finished: bool | None = None) -> VzdumpLog:
    """Read a task log of these lines."""
    return parse("\n".join([header, *lines, ""]), finished=finished)


def good(vmid: int) -> list[str]:
    """Lines of a guest's good backup."""
    return [
        f"INFO: Starting Backup of VM {vmid} (qemu)",
        "INFO: Backup started at 2026-09-10 22:30:04",
        "INFO: status = running",
        f"INFO: Finished Backup of VM {vmid} (00:01:31)",
        "INFO: Backup finished at 2026-09-10 22:31:35",
    ]


def failed(vmid: int, reason: str = "got timeout") -> list[str]:
    """Lines of a guest's failed backup."""
    return [
        f"INFO: Starting Backup of VM {vmid} (lxc)",
        "INFO: Backup started at 2026-09-10 22:40:00",
        f"ERROR: Backup of VM {vmid} failed - {reason}",
        "INFO: Failed at 2026-09-10 22:40:10",
    ]


def by_vmid(log: VzdumpLog) -> dict[int, GuestRun]:
    """Guests of a log."""
    return {guest.vmid: guest for guest in log.guests}


def test_nothing_is_known_of_no_text() -> None:
    """An empty file, and what Proxmox answers where a log is gone."""
    for text in ("", "\n\n", "no content", "unable to open file - No such file or directory"):
        for finished in (None, True):
            assert parse(text, finished=finished) == VzdumpLog(ended=finished is True)


def test_command_and_guests_left_to_other_nodes() -> None:
    """The header need not be the first line."""
    log = parse(f"INFO: HOOK: job-init\n{HEADER}\nINFO: skip external VMs: 101, 102\n")
    assert log.command == HEADER.removeprefix("INFO: starting new backup job: ")
    assert log.skipped_vmids == (101, 102)
    assert log.unreached_vmids == (100,)


@pytest.mark.parametrize(
    ("lines", "nothing"),
    [
        (["INFO: Backup job finished successfully", "TASK OK"], True),
        (["INFO: skip external VMs: 101, 102", "INFO: Backup job finished successfully", "TASK OK"], True),
        (["INFO: Backup job finished successfully", "INFO: notified via target `mail-to-root`", "TASK OK"], True),
        (["INFO: VM 100 is safe now", "INFO: Backup job finished successfully", "TASK OK"], False),
        (["  57% of something", "INFO: Backup job finished successfully", "TASK OK"], False),
        (["INFO: Backup job finished with errors", "TASK ERROR: job errors"], False),
        (["INFO: Starting Backup of VM 100 (qemu)", "INFO: Backup job finished successfully", "TASK OK"], False),
        (["TASK OK"], False),
        ([], False),
    ],
)
def test_only_a_log_without_a_word_between_its_first_and_its_last_had_nothing_to_do(
    lines: list[str], nothing: bool
) -> None:
    """A26, E22: what it says in words that are new to us may be that it backed up somebody."""
    assert parse("\n".join([HEADER, *lines, ""])).nothing_to_do is nothing
    assert not parse("\n".join([*lines, ""])).nothing_to_do


@pytest.mark.parametrize(
    ("last", "result", "error", "warnings"),
    [
        ("TASK OK", "ok", None, 0),
        ("TASK WARNINGS: 12", "warnings", None, 12),
        ("TASK ERROR: job errors", "failed", "job errors", 0),
        ("TASK ERROR: interrupted by signal", "aborted", "interrupted by signal", 0),
        ("TASK ERROR: received interrupt", "aborted", "received interrupt", 0),
        ("TASK ERROR: ", None, None, 0),
        ("TASK MAYBE", None, None, 0),
        ("  TASK OK", None, None, 0),
        ("INFO: TASK OK", None, None, 0),
    ],
)
def test_closing_line(last: str, result: str | None, error: str | None, warnings: int) -> None:
    """Only the last line closes a run, and only as Proxmox writes it."""
    log = job(*good(100), last)
    assert (log.result, log.error, log.warning_count) == (result, error, warnings)


def test_a_guests_failure_holds_against_a_friendly_last_line() -> None:
    """A line about a guest beats the status of the task."""
    assert job(*failed(100), "TASK WARNINGS: 1").result == "failed"
    assert job(*failed(100), "INFO: Backup job finished successfully").result == "failed"


def test_a_task_line_in_the_midst_closes_nothing() -> None:
    """Raw output of a child process."""
    assert job("TASK OK", *good(100)).result is None
    assert job("TASK OK", *good(100), "INFO: Backup job finished with errors").result == "failed"


def test_vzdumps_own_last_word_counts_while_the_closing_line_is_missing() -> None:
    """Logs pasted without their last line, or read while the notification is sent."""
    assert job(*good(100), "INFO: Backup job finished successfully").result == "ok"
    assert job(*good(100), "WARN: careful", "INFO: Backup job finished successfully").result == "warnings"
    assert job(*failed(100), "INFO: Backup job finished with errors").result == "failed"
    log = job(*failed(100), "ERROR: Backup job failed - command 'hook job-end' failed: exit code 1")
    assert (log.result, log.error) == ("failed", "command 'hook job-end' failed: exit code 1")


def test_storage_that_cannot_be_used_ends_the_run_before_any_guest() -> None:
    """No header, no guests: per-guest logs keep last week's success."""
    log = parse(
        "INFO: notified via target `mail-to-root`\n"
        "TASK ERROR: could not activate storage 'nas': storage 'nas' is not online\n"
    )
    assert (log.result, log.unusable_storage, log.guests) == ("failed", "nas", ())
    assert log.error == "could not activate storage 'nas': storage 'nas' is not online"
    assert log.notified_targets == ("mail-to-root",)


def test_a_guests_storage_trouble_is_not_the_runs() -> None:
    """The same words within a run."""
    log = job(*failed(100, "could not activate storage 'ceph'"), "TASK ERROR: job errors")
    assert log.unusable_storage is None
    assert job(*good(100), "TASK ERROR: could not activate storage 'ceph'").unusable_storage is None
    log = job("INFO: Starting Backup of VM 100 (qemu)", "ERROR: can't acquire lock '/var/lock/x' - got timeout")
    assert (log.lock_error, log.result) == (None, None)


@pytest.mark.parametrize("verb", ["acquire", "aquire"])
def test_another_run_held_the_lock_until_time_was_out(verb: str) -> None:
    """No header, no guests, and no closing line either."""
    log = parse(
        "INFO: trying to get global lock - waiting...\n"
        f"ERROR: can't {verb} lock '/var/run/vzdump.lock' - got timeout\n"
        "INFO: notified via target `mail-to-root`\n"
    )
    assert (log.result, log.lock_timeout, log.ended) == ("failed", True, True)
    assert log.error == log.lock_error == f"can't {verb} lock '/var/run/vzdump.lock' - got timeout"
    assert log.waited_for_lock
    assert not log.waiting_for_lock


def test_stopped_while_waiting_for_the_lock() -> None:
    """A user's stop is no time-out."""
    log = parse(
        "INFO: trying to get global lock - waiting...\n"
        "ERROR: can't acquire lock '/var/run/vzdump.lock' - interrupted by signal\n"
    )
    assert (log.result, log.lock_timeout) == ("aborted", False)


def test_time_waited_for_the_lock() -> None:
    """From the task's start to the first guest's."""
    waiting = "INFO: trying to get global lock - waiting...\n"
    assert parse(waiting).waiting_for_lock
    assert not parse(waiting, finished=True).waiting_for_lock
    text = waiting + "INFO: got global lock\n" + HEADER + "\n" + "\n".join(good(100)) + "\n"
    log = parse(text)
    assert log.waited_for_lock
    assert not log.waiting_for_lock
    assert log.lock_wait(datetime(2026, 9, 10, 21, 0, 4)) == timedelta(hours=1, minutes=30)
    assert job(*good(100)).lock_wait(datetime(2026, 9, 10, 21, 0, 4)) is None
    assert parse(waiting).lock_wait(datetime(2026, 9, 10, 21, 0, 4)) is None


def test_a_run_that_is_stopped_tells_who_was_at_it_and_who_was_never_reached() -> None:
    """The stop is the failure of the guest at work; those after it are not mentioned."""
    log = job(
        *good(100),
        *failed(101, "interrupted by signal"),
        "ERROR: Backup job failed - interrupted by signal",
        "TASK ERROR: interrupted by signal",
    )
    assert log.result == "aborted"
    assert [guest.result for guest in log.guests] == ["ok", "failed"]
    assert log.unreached_vmids == (102,)


def test_a_log_that_just_stops_is_running_until_somebody_knows_better() -> None:
    """The text of a crash and of a run in progress are the same."""
    lines = [*good(100), "INFO: Starting Backup of VM 101 (qemu)", "INFO: status = running"]
    for log in (job(*lines), job(*lines, finished=False)):
        assert (log.result, log.ended) == (None, False)
        assert by_vmid(log)[101].result == "running"
        assert log.unreached_vmids == (102,)
    log = job(*lines, finished=True)
    assert (log.result, log.ended) == ("aborted", True)
    assert [guest.result for guest in log.guests] == ["ok", "interrupted"]
    assert log.unreached_vmids == (102,)


def test_a_guest_without_an_end_is_interrupted_when_the_run_went_on() -> None:
    """Lines are missing, but not the fact."""
    log = job("INFO: Starting Backup of VM 100 (qemu)", *good(101))
    assert [guest.result for guest in log.guests] == ["interrupted", "ok"]
    log = job("INFO: Starting Backup of VM 100 (qemu)", "TASK ERROR: job errors")
    assert log.guests[0].result == "interrupted"


def test_unreached_guests_are_only_told_by_a_list() -> None:
    """`--all` and pools do not name their guests."""
    log = job(
        *good(100), "TASK OK", header="INFO: starting new backup job: vzdump --all 1 --exclude 102 --bwlimit 5 --pool 7"
    )
    assert log.unreached_vmids == ()


def test_guests_own_log_says_nothing_of_the_run() -> None:
    """Even where its reader knows that the run has ended."""
    log = parse(
        "2026-09-10 22:30:04 INFO: Starting Backup of VM 100 (qemu)\n"
        "2026-09-10 22:31:35 INFO: Finished Backup of VM 100 (00:01:31)\n",
        finished=True,
    )
    assert log.result is None
    (guest,) = log.guests
    assert (guest.started, guest.finished) == (datetime(2026, 9, 10, 22, 30, 4), datetime(2026, 9, 10, 22, 31, 35))


def test_a_guest_that_fails_before_its_backup_begins() -> None:
    """Orphans, limits and HA: no first line, and what went before belongs to the guest before."""
    log = job(
        *good(100),
        "ERROR: Backup of VM 999 failed - unable to find VM '999'",
        "INFO: Failed at 2026-09-10 22:32:00",
        "ERROR: Backup of VM 1000 failed - There is a max backup limit of 3 enforced by the target storage or the vzdump"
        " parameters. Either increase the limit or delete old backups.",
        "TASK ERROR: job errors",
    )
    assert [(guest.vmid, guest.guest_type, guest.result) for guest in log.guests] == [
        (100, "qemu", "ok"),
        (999, None, "failed"),
        (1000, None, "failed"),
    ]
    assert by_vmid(log)[999].error == "unable to find VM '999'"
    assert by_vmid(log)[999].finished == datetime(2026, 9, 10, 22, 32)
    assert by_vmid(log)[999].started is None


def test_a_failure_may_take_several_lines() -> None:
    """Each line of a message has its own prefix; the next guest's failure is none of them."""
    log = job(
        *failed(100, "API Return-Code: 500, because:")[:-1],
        "ERROR: read timeout",
        "ERROR:  at /usr/share/perl5/PVE/Storage.pm line 620.",
        "INFO: Failed at 2026-09-10 22:40:10",
        "ERROR: Backup of VM 101 failed - one",
        "ERROR: Backup of VM 102 failed - two",
        "ERROR: Backup job failed - three",
    )
    assert by_vmid(log)[100].error == (
        "API Return-Code: 500, because:\nread timeout\n at /usr/share/perl5/PVE/Storage.pm line 620."
    )
    assert [guest.error for guest in log.guests[1:]] == ["one", "two"]
    assert log.error == "three"


def test_a_failure_without_end_costs_no_memory() -> None:
    """A command that complained a million times."""
    log = job(*failed(100)[:-1], *["ERROR: again"] * 10_000)
    assert len((log.guests[0].error or "").split("\n")) <= 30
    log = job("ERROR: Backup job failed - x", *["ERROR: again"] * 10_000)
    assert len(log.error or "") < 20_000


def test_a_failure_without_reason() -> None:
    """Nothing is made up for it."""
    log = job("INFO: Starting Backup of VM 100 (qemu)", "ERROR: Backup of VM 100 failed - ", "TASK ERROR: job errors")
    assert (log.guests[0].result, log.guests[0].error) == ("failed", None)


def test_a_failed_notification_is_no_failed_backup() -> None:
    """It comes after the end of the run; the task stays OK."""
    log = job(
        *good(100),
        "INFO: Backup job finished successfully",
        "ERROR: could not notify via target `mail-to-root`: no recipients provided for the mail, cannot send it.",
        "TASK OK",
    )
    assert log.result == "ok"
    assert len(log.notification_errors) == 1
    assert log.guests[0].errors == ()
    log = parse("ERROR: could not notify via target `x`: down\nTASK ERROR: could not activate storage 'nas': no\n")
    assert log.notification_errors == ("could not notify via target `x`: down",)


def test_warnings_keep_their_text() -> None:
    """Library code writes further lines without prefix; each WARN line counts as one."""
    log = job(
        *good(100)[:3],
        "WARN: EFI disk without 'ms-cert=2023k' option, suggesting that not all UEFI 2023",
        "certificates from Microsoft are enrolled yet.",
        "",
        "no part of it",
        *good(100)[3:],
        "WARN: uploading backup task log failed - timeout",
        "INFO: Backup job finished successfully",
        "TASK WARNINGS: 2",
    )
    efi = (
        "EFI disk without 'ms-cert=2023k' option, suggesting that not all UEFI 2023\n"
        "certificates from Microsoft are enrolled yet."
    )
    assert log.warnings == (efi, "uploading backup task log failed - timeout")
    assert log.guests[0].warnings == log.warnings
    assert log.guests[0].log_upload_error == "uploading backup task log failed - timeout"
    assert (log.result, log.warning_count) == ("warnings", 2)


def test_warnings_of_7_4_are_counted_although_the_task_is_ok() -> None:
    """The counter of the task came with Proxmox VE 8."""
    log = job(*good(100), "WARN: one", "WARN: two", "TASK OK")
    assert (log.result, log.warning_count) == ("ok", 2)


@pytest.mark.parametrize(
    "noise",
    [
        "INFO: ERROR: Backup of VM 999 failed - hook",
        "INFO:  ERROR: Backup of VM 999 failed - hook",
        "INFO: INFO: Starting Backup of VM 999 (qemu)",
        "INFO: 2026-09-10 22:30:04 ERROR: Backup of VM 999 failed - hook",
        "INFO: Finished Backup of VM 999 (00:00:01)",
        "INFO: Finished Backup of VM 100 (1s)",
        "INFO: Finished Backup of VM 100",
        "INFO: Starting Backup of VM 999",
        "INFO: Starting Backup of VM x (qemu)",
        "ERROR: Backup of VM 999 failed - written by a child process",
        " ERROR: Backup of VM 100 failed - indented",
        "xERROR: Backup of VM 100 failed - in a word",
        "ERROR:Backup of VM 100 failed - no space",
        "DEBUG: Backup of VM 100 failed - level unknown",
        "WARNING: Backup of VM 100 failed - of LVM",
        "host-pve1 vzdump[1] INFO: Finished Backup of VM 100 (00:00:01)",
        "host-pve1 vzdump[1] ERROR: Backup of VM 100 failed - syslog",
        "  WARNING: Sum of all thin volume sizes exceeds the size of thin pool",
        "TASK ERROR: job errors",
        "INFO: TASK ERROR: job errors",
        "INFO: Backup job finished with errors",
        "INFO: starting new backup job: vzdump 1 --storage fake",
        "INFO: skip external VMs: 100, 101",
        "INFO: got global lock",
        "INFO: notified via target `fake`",
        "INFO: can't acquire lock '/var/run/vzdump.lock' - got timeout",
        "INFO: backup mode: full",
        "INFO: Transferred:   2.986M / 2.986 MBytes, 100%, 546.989 kBytes/s, ETA 0s",
        "INFO: archive file size: big",
        "INFO: pruned all backups",
        "INFO: VM Name: ERROR: Backup of VM 999 failed - name",
        "INFO: creating something",
        "INFO: Failed at night",
        "trying to acquire lock...",
        " OK",
        "snapshot create failed: starting cleanup",
        "zstd: error 70 : Write error : cannot write block : No space left on device ",
        "Removing snap: 2% complete...\rRemoving snap: 100% complete...done.",
        "vzdump 1 --storage fake",
        "\x1b[31mERROR: Backup of VM 100 failed - in red\x1b[0m",
        "VMID     Name         Status    Time    Size           Filename",
    ],
)
def test_other_peoples_lines_change_nothing(noise: str) -> None:
    """Hook scripts, guests' names, LVM, zstd and the like within a guest's backup."""
    named = ["INFO: VM Name: web01", "INFO: backup mode: snapshot"]
    lines = [*good(100)[:3], *named, *good(100)[3:], "INFO: Backup job finished successfully", "TASK OK"]
    with_noise = [*lines[:5], noise, *lines[5:]]
    assert job(*with_noise) == job(*lines)


def test_a_hook_that_claims_the_end_does_not_hide_a_failure() -> None:
    """The real end comes later, and a failure holds."""
    log = job(*good(100)[:3], "INFO: Finished Backup of VM 100 (00:00:01)", *failed(100)[2:], "TASK ERROR: job errors")
    assert [(guest.vmid, guest.result, guest.duration) for guest in log.guests] == [(100, "failed", None)]
    log = job(*good(100)[:3], "INFO: Finished Backup of VM 100 (00:00:01)", *good(100)[3:], "TASK OK")
    assert [guest.duration for guest in log.guests] == [timedelta(seconds=91)]


def test_a_hook_that_claims_success_after_a_failure_is_not_believed() -> None:
    """The phase backup-abort runs after the failure."""
    log = job(*failed(100), "INFO: Finished Backup of VM 100 (00:00:01)", "TASK ERROR: job errors")
    assert [(guest.result, guest.error) for guest in log.guests] == [("failed", "got timeout")]


def test_after_a_guests_end_nothing_more_is_said_of_it() -> None:
    """The phases log-end and job-end of a hook script."""
    guest = job(*good(100), "INFO: VM Name: hook", "INFO: archive file size: 1MB", "TASK OK").guests[0]
    assert (guest.name, guest.size) == (None, None)


def test_a_guest_may_come_twice() -> None:
    """`vzdump 100 100` does it twice."""
    orphan = "ERROR: Backup of VM 999 failed - unable to find VM '999'"
    assert len(job(orphan, "INFO: Failed at 2026-09-10 22:32:00", orphan).guests) == 2
    log = job(*failed(100), *failed(100), *good(100), "TASK ERROR: job errors")
    assert [guest.result for guest in log.guests] == ["failed", "failed", "ok"]


def test_the_tail_of_a_log_still_tells_how_its_first_guest_ended() -> None:
    """The log agent serves tails; the archive's name tells the type."""
    tail = [
        "INFO: creating vzdump archive '/mnt/pve/nas/dump/vzdump-lxc-200-2026_09_10-22_30_04.tar.zst'",
        "INFO: archive file size: 612MB",
        "INFO: Finished Backup of VM 200 (00:00:16)",
    ]
    log = parse("\n".join([*tail, *good(201), "TASK OK", ""]))
    assert [(guest.vmid, guest.guest_type, guest.result) for guest in log.guests] == [
        (200, "lxc", "ok"),
        (201, "qemu", "ok"),
    ]
    assert log.guests[0].size == 612 * 1024**2
    log = parse(
        "INFO: creating Proxmox Backup Server archive 'vm/5/2026-09-10T20:30:04Z'\nERROR: Backup of VM 5 failed - x\n"
    )
    assert (log.guests[0].guest_type, log.guests[0].result) == ("qemu", "failed")


def test_what_is_left_of_the_guest_before_a_tail_is_nobody_elses() -> None:
    """A later guest that fails before its backup begins has no archive."""
    log = parse(
        "\n".join(["INFO: creating vzdump archive '/x.vma'", *good(201), "ERROR: Backup of VM 999 failed - x", ""])
    )
    assert [(guest.vmid, guest.archive) for guest in log.guests] == [(201, None), (999, None)]


def test_a_bare_command_counts_in_mails_only() -> None:
    """A task log has its header."""
    assert parse("vzdump 100 --storage nas\n").command is None


def test_a_growing_log_is_read_on_from_where_it_ended() -> None:
    """A line that is not complete yet waits for its rest."""
    reader = VzdumpLogReader()
    reader.feed(f"{HEADER}\nINFO: Starting Backup of VM 100 (qemu)\nINFO: Finished Backup of VM 100 (00:0".encode())
    assert reader.log().guests[0].result == "running"
    assert reader.log(finished=True).guests[0].result == "interrupted"
    position = reader.position
    reader.feed(b"1:31)\nTASK OK\n")
    assert reader.position == position + len(b"1:31)\nTASK OK\n")
    assert (reader.log().result, reader.log().guests[0].duration) == ("ok", timedelta(seconds=91))


def test_broken_text_is_replaced_not_refused() -> None:
    """Latin-1 from a hook, a character cut in two, a byte order mark."""
    reader = VzdumpLogReader()
    for chunk in (
        b"\xef\xbb",
        b"\xbfINFO: Starting Backup of VM 100 (lxc)\nINFO: CT Name: b",
        b"\xfcro-\xe2\x82",
        b"\xac\n\xe2",
    ):
        reader.feed(chunk)
    reader.end()
    assert reader.log().guests[0].name == "b\ufffdro-€"
    assert parse("\ud800\nINFO: Starting Backup of VM 100 (lxc)\nINFO: CT Name: \udcff\n").guests[0].vmid == 100


def test_a_line_without_end_costs_no_memory() -> None:
    """A damaged file of one endless line."""
    reader = VzdumpLogReader()
    piece = b"x" * 100_000
    tracemalloc.start()
    for _ in range(100):
        reader.feed(piece)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    reader.feed(f"\n{HEADER}\nTASK OK\n".encode())
    assert reader.log().result == "ok"
    assert parse(f"WARN: {'y' * 1_000_000}\n").warning_count == 1
    (warning,) = parse("WARN: one\n" + "further\n" * 1000).warnings
    assert len(warning) < 1000


def test_blocks_of_nuls_after_a_crash() -> None:
    """The file system knew the file's length, but not its content."""
    log = job(*good(100)[:3], "INFO: archive file size: 612MB" + "\0" * 5000)
    assert log.guests[0].size == 612 * 1024**2


def test_mail_of_proxmox_8_and_7_tells_result_and_command() -> None:
    """The table of guests stands for the closing line."""
    mail = (
        "VMID     Name         Status    Time    Size           Filename\n"
        "100      web 01       ok        11s     430.758 MiB    /var/lib/vz/dump/vzdump-qemu-100-2025_05_23-11_59_21.vma.zst\n"
        "101      db01         {}       0s      0 B            null\n\n"
        "Total running time: 11s\n\nLogs\n====\nvzdump 100 101 --storage local\n\n\n"
        "100: 2025-05-23 11:59:21 INFO: Starting Backup of VM 100 (qemu)\n"
        "100: 2025-05-23 11:59:32 INFO: Finished Backup of VM 100 (00:00:11)\n"
    )
    for state, result in (("ok", "ok"), ("err", "failed"), ("todo", "aborted")):
        log = parse(mail.format(state), finished=True)
        assert (log.result, log.command) == (result, "vzdump 100 101 --storage local")
        assert log.guests[0].finished == datetime(2025, 5, 23, 11, 59, 32)
    old = "VMID       STATUS       TIME       SIZE  FILENAME\n100        err      00:00:01     0.00MB  -\n\nDetailed backup logs:\n"
    assert parse(old).result == "failed"
