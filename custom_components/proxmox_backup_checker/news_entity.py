"""Events that tell what looks have found: of a cluster as of a backup server, each once."""

from abc import abstractmethod
from typing import Any, Protocol, override

from homeassistant.components.event import EventEntity
from homeassistant.core import callback
from homeassistant.helpers.update_coordinator import CoordinatorEntity


class News(Protocol):
    """Something that has happened."""

    @property
    def kind(self) -> str:
        """The type of event that it is."""


class NewsEntity[Found: News](CoordinatorEntity[Any], EventEntity):
    """What has happened, each event as a state of its own, oldest first."""

    _told: tuple[Found, ...] = ()

    @abstractmethod
    def concerns(self, event: Found) -> bool:
        """Tell whether this entity tells of it."""

    @abstractmethod
    def attributes_of(self, event: Found) -> dict[str, Any]:
        """Return what is told of it, all of it small."""

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
        # An assessment may be published again, as after a person's word; what has happened is then the same tuple.
        events: tuple[Found, ...] = self.coordinator.assessment.events
        if events is self._told:
            return False
        self._told = events
        news = [event for event in events if self.concerns(event)]
        for event in news:
            self._trigger_event(event.kind, self.attributes_of(event))
            self.async_write_ha_state()
        return bool(news)
