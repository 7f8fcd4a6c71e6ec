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
    """Bits 0, step, 2 * step, ... below limit."""
    bits, width = 1, step
    while width < limit:
        bits |= bits << width
        width *= 2
    return bits & ((1 << limit) - 1)


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
        multiples = {step: _multiples(step, limit) for step in {part.step for part in distinct}}
        bits, beyond = 0, limit * 2
        for start, end, step in distinct:
            size = (limit if end is None else end + 1) - start
            bits |= (multiples[step] & ((1 << size) - 1)) << start
            if end is None:
                beyond = min(beyond, start + -(-size // step) * step)
        has_open_step = beyond < limit * 2
        return cls(bits >> first << first, beyond if has_open_step else None)

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
        """Where a step past `last`, the last number of a period of `size` numbers, leads in the next period; else 0.

        What the next period has below that is missed.
        """
        reached = self.after(last)
        return 0 if reached is None else reached - size

    def numbers(self) -> list[int]:
        """The numbers in ascending order."""
        return [number for number in range(self.bits.bit_length()) if number in self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What the local time of an event must match: every field at once. Weekdays: bit 0 is Monday."""

    weekdays: int
    years: NumberSet
    months: NumberSet
    days: NumberSet
    hours: NumberSet
    minutes: NumberSet
    seconds: NumberSet
    utc: bool = False


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
