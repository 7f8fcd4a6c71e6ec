"""The grammar of Proxmox' calendar events.

Source: proxmox-time, src/calendar_event.rs. The parser there is an ordered choice: an alternative that does not fit is
left without a message and the next one is tried at the same place. That is why an hour too great is read as a minute.
"""

from dataclasses import dataclass
import re
from typing import Final

from .event_fields import (
    DAYS,
    EVERY_DAY,
    EVERY_HOUR,
    EVERY_MINUTE,
    EVERY_MONTH,
    EVERY_WEEKDAY,
    EVERY_YEAR,
    HOURS,
    MINUTES,
    MONTHS,
    SECONDS,
    YEARS,
    ZERO,
    EventFields,
    NumberSet,
    Part,
)
from .refusal import hint

YEAR_LIMIT: Final = 2200
TRIMMED: Final = " \t\n\r\f\v"
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_SHOWN: Final = 128
_WEEKDAY_NUMBERS: Final = {name: number for number, day in enumerate(WEEKDAYS) for name in (day, day[:3])}
_WEEKDAY_ITEM: Final = r"[A-Za-z]+(?:\.\.[A-Za-z]+)?"
_WEEKDAY_LIST: Final = re.compile(rf"{_WEEKDAY_ITEM}(?:,{_WEEKDAY_ITEM})*")
_NUMBER: Final = re.compile(r"[0-9]+")
_ITEM: Final = r"[0-9]+(?:\.\.[0-9]+)?(?:/[0-9]+)?"
_LIST: Final = re.compile(rf"{_ITEM}(?:,{_ITEM})*")
_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class NumberList:
    """A list as written: its parts, none for "*", and where it ends in the text."""

    parts: tuple[Part, ...]
    end: int

    def numbers(self, first: int, limit: int) -> NumberSet:
        """The numbers the list stands for in a field of first <= number < limit."""
        return NumberSet.of(self.parts, first, limit) if self.parts else NumberSet.every(first, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateSpec:
    """The date of an event as written; year None when only month and day are given."""

    year: NumberList | None
    month: NumberList
    day: NumberList


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpec:
    """The time of an event as written; hour and second None when left out."""

    text: str
    hour: NumberList | None
    minute: NumberList
    second: NumberList | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A calendar event as written, taken apart; weekdays as bits, bit 0 is Monday, None when left out."""

    text: str
    utc: bool = False
    keyword: str | None = None
    weekdays: int | None = None
    date: DateSpec | None = None
    time: TimeSpec | None = None

    def fields(self) -> EventFields:
        """The numbers each field of an event's local time must match."""
        if self.keyword is not None:
            return _keyword_fields(self.keyword, self.utc)
        date, time = self.date, self.time
        return EventFields(
            weekdays=EVERY_WEEKDAY if self.weekdays is None else self.weekdays,
            years=date.year.numbers(*YEARS) if date and date.year else EVERY_YEAR,
            months=date.month.numbers(*MONTHS) if date else EVERY_MONTH,
            days=date.day.numbers(*DAYS) if date else EVERY_DAY,
            hours=(time.hour.numbers(*HOURS) if time.hour else EVERY_HOUR) if time else ZERO,
            minutes=time.minute.numbers(*MINUTES) if time else ZERO,
            seconds=time.second.numbers(*SECONDS) if time and time.second else ZERO,
            utc=self.utc,
        )


KEYWORD_MONTHS: Final = {
    "monthly": EVERY_MONTH,
    "quarterly": NumberSet(1 << 1 | 1 << 4 | 1 << 7 | 1 << 10),
    "semiannually": NumberSet(1 << 1 | 1 << 7),
    "semi-annually": NumberSet(1 << 1 | 1 << 7),
    "yearly": NumberSet(1 << 1),
    "annually": NumberSet(1 << 1),
}
KEYWORDS: Final = frozenset({"minutely", "hourly", "daily", "weekly", *KEYWORD_MONTHS})


def _keyword_fields(keyword: str, utc: bool) -> EventFields:
    return EventFields(
        weekdays=1 if keyword == "weekly" else EVERY_WEEKDAY,
        years=EVERY_YEAR,
        months=KEYWORD_MONTHS.get(keyword, EVERY_MONTH),
        days=NumberSet(1 << 1) if keyword in KEYWORD_MONTHS else EVERY_DAY,
        hours=EVERY_HOUR if keyword in {"minutely", "hourly"} else ZERO,
        minutes=EVERY_MINUTE if keyword == "minutely" else ZERO,
        seconds=ZERO,
        utc=utc,
    )


def parse(text: str) -> Written:
    """Take a calendar event apart.

    White space around it is dropped, as PVE::CalendarEvent does before it calls the parser.
    Raises ValueError naming the text and what is wrong with it.
    """
    text = text.strip(TRIMMED)
    body, utc = text, text.endswith("UTC")
    if utc:
        body = text[:-3].rstrip(" ")
    if body in KEYWORDS:
        return Written(text=text, utc=utc, keyword=body)
    return _Reader(text, body).event(utc)


class _Reader:
    """Reads the parts of one event from left to right; every method takes a position in the text."""

    def __init__(self, text: str, body: str) -> None:
        """Read body, the text without white space around it and without "UTC"."""
        self._text = text
        self._body = body
        self._lists: dict[int, tuple[list[Part], int]] = {}

    def event(self, utc: bool) -> Written:
        """The whole event."""
        weekdays, position = self._weekdays()
        date = self._date(position)
        if date:
            position = self._skip_blanks(date.day.end)
        time = self._time(position)
        if time:
            position = (time.second or time.minute).end
        if position < len(self._body):
            raise self._error(position, "cannot be read")
        if weekdays is None and not date and not time:
            raise self._error(0, "a weekday, a date or a time is missing")
        return Written(text=self._text, utc=utc, weekdays=weekdays, date=date, time=time)

    def _error(self, position: int, problem: str) -> ValueError:
        rest, why = _shorten(self._body[position:]), hint(self._text)
        return ValueError(
            f"{_shorten(self._text)!r} is not a Proxmox schedule: "
            + (f"{rest!r} {problem}" if rest else problem)
            + (f" ({why})" if why else "")
        )

    def _skip_blanks(self, position: int) -> int:
        while self._body[position : position + 1] in {" ", "\t"}:
            position += 1
        return position

    def _weekdays(self) -> tuple[int | None, int]:
        found = _WEEKDAY_LIST.match(self._body)
        if not found:
            return None, 0
        weekdays = 0
        for item in set(found[0].split(",")):
            first, _, last = item.partition("..")
            weekdays |= _weekday_range(self._weekday(first), self._weekday(last or first))
        return weekdays, self._skip_blanks(found.end())

    def _weekday(self, name: str) -> int:
        number = _WEEKDAY_NUMBERS.get(name.lower())
        if number is None:
            raise self._error(self._body.index(name), "is neither a weekday nor a keyword")
        return number

    def _date(self, position: int) -> DateSpec | None:
        """Year-month-day or month-day; tried in this order, each from the start."""
        year = self._list(position, 0, YEAR_LIMIT)
        month = self._list_after("-", year, *MONTHS)
        day = self._list_after("-", month, *DAYS)
        if month and day:
            return DateSpec(year=year, month=month, day=day)
        month = self._list(position, *MONTHS)
        day = self._list_after("-", month, *DAYS)
        return DateSpec(year=None, month=month, day=day) if month and day else None

    def _time(self, position: int) -> TimeSpec | None:
        """Hour:minute:second, where the hour that cannot be read is left out and read again as a minute."""
        hour = self._list(position, *HOURS)
        if not hour or not self._body.startswith(":", hour.end):
            hour = None
        minute = self._list(hour.end + 1 if hour else position, *MINUTES)
        if not minute:
            return None
        second = self._list_after(":", minute, *SECONDS)
        text = self._body[position : (second or minute).end]
        return TimeSpec(text=text, hour=hour, minute=minute, second=second)

    def _list_after(self, separator: str, before: NumberList | None, first: int, limit: int) -> NumberList | None:
        if not before or not self._body.startswith(separator, before.end):
            return None
        return self._list(before.end + 1, first, limit)

    def _list(self, position: int, first: int, limit: int) -> NumberList | None:
        """A list of numbers below limit, None when any of its items does not fit.

        The original goes on behind the last item that fits; but no rule accepts what it then finds.
        """
        if self._body.startswith("*", position):
            return self._star(position + 1, first, limit)
        parts, end = self._parts_at(position)
        for start, last, step in parts:
            if start >= limit or step >= limit or (last is not None and not start <= last < limit):
                return None
        return (
            NumberList(tuple(part if part.step else Part(part.start, part.start) for part in parts), end)
            if parts
            else None
        )

    def _star(self, position: int, first: int, limit: int) -> NumberList | None:
        if not self._body.startswith("/", position):
            return NumberList((), position)
        step = _NUMBER.match(self._body, position + 1)
        if not step or not 0 < _number(step[0]) < limit:
            return None
        return NumberList((Part(first, None, _number(step[0])),), step.end())

    def _parts_at(self, position: int) -> tuple[list[Part], int]:
        """The distinct parts of a list, whatever field they may be for; none where no list starts."""
        if position not in self._lists:
            found = _LIST.match(self._body, position)
            parts = [_part(item) for item in dict.fromkeys(found[0].split(","))] if found else []
            self._lists[position] = parts, found.end() if found else position
        return self._lists[position]


def _weekday_range(first: int, last: int) -> int:
    """The weekdays from first to last as bits; over the end of the week where last comes before first."""
    return sum(1 << day % 7 for day in range(first, last + 1 if first <= last else last + 8))


def _part(item: str) -> Part:
    """One item of a list; step 0 where it is given as such."""
    numbers, slash, step = item.partition("/")
    start, dots, last = numbers.partition("..")
    if not slash:
        return Part(_number(start), _number(last if dots else start))
    return Part(_number(start), _number(last) if dots else None, _number(step))


def _number(digits: str) -> int:
    """The number, or one too great for every field where it has too many digits."""
    if len(digits) < _DIGITS:
        return int(digits)
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) < _DIGITS else 10**_DIGITS


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
