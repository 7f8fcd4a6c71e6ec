"""What has happened between two looks at a cluster: each event once, whatever is restarted or restored in between.

What is in the history already has been told before. The first look is silent. A look after a long gap, as when Home
Assistant was off for days or its own backup was restored, tells of nothing but runs that have only just ended: what
happened in the gap is told by the states.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..archives.archive import file_name
from ..context import Context
from ..metrics import stored_bytes
from ..model.labels import abbreviated, job_name_by_id, labels_of_guests
from ..model.outcome import Result
from ..model.reason_codes import ReasonCode
from ..model.records import GuestRecord, History, JobRecord, MissRecord, RunRecord
from ..model.subject import Subject
from ..model.verdict import GOOD, Confidence, Reason, Status, Verdict
from ..runs.run_summary import is_empty, result_of_run, tell_run
from .events import ActivityEvent, ActivityKind
from .job_changes import changes_of_jobs, changes_of_storages
from .lost_archives import vanished_archives
from .restores import events_of_restores

# A restart or an update takes less; what is older than a day is no news either, however late it is seen.
LONGEST_GAP: Final = timedelta(hours=12)
_NEWS: Final = timedelta(hours=24)
_NEWS_AFTER_GAP: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A history before a look and `after` it, with the context and the verdicts of guests and jobs that it has led to."""

    before: History
    after: History
    context: Context
    guests: Mapping[int, Verdict]
    jobs: Mapping[str, Verdict]

    @property
    def now(self) -> datetime:
        """The moment of the look."""
        return self.context.facts.now

    @property
    def new_runs(self) -> list[RunRecord]:
        """The finished runs that were not in the history before."""
        known, runs = self.before.runs, self.after.runs
        return [] if runs is known else [run for upid, run in runs.items() if upid not in known]

    @property
    def records(self) -> Mapping[int, GuestRecord]:
        """What is remembered of guests."""
        return self.after.guests


def events_of(change: Change) -> tuple[ActivityEvent, ...]:
    """Return what has happened, oldest first."""
    if change.before.began is None:
        return ()
    evaluated = change.before.evaluated
    if evaluated is None or change.now - evaluated > LONGEST_GAP:
        found = list(_runs(change, _NEWS_AFTER_GAP))
    else:
        found = [
            *_runs(change, _NEWS),
            *_misses(change),
            *_recoveries(change),
            *_made_good_by_hand(change),
            *changes_of_jobs(change.before, change.after, change.now),
            *changes_of_storages(change.before, change.after, change.now),
            *_guests(change),
            *_vanished(change),
            *events_of_restores(change.before, change.after, change.context),
        ]
    ignored = change.context.facts.policy.ignored_jobs
    told = (event for event in found if event.job_id not in ignored)
    # A run comes before the recovery that it has brought, even where its node's clock is ahead.
    return tuple(sorted(told, key=lambda event: min(event.moment, change.now)))


def _runs(change: Change, news: timedelta) -> Iterable[ActivityEvent]:
    """Return the runs that have ended."""
    for run in change.new_runs:
        if is_empty(run) or run.ended is None:
            continue
        age = change.context.node_now(run.node) - run.ended
        if age <= news:
            yield _of_run(run, run.ended - run.started, change.now - age, change)


def _of_run(run: RunRecord, duration: timedelta, ended: datetime, change: Change) -> ActivityEvent:
    result = result_of_run(run, change.records, change.context.present)
    bad = [outcome for outcome in run.outcomes if outcome.result is not Result.OK]
    concerned = bad if result.status is Status.FAILED else run.outcomes
    vmids = tuple(dict.fromkeys(outcome.vmid for outcome in concerned))
    names = labels_of_guests(vmids, change.records)
    manual = run.confidence is Confidence.MANUAL
    job = job_name_by_id(run.job_id, change.after.jobs) or None
    sizes = [size for outcome in run.outcomes if (size := stored_bytes(outcome, change.context.facts)) is not None]
    return ActivityEvent(
        kind=_kind(result.status, manual=manual),
        identity=f"run_{run.upid}",
        moment=ended,
        reason=tell_run(run, result.status, job, names),
        job_id=run.job_id,
        job=job,
        guests=vmids,
        names=names,
        storage=run.storage,
        node=run.node,
        upid=run.upid,
        size=sum(sizes) if sizes else None,
        duration=duration,
    )


def _kind(status: Status, *, manual: bool) -> ActivityKind:
    if status is Status.FAILED:
        return ActivityKind.MANUAL_RUN_FAILED if manual else ActivityKind.RUN_FAILED
    if manual and status is not Status.UNKNOWN:
        return ActivityKind.MANUAL_RUN_SUCCEEDED
    return ActivityKind.RUN_SUCCEEDED if status is Status.OK else ActivityKind.RUN_WARNINGS


def _misses(change: Change) -> Iterable[ActivityEvent]:
    """Return the newest slot that each job has missed, and the runs that could not be started."""
    for miss in change.after.misses.values():
        verdict = change.jobs.get(miss.job_id)
        if miss.key not in change.before.misses and verdict is not None and _is_newest(miss, verdict):
            failed = miss.code.meaning.is_start_failed
            vmids = _guests_of(miss.job_id, miss.node, change)
            yield ActivityEvent(
                kind=ActivityKind.RUN_FAILED if failed else ActivityKind.RUN_MISSED,
                identity=f"miss_{miss.key}",
                moment=miss.slot,
                reason=verdict.reason,
                job_id=miss.job_id,
                job=job_name_by_id(miss.job_id, change.after.jobs),
                guests=vmids,
                names=labels_of_guests(vmids, change.records),
                node=miss.node,
            )


def _is_newest(miss: MissRecord, verdict: Verdict) -> bool:
    return miss.slot == (verdict.since if miss.code.meaning.is_start_failed else verdict.reason.values.get("slot"))


