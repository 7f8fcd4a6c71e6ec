"""Events: what has happened to the cluster's backups, and to those of each job."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .checker.activity.events import Happening, HappeningKind
from .coordinator import CheckerConfigEntry
from .entity import ClusterEntity, EntityMakers, JobEntity, VerdictEntity, async_add_entities_as_they_appear
from .texts.reason_text import Reasons

PARALLEL_UPDATES = 0

_MOST_NAMES: Final = 5
_JOB_KINDS: Final = (
    HappeningKind.RUN_SUCCEEDED,
    HappeningKind.RUN_WARNINGS,
    HappeningKind.RUN_FAILED,
    HappeningKind.RUN_MISSED,
    HappeningKind.RECOVERED,
    HappeningKind.JOB_ENABLED,
    HappeningKind.JOB_DISABLED,
    HappeningKind.JOB_CHANGED,
    HappeningKind.RETENTION_CUT,
)

JOB_ACTIVITY = EventEntityDescription(
    key="activity", translation_key="job_activity", event_types=[kind.value for kind in _JOB_KINDS]
)
CLUSTER_ACTIVITY = EventEntityDescription(
    key="activity", translation_key="cluster_activity", event_types=[kind.value for kind in HappeningKind]
)


async def async_setup_entry(
    hass: HomeAssistant, entry: CheckerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of the cluster and of every job."""
    coordinator = entry.runtime_data
    makers = EntityMakers(
        cluster=lambda: [ClusterActivity(coordinator, CLUSTER_ACTIVITY)],
        guest=lambda vmid: [],
        job=lambda job_id: [JobActivity(coordinator, job_id, JOB_ACTIVITY)],
        storage=lambda key: [],
    )
    await async_add_entities_as_they_appear(entry, async_add_entities, makers)


class ActivityEvent(VerdictEntity, EventEntity):
    """What has happened, each happening as a state of its own, oldest first."""

    _unrecorded_attributes = frozenset({"reason", "details", "guests", "upid"})
    _told: tuple[Happening, ...] = ()

    def concerns(self, happening: Happening) -> bool:
        """Tell whether this entity tells of it."""
        return happening.kind in self.event_types

    @override
    async def async_added_to_hass(self) -> None:
        """Tell what the first look after a start has found."""
        await super().async_added_to_hass()
        self._tell()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Tell what a look has found, once."""
        if not self._tell():
            super()._handle_coordinator_update()

    def _tell(self) -> bool:
        """Write a state for every happening that was not told yet, and say whether there was one."""
        # A picture may be published again, as after a person's word; what has happened is then the same tuple.
        happenings = self.coordinator.assessment.happenings
        if happenings is self._told:
            return False
        self._told = happenings
        news = [happening for happening in happenings if self.concerns(happening)]
        for happening in news:
            self._trigger_event(happening.kind, attributes_of(happening, self.coordinator.reasons))
            self.async_write_ha_state()
        return bool(news)


class ClusterActivity(ActivityEvent, ClusterEntity):
    """What has happened anywhere in the cluster."""


class JobActivity(ActivityEvent, JobEntity):
    """What has happened to a job and its runs."""

    @override
    def concerns(self, happening: Happening) -> bool:
        """Tell whether it is of this job."""
        return happening.job_id == self._job_id and super().concerns(happening)


def attributes_of(happening: Happening, reasons: Reasons) -> dict[str, Any]:
    """Return what an event tells, all of it small; what does not apply is left out."""
    attributes = {
        "reason": reasons.sentence(happening.reason),
        "details": reasons.sentences(happening.details),
        "happened_at": happening.moment.isoformat(timespec="seconds"),
        "job": happening.job,
        "node": happening.node,
        "storage": happening.storage,
        "guests": list(happening.names[:_MOST_NAMES]) or None,
        "guest_count": len(happening.guests) or None,
        "size": happening.size,
        "duration": int(happening.duration.total_seconds()) if happening.duration is not None else None,
        "upid": happening.upid,
    }
    return {name: value for name, value in attributes.items() if value is not None}
