"""What is known of a backup server at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from ...proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    CertificateError,
    PermissionDeniedError,
    ProxmoxError,
)
from ...proxmox.backup_server.datastore_models import Datastore, DatastoreConfig, Remote, Usage
from ...proxmox.backup_server.job_models import GarbageCollection, PruneJob, SyncJob, VerifyJob
from ...proxmox.backup_server.logs.backup_log import BackupLog
from ...proxmox.backup_server.logs.garbage_collection_log import GarbageCollectionLog
from ...proxmox.backup_server.logs.prune_log import PruneLog
from ...proxmox.backup_server.logs.sync_records import SyncLog
from ...proxmox.backup_server.logs.verify_log import VerifyLog
from ...proxmox.backup_server.namespace import GroupId
from ...proxmox.backup_server.server_models import Permissions, Version
from ...proxmox.backup_server.snapshot_models import Group, Snapshot
from ...proxmox.backup_server.task_models import Task

type GroupKey = tuple[str, GroupId]
"""A namespace, and a group within it."""

type TaskLog = BackupLog | GarbageCollectionLog | PruneLog | SyncLog | VerifyLog


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupFacts:
    """A group with its snapshots as they were at `read_at`, which is None while nobody has listed them yet."""

    group: Group
    snapshots: tuple[Snapshot, ...] = ()
    read_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DatastoreFacts:
    """A datastore; what cannot be read at present is as it was.

    `listed_at` tells of each namespace when its groups were listed last: one that is missing there has not been seen. `full_on` is
    the server's own forecast, in epoch seconds. `hidden` is one that the token may no longer see.
    """

    datastore: Datastore
    config: DatastoreConfig | None = None
    usage: Usage | None = None
    full_on: int | None = None
    namespaces: tuple[str, ...] = ()
    groups: Mapping[GroupKey, GroupFacts] = field(default_factory=dict)
    listed_at: Mapping[str, datetime] = field(default_factory=dict)
    hidden: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerFacts:
    """A backup server as it was read at `now`; `skew` is what its clock is ahead of ours.

    What `permissions` do not allow is missing without a word: a datastore or a job that is not here need not be gone. `tasks` are
    those that run, and those that have ended since the last reading; `tasks_complete` is False where older ones may be missing.
    `waiting` counts the groups whose snapshots are still to be read. `logs` are those that this reading has read, by UPID, None
    for one that is gone, and `unread_logs` name the tasks whose logs the next ones will read.
    `hidden_jobs` are the ids, as subjects, of jobs that the token may no longer see. `unread` names the parts that could not be
    read when they were asked for last, as `sync jobs`, with why. `root_share` is how full the disk of the host itself is, from 0 to 1.
    """

    now: datetime
    version: Version
    instance_id: str | None
    zone: str
    skew: timedelta
    permissions: Permissions
    datastores: Mapping[str, DatastoreFacts]
    remotes: tuple[Remote, ...]
    sync_jobs: tuple[SyncJob, ...]
    prune_jobs: tuple[PruneJob, ...]
    verify_jobs: tuple[VerifyJob, ...]
    garbage_collections: tuple[GarbageCollection, ...]
    tasks: tuple[Task, ...]
    tasks_complete: bool
    waiting: int
    troubles: Mapping[str, str]
    logs: Mapping[str, TaskLog | None] = field(default_factory=dict)
    unread_logs: frozenset[str] = frozenset()
    hidden_jobs: frozenset[str] = frozenset()
    unread: Mapping[str, str] = field(default_factory=dict)
    root_share: float | None = None

    @property
    def hidden_stores(self) -> tuple[str, ...]:
        """The datastores that the token may no longer see."""
        return tuple(sorted(name for name, found in self.datastores.items() if found.hidden))

    def without_hidden_job(self, job: str) -> Self:
        """Return the facts without a job that the token may no longer see, by its id as a subject."""
        kind, _, job_id = job.partition("_")
        return replace(
            self,
            sync_jobs=tuple(one for one in self.sync_jobs if kind != "sync" or one.job_id != job_id),
            prune_jobs=tuple(one for one in self.prune_jobs if kind != "prune" or one.job_id != job_id),
            verify_jobs=tuple(one for one in self.verify_jobs if kind != "verify" or one.job_id != job_id),
            hidden_jobs=self.hidden_jobs - {job},
        )

    @property
    def is_complete(self) -> bool:
        """Whether all was read that this reading asked for, and every part when it was asked for last."""
        return not self.troubles and not self.unread and not self.unread_logs


class ReadFailure(StrEnum):
    """Why a server as a whole could not be read."""

    UNREACHABLE = "unreachable"
    TOKEN_REFUSED = "token_refused"
    RIGHT_MISSING = "right_missing"
    CERTIFICATE_CHANGED = "certificate_changed"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    UNEXPECTED_ANSWER = "unexpected_answer"


@dataclass(frozen=True, slots=True)
class ReadTrouble:
    """That a server as a whole could not be read, and what was said."""

    failure: ReadFailure
    text: str

    @classmethod
    def of(cls, error: ProxmoxError) -> Self:
        """Return what an error of a reading means."""
        match error:
            case CertificateChangedError():
                failure = ReadFailure.CERTIFICATE_CHANGED
            case CertificateError():
                failure = ReadFailure.CERTIFICATE_UNTRUSTED
            case AuthenticationError():
                failure = ReadFailure.TOKEN_REFUSED
            case PermissionDeniedError():
                failure = ReadFailure.RIGHT_MISSING
            case CannotConnectError():
                failure = ReadFailure.UNREACHABLE
            case _:
                failure = ReadFailure.UNEXPECTED_ANSWER
        return cls(failure, str(error))
