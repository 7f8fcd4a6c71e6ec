"""The judgement of a cluster as a whole: the sum of its guests, jobs and storages."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ..model.reason_codes import ReasonCode
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict

SKEW_WARNED_OF: Final = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many guests there are of each kind; a running backup counts by what was held before it."""

    guests: int
    protected: int
    problems: int
    warnings: int
    uncovered: int
    unknown: int
    paused: int
    ignored: int

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Counts:
        """Count the verdicts of guests."""
        statuses: Counter[Status] = Counter()
        problems: Counter[bool | None] = Counter()
        protected = 0
        for verdict in verdicts:
            statuses[verdict.status] += 1
            problems[verdict.problem] += 1
            protected += _is_protected(verdict)
        return cls(
            guests=statuses.total(),
            protected=protected,
            problems=problems[True],
            warnings=statuses[Status.WARNING],
            uncovered=statuses[Status.UNCOVERED],
            unknown=problems[None],
            paused=statuses[Status.PAUSED],
            ignored=statuses[Status.IGNORED],
        )


def _is_protected(verdict: Verdict) -> bool:
    """Tell whether a good backup is there; while one runs, what was held before counts."""
    if verdict.status is Status.RUNNING:
        return verdict.problem is False and verdict.last_success is not None
    return verdict.problem is False and verdict.status in GOOD


def judge_cluster(
    counts: Counts,
    others: Iterable[Verdict],
    skews: Sequence[tuple[str, timedelta]] = (),
    more: Iterable[Reason] = (),
) -> Verdict:
    """Return the verdict of the cluster from the counts of its guests and the verdicts of jobs and storages.

    It is a problem where any part is one, and unknown where nothing is a problem but some part cannot be seen. `skews` are
    what the nodes' clocks are ahead of ours, `more` are findings of other rules.
    """
    wrong = [(node, skew) for node, skew in skews if abs(skew) >= SKEW_WARNED_OF]
    findings = tuple(
        Reason(ReasonCode.CLOCK_SKEW, {"node": node, "minutes": str(round(skew.total_seconds() / 60))})
        for node, skew in wrong
    )
    findings += tuple(more)
    held = list(others)
    problems = sum(verdict.problem is True for verdict in held)
    values = {
        "protected": str(counts.protected),
        "guests": str(counts.guests - counts.ignored),
        "problems": str(counts.problems),
        "others": str(problems),
        "unknown": str(counts.unknown),
    }
    if counts.problems or problems:
        code, status, problem = ReasonCode.CLUSTER_PROBLEM, Status.FAILED, True
    elif counts.unknown or any(verdict.problem is None for verdict in held):
        reason = Reason(ReasonCode.CLUSTER_UNKNOWN, values)
        return Verdict(status=Status.UNKNOWN, problem=None, reason=reason, findings=findings)
    elif findings or counts.warnings or any(verdict.status is Status.WARNING for verdict in held):
        code, status, problem = ReasonCode.CLUSTER_WARNING, Status.WARNING, False
    else:
        code, status, problem = ReasonCode.CLUSTER_OK, Status.OK, False
    return Verdict(
        status=status, problem=problem, reason=Reason(code, values), confidence=Confidence.EXACT, findings=findings
    )
