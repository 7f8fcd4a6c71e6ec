"""What is worth telling of a day or a week of a backup server, in the form that a cluster's report has."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ...proxmox.backup_server.task_state import TaskResult, TaskState
from ..model.server_records import ServerRunRecord
from ..model.subject import SERVER, Subject
from ..model.verdict import GOOD, Status
from ..server.assessment import ServerAssessment
from ..server.views import DatastoreView
from .report import Capacity, JobTally, Report, Standing
from .server_agenda import label_of

_BAD = frozenset({TaskResult.ERROR, TaskResult.UNKNOWN})


def server_report(assessment: ServerAssessment, name: str, since: datetime, until: datetime) -> Report:
    """Return the report of a period; its guests are the clients, and groups that nobody's cluster shows."""
    runs: dict[str, list[ServerRunRecord]] = {}
    for run in assessment.history.runs.values():
        if run.job in assessment.jobs and since <= run.ended < until:
            runs.setdefault(run.job or "", []).append(run)
    standings = list(standings_of_server(assessment, name))
    every = [run for of_job in runs.values() for run in of_job]
    sent = [run.transferred for run in every if run.transferred is not None]
    clients = [view.verdict for view in assessment.groups.values() if view.verdict.lasting is not Status.IGNORED]
    upcoming = [found.verdict.next_due for found in standings if found.verdict.next_due is not None]
    # The server's own verdict sums the others up, unless it cannot be read.
    problems = [found for found in standings if found.verdict.problem is True]
    if len(problems) > 1:
        problems = [found for found in problems if found.subject != SERVER]
    return Report(
        since=since,
        until=until,
        cluster=name,
        guests=len(clients),
        protected=sum(verdict.problem is False and verdict.lasting in GOOD for verdict in clients),
        paused=sum(verdict.lasting is Status.PAUSED for verdict in clients),
        ignored=len(assessment.groups) - len(clients),
        problems=tuple(sorted(problems, key=lambda found: found.acknowledged)),
        unknown=tuple(found for found in standings if found.verdict.problem is None),
        warnings=tuple(
            found
            for found in standings
            if found.verdict.problem is False and found.verdict.lasting is Status.WARNING and found.subject != SERVER
        ),
        uncovered=(),
        failures=(),
        jobs=tuple(_tally(assessment, job, of_job) for job, of_job in sorted(runs.items())),
        storages=tuple(_capacity(view) for view in assessment.datastores.values()),
        size=sum(sent) if sent else None,
        busy=sum((run.ended - run.started for run in every), timedelta()),
        next_due=min((due for due in upcoming if due >= until), default=None),
    )


def standings_of_server(assessment: ServerAssessment, name: str) -> Iterator[Standing]:
    """Yield the verdicts on a server, which is called so, and on all of its parts."""
    names = {
        SERVER: name,
        **{Subject.datastore(store): store for store in assessment.datastores},
        **{view.subject: label_of(view) for view in assessment.jobs.values()},
        **{view.subject: view.name for view in assessment.groups.values()},
    }
    for subject, verdict in assessment.verdicts.items():
        acknowledged = assessment.acknowledgement(subject) is not None
        yield Standing(subject=subject, name=names.get(subject, subject.id), verdict=verdict, acknowledged=acknowledged)


def _tally(assessment: ServerAssessment, job: str, runs: list[ServerRunRecord]) -> JobTally:
    results = [TaskState.shown(run.state).result for run in runs]
    sent = [run.transferred for run in runs if run.transferred is not None]
    return JobTally(
        job_id=job,
        name=label_of(assessment.jobs[job]),
        runs=len(runs),
        warnings=sum(result is TaskResult.WARNING for result in results),
        failed=sum(result in _BAD for result in results),
        size=sum(sent) if sent else None,
        duration=sum((run.ended - run.started for run in runs), timedelta()),
    )


def _capacity(view: DatastoreView) -> Capacity:
    usage = view.facts.usage
    return Capacity(
        key=view.store,
        name=view.store,
        used=usage.used if usage is not None else None,
        total=usage.total if usage is not None else None,
        free=usage.available if usage is not None else None,
        percent=100 * view.used_share if view.used_share is not None else None,
        full_on=view.full_on,
    )
