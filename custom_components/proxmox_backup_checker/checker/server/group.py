"""The judgement of backup groups that no cluster's job promises: those of hosts, each by its own rhythm, learned or set."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.backup_server.group_filter import included
from ...proxmox.backup_server.job_models import SyncDirection
from ...proxmox.backup_server.namespace import covers
from ..model.labels import duration_text
from ..model.reason_codes import ReasonCode
from ..model.server_options import ServerOptions
from ..model.server_records import GroupRecord
from ..model.subject import Subject
from ..model.verdict import Confidence, Reason, Status, Verdict, unknown
from .clock import ServerClock
from .context import ServerContext, is_just_back, unreadable_since
from .datastore_care import incomplete_since, is_being_written, is_unverified, verify_jobs_of
from .group_memory import Place
from .rhythm import FEWEST_BACKUPS, Rhythm, usual_time
from .views import Axis

_NO_MONITOR: Final = "no-monitor"
_OLD_FOR_FEW: Final = timedelta(days=30)
_KEY_TOLD: Final = timedelta(days=30)
_WARNS: Final = frozenset({ReasonCode.GROUP_KEY_CHANGED, ReasonCode.GROUP_OLDER_CORRUPT, ReasonCode.GROUP_INCOMPLETE})


def judge_group(place: Place, record: GroupRecord, context: ServerContext) -> Verdict:
    """Return the verdict of a group."""
    if (left_alone := _left_alone(place, record, context)) is not None:
        return left_alone
    if record.gone is not None:
        reason = Reason(ReasonCode.GROUP_DELETED, {"count": str(record.gone_points), "moment": record.gone})
        return Verdict(status=Status.WARNING, problem=True, reason=reason, since=record.gone, findings=(reason,))
    found = context.store(place.store)
    if found is None or not context.sees(place):
        return replace(unknown(ReasonCode.GROUP_HIDDEN), last_success=_last(record, context))
    if (unreadable := unreadable_since(found, context)) is not None:
        verdict = unknown(ReasonCode.STORE_UNREADABLE, store=place.store, since=unreadable)
        return replace(verdict, since=unreadable, last_success=_last(record, context))
    verdict = _with_findings(_by_age(place, record, context), place, record, context)
    verdict = replace(verdict, last_success=_last(record, context))
    if is_being_written(place, context):
        return replace(verdict, status=Status.RUNNING, under_run=verdict.status)
    return verdict


def _left_alone(place: Place, record: GroupRecord, context: ServerContext) -> Verdict | None:
    code = why_left_alone(place, record, context.options)
    return Verdict(status=Status.IGNORED, problem=False, reason=Reason(code)) if code is not None else None


def why_left_alone(place: Place, record: GroupRecord, options: ServerOptions) -> ReasonCode | None:
    """Return why a group is of no interest to the server's user, None where it is."""
    by_choice = place.id in options.ignored_groups or any(
        store == place.store and (place.ns == ns or place.ns.startswith(f"{ns}/") or not ns)
        for store, ns in options.ignored_namespaces
    )
    if by_choice:
        return ReasonCode.GROUP_IGNORED_BY_CHOICE
    if options.honours_no_monitor and _NO_MONITOR in (record.comment or ""):
        return ReasonCode.GROUP_IGNORED_BY_COMMENT
    return None


def _last(record: GroupRecord, context: ServerContext) -> datetime | None:
    if record.last_backup is None or not record.finished:
        return None
    return context.clock.ours(record.last_backup)


def rhythm_of(place: Place, record: GroupRecord, options: ServerOptions, clock: ServerClock) -> Rhythm | None:
    """Return how often a group is to be backed up: as somebody has set it, else as it usually is."""
    if (chosen := options.rhythm.get(place.id)) is not None:
        return Rhythm(gap=chosen, is_regular=True, is_set=True)
    return Rhythm.learned(record.times, clock.zone)


