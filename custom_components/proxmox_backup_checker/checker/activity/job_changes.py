"""What people have changed: jobs that came, went or promise something else, and retention that keeps less."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ...proxmox.retention import KeepOptions
from ..model.reason_codes import ReasonCode
from ..model.records import History, JobRecord
from ..model.verdict import Reason
from .events import ActivityEvent, ActivityKind

_RULES: Final = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
_RETENTION: Final = "prune-backups"
_ELSEWHERE: Final = frozenset({"enabled", _RETENTION})


def changes_of_jobs(before: History, after: History, now: datetime) -> Iterable[ActivityEvent]:
    """Return what was done to jobs between two states of a history."""
    # Jobs that the token may only see now are not new.
    seen_before = any(guest.without_job is not None for guest in before.guests.values())
    for job_id, job in after.jobs.items():
        known = before.jobs.get(job_id)
        if known is job:
            continue
        if known is None or (known.deleted is not None and job.deleted is None):
            if job.deleted is None and seen_before:
                yield _of_job(
                    ActivityKind.JOB_CREATED, job, now, Reason(ReasonCode.HAPPENED_JOB_CREATED, {"job": job.name})
                )
        elif job.deleted is not None:
            if known.deleted is None:
                yield _of_job(
                    ActivityKind.JOB_DELETED, job, now, Reason(ReasonCode.HAPPENED_JOB_DELETED, {"job": job.name})
                )
        else:
            yield from _changes_of_job(known, job, now)


def _changes_of_job(known: JobRecord, job: JobRecord, now: datetime) -> Iterable[ActivityEvent]:
    values = {"job": job.name}
    if known.enabled and not job.enabled:
        yield _of_job(ActivityKind.JOB_DISABLED, job, now, Reason(ReasonCode.HAPPENED_JOB_DISABLED, values))
    elif job.enabled and not known.enabled:
        yield _of_job(ActivityKind.JOB_ENABLED, job, now, Reason(ReasonCode.HAPPENED_JOB_ENABLED, values))
    names = sorted((known.fingerprint.keys() | job.fingerprint.keys()) - _ELSEWHERE)
    details = [
        _change(name, known.fingerprint.get(name, ""), job.fingerprint.get(name, ""))
        for name in names
        if known.fingerprint.get(name) != job.fingerprint.get(name)
    ]
    old, new = known.fingerprint.get(_RETENTION), job.fingerprint.get(_RETENTION)
    if old != new:
        if keeps_less(old, new):
            kept = {**values, "before": old or "–", "after": new or "–"}
            yield _of_job(ActivityKind.RETENTION_CUT, job, now, Reason(ReasonCode.HAPPENED_JOB_RETENTION_CUT, kept))
        else:
            details.append(Reason(ReasonCode.CHANGED_RETENTION, {"before": old or "–", "after": new or "–"}))
    if details:
        reason = Reason(ReasonCode.HAPPENED_JOB_CHANGED, values)
        yield _of_job(ActivityKind.JOB_CHANGED, job, now, reason, tuple(details))


def _change(name: str, before: str, after: str) -> Reason:
    """Return what has become of one of the things that a job promises."""
    values = {"before": before or "–", "after": after or "–"}
    match name:
        case "schedule":
            return Reason(ReasonCode.CHANGED_SCHEDULE, values)
        case "storage":
            return Reason(ReasonCode.CHANGED_STORAGE, values)
        case "node":
            return Reason(ReasonCode.CHANGED_NODE, values)
        case "pool":
            return Reason(ReasonCode.CHANGED_POOL, values)
        case "mode":
            return Reason(ReasonCode.CHANGED_MODE, values)
        case "vmid":
            return Reason(ReasonCode.CHANGED_GUESTS, {"change": _numbers(before, after)})
        case "exclude":
            return Reason(ReasonCode.CHANGED_EXCLUSIONS, {"change": _numbers(before, after)})
        case _:
            return Reason(ReasonCode.CHANGED_ALL_GUESTS)


def _numbers(before: str, after: str) -> str:
    """Return which numbers came to a list and which went, as +105 -101."""
    old, new = ({number for number in text.split(",") if number} for text in (before, after))
    came = [f"+{number}" for number in sorted(new - old, key=int)]
    went = [f"-{number}" for number in sorted(old - new, key=int)]
    return " ".join([*came, *went])


def changes_of_storages(before: History, after: History, now: datetime) -> Iterable[ActivityEvent]:
    """Return which storages keep less than before."""
    for key, storage in after.storages.items():
        known = before.storages.get(key)
        # A storage whose retention was never seen has not lost any.
        if known is None or known.listed is None or known.keep == storage.keep:
            continue
        if keeps_less(known.keep, storage.keep):
            values = {"storage": storage.storage, "before": known.keep or "–", "after": storage.keep or "–"}
            yield ActivityEvent(
                kind=ActivityKind.RETENTION_CUT,
                identity=f"retention_cut_{key}_{int(now.timestamp())}",
                moment=now,
                reason=Reason(ReasonCode.HAPPENED_STORAGE_RETENTION_CUT, values),
                storage=storage.storage,
                node=storage.node,
            )


def keeps_less(before: str | None, after: str | None) -> bool:
    """Tell whether any rule of a retention was lowered or, where all was kept, there is a limit now.

    Without a retention of its own a job has that of its storage: to have none any more, or one for the first time, tells
    nothing by itself.
    """
    if not before or not after:
        return False
    try:
        old, new = KeepOptions.parse(before), KeepOptions.parse(after)
    except ValueError:
        return False
    if old.keeps_everything or new.keeps_everything:
        return old.keeps_everything and not new.keeps_everything
    return any(getattr(new, rule) < getattr(old, rule) for rule in _RULES)


def _of_job(
    kind: ActivityKind, job: JobRecord, now: datetime, reason: Reason, details: tuple[Reason, ...] = ()
) -> ActivityEvent:
    return ActivityEvent(
        kind=kind,
        identity=f"{kind}_{job.job_id}_{int(now.timestamp())}",
        moment=now,
        reason=reason,
        details=details,
        job_id=job.job_id,
        job=job.name,
    )
