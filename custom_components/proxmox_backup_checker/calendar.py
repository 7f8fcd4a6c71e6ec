"""The calendar of backup runs: the past with its outcome, the future with every slot."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .backup_server.entity import ServerEntity
from .checker.assessment import Assessment
from .checker.model.subject import SERVER
from .checker.model.verdict import Reason
from .checker.server.assessment import ServerAssessment
from .checker.views.agenda import AgendaItem, agenda, current_or_next
from .checker.views.server_agenda import server_agenda, server_current_or_next
from .const import is_backup_server
from .entity import ClusterEntity
from .proxmox.calendar.event import CalendarEvent as ScheduleEvent
from .texts.localizer import Localizer

PARALLEL_UPDATES = 0

BACKUP_RUNS = CalendarEntityDescription(key="runs", translation_key="backup_runs")
SERVER_RUNS = CalendarEntityDescription(key="runs", translation_key="server_runs")


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[Any], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the calendar of the cluster or backup server."""
    if is_backup_server(entry.data):
        async_add_entities([ServerRuns(entry.runtime_data, SERVER, SERVER_RUNS)])
    else:
        async_add_entities([BackupRuns(entry.runtime_data, BACKUP_RUNS)])


class _Runs[Held](CoordinatorEntity[Any], CalendarEntity):
    """All runs of all jobs: on while one runs or is due."""

    _found: tuple[Held, datetime, CalendarEvent | None] | None = None
    _agenda: Callable[[Held, datetime, datetime, datetime], list[AgendaItem]]
    _current_or_next: Callable[[Held, datetime], AgendaItem | None]

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """What goes on or is due next."""
        assessment, now = self.coordinator.assessment, dt_util.utcnow().replace(second=0, microsecond=0)
        # Home Assistant asks several times for each state.
        if self._found is None or self._found[0] is not assessment or self._found[1] != now:
            item = self._current_or_next(assessment, dt_util.utcnow())
            found = calendar_event(item, self.coordinator.localizer) if item is not None else None
            self._found = (assessment, now, found)
        return self._found[2]

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return what took place and what is due in a time."""
        # A month of an hourly job takes some thousand steps through the calendar.
        items = await hass.async_add_executor_job(
            self._agenda, self.coordinator.assessment, start_date, end_date, dt_util.utcnow()
        )
        return [calendar_event(item, self.coordinator.localizer) for item in items]


class BackupRuns(ClusterEntity, _Runs[Assessment]):
    """The runs of a cluster's backup jobs."""

    _agenda = staticmethod(agenda)
    _current_or_next = staticmethod(current_or_next)


class ServerRuns(ServerEntity, _Runs[ServerAssessment]):
    """The runs of a backup server's jobs."""

    _agenda = staticmethod(server_agenda)
    _current_or_next = staticmethod(server_current_or_next)


def calendar_event(item: AgendaItem, localizer: Localizer) -> CalendarEvent:
    """Put an item into words.

    Home Assistant compares the local times of start and end and raises where the end looks earlier, as it does for a run
    over the end of daylight saving time: such a run ends, in the calendar, where it began.
    """
    start, end = dt_util.as_local(item.start), dt_util.as_local(item.end)
    return CalendarEvent(
        start=item.day or start,
        # Of two times of one zone the greater is the one whose clock shows more.
        end=item.day + timedelta(days=1) if item.day else max(start, end),
        summary=localizer.sentence(_in_words(item.title, localizer)),
        description="\n".join(localizer.sentence(detail) for detail in item.details) or None,
        location=", ".join(item.nodes) or None,
        uid=item.identity,
    )


def _in_words(title: Reason, localizer: Localizer) -> Reason:
    """Return a title with its schedule as people say it."""
    if not isinstance(schedule := title.values.get("schedule"), str):
        return title
    return replace(
        title, values={**title.values, "schedule": ScheduleEvent.parse(schedule).describe(localizer.language)}
    )
