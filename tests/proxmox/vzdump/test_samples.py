"""Every sample log is read as a careful reader would read it."""

from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.line_patterns import parse_size
from custom_components.proxmox_backup_checker.proxmox.vzdump.log import GuestRun, VzdumpLog, VzdumpLogReader, parse

DATA = Path(__file__).parents[2] / "data" / "vzdump"
SCENARIOS = sorted(path.parent for path in (DATA / "scenarios").glob("*/meta.json"))
REAL: list[dict[str, Any]] = json.loads((DATA / "real" / "index.json").read_text(encoding="utf-8"))
ALL_LOGS = sorted(DATA.glob("**/*.log"))

# vzdump does not say what a guest is that fails before its backup begins.
UNTOLD_TYPES = {("23-ha-stop-mode", 100), ("16-orphaned-vmid", 999)}
RESULT_OF_STATUS = {"OK": "ok", "RUNNING": None, "interrupted by signal": "aborted"}


def read(path: Path) -> str:
    """Read a log's text as it is."""
    return path.read_bytes().decode("utf-8", "replace")


def check_guest(run: GuestRun, expected: dict[str, Any], zone: ZoneInfo) -> None:
    """Compare a guest with what is expected; sizes are rounded in the log."""
    assert run.result == expected["result"]
    assert run.error == expected.get("reason")
    if "duration" in expected:
        assert run.duration == timedelta(seconds=expected["duration"])
    if "target" in expected:
        assert run.archive == expected["target"]
        assert run.archive_complete
    if expected.get("size"):
        assert run.size == pytest.approx(expected["size"], rel=0.005)
    if "started" in expected:
        assert run.started is not None
        assert run.started.replace(tzinfo=zone).timestamp() == expected["started"]
    if "backup_created" in expected:
        assert (run.archive, run.archive_complete) == (expected["backup_created"], True)


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_task_log_is_read_as_expected(folder: Path) -> None:
    """The task log of a scenario, together with what the task's status says."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    status = meta["task_entry"].get("status", "RUNNING")
    log = parse(read(folder / "task.log"), finished=status != "RUNNING")

    started = {guest["vmid"]: guest for guest in meta["guests"] if guest["result"] not in {"not-started", "pending"}}
    assert [run.vmid for run in log.guests] == list(started)
    for run in log.guests:
        check_guest(run, started[run.vmid], ZoneInfo(meta["tz"]))
        if (folder.name, run.vmid) not in UNTOLD_TYPES:
            assert run.guest_type == started[run.vmid]["type"]
    assert set(log.unreached_vmids) == {guest["vmid"] for guest in meta["guests"]} - set(started)

    if status.startswith("WARNINGS: "):
        assert (log.result, log.warning_count) == ("warnings", int(status.removeprefix("WARNINGS: ")))
    elif status in RESULT_OF_STATUS:
        assert log.result == RESULT_OF_STATUS[status]
    elif status == "unexpected status":
        assert log.result == ("failed" if log.lock_timeout else "aborted")
    else:
        assert (log.result, log.error) == ("failed", status)


@pytest.mark.parametrize("path", sorted((DATA / "scenarios").glob("*/*-*.log")), ids=lambda path: path.parent.name)
def test_guests_own_log_says_the_same_as_the_task_log(path: Path) -> None:
    """A guest's own log has its times on each line, and nothing of the run."""
    task = parse(read(path.with_name("task.log")))
    log = parse(read(path))
    (run,) = log.guests
    (same,) = [guest for guest in task.guests if guest.vmid == run.vmid]
    assert (log.command, log.result) == (None, None)
    # Warnings of library code, and what programs say by themselves, go to the task log only.
    for field in GuestRun.__dataclass_fields__:
        if field not in {"warnings", "explanation"}:
            assert getattr(run, field) == getattr(same, field), field


