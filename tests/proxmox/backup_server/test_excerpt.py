"""A task's log as people read it."""

import pytest

from custom_components.proxmox_backup_checker.proxmox.backup_server.logs.excerpt import read_log

from .samples import log_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("syncjob pull, one group failed", "failed"),
        ("verificationjob failed", "corrupt"),
    ],
)
def test_the_first_line_that_tells_of_something_amiss_is_found(name: str, words: str) -> None:
    log = read_log("\n".join(log_of(name)))
    assert log.failure is not None
    line = log.lines[log.failure - 1]
    assert (line.number, line.level) == (log.failure, "error")
    assert words in line.text
    assert log.total == len(log.lines)


def test_a_group_that_is_left_out_is_marked_and_what_is_only_older_is_not() -> None:
    log = read_log(
        "[vm/111]: skipped: 4 snapshot(s) - older than the newest snapshot present on sync target\n"
        "Group 'ct/103' not owned by remote user 'sync@pbs!home' on target, skipping upload\n"
        "TASK WARNINGS: 1"
    )
    assert [line.level for line in log.lines] == ["info", "warning", "warning"]
    assert log.failure == 2


@pytest.mark.parametrize("text", ["", "TASK OK", "Removed 0 chunks\n2026: TASK OK"])
def test_a_log_without_anything_amiss_has_no_such_line(text: str) -> None:
    assert read_log(text).failure is None
