"""The retention of the virtual storages, in cases small enough to check by hand."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from simulator.retention import describe, marks, parse, unlimited
from simulator.storages import Archive

BERLIN = ZoneInfo("Europe/Berlin")


def archives(*moments: str) -> list[Archive]:
    """Return backups made at these moments, in Berlin."""
    return [
        Archive(
            name=moment,
            vmid=1,
            type="qemu",
            ctime=int(datetime.fromisoformat(moment).replace(tzinfo=BERLIN).timestamp()),
            size=1,
            stored=1,
        )
        for moment in moments
    ]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("keep-last=2", [False, False, False, True, True]),
        ("keep-daily=2", [False, False, True, False, True]),
        ("keep-weekly=2", [False, True, False, False, True]),
        ("keep-daily=1,keep-weekly=1", [False, True, False, False, True]),
        ("keep-last=0", [True, True, True, True, True]),
        ("keep-all=1", [True, True, True, True, True]),
    ],
)
def test_the_newest_of_each_period_is_kept(options: str, kept: list[bool]) -> None:
    """Periods are those of the node's zone; a period that is covered already does not count."""
    group = archives("2026-09-08T02:00", "2026-09-13T23:30", "2026-09-14T00:30", "2026-09-15T02:00", "2026-09-15T14:00")
    result = marks(group, parse(options), BERLIN)
    assert [result[archive] == "keep" for archive in group] == kept


def test_protected_and_renamed_backups_do_not_count() -> None:
    """They have marks of their own."""
    group = archives("2026-09-12T02:00", "2026-09-13T02:00", "2026-09-14T02:00")
    group[2].protected = True
    group[1].renamed = True
    assert list(marks(group, {"keep-last": 1}, BERLIN).values()) == ["keep", "renamed", "protected"]


def test_options_are_printed_in_alphabetical_order() -> None:
    """As in the line of the log."""
    assert describe(parse("keep-weekly=4,keep-daily=7")) == "keep-daily=7, keep-weekly=4"
    assert unlimited(parse(None))
