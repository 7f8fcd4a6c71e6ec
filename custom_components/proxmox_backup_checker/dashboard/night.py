"""What the dashboard shows of the coming night: its runs on a line for each node, and what is to be said of them."""

from typing import Any

from ..checker.model.labels import job_name_by_id
from ..checker.model.records import History
from ..checker.model.subject import Subject
from ..checker.verdicts.night import Night, PlannedRun, told_of_meetings, told_of_run
from ..coordinator import CheckerCoordinator
from ..privacy.sight import Sight
from ..texts.localizer import Localizer
from .epochs import epoch

_SILENT = {"night_done_about"}


def night_data(
    night: Night, coordinator: CheckerCoordinator, sight: Sight, localizer: Localizer
) -> dict[str, Any] | None:
    """Return the coming night of a cluster, of the jobs that this person may see; None where nothing is due."""
    runs = [run for run in night.runs if sight.sees(coordinator, Subject.job(run.job_id))]
    if not runs:
        return None
    done = max((run.end for run in runs if not run.gives_up), default=None)
    history = coordinator.assessment.context.history
    return {
        "entry_id": coordinator.config_entry.entry_id,
        "begin": epoch(min(run.begin for run in runs)),
        "done": epoch(done),
        "done_by": epoch(night.done_by),
        "runs": [_run_data(run, night, history) for run in runs],
        "told": _told(runs, night, coordinator, sight, localizer),
    }


def _run_data(run: PlannedRun, night: Night, history: History) -> dict[str, Any]:
    return {
        "job_id": run.job_id,
        "job": job_name_by_id(run.job_id, history.jobs) or None,
        "node": run.node,
        "slot": epoch(run.slot),
        "begin": epoch(run.begin),
        "end": epoch(run.end),
        "known": run.is_known,
        "running": run.is_running,
        "gives_up": run.gives_up,
        "late": run in night.late,
    }


def _told(
    runs: list[PlannedRun], night: Night, coordinator: CheckerCoordinator, sight: Sight, localizer: Localizer
) -> list[dict[str, str]]:
    """Return who waits, gives up or meets another on a storage, each with the job that it is about."""
    context = coordinator.assessment.context
    told: list[dict[str, str]] = []

    def sees(job_id: str | None) -> bool:
        return job_id is None or sight.sees(coordinator, Subject.job(job_id))

    for run in runs:
        if sees(run.waits_for):
            told += [
                {"job": job_name_by_id(run.job_id, context.history.jobs), "text": localizer.sentence(reason)}
                for reason in told_of_run(run, context)
                if reason.code not in _SILENT
            ]
    for meeting in night.meetings:
        if all(sees(job_id) for job_id in meeting.jobs):
            told += [
                {"job": job_name_by_id(meeting.jobs[0], context.history.jobs), "text": localizer.sentence(reason)}
                for reason in told_of_meetings((meeting,), meeting.jobs[0], context)
            ]
    return told
