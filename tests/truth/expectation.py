"""What must be shown, and how several demands make one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum


class Must(Enum):
    """What the problem of a guest or job must be."""

    ON = "must be on"
    OFF = "must be off"
    NOT_OFF = "must not be off"
    NOT_ON = "must not be on"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A demand and its reason; of an open one the reason says why nothing can be demanded."""

    must: Must
    reason: str
    about: str = ""

    def allows(self, problem: str) -> bool:
        """Tell whether a problem that is on, off, unknown or absent is as it must be."""
        allowed = {
            Must.ON: {"on"},
            Must.OFF: {"off"},
            Must.NOT_OFF: {"on", "unknown", "absent"},
            Must.NOT_ON: {"off", "unknown", "absent"},
            Must.OPEN: {"on", "off", "unknown", "absent"},
        }
        return problem in allowed[self.must]

    def of(self, about: str) -> Expectation:
        """Return the same demand, with what it is about."""
        return replace(self, about=about)


def on(reason: str) -> Expectation:
    """Demand a problem."""
    return Expectation(Must.ON, reason)


def off(reason: str) -> Expectation:
    """Demand that there is no problem."""
    return Expectation(Must.OFF, reason)


def not_off(reason: str) -> Expectation:
    """Demand that nothing is called fine."""
    return Expectation(Must.NOT_OFF, reason)


def not_on(reason: str) -> Expectation:
    """Demand that there is no alarm."""
    return Expectation(Must.NOT_ON, reason)


def open_(reason: str) -> Expectation:
    """Demand nothing."""
    return Expectation(Must.OPEN, reason)


WORST_FIRST = (Must.ON, Must.NOT_OFF, Must.OPEN, Must.NOT_ON, Must.OFF)


def worst(demands: Sequence[Expectation]) -> Expectation:
    """Return what several promises together demand: one that is broken is enough for a problem."""
    return min(demands, key=lambda demand: WORST_FIRST.index(demand.must))
