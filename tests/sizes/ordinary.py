"""What backups of ordinary guests look like for three months: written from how guests live, without a look at any rule.

Changes are heavy-tailed (lognormal, with a Pareto tail where people put files), data grows, and there are weekly rhythms, peaks at the
end of the month, updates, days off, bitmaps that are lost when a host starts anew, disks that are enlarged and filled, restores,
another compression, and a move to another storage.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

GIB = 1024**3
MIB = 1024**2
DAYS = 92
BEGIN = datetime(2026, 1, 12, 1, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """How a guest lives; shares are of its data.

    `change` is what a median day changes, `spread` the sigma of its logarithm, `tail` the exponent of rare large additions, 0 for
    none. `weekly` multiplies the changes of each weekday, Monday first. `month_end` multiplies those of the last day of a month,
    `update` those of a day with updates, which come every `update_every` days. `growth` is what data grows in a day.
    """

    name: str
    disks: int
    data: float
    change: float
    spread: float = 0.5
    tail: float = 0.0
    weekly: tuple[float, ...] = (1, 1, 1, 1, 1, 1, 1)
    month_end: float = 1.0
    update: float = 1.0
    update_every: int = 28
    growth: float = 0.0005
    off: float = 0.0
    speed: float = 200.0


GUESTS = (
    Guest(name="web", disks=32 * GIB, data=0.3, change=0.012, spread=0.5, update=6, update_every=21),
    Guest(name="appliance", disks=8 * GIB, data=0.2, change=0.003, spread=0.7, update=12, update_every=40),
    Guest(
        name="database",
        disks=200 * GIB,
        data=0.4,
        change=0.03,
        spread=0.6,
        weekly=(1, 1, 1, 1, 1, 0.6, 7),
        month_end=6,
        growth=0.003,
    ),
    Guest(
        name="desktop",
        disks=120 * GIB,
        data=0.5,
        change=0.02,
        spread=0.9,
        weekly=(1, 1, 1, 1, 1, 0.2, 0.2),
        update=8,
        off=0.15,
    ),
    Guest(name="media", disks=2048 * GIB, data=0.5, change=0.001, spread=0.8, tail=1.6, growth=0.002),
    Guest(
        name="mail", disks=64 * GIB, data=0.5, change=0.02, spread=0.4, weekly=(1.2, 1, 1, 1, 1, 0.4, 0.3), growth=0.002
    ),
    Guest(name="accounts", disks=48 * GIB, data=0.35, change=0.01, spread=0.5, month_end=9, update=4, growth=0.001),
    Guest(name="lab", disks=100 * GIB, data=0.4, change=0.015, spread=1.0, off=0.4, update=10, update_every=14),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Night:
    """One good backup: in bytes the archive, what changed since the last one and what was read for it; and how long it took.

    On file storages `changed` is None. `disks` are all disks together. `running` tells whether the guest ran. `resized` and `restored`
    are what somebody did with the guest since the night before.
    """

    moment: datetime
    storage: str
    on_server: bool
    compress: str
    size: int
    changed: int | None
    read: int
    seconds: int
    disks: int
    running: bool = True
    resized: bool = False
    restored: bool = False


@dataclass(slots=True)
class _State:
    """A guest in the course of its months."""

    disks: int
    data: float
    storage: str
    compress: str = "zst"
    fresh: bool = True
    surge: float = 0.0


def months(guest: Guest, seed: int, *, on_server: bool, days: int = DAYS) -> list[Night]:
    """Return the nights of a guest, oldest first; the same seed gives the same nights."""
    random = Random(f"{guest.name} {seed} {on_server}")
    state = _State(disks=guest.disks, data=guest.disks * guest.data, storage="pbs" if on_server else "nas")
    resized_on = random.randrange(20, days) if random.random() < 0.35 else None
    restored_on = random.randrange(20, days) if random.random() < 0.2 else None
    moved_on = random.randrange(25, days) if random.random() < 0.2 else None
    recompressed_on = random.randrange(25, days) if random.random() < 0.15 and not on_server else None
    next_update = random.randrange(guest.update_every)
    nights = []
    for day in range(days):
        moment = BEGIN + timedelta(days=day, minutes=random.randrange(4))
        resized, restored = day == resized_on, day == restored_on
        if resized:
            state.disks = int(state.disks * random.choice((1.5, 2, 4, 8)))
            state.surge = (state.disks * 0.6 - state.data) * random.uniform(0.2, 1.0)
        if restored:
            state.data *= random.uniform(0.7, 1.1)
            state.fresh = True
        if day == moved_on:
            state.storage, state.fresh = state.storage + "2", True
        if day == recompressed_on:
            state.compress = "" if state.compress else "zst"
        updated = day == next_update
        if updated:
            next_update = day + max(3, round(random.gauss(guest.update_every, guest.update_every / 5)))
        running = random.random() >= guest.off
        changed = _changed(guest, state, random, moment, updated=updated, running=running)
        nights.append(
            replace(
                _night(guest, state, random, moment, changed, on_server=on_server),
                running=running,
                resized=resized,
                restored=restored,
            )
        )
        state.fresh = False
    return nights


def _changed(guest: Guest, state: _State, random: Random, moment: datetime, *, updated: bool, running: bool) -> float:
    """Return the bytes that a day changes, and let the data grow."""
    if not running:
        return 0.0
    share = guest.change * random.lognormvariate(0, guest.spread) * guest.weekly[moment.weekday()]
    if (moment + timedelta(days=1)).day == 1:
        share *= guest.month_end * random.uniform(0.7, 1.3)
    changed = share * state.data
    if updated:
        # An update writes what it writes, however much data there is: at most what fits beside it.
        changed += min(guest.update * guest.change * state.data * random.uniform(0.5, 1.5), 12 * GIB)
    added = guest.growth * state.data * random.uniform(0, 2)
    if guest.tail and random.random() < 0.3:
        added += min(GIB * random.paretovariate(guest.tail), 0.08 * state.data)
    if state.surge > 0:
        part = min(state.surge, state.disks * random.uniform(0.02, 0.5))
        state.surge -= part
        added += part
    added = max(min(added, state.disks * 0.9 - state.data), 0.0)
    state.data += added
    return min(changed + added, state.data)


def _night(guest: Guest, state: _State, random: Random, moment: datetime, changed: float, *, on_server: bool) -> Night:
    """Return what the backup of a day looks like."""
    lost = random.random() < 0.03
    contention = 1 if random.random() > 0.07 else random.uniform(1.5, 2.8)
    speed = guest.speed * random.lognormvariate(0, 0.15) / contention * MIB
    if on_server:
        whole = state.fresh or lost
        read = state.disks if whole else changed
        return Night(
            moment=moment,
            storage=state.storage,
            on_server=True,
            compress="",
            size=state.disks,
            changed=None if state.fresh else int(changed) // (4 * MIB) * (4 * MIB),
            read=int(read),
            seconds=max(round(read / speed) + random.randrange(3, 9), 3),
            disks=state.disks,
        )
    share = 0.45 if state.compress else 1.0
    return Night(
        moment=moment,
        storage=state.storage,
        on_server=False,
        compress=state.compress,
        size=int(state.data * share * random.lognormvariate(0, 0.02)) + random.randrange(MIB),
        changed=None,
        read=state.disks,
        seconds=max(round(state.disks / speed), 3),
        disks=state.disks,
    )
