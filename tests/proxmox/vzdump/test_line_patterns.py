"""Sizes and times in the words of vzdump."""

from datetime import datetime, timedelta

import pytest

from custom_components.proxmox_backup_checker.proxmox.vzdump.line_patterns import (
    PREFIXED,
    Stamps,
    parse_clock,
    parse_seconds,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0 B", 0), ("3.50GB", 3758096384), ("628.00 MiB", 658505728), ("2KB", 2048), ("1 TiB", 1099511627776)],
)
def test_a_size_is_counted_in_1024_under_either_name(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "3,5GB", "1 parsec", "-1 B", " 1 B"])
def test_what_is_no_size_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


def test_a_duration_can_have_many_hours_but_none_longer_than_time_itself() -> None:
    assert parse_clock("123", "04", "05") == timedelta(hours=123, minutes=4, seconds=5)
    assert parse_seconds("90") == timedelta(seconds=90)
    assert parse_seconds("9" * 18) is None
    assert parse_clock("9" * 5000, "0", "0") is None


def test_a_time_without_a_year_has_that_of_the_archive_or_the_next_one() -> None:
    stamps = Stamps("/dump/vzdump-qemu-101-2019_12_31-23_59_50.vma.zst")
    assert stamps.read("Dec 31 23:59:50") == datetime(2019, 12, 31, 23, 59, 50)
    assert stamps.read("Jan  1 00:01:00", datetime(2019, 12, 31, 23, 59, 50)) == datetime(2020, 1, 1, 0, 1)
    assert stamps.read("Dec 32 00:00:00") is None
    assert stamps.read(None) is None
    assert Stamps(None).read("Dec 31 23:59:50") is None


@pytest.mark.parametrize(
    "before",
    ["", "1020: ", "2026-04-23 21:06:09 ", "1020: 2026-04-23 21:06:09 ", "Apr 23 21:06:09 ", "1020: 21:06:09 "],
)
def test_a_line_has_its_level_whatever_is_left_before_it(before: str) -> None:
    """Whoever publishes a mail may cut the day from its lines."""
    found = PREFIXED.fullmatch(f"{before}ERROR: Backup of VM 1020 failed - interrupted by signal")
    assert found is not None
    assert found[2] == "ERROR"
    assert found[3] == "Backup of VM 1020 failed - interrupted by signal"


@pytest.mark.parametrize("before", ["21:06 ", "at 21:06:09 ", "123:456:789 ", "1020:21:06:09 "])
def test_what_only_looks_like_a_time_is_no_beginning_of_a_line(before: str) -> None:
    assert PREFIXED.fullmatch(f"{before}ERROR: no such thing") is None
