"""What is shown of a guest's restores: the last proof, and how long it may take to get it back."""

from collections.abc import Iterable
from datetime import datetime

from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..model.labels import duration_text
from ..model.reason_codes import ReasonCode
from ..model.records import RestoreRecord
from ..model.verdict import Reason
from ..restores.estimate import Basis, Recovery, recovery_of
from ..restores.proof import proof_of

_BY: dict[Basis, ReasonCode] = {
    Basis.OWN_RESTORE: ReasonCode.RECOVERY_BY_OWN_RESTORE,
    Basis.RESTORES: ReasonCode.RECOVERY_BY_RESTORES,
    Basis.BACKUPS: ReasonCode.RECOVERY_BY_BACKUPS,
}


def told_of_restores(guest: Guest, context: Context) -> Iterable[Reason]:
    """Return the sentences for a guest: what is proven, what went wrong, and the estimate."""
    proof = proof_of(guest, context)
    if proof.proven is not None:
        yield _proven(proof.proven)
        if proof.proven.bad:
            bad = proof.proven
            yield Reason(ReasonCode.RESTORE_POINT_BAD, {"moment": bad.ended, "archive": bad.archive or ""})
    elif proof.known_since is None:
        yield Reason(ReasonCode.RESTORE_SIGHT_MISSING)
    else:
        yield Reason(ReasonCode.RESTORE_NEVER_SEEN, {"since": proof.known_since})
    if (failed := proof.failed) is not None:
        values: dict[str, str | datetime] = {
            "moment": failed.ended,
            "archive": failed.archive or "",
            "error": failed.error or "",
        }
        yield Reason(ReasonCode.RESTORE_FAILED, values)
    if (estimate := told_estimate(recovery_of(guest, context))) is not None:
        yield estimate


def told_estimate(recovery: Recovery) -> Reason | None:
    """Return an estimate as a sentence that names what it rests on, None where nothing tells."""
    if recovery.archive is None or recovery.duration is None or recovery.basis is None:
        return None
    values = {"duration": duration_text(recovery.duration), "storage": recovery.archive.storage}
    return Reason(_BY[recovery.basis], values)


def _proven(record: RestoreRecord) -> Reason:
    ran = record.ran is not None
    values: dict[str, str | datetime] = {
        "moment": record.ended,
        "duration": duration_text(record.ended - record.started),
        "copied": record.copied or record.ended,
        "storage": record.storage or "?",
        "target": str(record.target),
    }
    return Reason(ReasonCode.RESTORE_PROVEN_AND_RAN if ran else ReasonCode.RESTORE_PROVEN, values)
