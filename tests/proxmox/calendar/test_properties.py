"""What holds for every schedule and every moment."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.calendar.event import CalendarEvent

from .calendar_texts import SCHEDULES

STEADY_ZONES = st.sampled_from([UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("Asia/Kathmandu")])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=STEADY_ZONES)
CHANGES = st.sampled_from(
    [
        (zone, datetime.fromisoformat(change))
        for zone, change in {
            "Europe/Berlin": "2026-10-25T01:00Z",
            "Europe/London": "2026-03-29T01:00Z",
            "Europe/Dublin": "2026-03-29T01:00Z",
            "Africa/Casablanca": "2026-03-22T02:00Z",
            "Africa/Windhoek": "2008-09-07T01:00Z",
            "America/Havana": "2012-11-04T05:00Z",
            "America/Santiago": "2026-09-06T04:00Z",
            "America/Caracas": "2007-12-09T07:00Z",
            "Asia/Gaza": "2040-10-19T23:00Z",
            "Asia/Pyongyang": "2015-08-14T15:00Z",
            "Australia/Lord_Howe": "2026-04-04T15:00Z",
            "Pacific/Apia": "2011-12-30T10:00Z",
            "Africa/Cairo": "2027-04-29T22:00Z",
            "Europe/Istanbul": "2016-09-06T21:00Z",
        }.items()
    ]
)
MOMENTS_NEAR_CHANGES = st.builds(
    lambda change, after: (change[1] + after).astimezone(ZoneInfo(change[0])),
    CHANGES,
    st.timedeltas(timedelta(hours=-3), timedelta(hours=3)) | st.timedeltas(timedelta(days=-3), timedelta(days=60)),
)
PAUSES = st.timedeltas(timedelta(0), timedelta(days=40))
DUBLIN = ZoneInfo("Europe/Dublin")
BERLIN = ZoneInfo("Europe/Berlin")


def _misses_events(event: CalendarEvent) -> bool:
    """Whether Proxmox' search leaves out events by the way it came; then the start of the search matters."""
    return any(surprise.code in {"step_skips", "short_month_skips"} for surprise in event.surprises())


def _goes_on(event: CalendarEvent, moment: datetime) -> bool:
    """Whether Proxmox' search survives the clock changes before a moment (it gives up in Dublin on what is skipped)."""
    return event.next_after(moment - timedelta(days=9)) is not None


@given(schedule=SCHEDULES, moment=MOMENTS)
@settings(deadline=None)
def test_the_next_event_is_later_and_the_last_one_is_not(schedule: str, moment: datetime) -> None:
    event = CalendarEvent.parse(schedule)
    following, last = event.next_after(moment), event.last_before(moment)
    assert following is None or following > moment
    assert last is None or last <= moment


@given(schedule=SCHEDULES, moment=MOMENTS)
@settings(deadline=None)
def test_the_last_event_before_the_next_one_is_that_one(schedule: str, moment: datetime) -> None:
    event = CalendarEvent.parse(schedule)
    following = event.next_after(moment)
    assume(following is not None and not _misses_events(event))
    assert following is not None
    assert event.last_before(following) == following


@given(schedule=SCHEDULES, moment=MOMENTS | MOMENTS_NEAR_CHANGES)
@settings(deadline=None, max_examples=300)
def test_no_event_lies_between_the_last_one_and_the_moment(schedule: str, moment: datetime) -> None:
    event = CalendarEvent.parse(schedule)
    last = event.last_before(moment)
    assume(last is not None)
    assert last is not None
    following = event.next_after(last)
    # Where a clock change leads Proxmox back in time, the next event is none that is later.
    assert following is None or not last.timestamp() < following.timestamp() <= moment.timestamp()


@given(schedule=SCHEDULES, moment=MOMENTS_NEAR_CHANGES)
@settings(deadline=None, max_examples=300)
def test_the_last_event_is_the_last_slot_of_the_days_before(schedule: str, moment: datetime) -> None:
    event = CalendarEvent.parse(schedule)
    start = moment - timedelta(days=9)
    slots = [int(slot.timestamp()) for slot in islice(event.slots(start, moment), 2000)]
    assume(0 < len(slots) < 2000 and not _misses_events(event) and _goes_on(event, moment))
    assert slots == sorted(set(slots))
    last = event.last_before(moment)
    assert last is not None
    assert int(last.timestamp()) == slots[-1]


@given(schedule=SCHEDULES, moment=MOMENTS, pause=PAUSES)
@settings(deadline=None)
def test_a_later_moment_never_has_an_earlier_event(schedule: str, moment: datetime, pause: timedelta) -> None:
    event = CalendarEvent.parse(schedule)
    assume(not _misses_events(event))
    following, later = event.next_after(moment), event.next_after(moment + pause)
    assert later is None or (following is not None and following <= later)
    last, later = event.last_before(moment), event.last_before(moment + pause)
    assert last is None or (later is not None and last <= later)


