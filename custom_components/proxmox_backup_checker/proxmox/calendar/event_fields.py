"""The fields of a calendar event as sets of numbers, stepped through as Proxmox does."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

LAST_YEAR = 9999
"""The last year a datetime can have; Proxmox itself has no limit."""


class Part(NamedTuple):
    """One item of a list: from start to end by step; end is None for a step without an end ("a/n")."""

    start: int
    end: int | None
    step: int = 1


def _multiples(step: int, limit: int) -> int:
    """Bits 0, step, 2 * step, ... at least up to limit."""
    bits, width = 1, step
    while width < limit:
        bits |= bits << width
        width *= 2
    return bits


@dataclass(frozen=True, slots=True)
class NumberSet:
    """The numbers of one field, as bits.

    `beyond` is the first number an open step reaches past the end of the field. Proxmox does not clip it, so its
    search jumps over the start of the next period (proxmox-time, calendar_event.rs, find_next).
    """

    bits: int
    beyond: int | None = None

    @classmethod
    def of(cls, parts: Iterable[Part], first: int, limit: int) -> Self:
        """Collect the parts of a list for a field of the numbers first <= number < limit."""
        distinct = set(parts)
        every = (1 << limit) - 1
        multiples = {step: _multiples(step, limit) & every for step in {part.step for part in distinct}}
        bits, beyond = 0, limit * 2
        for start, end, step in distinct:
            if end is None:
                bits |= multiples[step] << start
                beyond = min(beyond, start - (start - limit) // step * step)
            else:
                bits |= (multiples[step] & ((1 << end - start + 1) - 1)) << start
        return cls(bits & every >> first << first, beyond if beyond < limit * 2 else None)

    @classmethod
    def every(cls, first: int, limit: int) -> Self:
        """All numbers of a field."""
        return cls((1 << limit) - (1 << first))

    def __contains__(self, number: int) -> bool:
        """Whether the number is in the set."""
        return bool(self.bits >> number & 1)

    def after(self, number: int) -> int | None:
        """The smallest number above the given one; it may lie past the end of the field."""
        above = self.bits >> (number + 1)
        return number + (above & -above).bit_length() if above else self.beyond

    def up_to(self, number: int) -> int | None:
        """The greatest number not above the given one."""
        below = self.bits & ((1 << (number + 1)) - 1)
        return below.bit_length() - 1 if below else None

    def carried(self, size: int, last: int) -> int:
        """Where a step past `last`, the last number of a period of `size` numbers, leads in the next period.

        What the next period has below that is missed. 0 where the next period is entered at its start.
        """
        reached = None if last in self else self.after(last)
        return 0 if reached is None else reached - size

    def missed(self, size: int, last: int) -> list[int]:
        """The numbers that a step past `last` misses in the next period."""
        return [number for number in self.numbers() if number < self.carried(size, last)]

    def numbers(self) -> list[int]:
        """The numbers in ascending order."""
        return [number for number in range(self.bits.bit_length()) if number in self]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFields:
    """What the local time of an event must match: every field at once. Weekdays: bit 0 is Monday."""

    weekdays: int
    years: NumberSet
    months: NumberSet
    days: NumberSet
    hours: NumberSet
    minutes: NumberSet
    seconds: NumberSet
    utc: bool = False

    def is_never(self) -> bool:
        """Whether no date can match: a month or day 0, or a day that none of the months has."""
        smallest_day = (self.days.bits & -self.days.bits).bit_length() - 1
        longest = max((max(_LENGTHS[month]) for month in self.months.numbers()), default=0)
        return not self.days.bits or smallest_day > longest

    def months_without(self, day: int) -> bool:
        """Whether one of the months is always too short for a day."""
        return any(day > max(_LENGTHS[month]) for month in self.months.numbers())

    def missed(self) -> dict[str, list[int]]:
        """For each field, the numbers that its open steps miss because they carry over (see `NumberSet.beyond`)."""
        missed = {
            "second": self.seconds.missed(60, 59),
            "minute": self.minutes.missed(60, 59),
            "hour": self.hours.missed(24, 23),
            "day": [] if self.days.beyond is None else self.missed_after_months(),
            "month": self.months.missed(12, 12),
        }
        return {field: numbers for field, numbers in missed.items() if numbers}

    def missed_after_months(self) -> list[int]:
        """The days that are missed after a month that is too short for a greater one of the list."""
        lengths = {
            length for month in self.months.numbers() if month % 12 + 1 in self.months for length in _LENGTHS[month]
        }
        return max((self.days.missed(length, length) for length in lengths), key=len, default=[])


_LENGTHS: tuple[tuple[int, ...], ...] = (
    (),
    (31,),
    (28, 29),
    (31,),
    (30,),
    (31,),
    (30,),
    (31,),
    (31,),
    (30,),
    (31,),
    (30,),
    (31,),
)
"""The numbers of days that each month can have; the first one stands for month 0."""
MONTH_LENGTHS = (28, 29, 30, 31)
YEARS = (0, LAST_YEAR + 1)
MONTHS = (1, 13)
DAYS = (1, 32)
HOURS = (0, 24)
MINUTES = (0, 60)
SECONDS = (0, 60)
EVERY_WEEKDAY = 0b1111111
EVERY_YEAR = NumberSet.every(*YEARS)
EVERY_MONTH = NumberSet.every(*MONTHS)
EVERY_DAY = NumberSet.every(*DAYS)
EVERY_HOUR = NumberSet.every(*HOURS)
EVERY_MINUTE = NumberSet.every(*MINUTES)
EVERY_SECOND = NumberSet.every(*SECONDS)
ZERO = NumberSet(1)
