"""What is worth telling of a day or a week: what ran, what failed, what is missing, and how full the storages are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor
from typing import Final

from ..assessment import Assessment, StorageView
from ..metrics import stored_bytes, used_percent
from ..model.labels import guest_label, job_name, job_name_by_id
from ..model.outcome import Outcome, Result, succeeded
from ..model.records import RunRecord
from ..model.subject import Subject
from ..model.verdict import Status, Verdict
from ..runs.run_summary import result_of_run, starts_of

_SOON: Final = 365


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A guest, job or storage with the verdict on it as it is now.

    `acknowledged` tells that a person has said to know of the problem.
    """

    subject: Subject
    name: str
    verdict: Verdict
    acknowledged: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """How often a guest's backup failed, or a job's run as a whole, and what Proxmox said last; `settled` if all is well now."""

    subject: Subject
    name: str
    times: int
    last: datetime
    error: str | None
    settled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class JobTally:
    """The runs of one job, or with `job_id` None those that belong to none; `size` in bytes, None where not known.

    What a job did at one time on several nodes is one run.
    """

    job_id: str | None
    name: str
    runs: int
    warnings: int
    failed: int
    size: int | None
    duration: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """How full a storage is and when it will be; sizes in bytes."""

    key: str
    name: str
    used: int | None
    total: int | None
    free: int | None
    percent: float | None
    full_on: datetime | None

    def days_left(self, now: datetime) -> int | None:
        """Return the number of days until it is full, None where that cannot be told."""
        return None if self.full_on is None else max(0, floor((self.full_on - now).total_seconds() / 86400))

    def few_days_left(self, now: datetime) -> int | None:
        """Return that number, None where it is so great that it is no news."""
        days = self.days_left(now)
        return days if days is not None and days <= _SOON else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A period in facts; guests that are ignored count nowhere but in `ignored`.

    `problems` are those of the moment, a job's only where none of its guests shows it. `busy` is how long backups ran in all.
    """

    since: datetime
    until: datetime
    cluster: str
    guests: int
    protected: int
    paused: int
    ignored: int
    problems: tuple[Standing, ...]
    unknown: tuple[Standing, ...]
    warnings: tuple[Standing, ...]
    uncovered: tuple[Standing, ...]
    failures: tuple[Failure, ...]
    jobs: tuple[JobTally, ...]
    storages: tuple[Capacity, ...]
    size: int | None
    busy: timedelta
    next_due: datetime | None

    @property
    def runs(self) -> int:
        """The number of runs."""
        return sum(tally.runs for tally in self.jobs)

    @property
    def runs_failed(self) -> int:
        """The number of runs that failed."""
        return sum(tally.failed for tally in self.jobs)

    def count(self, status: Status) -> int:
        """Return how many guests have a problem of a kind."""
        return sum(found.subject.kind == "guest" and found.verdict.lasting is status for found in self.problems)


def report(assessment: Assessment, since: datetime, until: datetime) -> Report:
    """Return the report of a period that ends now or has ended."""
    runs = [run for run in assessment.history.rightly_dated_runs() if since <= (run.ended or run.started) < until]
    runs.sort(key=lambda run: run.started)
    standings = list(standings_of(assessment))
    guests = [found for found in standings if found.subject.kind == "guest"]
    upcoming = [found.verdict.next_due for found in standings if found.verdict.next_due is not None]
    return Report(
        since=since,
        until=until,
        cluster=assessment.cluster.title,
        guests=assessment.counts.guests - assessment.counts.ignored,
        protected=assessment.counts.protected,
        paused=assessment.counts.paused,
        ignored=assessment.counts.ignored,
        problems=_problems(standings),
        unknown=tuple(found for found in standings if found.verdict.problem is None),
        warnings=tuple(
            found for found in standings if found.verdict.problem is False and found.verdict.lasting is Status.WARNING
        ),
        uncovered=tuple(
            found for found in guests if found.verdict.problem is False and found.verdict.status is Status.UNCOVERED
        ),
        failures=tuple(_failures(runs, assessment)),
        jobs=tuple(_tallies(runs, assessment)),
        storages=tuple(_capacity(view) for view in assessment.storages.values() if _is_used(view, assessment)),
        size=_size(runs, assessment),
        busy=_busy(runs),
        next_due=min((due for due in upcoming if due >= until), default=None),
    )


def standings_of(assessment: Assessment) -> Iterable[Standing]:
    """Yield the verdicts on all guests, their copies elsewhere, jobs, storages and replication jobs, and which are acknowledged."""
    for found in _held(assessment):
        acknowledged = assessment.acknowledgement(found.subject) is not None
        yield replace(found, acknowledged=True) if acknowledged else found


def _held(assessment: Assessment) -> Iterable[Standing]:
    for vmid, guest in assessment.guests.items():
        name = guest_label(guest.guest.name, vmid)
        yield Standing(subject=Subject.guest(vmid), name=name, verdict=guest.verdict)
        if guest.offsite is not None:
            yield Standing(subject=Subject.offsite(vmid), name=name, verdict=guest.offsite)
    for job_id, job in assessment.jobs.items():
        yield Standing(subject=Subject.job(job_id), name=job_name(job.job), verdict=job.verdict)
    for key, storage in assessment.storages.items():
        yield Standing(subject=Subject.storage(key), name=storage.name, verdict=storage.verdict)
    for job_id, view in assessment.replications.items():
        vmid, target = view.replication.job.vmid, view.replication.job.target
        name = (
            f"{guest_label(assessment.guests[vmid].guest.name, vmid)} → {target}"
            if vmid in assessment.guests
            else job_id
        )
        yield Standing(subject=Subject.replication(job_id), name=name, verdict=view.verdict)


def problems_of(assessment: Assessment) -> tuple[Standing, ...]:
    """Return what is a problem: what nobody has acknowledged first, then guests; a job's only where no guest shows it."""
    return _problems(standings_of(assessment))


