"""How long it may take to get guests back, as the action answers it."""

from typing import Any

from ..checker.archives.archive import archive_time
from ..checker.assessment import Assessment
from ..checker.restores.estimate import Recovery, recoveries_of
from ..checker.views.restores import told_estimate
from ..texts.localizer import Localizer, iso


def recovery_data(assessment: Assessment, vmid: int | None, node: str | None, localizer: Localizer) -> dict[str, Any]:
    """Return the estimate for the guest and the node that are told, for all guests where neither is."""
    guests = [
        view.guest
        for number, view in sorted(assessment.guests.items())
        if vmid in {None, number} and node in {None, view.guest.node} and not view.guest.template
    ]
    found = recoveries_of(guests, assessment.context)
    return {
        "estimate": True,
        "seconds": int(found.known.total_seconds()),
        "guests_unknown": found.unknown,
        "guests_without_archive": found.without_archive,
        "guests": [_guest_data(entry, assessment, localizer) for entry in found.guests],
    }


def _guest_data(recovery: Recovery, assessment: Assessment, localizer: Localizer) -> dict[str, Any]:
    guest, archive = recovery.guest, recovery.archive
    proof, told = assessment.guests[guest.vmid].figures.restore, told_estimate(recovery)
    return {
        "vmid": guest.vmid,
        "name": guest.name,
        "node": guest.node,
        "archive": archive.volid if archive else None,
        "storage": archive.storage if archive else None,
        "created": iso(archive_time(archive)) if archive else None,
        "seconds": int(recovery.duration.total_seconds()) if recovery.duration else None,
        "basis": recovery.basis.value if recovery.basis else None,
        "sentence": localizer.sentence(told) if told else None,
        "last_restore": iso(proof.ended) if proof else None,
    }
