"""What is worth saying of a guest whose backup is there: from a hint to a reason why it is not to be relied on."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from ...proxmox.api.cluster_models import Guest
from ..context import Situation, newest_good
from ..model.reason_codes import ReasonCode
from ..model.records import GuestRecord
from ..model.verdict import Reason, Status, Verdict
from ..runs.outcomes import Outcome, Result
from .retention import retention_findings
from .sizes import size_findings

LOCK_LIMIT: Final = timedelta(minutes=10)
_TOOLS: Final = {"qemu": "qm", "lxc": "pct"}
_WARNINGS: Final = {
    "prune_failed": (Status.WARNING, ReasonCode.RETENTION_FAILED),
    "no_disks": (Status.WARNING, ReasonCode.BACKUP_WITHOUT_DISKS),
    "freeze_failed": (Status.OK, ReasonCode.FREEZE_FAILED),
    "notes_failed": (Status.OK, ReasonCode.NOTES_FAILED),
    "log_upload_failed": (Status.OK, ReasonCode.LOG_UPLOAD_FAILED),
}


def findings_of(
    guest: Guest, verdict: Verdict, outcomes: Sequence[Outcome], situation: Situation
) -> list[tuple[Status, Reason]]:
    """Return what is found with its weight: failed and warning change the verdict, ok is a hint."""
    record = situation.guest_record(guest)
    good = newest_good(outcomes)
    found = [*_archive_findings(guest, good, record, situation)]
    if record is not None:
        found += _record_findings(guest, record, situation)
    if good is not None:
        found += _run_findings(guest, good, record, verdict)
        found += size_findings([outcome for outcome in outcomes if outcome.result is Result.OK], situation.facts)
        found += retention_findings(guest, outcomes, situation)
    return found


def _archive_findings(
    guest: Guest, good: Outcome | None, record: GuestRecord | None, situation: Situation
) -> Iterable[tuple[Status, Reason]]:
    if foreign := situation.foreign_archives(guest):
        storages = sorted({archive.storage for archive in foreign})
        yield (
            Status.OK,
            Reason(ReasonCode.FOREIGN_ARCHIVES, {"count": str(len(foreign)), "storage": ", ".join(storages)}),
        )
    newest = next(iter(situation.archives(guest)), None)
    if newest is not None and newest.verification == "failed":
        verified = next((entry for entry in situation.archives(guest) if entry.verification == "ok"), None)
        code = ReasonCode.VERIFICATION_FAILED if verified else ReasonCode.VERIFICATION_FAILED_NONE_GOOD
        yield Status.FAILED, Reason(code, {"archive": newest.volid, "verified": verified.volid if verified else ""})
    if record is None or good is None or record.archive_missing is None or record.archive_missing != good.archive:
        return
    values = {"archive": record.archive_missing.rpartition("/")[2], "storage": good.storage or ""}
    if record.archive_missing_confirmed:
        yield Status.FAILED, Reason(ReasonCode.ARCHIVE_MISSING, values)
    else:
        yield Status.WARNING, Reason(ReasonCode.ARCHIVE_NOT_LISTED, values)


def _record_findings(guest: Guest, record: GuestRecord, situation: Situation) -> Iterable[tuple[Status, Reason]]:
    if record.locked_since is not None and situation.has_come(record.locked_since + LOCK_LIMIT):
        command = f"{_TOOLS.get(guest.guest_type, 'qm')} unlock {guest.vmid}"
        yield Status.WARNING, Reason(ReasonCode.GUEST_LOCKED, {"command": command, "node": guest.node})
    if record.newly_excluded:
        yield Status.WARNING, Reason(ReasonCode.DISKS_NEWLY_EXCLUDED, {"disks": ", ".join(record.newly_excluded)})
    elif record.excluded_disks:
        yield Status.OK, Reason(ReasonCode.PARTIAL, {"disks": ", ".join(record.excluded_disks)})


def _run_findings(
    guest: Guest, good: Outcome, record: GuestRecord | None, verdict: Verdict
) -> Iterable[tuple[Status, Reason]]:
    for warning in good.warnings:
        if warning in _WARNINGS:
            status, code = _WARNINGS[warning]
            yield status, Reason(code, {"node": good.node, "storage": good.storage or ""})
    known = set(record.excluded_disks or ()) if record else set()
    if record is not None and record.excluded_disks is not None and (surprising := set(good.excluded) - known):
        yield Status.WARNING, Reason(ReasonCode.DISKS_NOT_IN_ARCHIVE, {"disks": ", ".join(sorted(surprising))})
    if good.by_hand and good.upid in verdict.evidence:
        yield Status.OK, Reason(ReasonCode.COPY_OUTSIDE_JOB, {"storage": good.storage or ""})