def _problems(standings: Iterable[Standing]) -> tuple[Standing, ...]:
    found = [standing for standing in standings if standing.verdict.problem is True]
    told = {standing.verdict.job_id for standing in found if standing.subject.kind == "guest"}
    shown = (standing for standing in found if standing.subject.kind != "job" or standing.subject.id not in told)
    return tuple(sorted(shown, key=lambda standing: standing.acknowledged))


def _failures(runs: Iterable[RunRecord], assessment: Assessment) -> Iterable[Failure]:
    """Return what failed in these runs, by guest, and by job where a run came to no guest."""
    by_guest: dict[int, list[Outcome]] = {}
    by_job: dict[str, list[RunRecord]] = {}
    for run in runs:
        for outcome in run.outcomes:
            if outcome.result.is_bad:
                by_guest.setdefault(outcome.vmid, []).append(outcome)
        if not run.outcomes and not succeeded(run.status) and run.job_id is not None:
            by_job.setdefault(run.job_id, []).append(run)
    for vmid, outcomes in sorted(by_guest.items()):
        view, record = assessment.guests.get(vmid), assessment.history.guests.get(vmid)
        yield Failure(
            subject=Subject.guest(vmid),
            name=guest_label(view.guest.name if view else record.name if record else None, vmid),
            times=len(outcomes),
            last=outcomes[-1].started,
            error=outcomes[-1].error,
            settled=view is None or view.verdict.problem is False,
        )
    for job_id, failed in sorted(by_job.items()):
        job = assessment.jobs.get(job_id)
        yield Failure(
            subject=Subject.job(job_id),
            name=job_name_by_id(job_id, assessment.history.jobs),
            times=len(failed),
            last=failed[-1].started,
            error=failed[-1].error,
            settled=job is None or job.verdict.problem is False,
        )


def _tallies(runs: Iterable[RunRecord], assessment: Assessment) -> Iterable[JobTally]:
    """Count the runs by job; a run that found nothing to do is none."""
    by_job: dict[str | None, list[RunRecord]] = {}
    for run in runs:
        if run.outcomes or not succeeded(run.status):
            by_job.setdefault(run.job_id, []).append(run)
    for job_id, found in by_job.items():
        starts = starts_of(found)
        failed = [any(_failed(run, assessment) for run in start) for start in starts]
        warned = [any(run.warnings for run in start) for start in starts]
        yield JobTally(
            job_id=job_id,
            name=job_name_by_id(job_id, assessment.history.jobs),
            runs=len(starts),
            failed=sum(failed),
            warnings=sum(warned and not bad for warned, bad in zip(warned, failed, strict=True)),
            size=_size(found, assessment),
            duration=_busy(found),
        )


def _failed(run: RunRecord, assessment: Assessment) -> bool:
    return result_of_run(run, assessment.history.guests, assessment.context.present).status is Status.FAILED


def _size(runs: Iterable[RunRecord], assessment: Assessment) -> int | None:
    """Return what the good backups of runs took together, None where none tells."""
    good = [outcome for run in runs for outcome in run.outcomes if outcome.result is Result.OK]
    sizes = [size for outcome in good if (size := stored_bytes(outcome, assessment.context.facts)) is not None]
    return sum(sizes) if sizes else None


def _busy(runs: Iterable[RunRecord]) -> timedelta:
    """Return how long runs went on, where several went on at once only once."""
    total, until = timedelta(), None
    for run in sorted(runs, key=lambda run: run.started):
        if run.ended is None or not run.outcomes:
            continue
        begin = run.started if until is None else max(run.started, until)
        if run.ended > begin:
            total += run.ended - begin
            until = run.ended
    return total


def _is_used(view: StorageView, assessment: Assessment) -> bool:
    """Tell whether a storage holds archives, is to, or is a problem."""
    listing = view.storage.listing
    targets = {
        name for job in assessment.jobs.values() if job.job.enabled for name in assessment.context.storages_of(job.job)
    }
    return bool(listing and listing.archives) or view.storage.storage in targets or view.verdict.problem is not False


def _capacity(view: StorageView) -> Capacity:
    storage = view.storage
    return Capacity(
        key=view.key,
        name=view.name,
        used=storage.used,
        total=storage.total,
        free=storage.available,
        percent=used_percent(storage),
        full_on=view.full_on,
    )


def numbers(told: Report) -> Mapping[str, int | None]:
    """Return the report's figures by name; sizes in bytes, durations in seconds."""
    return {
        "guests": told.guests,
        "protected": told.protected,
        "problems": len(told.problems),
        "problems_acknowledged": sum(found.acknowledged for found in told.problems),
        "guests_failed": told.count(Status.FAILED),
        "guests_overdue": told.count(Status.OVERDUE),
        "guests_uncovered": told.count(Status.UNCOVERED) + len(told.uncovered),
        "guests_unknown": sum(found.subject.kind == "guest" for found in told.unknown),
        "guests_paused": told.paused,
        "guests_ignored": told.ignored,
        "warnings": len(told.warnings),
        "runs": told.runs,
        "runs_failed": told.runs_failed,
        "runs_with_warnings": sum(tally.warnings for tally in told.jobs),
        "bytes": told.size,
        "seconds": int(told.busy.total_seconds()),
    }
