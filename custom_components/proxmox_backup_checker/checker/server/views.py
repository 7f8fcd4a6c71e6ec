"""What is known and held of the parts of a backup server."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ...proxmox.backup_server.job_models import GarbageCollection, PruneJob, SyncJob, VerifyJob
from ...proxmox.backup_server.namespace import GroupId
from ..model.server_facts import DatastoreFacts
from ..model.subject import Subject
from ..model.verdict import Reason, Status, Verdict

type ServerJob = SyncJob | VerifyJob | PruneJob | GarbageCollection


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """A question of its own beside "is all well?", as whether anything verifies; never a problem of the verdict beside it."""

    status: Status
    problem: bool | None
    reason: Reason
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LooseGroup:
    """A group of a guest that no linked cluster knows; `size` is the sum of the snapshots' own sizes, in bytes."""

    ns: str
    group: GroupId
    owner: str | None
    name: str | None
    last_backup: datetime | None
    backup_count: int
    size: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DatastoreView:
    """A datastore and what is held of it.

    `used_share` is between 0 and 1; of an S3 store it is that of the local cache, and `is_cache` tells so. `full_on` is when it will be full, smoothed, None where it does not grow.
    `last_collected` is the start of the last good garbage collection. `restore_points` and `groups` count what was listed. `foreign` and `orphaned` are groups
    of guests that no linked cluster has: of somebody else, or of guests that are gone. `last_filled` is the newest backup that lies there,
    `verified` the newest one that was checked there and found good.
    """

    store: str
    facts: DatastoreFacts
    verdict: Verdict
    used_share: float | None = None
    is_cache: bool = False
    full_on: datetime | None = None
    last_collected: datetime | None = None
    last_filled: datetime | None = None
    verified: datetime | None = None
    groups: int = 0
    restore_points: int = 0
    failed_verifications: int = 0
    foreign: tuple[LooseGroup, ...] = ()
    orphaned: tuple[LooseGroup, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupTrouble:
    """What a run did not do for one group, and why in the server's words; `reason` is the sentence for people."""

    ns: str
    group: str
    reason: Reason
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerJobView:
    """A job of a backup server and what is held of it.

    `kind` is sync, verify, prune or gc; the id of a gc job is its datastore. `next_run` is None without a schedule, while it is disabled, and while it is
    overdue: then `due_since` tells since when. `troubles` are those of the last run, group by group. `transferred` are bytes. `groups` counts those that the last run was about.
    """

    subject: Subject
    kind: str
    job_id: str
    name: str
    store: str
    ns: str
    job: ServerJob
    verdict: Verdict
    schedule: str | None = None
    next_run: datetime | None = None
    due_since: datetime | None = None
    last_started: datetime | None = None
    last_ended: datetime | None = None
    duration: timedelta | None = None
    transferred: int | None = None
    groups: int | None = None
    troubles: tuple[GroupTrouble, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupView:
    """A group that is judged by its own rhythm: those of hosts, and those of guests where no cluster is linked.

    `name` is what people call it, with the namespace only where another one has the same id. `usual_gap` is how often it is usually backed up, learned or set
    (`is_rhythm_set`); None while that is not known. `size` is that of the newest finished snapshot, in bytes. `verified` is the moment of the newest snapshot that was checked here and found good.
    """

    subject: Subject
    store: str
    ns: str
    group: GroupId
    name: str
    verdict: Verdict
    last_backup: datetime | None = None
    restore_points: int = 0
    size: int | None = None
    owner: str | None = None
    comment: str | None = None
    encrypted: bool | None = None
    verified: datetime | None = None
    verification: Axis | None = None
    usual_gap: timedelta | None = None
    is_rhythm_set: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerEvent:
    """Something that has happened since the look before.

    `kind` is run_ok, run_warning, run_failed, run_missed, group_deleted, group_moved, restore_points_vanished, rights_lost or certificate_changed.
    """

    kind: str
    subject: Subject
    moment: datetime
    reason: Reason
    upid: str | None = None
