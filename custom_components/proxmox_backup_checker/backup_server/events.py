"""Events: what has happened on a backup server, and to each of its jobs."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..checker.server.views import ServerEvent
from ..news_entity import NewsEntity
from .coordinator import ServerConfigEntry
from .entity import ServerEntity, ServerEntityMakers, async_add_server_entities

_RUNS: Final = ("run_ok", "run_warning", "run_failed", "run_missed")

SERVER_ACTIVITY: Final = EventEntityDescription(
    key="activity",
    translation_key="server_activity",
    event_types=[
        *_RUNS,
        *("group_deleted", "group_moved", "restore_points_vanished", "rights_lost", "certificate_changed"),
    ],
)
PBS_JOB_ACTIVITY: Final = EventEntityDescription(
    key="activity", translation_key="pbs_job_activity", event_types=list(_RUNS)
)


async def async_setup_events(entry: ServerConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Add the events of a server and of each of its jobs."""
    coordinator = entry.runtime_data
    makers = ServerEntityMakers(
        server=lambda subject: [ServerActivity(coordinator, subject, SERVER_ACTIVITY)],
        job=lambda subject: [ServerActivity(coordinator, subject, PBS_JOB_ACTIVITY)],
    )
    await async_add_server_entities(entry, async_add_entities, makers)


class ServerActivity(NewsEntity[ServerEvent], ServerEntity):
    """What has happened on a server, or to one of its jobs."""

    _unrecorded_attributes = frozenset({"reason", "upid"})

    @override
    def concerns(self, event: ServerEvent) -> bool:
        """Tell whether this entity tells of it: that of the server of everything."""
        return event.kind in self.event_types and (self.subject.kind == "server" or event.subject == self.subject)

    @override
    def attributes_of(self, event: ServerEvent) -> dict[str, Any]:
        """Return what is told of it."""
        attributes = {
            "reason": self.coordinator.localizer.sentence(event.reason),
            "happened_at": event.moment.isoformat(timespec="seconds"),
            "subject": event.subject.key,
            "upid": event.upid,
        }
        return {name: value for name, value in attributes.items() if value is not None}
