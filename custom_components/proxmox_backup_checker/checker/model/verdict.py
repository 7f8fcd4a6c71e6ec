"""The form of a verdict: what is shown of a guest or job, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from ...proxmox.vzdump.failure_cause import Cause
from .facts import Blindness
from .reason_codes import ReasonCode


class Status(StrEnum):
    """State of what is judged; `asleep` is what rests as planned: a server that is off at this hour, a disk taken out."""

    OK = "ok"
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    WARNING = "warning"
    FAILED = "failed"
    OVERDUE = "overdue"
    UNCOVERED = "uncovered"
    PAUSED = "paused"
    ASLEEP = "asleep"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


GOOD: Final = frozenset({Status.OK, Status.WARNING})
"""The states in which there is a good backup."""

WORST_FIRST: Final = (
    *(Status.FAILED, Status.OVERDUE, Status.UNCOVERED, Status.UNKNOWN, Status.WARNING, Status.RUNNING),
    *(Status.WAITING, Status.PENDING, Status.PAUSED, Status.ASLEEP, Status.OK, Status.IGNORED),
)
"""All states in the order in which people want to see them."""


def gravity(status: Status) -> int:
    """Return the place of a state among those that one guest or job has at once, the worst first.

    A promise that is not due yet comes last: it says nothing beside one that was kept.
    """
    return len(WORST_FIRST) if status is Status.PENDING else WORST_FIRST.index(status)


class Confidence(StrEnum):
    """How sure a verdict is.

    The first four say how a run was linked to its job, `task` that only its final status was seen, `artifact` that only
    its archive was, `log` that only the log of a copying tells, and `none` that there is no evidence at all.
    """

    EXACT = "exact"
    MATCHED = "matched"
    SCHEDULED = "scheduled"
    PROBABLE = "probable"
    MANUAL = "manual"
    TASK = "task"
    ARTIFACT = "artifact"
    LOG = "log"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code of the catalogue, and the values for the blanks of its sentence, texts or moments.

    Raises ValueError for a code that the catalogue does not have.
    """

    code: ReasonCode
    values: Mapping[str, str | datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take no text for a code that has no sentence."""
        if not isinstance(self.code, ReasonCode):
            object.__setattr__(self, "code", ReasonCode(self.code))


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is held of a guest, job, storage or cluster at one moment.

    `problem` is None where nothing can be proven; `evidence` holds the UPIDs or volume ids that it rests on. A run in
    progress shows as `status` running, or waiting for the node's lock, over the status `under_run`, and leaves the rest of the
    verdict as it was. `failures` counts the runs in a row that failed or were missed. `findings` are less than a problem, the
    worst first. `seen_since` is since when it is so at least, where it began before anybody looked. `error` is the raw text of Proxmox, `cause` what it means where the catalogue knows. `trace` tells, by name,
    the facts and the rule that led here.
    """

    status: Status
    problem: bool | None
    reason: Reason
    since: datetime | None = None
    seen_since: datetime | None = None
    last_success: datetime | None = None
    next_due: datetime | None = None
    confidence: Confidence = Confidence.NONE
    evidence: tuple[str, ...] = ()
    failures: int = 0
    findings: tuple[Reason, ...] = ()
    error: str | None = None
    cause: Cause | None = None
    job_id: str | None = None
    trace: Mapping[str, str] = field(default_factory=dict)
    under_run: Status | None = None

    @property
    def lasting(self) -> Status:
        """The status apart from a run in progress."""
        return self.under_run or self.status

    @property
    def occurrence(self) -> str | None:
        """What tells a failed run or missed slot from the next one, however it is explained; None where there is none."""
        return f"{self.failures}@{int(self.since.timestamp())}" if self.failures and self.since is not None else None


_NAMES: Final = tuple(known.name for known in fields(Verdict))
_VALUES: Final = attrgetter(*_NAMES)
_SETTERS: Final = tuple(getattr(Verdict, name).__set__ for name in _NAMES)


def with_values(verdict: Verdict, **changes: Any) -> Verdict:
    """Return a verdict with other values: what dataclasses.replace does, in half the time, for thousands of guests."""
    made = object.__new__(Verdict)
    for set_value, value in zip(_SETTERS, _VALUES(verdict), strict=True):
        set_value(made, value)
    for name, value in changes.items():
        object.__setattr__(made, name, value)
    return made


def unknown(code: ReasonCode | Blindness, **values: str | datetime) -> Verdict:
    """Return the verdict on what cannot be seen, with the reason."""
    return Verdict(status=Status.UNKNOWN, problem=None, reason=Reason(ReasonCode(code), values))
