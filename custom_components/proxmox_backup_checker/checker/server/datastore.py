"""The judgement of datastores: there, with room for what is to come, and looked after."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.backup_server.datastore_models import MountStatus
from ..model.labels import duration_text, size_text
from ..model.reason_codes import ReasonCode
from ..model.server_facts import DatastoreFacts
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown
from .context import ServerContext
from .datastore_care import care_findings, informative
from .store_memory import asleep_limit

FILLING: Final = 0.85
NEARLY_FULL: Final = 0.95
UNMOUNT_LIMIT: Final = timedelta(hours=2)


def used_share(facts: DatastoreFacts) -> float | None:
    """Return the share in use, between 0 and 1."""
    usage = facts.usage
    if usage is None or not usage.total or usage.used is None:
        return None
    return usage.used / usage.total


def is_s3(facts: DatastoreFacts) -> bool:
    """Tell whether it lies in a bucket, and what is on the disk is a cache."""
    return "s3" in {facts.datastore.backend, facts.config.backend if facts.config is not None else None}


def judge_datastore(facts: DatastoreFacts, context: ServerContext) -> Verdict:
    """Return the verdict of a datastore."""
    if facts.hidden:
        since = context.record(facts.datastore.store).hidden_since
        return replace(unknown(ReasonCode.DATASTORE_HIDDEN), since=since)
    if (away := _away(facts, context)) is not None:
        return away
    if facts.datastore.maintenance is not None:
        return _in_maintenance(facts, context)
    verdict = _by_fill(facts, context)
    findings = care_findings(facts, context)
    if (soon := _full_soon(facts, context)) is not None:
        findings = [soon, *findings]
    telling = [finding for finding in findings if not informative(finding)]
    if verdict.status is Status.OK and telling:
        verdict = replace(verdict, status=Status.WARNING, reason=telling[0])
        others = [finding for finding in findings if finding is not telling[0]]
        return replace(verdict, findings=(telling[0], *others))
    return replace(verdict, findings=(*verdict.findings, *findings))


def _away(facts: DatastoreFacts, context: ServerContext) -> Verdict | None:
    """Return the verdict on a disk that is not there: it rests, until it has been away for too long."""
    if facts.datastore.mount_status is not MountStatus.NOT_MOUNTED:
        return None
    record = context.record(facts.datastore.store)
    since = record.away_since or context.now
    away = context.present - since
    limit, judged_by = asleep_limit(record, context.options), away
    others = [context.record(store) for store in _rotation_of(facts.datastore.store, context)]
    if others:
        # Disks that take turns are judged by the one that was there last.
        if any(other.away_since is None for other in others):
            judged_by = timedelta()
        else:
            judged_by = min(away, *(context.present - (other.away_since or context.now) for other in others))
    if judged_by <= limit:
        return Verdict(
            status=Status.ASLEEP,
            problem=False,
            reason=Reason(ReasonCode.DATASTORE_ASLEEP, {"since": since}),
            since=since,
            confidence=Confidence.EXACT,
        )
    reason = Reason(ReasonCode.DATASTORE_ASLEEP_TOO_LONG, {"since": since, "limit": _days(limit)})
    return Verdict(
        status=Status.WARNING,
        problem=True,
        reason=reason,
        since=since + limit,
        findings=(reason,),
        confidence=Confidence.EXACT,
    )


def _days(duration: timedelta) -> str:
    return str(max(1, round(duration / timedelta(days=1))))


def _rotation_of(store: str, context: ServerContext) -> list[str]:
    """Return the other datastores whose disks take turns with this one."""
    return [other for names in context.options.rotation if store in names for other in sorted(names) if other != store]


def _in_maintenance(facts: DatastoreFacts, context: ServerContext) -> Verdict:
    mode = facts.datastore.maintenance
    assert mode is not None
    since = context.record(facts.datastore.store).maintenance_since or context.now
    lasted = context.present - since
    if mode.kind == "unmount" and lasted >= UNMOUNT_LIMIT:
        reason = Reason(ReasonCode.DATASTORE_UNMOUNT_STUCK, {"since": since, "store": facts.datastore.store})
        return Verdict(status=Status.WARNING, problem=True, reason=reason, since=since, findings=(reason,))
    values = {"mode": mode.kind, "message": mode.message or ""}
    code = ReasonCode.DATASTORE_READ_ONLY if mode.allows_reading else ReasonCode.DATASTORE_IN_MAINTENANCE
    if not mode.allows_reading and lasted >= context.options.blind_limit:
        verdict = unknown(ReasonCode.DATASTORE_UNREADABLE_TOO_LONG, since=since, **values)
        return replace(verdict, problem=True, since=since)
    if mode.message:
        code = {
            ReasonCode.DATASTORE_READ_ONLY: ReasonCode.DATASTORE_READ_ONLY_BECAUSE,
            ReasonCode.DATASTORE_IN_MAINTENANCE: ReasonCode.DATASTORE_IN_MAINTENANCE_BECAUSE,
        }[code]
    return Verdict(
        status=Status.PAUSED, problem=False, reason=Reason(code, values), since=since, confidence=Confidence.EXACT
    )


def _by_fill(facts: DatastoreFacts, context: ServerContext) -> Verdict:
    share = used_share(facts)
    if share is None:
        return unknown(ReasonCode.DATASTORE_FILL_UNKNOWN)
    values = {"percent": f"{100 * share:.0f}"}
    trace = {"rule": "fill", "share": f"{share:.4f}"}
    if is_s3(facts):
        reason = Reason(ReasonCode.DATASTORE_CACHE_OK, values)
        return Verdict(status=Status.OK, problem=False, reason=reason, confidence=Confidence.EXACT, trace=trace)
    if share < FILLING:
        reason = Reason(ReasonCode.DATASTORE_OK, values)
        return Verdict(status=Status.OK, problem=False, reason=reason, confidence=Confidence.EXACT, trace=trace)
    is_full = share >= NEARLY_FULL
    reason = Reason(ReasonCode.DATASTORE_NEARLY_FULL if is_full else ReasonCode.DATASTORE_FILLING, values)
    pending = _pending(facts.datastore.store, context)
    return Verdict(
        status=Status.FAILED if is_full else Status.WARNING,
        problem=is_full,
        reason=reason,
        findings=(reason, *([pending] if pending is not None else [])),
        confidence=Confidence.EXACT,
        trace=trace,
    )


def _pending(store: str, context: ServerContext) -> Reason | None:
    """Tell how much the next garbage collection will free: what went out of use less than a day ago stays until then."""
    found = next((entry for entry in context.facts.garbage_collections if entry.store == store), None)
    if found is None or found.pending_bytes <= 0:
        return None
    return Reason(ReasonCode.DATASTORE_PENDING, {"size": size_text(found.pending_bytes)})


def _full_soon(facts: DatastoreFacts, context: ServerContext) -> Reason | None:
    record = context.record(facts.datastore.store)
    if record.full_on is None or is_s3(facts):
        return None
    left = max(record.full_on - context.now, timedelta())
    return Reason(ReasonCode.DATASTORE_FULL_SOON, {"moment": record.full_on, "left": duration_text(left)})


def full_on(facts: DatastoreFacts, context: ServerContext) -> datetime | None:
    """Return when a datastore will be full: a near end is held for a day against a forecast that jumps away."""
    record = context.record(facts.datastore.store)
    if is_s3(facts):
        return None
    if record.full_on is not None:
        return record.full_on
    return None if facts.full_on is None else context.clock.ours(facts.full_on)
