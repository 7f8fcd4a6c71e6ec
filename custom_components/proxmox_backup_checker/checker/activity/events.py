"""An event of the backups: what took place at one moment, and whom it concerns."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..model.verdict import Reason


class ActivityKind(StrEnum):
    """What can happen."""

    RUN_SUCCEEDED = "run_succeeded"
    RUN_WARNINGS = "run_warnings"
    RUN_FAILED = "run_failed"
    RUN_MISSED = "run_missed"
    RECOVERED = "recovered"
    MANUAL_RUN_SUCCEEDED = "manual_run_succeeded"
    MANUAL_RUN_FAILED = "manual_run_failed"
    JOB_CREATED = "job_created"
    JOB_DELETED = "job_deleted"
    JOB_ENABLED = "job_enabled"
    JOB_DISABLED = "job_disabled"
    JOB_CHANGED = "job_changed"
    RETENTION_CUT = "retention_cut"
    DISK_EXCLUDED = "disk_excluded"
    GUEST_NEW = "guest_new"
    GUEST_UNCOVERED = "guest_uncovered"
    ARCHIVE_VANISHED = "archive_vanished"
    RESTORE_SUCCEEDED = "restore_succeeded"
    RESTORE_FAILED = "restore_failed"
    FILES_RESTORED = "files_restored"


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivityEvent:
    """Something that took place; `identity` is the same for the same event whenever and wherever it is found.

    `reason` tells it in a sentence and `details` say more. `job_id` and `job`, its name, are None where no job is concerned;
    `guests` are the VMIDs concerned and `names` what people call them. `size` in bytes of all that was saved.
    """

    kind: ActivityKind
    identity: str
    moment: datetime
    reason: Reason
    details: tuple[Reason, ...] = ()
    job_id: str | None = None
    job: str | None = None
    guests: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    storage: str | None = None
    node: str | None = None
    upid: str | None = None
    size: int | None = None
    duration: timedelta | None = None
