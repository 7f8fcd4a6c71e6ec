"""Makes a failing world as small as it can be while it still fails in the same way."""

from collections.abc import Callable
import time

from .checking import Fault, Report, check
from .plan import Plan, smaller

type Check = Callable[[Plan], Report]


def shrunk(plan: Plan, sort: tuple[str, ...], *, seconds: float = 60.0, checked: Check = check) -> tuple[Plan, Fault]:
    """Return a smaller plan that still shows a fault of this sort, and its first fault of it."""
    until = time.monotonic() + seconds
    best, fault = plan, _first(checked(plan), sort)
    assert fault is not None
    going_on = True
    while going_on and time.monotonic() < until:
        going_on = False
        for candidate in smaller(best):
            if time.monotonic() > until:
                break
            if (found := _fault_of(candidate, sort, checked)) is not None:
                best, fault, going_on = candidate, found, True
                break
    return best, fault


def _fault_of(plan: Plan, sort: tuple[str, ...], checked: Check) -> Fault | None:
    try:
        return _first(checked(plan), sort)
    except Exception:  # noqa: BLE001 - a plan with too little in it cannot be played
        return None


def _first(report: Report, sort: tuple[str, ...]) -> Fault | None:
    return next((fault for fault in report.faults if fault.sort == sort), None)
