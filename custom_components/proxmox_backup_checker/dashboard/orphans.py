"""What the dashboard card shows of what guests have left that no longer exist."""

from typing import Any

from homeassistant.core import HomeAssistant

from ..checker.assessment import Assessment
from ..checker.model.labels import guest_name
from ..checker.views.orphans import Orphan, orphans_of
from ..clusters import guests_of_others, is_read
from ..privacy.sight import Sight
from .clusters import coordinator_of, entries
from .epochs import epoch


async def async_orphans(hass: HomeAssistant, sight: Sight, entry_id: str | None) -> list[dict[str, Any]]:
    """Return the storages on which deleted guests have left something, with what; only to who may see everything.

    They have no entities that somebody might be let see.
    """
    if sight.is_limited:
        return []
    told: list[dict[str, Any]] = []
    for entry in entries(hass, entry_id):
        if (coordinator := coordinator_of(entry)) is not None and is_read(coordinator):
            assessment, others = coordinator.assessment, guests_of_others(hass, coordinator)
            found = await hass.async_add_executor_job(orphans_of, assessment, others)
            told += _by_storage(entry.entry_id, found, assessment)
    return told


def _by_storage(entry_id: str, found: tuple[Orphan, ...], assessment: Assessment) -> list[dict[str, Any]]:
    keys = dict.fromkeys(one.storage for one in found)
    return [
        _storage(entry_id, assessment.storages[key].name, [one for one in found if one.storage == key]) for key in keys
    ]


def _storage(entry_id: str, name: str, found: list[Orphan]) -> dict[str, Any]:
    sizes = [one.size for one in found]
    return {
        "entry_id": entry_id,
        "name": name,
        "size": None if None in sizes else sum(size or 0 for size in sizes),
        "guests": [_guest(one) for one in found],
    }


def _guest(orphan: Orphan) -> dict[str, Any]:
    return {
        "vmid": orphan.vmid,
        "name": guest_name(orphan.name, orphan.vmid, orphan.guest_type),
        "archives": orphan.count,
        "protected": orphan.protected,
        "size": orphan.size,
        "newest": epoch(orphan.newest),
        "seen_here": orphan.seen_here,
    }
