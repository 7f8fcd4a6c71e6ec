"""The judgement of guests: the worst of what the jobs that cover each of them have promised."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
import math
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ..archives.archive import logged_name
from ..context import Context
from ..jobs.coverage import Coverage, in_order
from ..jobs.timetable import has_schedule
from ..model.facts import Blindness
from ..model.labels import job_name, names_of_jobs
from ..model.outcome import Outcome, Result, written_name
from ..model.policy import NO_BACKUP_TAG, agreed_age
from ..model.reason_codes import ReasonCode
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict, gravity, unknown, with_values
from .guest_findings import findings_of, hints_of, still_broken
from .promises import from_outcome, judge_promise

_NOT_GOOD: Final = frozenset({Status.FAILED, Status.OVERDUE, Status.UNKNOWN, Status.UNCOVERED})
_WORST_FIRST: Final = (Status.FAILED, Status.OVERDUE, Status.UNKNOWN, Status.WARNING, Status.OK, Status.PENDING)


def judge_guest(guest: Guest, context: Context) -> Verdict:
    """Return the verdict of a guest."""
    verdict = _settled(guest, context)
    outcomes = context.outcomes(guest)
    foreign = context.foreign_archives(guest)
    trace = {**verdict.trace, "foreign_archives": str(len(foreign))} if foreign else verdict.trace
    verdict = with_values(verdict, last_success=last_success(guest, context), trace=trace)
    verdict = _within_age(guest, verdict, context)
    if verdict.status in GOOD:
        if changed := _storage_changed(guest, context):
            return replace(changed, last_success=verdict.last_success, next_due=verdict.next_due)
        verdict = _with_findings(verdict, findings_of(guest, verdict, outcomes, context))
    elif verdict.status in _NOT_GOOD:
        verdict = replace(verdict, findings=(*verdict.findings, *hints_of(guest, verdict, outcomes, context)))
        if verdict.status is Status.UNKNOWN and not context.changed_storages:
            # What was broken before is so until something good is seen.
            verdict = _with_findings(verdict, still_broken(guest, context))
    if verdict.status is Status.WARNING and context.facts.policy.warnings_are_problems:
        verdict = replace(verdict, problem=True)
    if context.backed_up_now(guest):
        if verdict.reason.code is ReasonCode.NO_RUN_SEEN:
            verdict = replace(verdict, reason=Reason(ReasonCode.NO_EARLIER_RUN_SEEN, verdict.reason.values))
        return replace(verdict, status=Status.RUNNING, under_run=verdict.status)
    return verdict


def _within_age(guest: Guest, verdict: Verdict, context: Context) -> Verdict:
    """Hold the last good backup against the age that is allowed; a guest's own tag stands in for a job.

    Where jobs are hidden, the age is all that there is to judge by.
    """
    limit, last = context.facts.policy.age_allowed(guest), verdict.last_success
    if limit is None or last is None or verdict.status is Status.IGNORED:
        return verdict
    hours = int(limit.total_seconds() // 3600)
    days = hours % 24 == 0 and hours > 24
    values: dict[str, str | datetime] = {"last": last, "count": str(hours // 24 if days else hours)}
    trace = {**verdict.trace, "age_allowed": str(limit)}
    if context.has_come(last + limit):
        is_seen = context.is_off(guest) or context.is_seen(guest.node, last + limit)
        if verdict.problem is True or not is_seen:
            return verdict
        reason = Reason(ReasonCode.OLDER_THAN_ALLOWED_DAYS if days else ReasonCode.OLDER_THAN_ALLOWED_HOURS, values)
        return replace(verdict, status=Status.OVERDUE, problem=True, reason=reason, since=last + limit, trace=trace)
    if verdict.reason.code is ReasonCode.JOBS_HIDDEN:
        reason = Reason(
            ReasonCode.YOUNG_ENOUGH_JOBS_HIDDEN_DAYS if days else ReasonCode.YOUNG_ENOUGH_JOBS_HIDDEN_HOURS, values
        )
        return replace(verdict, status=Status.OK, problem=False, reason=reason, since=last, trace=trace)
    if verdict.status is Status.UNCOVERED and agreed_age(guest.tags) is not None:
        reason = Reason(
            ReasonCode.YOUNG_ENOUGH_WITHOUT_JOB_DAYS if days else ReasonCode.YOUNG_ENOUGH_WITHOUT_JOB_HOURS, values
        )
        return replace(verdict, status=Status.OK, problem=False, reason=reason, since=last, trace=trace)
    return verdict


def _storage_changed(guest: Guest, context: Context) -> Verdict | None:
    """Return that nothing is certain where a storage on which a guest's backups are promised is not what it was.

    An empty directory in place of a file server says nothing of the archives on the server.
    """
    changed = context.changed_storages
    if not changed:
        return None
    names = {context.facts.storage_name(job.storage, guest.node) for job in context.jobs_of(guest)}
    for storage, since in changed:
        if storage.storage in names and storage.serves(guest.node):
            return replace(unknown(ReasonCode.STORAGE_NOT_WHAT_IT_WAS, storage=storage.storage), since=since)
    return None


def _with_findings(verdict: Verdict, findings: list[tuple[Status, Reason]]) -> Verdict:
    """Let findings that are more than a hint change a good verdict."""
    if not findings:
        return verdict
    reasons = (*verdict.findings, *(reason for _, reason in findings))
    for status, reason in findings:
        if status is Status.FAILED:
            return replace(verdict, status=status, problem=True, reason=reason, findings=reasons)
    for status, reason in findings:
        if status is Status.WARNING:
            return replace(verdict, status=status, reason=reason, findings=reasons)
    return replace(verdict, findings=reasons)


def last_success(guest: Guest, context: Context) -> datetime | None:
    """Return when the newest good backup was finished that is still there, or begun where only its archive is known."""
    good = _newest_that_is_there(guest, context)
    moments = [good.finished or good.started] if good is not None else []
    newest = next(iter(context.archives(guest)), None)
    # A run knows better than the name of a file when it was written.
    if newest is not None and (good is None or written_name(good.archive or "") != logged_name(newest)):
        moments.append(context.written_between(newest)[0])
    return max(moments, default=None)


def _newest_that_is_there(guest: Guest, context: Context) -> Outcome | None:
    record = context.guest_record(guest)
    missing = record.missing if record else {}
    gone: set[str | None] = set()
    for outcome in context.outcomes(guest):
        if outcome.result is not Result.OK or outcome.storage in gone:
            continue
        if outcome.archive is not None and (lost := missing.get(outcome.archive)) is not None and lost.confirmed:
            # What is older there may be gone as well: the storage's list tells what is left.
            gone.add(outcome.storage)
            continue
        return outcome
    return None


def _settled(guest: Guest, context: Context) -> Verdict:
    """Return the verdict as it is apart from any run in progress."""
    facts = context.facts
    if guest.vmid in facts.policy.ignored_guests:
        return Verdict(status=Status.IGNORED, problem=False, reason=Reason(ReasonCode.IGNORED_BY_CHOICE))
    if context.is_ignored(guest):
        return Verdict(
            status=Status.IGNORED, problem=False, reason=Reason(ReasonCode.IGNORED_BY_TAG, {"tag": NO_BACKUP_TAG})
        )
    if facts.jobs_blindness is not None:
        return _without_jobs_visible(guest, context)
    covering = context.jobs_of(guest)
    promises = [(job, verdict) for job in covering if (verdict := judge_promise(guest, job, context)) is not None]
    if not promises:
        return _without_promise(guest, covering, context)
    return _moved_between_jobs(guest, _worst(promises, guest, context), covering, context)


def _moved_between_jobs(guest: Guest, verdict: Verdict, covering: Sequence[BackupJob], context: Context) -> Verdict:
    """Return that a guest is overdue which moves between the nodes of its jobs, always before their slots.

    Each time it comes back, its job there owes it nothing yet and still knows the good backup from before. It has as long as
    the longer one of their rhythms allows, from its last good backup on. Who has given it a job since it moved has helped it.
    """
    record = context.guest_record(guest)
    if record is None or record.moved is None or record.moved_from is None:
        return verdict
    if all((since := context.owed_since(job)) is not None and since > record.moved for job in covering):
        return verdict
    last = last_success(guest, context) or record.since or record.first_seen or context.history.began
    is_settled = verdict.status in GOOD and last is not None and last >= record.moved
    if last is None or is_settled or verdict.status not in {*GOOD, Status.PENDING}:
        return verdict
    there = replace(guest, node=record.moved_from)
    left = [
        job
        for job in in_order(context.facts.jobs or ())
        if job.enabled and job not in covering and context.covers(job, there) is Coverage.YES
    ]
    limits = [limit for job in (*covering, *left) if (limit := context.longest_gap(job, guest.node)) is not None]
    if not left or not limits or not context.has_come(last + max(limits)):
        return verdict
    values: dict[str, str | datetime] = {"last": last, "node": guest.node, "origin": record.moved_from}
    reason = Reason(ReasonCode.MOVED_BETWEEN_JOBS, {**values, "job": names_of_jobs([*left, *covering])})
    return replace(verdict, status=Status.OVERDUE, problem=True, reason=reason, since=last + max(limits), failures=1)


def _worst(promises: list[tuple[BackupJob, Verdict]], guest: Guest, context: Context) -> Verdict:
    """Return the worst verdict of all jobs; of two alike the one that failed more often, else with the newer evidence, else due next."""
    worst, next_due = promises[0][1], promises[0][1].next_due
    if len(promises) > 1:
        promises = sorted(promises, key=_comes)
        worst = min(
            (verdict for _, verdict in promises),
            key=lambda verdict: (
                gravity(verdict.status),
                -verdict.failures,
                -(verdict.since.timestamp() if verdict.since else 0),
            ),
        )
        next_due = promises[0][1].next_due
        worst = worst if worst.next_due == next_due else replace(worst, next_due=next_due)
    if worst.status in {Status.OK, Status.PENDING, Status.WARNING}:
        for job, _ in promises:
            if finding := _storage_out_of_reach(job, guest, context):
                return replace(worst, status=Status.WARNING, reason=finding, findings=(finding,))
    return worst


def _comes(promise: tuple[BackupJob, Verdict]) -> float:
    return promise[1].next_due.timestamp() if promise[1].next_due is not None else math.inf


def _storage_out_of_reach(job: BackupJob, guest: Guest, context: Context) -> Reason | None:
    """Return the warning that the next run cannot succeed: the guest's node may not use the job's storage."""
    if job.storage is None or not context.facts.is_denied(job.storage, guest.node):
        return None
    return Reason(ReasonCode.STORAGE_NOT_ON_NODE, {"storage": job.storage, "node": guest.node, "job": job_name(job)})


def _without_jobs_visible(guest: Guest, context: Context) -> Verdict:
    """Judge by the age of the newest archive where the jobs cannot be seen: it is never called protected.

    That the last run of a job failed is seen all the same.
    """
    if (failed := _last_failure(guest, context)) is not None:
        return from_outcome(failed, context)
    verdict = unknown(context.facts.jobs_blindness or Blindness.JOBS_HIDDEN)
    archives = context.archives(guest)
    if archives:
        return replace(verdict, evidence=(archives[0].volid,), confidence=Confidence.ARTIFACT)
    return verdict


def _last_failure(guest: Guest, context: Context) -> Outcome | None:
    """Return what failed last, of each job that was enabled, unless a backup by hand onto its storage was good since."""
    seen: set[str] = set()
    cured: set[str | None] = set()
    for one in context.outcomes(guest):
        if one.job_id is None:
            if one.result is Result.OK:
                cured.add(one.storage)
        elif one.result is not Result.RUNNING and one.job_id not in seen:
            seen.add(one.job_id)
            job = context.history.jobs.get(one.job_id)
            is_owed = job is not None and job.enabled and job.deleted is None
            if is_owed and one.result.is_bad and one.storage not in cured:
                return one
    return None


def _without_promise(guest: Guest, covering: list[BackupJob], context: Context) -> Verdict:
    if context.may_be_covered(guest):
        return unknown(Blindness.POOLS_HIDDEN)
    if not covering and None in context.facts.unread_jobs.values():
        # A job that could never be read may cover it.
        return unknown(Blindness.JOBS_UNREADABLE)
    if covering:
        # They run only when somebody starts them.
        reason = Reason(
            ReasonCode.JOB_NEVER_COMES if all(map(has_schedule, covering)) else ReasonCode.JOB_WITHOUT_SCHEDULE,
            {"job": names_of_jobs(covering)},
        )
        return Verdict(status=Status.UNCOVERED, problem=True, reason=reason)
    if paused := context.jobs_of(guest, enabled=False):
        return _paused(guest, paused, context)
    if guest.template:
        return Verdict(status=Status.IGNORED, problem=False, reason=Reason(ReasonCode.TEMPLATE_WITHOUT_JOB))
    if guest.template is None and context.is_off(guest):
        # It may be a template, or tagged as one that needs no backup.
        return unknown(Blindness.NODE_UNREACHABLE, node=guest.node)
    return _uncovered(guest, context)


def _paused(guest: Guest, paused: Iterable[BackupJob], context: Context) -> Verdict:
    paused = list(paused)
    last = last_success(guest, context)
    records = [record for job in paused if (record := context.job_record(job)) is not None]
    since = max((record.disabled_since for record in records if record.disabled_since is not None), default=None)
    limit, job = context.facts.policy.pause_limit, names_of_jobs(paused)
    recent = last is not None and not context.has_come(last + limit)
    known = context.guest_record(guest)
    first = known.first_seen or (since and context.history.began) if known is not None else None
    if last is None and first is not None:
        # A new guest has some days, in a disabled job as in none; so has one that may have been new at the first look, if its
        # job was switched off later.
        recent = not context.has_come(first + context.facts.policy.new_guest_grace)
    return Verdict(
        status=Status.PAUSED,
        problem=not recent,
        reason=Reason(ReasonCode.JOB_DISABLED, {"job": job})
        if recent
        else Reason(ReasonCode.JOB_DISABLED_TOO_LONG, {"job": job, "days": str(limit.days)}),
        since=since,
        job_id=paused[0].job_id,
        trace={"rule": "job_disabled", "pause_limit": str(limit)},
    )


def _uncovered(guest: Guest, context: Context) -> Verdict:
    """Judge a guest that is in no job: a new one has some days until that is a problem."""
    record = context.guest_record(guest)
    since = record.uncovered_since if record else None
    grace = context.facts.policy.new_guest_grace
    trace = {"rule": "no_job", "grace": str(grace)}
    code = _why_uncovered(guest, context)
    if since is not None and not context.has_come(since + grace):
        if record is not None and record.first_seen is not None and record.first_seen >= since:
            return Verdict(
                status=Status.PENDING,
                problem=False,
                reason=Reason(ReasonCode.NEW_WITHOUT_JOB),
                since=since,
                trace=trace,
            )
        return Verdict(status=Status.UNCOVERED, problem=False, reason=code, since=since, trace=trace)
    return Verdict(status=Status.UNCOVERED, problem=True, reason=code, since=since, trace=trace)


def _why_uncovered(guest: Guest, context: Context) -> Reason:
    """Return why no job covers a guest.

    Often it has moved away from the node to which its job is bound; else a job that leaves it out tells more than one that
    it never had.
    """
    enabled = [job for job in in_order(context.facts.jobs or ()) if job.enabled]
    elsewhere = {
        job.node: job
        for job in reversed(enabled)
        if job.node is not None and context.covers(job, replace(guest, node=job.node)) is Coverage.YES
    }
    excluding = next((job for job in enabled if job.all_guests and guest.vmid in job.exclude), None)
    record = context.guest_record(guest)
    left = record.moved_from if record is not None else None
    if excluding is not None and left not in elsewhere:
        return Reason(ReasonCode.EXCLUDED_FROM_JOB, {"job": job_name(excluding)})
    if not elsewhere:
        return Reason(ReasonCode.NO_JOB)
    node = left if left in elsewhere else min(elsewhere)
    return Reason(ReasonCode.JOB_ON_OTHER_NODE, {"job": job_name(elsewhere[node]), "node": node, "here": guest.node})
