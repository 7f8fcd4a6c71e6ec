"""Everything that is known at one moment: the only input of the judgement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import re
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import Archive, BackupJob, BackupServerPlace, IncludedGuest, StorageConfig
from ...proxmox.api.cluster_models import ClusterStatus, Guest, Task
from ...proxmox.api.config_models import Addresses, GuestConfig
from ...proxmox.api.replication_models import ReplicationJob, ReplicationState
from ...proxmox.restore_log import RestoreLog
from ...proxmox.retention import KeepOptions
from ...proxmox.vzdump.log import VzdumpLog
from .linked_servers import KnownServer, NamespaceContent
from .policy import Policy

# A file's name as vzdump writes it; renamed files and snapshots have no such time.
_TIME_IN_NAME: Final = re.compile(
    r"vzdump-(?:lxc|openvz|qemu)-[1-9][0-9]{2,8}-[0-9]{4}_[0-9]{2}_[0-9]{2}-[0-9]{2}_[0-9]{2}_[0-9]{2}\.[a-z0-9.]+$"
)
READ_LATELY: Final = timedelta(minutes=16)
"""Three polls of a backup server, and a little more: they are never exactly as far apart as asked for."""
# What vzdump takes where neither job nor /etc/vzdump.conf names a storage (PVE/VZDump.pm, new).
PROXMOX_DEFAULT_STORAGE: Final = "local"


class Blindness(StrEnum):
    """Why something cannot be seen."""

    NODE_UNREACHABLE = "node_unreachable"
    TASKS_HIDDEN = "tasks_hidden"
    JOBS_HIDDEN = "jobs_hidden"
    JOBS_UNREADABLE = "jobs_unreadable"
    POOLS_HIDDEN = "pools_hidden"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One vzdump task of a node with its log; `log` is None where Proxmox no longer has it."""

    task: Task
    log: VzdumpLog | None

    @property
    def started(self) -> datetime:
        """When the task started."""
        return datetime.fromtimestamp(self.task.started, UTC)

    @property
    def ended(self) -> datetime | None:
        """When Proxmox noticed that the task had ended, None while it runs."""
        return None if self.task.ended is None else datetime.fromtimestamp(self.task.ended, UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldRun:
    """What a message says that anybody can have sent: a scheduled run of a job has ended on a node; `at` by our own clock."""

    node: str
    job_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Restore:
    """A finished task that restored something with its log; `log` is None where it is gone, or names nothing by its kind."""

    task: Task
    log: RestoreLog | None


@dataclass(frozen=True, slots=True)
class TaskReach:
    """How far back a node's tasks were listed, and until when, by its clock; `is_complete` where it had forgotten none."""

    since: datetime
    until: datetime
    is_complete: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeFacts:
    """What is known of a node; `blindness` says why its runs cannot be seen, `zone` is None where it is not known.

    `online` is the cluster's word. `tasks_read` is the last time at which its runs could be seen, on our clock; `skew` is
    what the node's clock is ahead of ours, and `booted` the node's last start on our clock. Of the runs that started at
    `runs_known_since` or later, by the node's clock, none is missing; what its task list no longer held is not known.
    `has_lost_runs` tells that it has lost some since the last look.
    `all_tasks` is how far its tasks of every kind are known.
    `address` and `fingerprint`, that of its certificate, lead to it where the node that is configured, the one that is
    `contacted`, does not answer.
    """

    name: str
    zone: ZoneInfo | None = None
    blindness: Blindness | None = None
    agent: bool = False
    online: bool = True
    tasks_read: datetime | None = None
    skew: timedelta = timedelta()
    booted: datetime | None = None
    runs_known_since: datetime | None = None
    has_lost_runs: bool = False
    all_tasks: TaskReach | None = None
    address: str | None = None
    fingerprint: str | None = None
    contacted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class JobState:
    """A job's state on one node, from its state file; only the log agent can read it.

    `message` is the status of the finished task or, without a `upid`, why no task was started. `error` says why the file
    cannot be read, which keeps Proxmox from running the job.
    """

    job_id: str
    node: str
    state: str | None
    upid: str | None
    message: str | None
    updated: datetime | None
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveListing:
    """The archives of a storage as they were at `read_at`.

    `complete` tells that every archive that is there is listed, which the content call alone does not prove; `detailed`
    that sizes, notes and verification are known. `listed_by` is the node that was asked, and `zone` its time zone where that
    is known: it reads the wall-clock time in a file's name as its own, whichever node wrote the file.
    """

    read_at: datetime
    archives: tuple[Archive, ...]
    complete: bool
    detailed: bool
    listed_by: str | None = None
    zone: ZoneInfo | None = None

    def written_at(self, archive: Archive, writer: ZoneInfo | None) -> datetime:
        """Return when an archive was begun, by the clock and in the zone of the node that wrote it.

        Without the zone of the one or the other it is what Proxmox tells. Snapshots of backup servers, and files with a name
        of their own, have no time that depends on a zone (PVE/Storage.pm, archive_info).
        """
        told = datetime.fromtimestamp(archive.ctime, UTC)
        return told if writer is None else self._read_in(archive.volid, told, self.zone, writer)

    def dated(self, name: str, begun: datetime, writer: ZoneInfo | None) -> datetime:
        """Return how this listing dates an archive of that name that was begun at a moment of its writer's clock."""
        return begun if self.zone is None else self._read_in(name, begun, writer, self.zone)

    @staticmethod
    def _read_in(name: str, moment: datetime, written: ZoneInfo | None, read: ZoneInfo) -> datetime:
        if written is None or _TIME_IN_NAME.search(name) is None:
            return moment
        return moment.astimezone(written).replace(tzinfo=read).astimezone(UTC)

    def written_between(self, archive: Archive, writers: Collection[ZoneInfo]) -> tuple[datetime, datetime]:
        """Return the earliest and the latest moment at which an archive can have been written, by the zones of its writers."""
        if len(writers) <= 1:
            told = datetime.fromtimestamp(archive.ctime, UTC)
            return told, told
        moments = [self.written_at(archive, zone) for zone in writers]
        return min(moments), max(moments)


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageFacts:
    """A storage that can hold backups; sizes in bytes, None where no node can tell.

    `node` is None for a storage that all nodes share, else that of the node whose own it is; `named_alone` tells that it goes
    by its name all the same, as the first of this name. `nodes` may use it, all of
    them where it is empty; `active_on` are those that reach it now. `available` is what can still be written: less than
    total - used where blocks are reserved or a quota holds. `keep` is its own retention, None where it has none.
    `listing` is the newest that could be read, None where there never was one, and `unreadable` says why not. `backup_server` is
    where on which server its archives lie, where the token may see that.
    """

    storage: str
    node: str | None
    plugin_type: str
    nodes: tuple[str, ...] = ()
    enabled: bool = True
    active_on: frozenset[str] = frozenset()
    total: int | None = None
    used: int | None = None
    available: int | None = None
    keep: KeepOptions | None = None
    listing: ArchiveListing | None = None
    unreadable: str | None = None
    named_alone: bool = False
    backup_server: BackupServerPlace | None = None

    @property
    def is_backup_server(self) -> bool:
        """Whether it is a Proxmox Backup Server."""
        return self.plugin_type == "pbs"

    def serves(self, node: str) -> bool:
        """Tell whether a node may use it."""
        return self.node in {None, node} and (not self.nodes or node in self.nodes)


def storage_key(storage: StorageFacts) -> str:
    """Return what tells a storage from every other, for ever: its id, and its node where another was there before."""
    return storage.storage if storage.node is None or storage.named_alone else f"{storage.node}/{storage.storage}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedServers:
    """The backup servers that are watched beside a cluster, at one moment.

    `entries` are the ids of all that there are, None where nobody has said, and `read` those of them that are loaded and were
    read; what is known of the others is in the history. By the name of a storage, `behind` tells its server, `contents` are what that
    shows behind it, `listings` the same as archives, and `left_behind` those in a namespace that the storage led to before.
    """

    entries: frozenset[str] | None = None
    read: Mapping[str, KnownServer] = field(default_factory=dict)
    behind: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, NamespaceContent] = field(default_factory=dict)
    listings: Mapping[str, ArchiveListing] = field(default_factory=dict)
    left_behind: Mapping[str, tuple[Archive, ...]] = field(default_factory=dict)

    def shown(self, now: datetime) -> Mapping[str, ArchiveListing]:
        """Return the listings of the storages whose server was read lately: three polls may fail."""
        return {
            name: listing
            for name, listing in self.listings.items()
            if now - self.read[self.behind[name]].read_at <= READ_LATELY
        }

    def is_like(self, other: LinkedServers) -> bool:
        """Tell whether nothing is new but the moments at which all this was seen."""
        if (self.entries, self.behind, self.left_behind) != (other.entries, other.behind, other.left_behind):
            return False
        if self.contents != other.contents or self.read.keys() != other.read.keys():
            return False
        return all(server.is_like(other.read[key]) for key, server in self.read.items())


