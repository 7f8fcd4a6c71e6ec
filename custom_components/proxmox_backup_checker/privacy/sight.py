"""What a person may see: what Home Assistant's own policy lets them read of our entities, and nothing else."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol, overload

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..checker.alerts.alerts import Alert, AlertCause
from ..checker.assessment import Assessment
from ..checker.model.outcome import Outcome, Result
from ..checker.model.records import AlertRecord, RunRecord
from ..checker.model.subject import Subject
from ..checker.model.wrong_dates import WrongDates
from ..checker.runs.run_index import RunIndex
from ..checker.server.assessment import ServerAssessment
from ..checker.verdicts.cluster import Counts
from ..const import DOMAIN
from ..coordinator import CheckerCoordinator
from ..devices import PROBLEM, device_key

type Sees = Callable[[Subject], bool]


class Watched[Held](Protocol):
    """A cluster or backup server with what is held of it."""

    @property
    def identity(self) -> str:
        """The first part of every unique id."""

    @property
    def assessment(self) -> Held:
        """What is held of it."""


class Sight:
    """What one person may see; the problem sensor of a guest, job, storage or cluster stands for all that is told of it."""

    def __init__(self, hass: HomeAssistant, user: User | None) -> None:
        """See with the eyes of a user; of nobody, as an automation does, everything."""
        everything = user is None or user.permissions.access_all_entities(POLICY_READ)
        self._permissions = None if user is None or everything else user.permissions
        self._entities = er.async_get(hass)

    @property
    def is_limited(self) -> bool:
        """Whether there may be something that this person may not see."""
        return self._permissions is not None

    def reads(self, entity_id: str | None) -> bool:
        """Tell whether an entity may be read; what has none is for those who may see everything."""
        if self._permissions is None:
            return True
        return entity_id is not None and self._permissions.check_entity(entity_id, POLICY_READ)

    def sees(self, coordinator: Watched[object], subject: Subject) -> bool:
        """Tell whether something may be seen."""
        return not self.is_limited or self.reads(self.sensor_of(coordinator, subject))

    def sensor_of(self, coordinator: Watched[object], subject: Subject) -> str | None:
        """Return the problem sensor of something."""
        unique_id = f"{device_key(coordinator.identity, subject)}{PROBLEM}"
        return self._entities.async_get_entity_id(Platform.BINARY_SENSOR, DOMAIN, unique_id)

    def counts(self, coordinator: CheckerCoordinator) -> Counts:
        """Return the counts of the guests that may be seen."""
        assessment = coordinator.assessment
        if not self.is_limited:
            return assessment.counts
        guests = assessment.guests.items()
        return Counts.of(view.verdict for vmid, view in guests if self.sees(coordinator, Subject.guest(vmid)))

    @overload
    def assessment(self, coordinator: Watched[Assessment]) -> Assessment: ...

    @overload
    def assessment(self, coordinator: Watched[ServerAssessment]) -> ServerAssessment: ...

    def assessment(self, coordinator: Watched[Assessment] | Watched[ServerAssessment]) -> Assessment | ServerAssessment:
        """Return what is held of a cluster or server, as far as it may be seen."""
        held = coordinator.assessment
        if not self.is_limited:
            return held

        def sees(subject: Subject) -> bool:
            return self.sees(coordinator, subject)

        return _limited_server(held, sees) if isinstance(held, ServerAssessment) else _limited(held, sees)


def _limited(assessment: Assessment, sees: Sees) -> Assessment:
    """Return an assessment without what is not seen; the counts are those of the guests that are."""
    guests = {vmid: view for vmid, view in assessment.guests.items() if sees(Subject.guest(vmid))}
    history = assessment.history
    runs = {run.upid: run for run in _limited_runs(history.runs.values(), sees)}
    return replace(
        assessment,
        guests=guests,
        jobs={job_id: view for job_id, view in assessment.jobs.items() if sees(Subject.job(job_id))},
        storages={key: view for key, view in assessment.storages.items() if sees(Subject.storage(key))},
        counts=Counts.of(view.verdict for view in guests.values()),
        running=tuple(_limited_runs(assessment.running, sees)),
        history=replace(
            history,
            runs=runs,
            unfinished={run.upid: run for run in _limited_runs(history.unfinished.values(), sees)},
            guests={vmid: record for vmid, record in history.guests.items() if sees(Subject.guest(vmid))},
            jobs={job_id: record for job_id, record in history.jobs.items() if sees(Subject.job(job_id))},
            storages={key: record for key, record in history.storages.items() if sees(Subject.storage(key))},
            verdicts={subject: record for subject, record in history.verdicts.items() if sees(subject)},
            acknowledgements={subject: word for subject, word in history.acknowledgements.items() if sees(subject)},
            alerts=_limited_records(history.alerts, sees),
        ),
        index=RunIndex.of(runs, wrong=WrongDates.of(history.wrong_dates)),
        events=(),
        replications={key: view for key, view in assessment.replications.items() if sees(Subject.replication(key))},
        verdicts={subject: verdict for subject, verdict in assessment.verdicts.items() if sees(subject)},
        alerts=_limited_alerts(assessment.alerts, sees),
        messages=(),
        misconfigurations=(),
    )


def _limited_server(assessment: ServerAssessment, sees: Sees) -> ServerAssessment:
    """Return an assessment of a backup server without what is not seen."""
    history = assessment.history
    return replace(
        assessment,
        datastores={store: view for store, view in assessment.datastores.items() if sees(Subject.datastore(store))},
        jobs={job: view for job, view in assessment.jobs.items() if sees(view.subject)},
        groups={group: view for group, view in assessment.groups.items() if sees(view.subject)},
        verdicts={subject: verdict for subject, verdict in assessment.verdicts.items() if sees(subject)},
        alerts=_limited_alerts(assessment.alerts, sees),
        history=replace(
            history,
            runs={upid: run for upid, run in history.runs.items() if run.job and sees(Subject("pbsjob", run.job))},
            acknowledgements={subject: word for subject, word in history.acknowledgements.items() if sees(subject)},
            alerts=_limited_records(history.alerts, sees),
        ),
        events=(),
        messages=(),
    )


def _limited_alerts(alerts: Iterable[Alert], sees: Sees) -> tuple[Alert, ...]:
    return tuple(
        replace(
            alert,
            subjects=tuple(filter(sees, alert.subjects)),
            causes=tuple(_limited_causes(alert.causes, sees)),
            guests=tuple(guest for guest in alert.guests if sees(Subject.guest(guest.vmid))),
            runs=tuple(_limited_runs(alert.runs, sees)),
        )
        for alert in alerts
        if any(map(sees, alert.subjects))
    )


def _limited_records(records: Mapping[str, AlertRecord], sees: Sees) -> dict[str, AlertRecord]:
    return {
        key: replace(record, subjects=tuple(filter(sees, record.subjects)))
        for key, record in records.items()
        if any(map(sees, record.subjects))
    }


def _limited_causes(causes: Iterable[AlertCause], sees: Sees) -> Iterable[AlertCause]:
    """Return the causes that concern something that may be seen, or nothing by name."""
    for cause in causes:
        subjects = tuple(filter(sees, cause.subjects))
        if subjects or not cause.subjects:
            yield replace(cause, subjects=subjects)


def _limited_runs(runs: Iterable[RunRecord], sees: Sees) -> Iterable[RunRecord]:
    """Return the runs of which something may be seen: the job, or what they did for a guest."""
    for run in runs:
        outcomes = tuple(outcome for outcome in run.outcomes if sees(Subject.guest(outcome.vmid)))
        if run.job_id is not None and sees(Subject.job(run.job_id)):
            yield replace(run, outcomes=outcomes)
        elif outcomes:
            yield _as_seen(run, outcomes)


def _as_seen(run: RunRecord, outcomes: tuple[Outcome, ...]) -> RunRecord:
    """Return what a run did for some guests: what is said of it as a whole may be about somebody else's."""
    warnings = sum(len(outcome.warnings) for outcome in outcomes)
    ends = [outcome.finished for outcome in outcomes if outcome.finished is not None]
    good = all(outcome.result is Result.OK for outcome in outcomes)
    fine = f"WARNINGS: {warnings}" if warnings else "OK"
    return replace(
        run,
        outcomes=outcomes,
        started=min(outcome.started for outcome in outcomes),
        ended=max(ends) if ends and run.ended is not None else run.ended,
        status=fine if good and run.ended is not None else run.status,
        warnings=warnings,
        error=None,
        notes=(),
        candidates=(),
        waited=0,
        command=None,
    )
