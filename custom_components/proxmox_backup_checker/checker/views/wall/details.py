"""The runs behind the cells: what each did for a guest, or was for a job, and how large the backups were."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ....proxmox.api.cluster_models import Guest
from ....proxmox.vzdump.failure_cause import Cause, cause_of
from ...assessment import Assessment, GuestView, JobView
from ...metrics import archive_size_of, sent_bytes, usual_storage
from ...model.labels import job_name_by_id
from ...model.outcome import Outcome, Result
from ...model.reason_codes import ReasonCode
from ...model.records import GuestRecord, RunRecord
from ...model.verdict import Confidence, Reason, Status, Verdict
from ...runs.run_summary import starts_of
from .nights import Cell, Missed, Wall, cell_of_run, guest_cells, job_cells


@dataclass(frozen=True, kw_only=True, slots=True)
class WallRun:
    """One run, or a slot that passed without one: that has no UPID and the result `missed`."""

    upid: str | None
    node: str
    started: datetime
    ended: datetime | None
    day: date
    result: str
    job_id: str | None
    job_name: str | None
    by_hand: bool
    confidence: Confidence
    size: int | None = None
    transferred: int | None = None
    seconds: int | None = None
    error: str | None = None
    storage: str | None = None
    archive: str | None = None

    @property
    def cause(self) -> Cause | None:
        """What the error means, where the catalogue knows."""
        return cause_of(self.error) if self.error else None


_RUN_RESULTS: Mapping[Cell, str] = {Cell.OK: "ok", Cell.WARNING: "warning", Cell.FAILED: "failed"}


def runs_of_guest(guest: Guest, view: GuestView | None, wall: Wall) -> list[WallRun]:
    """Return the runs of these days for a guest, and the slots that it missed, newest first; gone guests have no view."""
    runs = [_of_outcome(outcome, wall.days.dates[day], wall) for day, outcome in wall.outcomes(guest)]
    runs += [
        _of_outcome(outcome, wall.days.dates[day], wall)
        for run in wall.assessment.running
        for outcome in run.outcomes
        if outcome.vmid == guest.vmid and (day := wall.day_of(run)) is not None
    ]
    _, missed = guest_cells(guest, view.verdict if view else None, wall)
    return _newest_first([*runs, *(_of_missed(miss, wall) for miss in missed)])


def runs_of_job(view: JobView, wall: Wall) -> list[WallRun]:
    """Return a job's runs of these days on all nodes, and the slots that were missed, newest first."""
    job_id = view.job.job_id
    finished = wall.assessment.index.by_job.get(job_id, ())
    runs = [
        _of_run(run, wall.days.dates[day], wall)
        for run in (*finished, *wall.assessment.running)
        if run.job_id == job_id and (day := wall.day_of(run)) is not None
    ]
    return _newest_first([*runs, *(_of_missed(miss, wall) for miss in job_cells(view, wall)[1])])


def _newest_first(runs: list[WallRun]) -> list[WallRun]:
    return sorted(runs, key=lambda run: run.started, reverse=True)


def _of_outcome(outcome: Outcome, day: date, wall: Wall) -> WallRun:
    result = "warning" if outcome.result is Result.OK and outcome.warnings else outcome.result.value
    return WallRun(
        upid=outcome.upid,
        node=outcome.node,
        started=outcome.started,
        ended=None if outcome.result is Result.RUNNING else outcome.finished,
        day=day,
        result=result,
        job_id=outcome.job_id,
        job_name=_job_name(outcome.job_id, wall),
        by_hand=outcome.by_hand,
        confidence=outcome.confidence,
        size=outcome.size,
        transferred=sent_bytes(outcome, wall.context.facts),
        seconds=outcome.seconds,
        error=outcome.error,
        storage=outcome.storage,
        archive=outcome.archive,
    )


def _of_run(run: RunRecord, day: date, wall: Wall) -> WallRun:
    sizes = [outcome.size for outcome in run.outcomes if outcome.size is not None]
    moved = [sent for outcome in run.outcomes if (sent := sent_bytes(outcome, wall.context.facts)) is not None]
    errors = {outcome.error for outcome in run.outcomes if outcome.error}
    return WallRun(
        upid=run.upid,
        node=run.node,
        started=run.started,
        ended=run.ended,
        day=day,
        result="running" if run.ended is None else _RUN_RESULTS.get(cell_of_run(run, wall), "unclear"),
        job_id=run.job_id,
        job_name=_job_name(run.job_id, wall),
        by_hand=run.confidence is Confidence.MANUAL,
        confidence=run.confidence,
        size=sum(sizes) if sizes else None,
        transferred=sum(moved) if moved else None,
        seconds=int((run.ended - run.started).total_seconds()) if run.ended else None,
        # What all failed guests have in common says more than that there were errors.
        error=errors.pop() if len(errors) == 1 else run.error,
        storage=run.storage,
    )


