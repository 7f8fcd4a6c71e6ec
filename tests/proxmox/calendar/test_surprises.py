"""What a schedule does that its author probably did not mean."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
import pytest

from custom_components.proxmox_backup_checker.proxmox.calendar.event import CalendarEvent

from .calendar_texts import SCHEDULES

NOVEMBER = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Europe/Berlin"))
AFTER_THE_CHANGE = datetime(2027, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))


def _found(schedule: str, moment: datetime | None = None) -> dict[str, dict[str, str | int]]:
    return {surprise.code.value: dict(surprise.values) for surprise in CalendarEvent.parse(schedule).surprises(moment)}


@pytest.mark.parametrize(
    ("schedule", "code", "values"),
    [
        ("mon..fri 22", "minute_not_hour", {"text": "22", "minutes": "22"}),
        ("8..17", "minute_not_hour", {"text": "8..17", "minutes": "8..17"}),
        ("24:00", "hour_read_as_minute", {"text": "24:00", "minutes": "24", "seconds": "0"}),
        ("25:30", "hour_read_as_minute", {"text": "25:30", "minutes": "25", "seconds": "30"}),
        ("*/30:15", "hour_read_as_minute", {"text": "*/30:15", "minutes": "0/30", "seconds": "15"}),
        ("12:00,13:00", "list_of_times", {"text": "12:00,13:00", "hours": "12", "minutes": "0,13", "seconds": "0"}),
        (
            "8,12:00,13:00",
            "list_of_times",
            {"text": "8,12:00,13:00", "hours": "8,12", "minutes": "0,13", "seconds": "0"},
        ),
        ("12:00..13:00", "list_of_times", {"text": "12:00..13:00", "hours": "12", "minutes": "0..13", "seconds": "0"}),
        ("8-12", "hours_read_as_date", {"text": "8-12", "month": 8, "day": 12}),
        ("*/45", "step_skips", {"field": "minute", "missed": "0"}),
        ("*/7:30", "step_skips", {"field": "hour", "missed": "0"}),
        ("*-*-1/7", "step_skips", {"field": "day", "missed": "1"}),
        ("*-*/5-1", "step_skips", {"field": "month", "missed": "1"}),
        ("*-*-1,31 3:00", "short_month_skips", {"missed": "1"}),
        ("*-*-31 3:00", "left_out_months", {"day": 31}),
        ("2-30", "never", {}),
        ("*-0-1", "never", {}),
        ("*/15", "several_an_hour", {"slots": 4}),
        ("mon 3:00,30", "several_an_hour", {"slots": 2}),
    ],
)
def test_a_surprise_is_told_with_its_values(schedule: str, code: str, values: dict[str, str | int]) -> None:
    assert _found(schedule)[code] == values


@pytest.mark.parametrize(
    "schedule",
    [
        *(
            "21:00",
            "mon..fri 21:00",
            "sun 01:00 UTC",
            "sat *-*-1..7 15:00",
            "*-1,15 02:00",
            "fri..mon 0/6:00",
            "*/2:00",
        ),
        *("hourly", "daily", "quarterly", "*-*-*/2 3:00", "*:15", "2027-8-12", "12-24 18:00", "*/12:30", "1-1", "2-29"),
    ],
)
def test_what_does_what_it_says_is_no_surprise(schedule: str) -> None:
    assert _found(schedule) == {}


def test_a_slot_that_the_next_clock_change_skips_is_told_with_its_date() -> None:
    assert _found("sun 02:30", NOVEMBER) == {"swallowed_by_clock_change": {"date": "2027-03-28", "time": "02:30"}}
    assert _found("mon 02:30", NOVEMBER) == {}
    assert _found("03:00", NOVEMBER) == {}
    assert _found("02:30 UTC", NOVEMBER) == {}
    assert _found("02:30", AFTER_THE_CHANGE) == {"swallowed_by_clock_change": {"date": "2028-03-26", "time": "02:30"}}
    assert _found("hourly", NOVEMBER) == {}


def test_the_events_show_what_the_step_that_skips_leaves_out() -> None:
    event = CalendarEvent.parse("*-*-1,31 3:00")
    march = event.next_after(datetime(2027, 2, 2, tzinfo=ZoneInfo("Europe/Berlin")))
    assert march is not None
    assert (march.month, march.day) == (3, 31)


@given(schedule=SCHEDULES)
def test_surprises_can_be_asked_of_every_valid_schedule(schedule: str) -> None:
    for surprise in CalendarEvent.parse(schedule).surprises(NOVEMBER):
        assert surprise.code
