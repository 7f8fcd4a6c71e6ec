"""Plays a world and holds what the product shows against what must be shown."""

from collections import Counter
from dataclasses import dataclass, field
import re

from .breaks import Break
from .expectation import Expectation, Must
from .ledger import Ledger
from .oracle import Oracle
from .plan import Plan
from .playing import World
from .product import Look, Product, Shown

KINDS = ("false ok", "false alarm", "wrong unknown")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was shown and must not be: of a guest or job, at a moment."""

    time: float
    about: str
    shown: Shown
    expected: Expectation

    @property
    def kind(self) -> str:
        """Return what sort of fault it is."""
        if self.shown.problem == "off":
            return "false ok"
        return "false alarm" if self.shown.problem == "on" else "wrong unknown"

    @property
    def sort(self) -> tuple[str, str, str, str]:
        """Return what faults of one sort have in common."""
        what = "guest" if self.about.startswith("guest") else "job"
        code = self.shown.why.split()[1] if " " in self.shown.why else ""
        reason = re.sub(r"\b(job-\w+|pve\d)\b", "x", self.expected.reason).partition(":")
        return (self.kind, what, code, reason[0])


@dataclass
class Report:
    """What came out of a world."""

    plan: Plan
    looks: int = 0
    asked: int = 0
    faults: list[Fault] = field(default_factory=list)
    demands: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    error: str = ""

    @property
    def kinds(self) -> Counter[str]:
        """Count the faults by kind."""
        return Counter(fault.kind for fault in self.faults)


def check(plan: Plan, broken: Break | None = None) -> Report:
    """Play a world and judge every look; `broken` is a rule of the product that is broken on purpose."""
    world = World(plan)
    with Product(world, broken=broken) as product:
        ledger = world.play(product)
    return judged(plan, ledger, product.looks)


def judged(plan: Plan, ledger: Ledger, looks: list[Look]) -> Report:
    """Hold the looks against the ledger."""
    report = Report(plan, looks=len(looks))
    oracle = Oracle(ledger)
    for look in looks:
        for guest in ledger.guests:
            if guest.lives(look.time):
                shown = look.guests.get(guest.vmid, Shown("absent"))
                _note(report, look.time, f"guest {guest.vmid}", shown, oracle.guest(guest, look.time))
        for job in ledger.jobs.values():
            if job.born <= look.time and job.at(look.time) is not None:
                shown = look.jobs.get(job.id, Shown("absent"))
                _note(report, look.time, f"job {job.id}", shown, oracle.job(job, look.time))
    return report


def _note(report: Report, time: float, about: str, shown: Shown, expected: Expectation) -> None:
    report.asked += 1
    report.demands[expected.must.value] += 1
    if expected.must is Must.OPEN:
        report.open[expected.reason] += 1
    if not expected.allows(shown.problem):
        report.faults.append(Fault(time, about, shown, expected))
