"""Two things that hold in every world, whatever the oracle says."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from .ledger import Ledger, RunFact
from .plan import Plan
from .playing import World
from .product import Look, Product, Shown

HOUR = 3600.0
ABSENT = Shown("absent")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two ways of looking at the same world show differently."""

    time: float
    about: str
    one: Shown
    other: Shown

    @property
    def matters(self) -> bool:
        """Whether it is more than another word for the same."""
        return self.one.problem != self.other.problem


def differences(some: list[Look], others: list[Look]) -> Iterator[Difference]:
    """Return what differs between two rows of looks at the same moments."""
    for one, other in zip(some, others, strict=True):
        left, right = _named(one), _named(other)
        for about in sorted(left.keys() | right.keys()):
            if left.get(about) != right.get(about):
                yield Difference(one.time, about, left.get(about, ABSENT), right.get(about, ABSENT))


def _named(look: Look) -> dict[str, Shown]:
    guests = {f"guest {vmid}": shown for vmid, shown in look.guests.items()}
    return guests | {f"job {job_id}": shown for job_id, shown in look.jobs.items()}


def mixed_up(plan: Plan) -> list[Difference]:
    """Return what is judged differently where every list is read in another order, and after a restart before each look."""
    looks = []
    for mixed in (False, True):
        world = World(plan)
        with Product(world, shuffled=mixed, forgetful=mixed) as product:
            world.play(product)
        looks.append(product.looks)
    return list(differences(*looks))


@dataclass(frozen=True, slots=True)
class Taken:
    """A good run of a job that was taken away, and whether that was noticed."""

    run: RunFact
    noticed: bool


def take_one_away(plan: Plan, count: int = 3) -> list[Taken]:
    """Take good scheduled runs away, one after another, and tell for each whether some verdict changed until the next.

    A run that is taken away never starts: neither its task nor its archives are there.
    """
    world = World(plan)
    with Product(world) as product:
        ledger = world.play(product)
    found = []
    for run in _chosen(ledger, plan, count):
        other = World(plan, without=(run.job or "", run.node, run.started))
        with Product(other) as blinder:
            other.play(blinder)
        changed = any(
            run.started <= difference.time and difference.matters
            for difference in differences(product.looks, blinder.looks[: len(product.looks)])
        )
        found.append(Taken(run, changed))
    return found


def _chosen(ledger: Ledger, plan: Plan, count: int) -> list[RunFact]:
    """Choose runs that kept promises which nothing else kept: good ones of jobs, watched, with guests."""
    first = plan.start + plan.unseen
    runs = [
        run
        for run in ledger.runs
        if run.job is not None
        and not run.by_hand
        and run.well
        and run.parts
        and first < run.started < plan.end - 8 * HOUR
        and all(part.good for part in run.parts.values())
        and not _covered_up(ledger, run)
    ]
    return Random(plan.seed).sample(runs, min(count, len(runs)))


def _covered_up(ledger: Ledger, run: RunFact) -> bool:
    """Tell whether nobody could notice that the run was not there: nobody looked, or it was looked for elsewhere."""
    until = run.started + 8 * HOUR
    watched = any(run.started + 4 * HOUR < look < until for look in ledger.looks)
    job = ledger.jobs[run.job or ""]
    changed = any(run.started - HOUR < since < until for since, _ in job.versions)
    ill = any(
        start < until and end > run.started - HOUR
        for start, end in [*ledger.unreachable, *(span for spans in ledger.blind.values() for span in spans)]
    )
    others = any(
        other is not run
        and other.started < until
        and other.ended > run.started - 2 * HOUR
        and set(other.parts) & set(run.parts)
        for other in ledger.runs
    )
    moved = any(
        run.started - HOUR < since < until
        for guest in ledger.guests
        for since, _ in [*guest.places, *guest.pools, *guest.ignored]
    )
    return not watched or changed or ill or others or moved
