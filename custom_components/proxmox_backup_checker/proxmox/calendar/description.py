"""A schedule as a sentence."""

from itertools import pairwise

from .description_words import Words, words_of
from .event_fields import (
    DAYS,
    EVERY_HOUR,
    EVERY_MINUTE,
    EVERY_MONTH,
    EVERY_SECOND,
    EVERY_WEEKDAY,
    EVERY_YEAR,
    EventFields,
)

_TIMES_LISTED = 6
_MINUTES_LISTED = 4
_YEARS_LISTED = 4
_DAYS_LISTED = 8
_SPAN = 4
_ODD_DAYS = [*range(1, 32, 2)]
_EVEN_DAYS = [*range(2, 32, 2)]
_WEEK = 7


def describe(fields: EventFields, text: str, language: str) -> str:
    """The schedule in plain words; the text itself where it is too strange for a sentence."""
    words = words_of(language)
    if fields.is_never():
        return words.never
    days = None if fields.missed() else _days(fields, words)
    time = _times(fields, words)
    rate = None if time else _rate(fields, words)
    if days is None or (time is None and rate is None):
        return text
    if time:
        sentence = f"{days} {words.at.format(time)}"
    else:
        sentence = f"{rate}" if days == words.every_day else words.rate_on_days.format(rate, days)
    if not fields.utc:
        return sentence
    return f"{sentence} UTC" if time else f"{sentence}, UTC"


def _times(fields: EventFields, words: Words) -> str | None:
    """The times of a day one by one, when they are few."""
    hours, minutes, seconds = fields.hours.numbers(), fields.minutes.numbers(), fields.seconds.numbers()
    if len(hours) * len(minutes) * len(seconds) > _TIMES_LISTED:
        return None
    return words.join(
        [
            f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")
            for hour in hours
            for minute in minutes
            for second in seconds
        ]
    )


def _rate(fields: EventFields, words: Words) -> str | None:
    """How often the schedule comes within a day."""
    if fields.seconds.bits != 1:
        fine = (fields.hours, fields.minutes, fields.seconds)
        return words.every_second if fine == (EVERY_HOUR, EVERY_MINUTE, EVERY_SECOND) else None
    hours, minutes = fields.hours.numbers(), fields.minutes.numbers()
    rate = _rate_in_hour(minutes, words)
    if fields.hours.bits == EVERY_HOUR.bits:
        if rate is None:
            return _at_minutes(minutes, words)
        return rate if rate != words.every_hour or not minutes[0] else words.every_hour_at.format(minutes[0])
    step = _step(hours)
    first, last = (f"{hours[0]:02}:{minutes[0]:02}", f"{hours[-1]:02}:{minutes[-1]:02}")
    if step == 1 and rate is not None:
        return words.between.format(rate, first, last)
    if step and len(minutes) == 1 and step * len(hours) == EVERY_HOUR.bits.bit_length():
        return words.every_hours.format(step, first)
    return None


def _at_minutes(minutes: list[int], words: Words) -> str | None:
    if _is_span(minutes):
        return words.every_hour_from_minute.format(minutes[0], minutes[-1])
    if len(minutes) > _MINUTES_LISTED:
        return None
    return words.every_hour_at_minutes.format(words.join([str(minute) for minute in minutes]))


def _rate_in_hour(minutes: list[int], words: Words) -> str | None:
    if len(minutes) == 1:
        return words.every_hour
    step = _step(minutes)
    if not step or step * len(minutes) != EVERY_MINUTE.bits.bit_length() or minutes[0]:
        return None
    return words.every_minute if step == 1 else words.every_minutes.format(step)


def _is_span(numbers: list[int]) -> bool:
    """Whether the numbers are many in a row, so that the first and the last tell more than a list."""
    return len(numbers) >= _SPAN and _step(numbers) == 1


def _step(numbers: list[int]) -> int | None:
    """The step between the numbers, when there are several and it is always the same."""
    steps = {following - number for number, following in pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else None


def _days(fields: EventFields, words: Words) -> str | None:
    """On which days the schedule comes."""
    by_date = not _every_day_of_month(fields)
    days = _dates(fields, words) if by_date else _weekdays_only(fields, words)
    if days is None or fields.years.bits == EVERY_YEAR.bits:
        return days
    years = fields.years.numbers()
    if len(years) > _YEARS_LISTED:
        return None
    listed = words.join([str(year) for year in years])
    if len(years) > 1:
        return words.in_years.format(days, listed)
    return (words.of_year if by_date and _names_months(fields) else words.in_year).format(days, listed)


def _names_months(fields: EventFields) -> bool:
    return fields.months.bits != EVERY_MONTH.bits


def _months(fields: EventFields, words: Words) -> str:
    return words.join([words.months[month - 1] for month in fields.months.numbers()])


def _every_day_of_month(fields: EventFields) -> bool:
    first, limit = DAYS
    return fields.days.bits == (1 << limit) - (1 << first)


def _weekdays_only(fields: EventFields, words: Words) -> str:
    days = words.every_day if fields.weekdays == EVERY_WEEKDAY else _weekdays(fields.weekdays, words)
    if not _names_months(fields):
        return days
    months = fields.months.numbers()
    if _is_span(months):
        return words.in_span_of_months.format(days, words.months[months[0] - 1], words.months[months[-1] - 1])
    return words.in_months.format(days, _months(fields, words))


def _weekdays(weekdays: int, words: Words) -> str:
    numbers = [number for number in range(_WEEK) if weekdays >> number & 1]
    names = [words.weekdays[number] for number in numbers]
    start = next((day for day in numbers if not weekdays >> (day - 1) % _WEEK & 1), 0)
    run = [(start + day) % _WEEK for day in range(len(numbers))]
    if len(numbers) > 2 and all(weekdays >> day & 1 for day in run):
        return words.weekday_range.format(words.weekdays[run[0]], words.weekdays[run[-1]])
    return words.every_weekday.format(words.join(names))


def _dates(fields: EventFields, words: Words) -> str | None:
    numbers = fields.days.numbers()
    months = _months(fields, words) if _names_months(fields) else None
    single = fields.weekdays.bit_count() == 1
    if single and _step(numbers) == 1 and len(numbers) == _WEEK and numbers[0] % _WEEK == 1 and numbers[0] < 28:
        nth, weekday = words.nth[numbers[0] // _WEEK], words.weekdays[fields.weekdays.bit_length() - 1]
        if months is None:
            return words.nth_of_every_month.format(nth, weekday)
        return words.nth_of_months.format(nth, weekday, months)
    if numbers in (_ODD_DAYS, _EVEN_DAYS):
        days = words.odd_days if numbers == _ODD_DAYS else words.even_days
    elif _is_span(numbers):
        days = words.span_of_days.format(words.ordinals[numbers[0]], words.ordinals[numbers[-1]])
    elif len(numbers) <= _DAYS_LISTED:
        days = words.listed_days.format(words.join([words.ordinals[number] for number in numbers]))
    else:
        return None
    of_months = words.in_months if numbers in (_ODD_DAYS, _EVEN_DAYS) else words.days_of_months
    dates = words.days_of_every_month.format(days) if months is None else of_months.format(days, months)
    if fields.weekdays == EVERY_WEEKDAY:
        return dates
    names = [name for number, name in enumerate(words.weekdays) if fields.weekdays >> number & 1]
    return words.if_weekday.format(dates, words.join(names, words.disjunction))