def _by_age(place: Place, record: GroupRecord, context: ServerContext) -> Verdict:
    last = _last(record, context)
    rhythm = rhythm_of(place, record, context.options, context.clock)
    age = max(_present(place, context) - last, timedelta()) if last is not None else None
    if record.failed is not None:
        return _failed(record, rhythm, age, context)
    if last is None or age is None:
        return _nothing_finished(place, record, context)
    if record.newest_verification == "failed":
        return _corrupt(record, context)
    if rhythm is None:
        return _few(record, age)
    if is_just_back(place.store, context):
        # What could not be written meanwhile may come now.
        age = min(age, rhythm.late_after - timedelta(seconds=1))
    values: dict[str, str | datetime] = {"gap": duration_or_days(rhythm.gap), "age": duration_or_days(age)}
    due = last + rhythm.late_after
    if age < rhythm.late_after:
        reason = Reason(ReasonCode.GROUP_OK, values)
        verdict = Verdict(status=Status.OK, problem=False, reason=reason, confidence=Confidence.ARTIFACT)
        return replace(verdict, next_due=last + rhythm.gap if rhythm.is_regular else None)
    if not rhythm.is_regular and age < rhythm.gone_after:
        reason = Reason(ReasonCode.GROUP_LATE_FOR_LAPTOP, values)
        return Verdict(status=Status.WARNING, problem=False, reason=reason, since=due, findings=(reason,))
    return Verdict(
        status=Status.OVERDUE,
        problem=True,
        reason=_late(rhythm, record, values, context),
        since=due if rhythm.is_regular else last + rhythm.gone_after,
        failures=1,
        confidence=Confidence.ARTIFACT,
    )


def _late(rhythm: Rhythm, record: GroupRecord, values: dict[str, str | datetime], context: ServerContext) -> Reason:
    if rhythm.is_set:
        return Reason(ReasonCode.GROUP_OVERDUE_BY_CHOICE, values)
    if rhythm.is_regular and rhythm.is_daily:
        return Reason(ReasonCode.GROUP_OVERDUE_DAILY, values | {"time": usual_time(record.times, context.clock)})
    return Reason(ReasonCode.GROUP_OVERDUE, values)


def _present(place: Place, context: ServerContext) -> datetime:
    """Return until when a backup could have come: not while the datastore cannot be written, and a copy with its sync only."""
    record = context.record(place.store)
    ends = [moment for moment in (record.maintenance_since, record.away_since) if moment is not None]
    if (synced := last_sync(place, context)) is not None:
        ends.append(synced)
    return min([context.now, *ends])


def last_sync(place: Place, context: ServerContext) -> datetime | None:
    """Return when the last run began that copies here what a group has elsewhere, None for a group that clients write."""
    jobs = [
        Subject.server_job("sync", job.job_id).id
        for job in context.facts.sync_jobs
        if job.direction is SyncDirection.PULL
        and job.store == place.store
        and covers(job.ns, job.max_depth, place.ns)
        and included(place.group, job.group_filters) is not False
    ]
    started = [run.started for job in jobs for run in context.runs.get(job, [])]
    return max(started, default=None)


def duration_or_days(duration: timedelta) -> str:
    """Return a duration as people say it: in hours, from two days on in days."""
    if duration < timedelta(days=2):
        return duration_text(duration)
    days = duration / timedelta(days=1)
    return f"{days:.1f} d" if days < 10 and round(days, 1) != round(days) else f"{days:.0f} d"


def _failed(record: GroupRecord, rhythm: Rhythm | None, age: timedelta | None, context: ServerContext) -> Verdict:
    """Return the verdict on a backup that failed; that of a laptop may break off as it goes, and is made up for."""
    assert record.failed is not None
    ended = context.clock.ours(record.failed.ended)
    if rhythm is not None and not rhythm.is_regular and age is not None and age < rhythm.late_after:
        reason = Reason(ReasonCode.GROUP_BACKUP_FAILED, {"said": record.failed.error, "moment": ended})
        return Verdict(status=Status.WARNING, problem=False, reason=reason, since=ended, findings=(reason,))
    return Verdict(
        status=Status.FAILED,
        problem=True,
        reason=Reason(ReasonCode.GROUP_BACKUP_FAILED, {"said": record.failed.error, "moment": ended}),
        since=ended,
        failures=1,
        error=record.failed.error,
        evidence=(record.failed.upid,),
        confidence=Confidence.TASK,
    )


def _nothing_finished(place: Place, record: GroupRecord, context: ServerContext) -> Verdict:
    if record.backup_count == 0:
        reason = Reason(ReasonCode.GROUP_EMPTY)
        return Verdict(status=Status.WARNING, problem=False, reason=reason, findings=(reason,))
    if is_being_written(place, context):
        return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.GROUP_FIRST_BACKUP_RUNS))
    begun = record.unfinished[0] if record.unfinished else record.last_backup
    if begun is None:
        return unknown(ReasonCode.GROUP_NOT_READ)
    reason = Reason(ReasonCode.GROUP_NEVER_FINISHED, {"since": context.clock.ours(begun)})
    return Verdict(status=Status.WARNING, problem=False, reason=reason, findings=(reason,))


