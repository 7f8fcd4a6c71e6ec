"""Keeps the history of one cluster in Home Assistant's storage, over restarts and updates."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store

from .checker.history_format import from_data, to_data
from .checker.records import History
from .const import DOMAIN

VERSION: Final = 1
MINOR_VERSION: Final = 1
_DELAY: Final = 60
_REWRITE_AFTER: Final = timedelta(hours=1)


class _Store(Store[dict[str, Any]]):
    """The file; fields that came later have defaults, so that older ones need no change."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Take the data of an older version as it is."""
        return old_data


class HistoryStore:
    """Loads the history once and writes it late."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Keep the history of this entry."""
        self._hass = hass
        self._entry_id = entry_id
        # A history is never changed once it is made, so that another thread may put it into text.
        self._store = _Store(
            hass,
            VERSION,
            f"{DOMAIN}.{entry_id}",
            private=True,
            atomic_writes=True,
            minor_version=MINOR_VERSION,
            max_readable_version=VERSION,
            serialize_in_event_loop=False,
        )
        self._latest = History()
        self._queued = History()
        self._pending = False

    async def async_load(self) -> History:
        """Return what was kept, an empty history where there is nothing or nothing that can be read."""
        try:
            data = await self._store.async_load()
            if data is not None:
                self._latest, damaged = await self._hass.async_add_executor_job(from_data, data)
                if damaged:
                    self._report("history_damaged", {"records": str(damaged)})
        except (HomeAssistantError, ValueError, KeyError, TypeError, NotImplementedError) as error:
            kept = await self._hass.async_add_executor_job(_set_aside, Path(self._store.path))
            self._report("history_lost", {"error": str(error), "path": kept})
        self._queued = self._latest
        return self._latest

    def save_later(self, history: History) -> None:
        """Write the history soon, or when Home Assistant stops; once an hour where only time has gone by."""
        self._latest = history
        if self._pending or not self._is_worth_writing():
            return
        self._pending = True
        self._store.async_delay_save(self._data, _DELAY)

    async def async_save(self) -> None:
        """Write the history now."""
        if self._latest is not self._queued:
            await self._store.async_save(await self._hass.async_add_executor_job(self._data))

    def _is_worth_writing(self) -> bool:
        before, now = self._queued.evaluated, self._latest.evaluated
        if before is None or now is None or not timedelta() <= now - before < _REWRITE_AFTER:
            return True
        return replace(self._latest, evaluated=before) != self._queued

    def _data(self) -> dict[str, Any]:
        self._queued, self._pending = self._latest, False
        return to_data(self._queued)

    async def async_remove(self) -> None:
        """Forget everything."""
        await self._store.async_remove()
        for key in ("history_lost", "history_damaged"):
            ir.async_delete_issue(self._hass, DOMAIN, f"{key}_{self._entry_id}")

    def _report(self, key: str, placeholders: dict[str, str]) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{key}_{self._entry_id}",
            is_fixable=False,
            is_persistent=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders=placeholders,
        )


def _set_aside(path: Path) -> str:
    """Rename a file that cannot be read, so that nothing in it is lost."""
    damaged = path.with_name(f"{path.name}.damaged")
    if path.exists():
        path.replace(damaged)
    return str(damaged)
