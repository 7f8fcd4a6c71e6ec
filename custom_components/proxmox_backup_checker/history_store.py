"""Keeps the history of one cluster or backup server in Home Assistant's storage, over restarts and updates."""

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import json_bytes, json_fragment
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .checker.history.format import from_data, server_history_from_data, to_data
from .checker.model.records import History
from .checker.model.server_records import ServerHistory
from .const import DOMAIN
from .texts.markdown import code, inert

VERSION: Final = 1
MINOR_VERSION: Final = 1
# Seconds until what somebody was told of is written, until what else is new is, and until the mere passing of time is.
_DELAY_AFTER_NEWS: Final = 2
_DELAY: Final = 60
_DELAY_WITHOUT_CHANGE: Final = 3600
_ISSUES: Final = ("history_lost", "history_damaged")


class _Store(Store[dict[str, Any]]):
    """The file; fields that came later have defaults, so that older ones need no change."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Take the data of an older version as it is."""
        return old_data


class KeptHistory[Kept: History | ServerHistory](ABC):
    """Loads a history once and writes it late."""

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
            serialize_in_event_loop=False,
        )
        self._loaded = self._latest = self._queued = self._nothing()
        self._delay: int | None = None

    @staticmethod
    @abstractmethod
    def _nothing() -> Kept:
        """Return an empty history."""

    @staticmethod
    @abstractmethod
    def _read(data: object) -> tuple[Kept, int]:
        """Return the history that a file holds, and how many records in it are damaged; ValueError where it holds none."""

    async def async_load(self) -> Kept:
        """Return what was kept, an empty history where there is nothing or nothing that can be read."""
        path = Path(self._store.path)
        existed = await self._hass.async_add_executor_job(path.exists)
        try:
            data = await self._store.async_load()
            if data is not None:
                self._latest, damaged = await self._hass.async_add_executor_job(self._read, data)
                if damaged:
                    await self.async_set_aside(damaged)
            elif existed:
                # Home Assistant has moved a file away that is no JSON.
                await self._async_report_lost(path, "JSON")
        except (HomeAssistantError, LookupError, TypeError, ValueError) as error:
            await self._async_report_lost(path, str(error) or type(error).__name__)
        self._loaded = self._queued = self._latest
        return self._latest

    def save_later(self, history: Kept, *, soon: bool = False) -> None:
        """Write the history, or when Home Assistant stops; once an hour where only time has gone by.

        Soon where somebody was told of what it holds, which must not be told again after a power cut.
        """
        self._latest = history
        delay = _DELAY_AFTER_NEWS if soon else _DELAY if self._is_new() else _DELAY_WITHOUT_CHANGE
        if self._delay is None or delay < self._delay:
            self._delay = delay
            self._store.async_delay_save(self._data, delay)

    async def async_save(self) -> None:
        """Write the history now, after any write that is under way."""
        if self._latest is not self._loaded:
            await self._store.async_save(await self._hass.async_add_executor_job(self._data))

    async def async_set_aside(self, records: int) -> None:
        """Keep a copy of the file as it is, and report that so many records in it cannot be used."""
        kept = await self._hass.async_add_executor_job(_copied, Path(self._store.path))
        self._report("history_damaged", records=str(records), path=code(str(kept)))

    async def async_remove(self) -> None:
        """Remove the file, and what was reported of it."""
        await self._store.async_remove()
        for key in _ISSUES:
            ir.async_delete_issue(self._hass, DOMAIN, f"{key}_{self._entry_id}")

    def _is_new(self) -> bool:
        before, now = self._queued.evaluated, self._latest.evaluated
        if before is None or now is None or now < before:
            return True
        return replace(self._latest, evaluated=before) != self._queued

    def _data(self) -> dict[str, Any]:
        """Return what the file holds, as text already: Home Assistant would give every number a line of its own."""
        # In this order, since it runs in a thread: what comes from now on is put into the next file too.
        self._delay = None
        self._queued = history = self._latest
        return {name: json_fragment(json_bytes(part)) for name, part in to_data(history).items()}

    async def _async_report_lost(self, path: Path, error: str) -> None:
        kept = await self._hass.async_add_executor_job(_set_aside, path)
        self._report("history_lost", error=inert(error), path=code(str(kept)))

    def _report(self, key: str, **placeholders: str) -> None:
        entry = self._hass.config_entries.async_get_known_entry(self._entry_id)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{key}_{self._entry_id}",
            is_fixable=False,
            is_persistent=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={"cluster": inert(entry.title), **placeholders},
        )


class HistoryStore(KeptHistory[History]):
    """The history of a cluster."""

    @staticmethod
    @override
    def _nothing() -> History:
        return History()

    @staticmethod
    @override
    def _read(data: object) -> tuple[History, int]:
        return from_data(data)


class ServerHistoryStore(KeptHistory[ServerHistory]):
    """The history of a backup server."""

    @staticmethod
    @override
    def _nothing() -> ServerHistory:
        return ServerHistory()

    @staticmethod
    @override
    def _read(data: object) -> tuple[ServerHistory, int]:
        return server_history_from_data(data)


def _aside(path: Path) -> Path:
    """Return where a damaged file is kept, named as Home Assistant does."""
    return path.with_name(f"{path.name}.corrupt.{dt_util.utcnow().isoformat()}")


def _copied(path: Path) -> Path:
    """Copy a file that is damaged in part, and return where the copy is."""
    aside = _aside(path)
    try:
        return path.copy(aside, preserve_metadata=True)
    except OSError:
        return path


def _set_aside(path: Path) -> Path:
    """Rename a file that cannot be read as Home Assistant does, and return where it is."""
    if path.exists():
        aside = _aside(path)
        try:
            return path.rename(aside)
        except OSError:
            return path
    return max(path.parent.glob(f"{path.name}.corrupt.*"), default=path)
