"""The verdict on a replication job, by what the node of its guest says of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ..context import Context
from ..model.facts import Replication
from ..model.reason_codes import ReasonCode
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown

# A single failure, as while the guest is being moved, is made good some minutes later by itself.
_FAILURES_BORNE: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicationView:
    """A replication job and what is held of it."""

    replication: Replication
    verdict: Verdict

    @property
    def key(self) -> str:
        """The id of the job."""
        return self.replication.job.job_id


def judge_replication(found: Replication, context: Context) -> Verdict:
    """Return the verdict on a replication job; while nobody sees it, nothing is proven."""
    job, state = found.job, found.state
    values: dict[str, str | datetime] = {"target": job.target}
    if job.disabled or job.removing:
        return Verdict(status=Status.PAUSED, problem=False, reason=Reason(ReasonCode.REPLICATION_DISABLED, values))
    node = context.node(found.node)
    if state is None or found.read_at is None or node is None or node.blindness is not None:
        unseen = unknown(ReasonCode.REPLICATION_UNSEEN, node=found.node, target=job.target)
        last = _moment(state.last_sync, found, context) if state is not None else None
        return replace(unseen, last_success=last, since=found.read_at)
    last = _moment(state.last_sync, found, context)
    if state.running:
        return _verdict(Status.RUNNING, False, ReasonCode.REPLICATION_RUNNING, last, values)
    if state.fail_count:
        return _failing(found, context, last)
    due, read = _moment(state.next_sync, found, context), found.read_at
    grace = context.facts.policy.start_grace
    if state.last_try is None:
        waits = found.untried_since is None or read - found.untried_since <= grace
        if waits:
            return _verdict(Status.PENDING, False, ReasonCode.REPLICATION_PENDING, last, values)
        code = ReasonCode.REPLICATION_NEVER_RUN if last is None else ReasonCode.REPLICATION_NOT_STARTED
        return replace(_verdict(Status.OVERDUE, True, code, last, values), since=found.untried_since)
    if due is not None and read - due > grace:
        late = _verdict(Status.OVERDUE, True, ReasonCode.REPLICATION_LATE, last, {**values, "due": due})
        return replace(late, since=due)
    if last is None:
        return _verdict(Status.PENDING, False, ReasonCode.REPLICATION_PENDING, last, values)
    return _verdict(Status.OK, False, ReasonCode.REPLICATED, last, {**values, "moment": last}, due)


def _failing(found: Replication, context: Context, last: datetime | None) -> Verdict:
    """Return the verdict on a job whose last run failed; while the target is off there is nothing to try."""
    assert found.state is not None
    target, count = found.job.target, found.state.fail_count
    values: dict[str, str | datetime] = {"target": target, "count": str(count)}
    error = found.state.error
    if context.is_off_or_gone(target):
        resting = target in context.facts.policy.expected_offline
        code = ReasonCode.REPLICATION_TARGET_RESTS if resting else ReasonCode.REPLICATION_TARGET_OFF
        status = Status.PAUSED if resting else Status.FAILED
        verdict = _verdict(status, not resting, code, last, {"target": target})
    elif count <= _FAILURES_BORNE and last is not None:
        verdict = _verdict(Status.WARNING, False, ReasonCode.REPLICATION_FAILED_ONCE, last, {"target": target})
    else:
        verdict = _verdict(Status.FAILED, True, ReasonCode.REPLICATION_FAILED, last, values)
    return replace(verdict, error=error, failures=count)


def _verdict(
    status: Status,
    problem: bool,
    code: ReasonCode,
    last: datetime | None,
    values: dict[str, str | datetime],
    due: datetime | None = None,
) -> Verdict:
    reason = Reason(code, values)
    return Verdict(
        status=status, problem=problem, reason=reason, last_success=last, next_due=due, confidence=Confidence.EXACT
    )


def _moment(epoch: int | None, found: Replication, context: Context) -> datetime | None:
    """Return a moment of our clock for one of the node's."""
    node = context.node(found.node)
    skew = node.skew if node is not None else timedelta()
    return datetime.fromtimestamp(epoch, UTC) - skew if epoch is not None else None
