"""What has run lately, as the dashboard tells it: the past of the calendar, in the language of who looks."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..checker.assessment import Assessment
from ..checker.views.agenda import AgendaItem, happened
from ..privacy.sight import Sight
from ..texts.localizer import Localizer
from .clusters import coordinator_of, entries
from .epochs import epoch

_SHOWN: Final = timedelta(days=3)
_MOST: Final = 40
# The page draws its own.
_MARKS: Final = "✓✗▶?⚠ "


async def async_activity(
    hass: HomeAssistant, sight: Sight, localizer: Localizer, entry_id: str | None
) -> list[dict[str, Any]]:
    """Return the runs of one cluster or of all, as far as this person may see them, the newest first."""
    found: list[dict[str, Any]] = []
    for entry in entries(hass, entry_id):
        if (coordinator := coordinator_of(entry)) is not None:
            assessment = sight.assessment(coordinator)
            found += await hass.async_add_executor_job(_items, entry.entry_id, assessment, localizer)
    return sorted(found, key=lambda item: -item["at"])[:_MOST]


def _items(entry_id: str, assessment: Assessment, localizer: Localizer) -> list[dict[str, Any]]:
    now = dt_util.utcnow()
    return [_item(entry_id, item, assessment, localizer) for item in happened(assessment, now - _SHOWN, now)[:_MOST]]


def _item(entry_id: str, item: AgendaItem, assessment: Assessment, localizer: Localizer) -> dict[str, Any]:
    status = item.status.value if item.status else "unknown"
    return {
        "id": f"{entry_id}/{item.identity}",
        "entry_id": entry_id,
        "row": f"{entry_id}/job/{item.job_id}" if item.job_id in assessment.jobs else None,
        "status": status,
        "title": localizer.sentence(item.title).lstrip(_MARKS),
        "details": [localizer.sentence(detail) for detail in item.details],
        "at": epoch(item.start),
        # Of a whole day there is no time.
        "day": item.day.isoformat() if item.day else None,
    }
