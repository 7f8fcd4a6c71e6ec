"""What really happened in a world: plain facts in real time (epoch seconds), of which the oracle makes its judgement."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

FOREVER = float("inf")

type Span = tuple[float, float]
"""A stretch of time, from inclusively, until exclusively; FOREVER where it has not ended."""
type Course[Value] = list[tuple[float, Value]]
"""What something was, each value from a moment on."""


def value_at[Value](course: Course[Value], time: float) -> Value | None:
    """Return what something was at a moment; None before the first."""
    found = None
    for since, value in course:
        if since > time:
            break
        found = value
    return found


def within(spans: Iterable[Span], time: float) -> bool:
    """Tell whether a moment lies in one of the spans."""
    return any(start <= time < end for start, end in spans)


@dataclass(eq=False)
class NodeLife:
    """A node; `skews` is how far its clock was ahead, in seconds, `rotations` when it lost its list of tasks."""

    name: str
    zone: ZoneInfo
    off: list[Span] = field(default_factory=list)
    skews: Course[float] = field(default_factory=list)
    rotations: list[float] = field(default_factory=list)

    def skew_at(self, time: float) -> float:
        """Return how far its clock was ahead."""
        return value_at(self.skews, time) or 0.0

    def is_off(self, time: float) -> bool:
        """Tell whether it was off."""
        return within(self.off, time)


@dataclass(eq=False)
class GuestLife:
    """A guest, from its creation to its removal; a number that is used again is another guest."""

    vmid: int
    name: str
    type: str
    born: float
    died: float = FOREVER
    template: bool = False
    places: Course[str] = field(default_factory=list)
    pools: Course[str | None] = field(default_factory=list)
    ignored: Course[bool] = field(default_factory=list)

    def lives(self, time: float) -> bool:
        """Tell whether it existed."""
        return self.born <= time < self.died

    def node_at(self, time: float) -> str:
        """Return where it was, before its creation where it was created."""
        return value_at(self.places, time) or self.places[0][1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a job was told to do."""

    schedule: str
    storage: str
    enabled: bool = True
    node: str | None = None
    vmids: frozenset[int] | None = None
    exclude: frozenset[int] = frozenset()
    pool: str | None = None
    keep_last: int | None = None


@dataclass(eq=False)
class JobLife:
    """A job and its settings from edit to edit; None from its removal on."""

    id: str
    versions: Course[Settings | None] = field(default_factory=list)

    def at(self, time: float) -> Settings | None:
        """Return its settings at a moment."""
        return value_at(self.versions, time)

    def is_alike(self, twin: JobLife, time: float) -> bool:
        """Tell whether another job differed from this one in nothing but its schedule at a moment."""
        own, other = self.at(time), twin.at(time)
        if own is None or other is None or twin is self:
            return False
        return replace(other, schedule=own.schedule, enabled=own.enabled) == own

    @property
    def born(self) -> float:
        """When it was created."""
        return self.versions[0][0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What became of one guest in a run.

    `ended` is None where its turn never ended or never came; `archive` is the number of the archive that it left.
    """

    vmid: int
    began: float | None = None
    ended: float | None = None
    error: str | None = None
    archive: int | None = None

    @property
    def pruning_failed(self) -> bool:
        """Whether only the prune after a good backup went wrong."""
        return self.error is not None and self.error.startswith("error pruning") and self.archive is not None

    @property
    def good(self) -> bool:
        """Whether the guest was backed up, and the run's own prune left its archive there."""
        return self.ended is not None and self.archive is not None and (self.error is None or self.pruning_failed)


@dataclass(eq=False)
class RunFact:
    """A run of vzdump on one node; `job` is None for a backup by hand, `by_hand` tells that a person started it.

    `stamp` is the start by the node's own clock. `noticed` is when the node wrote down its end: after a loss of power, at
    the next boot. `parts` are those of all the guests that the run was to back up. `error` is that of the run as a whole.
    """

    node: str
    job: str | None
    by_hand: bool
    storage: str
    started: float
    stamp: float
    locked: float | None
    ended: float
    noticed: float
    status: str | None
    parts: dict[int, Part]
    prunes: bool = False

    @property
    def well(self) -> bool:
        """Whether Proxmox calls it good."""
        return self.status is not None and (self.status == "OK" or self.status.startswith("WARNINGS"))

    @property
    def broke_off(self) -> bool:
        """Whether it did not come to its regular end, at which it says that there were errors."""
        return not self.well and self.status != "job errors"


@dataclass(eq=False)
class ArchiveFact:
    """An archive; `deleted` is when somebody deleted it by hand, `corrupt` when its verification failed."""

    number: int
    vmid: int
    storage: str
    node: str | None
    written: float
    deleted: float = FOREVER
    corrupt: float = FOREVER


@dataclass(eq=False)
class Ledger:
    """Everything that happened.

    `looks` are the moments at which the product looked, `blind` the spans in which it had no rights to something, by what:
    tasks, jobs, storages or guests. `unreachable` are those in which nothing answered it.
    """

    start: float
    end: float = FOREVER
    nodes: dict[str, NodeLife] = field(default_factory=dict)
    guests: list[GuestLife] = field(default_factory=list)
    jobs: dict[str, JobLife] = field(default_factory=dict)
    runs: list[RunFact] = field(default_factory=list)
    archives: list[ArchiveFact] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    blind: dict[str, list[Span]] = field(default_factory=dict)
    unreachable: list[Span] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    """When Home Assistant was started anew."""
    storages_down: dict[str, list[Span]] = field(default_factory=dict)
    content_rights: bool = True
    servers: frozenset[str] = frozenset()
    """Storages that are backup servers."""

    def blind_to(self, what: str, time: float) -> bool:
        """Tell whether the product had no right to see something."""
        return within(self.blind.get(what, ()), time)
