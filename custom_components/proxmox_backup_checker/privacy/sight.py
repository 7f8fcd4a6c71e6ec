"""What a person may see: what Home Assistant's own policy lets them read of our entities, and nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..checker.assessment import Picture
from ..checker.model.records import RunRecord
from ..checker.runs.run_index import RunIndex
from ..checker.verdicts.cluster import Counts
from ..const import DOMAIN
from ..coordinator import CheckerCoordinator

type Sees = Callable[[str], bool]


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

    def sees(self, coordinator: CheckerCoordinator, key: str) -> bool:
        """Tell whether something may be seen; `key` is that of its verdict, such as guest_101 or cluster."""
        return not self.is_limited or self.reads(self.sensor_of(coordinator, key))

    def sensor_of(self, coordinator: CheckerCoordinator, key: str) -> str | None:
        """Return the problem sensor of something."""
        unique_id = f"{coordinator.identity}_{key}_problem"
        return self._entities.async_get_entity_id(Platform.BINARY_SENSOR, DOMAIN, unique_id)

    def counts(self, coordinator: CheckerCoordinator) -> Counts:
        """Return the counts of the guests that may be seen."""
        assessment = coordinator.assessment
        if not self.is_limited:
            return assessment.counts
        guests = assessment.guests.items()
        return Counts.of(view.verdict for vmid, view in guests if self.sees(coordinator, f"guest_{vmid}"))

    def assessment(self, coordinator: CheckerCoordinator) -> Picture:
        """Return what is held of a cluster, as far as it may be seen."""
        if not self.is_limited:
            return coordinator.assessment
        return _limited(coordinator.assessment, lambda key: self.sees(coordinator, key))


def _limited(assessment: Picture, sees: Sees) -> Picture:
    """Return an assessment without what is not seen; the counts are those of the guests that are."""
    guests = {vmid: view for vmid, view in assessment.guests.items() if sees(f"guest_{vmid}")}
    history = assessment.history
    runs = {run.upid: run for run in _limited_runs(history.runs.values(), sees)}
    return replace(
        assessment,
        guests=guests,
        jobs={job_id: view for job_id, view in assessment.jobs.items() if sees(f"job_{job_id}")},
        storages={key: view for key, view in assessment.storages.items() if sees(f"storage_{key}")},
        counts=Counts.of(view.verdict for view in guests.values()),
        running=tuple(_limited_runs(assessment.running, sees)),
        history=replace(
            history,
            runs=runs,
            guests={vmid: record for vmid, record in history.guests.items() if sees(f"guest_{vmid}")},
            jobs={job_id: record for job_id, record in history.jobs.items() if sees(f"job_{job_id}")},
            storages={key: record for key, record in history.storages.items() if sees(f"storage_{key}")},
            verdicts={key: record for key, record in history.verdicts.items() if sees(key)},
            acknowledgements={key: word for key, word in history.acknowledgements.items() if sees(key)},
            alerts={
                key: replace(record, things=tuple(filter(sees, record.things)))
                for key, record in history.alerts.items()
                if any(map(sees, record.things))
            },
        ),
        index=RunIndex.of(runs),
        happenings=(),
        verdicts={key: verdict for key, verdict in assessment.verdicts.items() if sees(key)},
        alerts=tuple(
            replace(
                alert,
                things=tuple(filter(sees, alert.things)),
                guests=tuple(guest for guest in alert.guests if sees(f"guest_{guest.vmid}")),
                runs=tuple(_limited_runs(alert.runs, sees)),
            )
            for alert in assessment.alerts
            if any(map(sees, alert.things))
        ),
        messages=(),
    )


def _limited_runs(runs: Iterable[RunRecord], sees: Sees) -> Iterable[RunRecord]:
    """Return the runs of which something may be seen: the job, or what they did for a guest."""
    for run in runs:
        outcomes = tuple(outcome for outcome in run.outcomes if sees(f"guest_{outcome.vmid}"))
        if run.job_id is not None and sees(f"job_{run.job_id}"):
            yield replace(run, outcomes=outcomes)
        elif outcomes:
            # What is said of the run as a whole may be about somebody else's guest.
            yield replace(run, outcomes=outcomes, error=None, notes=(), candidates=())
