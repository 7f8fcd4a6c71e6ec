"""Whether anybody listens to messages: automations do so only some moments after Home Assistant has started."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CALLBACK_TYPE, CoreState, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

_AUDIENCE: HassKey[Audience] = HassKey(f"{DOMAIN}_audience")
_AFTER_START: Final = timedelta(seconds=10)


class Audience:
    """Knows whether automations listen; one for all clusters, which may be set up again while others wait."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Watch this Home Assistant start, if it has not yet."""
        self._hass = hass
        self._since: datetime | None = None
        hass.bus.async_listen(EVENT_HOMEASSISTANT_STARTED, self._started)

    @callback
    def _started(self, _event: Event) -> None:
        self._since = dt_util.utcnow() + _AFTER_START

    def listens(self) -> bool:
        """Tell whether automations listen now."""
        started = self._hass.state is CoreState.running
        return started and (self._since is None or dt_util.utcnow() >= self._since)

    @callback
    def when_it_listens(self, action: Callable[[], None]) -> CALLBACK_TYPE:
        """Call an action once automations listen, and return what calls that off."""
        call_off: list[CALLBACK_TYPE] = []

        @callback
        def act(_now: datetime) -> None:
            call_off.clear()
            action()

        @callback
        def wait(_event: Event | None = None) -> None:
            rest = self._since - dt_util.utcnow() if self._since else _AFTER_START
            call_off[:] = [async_call_later(self._hass, max(rest, timedelta()), act)]

        if self._hass.state is CoreState.running:
            wait()
        else:
            call_off.append(self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STARTED, wait))

        @callback
        def end() -> None:
            for each in call_off:
                each()

        return end


@callback
def async_setup_audience(hass: HomeAssistant) -> None:
    """Watch the start; to be called once."""
    hass.data[_AUDIENCE] = Audience(hass)


def audience_of(hass: HomeAssistant) -> Audience:
    """Return who listens to this Home Assistant."""
    return hass.data[_AUDIENCE]
