"""What the dashboard card is told of each Proxmox server: whether it can be read, and how many guests are how."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations

from ..backup_server.coordinator import ServerConfigEntry
from ..backup_server.servers import server_of
from ..checker.model.subject import CLUSTER, SERVER, Subject
from ..checker.model.verdict import Status
from ..const import DOMAIN
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from ..devices import device_key, identity_of
from ..privacy.sight import Sight
from ..proxmox.api.errors import AuthenticationError, CertificateError, ProxmoxError
from ..translated_errors import poll_error
from .clusters import backup_servers, coordinator_of, entries, page
from .epochs import epoch
from .rows import OF_SERVERS, Group

_BY_REASON: Final = {"invalid_auth": "auth_failed", "certificate_changed": "certificate"}


async def async_load_errors(hass: HomeAssistant, language: str) -> None:
    """Read what servers may say is wrong, in a language in which somebody looks."""
    await async_get_translations(hass, language, "exceptions", {DOMAIN})


def servers(
    hass: HomeAssistant, sight: Sight, language: str, entry_id: str | None = None, *, group: Group = "guest"
) -> list[dict[str, Any]]:
    """Return what one person is told of all servers with such rows, or of the one that is asked for."""
    if group in OF_SERVERS:
        return [_backup_server(hass, entry, sight, language) for entry in backup_servers(hass, entry_id)]
    return [_server(hass, entry, sight, language) for entry in entries(hass, entry_id)]


def _backup_server(hass: HomeAssistant, entry: ServerConfigEntry, sight: Sight, language: str) -> dict[str, Any]:
    """Tell of a backup server; whoever follows it learns by `problems` that there may be other causes."""
    told, coordinator = _told(hass, entry, SERVER), server_of(entry)
    if coordinator is None:
        state, reason = _state_of_entry(hass, entry, language)
        return told | {"state": state, "error": None if sight.is_limited else reason}
    assessment, error = coordinator.assessment, coordinator.last_error
    if assessment.verdict.status is Status.ASLEEP:
        state, words = "asleep", None
    elif error is None:
        state, words = "ok", None
    else:
        state, words = _state_of(error, shown=assessment.facts is not None), _words_of(hass, error, language)
    return told | {
        "state": state,
        "since": None if state == "ok" else epoch(assessment.read_at or assessment.verdict.since),
        "error": None if sight.is_limited else words,
        "problems": sorted(alert.tag for alert in sight.assessment(coordinator).alerts),
    }


def _server(hass: HomeAssistant, entry: CheckerConfigEntry, sight: Sight, language: str) -> dict[str, Any]:
    coordinator = coordinator_of(entry)
    state, error = _state(hass, entry, coordinator, language)
    told = _told(hass, entry, CLUSTER) | {"state": state, "error": None if sight.is_limited else error}
    if coordinator is not None:
        assessment = coordinator.assessment
        told["name"] = assessment.cluster.title
        told["since"] = None if state == "ok" else int(assessment.read_at.timestamp())
        # Nothing is summed up of what is not read.
        if coordinator.last_update_success:
            told["counts"] = asdict(sight.counts(coordinator))
            told["causes"] = sight.assessment(coordinator).causes
    return told


def _told(hass: HomeAssistant, entry: ConfigEntry[Any], whole: Subject) -> dict[str, Any]:
    """Return what is told of every server, whatever its state."""
    key = DOMAIN, device_key(identity_of(entry), whole)
    device = dr.async_get(hass).async_get_device_by_identifier(key, entry.entry_id)
    return {
        "id": entry.entry_id,
        "name": entry.title,
        "state": "not_loaded",
        "since": None,
        "error": None,
        "device_id": device.id if device else None,
        "url": str(page(entry)),
        "counts": None,
    }


def _state(
    hass: HomeAssistant, entry: CheckerConfigEntry, coordinator: CheckerCoordinator | None, language: str
) -> tuple[str, str | None]:
    """Return whether a server can be read, and in this language why not."""
    if coordinator is None:
        return _state_of_entry(hass, entry, language)
    error = coordinator.last_error
    if error is None:
        return "ok", None
    return _state_of(error, shown=coordinator.last_update_success), _words_of(hass, error, language)


def _state_of_entry(hass: HomeAssistant, entry: ConfigEntry[Any], language: str) -> tuple[str, str | None]:
    """Return why an entry is not loaded."""
    if entry.state is ConfigEntryState.SETUP_IN_PROGRESS:
        return "starting", None
    if entry.state not in {ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR}:
        return "not_loaded", None
    key = entry.error_reason_translation_key or ""
    values = entry.error_reason_translation_placeholders or {}
    return _BY_REASON.get(key, "unreachable"), _sentence(hass, key, values, language) or entry.reason


def _words_of(hass: HomeAssistant, error: ProxmoxError, language: str) -> str:
    told = poll_error(error)
    key, values = told.translation_key or "", told.translation_placeholders or {}
    return _sentence(hass, key, values, language) or str(error)


def _state_of(error: ProxmoxError, *, shown: bool) -> str:
    if isinstance(error, AuthenticationError):
        return "auth_failed"
    if isinstance(error, CertificateError):
        return "certificate"
    return "stale" if shown else "unreachable"


def _sentence(hass: HomeAssistant, key: str, values: Mapping[str, Any], language: str) -> str | None:
    """Return an error in a language whose errors have been read."""
    texts = async_get_cached_translations(hass, language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message")
    return text.format_map(values) if text else None
