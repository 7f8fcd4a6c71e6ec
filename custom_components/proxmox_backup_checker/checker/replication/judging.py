"""The verdict on a replication job, by what the node of its guest says of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ...proxmox.api.replication_models import ReplicationState
from ..context import Context
from ..model.facts import Replication
from ..model.reason_codes import ReasonCode
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown

# A single failure, as while the guest is being moved, is made good some minutes later by itself.
_FAILURES_BORNE: Final = 1
# Several questions have gone unanswered by then.
_WORD_HOLDS: Final = timedelta(hours=2)


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
    """Return the verdict on a replication job: while nobody sees it nothing is proven, and what failed stays failed."""
    job, state, read = found.job, found.state, found.read_at
    if job.disabled or job.removing:
        reason = Reason(ReasonCode.REPLICATION_DISABLED, {"target": job.target})
        return Verdict(status=Status.PAUSED, problem=False, reason=reason)
    node = context.node(found.node)
    if state is None or read is None or node is None or node.blindness is not None:
        return _unseen(found, context)
    verdict = _by_last_word(found, state, read, context)
    is_old = context.facts.now - read > _WORD_HOLDS
    return _unseen(found, context) if is_old and not verdict.problem else verdict


def _unseen(found: Replication, context: Context) -> Verdict:
    unseen = unknown(ReasonCode.REPLICATION_UNSEEN, node=found.node, target=found.job.target)
    last = _moment(found.state.last_sync, found, context) if found.state is not None else None
    return replace(unseen, last_success=last, since=found.read_at)


def _by_last_word(found: Replication, state: ReplicationState, read: datetime, context: Context) -> Verdict:
    """Return what the node's last word says of the job."""
    values: dict[str, str | datetime] = {"target": found.job.target}
    last = _moment(state.last_sync, found, context)
    if state.running:
        return _verdict(Status.RUNNING, False, ReasonCode.REPLICATION_RUNNING, last, values)
    if state.fail_count:
        return _failing(found, context, last)
    due = _moment(state.next_sync, found, context)
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
