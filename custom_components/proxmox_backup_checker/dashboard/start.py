"""The first days: how far each cluster is on the way to its first proof, as a checklist that ends itself."""

from typing import Any

from homeassistant.core import HomeAssistant

from ..checker.assessment import Assessment, to_be_protected
from ..checker.model.verdict import Status
from ..coordinator import CheckerConfigEntry
from ..privacy.sight import Sight
from .clusters import coordinator_of, entries
from .epochs import epoch


def checklists(hass: HomeAssistant, sight: Sight, entry_id: str | None) -> list[dict[str, Any]]:
    """Return how far each cluster is that can be read."""
    return [
        _checklist(entry, sight.assessment(coordinator), len(coordinator.agent_nodes))
        for entry in entries(hass, entry_id)
        if (coordinator := coordinator_of(entry)) is not None and coordinator.last_update_success
    ]


def _checklist(entry: CheckerConfigEntry, assessment: Assessment, agents: int) -> dict[str, Any]:
    watched = to_be_protected(assessment)
    guests = [assessment.guests[vmid].verdict for vmid in watched]
    # Where pools or jobs are hidden nobody knows it of a guest, though it is not called uncovered.
    in_jobs = {vmid for view in assessment.jobs.values() for vmid in view.covered}
    unproven = [verdict for verdict in guests if verdict.last_success is None]
    due = [verdict.next_due for verdict in unproven if verdict.next_due is not None]
    return {
        "id": entry.entry_id,
        "rights_missing": any(
            cause.reason.code.meaning.is_right_missing for alert in assessment.alerts for cause in alert.causes
        ),
        # What the token may not see is None.
        "jobs": sum(view.job.enabled for view in assessment.jobs.values()) if assessment.jobs_visible else None,
        "guests": len(guests),
        "in_no_job": sum(
            vmid not in in_jobs or verdict.lasting is Status.UNCOVERED
            for vmid, verdict in zip(watched, guests, strict=True)
        ),
        "proven": len(guests) - len(unproven),
        "first_due": epoch(min(due, default=None)),
        "nodes": len(assessment.nodes),
        "agents": agents,
    }
