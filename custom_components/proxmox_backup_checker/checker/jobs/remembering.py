"""What is remembered of jobs: what each promised, since when, and what it was before it was edited."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ..model.facts import Facts, JobState
from ..model.labels import job_name
from ..model.records import History, JobDefinition, JobRecord

_MOST_DEFINITIONS: Final = 10


def remembered_jobs(history: History, facts: Facts) -> Mapping[str, JobRecord]:
    """Return the records of jobs with what the facts add to them."""
    if facts.jobs is None:
        return history.jobs
    records = {job.job_id: _job(history, job, facts) for job in facts.jobs}
    for job_id, record in history.jobs.items():
        if job_id in facts.unread_jobs:
            records.setdefault(job_id, record)
        elif job_id not in records:
            gone = record.deleted or (facts.now if facts.cluster.quorate else None)
            records[job_id] = record if gone == record.deleted else replace(record, deleted=gone)
    return records


def _job(history: History, job: BackupJob, facts: Facts) -> JobRecord:
    now, seen = facts.now, _jobs_seen(history)
    record = history.jobs.get(job.job_id)
    schedule = job.schedule or job.starttime
    if record is None:
        was_there = are_jobs_seen_first(history)
        created = _created(job, facts.job_states) if was_there else now
        record = JobRecord(
            job_id=job.job_id,
            name=job_name(job),
            first_seen=None if was_there else now,
            enabled=job.enabled,
            schedule=schedule,
            owed_since=created,
            owed_because="created" if created else None,
            owed_after=None if was_there else seen,
            disabled_since=None if job.enabled or was_there else now,
        )
    elif record.deleted is not None:
        record = replace(
            record, deleted=None, owed_since=now, owed_because="created", owed_after=seen, failing_since=None
        )
    if job.enabled and not record.enabled:
        record = replace(record, owed_since=now, owed_because="enabled", owed_after=seen, disabled_since=None)
    elif not job.enabled and record.enabled:
        record = replace(record, disabled_since=now)
    return replace(
        record,
        past=_past(record, job, seen, now),
        name=job_name(job),
        enabled=job.enabled,
        schedule=schedule,
        days=_days(job),
        fingerprint=_fingerprint(job),
        next_run=job.next_run,
    )


def _jobs_seen(history: History) -> datetime | None:
    """Return the last look at which the jobs could be seen; version 0.1.0 kept only the last one at all."""
    return history.jobs_seen or history.evaluated


def are_jobs_seen_first(history: History) -> bool:
    """Tell whether this look is the first that shows the jobs: they were there before."""
    return history.began is None or (history.jobs_unseen and not history.jobs)


def _days(job: BackupJob) -> str | None:
    """Return the weekdays of a job of vzdump.cron; None for every other."""
    return (job.day_of_week or "") if job.starttime and not job.schedule else None


def _past(record: JobRecord, job: BackupJob, seen: datetime | None, now: datetime) -> tuple[JobDefinition, ...]:
    """Return a job's earlier schedules and storages; who edits a job does not thereby get the backup that is owed.

    Slots between the last look, at which it was `seen`, and this one may be of either: they are of neither.
    """
    if record.owed_since == now:
        return ()
    same_days = record.days is None or record.days == _days(job)
    known = record.fingerprint or _fingerprint(job)
    if (
        record.schedule == (job.schedule or job.starttime)
        and same_days
        and (known.get("storage") or None) == (job.storage or None)
    ):
        return record.past
    before = JobDefinition(
        until=min(seen or now, now),
        edited=now,
        schedule=record.schedule,
        days=record.days,
        storage=known.get("storage"),
    )
    return (before, *record.past)[:_MOST_DEFINITIONS]


def _created(job: BackupJob, states: Iterable[JobState]) -> datetime | None:
    """Return since when a job waits for its first run, where the state files tell."""
    waiting = [state for state in states if state.job_id == job.job_id]
    if not waiting or any(state.state != "created" for state in waiting):
        return None
    return max((state.updated for state in waiting if state.updated is not None), default=None)


def _fingerprint(job: BackupJob) -> dict[str, str]:
    """Return what a job promises, as texts by name."""
    promised = {
        "enabled": "1" if job.enabled else "0",
        "schedule": job.schedule or job.starttime,
        "storage": job.storage,
        "node": job.node,
        "pool": job.pool,
        "vmid": ",".join(str(vmid) for vmid in sorted(job.vmids)),
        "all": "1" if job.all_guests else None,
        "exclude": ",".join(str(vmid) for vmid in sorted(job.exclude)),
        "mode": job.mode,
        "prune-backups": _text(job.options.get("prune-backups")),
    }
    return {name: value for name, value in promised.items() if value}


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}={value[key]}" for key in sorted(value))
    return "" if value is None else str(value)
