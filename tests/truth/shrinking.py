"""Makes a failing world as small as it can be while it still fails in the same way."""

from collections.abc import Callable
import time

from .checking import Fault, Report, check
from .plan import Plan, smaller

type Check = Callable[[Plan], Report]


def shrunk(plan: Plan, fault: Fault, *, seconds: float = 60.0, checked: Check = check) -> tuple[Plan, Fault]:
    """Return a smaller plan that still shows a fault of the same sort, and its first fault of it."""
    until = time.monotonic() + seconds
    tried: set[Plan] = set()
    going_on = True
    while going_on:
        going_on = False
        for candidate in smaller(plan):
            if time.monotonic() > until:
                return plan, fault
            if candidate in tried:
                continue
            tried.add(candidate)
            if (found := _fault_of(candidate, fault, checked)) is not None:
                plan, fault, going_on = candidate, found, True
                break
    return plan, fault


def _fault_of(plan: Plan, like: Fault, checked: Check) -> Fault | None:
    try:
        report = checked(plan)
    except Exception:  # noqa: BLE001 - a plan with too little in it cannot be played
        return None
    return next((fault for fault in report.faults if fault.sort == like.sort), None)
