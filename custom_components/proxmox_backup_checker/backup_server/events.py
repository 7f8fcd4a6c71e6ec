"""Events: what has happened on a backup server, and to each of its jobs."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..checker.server.views import ServerEvent
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


class ServerActivity(ServerEntity, EventEntity):
    """What has happened, each event as a state of its own, oldest first."""

    _unrecorded_attributes = frozenset({"reason", "upid"})
    _told: tuple[ServerEvent, ...] = ()

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
        """Write a state for every event that was not told yet, and say whether there was one."""
        events = self.coordinator.assessment.events
        if events is self._told:
            return False
        self._told = events
        news = [event for event in events if self._concerns(event)]
        for event in news:
            self._trigger_event(event.kind, self._attributes_of(event))
            self.async_write_ha_state()
        return bool(news)

    def _concerns(self, event: ServerEvent) -> bool:
        """Tell whether this entity tells of it: that of the server of everything."""
        return event.kind in self.event_types and (self.subject.kind == "server" or event.subject == self.subject)

    def _attributes_of(self, event: ServerEvent) -> dict[str, Any]:
        attributes = {
            "reason": self.coordinator.localizer.sentence(event.reason),
            "happened_at": event.moment.isoformat(timespec="seconds"),
            "subject": event.subject.key,
            "upid": event.upid,
        }
        return {name: value for name, value in attributes.items() if value is not None}
