"""Writes docs/vzdump-logs.md: what the reader finds in each sample log, field by field.

Usage, in the repository's folder: .venv/bin/python scripts/lib/log_table.py
"""

from collections.abc import Iterator
from datetime import timedelta
import json
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from custom_components.proxmox_backup_checker.proxmox.vzdump.log import GuestRun, VzdumpLog, parse

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "tests/data/vzdump"
PAGE = ROOT / "docs/vzdump-logs.md"
HEAD = """# What is read from vzdump's logs

What the reader (`proxmox/vzdump/log.py`) finds in each sample of `tests/data/vzdump`. This page is written by
`scripts/lib/log_table.py`; a test compares it with what the reader finds today. A dash means that the log does not
say it. The guests' own logs of the scenarios are left out: they say of their guest what the task log says, with the
time on every line.

- `scenarios`: task logs made from Proxmox's source, each with a `meta.json` that says what a reader must find in it.
  A test compares every entry of it.
- `real`: logs that people published, of Proxmox VE 4 to 9, with what must be found in `index.json`. Most are a
  guest's own log, which says nothing of the run.
- `verbatim`: published logs without a list of what must be found.
"""
RUN_HEADINGS = ("sample", "run", "error", "guests read", "not reached", "warnings", "also read")
GUEST_HEADINGS = (
    "sample", "guest", "result", "error", "mode", "duration", "archive", "complete", "size", "transferred", "reused",
    "also read",
)  # fmt: skip
RUN_FIELDS = (
    "command", "skipped_vmids", "unusable_storage", "waited_for_lock", "waiting_for_lock", "lock_error",
    "notified_targets", "notification_errors",
)  # fmt: skip
GUEST_FIELDS = (
    "name", "was_running", "started", "finished", "downtime", "speed", "bandwidth_limit", "encrypted", "protected",
    "included_disks", "exclusions", "no_disks", "bitmaps", "fast_incremental", "suspended_because", "freeze",
    "freeze_detail", "retention", "prune", "prune_error", "pruned", "removed_archives", "notes_error",
    "log_upload_error", "warnings",
)  # fmt: skip


def samples() -> Iterator[tuple[str, VzdumpLog]]:
    """Yield the name and the reading of every sample."""
    for meta in sorted((SAMPLES / "scenarios").glob("*/meta.json")):
        status = json.loads(meta.read_text(encoding="utf-8"))["task_entry"].get("status")
        yield meta.parent.name, read(meta.with_name("task.log"), finished=status not in (None, "RUNNING"))
    for kind in ("real", "verbatim"):
        for path in sorted((SAMPLES / kind).glob("*.log")):
            yield f"{kind}/{path.stem}", read(path, finished=True)


def read(path: Path, *, finished: bool) -> VzdumpLog:
    """Read a log."""
    return parse(path.read_bytes().decode("utf-8", "replace"), finished=finished)


def page() -> str:
    """Return the whole page."""
    logs = list(samples())
    runs = [run_row(name, log) for name, log in logs if log.command or log.result or not log.guests]
    guests = [guest_row(name, guest) for name, log in logs for guest in log.guests]
    return "\n".join(
        [HEAD, "## Runs", "", *table(RUN_HEADINGS, runs), "", "## Guests", "", *table(GUEST_HEADINGS, guests), ""]
    )


def run_row(name: str, log: VzdumpLog) -> list[str]:
    """Return a row of the table of runs."""
    cells = (log.result, log.error, [guest.vmid for guest in log.guests], log.unreached_vmids, log.warning_count)
    return [name, *map(cell, cells), said(log, RUN_FIELDS)]


def guest_row(name: str, guest: GuestRun) -> list[str]:
    """Return a row of the table of guests."""
    cells = (
        guest.result, guest.error, guest.mode, guest.duration, guest.archive, guest.archive_complete, guest.size,
        guest.transferred, guest.reused,
    )  # fmt: skip
    return [name, f"{guest.guest_type or '?'}/{guest.vmid}", *map(cell, cells), said(guest, GUEST_FIELDS)]


def said(record: VzdumpLog | GuestRun, fields: tuple[str, ...]) -> str:
    """Return the names of the fields that the log fills."""
    return cell([field for field in fields if is_said(getattr(record, field))])


def is_said(value: object) -> bool:
    """Return whether a log says this; zero is said, an empty list is not."""
    return value is not None and value is not False and value not in ((), [])


def cell(value: object) -> str:
    """Return a value as a cell: a dash for what is not said."""
    if not is_said(value):
        return "–"
    if value is True:
        return "yes"
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def table(headings: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
