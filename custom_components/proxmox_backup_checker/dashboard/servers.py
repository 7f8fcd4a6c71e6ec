"""What the dashboard card is told of each Proxmox server: whether it can be read, and how many guests are how."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_cached_translations, async_get_translations

from ..checker.model.subject import CLUSTER
from ..const import DOMAIN
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from ..devices import device_key
from ..privacy.sight import Sight
from ..proxmox.api.errors import AuthenticationError, CertificateError, ProxmoxError
from ..translated_errors import poll_error
from .clusters import coordinator_of, entries, page

_BY_REASON: Final = {"invalid_auth": "auth_failed", "certificate_changed": "certificate"}


async def async_load_errors(hass: HomeAssistant, language: str) -> None:
    """Read what servers may say is wrong, in a language in which somebody looks."""
    await async_get_translations(hass, language, "exceptions", {DOMAIN})


def servers(hass: HomeAssistant, sight: Sight, language: str, entry_id: str | None = None) -> list[dict[str, Any]]:
    """Return what one person is told of all servers, or of the one that is asked for."""
    return [_server(hass, entry, sight, language) for entry in entries(hass, entry_id)]


def _server(hass: HomeAssistant, entry: CheckerConfigEntry, sight: Sight, language: str) -> dict[str, Any]:
    coordinator = coordinator_of(entry)
    state, error = _state(hass, entry, coordinator, language)
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, device_key(entry.unique_id or entry.entry_id, CLUSTER)), entry.entry_id
    )
    told: dict[str, Any] = {
        "id": entry.entry_id,
        "name": entry.title,
        "state": state,
        "since": None,
        "error": None if sight.is_limited else error,
        "device_id": device.id if device else None,
        "url": str(page(entry)),
        "counts": None,
    }
    if coordinator is not None:
        assessment = coordinator.assessment
        told["name"] = assessment.cluster.title
        told["since"] = None if state == "ok" else int(assessment.read_at.timestamp())
        # Nothing is summed up of what is not read.
        if coordinator.last_update_success:
            told["counts"] = asdict(sight.counts(coordinator))
    return told


def _state(
    hass: HomeAssistant, entry: CheckerConfigEntry, coordinator: CheckerCoordinator | None, language: str
) -> tuple[str, str | None]:
    """Return whether a server can be read, and in this language why not."""
    if coordinator is None:
        if entry.state is ConfigEntryState.SETUP_IN_PROGRESS:
            return "starting", None
        if entry.state not in {ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR}:
            return "not_loaded", None
        key = entry.error_reason_translation_key or ""
        values = entry.error_reason_translation_placeholders or {}
        return _BY_REASON.get(key, "unreachable"), _sentence(hass, key, values, language) or entry.reason
    error = coordinator.last_error
    if error is None:
        return "ok", None
    told = poll_error(error)
    key, values = told.translation_key or "", told.translation_placeholders or {}
    return _state_of(error, shown=coordinator.last_update_success), _sentence(hass, key, values, language) or str(error)


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
