"""Events: what has happened to the cluster's backups, and to those of each job."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntityDescription
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .backup_server.events import async_setup_events
from .checker.activity.events import ActivityEvent, ActivityKind
from .const import is_backup_server
from .coordinator import CheckerCoordinator
from .entity import ClusterEntity, EntityMakers, JobEntity, VerdictEntity, async_add_entities_as_they_appear
from .news_entity import NewsEntity
from .texts.localizer import Localizer

PARALLEL_UPDATES = 0

_MOST_NAMES: Final = 5
_JOB_KINDS: Final = (
    ActivityKind.RUN_SUCCEEDED,
    ActivityKind.RUN_WARNINGS,
    ActivityKind.RUN_FAILED,
    ActivityKind.RUN_MISSED,
    ActivityKind.RECOVERED,
    ActivityKind.JOB_ENABLED,
    ActivityKind.JOB_DISABLED,
    ActivityKind.JOB_CHANGED,
    ActivityKind.RETENTION_CUT,
)

JOB_ACTIVITY = EventEntityDescription(
    key="activity", translation_key="job_activity", event_types=[kind.value for kind in _JOB_KINDS]
)
CLUSTER_ACTIVITY = EventEntityDescription(
    key="activity", translation_key="cluster_activity", event_types=[kind.value for kind in ActivityKind]
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[Any], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the events of the cluster and of every job."""
    if is_backup_server(entry.data):
        await async_setup_events(entry, async_add_entities)
        return
    coordinator: CheckerCoordinator = entry.runtime_data
    makers = EntityMakers(
        cluster=lambda: [ClusterActivity(coordinator, CLUSTER_ACTIVITY)],
        guest=lambda vmid: [],
        job=lambda job_id: [JobActivity(coordinator, job_id, JOB_ACTIVITY)],
        storage=lambda key: [],
    )
    await async_add_entities_as_they_appear(entry, async_add_entities, makers)


class ActivityEntity(NewsEntity[ActivityEvent], VerdictEntity):
    """What has happened to the cluster or to a part of it."""

    _unrecorded_attributes = frozenset({"reason", "details", "guests", "upid"})

    @override
    def concerns(self, event: ActivityEvent) -> bool:
        """Tell whether this entity tells of it."""
        return event.kind in self.event_types

    @override
    def attributes_of(self, event: ActivityEvent) -> dict[str, Any]:
        """Return what is told of it."""
        return attributes_of(event, self.coordinator.localizer)


class ClusterActivity(ActivityEntity, ClusterEntity):
    """What has happened anywhere in the cluster."""


class JobActivity(ActivityEntity, JobEntity):
    """What has happened to a job and its runs."""

    @override
    def concerns(self, event: ActivityEvent) -> bool:
        """Tell whether it is of this job."""
        return event.job_id == self._job_id and super().concerns(event)


def attributes_of(event: ActivityEvent, localizer: Localizer) -> dict[str, Any]:
    """Return what an event tells, all of it small; what does not apply is left out."""
    attributes = {
        "reason": localizer.sentence(event.reason),
        "details": localizer.sentences(event.details),
        "happened_at": event.moment.isoformat(timespec="seconds"),
        "job": event.job,
        "node": event.node,
        "storage": event.storage,
        "guests": list(event.names[:_MOST_NAMES]) or None,
        "guest_count": len(event.guests) or None,
        "size": event.size,
        "duration": int(event.duration.total_seconds()) if event.duration is not None else None,
        "upid": event.upid,
    }
    return {name: value for name, value in attributes.items() if value is not None}
