"""A sign of life for another monitor, which notices when nobody watches the backups any more."""

from datetime import datetime
import logging
from typing import Any, Final

from aiohttp import ClientConnectorCertificateError, ClientError, ClientSSLError, ClientTimeout
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .backup_server.watched import Watcher
from .const import CONF_HEARTBEAT_URL, DOMAIN
from .repair_issues import PAGES
from .texts.markdown import inert

_LOGGER = logging.getLogger(__name__)

_TIMEOUT: Final = ClientTimeout(total=10)
_FAILURES_BORNE: Final = 2


def keep_heartbeat(hass: HomeAssistant, coordinator: Watcher) -> None:
    """Send a sign of life after each look that has read everything, where somebody wants it, until the entry is unloaded."""
    heartbeat, entry = Heartbeat(hass, coordinator), coordinator.config_entry
    heartbeat.forget_failures()
    if CONF_HEARTBEAT_URL in entry.options:
        heartbeat.update()
        entry.async_on_unload(coordinator.async_add_listener(heartbeat.update))


class Heartbeat:
    """Asks an address after each look at which all that can be read was read, whatever was found.

    Nothing is sent but the question itself. The address is a secret: who knows it can keep the monitor calm.
    """

    def __init__(self, hass: HomeAssistant, coordinator: Watcher) -> None:
        """Speak for what is watched."""
        self._hass = hass
        self._entry: ConfigEntry[Any] = coordinator.config_entry
        self._coordinator = coordinator
        self._sent: datetime | None = None
        self._sending = False
        self._delivered = False
        self._failures = 0

    @callback
    def update(self) -> None:
        """Send where the last look was a new one and has read everything."""
        heard_at = self._coordinator.heard_at
        if not self._sending and heard_at is not None and heard_at != self._sent:
            self._sent, self._sending = heard_at, True
            self._entry.async_create_background_task(self._hass, self._send(), "heartbeat")

    async def _send(self) -> None:
        try:
            error = await self._ask(self._entry.options[CONF_HEARTBEAT_URL])
        finally:
            self._sending = False
        if error is None:
            self._succeed()
        else:
            self._fail(error)

    async def _ask(self, address: str) -> str | None:
        """Ask the address, and return what went wrong in a few words that do not name it."""
        session = async_get_clientsession(self._hass)
        try:
            async with session.get(address, allow_redirects=False, timeout=_TIMEOUT) as response:
                return None if response.status < 300 else f"HTTP {response.status}"
        except TimeoutError:
            return "no answer"
        except ClientConnectorCertificateError, ClientSSLError:
            return "no trusted certificate"
        except ClientError, OSError, ValueError:
            return "no connection"

    def _succeed(self) -> None:
        if self._failures:
            _LOGGER.info("%s: The heartbeat is delivered again", self._entry.title)
        self._delivered, self._failures = True, 0
        self.forget_failures()

    def _fail(self, error: str) -> None:
        if not self._failures:
            _LOGGER.warning("%s: The heartbeat could not be delivered: %s", self._entry.title, error)
        self._failures += 1
        # A mistyped address shows at once; a monitor that is restarted is given time.
        if not self._delivered or self._failures > _FAILURES_BORNE:
            self._raise_issue(error)

    def _raise_issue(self, error: str) -> None:
        text = f"heartbeat_{error.replace(' ', '_')}"
        localizer = self._coordinator.localizer
        told = localizer.text(text) if localizer.has(text) else error
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue,
            config_entry_id=self._entry.entry_id,
            is_fixable=False,
            learn_more_url=f"{PAGES}/monitoring.md",
            severity=ir.IssueSeverity.WARNING,
            translation_key="heartbeat_undelivered",
            translation_placeholders={"cluster": inert(self._entry.title), "error": told},
        )

    def forget_failures(self) -> None:
        """Take back that the heartbeat is not delivered."""
        ir.async_delete_issue(self._hass, DOMAIN, self._issue)

    @property
    def _issue(self) -> str:
        return f"heartbeat_undelivered_{self._entry.entry_id}"