@given(schedule=SCHEDULES, moment=MOMENTS, pause=PAUSES)
@settings(deadline=None)
def test_slots_are_the_next_events_one_after_the_other(schedule: str, moment: datetime, pause: timedelta) -> None:
    event = CalendarEvent.parse(schedule)
    expected: list[datetime] = []
    following = event.next_after(moment)
    while following is not None and following <= moment + pause and len(expected) < 20:
        expected.append(following)
        following = event.next_after(following)
    assert list(islice(event.slots(moment, moment + pause), len(expected) + 1))[: len(expected)] == expected


def test_an_hourly_job_pauses_two_hours_when_an_hour_is_repeated() -> None:
    slots = CalendarEvent.parse("hourly").slots(
        datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 25, 4, tzinfo=BERLIN)
    )
    assert [slot.isoformat()[11:] for slot in slots] == [
        "01:00:00+02:00",
        "02:00:00+02:00",
        "03:00:00+01:00",
        "04:00:00+01:00",
    ]


def test_in_a_repeated_hour_the_last_event_is_that_of_its_first_occurrence() -> None:
    second_half = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1)
    last = CalendarEvent.parse("*/15").last_before(second_half)
    assert last is not None
    assert last.isoformat() == "2026-10-25T02:45:00+02:00"


def test_slots_go_on_behind_a_change_that_leads_proxmox_back_in_time() -> None:
    sunday = datetime(2026, 3, 29, tzinfo=DUBLIN)
    daily = CalendarEvent.parse("daily")
    assert daily.next_after(sunday) == sunday
    assert [
        slot.day
        for slot in daily.slots(datetime(2026, 3, 27, 12, tzinfo=DUBLIN), datetime(2026, 3, 31, 12, tzinfo=DUBLIN))
    ] == [*(28, 29, 30, 31)]


def test_slots_end_where_proxmox_is_led_back_in_time_at_their_end() -> None:
    daily = CalendarEvent.parse("daily")
    start = datetime(2026, 3, 29, 0, 0, 7, tzinfo=DUBLIN)
    assert list(daily.slots(start, start + timedelta(minutes=30))) == []


@pytest.mark.parametrize(
    ("schedule", "zone", "moment", "following"),
    [
        ("*:*:*/5", "Europe/Lisbon", "1994-09-25T02:59:58+02:00", "1994-09-25T02:00:00+02:00"),
        ("*/2:*:*/8", "Europe/London", "2008-03-30T00:59:58+00:00", "2008-03-30T02:00:08+01:00"),
        ("0..3:*:*/6", "Australia/Lord_Howe", "2012-04-01T01:59:58+11:00", "2012-04-01T01:30:00+11:00"),
        ("0..3:*:37/37", "Pacific/Apia", "2019-04-07T03:59:58+14:00", "2019-04-07T03:00:37+14:00"),
    ],
)
def test_seconds_that_carry_over_a_clock_change_lead_where_the_c_library_leads(
    schedule: str, zone: str, moment: str, following: str
) -> None:
    found = CalendarEvent.parse(schedule).next_after(datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)))
    assert found is not None
    assert found.isoformat() == following


@pytest.mark.parametrize(
    ("schedule", "moment", "last"),
    [
        ("*/2:13/23:*", "2012-11-04T01:47:23-05:00", "2012-11-04T00:59:59-05:00"),
        ("*:*:*", "2012-11-04T00:10:00-05:00", "2012-11-04T00:10:00-05:00"),
        ("*:59:59", "2012-11-04T00:10:00-05:00", "2012-11-04T00:59:59-04:00"),
        ("*:59", "2012-11-04T01:10:00-05:00", "2012-11-04T00:59:00-04:00"),
    ],
)
def test_an_event_in_the_last_second_before_a_repeated_hour_takes_the_search_into_it(
    schedule: str, moment: str, last: str
) -> None:
    found = CalendarEvent.parse(schedule).last_before(
        datetime.fromisoformat(moment).astimezone(ZoneInfo("America/Havana"))
    )
    assert found is not None
    assert found.isoformat() == last


def test_a_step_that_carries_into_a_gap_misses_the_event_at_its_end() -> None:
    """From 01:58 it leads to 02:05, which comes out as 02:35 behind the half hour that Lord Howe skips."""
    event = CalendarEvent.parse("*:2/7,30")
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    last = datetime(2028, 10, 1, 1, 58, tzinfo=lord_howe)
    assert event.next_after(last) == datetime(2028, 10, 1, 2, 37, tzinfo=lord_howe)
    assert event.last_before(datetime(2028, 10, 1, 2, 30, tzinfo=lord_howe)) == last


def test_an_hour_in_a_gap_of_two_hours_takes_the_search_past_the_events_behind_it() -> None:
    """02:00 comes out as 04:00 behind the two hours that the Norwegian station skips."""
    event = CalendarEvent.parse("2,3:*")
    troll = ZoneInfo("Antarctica/Troll")
    last = datetime(2025, 3, 29, 3, 59, tzinfo=troll)
    assert event.next_after(last) == datetime(2025, 3, 31, 2, 0, tzinfo=troll)
    assert event.last_before(datetime(2025, 3, 30, 4, 38, tzinfo=troll)) == last


