"""What guests have left that no longer exist, as an action answers it."""

from typing import Any

from homeassistant.core import HomeAssistant

from ..checker.views.orphans import Orphan, orphans_of
from ..clusters import guests_of_others, is_read
from ..coordinator import CheckerCoordinator
from ..texts.localizer import iso


def orphans(hass: HomeAssistant, coordinator: CheckerCoordinator) -> dict[str, Any]:
    """Return the archives of deleted guests by guest and storage, the largest first, with sums by storage."""
    can_tell = is_read(coordinator)
    found = orphans_of(coordinator.assessment, guests_of_others(hass, coordinator)) if can_tell else ()
    storages = sorted({one.storage for one in found})
    return {
        "orphans": [_data(one) for one in found],
        "storages": [
            {"storage": key, "size": _sum([one.size for one in found if one.storage == key])} for key in storages
        ],
        "complete": can_tell and coordinator.assessment.guests_complete,
    }


def _sum(sizes: list[int | None]) -> int | None:
    return None if None in sizes else sum(size or 0 for size in sizes)


def _data(orphan: Orphan) -> dict[str, Any]:
    return {
        "vmid": orphan.vmid,
        "guest_type": orphan.guest_type,
        "name": orphan.name,
        "storage": orphan.storage,
        "archives": orphan.count,
        "protected": orphan.protected,
        "size": orphan.size,
        "newest": iso(orphan.newest),
        "seen_here": orphan.seen_here,
    }