@pytest.mark.parametrize("entry", REAL, ids=lambda entry: entry["file"])
def test_real_log_is_read_as_expected(entry: dict[str, Any]) -> None:
    """Logs of Proxmox VE 4 to 9 that people published."""
    log = parse(read(DATA / "real" / entry["file"]))
    expected = entry["expected"]
    assert (log.result or "unknown") == expected["job_result"]
    assert log.command == expected.get("command")
    assert len(log.guests) == len(expected["guests"])
    for run, wanted in zip(log.guests, expected["guests"], strict=True):
        assert (run.vmid, run.guest_type, run.name) == (wanted["vmid"], wanted["type"], wanted["name"])
        assert (run.result, run.error, run.mode) == (wanted["result"], wanted["error"], wanted["mode"])
        hours, minutes, seconds = wanted["duration_text"].split(":")
        assert run.duration == timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
        if "archive" in wanted:
            assert run.archive == wanted["archive"]
        if "start" in wanted:
            assert f"{run.started:%Y-%m-%d %H:%M:%S|%b %d %H:%M:%S}".find(wanted["start"]) >= 0
            assert f"{run.finished:%Y-%m-%d %H:%M:%S|%b %d %H:%M:%S}".find(wanted["end"]) >= 0
        check_real_sizes(run, wanted)


def check_real_sizes(run: GuestRun, wanted: dict[str, Any]) -> None:
    """Compare the sizes; "34359 MB" of the old transferred line counts in 1000."""
    if "transferred_text" in wanted:
        text = wanted["transferred_text"]
        assert run.transferred == parse_size(text, 1024 if "iB" in text else 1000)
    if "reused_text" in wanted:
        assert run.reused == parse_size(wanted["reused_text"])
    if run.fast_incremental:
        # The entry names what was transferred; Proxmox counts all disks.
        assert run.size == parse_size("320.0 GiB")
    else:
        assert run.size == parse_size(wanted["size_text"])


def stream(text: bytes, step: int) -> VzdumpLog:
    """Read a log in pieces of a fixed length."""
    reader = VzdumpLogReader()
    for start in range(0, len(text), step):
        reader.feed(text[start : start + step])
    assert reader.position == len(text)
    reader.end()
    return reader.log()


@pytest.mark.parametrize("path", ALL_LOGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_pieces_cut_anywhere_read_like_the_whole(path: Path) -> None:
    """Streaming in pieces of 1, 7 and 4096 bytes."""
    content = path.read_bytes()
    whole = parse(read(path))
    for step in (1, 7, 4096):
        assert stream(content, step) == whole


@pytest.mark.parametrize("path", ALL_LOGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_windows_line_ends_and_nuls_change_nothing(path: Path) -> None:
    """Copies that went through Windows, and the zero blocks a crash leaves behind."""
    whole = parse(read(path))
    assert parse(read(path).replace("\n", "\r\n")) == whole
    assert parse(read(path) + "\0" * 4096) == whole


@pytest.mark.parametrize("path", ALL_LOGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_beginning_of_a_log_contradicts_the_rest(path: Path) -> None:
    """A log cut after any character may know less, but nothing else; of some warnings only the last line knows."""
    text = read(path)
    whole = parse(text)
    so_far = {"ok"} if whole.result == "warnings" and not whole.warnings else set()
    step = max(1, len(text) // 1500)
    for end in [*range(0, len(text), step), *(index for index, char in enumerate(text) if char == "\n")]:
        log = parse(text[:end])
        assert log.result in {None, whole.result} | so_far
        assert [run.vmid for run in log.guests] == [run.vmid for run in whole.guests][: len(log.guests)]
        for run, later in zip(log.guests, whole.guests, strict=False):
            assert run.result in {"running", later.result}
            for field in (
                "mode",
                "archive",
                "size",
                "transferred",
                "reused",
                "duration",
                "started",
                "finished",
                "pruned",
            ):
                assert getattr(run, field) in {None, getattr(later, field)}, (field, text[max(0, end - 80) : end])
