"""Logs and texts of strangers, and those that Proxmox's own code wrote, are read as a careful reader reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.failure_cause import cause_of
from custom_components.proxmox_backup_checker.proxmox.vzdump.log import GuestRun, VzdumpLog, parse

DATA = Path(__file__).parents[2] / "data"
FIELD = sorted((DATA / "vzdump" / "field").glob("*.log"))
TEXTS: list[dict[str, Any]] = json.loads((DATA / "vzdump" / "field_texts.json").read_text(encoding="utf-8"))
RECORDED: list[dict[str, Any]] = json.loads((DATA / "recorded" / "logs.json").read_text(encoding="utf-8"))


def recorded(number: int, *, finished: bool | None = True, lines: int | None = None) -> VzdumpLog:
    """Read one of the logs that Proxmox's own code wrote, or its first lines."""
    return parse("\n".join(RECORDED[number]["log"][:lines]), finished=finished)


def cause(guest: GuestRun) -> str | None:
    """Return the code of why a guest has no backup."""
    found = cause_of(guest.failure or "")
    return found.code if found else None


@pytest.mark.parametrize("path", FIELD, ids=lambda path: path.stem)
def test_a_log_of_a_stranger_is_read_as_a_careful_reader_reads_it(path: Path) -> None:
    log_data = json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))
    expected = log_data["expected"]
    log = parse(path.read_text(encoding="utf-8"), finished=log_data["finished"])
    assert log.result == expected["result"]
    assert len(log.guests) == len(expected["guests"])
    for guest, wanted in zip(log.guests, expected["guests"], strict=True):
        assert {key: getattr(guest, key) for key in wanted} == wanted
        causes = expected.get("cause") or expected["job_reason"]["cause"]
        assert cause(guest) in causes.split("|")


@pytest.mark.parametrize("entry", TEXTS, ids=lambda entry: entry["text"][:50])
def test_a_text_of_a_stranger_has_its_cause(entry: dict[str, Any]) -> None:
    found = cause_of(entry["text"])
    assert found is not None
    assert found.code in entry["cause"].split("|")


def test_first_a_share_is_looked_after_and_only_then_a_disk_removed() -> None:
    folder = Path(__file__).parents[3] / "custom_components" / "proxmox_backup_checker" / "texts"
    for language, first, last in (("en", "stale share", "remove it"), ("de", "hängende Freigabe", "entferne es")):
        step = json.loads((folder / f"causes_{language}.json").read_text(encoding="utf-8"))["disk_missing"]["step"]
        assert 0 < step.index(first) < step.index(last)


def test_every_failure_that_proxmoxs_own_code_wrote_has_a_cause() -> None:
    for entry in RECORDED:
        log = parse("\n".join(entry["log"]), finished=True)
        assert cause_of(entry["status"]) or entry["status"].startswith(("OK", "WARNINGS")), entry["status"]
        assert [guest.error for guest in log.guests if guest.error and cause(guest) is None] == []


@pytest.mark.parametrize(
    ("number", "vmid", "code", "line"),
    [
        (28, 100, "packer_missing", "fork compressor 'zstd --threads=1' failed"),
        (42, 101, "read_only", "/bin/bash: line 1: /var/lib/vz5/dump/vzdump-lxc-101-2026_11_30-17_02_10.tar.dat: "),
        (43, 100, "backup_folder_failed", None),
        (27, 101, "packer_missing", None),
        (46, 101, "no_space", None),
        (51, 101, "no_quorum", None),
        (8, 100, "cancelled", None),
        (47, 100, "vm_start_failed", None),
    ],
)
def test_a_failure_is_explained_by_what_came_before_where_its_own_text_does_not(
    number: int, vmid: int, code: str, line: str | None
) -> None:
    [guest] = [guest for guest in recorded(number).guests if guest.vmid == vmid]
    assert cause(guest) == code
    assert (guest.explanation or "").startswith(line or "")
    assert (guest.explanation is None) is (line is None)


def test_a_run_that_did_not_get_the_lock_says_so_however_it_was_started() -> None:
    """From a command line its last word is another one."""
    for number in (7, 38):
        log = recorded(number)
        assert (log.result, log.lock_timeout, log.guests) == ("failed", True, ())
        found = cause_of(log.error or "")
        assert found is not None
        assert found.code == "node_lock_timeout"
    bare = parse("INFO: notified via target `mail-to-root`\nTASK ERROR: got unexpected control message:  \n")
    assert (bare.result, bare.lock_timeout) == ("failed", True)


def test_a_line_about_the_notification_before_the_last_one_changes_nothing() -> None:
    log = recorded(4)
    assert (log.unusable_storage, log.result, log.command) == ("nas", "failed", None)