def _of_missed(miss: Missed, wall: Wall) -> WallRun:
    return WallRun(
        upid=None,
        node=miss.node,
        started=miss.slot,
        ended=None,
        day=wall.days.dates[miss.day],
        result="missed",
        job_id=miss.job_id,
        job_name=_job_name(miss.job_id, wall),
        by_hand=False,
        confidence=Confidence.SCHEDULED,
    )


def _job_name(job_id: str | None, wall: Wall) -> str | None:
    return job_name_by_id(job_id, wall.assessment.history.jobs) or None


@dataclass(frozen=True, kw_only=True, slots=True)
class DaySizes:
    """The size of the archive of each day's last good backup on one storage, and what was sent for it; None where not known.

    `storage` is None where a job writes to several.
    """

    storage: str | None
    sizes: list[int | None]
    sent: list[int | None]


def sizes_of_guest(guest: Guest, wall: Wall) -> DaySizes:
    """Return the sizes of a guest's archives on the storage to which it is usually saved: others would not compare."""
    good = [(day, outcome) for day, outcome in wall.outcomes(guest) if outcome.result is Result.OK]
    usual = usual_storage([outcome for _, outcome in good], wall.context.facts)
    sizes: list[int | None] = [None] * len(wall.days)
    sent: list[int | None] = [None] * len(wall.days)
    for day, outcome in good:
        if outcome.storage == usual and sizes[day] is None:
            sizes[day], sent[day] = outcome.size, sent_bytes(outcome, wall.context.facts)
    return DaySizes(storage=usual, sizes=sizes, sent=sent)


def sizes_of_job(view: JobView, wall: Wall) -> DaySizes:
    """Return what a job saved at the last of each day's starts, on all its nodes together."""
    sizes: list[int | None] = [None] * len(wall.days)
    sent: list[int | None] = [None] * len(wall.days)
    runs = [
        run
        for run in wall.assessment.index.by_job.get(view.job.job_id, ())
        if run.job_id == view.job.job_id and run.started >= wall.days.starts[0]
    ]
    for start in starts_of(run for run in runs if run.outcomes):
        figures = archive_size_of([outcome for run in start for outcome in run.outcomes], wall.context.facts)
        if (day := wall.day_of(start[0])) is not None and figures is not None:
            sizes[day], sent[day] = figures.size, figures.transferred
    storages = wall.context.storages_of(view.job)
    return DaySizes(storage=next(iter(storages)) if len(storages) == 1 else None, sizes=sizes, sent=sent)


def gone_guests(assessment: Assessment, since: datetime) -> Iterator[tuple[Guest, GuestRecord]]:
    """Return the guests that have been removed from the cluster since a moment and were backed up since then."""
    for vmid, record in assessment.history.guests.items():
        if vmid in assessment.guests or record.absent_since is None or record.absent_since < since:
            continue
        if any(outcome.started >= since for outcome in assessment.index.by_guest.get(vmid, ())[:1]):
            yield _as_it_was(record, "removed"), record


def hidden_guests(assessment: Assessment) -> Iterator[tuple[Guest, Verdict]]:
    """Return the guests that the token was shown once and may no longer see, with what is held of them."""
    for subject in sorted(assessment.out_of_sight & assessment.verdicts.keys(), key=lambda subject: subject.key):
        record = assessment.history.guests.get(subject.vmid) if subject.vmid is not None else None
        if record is not None:
            yield _as_it_was(record, "hidden"), assessment.verdicts[subject]


def _as_it_was(record: GuestRecord, status: str) -> Guest:
    """Return a guest that is not listed, as it was when it was seen last."""
    return Guest(
        vmid=record.vmid,
        guest_type=record.guest_type,
        node=record.node,
        status=status,
        name=record.name,
        template=record.template,
        tags=record.tags,
    )


def verdict_on_gone(record: GuestRecord) -> Verdict:
    """Return what is held of a guest that has been removed."""
    since = record.absent_since
    reason = Reason(ReasonCode.GUEST_REMOVED, {"since": since} if since else {})
    return Verdict(status=Status.IGNORED, problem=False, reason=reason, since=since)