def test_the_last_event_may_be_the_one_where_a_jump_over_others_lands() -> None:
    """From 01:45 the step leads past 02:00 to 02:30, where the half hour starts that Caracas skips."""
    event = CalendarEvent.parse("0..3:*/45")
    caracas = ZoneInfo("America/Caracas")
    landing = datetime(2016, 5, 1, 3, 0, tzinfo=caracas)
    assert event.next_after(datetime(2016, 5, 1, 1, 45, tzinfo=caracas)) == landing
    assert event.last_before(landing) == landing


def test_slots_skip_the_repeated_hour_after_being_led_back() -> None:
    slots = CalendarEvent.parse("*:*:*/30").slots(
        datetime(2026, 10, 25, 2, 59, tzinfo=BERLIN), datetime(2026, 10, 25, 3, 1, tzinfo=BERLIN)
    )
    assert [slot.isoformat()[11:] for slot in slots] == [
        "02:59:30+02:00",
        "03:00:00+01:00",
        "03:00:30+01:00",
        "03:01:00+01:00",
    ]


def test_proxmox_gives_up_on_a_time_that_the_change_in_dublin_skips() -> None:
    event = CalendarEvent.parse("1:30")
    assert event.next_after(datetime(2026, 3, 28, 12, tzinfo=DUBLIN)) is None
    assert event.last_before(datetime(2026, 3, 31, 1, tzinfo=DUBLIN)) == datetime(2026, 3, 28, 1, 30, tzinfo=DUBLIN)


@pytest.mark.parametrize("year", [1, 1900, 9999])
@pytest.mark.parametrize("schedule", ["sun 01:00", "*-*-1/7", "*/45", "2-29"])
def test_the_ends_of_the_calendar_raise_nothing(year: int, schedule: str) -> None:
    event = CalendarEvent.parse(schedule)
    for moment in (datetime(year, 1, 2, tzinfo=UTC), datetime(year, 12, 30, tzinfo=ZoneInfo("Asia/Tokyo"))):
        event.next_after(moment)
        event.last_before(moment)
        event.surprises(moment)


def test_the_last_days_of_the_calendar_have_events_too() -> None:
    event = CalendarEvent.parse("02:30")
    assert event.last_before(datetime(9999, 12, 31, 12, tzinfo=BERLIN)) == datetime(9999, 12, 31, 2, 30, tzinfo=BERLIN)
    assert event.next_after(datetime(9999, 12, 31, 12, tzinfo=BERLIN)) is None


def test_events_written_alike_are_equal() -> None:
    assert CalendarEvent.parse("02:30") == CalendarEvent.parse(" 02:30\n")
    assert CalendarEvent.parse("02:30") != CalendarEvent.parse("2:30")
    assert len({CalendarEvent.parse("02:30"), CalendarEvent.parse("02:30")}) == 1
    assert repr(CalendarEvent.parse("02:30")) == "CalendarEvent.parse('02:30')"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("mon-fri 21:00", "'mon-fri 21:00' is not a Proxmox schedule: '-fri 21:00' cannot be read"),
        ("funday 21:00", "'funday 21:00' is not a Proxmox schedule: 'funday 21:00' is neither a weekday nor a keyword"),
        ("0 2 * * *", "'0 2 * * *' is not a Proxmox schedule: ' 2 * * *' cannot be read"),
        ("", "'' is not a Proxmox schedule: a weekday, a date or a time is missing"),
    ],
)
def test_a_refusal_shows_the_text_and_what_is_wrong_with_it(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as refused:
        CalendarEvent.parse(text)
    assert str(refused.value).startswith(complaint)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0 2 * * *", "this looks like a line of cron; a time of day is written like 21:00"),
        ("mon-fri 21:00", "a range of weekdays is written with dots, like mon..fri"),
        ("mon, tue", "no blank may stand beside a comma"),
        ("1:00 utc", '"UTC" is written in capital letters'),
        ("1:00 Europe/Berlin", 'after the time only "UTC" may follow: Proxmox takes the time zone of the node'),
        ("21:00 mon", "the weekday comes first, then the date, then the time"),
        ("Daily", "this word is written in small letters"),
        ("daily 5:00", "this word stands alone; a time of day is written like 21:00"),
        ("22.00", "hour and minute are parted by a colon, like 21:00"),
        ("10pm", "a time of day is written like 21:00"),
        ("2:60", "minutes and seconds end at 59"),
        ("*/0", "a step is 1 or greater"),
        ("5..3", "a range does not run backwards"),
        ("mon..", "a range has an end, like 1..7"),
        ("*,5", '"*" stands alone and for every number'),
        ("*-*-32", "a date is year-month-day or month-day"),
        ("tues", "weekdays are mon, tue, wed, thu, fri, sat and sun, or their full English names"),
    ],
)
def test_a_refusal_tells_the_usual_mistakes(text: str, hint: str) -> None:
    with pytest.raises(ValueError) as refused:
        CalendarEvent.parse(text)
    assert str(refused.value).endswith(f" ({hint})")
