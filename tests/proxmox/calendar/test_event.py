"""Schedules, held against what Proxmox's own code computed."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.calendar.event import CalendarEvent

VECTORS = Path(__file__).parents[2] / "data" / "vectors"
BERLIN = ZoneInfo("Europe/Berlin")
FAR_FUTURE = 4102444800  # the walks end here

SCHEDULES = st.sampled_from(
    ["02:30", "sun 01:00", "mon..fri 21:00", "*/15", "*-1,15 02:00", "sat *-*-1..7 15:00", "fri..mon 0/6:00", "hourly"]
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@cache
def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return data


def _next(text: str, zone: str, epoch: int) -> int | None:
    event = CalendarEvent.parse(text).next_after(datetime.fromtimestamp(epoch, ZoneInfo(zone)))
    return None if event is None else int(event.timestamp())


def _previous(text: str, zone: str, epoch: int) -> int | None:
    event = CalendarEvent.parse(text).last_before(datetime.fromtimestamp(epoch, ZoneInfo(zone)))
    return None if event is None else int(event.timestamp())


@pytest.mark.parametrize("kind", ["core", "overrun", "state", "negdst"])
def test_the_next_event_is_the_one_that_proxmox_finds(kind: str) -> None:
    vectors = [vector for vector in _read("calendar_next")["vectors"] if vector["cls"] == kind]
    assert vectors
    wrong = [
        vector
        for vector in vectors
        if _next(vector["spec"], vector["tz"], vector["from"]) not in [vector["next"], *vector.get("alt", [])]
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", ["core", "overrun"])
def test_the_last_event_is_the_greatest_one_that_is_not_later(kind: str) -> None:
    meta, vectors = _read("calendar_prev")["meta"], _read("calendar_prev")["vectors"]
    lookback = meta["cls"]["lookback"]
    wrong = []
    for vector in (vector for vector in vectors if vector["cls"] == kind):
        found = _previous(vector["spec"], vector["tz"], vector["now"])
        if vector["prev"] is None and found is not None and found <= vector["now"] - lookback:
            found = None
        if found not in [vector["prev"], *vector.get("alt", [])]:
            wrong.append((vector, found))
    assert wrong == []


def test_walking_from_event_to_event_meets_all_of_them() -> None:
    wrong = []
    for vector in _read("calendar_walk")["vectors"]:
        zone = ZoneInfo(vector["tz"])
        event = CalendarEvent.parse(vector["spec"])
        moment: datetime | None = datetime.fromtimestamp(vector["from"], zone)
        events: list[int] = []
        for _ in range(vector["n"]):
            assert moment is not None
            moment = event.next_after(moment)
            if moment is None or moment.timestamp() > FAR_FUTURE:
                break
            events.append(int(moment.timestamp()))
        if events != vector["events"]:
            wrong.append(vector["spec"])
    assert wrong == []


def test_the_tests_of_proxmox_itself_pass() -> None:
    data = _read("calendar_upstream")
    wrong = [
        vector for vector in data["vectors"] if _next(vector["spec"], vector["tz"], vector["from"]) != vector["next"]
    ]
    assert wrong == []
    for vector in data["meta"]["parse_ok"]:
        assert CalendarEvent.parse(vector["spec"])


def test_what_proxmox_refuses_is_refused_with_a_message_that_shows_the_text() -> None:
    for vector in _read("calendar_invalid")["vectors"]:
        if vector.get("pve_valid"):
            assert CalendarEvent.parse(vector["spec"])
            continue
        with pytest.raises(ValueError) as refused:
            CalendarEvent.parse(vector["spec"])
        assert str(refused.value)


def test_a_time_in_the_gap_of_spring_is_skipped_and_one_in_autumn_comes_once() -> None:
    event = CalendarEvent.parse("02:30")
    assert event.next_after(datetime(2026, 3, 28, 12, tzinfo=BERLIN)) == datetime(2026, 3, 30, 2, 30, tzinfo=BERLIN)
    october = list(event.slots(datetime(2026, 10, 24, 12, tzinfo=BERLIN), datetime(2026, 10, 26, 12, tzinfo=BERLIN)))
    assert [slot.day for slot in october] == [25, 26]


def test_a_schedule_that_never_comes_has_no_event() -> None:
    assert CalendarEvent.parse("2-30").next_after(datetime(2026, 1, 1, tzinfo=BERLIN)) is None


def test_a_legacy_job_of_weekdays_and_a_time_is_a_schedule_too() -> None:
    event = CalendarEvent.from_legacy("mon,sat", "02:30")
    after = datetime(2026, 9, 14, 12, tzinfo=BERLIN)
    assert event.next_after(after) == datetime(2026, 9, 19, 2, 30, tzinfo=BERLIN)
    with pytest.raises(ValueError, match="weekdays"):
        CalendarEvent.from_legacy("moon", "02:30")


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        CalendarEvent.parse("02:30").next_after(datetime(2026, 1, 1))


@given(text=st.text(max_size=40) | st.text(alphabet="0123456789.,:*/- monsuUTC", max_size=40))
@settings(deadline=None)
def test_no_text_raises_anything_but_value_error(text: str) -> None:
    with suppress(ValueError):
        CalendarEvent.parse(text)


@given(text=SCHEDULES, moment=MOMENTS)
@settings(deadline=None, max_examples=200)
def test_the_event_after_a_moment_is_the_last_one_before_itself(text: str, moment: datetime) -> None:
    event = CalendarEvent.parse(text)
    following = event.next_after(moment)
    assert following is not None
    assert following > moment
    assert event.last_before(following) == following


@given(text=SCHEDULES, moment=MOMENTS)
@settings(deadline=None, max_examples=50)
def test_the_slots_of_a_span_are_the_events_one_after_the_other(text: str, moment: datetime) -> None:
    event = CalendarEvent.parse(text)
    expected: list[datetime] = []
    following = event.next_after(moment)
    while following is not None and following <= moment + timedelta(days=3):
        expected.append(following)
        following = event.next_after(following)
    assert list(event.slots(moment, moment + timedelta(days=3))) == expected


def test_a_step_that_carries_over_from_the_last_second_of_a_minute_is_no_event_there() -> None:
    """The next number of the step is 87: second 27 of a minute that does not match."""
    event = CalendarEvent.parse("*:*/2:*/29")
    moment = datetime(2020, 1, 1, 0, 0, 58, tzinfo=UTC)
    assert event.next_after(moment) == datetime(2020, 1, 1, 0, 2, tzinfo=UTC)
    assert event.last_before(datetime(2020, 1, 1, 0, 1, tzinfo=UTC)) == moment
