"""What people have restored, as events: a test beside the guest, the guest itself, or single files."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from ..context import Context
from ..model.labels import abbreviated, labels_of_guests
from ..model.reason_codes import ReasonCode
from ..model.records import History, RestoreRecord
from ..model.verdict import Reason
from .events import ActivityEvent, ActivityKind

_NEWS: Final = timedelta(hours=24)


def events_of_restores(before: History, after: History, context: Context) -> Iterable[ActivityEvent]:
    """Return the restores that were not known before and are no old news, as after a token's first sight of a node."""
    if after.restores is before.restores:
        return
    for upid, record in after.restores.items():
        age = context.node_now(record.node) - record.ended
        if upid not in before.restores and age <= _NEWS and not record.is_cancelled and not _is_lost_download(record):
            yield _event(record, after, context)


def _is_lost_download(record: RestoreRecord) -> bool:
    """Tell whether single files could not be fetched, as when somebody closes the page: nobody's restore failed."""
    return record.target is None and not record.ok


def _event(record: RestoreRecord, after: History, context: Context) -> ActivityEvent:
    vmids = (record.vmid,) if record.vmid is not None else ()
    names = labels_of_guests(vmids, after.guests)
    duration = record.ended - record.started
    return ActivityEvent(
        kind=_kind(record),
        identity=f"restore_{record.upid}",
        moment=context.facts.now - max(context.node_now(record.node) - record.ended, timedelta()),
        reason=_reason(record, abbreviated(names), duration),
        guests=vmids,
        names=names,
        storage=record.storage,
        node=record.node,
        upid=record.upid,
        size=record.size,
        duration=duration,
    )


def _kind(record: RestoreRecord) -> ActivityKind:
    if not record.ok:
        return ActivityKind.RESTORE_FAILED
    return ActivityKind.FILES_RESTORED if record.target is None else ActivityKind.RESTORE_SUCCEEDED


def _reason(record: RestoreRecord, guest: str, duration: timedelta) -> Reason:
    values = {
        "guest": guest,
        "node": record.node,
        "target": str(record.target or ""),
        "archive": record.archive or "",
        "minutes": str(max(round(duration.total_seconds() / 60), 1)),
        "error": record.error or "",
    }
    named = record.archive is not None
    if not record.ok:
        code = ReasonCode.HAPPENED_RESTORE_FAILED if named else ReasonCode.HAPPENED_RESTORE_FAILED_UNNAMED
    elif record.target is None:
        code = ReasonCode.HAPPENED_FILES_RESTORED
    elif not named:
        code = ReasonCode.HAPPENED_RESTORE_UNNAMED
    else:
        code = ReasonCode.HAPPENED_RESTORED if record.is_real else ReasonCode.HAPPENED_RESTORE_TESTED
    return Reason(code, values)
