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
    """A stretch in which an enabled job covered a guest without a break.

    `doubtful` are the slots that came in real time while the clock of the node was wrong, and showed another time.
    """

    start: float
    end: float
    slots: tuple[Slot, ...]
    doubtful: tuple[Slot, ...] = ()


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
    doubtful: list[Slot] = []
    since, settings_before = 0.0, None
    for first, last in pairwise(edges):
        settings = job.at(first)
        owed = settings is not None and settings.enabled and covers(settings, guest, first)
        if owed and settings is not None:
            if start is None:
                start, slots, doubtful, settings_before = first, [], [], None
            if settings != settings_before:
                since, settings_before = max(start, first), settings
            node = ledger.nodes[guest.node_at(first)]
            slots += _slots(settings, node, first, last, since)
            doubtful += _doubtful(settings, node, first, last, since)
        if start is not None and not owed:
            found.append(Period(start, first, tuple(slots), tuple(doubtful)))
            start = None
    if start is not None:
        found.append(Period(start, FOREVER if end > ledger.end else end, tuple(slots), tuple(doubtful)))
    return found


def _slots(settings: Settings, node: NodeLife, first: float, last: float, known_from: float) -> Iterator[Slot]:
    """Return the slots of a stretch in which nothing changed but the clock of the node."""
    latest = 0.0
    for begin, end, skew in _stretches(node, first, last):
        if abs(skew) > WRONG_CLOCK:
            continue
        for stamp in events(settings.schedule, node.zone, begin + skew, end + skew - 1):
            # A clock that is set back shows some times again, of which nobody starts anything a second time.
            if stamp > latest:
                latest = stamp
                yield Slot(stamp - skew, stamp, node.name, settings.storage, known_from)


def _doubtful(settings: Settings, node: NodeLife, first: float, last: float, known_from: float) -> Iterator[Slot]:
    """Return the slots of such a stretch that a wrong clock did not show when they came."""
    for begin, end, skew in _stretches(node, first, last):
        if abs(skew) > WRONG_CLOCK:
            for time in events(settings.schedule, node.zone, begin, end - 1):
                yield Slot(time, time, node.name, settings.storage, known_from)


def _stretches(node: NodeLife, first: float, last: float) -> Iterator[tuple[float, float, float]]:
    """Return the parts of a stretch in which a clock was not set, each with how far it was ahead."""
    edges = [first, *(since for since, _ in node.skews if first < since < last), last]
    for begin, end in pairwise(edges):
        yield begin, end, node.skew_at(begin)
