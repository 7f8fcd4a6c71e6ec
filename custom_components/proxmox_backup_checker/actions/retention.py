"""What another retention would keep, as the action and the dashboard answer it."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from ..checker.archives.archive import archive_time
from ..checker.assessment import Assessment
from ..checker.views.tried_retention import TriedGuest, TriedRetention, try_retention
from ..proxmox.retention import KeepOptions, keep_text
from ..texts.localizer import iso

RULES: Final = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
"""The keep values, as Proxmox calls them and in its order."""


def retention_data(
    assessment: Assessment, job_id: str, rules: Mapping[str, int], visible: Collection[int]
) -> dict[str, Any]:
    """Return what would stay and go with these keep values; of guests that the caller may see."""
    keep = KeepOptions.from_api({f"keep-{rule}": rules.get(rule, 0) for rule in RULES})
    found = try_retention(assessment.jobs[job_id].job, keep, assessment.context, visible)
    return {
        "job_id": job_id,
        "keep": keep_text(keep),
        "present": keep_text(found.present) if found.present is not None else None,
        "present_rules": _rules(found.present),
        "removes": found.removes,
        "others": list(found.others),
        "deduplicated": not found.is_measured,
        "stay": found.count(stays=True),
        "go": found.count(stays=False),
        "stay_bytes": found.size(stays=True),
        "go_bytes": found.size(stays=False),
        "guests": [_guest_data(guest, found) for guest in found.guests],
    }


def _rules(keep: KeepOptions | None) -> dict[str, int] | None:
    return None if keep is None else {rule: getattr(keep, rule) for rule in RULES}


def _guest_data(tried: TriedGuest, found: TriedRetention) -> dict[str, Any]:
    return {
        "vmid": tried.guest.vmid,
        "name": tried.guest.name,
        "storage": tried.storage,
        "archives": None
        if tried.archives is None
        else [
            {
                "volid": entry.point.archive.volid,
                "created": iso(archive_time(entry.point.archive)),
                "size": entry.point.size if found.is_measured else None,
                "stays": entry.stays,
                "mark": entry.mark.value,
                "stays_now": entry.stays_now,
            }
            for entry in tried.archives
        ],
    }