def _corrupt(record: GroupRecord, context: ServerContext) -> Verdict:
    """Return the verdict on a newest backup that did not pass its check, with the last one that may be good."""
    good = [time for time in record.lying if time not in record.bad]
    if good:
        reason = Reason(ReasonCode.GROUP_NEWEST_CORRUPT, {"good": context.clock.ours(good[-1])})
    else:
        reason = Reason(ReasonCode.GROUP_ALL_CORRUPT)
    return Verdict(status=Status.FAILED, problem=True, reason=reason, failures=1, confidence=Confidence.ARTIFACT)


def _few(record: GroupRecord, age: timedelta) -> Verdict:
    values = {"count": str(max(len(record.times), 1)), "needed": str(FEWEST_BACKUPS), "age": duration_or_days(age)}
    if age >= _OLD_FOR_FEW:
        reason = Reason(ReasonCode.GROUP_FEW_AND_OLD, values)
        return Verdict(status=Status.WARNING, problem=False, reason=reason, findings=(reason,))
    return Verdict(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.GROUP_LEARNING, values))


def _with_findings(verdict: Verdict, place: Place, record: GroupRecord, context: ServerContext) -> Verdict:
    findings = list(_findings(place, record, context))
    warning = next((finding for finding in findings if finding.code in _WARNS), None)
    if warning is not None and verdict.status is Status.OK:
        rest = [finding for finding in findings if finding is not warning]
        return replace(verdict, status=Status.WARNING, reason=warning, findings=(warning, *rest))
    return replace(verdict, findings=(*verdict.findings, *findings)) if findings else verdict


def _findings(place: Place, record: GroupRecord, context: ServerContext) -> Iterable[Reason]:
    clock = context.clock
    if record.bad and record.newest_verification != "failed":
        yield Reason(ReasonCode.GROUP_OLDER_CORRUPT, {"count": str(len(record.bad))})
    begun = incomplete_since(place, record, context)
    if begun is not None and record.finished:
        yield Reason(ReasonCode.GROUP_INCOMPLETE, {"since": begun})
    if record.key_changed is not None and context.now - clock.ours(record.key_changed) < _KEY_TOLD:
        yield Reason(ReasonCode.GROUP_KEY_CHANGED, {"since": clock.ours(record.key_changed)})
    if record.encrypted_since is not None:
        yield Reason(ReasonCode.GROUP_ENCRYPTED_SINCE, {"since": clock.ours(record.encrypted_since)})


def verification_of(place: Place, record: GroupRecord, context: ServerContext) -> Axis:
    """Return whether what lies there was checked where it lies."""
    clock = context.clock
    at = clock.ours(record.verified) if record.verified is not None else None
    if record.bad:
        reason = Reason(ReasonCode.CHECK_FAILED, {"count": str(len(record.bad))})
        return Axis(status=Status.FAILED, problem=True, reason=reason, at=at)
    found = context.store(place.store)
    if found is None or found.config is None or (record.read_at is None):
        return Axis(status=Status.UNKNOWN, problem=None, reason=Reason(ReasonCode.CHECK_UNKNOWN), at=at)
    if at is not None and not is_unverified(record, context):
        return Axis(status=Status.OK, problem=False, reason=Reason(ReasonCode.CHECK_OK, {"moment": at}), at=at)
    if not found.config.verify_new and not verify_jobs_of(place, context):
        if record.verified_elsewhere is not None:
            moment = clock.ours(record.verified_elsewhere)
            reason = Reason(ReasonCode.CHECK_AT_SOURCE_ONLY, {"moment": moment})
            return Axis(status=Status.PENDING, problem=False, reason=reason)
        return Axis(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.CHECK_NOT_SET_UP), at=at)
    if is_unverified(record, context):
        since: dict[str, str | datetime] = {"since": at} if at is not None else {}
        code = ReasonCode.CHECK_OLD if at is not None else ReasonCode.CHECK_NEVER
        return Axis(status=Status.WARNING, problem=True, reason=Reason(code, since), at=at)
    return Axis(status=Status.PENDING, problem=False, reason=Reason(ReasonCode.CHECK_NOT_DUE), at=at)
