"""Every log that Proxmox's own vzdump wrote is read as a careful person reads it (tests/data/recorded/logs.json)."""

from datetime import datetime
import re
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.command import JobCommand
from custom_components.proxmox_backup_checker.proxmox.vzdump.log import VzdumpLog, VzdumpLogReader, parse
from tests.recorded_host import LOGS

BEGUN = re.compile(r"INFO: Starting Backup of VM (\d+) \((\w+)\)")
FAILED = re.compile(r"ERROR: Backup of VM (\d+) failed - (.*)")
FINISHED = re.compile(r"INFO: Finished Backup of VM (\d+) \((\d\d):(\d\d):(\d\d)\)")
HEADER = "INFO: starting new backup job: "

type Recorded = dict[str, Any]


def plain_reading(lines: list[str]) -> dict[int, tuple[str, str | None]]:
    """Return each guest's result and error, by the lines that begin and end its part and by nothing else."""
    found: dict[int, tuple[str, str | None]] = {}
    for line in lines:
        if match := BEGUN.match(line):
            found[int(match[1])] = ("interrupted", None)
        elif match := FAILED.match(line):
            found[int(match[1])] = ("failed", match[2])
        elif match := FINISHED.match(line):
            found[int(match[1])] = ("ok", None)
    return found


def read(recorded: Recorded) -> VzdumpLog:
    """Read a log of a run that has ended."""
    return parse("\n".join(recorded["log"]), finished=True)


recorded_logs = pytest.mark.parametrize("upid", LOGS)


@recorded_logs
def test_every_guest_of_a_log_is_found_with_its_result_and_error(upid: str) -> None:
    lines, log = LOGS[upid]["log"], read(LOGS[upid])
    assert {guest.vmid: (guest.result, guest.error) for guest in log.guests} == plain_reading(lines)
    types = {int(match[1]): match[2] for line in lines if (match := BEGUN.match(line))}
    assert {guest.vmid: guest.guest_type for guest in log.guests if guest.guest_type} == types


@recorded_logs
def test_the_result_of_a_run_is_that_of_its_status(upid: str) -> None:
    """What the status cannot tell, the log does: a wait in vain for the lock, and an end without a word."""
    status, log = LOGS[upid]["status"], read(LOGS[upid])
    last = LOGS[upid]["log"][-1]
    expected = "failed"
    if status == "OK":
        expected = "ok"
    elif status.startswith("WARNINGS"):
        expected = "warnings"
    elif status == "interrupted by signal" or (
        status == "unexpected status" and "got timeout" not in "".join(LOGS[upid]["log"])
    ):
        expected = "aborted"
    assert log.result == expected
    if last.startswith("TASK ERROR: "):
        assert log.error == last.removeprefix("TASK ERROR: ").rstrip()
    assert log.warning_count == (int(status.split()[1]) if expected == "warnings" else 0)


@recorded_logs
def test_the_command_of_a_log_is_found_with_its_storage_and_guests(upid: str) -> None:
    headers = [line.removeprefix(HEADER) for line in LOGS[upid]["log"] if line.startswith(HEADER)]
    log = read(LOGS[upid])
    assert log.command == (headers[0] if headers else None)
    if headers:
        words = headers[0].split()
        command = JobCommand.parse(headers[0])
        assert command.storage == words[words.index("--storage") + 1]
        assert list(command.vmids) == [
            int(word)
            for word in words[1:]
            if word.isdigit() and words[words.index(word) - 1].isdigit() | (words[words.index(word) - 1] == "vzdump")
        ]


@recorded_logs
def test_a_log_read_line_by_line_says_the_same(upid: str) -> None:
    reader = VzdumpLogReader()
    for line in LOGS[upid]["log"]:
        reader.feed(line.encode() + b"\n")
        reader.log(finished=False)
    assert reader.log(finished=True) == read(LOGS[upid])


@recorded_logs
def test_archives_sizes_and_moments_of_good_backups_are_those_of_the_lines(upid: str) -> None:
    lines = LOGS[upid]["log"]
    begun = [
        datetime.fromisoformat(line.removeprefix("INFO: Backup started at "))
        for line in lines
        if "Backup started at" in line
    ]
    archives = re.findall(r"creating vzdump archive '.*/(.*)'", "\n".join(lines))
    sizes = re.findall(r"archive file size: (\d+)(MB|KB)", "\n".join(lines))
    guests = read(LOGS[upid]).guests
    assert [guest.started for guest in guests if guest.started] == begun
    assert [str(guest.archive).rpartition("/")[2] for guest in guests if guest.archive] == archives
    expected = [int(number) * {"MB": 1024**2, "KB": 1024}[unit] for number, unit in sizes]
    assert [guest.size for guest in guests if guest.size is not None] == expected
    removed = re.findall(r"INFO: removing backup '(.*)'", "\n".join(lines))
    assert [archive for guest in guests for archive in guest.removed_archives] == removed


STORAGES = {
    "00002011": "nope",
    "00002039": "off",
    "00002062": "isoonly",
    "0000207D": "other",
    "0000020E": "nas",
}


@recorded_logs
def test_a_storage_that_stopped_a_run_is_named(upid: str) -> None:
    assert read(LOGS[upid]).unusable_storage == STORAGES.get(upid.split(":")[2])


def log_of(pid: str) -> VzdumpLog:
    """Return the log of the task with a process id."""
    return next(read(entry) for upid, entry in LOGS.items() if upid.split(":")[2] == pid)


@pytest.mark.parametrize("pid", ["00000DA8", "00002822"])
def test_a_wait_in_vain_for_the_lock_is_told_whatever_the_last_line_says(pid: str) -> None:
    """A command line that may not wait ends with a message that nobody understands."""
    log = log_of(pid)
    assert log.lock_timeout
    assert (log.guests, log.command) == ((), None)


def test_a_hook_that_ends_a_run_leaves_the_guests_as_they_were() -> None:
    before, after = log_of("00002242"), log_of("0000421A")
    assert (before.guests, before.unreached_vmids) == ((), (101,))
    assert [guest.result for guest in after.guests] == ["ok"] * 4
    assert (before.result, after.result) == ("failed", "failed")


def test_an_archive_is_whole_although_what_came_after_it_failed() -> None:
    """The hook after the backup, and the prune."""
    hook, prune = log_of("000022E8").guests[0], log_of("00002D8D").guests[0]
    assert (hook.archive_complete, hook.prune) == (True, None)
    assert (prune.archive_complete, prune.prune) == (True, "failed")
    assert "Operation not permitted" in str(prune.prune_error)


def test_errors_before_the_last_one_are_kept() -> None:
    """The cause is there, not in the guest's last line."""
    assert log_of("0000250A").guests[0].errors == (
        "fork compressor 'zstd --threads=1' failed",
        "vma_queue_write: write error - Broken pipe",
    )
