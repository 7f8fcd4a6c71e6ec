"""What the dashboard card shows of a backup server as a whole: its verdict, its datastores, and groups that are nobody's."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from ..backup_server.coordinator import ServerConfigEntry, ServerCoordinator
from ..backup_server.servers import server_of
from ..checker.model.subject import SERVER, Subject
from ..checker.server.views import DatastoreView, LooseGroup
from ..const import DOMAIN
from ..devices import device_key
from ..privacy.sight import Sight
from ..texts.localizer import Localizer
from .clusters import backup_servers
from .epochs import epoch

_MOST_LOOSE = 200


def datastores(hass: HomeAssistant, sight: Sight, localizer: Localizer, entry_id: str | None) -> list[dict[str, Any]]:
    """Return every server that is loaded, or the one that is asked for, with the datastores that this person may see."""
    return [
        _server(hass, entry, coordinator, sight, localizer)
        for entry in backup_servers(hass, entry_id)
        if (coordinator := server_of(entry)) is not None and sight.sees(coordinator, SERVER)
    ]


def _server(
    hass: HomeAssistant, entry: ServerConfigEntry, coordinator: ServerCoordinator, sight: Sight, localizer: Localizer
) -> dict[str, Any]:
    assessment = sight.assessment(coordinator)
    verdict = coordinator.assessment.verdict

    def ids(subject: Subject) -> dict[str, str | None]:
        key = DOMAIN, device_key(coordinator.identity, subject)
        device = dr.async_get(hass).async_get_device_by_identifier(key, entry.entry_id)
        return {"entity_id": sight.sensor_of(coordinator, subject), "device_id": device.id if device else None}

    return {
        "id": entry.entry_id,
        "name": entry.title,
        "status": verdict.status.value,
        "problem": verdict.problem,
        "reason": localizer.sentence(verdict.reason),
        "next_step": localizer.next_step(verdict),
        "version": assessment.facts.version.text if assessment.facts is not None else None,
        "waiting": assessment.facts.waiting if assessment.facts is not None else 0,
        **ids(SERVER),
        "datastores": [
            _datastore(view, localizer) | ids(Subject.datastore(store))
            for store, view in sorted(assessment.datastores.items())
        ],
    }


def _datastore(view: DatastoreView, localizer: Localizer) -> dict[str, Any]:
    usage, verdict = view.facts.usage, view.verdict
    loose = [*((group, False) for group in view.foreign), *((group, True) for group in view.orphaned)]
    return {
        "name": view.store,
        "comment": view.facts.datastore.comment,
        "status": verdict.status.value,
        "problem": verdict.problem,
        "reason": localizer.sentence(verdict.reason),
        "findings": [localizer.sentence(finding) for finding in verdict.findings if finding != verdict.reason],
        "next_step": localizer.next_step(verdict),
        "used": usage.used if usage is not None else None,
        "total": usage.total if usage is not None else None,
        "free": usage.available if usage is not None else None,
        "is_cache": view.is_cache,
        "full_on": epoch(view.full_on),
        "collected": epoch(view.last_collected),
        "filled": epoch(view.last_filled),
        "verified": epoch(view.verified),
        "bad": view.failed_verifications,
        "groups": view.groups,
        "restore_points": view.restore_points,
        "loose": [_loose(group, orphaned=orphaned) for group, orphaned in loose[:_MOST_LOOSE]],
        "loose_count": len(loose),
    }


def _loose(found: LooseGroup, *, orphaned: bool) -> dict[str, Any]:
    """Return a group of a guest that no linked cluster knows: of one that is gone, or of somebody else."""
    return {
        "ns": found.ns,
        "group": str(found.group),
        "name": found.name,
        "owner": found.owner,
        "orphaned": orphaned,
        "last": epoch(found.last_backup),
        "count": found.backup_count,
        "size": found.size,
    }
