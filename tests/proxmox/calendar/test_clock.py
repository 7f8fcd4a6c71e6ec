"""The clock of a zone: what it shows, and what it does where it is changed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from custom_components.proxmox_backup_checker.proxmox.calendar.clock import DAY, Repeat, ZoneClock

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600


def wall(*fields: int) -> int:
    """Return a local time as seconds since 1970 of the same clock."""
    return int(datetime(*fields, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


def test_on_a_day_without_a_change_every_local_time_is_there_once() -> None:
    clock = ZoneClock(BERLIN)
    noon = wall(2026, 7, 1, 12)
    assert clock.steady_shift(noon // DAY) == 2 * HOUR
    assert clock.first_epoch(noon) == noon - 2 * HOUR
    assert clock.epoch(noon, 0) == noon - 2 * HOUR
    assert clock.settle(noon, 0, 1) == (noon + 1, 2 * HOUR)
    assert clock.repeat(noon) is None
    assert clock.changes(noon, noon + DAY) == []


def test_a_local_time_that_is_skipped_has_no_epoch() -> None:
    clock = ZoneClock(BERLIN)
    skipped = wall(2026, 3, 29, 2, 30)
    assert clock.first_epoch(skipped) is None
    assert clock.last_wall_before_gap(skipped) == wall(2026, 3, 29, 2) - 1
    assert clock.first_epoch(wall(2026, 3, 29, 3)) == wall(2026, 3, 29, 1)


def test_a_local_time_that_comes_twice_is_first_that_of_summer() -> None:
    clock = ZoneClock(BERLIN)
    twice = wall(2026, 10, 25, 2, 30)
    change = wall(2026, 10, 25, 1)
    assert clock.first_epoch(twice) == change - HOUR // 2
    assert clock.repeat(twice) == Repeat(change, wall(2026, 10, 25, 2), wall(2026, 10, 25, 3))
    assert clock.repeat(wall(2026, 10, 25, 4)) is None
    assert clock.behind_change(change - DAY, change + DAY) == change + HOUR


def test_the_changes_of_ninety_years_are_found_however_they_are_asked_for() -> None:
    """More than the clock remembers at a time."""
    start, end = wall(1980, 6, 1), wall(2070, 6, 1)
    at_once = ZoneClock(BERLIN).changes(start, end)
    clock = ZoneClock(BERLIN)
    one_by_one = [
        change for year in range(1980, 2070) for change in clock.changes(wall(year, 6, 1), wall(year + 1, 6, 1))
    ]
    assert at_once == one_by_one
    assert len(at_once) == 180
    assert clock.changes(start, wall(1981, 6, 1)) == at_once[:2]


def test_the_shifts_of_thousands_of_days_stay_true() -> None:
    """More days than the clock remembers at a time."""
    clock = ZoneClock(BERLIN)
    days = range(wall(2020, 1, 1) // DAY, wall(2033, 1, 1) // DAY)
    shifts = [clock.steady_shift(day) for day in days]
    assert {shift for shift in shifts if shift is not None} == {HOUR, 2 * HOUR}
    assert shifts == [ZoneClock(BERLIN).steady_shift(day) for day in days]
    assert [clock.steady_shift(day) for day in days[:20]] == shifts[:20]
