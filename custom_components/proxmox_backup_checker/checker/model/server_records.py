"""What is remembered of a backup server between two moments: frozen records that can be kept in a file.

Times are zone-aware, in UTC and by our clock; those named as epoch seconds are as the server has them. `None` as the moment of a first
sight means that the thing was there when the history began.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .records import Acknowledgement, AlertRecord, VerdictRecord
from .run_troubles import RunTrouble
from .subject import Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerRunRecord:
    """A finished task of a backup server; its log is read once.

    `job` is the id of its job as a subject, such as sync_nightly, None for a run by hand. `state` is as the API has it.
    `logged` is None while the log is still to be read, and False where it could not be. `groups` counts those that a sync was
    to copy, `transferred` and `freed` are bytes, `failed_removals` counts what could not be deleted. `aborted` and `keeps_all` are a check that was
    aborted, and a prune without any rule.
    """

    upid: str
    started: datetime
    ended: datetime
    state: str
    job: str | None = None
    logged: bool | None = None
    troubles: tuple[RunTrouble, ...] = ()
    trouble_count: int = 0
    groups: int | None = None
    transferred: int | None = None
    freed: int | None = None
    failed_removals: int = 0
    aborted: bool = False
    keeps_all: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerJobRecord:
    """What is remembered of a job; `job` is the id of its subject.

    `due` is the next run as the server told it last, in epoch seconds, while `last_upid` was the last run; `late_from` is when that
    run had been due, where it began late. `disabled_since` is since when it is switched off. `rules` are those of a
    prune, changed at `rules_since`. `store` is its datastore.
    """

    job: str
    first_seen: datetime | None = None
    disabled_since: datetime | None = None
    last_upid: str | None = None
    due: int | None = None
    late_from: int | None = None
    rules: str | None = None
    rules_since: datetime | None = None
    store: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DatastoreRecord:
    """What is remembered of a datastore.

    `maintenance` is the mode that it is in since `maintenance_since`, `away_since` since when its disk is not there, and `mounts` are the last
    moments at which it came back. `back_since` is since when it can be written again after maintenance, or is there again (`was_away`).
    `full_on` is the last forecast that was worth a warning, seen last at `full_seen`.
    `vanished` counts restore points that are gone without a known cause since `vanished_since`. `client_prunes` tells by namespace when a
    client pruned there last.
    """

    store: str
    first_seen: datetime | None = None
    maintenance: str | None = None
    maintenance_since: datetime | None = None
    away_since: datetime | None = None
    mounts: tuple[datetime, ...] = ()
    back_since: datetime | None = None
    was_away: bool = False
    full_on: datetime | None = None
    full_seen: datetime | None = None
    hidden_since: datetime | None = None
    vanished: int = 0
    vanished_since: datetime | None = None
    client_prunes: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedBackup:
    """A backup that failed; both times in epoch seconds."""

    upid: str
    started: int
    ended: int
    error: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupRecord:
    """What is remembered of a backup group; `key` is the id of its subject, as ds1:home:host/nas. All times are epoch seconds.

    `times` are those of its finished snapshots that were ever seen, oldest first, also after a prune; `lying` are those that lay
    there when they were last listed. `verified` is the time of the newest snapshot that was checked on this server and found good, `checked` that of the newest that was
    checked there at all, and `verified_elsewhere` one whose check came with a copy. `bad` are the snapshots whose last check failed. `unfinished` are the
    times of snapshots without a manifest. `keys` are the encryption keys of the newest snapshot and the one before it. `failed` is the last backup, where it failed. `gone` is when it was missed first. `pruned` tells that restore points of it went away before,
    and `explained` are those whose removal a prune has told and that no listing has missed yet.
    """

    key: str
    first_seen: datetime | None = None
    last_backup: int | None = None
    backup_count: int = 0
    finished: bool = True
    owner: str | None = None
    comment: str | None = None
    name: str | None = None
    read_at: datetime | None = None
    times: tuple[int, ...] = ()
    lying: tuple[int, ...] = ()
    unfinished: tuple[int, ...] = ()
    protected: int = 0
    newest_protected: int | None = None
    size: int | None = None
    total_size: int | None = None
    encrypted: bool | None = None
    encrypted_since: int | None = None
    key_changed: int | None = None
    verified: int | None = None
    verified_elsewhere: int | None = None
    newest_verification: str | None = None
    bad: tuple[int, ...] = ()
    failed: FailedBackup | None = None
    pruned: bool = False
    explained: tuple[int, ...] = ()
    gone: datetime | None = None
    gone_points: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerHistory:
    """All that is remembered of one backup server; `began` is the moment of the first look, `evaluated` that of the last.

    `unread_since` is since when the server could not be read, `back_since` when it could be read again after that. `tasks` are the UPIDs of the
    tasks that ended last, newest first, by which the next reading knows where to go on; `tasks_since` is from when on all tasks are
    known, and `unread_parts` tells since when a list cannot be read. `node` is the server's host name, by which it signs its checks, `zone` that of its schedules. `runs` go by UPID, `jobs`, `datastores` and `groups` by the ids of their subjects.
    """

    began: datetime | None = None
    evaluated: datetime | None = None
    unread_since: datetime | None = None
    back_since: datetime | None = None
    node: str | None = None
    zone: str | None = None
    instance_id: str | None = None
    tasks: tuple[str, ...] = ()
    tasks_since: datetime | None = None
    rights_lost_since: datetime | None = None
    unread_parts: Mapping[str, datetime] = field(default_factory=dict)
    runs: Mapping[str, ServerRunRecord] = field(default_factory=dict)
    jobs: Mapping[str, ServerJobRecord] = field(default_factory=dict)
    datastores: Mapping[str, DatastoreRecord] = field(default_factory=dict)
    groups: Mapping[str, GroupRecord] = field(default_factory=dict)
    verdicts: Mapping[Subject, VerdictRecord] = field(default_factory=dict)
    acknowledgements: Mapping[Subject, Acknowledgement] = field(default_factory=dict)
    alerts: Mapping[str, AlertRecord] = field(default_factory=dict)

    @property
    def unread_logs(self) -> tuple[str, ...]:
        """The runs whose logs are still to be read, the one that ended last first."""
        waiting = [run for run in self.runs.values() if run.logged is None]
        return tuple(run.upid for run in sorted(waiting, key=lambda run: run.ended, reverse=True))
