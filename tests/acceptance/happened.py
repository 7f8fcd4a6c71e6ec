"""Listening to what the event entities tell."""

from dataclasses import dataclass, field
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er


@dataclass
class Told:
    """Every event told so far by one entity, given by the ending of its unique id."""

    hass: HomeAssistant
    ending: str
    events: list[dict[str, Any]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    @property
    def kinds(self) -> list[str]:
        """Return what happened, in order."""
        return [event["event_type"] for event in self.events]

    def take(self) -> list[str]:
        """Return what happened since this was asked last."""
        kinds = self.kinds
        self.events.clear()
        return kinds

    @callback
    def note(self, event: Event[EventStateChangedData]) -> None:
        """Take a state that was not there before, neither now nor before a restart."""
        state = event.data["new_state"]
        entry = er.async_get(self.hass).async_get(event.data["entity_id"])
        if state is None or entry is None or entry.domain != "event" or not entry.unique_id.endswith(self.ending):
            return
        if state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN, *self._seen}:
            self._seen.add(state.state)
            self.events.append(dict(state.attributes))


def listen(hass: HomeAssistant, ending: str = "_cluster_activity") -> Told:
    """Listen to one event entity, that of the cluster unless another is named, from now on."""
    told = Told(hass, ending)
    hass.bus.async_listen(EVENT_STATE_CHANGED, told.note)
    return told
