"""How far a backup is, from the last lines of a log that goes on."""

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.log import VzdumpLogReader, parse
from custom_components.proxmox_backup_checker.proxmox.vzdump.progress import Progress

GIB = 2**30
START = "INFO: starting new backup job: vzdump 101 102 --storage nas\nINFO: Starting Backup of VM 101 (qemu)\n"
LINE = "INFO:   6% (3.2 GiB of 48.0 GiB) in 12s, read: 273.1 MiB/s, write: 101.2 MiB/s\n"


@pytest.mark.parametrize(
    ("line", "progress"),
    [
        (LINE, Progress(percent=6, done=round(3.2 * GIB), total=48 * GIB)),
        (
            "INFO: 100% (48.0 GiB of 48.0 GiB) in 5m 3s, read: 1 B/s, write: 0 B/s\n",
            Progress(percent=100, done=48 * GIB, total=48 * GIB),
        ),
        (
            "INFO: status: 25% (1073741824/4294967296), sparse 0% (0), duration 9\n",
            Progress(percent=25, done=GIB, total=4 * GIB),
        ),
        ("INFO: processed 1.5 GiB in 1m, uploaded 800 MiB\n", Progress(done=round(1.5 * GIB))),
    ],
    ids=["qemu", "done", "before 6.2", "container"],
)
def test_the_last_line_of_progress_counts(line: str, progress: Progress) -> None:
    early = "INFO:   1% (0.5 GiB of 48.0 GiB) in 3s, read: 1 B/s, write: 0 B/s\n"
    assert parse(START + early + line).progress == progress
    assert parse(START + early + line + "INFO: something else\n").progress == progress


def test_a_log_that_comes_in_pieces_tells_the_same() -> None:
    reader = VzdumpLogReader()
    for char in START + LINE:
        reader.feed(char)
    assert reader.log().progress == Progress(percent=6, done=round(3.2 * GIB), total=48 * GIB)


def test_the_progress_of_the_guest_before_is_not_that_of_the_next() -> None:
    assert parse(START + LINE + "INFO: Finished Backup of VM 101 (00:05:03)\n").progress is None
    following = "INFO: Finished Backup of VM 101 (00:05:03)\nINFO: Starting Backup of VM 102 (qemu)\n"
    assert parse(START + LINE + following).progress is None


def test_what_is_over_makes_no_progress() -> None:
    assert parse(START + LINE, finished=True).progress is None
    assert parse(START + LINE + "TASK ERROR: interrupted by signal\n").progress is None
    assert parse(START).progress is None
