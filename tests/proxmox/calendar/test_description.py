"""Schedules in words."""

from hypothesis import given
import pytest

from custom_components.proxmox_backup_checker.proxmox.calendar.event import CalendarEvent

from .calendar_texts import SCHEDULES


@pytest.mark.parametrize(
    ("schedule", "english", "german"),
    [
        ("sun 01:00", "every Sunday at 01:00", "jeden Sonntag um 01:00"),
        ("mon..fri 21:00", "Monday to Friday at 21:00", "Montag bis Freitag um 21:00"),
        ("fri..mon 3:05", "Friday to Monday at 03:05", "Freitag bis Montag um 03:05"),
        ("sat,sun 12:00:30", "every Saturday and Sunday at 12:00:30", "jeden Samstag und Sonntag um 12:00:30"),
        (
            "sat,mon,wed 4:00",
            "every Monday, Wednesday and Saturday at 04:00",
            "jeden Montag, Mittwoch und Samstag um 04:00",
        ),
        ("02:30", "every day at 02:30", "jeden Tag um 02:30"),
        ("2,14:30", "every day at 02:30 and 14:30", "jeden Tag um 02:30 und 14:30"),
        ("daily", "every day at 00:00", "jeden Tag um 00:00"),
        ("weekly", "every Monday at 00:00", "jeden Montag um 00:00"),
        ("monthly", "on the 1st of every month at 00:00", "am 1. jedes Monats um 00:00"),
        ("*-1,15 02:00", "on the 1st and 15th of every month at 02:00", "am 1. und 15. jedes Monats um 02:00"),
        (
            "quarterly",
            "on the 1st of January, April, July and October at 00:00",
            "am 1. Januar, April, Juli und Oktober um 00:00",
        ),
        ("*-12-22,23 8:00", "on the 22nd and 23rd of December at 08:00", "am 22. und 23. Dezember um 08:00"),
        (
            "sat *-*-1..7 15:00",
            "on the first Saturday of every month at 15:00",
            "am ersten Samstag jedes Monats um 15:00",
        ),
        ("mon 1-22..28 5:00", "on the fourth Monday of January at 05:00", "am vierten Montag im Januar um 05:00"),
        (
            "fri *-*-13 0:00",
            "on the 13th of every month, if it is a Friday, at 00:00",
            "am 13. jedes Monats, wenn es ein Freitag ist, um 00:00",
        ),
        ("*-7,8-* 6:00", "every day in July and August at 06:00", "jeden Tag im Juli und August um 06:00"),
        ("sun 2027-*-* 6:00", "every Sunday in 2027 at 06:00", "jeden Sonntag im Jahr 2027 um 06:00"),
        ("sun 01:00 UTC", "every Sunday at 01:00 UTC", "jeden Sonntag um 01:00 UTC"),
        ("*/15", "every 15 minutes", "alle 15 Minuten"),
        ("mon..fri 8..17:0/30", "every 30 minutes from 08:00 to 17:30, Monday to Friday", None),
        ("8..17:05", "every hour from 08:05 to 17:05", "jede Stunde von 08:05 bis 17:05"),
        ("hourly", "every hour", "jede Stunde"),
        ("mon..fri 22", "every hour at minute 22, Monday to Friday", "jede Stunde zur Minute 22, Montag bis Freitag"),
        ("5,40", "every hour at minutes 5 and 40", "jede Stunde zu den Minuten 5 und 40"),
        ("1/2:30", "every 2 hours from 01:30 on", "alle 2 Stunden ab 01:30"),
        ("*-5..9-* 6:00", "every day from May to September at 06:00", "jeden Tag von Mai bis September um 06:00"),
        ("*-*-10..20", "from the 10th to the 20th of every month at 00:00", "vom 10. bis 20. jedes Monats um 00:00"),
        ("*-*-*/2 3:00", "on the odd days of every month at 03:00", "an den ungeraden Tagen jedes Monats um 03:00"),
        ("*-7-2/2 3:00", "on the even days in July at 03:00", "an den geraden Tagen im Juli um 03:00"),
        ("2027-5-1 3:00", "on the 1st of May 2027 at 03:00", "am 1. Mai 2027 um 03:00"),
        (
            "2027,2028-12-24 3:00",
            "on the 24th of December in 2027 and 2028 at 03:00",
            "am 24. Dezember in den Jahren 2027 und 2028 um 03:00",
        ),
        (
            "mon..fri 9..17",
            "every hour at each minute from 9 to 17, Monday to Friday",
            "jede Stunde zu jeder Minute von 9 bis 17, Montag bis Freitag",
        ),
        ("hourly UTC", "every hour, UTC", "jede Stunde, UTC"),
        ("minutely", "every minute", "jede Minute"),
        ("*:*:*", "every second", "jede Sekunde"),
        ("2-30", "never", "nie"),
        ("*-0-1", "never", "nie"),
    ],
)
def test_a_schedule_is_told_in_plain_words(schedule: str, english: str, german: str | None) -> None:
    event = CalendarEvent.parse(schedule)
    assert event.describe("en") == english
    if german is not None:
        assert event.describe("de") == german


@pytest.mark.parametrize("schedule", ["*/45", "*-*-1/7", "*:*:7", "*-*-*/3", "25:30", "3..9/2:0..40/7", "1999/2-1-1"])
def test_a_schedule_too_strange_for_a_sentence_is_shown_as_it_is(schedule: str) -> None:
    assert CalendarEvent.parse(schedule).describe("en") == schedule


def test_other_languages_are_told_in_english_and_regions_do_not_matter() -> None:
    event = CalendarEvent.parse("02:30")
    assert event.describe("nl") == event.describe("en") == event.describe("en-GB")
    assert event.describe("de-AT") == event.describe("de")


@given(schedule=SCHEDULES)
def test_every_valid_schedule_can_be_described(schedule: str) -> None:
    event = CalendarEvent.parse(schedule)
    for language in ("en", "de"):
        assert event.describe(language)
