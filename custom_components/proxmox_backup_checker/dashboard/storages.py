"""What the dashboard card shows of storages: how full they are, and when they will be."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..checker.assessment import StorageView
from ..checker.copies.ways import place_name
from ..checker.metrics import used_percent
from ..checker.model.subject import Subject
from ..const import DOMAIN
from ..coordinator import CheckerConfigEntry, CheckerCoordinator
from ..devices import PROBLEM, device_key
from ..privacy.sight import Sight
from ..texts.localizer import Localizer
from .clusters import coordinator_of, entries
from .epochs import epoch


def storages(hass: HomeAssistant, sight: Sight, localizer: Localizer, entry_id: str | None) -> list[dict[str, Any]]:
    """Return the storages of one cluster or of all that this person may see, the fullest first."""
    found = [
        (used_percent(view.storage) or 0.0, _storage(hass, entry, coordinator, view, localizer))
        for entry in entries(hass, entry_id)
        if (coordinator := coordinator_of(entry)) is not None
        for view in coordinator.assessment.storages.values()
        if sight.sees(coordinator, Subject.storage(view.key))
    ]
    return [storage for _, storage in sorted(found, key=lambda one: (-one[0], one[1]["id"]))]


def _storage(
    hass: HomeAssistant,
    entry: CheckerConfigEntry,
    coordinator: CheckerCoordinator,
    view: StorageView,
    localizer: Localizer,
) -> dict[str, Any]:
    key = device_key(coordinator.identity, Subject.storage(view.key))
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), entry.entry_id)
    return {
        "id": f"{entry.entry_id}/storage/{view.key}",
        "entry_id": entry.entry_id,
        "name": view.name,
        "status": view.verdict.status.value,
        "problem": view.verdict.problem,
        "used": view.storage.used,
        "total": view.storage.total,
        "free": view.storage.available,
        "full_on": epoch(view.full_on),
        "reason": localizer.sentence(view.verdict.reason),
        "entity_id": er.async_get(hass).async_get_entity_id("binary_sensor", DOMAIN, f"{key}{PROBLEM}"),
        "device_id": device.id if device else None,
        "behind": _behind(view, coordinator),
    }


def _behind(view: StorageView, coordinator: CheckerCoordinator) -> str | None:
    """Return the datastore behind a storage, where its server is watched as well."""
    link = coordinator.assessment.context.links.get(view.key)
    return place_name(link.server.name, link.store, link.ns) if link is not None else None
