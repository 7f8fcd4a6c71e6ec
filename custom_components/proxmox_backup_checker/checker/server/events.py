"""What has happened on a backup server since the look before; the first look tells of nothing old."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ..model.reason_codes import ReasonCode
from ..model.server_records import ServerHistory, ServerRunRecord
from ..model.subject import SERVER, Subject
from ..model.verdict import Reason, Status, Verdict
from .context import ServerContext
from .run_memory import OF_JOBS
from .vanishing import Loss, Move
from .views import ServerEvent

_KINDS: Final = {
    Status.OK: "run_ok",
    Status.WARNING: "run_warning",
    Status.FAILED: "run_failed",
}
_OF_STATES: Final = {
    TaskResult.OK: Status.OK,
    TaskResult.WARNING: Status.WARNING,
    TaskResult.ERROR: Status.FAILED,
    TaskResult.UNKNOWN: Status.FAILED,
}
_TOLD_WITHIN: Final = timedelta(days=7)


def events_of(
    before: ServerHistory,
    context: ServerContext,
    verdicts: Mapping[Subject, Verdict],
    lost: Iterable[Loss],
    moves: Iterable[Move],
) -> tuple[ServerEvent, ...]:
    """Return what has happened, oldest first."""
    if before.began is None:
        return ()
    found = [
        *_runs(before, context, verdicts),
        *_missed(before, context, verdicts),
        *(_of_loss(loss, context) for loss in lost),
        *(_of_move(move, context) for move in moves),
        *_of_rights(before, context),
    ]
    return tuple(sorted(found, key=lambda event: event.moment))


def event_of_certificate(before: ServerHistory, verdict: Verdict, now: ServerEvent | None = None) -> ServerEvent | None:
    """Tell of a certificate that is not the confirmed one any more, once."""
    known = before.verdicts.get(SERVER)
    code = ReasonCode.SERVER_CERTIFICATE_CHANGED
    if verdict.reason.code is not code or known is None or known.code == code.value or verdict.since is None:
        return now
    return ServerEvent(kind="certificate_changed", subject=SERVER, moment=verdict.since, reason=verdict.reason)


def _runs(before: ServerHistory, context: ServerContext, verdicts: Mapping[Subject, Verdict]) -> Iterable[ServerEvent]:
    for task in context.facts.tasks:
        if task.ended is None or task.upid.worker_type not in OF_JOBS or task.upid.text in before.runs:
            continue
        run = context.history.runs.get(task.upid.text)
        if run is None or run.job is None or context.now - run.ended > _TOLD_WITHIN:
            continue
        subject = Subject("pbsjob", run.job)
        verdict = verdicts.get(subject)
        if verdict is not None:
            yield _of_run(run, subject, verdict)


def _of_run(run: ServerRunRecord, subject: Subject, verdict: Verdict) -> ServerEvent:
    """Tell of a run, in the words of the verdict where that rests on it."""
    state = TaskState.shown(run.state)
    status = _OF_STATES[state.result]
    if run.upid in verdict.evidence and verdict.lasting in _KINDS:
        return ServerEvent(
            kind=_KINDS[verdict.lasting], subject=subject, moment=run.ended, reason=verdict.reason, upid=run.upid
        )
    match status:
        case Status.OK:
            reason = Reason(ReasonCode.PBSJOB_OK, {"moment": run.ended})
        case Status.WARNING:
            reason = Reason(ReasonCode.PBSJOB_WARNINGS, {"count": str(state.warnings)})
        case _:
            reason = Reason(ReasonCode.PBSJOB_FAILED, {"said": state.error or str(state)})
    return ServerEvent(kind=_KINDS[status], subject=subject, moment=run.ended, reason=reason, upid=run.upid)


def _missed(
    before: ServerHistory, context: ServerContext, verdicts: Mapping[Subject, Verdict]
) -> Iterable[ServerEvent]:
    for subject, verdict in verdicts.items():
        known = before.verdicts.get(subject)
        is_new = known is None or known.status != Status.OVERDUE.value
        if subject.kind in {"pbsjob", "group"} and verdict.status is Status.OVERDUE and is_new:
            yield ServerEvent(kind="run_missed", subject=subject, moment=context.now, reason=verdict.reason)


def _of_loss(loss: Loss, context: ServerContext) -> ServerEvent:
    subject = Subject.group(loss.place.store, loss.place.ns, str(loss.place.group))
    group = f"{loss.place.ns}/{loss.place.group}" if loss.place.ns else str(loss.place.group)
    values = {"group": group, "store": loss.place.store, "count": str(loss.count)}
    if loss.whole_group:
        reason = Reason(ReasonCode.HAPPENED_GROUP_DELETED, values)
        return ServerEvent(kind="group_deleted", subject=subject, moment=context.now, reason=reason)
    if loss.by_sync is not None:
        reason = Reason(ReasonCode.HAPPENED_POINTS_VANISHED_ON_BOTH_SIDES, values | {"job": loss.by_sync})
    else:
        reason = Reason(ReasonCode.HAPPENED_POINTS_VANISHED, values)
    return ServerEvent(kind="restore_points_vanished", subject=subject, moment=context.now, reason=reason)


def _of_move(move: Move, context: ServerContext) -> ServerEvent:
    values = {
        "group": str(move.target.group),
        "before": move.origin.ns or "/",
        "after": move.target.ns or "/",
    }
    return ServerEvent(
        kind="group_moved",
        subject=Subject.group(move.target.store, move.target.ns, str(move.target.group)),
        moment=context.clock.ours(move.ended),
        reason=Reason(ReasonCode.HAPPENED_GROUP_MOVED, values),
        upid=move.upid,
    )


def _of_rights(before: ServerHistory, context: ServerContext) -> Iterable[ServerEvent]:
    since = context.history.rights_lost_since
    if since is not None and before.rights_lost_since is None:
        yield ServerEvent(
            kind="rights_lost", subject=SERVER, moment=since, reason=Reason(ReasonCode.SERVER_RIGHTS_LOST)
        )
