"""The part of a log that a person wants to see first."""

from pathlib import Path

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.excerpt import excerpt, lines

DATA = Path(__file__).parents[2] / "data" / "vzdump"
ALL_LOGS = sorted(DATA.glob("**/*.log"))


def scenario(name: str) -> str:
    """Read the task log of a scenario."""
    return (DATA / "scenarios" / name / "task.log").read_text(encoding="utf-8")


def progress(count: int) -> list[str]:
    """Lines of a guest's progress."""
    return [f"INFO:  {number}% (1.0 GiB of 9.0 GiB) in 3s" for number in range(count)]


def run(*parts: list[str]) -> str:
    """Return a log of these lines."""
    return "\n".join(line for part in parts for line in part) + "\n"


@pytest.mark.parametrize("path", ALL_LOGS, ids=lambda path: str(path.relative_to(DATA)))
def test_every_sample_is_numbered_as_it_is_and_every_excerpt_is_a_piece_of_it(path: Path) -> None:
    """Nothing is lost, and nothing invented."""
    text = path.read_bytes().decode("utf-8", "replace")
    every = lines(text)
    assert [line.number for line in every] == list(range(1, len(every) + 1))
    assert [line.text for line in every] == [row.rstrip() for row in text.removesuffix("\n").split("\n")]
    shown = excerpt(text)
    assert shown.total == len(every)
    assert 0 < len(shown.lines) <= 80
    assert shown.lines == every[shown.lines[0].number - 1 : shown.lines[-1].number]


def test_level_is_the_one_that_vzdump_gives_at_the_beginning_of_a_line() -> None:
    """Words within a line, and other programs, say nothing."""
    text = run(
        ["INFO: ERROR: this is a hook script", "WARN: old", "2026-09-10 22:30:04 ERROR: bad", "  ERROR: of LVM"],
        ["ERROR is not a level", "TASK WARNINGS: 2", "TASK ERROR: job errors", "TASK OK"],
    )
    assert [line.level for line in lines(text)] == [
        *("info", "warning", "error", "info"),
        *("info", "warning", "error", "info"),
    ]


def test_excerpt_of_a_run_is_around_its_first_error() -> None:
    """Far away lines of a long log are left out."""
    text = run(
        ["INFO: Starting Backup of VM 100 (qemu)"],
        progress(200),
        ["WARN: slow", "ERROR: got timeout", "ERROR: Backup of VM 100 failed - got timeout"],
        progress(300),
        ["TASK ERROR: job errors"],
    )
    shown = excerpt(text)
    assert shown.failure == 203
    assert (shown.lines[0].number, shown.lines[-1].number, shown.total) == (163, 242, 505)
    assert [line.text for line in excerpt(text, around=1).lines] == ["WARN: slow", "ERROR: got timeout"]


def test_excerpt_at_the_end_of_a_log_shows_more_of_what_came_before() -> None:
    """The space for lines that do not exist is used."""
    shown = excerpt(run(progress(200), ["TASK ERROR: job errors"]))
    assert (shown.lines[0].number, shown.lines[-1].number, shown.failure) == (122, 201, 201)


def test_excerpt_of_a_guest_stays_within_what_is_about_it() -> None:
    """Another guest's failure is not its own."""
    text = scenario("11-four-guests-one-fails")
    shown = excerpt(text, 200)
    assert shown.lines[0].text == "INFO: Starting Backup of VM 200 (lxc)"
    assert "zfs error: cannot create snapshot" in lines(text)[(shown.failure or 0) - 1].text
    good = excerpt(text, 100)
    assert good.failure is None
    assert all(" 200 " not in line.text for line in good.lines)
    assert good.lines[-1].text.startswith("INFO: Backup finished at ")


def test_excerpt_of_a_guest_that_failed_before_its_backup_began_ends_with_its_failure() -> None:
    """Such a guest has no first line of its own."""
    shown = excerpt(scenario("16-orphaned-vmid"), 999)
    assert shown.lines[-1].text == "ERROR: Backup of VM 999 failed - unable to find VM '999'"
    assert shown.failure == shown.lines[-1].number
    assert len(shown.lines) == 1


def test_excerpt_of_a_guest_that_the_run_never_reached_is_that_of_the_run() -> None:
    """What kept the run from it is the reason."""
    shown = excerpt(scenario("07-pbs-unreachable-activation"), 100)
    assert shown.lines[-1].level == "error"
    assert shown.failure == 2


def test_excerpt_of_a_log_that_stops_shows_where_it_stops() -> None:
    """After a power cut there is no error."""
    text = scenario("18-node-crash-truncated")
    shown = excerpt(text)
    assert shown.failure is None
    assert shown.lines[-1] == lines(text)[-1]


def test_no_log_has_no_lines_and_a_damaged_one_is_bounded() -> None:
    """Whatever the file holds, there is an answer."""
    assert excerpt("").lines == ()
    assert lines("") == ()
    endless = "ERROR: " + "x" * 100_000 + "\0"
    assert len(lines(endless)[0].text) == 65_536
    assert len(excerpt(endless).text) == 2_000
