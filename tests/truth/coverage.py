"""What a job owed to a guest: the stretches of time in which it covered it, and the slots in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .calendar import events
from .ledger import FOREVER, GuestLife, JobLife, Ledger, NodeLife, Settings, value_at

WRONG_CLOCK = 600.0
"""Seconds from which on a clock is not only inexact but wrong."""
BACK = 45 * 86400.0


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment at which a job was to run for a guest: in real time, and by the clock of the node where the guest was.

    `known_from` is since when the job had these settings and covered the guest.
    """

    time: float
    stamp: float
    node: str
    storage: str
    known_from: float


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch in which an enabled job covered a guest without a break."""

    start: float
    end: float
    slots: tuple[Slot, ...]


def covers(settings: Settings, guest: GuestLife, time: float) -> bool:
    """Tell whether a job with these settings covers a guest, be it enabled or not."""
    if settings.node is not None and settings.node != guest.node_at(time):
        return False
    if settings.pool is not None:
        return value_at(guest.pools, time) == settings.pool
    if settings.vmids is not None:
        return guest.vmid in settings.vmids
    return guest.vmid not in settings.exclude


def periods(job: JobLife, guest: GuestLife, ledger: Ledger) -> list[Period]:
    """Return the stretches in which a job covered a guest, the oldest first."""
    changes = {since for since, _ in [*job.versions, *guest.places, *guest.pools]}
    end = min(guest.died, ledger.end + 1)
    edges = [*sorted(time for time in changes if guest.born <= time < end), end]
    if guest.born < edges[0]:
        edges.insert(0, guest.born)
    found: list[Period] = []
    start: float | None = None
    slots: list[Slot] = []
    since, settings_before = 0.0, None
    for first, last in pairwise(edges):
        settings = job.at(first)
        owed = settings is not None and settings.enabled and covers(settings, guest, first)
        if owed and settings is not None:
            if start is None:
                start, slots, settings_before = first, [], None
            if settings != settings_before:
                since, settings_before = max(start, first), settings
            slots += _slots(settings, ledger.nodes[guest.node_at(first)], first, last, since)
        if start is not None and not owed:
            found.append(Period(start, first, tuple(slots)))
            start = None
    if start is not None:
        found.append(Period(start, FOREVER if end > ledger.end else end, tuple(slots)))
    return found


def _slots(settings: Settings, node: NodeLife, first: float, last: float, known_from: float) -> Iterator[Slot]:
    """Return the slots of a stretch in which nothing changed but the clock of the node."""
    edges = [first, *(since for since, _ in node.skews if first < since < last), last]
    latest = 0.0
    for begin, end in pairwise(edges):
        skew = node.skew_at(begin)
        if abs(skew) > WRONG_CLOCK:
            continue
        for stamp in events(settings.schedule, node.zone, begin + skew, end + skew - 1):
            # A clock that is set back shows some times again, of which nobody starts anything a second time.
            if stamp > latest:
                latest = stamp
                yield Slot(stamp - skew, stamp, node.name, settings.storage, known_from)
