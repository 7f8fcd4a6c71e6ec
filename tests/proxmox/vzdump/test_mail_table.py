"""The table of guests in Proxmox's mails."""

import time

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.log import parse

HEADING = "VMID    NAME    STATUS     TIME       SIZE           FILENAME"
OLD_HEADING = "VMID      STATUS TIME       SIZE       FILENAME"


def result(*rows: str, heading: str = HEADING) -> str | None:
    """Read the result of a mail with these rows."""
    return parse("\n".join([heading, *rows, "", "vzdump 100 101 --mode snapshot", ""])).result


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("100     web     ok         1m 30s     1.2 GiB        /mnt/a.vma.zst", "ok"),
        ("100     web     err        10s        0 B            -", "failed"),
        ("100     web     todo       0s         0 B            -", "aborted"),
        ("100     ok      err        10s        0 B            -", "failed"),
        ("100     err     ok         10s        1 B            /mnt/ok", "ok"),
        ("100     ok ok   err        10s        0 B            ok", "failed"),
        ("100     a todo  ok         00:00:10   1 B            vm/100/x", "ok"),
        ("100     web     OK         00:00:10   1.00GB         /mnt/a", "ok"),
        ("100     web     ok         -          -              /mnt/a", "ok"),
        ("100     ok      err        -          -              -", "failed"),
    ],
)
def test_a_row_tells_the_state_and_not_the_name(row: str, expected: str) -> None:
    assert result(row) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("100       ok     00:00:10   1.00GB     /mnt/a", "ok"),
        ("100       FAILED 00:00:10   all is ok", "failed"),
        ("100       FAILED 00:00:10   error: ok 5 of 6", "failed"),
    ],
)
def test_the_old_form_has_no_name(row: str, expected: str) -> None:
    assert result(row, heading=OLD_HEADING) == expected


def test_one_guest_that_failed_is_enough() -> None:
    good, bad = "100  web  ok  10s  1 B  /a", "101  db  err  10s  0 B  -"
    for rows in ((good, bad), (bad, good)):
        assert result(*rows) == "failed"


@pytest.mark.parametrize("cut", ["", "\n10", "\n101", "\n101  db", "\n101  db  er", "\n101  db  ok  1"])
def test_a_mail_that_ends_within_its_table_says_nothing_of_the_run(cut: str) -> None:
    """The guest that failed may be in the next row."""
    assert parse(f"{HEADING}\n100  web  ok  10s  1 B  /a{cut}").result is None


def test_a_table_that_says_ok_does_not_outweigh_a_guest_that_failed() -> None:
    """In a log that has both, the guest's own line counts."""
    failed = ["INFO: Starting Backup of VM 101 (qemu)", "ERROR: Backup of VM 101 failed - got timeout"]
    log = parse("\n".join([HEADING, "101  db  ok  10s  0 B  -", "", *failed, ""]))
    assert (log.result, [guest.result for guest in log.guests]) == ("failed", ["failed"])


@pytest.mark.parametrize("rest", ["ok", "", "ok ", "x", "ok ok " * 4000, "err  1" * 4000])
def test_a_row_of_any_length_is_read_at_once(rest: str) -> None:
    """A row of 1,200 blanks once took 40 seconds, and one of 4,000 many minutes."""
    text = "\n".join([HEADING, "1" + " " * 40_000 + rest, "1 " + "ok " * 15_000, "1" + " a" * 20_000 + rest])
    started = time.process_time()
    parse(text)
    assert time.process_time() - started < 1
