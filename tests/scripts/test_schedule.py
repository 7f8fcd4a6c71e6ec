"""What scripts/schedule tells of a schedule."""

from collections.abc import Callable
from pathlib import Path
import subprocess
import sys

import pytest

from scripts.lib.schedule import main

PROGRAM = Path(__file__).parents[2] / "scripts" / "lib" / "schedule.py"
LATE_MARCH = ("--zone", "Europe/Berlin", "--at", "2027-03-26T12:00")


type Ask = Callable[..., list[str]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Returns the lines that a good schedule is answered with."""

    def lines(*arguments: str) -> list[str]:
        assert main(arguments) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out.splitlines()

    return lines


def test_the_program_answers_without_home_assistant() -> None:
    """Which would take seconds to import."""
    command = [sys.executable, "-X", "importtime", str(PROGRAM), "mon..fri 21:00"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0
    assert told.stdout.splitlines()[0] == "'mon..fri 21:00': Monday to Friday at 21:00"
    assert "calendar.event" in told.stderr
    assert "homeassistant" not in told.stderr


def test_a_schedule_is_told_as_a_sentence_with_its_last_and_next_events_and_what_a_clock_change_skips(
    ask: Ask,
) -> None:
    assert ask("02:30", *LATE_MARCH) == [
        "'02:30': every day at 02:30",
        "now     Fri 2027-03-26 12:00:00 +0100  Europe/Berlin",
        "last    Fri 2027-03-26 02:30:00 +0100",
        "next 1  Sat 2027-03-27 02:30:00 +0100",
        "next 2  Mon 2027-03-29 02:30:00 +0200",
        "next 3  Tue 2027-03-30 02:30:00 +0200",
        "next 4  Wed 2027-03-31 02:30:00 +0200",
        "next 5  Thu 2027-04-01 02:30:00 +0200",
        "note    the clock change on 2027-03-28 skips 02:30: no event then",
    ]


def test_a_number_without_a_colon_is_pointed_out_as_a_minute(ask: Ask) -> None:
    told = ask("mon..fri 22", *LATE_MARCH, "--count", "1", "--language", "de")
    assert told[0] == "'mon..fri 22': jede Stunde zur Minute 22, Montag bis Freitag"
    assert told[3:] == [
        "next 1  Fri 2027-03-26 12:22:00 +0100",
        'note    "22" is a minute, not an hour: it comes every hour at minute 22; an hour ends in ":00"',
    ]


def test_a_schedule_that_never_comes_has_no_events_and_says_why(ask: Ask) -> None:
    assert ask("2-30", *LATE_MARCH) == [
        "'2-30': never",
        "now     Fri 2027-03-26 12:00:00 +0100  Europe/Berlin",
        "last    none",
        "next 1  none",
        "note    it never comes: there is no such date",
    ]


def test_a_moment_with_its_own_shift_is_shown_in_the_zone_of_the_node(ask: Ask) -> None:
    told = ask("sun 01:00 UTC", "--zone", "Europe/Berlin", "--at", "2027-03-27T12:00+00:00", "--count", "1")
    assert told[1:] == [
        "now     Sat 2027-03-27 13:00:00 +0100  Europe/Berlin",
        "last    Sun 2027-03-21 02:00:00 +0100",
        "next 1  Sun 2027-03-28 03:00:00 +0200",
    ]


def test_where_a_clock_change_leads_proxmox_back_in_time_it_says_so(ask: Ask) -> None:
    told = ask("daily", "--zone", "Europe/Dublin", "--at", "2026-03-29T00:00:07")
    assert told[3:] == [
        "next 1  Sun 2026-03-29 00:00:00 +0000",
        "        (not later than the moment before: Proxmox is led back in time by a clock change)",
    ]


def test_a_schedule_that_proxmox_refuses_is_refused_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["0 2 * * *"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "'0 2 * * *' is not a Proxmox schedule: ' 2 * * *' cannot be read"
        " (this looks like a line of cron; a time of day is written like 21:00)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--zone", "Europe/Berli"), "no time zone is called 'Europe/Berli'"),
        (("--at", "tomorrow"), "'tomorrow' is not a moment such as 2027-03-28T12:00"),
        (("--count", "-1"), "'-1' is not a number of events, 1 or more"),
    ],
)
def test_what_it_does_not_understand_is_named(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["02:30", *arguments])
    assert refused.value.code == 2
    assert complaint in capsys.readouterr().err
