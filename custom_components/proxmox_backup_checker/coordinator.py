"""The meeting point: polls Proxmox, has the facts judged, publishes the picture."""

import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .checker.picture import Picture, judge
from .checker.records import History
from .const import DOMAIN, UPDATE_INTERVAL
from .proxmox.errors import (
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    PermissionDeniedError,
    ProxmoxError,
)
from .reader import FactsReader, Reading
from .reasons import Reasons

_LOGGER = logging.getLogger(__name__)

type CheckerConfigEntry = ConfigEntry[CheckerCoordinator]


class CheckerCoordinator(DataUpdateCoordinator[Picture]):
    """Keeps the picture of one cluster up to date."""

    config_entry: CheckerConfigEntry

    def __init__(self, hass: HomeAssistant, entry: CheckerConfigEntry, reader: FactsReader, reasons: Reasons) -> None:
        """Poll through a reader; `reasons` puts verdicts into words."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=UPDATE_INTERVAL)
        self._reader = reader
        self._history = History()
        self.reasons = reasons
        self.reading: Reading | None = None
        self.last_error: ProxmoxError | None = None

    @property
    def identity(self) -> str:
        """The cluster's identity, the first part of every unique id."""
        return self.config_entry.unique_id or self.config_entry.entry_id

    @override
    async def _async_update_data(self) -> Picture:
        """Read and judge."""
        self.last_error = None
        try:
            self.reading = await self._reader.read(dt_util.utcnow(), self._history.runs)
        except ProxmoxError as error:
            self.last_error = error
            raise _translated(error) from error
        index = self.data.index if self.data else None
        picture = judge(self.reading.facts, self._history, index)
        self._history = picture.history
        return picture


def _translated(error: ProxmoxError) -> Exception:
    """Return the error that Home Assistant shows."""
    if isinstance(error, AuthenticationError):
        return ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="invalid_auth")
    if isinstance(error, CertificateChangedError):
        key = "certificate_changed"
    elif isinstance(error, PermissionDeniedError):
        key = "permission_denied"
    elif isinstance(error, CannotConnectError):
        key = "cannot_connect"
    else:
        key = "unexpected_answer"
    return UpdateFailed(translation_domain=DOMAIN, translation_key=key, translation_placeholders={"error": str(error)})