def test_an_archive_that_the_runs_own_prune_removed_is_no_backup() -> None:
    """The node's clock had been set back: keep-last took the new archive for the oldest."""
    [guest] = recorded(48).guests
    assert guest.archive_removed
    lines = [line for line in RECORDED[48]["log"] if not line.startswith(("ERROR", "TASK", "INFO: Failed"))]
    finished = parse("\n".join([*lines[:-2], "INFO: Finished Backup of VM 102 (00:00:01)", "TASK OK"]))
    [guest] = finished.guests
    assert (guest.result, guest.archive_removed, cause(guest)) == ("ok", True, "own_archive_pruned")


def test_an_archive_that_prune_could_not_remove_is_still_there() -> None:
    own = "nas:backup/vzdump-lxc-102-2026_11_30-17_04_38.tar.zst"
    lines = [
        *(line for line in RECORDED[48]["log"] if "2026_12_02" not in line and not line.startswith(("ERROR", "TASK"))),
        f"ERROR: error when removing backup '{own}' - Operation not permitted",
        "ERROR: Backup of VM 102 failed - error pruning backups - check log",
    ]
    [guest] = parse("\n".join(lines)).guests
    assert not guest.archive_removed


def test_an_older_archive_that_was_removed_is_not_the_runs_own() -> None:
    guests = recorded(5).guests
    assert any(guest.removed_archives for guest in guests)
    assert not any(guest.archive_removed for guest in guests)


HEADER = "INFO: starting new backup job: vzdump 100 101 102 103 --storage nas --mode snapshot --quiet 1"


def running(*lines: str) -> dict[int, str]:
    """Read the log of a run in progress: the result so far by guest, those not reached yet included."""
    log = parse("\n".join([HEADER, *lines]))
    assert log.result is None
    assert not log.ended
    return {guest.vmid: guest.result for guest in log.guests} | dict.fromkeys(log.unreached_vmids, "not yet")


def begun(vmid: int) -> list[str]:
    return [f"INFO: Starting Backup of VM {vmid} (qemu)", "INFO: Backup started at 2026-09-10 22:30:04"]


def done(vmid: int) -> list[str]:
    return [
        *begun(vmid),
        f"INFO: Finished Backup of VM {vmid} (00:01:31)",
        "INFO: Backup finished at 2026-09-10 22:31:35",
    ]


def gone_wrong(vmid: int) -> list[str]:
    return [*begun(vmid), f"ERROR: Backup of VM {vmid} failed - got timeout", "INFO: Failed at 2026-09-10 22:40:10"]


def test_a_run_in_progress_tells_of_each_guest_where_it_stands() -> None:
    assert running() == dict.fromkeys((100, 101, 102, 103), "not yet")
    assert running(*begun(100)) == {100: "running", 101: "not yet", 102: "not yet", 103: "not yet"}
    assert running(*done(100), *gone_wrong(101), *begun(102)) == {
        100: "ok",
        101: "failed",
        102: "running",
        103: "not yet",
    }
    assert running(*done(100), *gone_wrong(101)) == {100: "ok", 101: "failed", 102: "not yet", 103: "not yet"}


def test_a_guest_whose_failure_has_just_been_written_has_failed() -> None:
    assert running(*begun(100), "ERROR: job failed with err -5 - Input/output error", "INFO: aborting backup job") == {
        100: "running",
        101: "not yet",
        102: "not yet",
        103: "not yet",
    }
    assert running(*begun(100), "ERROR: Backup of VM 100 failed - job failed with err -5")[100] == "failed"
    assert running("ERROR: Backup of VM 100 failed - unable to find VM '100'")[100] == "failed"


def test_a_hook_that_talks_after_a_guest_does_not_make_it_run_again() -> None:
    said = ["INFO: HOOK: backup-end", "INFO: Starting Backup of my own", "Finished Backup of VM 101 (00:00:01)"]
    assert running(*done(100), *said) == {100: "ok", 101: "not yet", 102: "not yet", 103: "not yet"}


@pytest.mark.parametrize("number", range(len(RECORDED)))
def test_no_beginning_of_a_log_says_of_a_guest_what_the_end_takes_back(number: int) -> None:
    """What is done is done, and what failed has failed: only the one at work may still become anything."""
    whole = {guest.vmid: guest.result for guest in recorded(number).guests}
    for lines in range(len(RECORDED[number]["log"])):
        log = recorded(number, finished=False, lines=lines)
        assert {guest.result for guest in log.guests[:-1]} <= {"ok", "failed"}
        for guest in log.guests:
            assert guest.result in {"running", whole[guest.vmid]}
