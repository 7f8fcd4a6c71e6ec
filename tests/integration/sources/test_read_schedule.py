"""How often a thing is read, and how soon again when that failed."""

from datetime import UTC, datetime, timedelta

from custom_components.proxmox_backup_checker.sources.read_schedule import DAILY, SLOW, ReadSchedule

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_what_was_read_is_due_when_its_time_is_up() -> None:
    schedule = ReadSchedule()
    assert schedule.is_due("fingerprints", NOW, DAILY)
    schedule.note("fingerprints", NOW)
    assert not schedule.is_due("fingerprints", NOW + 23 * HOUR, DAILY)
    assert schedule.is_due("fingerprints", NOW + 24 * HOUR, DAILY)


def test_what_could_not_be_read_is_tried_again_soon_however_rarely_it_is_read() -> None:
    schedule = ReadSchedule()
    schedule.note("fingerprints", NOW, good=False)
    assert not schedule.is_due("fingerprints", NOW + SLOW / 2, DAILY)
    assert schedule.is_due("fingerprints", NOW + SLOW, DAILY)
    schedule.note("fingerprints", NOW + SLOW)
    assert not schedule.is_due("fingerprints", NOW + 2 * SLOW, DAILY)


def test_a_clock_that_was_set_back_makes_everything_due() -> None:
    schedule = ReadSchedule()
    schedule.note("fingerprints", NOW)
    assert schedule.is_due("fingerprints", NOW - HOUR, DAILY)