NO_SERVERS: Final = LinkedServers()


@dataclass(frozen=True, kw_only=True, slots=True)
class Replication:
    """A replication job, with its guest's `node` now and what that said of it at `read_at`; None where it has not been asked yet.

    `untried_since` is since when it is to run and has not tried to: a new one, or one that somebody told to run now.
    """

    job: ReplicationJob
    node: str
    state: ReplicationState | None = None
    read_at: datetime | None = None
    untried_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The state of a cluster at the moment `now`.

    `hidden_guests` and `hidden_storages` are those that were listed and are kept from the token each by itself. `jobs` are those of `jobs_read_at`, when the list could last be read; None where it never could or the token may not see
    it. `jobs_unseen` says why the list could not be read now, `unread_jobs` which jobs of a list that could be read were not
    understood: each is what it was when it was last read, at the moment told here, or missing in `jobs` where that is None.
    `quorum_known` is False where the contacted node cannot tell it; `cluster` then has the members that were known.

    `restores` are the finished ones that are not in the history yet, `guest_tasks` what was lately done with whole guests: started,
    created, removed. `runs` are those that are not in the history yet, finished or not: a finished run that was there before is not read
    again. `unread_runs` are the starts of finished runs whose logs are still to be read. `included` holds each job's guests
    with their volumes, as Proxmox resolves them, by job id; a job whose answer could not be read is missing, and `unresolved`
    says why Proxmox cannot tell whom a job covers, as where its pool is gone. `read_at` is when all this could last be read:
    older than `now` where Proxmox cannot be reached. `default_storage` is that of a job that names none, by node, where it
    could be read; None stands for a folder that is no storage. `defaults_keep` is the retention of `/etc/vzdump.conf` by node,
    where it sets one. `storage_configs` are all storages, those for disks too, by id; `guest_configs` and `node_addresses` are
    missing where they could not be read yet. `replications` are those of the guests that are seen, as the list told them that could be read last;
    `replications_read` is False where it never could. `policy` is what the user has decided, and
    `servers` what the backup servers tell that are watched as well. `told` is never believed: it may only decide between jobs
    of which a run can have been either.
    """

    now: datetime
    cluster: ClusterStatus
    nodes: Mapping[str, NodeFacts]
    guests: tuple[Guest, ...]
    jobs: tuple[BackupJob, ...] | None
    runs: tuple[Run, ...]
    restores: tuple[Restore, ...] = ()
    guest_tasks: tuple[Task, ...] = ()
    unread_runs: tuple[datetime, ...] = ()
    job_states: tuple[JobState, ...] = ()
    pools_visible: bool = True
    guests_visible: bool = True
    hidden_guests: frozenset[int] = frozenset()
    storages_visible: bool = True
    hidden_storages: frozenset[str] = frozenset()
    storages: tuple[StorageFacts, ...] = ()
    included: Mapping[str, tuple[IncludedGuest, ...]] = field(default_factory=dict)
    unresolved: Mapping[str, str] = field(default_factory=dict)
    default_storage: Mapping[str, str | None] = field(default_factory=dict)
    defaults_keep: Mapping[str, KeepOptions] = field(default_factory=dict)
    read_at: datetime | None = None
    jobs_read_at: datetime | None = None
    jobs_unseen: Blindness | None = None
    unread_jobs: Mapping[str, datetime | None] = field(default_factory=dict)
    quorum_known: bool = True
    storage_configs: Mapping[str, StorageConfig] = field(default_factory=dict)
    guest_configs: Mapping[int, GuestConfig] = field(default_factory=dict)
    node_addresses: Mapping[str, Addresses] = field(default_factory=dict)
    replications: tuple[Replication, ...] = ()
    replications_read: bool = True
    policy: Policy = field(default_factory=Policy)
    servers: LinkedServers = NO_SERVERS
    told: tuple[ToldRun, ...] = ()

    @property
    def guests_complete(self) -> bool:
        """Whether every guest that exists is listed: all nodes answer, there is quorum, and the token sees all."""
        nodes_answer = all(node.blindness is None for node in self.nodes.values())
        return self.guests_visible and self.cluster.quorate and nodes_answer

    @property
    def jobs_blindness(self) -> Blindness | None:
        """Why the jobs cannot be judged: hidden, never read, or not read for so long that they may be others by now."""
        if self.jobs is None:
            return self.jobs_unseen or Blindness.JOBS_HIDDEN
        read = self.jobs_read_at
        if self.jobs_unseen is None or (read is not None and self.now - read < self.policy.blind_limit):
            return None
        return self.jobs_unseen

    def zone_of(self, node: str) -> ZoneInfo | None:
        """Return the time zone of a node; where that cannot be seen, the one that all other nodes have."""
        facts = self.nodes.get(node)
        if facts is not None and facts.zone is not None:
            return facts.zone
        zones = {other.zone for other in self.nodes.values() if other.zone is not None}
        return zones.pop() if len(zones) == 1 else None

    def storage_name(self, wanted: str | None, node: str) -> str:
        """Return the storage to which a run on a node writes: the one wanted, else that of vzdump.conf, else `local`.

        It is empty where job or vzdump.conf name a folder that is no storage: what is written there cannot be seen.
        """
        if wanted is not None:
            return wanted
        return self.default_storage.get(node, PROXMOX_DEFAULT_STORAGE) or ""

    def is_denied(self, name: str, node: str) -> bool:
        """Tell whether a storage is there, but not for this node."""
        is_there = False
        for storage in self.storages:
            if storage.storage == name:
                is_there = True
                if storage.serves(node):
                    return False
        return is_there

    def storage_of(self, name: str, node: str) -> StorageFacts | None:
        """Return a storage as a node has it, None where the node may not use one of this name."""
        for found in self.storages:
            if found.storage == name and found.serves(node):
                return found
        return None