def _recoveries(change: Change) -> Iterable[ActivityEvent]:
    """Return the jobs whose row of failed or missed runs has ended well."""
    for job_id, verdict in change.jobs.items():
        known = change.before.jobs.get(job_id)
        if known is None or known.failing_since is None or verdict.status not in GOOD or verdict.problem:
            continue
        if (record := change.after.jobs.get(job_id)) is not None:
            yield _recovery(record, known.failing_since, change)


def _recovery(job: JobRecord, since: datetime, change: Change) -> ActivityEvent:
    vmids = _guests_of(job.job_id, None, change)
    return ActivityEvent(
        kind=ActivityKind.RECOVERED,
        identity=f"recovered_{job.job_id}_{int(since.timestamp())}",
        moment=change.now,
        reason=Reason(ReasonCode.HAPPENED_JOB_RECOVERED, {"job": job.name, "since": since}),
        job_id=job.job_id,
        job=job.name,
        guests=vmids,
        names=labels_of_guests(vmids, change.records),
        duration=change.now - since,
    )


def _guests_of(job_id: str, node: str | None, change: Change) -> tuple[int, ...]:
    job = change.context.job(job_id)
    guests = change.context.covered_guests(job) if job is not None else []
    return tuple(guest.vmid for guest in guests if node in {None, guest.node})


def _made_good_by_hand(change: Change) -> Iterable[ActivityEvent]:
    """Return the guests whose missing backup a person has made; what their job still owes is another matter."""
    for run in change.new_runs:
        if run.confidence is not Confidence.MANUAL:
            continue
        vmids = tuple(
            outcome.vmid
            for outcome in run.outcomes
            if outcome.result is Result.OK and _was_missing(outcome.vmid, change)
        )
        if vmids:
            names = labels_of_guests(vmids, change.records)
            yield ActivityEvent(
                kind=ActivityKind.RECOVERED,
                identity=f"recovered_{run.upid}",
                moment=change.now,
                reason=Reason(ReasonCode.HAPPENED_GUESTS_RECOVERED, {"guests": abbreviated(names), "node": run.node}),
                guests=vmids,
                names=names,
                node=run.node,
                upid=run.upid,
            )


def _was_missing(vmid: int, change: Change) -> bool:
    known, verdict = change.before.verdicts.get(Subject.guest(vmid)), change.guests.get(vmid)
    return bool(known and known.problem and verdict and verdict.problem is False and verdict.status in GOOD)


def _guests(change: Change) -> Iterable[ActivityEvent]:
    """Return the guests that are new or in no job any more, and those of which disks are newly left out."""
    if change.records is change.before.guests:
        return
    fresh: list[int] = []
    fresh_without_job: list[int] = []
    uncovered: list[int] = []
    for vmid, verdict in change.guests.items():
        record, known = change.records.get(vmid), change.before.guests.get(vmid)
        if record is None or verdict.status is Status.IGNORED:
            continue
        if record.first_seen is not None and record.first_seen != (known.first_seen if known else None):
            (fresh_without_job if record.without_job else fresh).append(vmid)
            continue
        if known is None:
            continue
        if record.without_job and known.without_job is False:
            uncovered.append(vmid)
        if disks := sorted(set(record.newly_excluded) - set(known.newly_excluded)):
            values = {"guest": abbreviated(labels_of_guests([vmid], change.records)), "disks": ", ".join(disks)}
            yield _of_guests(
                ActivityKind.DISK_EXCLUDED, [vmid], Reason(ReasonCode.HAPPENED_DISKS_EXCLUDED, values), change
            )
    yield from _grouped(ActivityKind.GUEST_NEW, fresh, ReasonCode.HAPPENED_GUESTS_NEW, change)
    yield from _grouped(ActivityKind.GUEST_NEW, fresh_without_job, ReasonCode.HAPPENED_GUESTS_NEW_WITHOUT_JOB, change)
    yield from _grouped(ActivityKind.GUEST_UNCOVERED, uncovered, ReasonCode.HAPPENED_GUESTS_UNCOVERED, change)


def _grouped(kind: ActivityKind, vmids: list[int], code: ReasonCode, change: Change) -> Iterable[ActivityEvent]:
    """Return one event for all guests to which the same has happened, none where there are none."""
    if vmids:
        reason = Reason(code, {"guests": abbreviated(labels_of_guests(vmids, change.records))})
        yield _of_guests(kind, vmids, reason, change)


def _of_guests(kind: ActivityKind, vmids: list[int], reason: Reason, change: Change) -> ActivityEvent:
    return ActivityEvent(
        kind=kind,
        identity=f"{kind}_{'_'.join(map(str, vmids))}_{int(change.now.timestamp())}",
        moment=change.now,
        reason=reason,
        guests=tuple(vmids),
        names=labels_of_guests(vmids, change.records),
    )


def _vanished(change: Change) -> Iterable[ActivityEvent]:
    """Return the archives that are gone without a reason, storage by storage."""
    for vanished in vanished_archives(change.before, change.context):
        vmids = tuple(dict.fromkeys(archive.vmid for archive in vanished.archives if archive.vmid is not None))
        values = {
            "storage": vanished.storage.storage,
            "archives": abbreviated(map(file_name, vanished.archives), 3),
        }
        yield ActivityEvent(
            kind=ActivityKind.ARCHIVE_VANISHED,
            identity=f"vanished_{vanished.key}_{int(change.now.timestamp())}",
            moment=change.now,
            reason=Reason(ReasonCode.HAPPENED_ARCHIVES_VANISHED, values),
            guests=vmids,
            names=labels_of_guests(vmids, change.records),
            storage=vanished.storage.storage,
            node=vanished.storage.node,
        )
