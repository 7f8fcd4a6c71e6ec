"""What a schedule does that whoever wrote it probably did not mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import re
from typing import Final

from .clock import DAY, ZoneClock
from .event_fields import EVERY_HOUR, EventFields
from .grammar import DateSpec, NumberList, TimeSpec, Written
from .previous import previous_wall
from .search import date_of

_LOOK_AHEAD: Final = 370 * DAY
_LAST_HOUR: Final = 24
_LIST_OF_TIMES: Final = re.compile(r".*[0-9]:[0-9]+(?:,|\.\.)[0-9]+:[0-9]+")


class SurpriseCode(StrEnum):
    """The kinds of surprise."""

    MINUTE_NOT_HOUR = "minute_not_hour"
    """A number without ":" is a minute: "22" comes every hour. Values: text, minutes."""
    HOUR_READ_AS_MINUTE = "hour_read_as_minute"
    """An hour that cannot be one is read as a minute: "24:00", "25:30". Values: text, minutes, seconds."""
    LIST_OF_TIMES = "list_of_times"
    """Times cannot be listed: "12:00,13:00" is 12:00 and 12:13. Values: text, hours, minutes, seconds."""
    HOURS_READ_AS_DATE = "hours_read_as_date"
    """Two numbers with "-" are a date: "8-12" is 12 August. Values: text, month, day."""
    STEP_SKIPS = "step_skips"
    """A step without end carries over and misses numbers of the next period. Values: field, missed."""
    SHORT_MONTH_SKIPS = "short_month_skips"
    """After a month without the listed days, days of the next month are missed. Values: missed."""
    LEFT_OUT_MONTHS = "left_out_months"
    """Months that have none of the listed days have no event. Values: day, the smallest one."""
    NEVER = "never"
    """No date matches."""
    SWALLOWED_BY_CLOCK_CHANGE = "swallowed_by_clock_change"
    """The next clock change skips a slot. Values: date, time."""
    SEVERAL_AN_HOUR = "several_an_hour"
    """More than one slot an hour. Values: slots."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """One surprise with what belongs in its message."""

    code: SurpriseCode
    values: Mapping[str, str | int] = field(default_factory=dict)


def surprises(written: Written, fields: EventFields) -> Iterator[Surprise]:
    """What the schedule itself is surprising for."""
    if fields.is_never():
        yield Surprise(SurpriseCode.NEVER)
        return
    if written.time:
        yield from _of_time(written.time)
    if written.date:
        yield from _of_date(written, written.date, fields)
    for name, missed in fields.missed().items():
        yield Surprise(SurpriseCode.STEP_SKIPS, {"field": name, "missed": _listed(missed)})
    slots = fields.minutes.bits.bit_count() * fields.seconds.bits.bit_count()
    if slots > 1:
        yield Surprise(SurpriseCode.SEVERAL_AN_HOUR, {"slots": slots})


def _of_time(time: TimeSpec) -> Iterator[Surprise]:
    minutes = _as_written(time.minute)
    if time.hour is None and time.second is not None:
        values = {"text": time.text, "minutes": minutes, "seconds": _as_written(time.second)}
        yield Surprise(SurpriseCode.HOUR_READ_AS_MINUTE, values)
    elif time.hour is None and time.minute.parts and not any(part.end is None for part in time.minute.parts):
        yield Surprise(SurpriseCode.MINUTE_NOT_HOUR, {"text": time.text, "minutes": minutes})
    elif time.hour and time.second and _LIST_OF_TIMES.fullmatch(time.text):
        values = {"text": time.text, "minutes": minutes}
        values |= {"hours": _as_written(time.hour), "seconds": _as_written(time.second)}
        yield Surprise(SurpriseCode.LIST_OF_TIMES, values)


def _of_date(written: Written, date: DateSpec, fields: EventFields) -> Iterator[Surprise]:
    single = all(len(numbers.parts) == 1 for numbers in (date.month, date.day))
    if single and date.year is None and written.time is None and _plain(date.month) and _plain(date.day):
        month, day = date.month.parts[0].start, date.day.parts[0].start
        if month < day <= _LAST_HOUR:
            yield Surprise(SurpriseCode.HOURS_READ_AS_DATE, {"text": f"{month}-{day}", "month": month, "day": day})
    days = fields.days.numbers()
    if fields.days.beyond is None and (missed := fields.missed_after_months()):
        yield Surprise(SurpriseCode.SHORT_MONTH_SKIPS, {"missed": _listed(missed)})
    if fields.months_without(days[0]):
        yield Surprise(SurpriseCode.LEFT_OUT_MONTHS, {"day": days[0]})


def swallowed_slot(fields: EventFields, clock: ZoneClock, now: int) -> Surprise | None:
    """The slot that the next clock change skips, unless the schedule comes every hour anyway."""
    if fields.hours.bits == EVERY_HOUR.bits:
        return None
    for change in clock.changes(now, now + _LOOK_AHEAD):
        start, end = (change + clock.offset(epoch).shift for epoch in (change - 1, change))
        slot = previous_wall(fields, end - 1) if start < end else None
        if slot is not None and slot >= start:
            time = f"{slot % DAY // 3600:02}:{slot % 3600 // 60:02}"
            return Surprise(
                SurpriseCode.SWALLOWED_BY_CLOCK_CHANGE, {"date": date_of(slot // DAY).isoformat(), "time": time}
            )
    return None


def _plain(numbers: NumberList) -> bool:
    return all(part.start == part.end for part in numbers.parts)


def _as_written(numbers: NumberList) -> str:
    """A list as it stands in the text, without leading zeros."""
    if not numbers.parts:
        return "*"
    return ",".join(
        f"{start}" + ("" if end in {start, None} else f"..{end}") + (f"/{step}" if step > 1 or end is None else "")
        for start, end, step in numbers.parts
    )


def _listed(numbers: list[int]) -> str:
    return ",".join(str(number) for number in numbers)
