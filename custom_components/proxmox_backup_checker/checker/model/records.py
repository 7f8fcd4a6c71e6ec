"""What is remembered of a cluster between two moments: frozen records that can be kept in a file.

Times are zone-aware, in UTC. `None` as the moment of a first sight means that the thing was there when the history began,
so that its age is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ...proxmox.vzdump.records import is_signal
from .linked_servers import KnownServer
from .outcome import Outcome
from .reason_codes import AlertKind, ReasonCode
from .subject import Subject
from .verdict import Confidence

STORED_AS: Final = "stored_as"
"""Names in a field's metadata what the field is called in the stored history, where that is another name."""

NOTHING_TO_DO: Final = "nothing_to_do"
"""The note of a run whose log tells that it backed up nobody."""

KEPT: Final = timedelta(days=396)
"""For how long runs are remembered."""
FEWEST_RUNS_PER_GUEST: Final = 30
"""How many runs of a guest are kept where there are thousands of guests: enough to tell what is usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """A finished run of vzdump on a node, with the job that it was found to belong to; never read or judged again.

    `job_id`, `confidence` and `candidates` are those of its Attribution; `command` is kept while no job could be told, to be
    asked again once the jobs can be seen. `outcomes` are of all guests that the run was to
    back up, reached or not. `error` is the cause that the log or the status names for the run as a whole. `warnings` counts
    what Proxmox warned of. `logged` is False where its log was gone: only the status is known then. `waited` are the
    seconds for which it waited for the node's lock.
    """

    upid: str
    node: str
    started: datetime
    ended: datetime | None
    status: str
    job_id: str | None
    confidence: Confidence
    candidates: tuple[str, ...] = ()
    storage: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    error: str | None = None
    warnings: int = 0
    logged: bool = True
    waited: int = 0
    notes: tuple[str, ...] = ()
    command: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobDefinition:
    """What a job's schedule and storage were, before somebody edited them between `until` and `edited`, as far as was seen.

    `days` are the weekdays of a job of vzdump.cron.
    """

    until: datetime
    edited: datetime
    schedule: str | None = None
    days: str | None = None
    storage: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRecord:
    """What is remembered of a backup job, of one that was deleted too.

    Slots before `owed_since` are not owed: then the job was created or enabled; `owed_because` names which (`edited` in
    what version 0.1.0 kept). It was seen then, and had not been at the look before that, `owed_after`. `past` are its earlier schedules and storages, newest first, by which slots from before the
    edits are owed. `fingerprint` holds what the job promises, to notice a change. `failing_since` is when the present row
    of failed or missed runs began, so that its end can be told.
    """

    job_id: str
    name: str
    first_seen: datetime | None
    enabled: bool
    schedule: str | None
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    owed_since: datetime | None = None
    owed_because: str | None = None
    owed_after: datetime | None = None
    disabled_since: datetime | None = None
    deleted: datetime | None = None
    next_run: int | None = None
    failing_since: datetime | None = None
    days: str | None = None
    past: tuple[JobDefinition, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MissRecord:
    """A slot that passed without its run, and the code of the reason; `key` as nightly@1768269600.

    For a job that could not be started at all, `slot` is the moment of that, and `error` what Proxmox said.
    """

    key: str
    job_id: str
    slot: datetime
    node: str
    code: ReasonCode
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingArchive:
    """An archive that a good run left and that a listing did not show; `confirmed` where a later one did not either."""

    since: datetime
    confirmed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A migration of a guest away from its `origin`, where it was last seen at `after`, and no more when that was `seen`."""

    seen: datetime
    origin: str
    after: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestRecord:
    """What is remembered of a guest, of one that was deleted too.

    Backups from before `since` belong to another guest with the same VMID. `covered_since` tells by job since when the
    guest is in it, None for one that it was in from the beginning. `moved` is when its last migration was seen, `moved_from` its
    origin, where it was last seen at `moved_after`; `moved_before` are the moves before that, newest first.
    `template` and `tags` are the last that were seen: Proxmox does not show them while a guest's node is down.
    `missing` holds, by the name that the log shows, the archives of good runs that are not where they should be.
    `without_job` tells whether any job, enabled or not, had it when jobs were last seen. `last_seen` is when it was seen last,
    while it is out of sight. `resized` is when one of its disks was last enlarged.
    """

    vmid: int
    guest_type: str
    name: str | None
    node: str
    first_seen: datetime | None
    since: datetime | None = None
    covered_since: Mapping[str, datetime | None] = field(default_factory=dict)
    uncovered_since: datetime | None = None
    moved: datetime | None = None
    moved_after: datetime | None = None
    moved_from: str | None = None
    moved_before: tuple[Move, ...] = ()
    locked_since: datetime | None = None
    missing: Mapping[str, MissingArchive] = field(default_factory=dict)
    excluded_disks: tuple[str, ...] | None = None
    newly_excluded: tuple[str, ...] = ()
    absent_since: datetime | None = None
    template: bool | None = None
    tags: tuple[str, ...] = ()
    without_job: bool | None = None
    resized: datetime | None = None
    last_seen: datetime | None = None

    @property
    def moves(self) -> tuple[Move, ...]:
        """All its moves that are remembered, newest first."""
        if self.moved is None or self.moved_from is None:
            return ()
        return (Move(seen=self.moved, origin=self.moved_from, after=self.moved_after), *self.moved_before)


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeRecord:
    """When a node was last out, so that a missed slot can be explained; `blind_since` while its runs cannot be seen.

    `earlier_outages` are the ones before `last_outage`, newest first. `zone` names its time zone. Of its runs
    between `runs_known_since` and `runs_known_until`, by its clock, none is missing in the history, nor in the stretches of
    `runs_known_before`, newest first, which end where some were lost. Of its tasks of any kind none was missed between
    `tasks_known_since` and `tasks_known_until`. `running` are the UPIDs of the runs that went on when it was seen last, `quorate_until` is
    when that was while the cluster had its quorum, by its clock. `address` and `fingerprint` lead to it while the one that is
    `contacted` does not answer.
    """

    name: str
    offline_since: datetime | None = None
    last_outage: tuple[datetime, datetime] | None = None
    blind_since: datetime | None = None
    address: str | None = None
    fingerprint: str | None = None
    contacted: bool = False
    earlier_outages: tuple[tuple[datetime, datetime], ...] = ()
    zone: str | None = None
    runs_known_since: datetime | None = None
    runs_known_until: datetime | None = None
    runs_known_before: tuple[tuple[datetime, datetime], ...] = ()
    tasks_known_since: datetime | None = None
    tasks_known_until: datetime | None = None
    running: tuple[str, ...] = ()
    quorate_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageRecord:
    """What is remembered of a storage: daily samples of its fill, and its archives when they were last listed.

    `samples` are pairs of a moment and bytes in use; `archives` maps volume id to ctime in epoch seconds, `broken` are those
    of them that failed their last verification, as far as that could be seen. `keep` is the
    storage's own retention as a property string. `node` is that of its name; whose own it is, also where it goes by its name
    alone, `owner` tells. `place` is the datastore and namespace that one of a backup server leads to, as ds1:home, and
    `earlier_places` are those that it led to before, the last one first.
    """

    storage: str
    node: str | None
    samples: tuple[tuple[datetime, int], ...] = ()
    archives: Mapping[str, int] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    listed: datetime | None = None
    unreachable_since: datetime | None = None
    total: int | None = None
    changed_identity: datetime | None = None
    keep: str | None = None
    owner: str | None = None
    place: str | None = None
    earlier_places: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreRecord:
    """A restore that a person did, of an archive that its log names; of files only, `archive` and `vmid` are None.

    `target` is the number under which the guest was restored, `vmid` the one of its backup. `copied` is the moment of the backup, and
    `storage` where it lay, None where several fit. `size` are the bytes restored, `archive_size` those of the archive on its
    storage. `ran` is when the restored guest was first started, `gone` when it made room for nothing or another one. `bad` tells that the
    restore point failed a verification later.
    """

    upid: str
    node: str
    started: datetime
    ended: datetime
    ok: bool
    target: int | None = None
    archive: str | None = None
    vmid: int | None = None
    guest_type: str | None = None
    copied: datetime | None = None
    storage: str | None = None
    size: int | None = None
    archive_size: int | None = None
    error: str | None = None
    live: bool = False
    ran: datetime | None = None
    gone: datetime | None = None
    bad: bool = False

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody stopped it, which says nothing of the backup."""
        return is_signal(self.error)

    @property
    def is_real(self) -> bool:
        """Whether it took the place of the guest itself, which is no test."""
        return self.vmid is not None and self.target == self.vmid


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongDate:
    """A date that no clock had come to when it was seen: what bears it proves nothing, not even when the date has come.

    `name` is the UPID of a run, or the name of an archive as logs show it; `vmid` is the number that an archive bears.
    """

    name: str
    dated: datetime
    seen: datetime
    vmid: int | None = None

    def only_end_of(self, run: RunRecord) -> RunRecord | None:
        """Return a run of which nothing but the end bears this date, as one that had ended when it was seen; else None.

        The clock of its node was set while it went on.
        """
        return replace(run, ended=max(run.started, self.seen)) if self.dated > run.started else None


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictRecord:
    """The last verdict on something, to tell since when it holds."""

    subject: Subject
    status: str
    code: str
    problem: bool | None
    since: datetime
    unknown_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledgement:
    """A person's word that a problem is known; `code` is its cause, another one is not meant.

    Without `until` it holds until the problem is over or has another cause; with `until_next_run` no longer than until
    another run fails or is missed. `occurrence` is the Verdict's when it was last of this problem.
    """

    subject: Subject
    code: str
    made: datetime
    until: datetime | None = None
    note: str | None = None
    until_next_run: bool = False
    occurrence: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertRecord:
    """What is remembered of problems with one cause: what was told of them, and when.

    `key` is the tag while they last, and the tag with the moment of their end after that. `subjects` are those whose
    verdicts belong to it, `occurrences` those of their verdicts that have one. `announced` is None until the first message; `known_before` tells that it was there at the
    first look ever, `recovered` that it ended well and that this was told,
    `taken_back` that this message is gone as well. `held_since` is since when it waits for a run to end before anything is told.
    """

    key: str
    tag: str
    kind: AlertKind
    opened: datetime
    since: datetime | None = None
    causes: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = field(default=(), metadata={STORED_AS: "things"})
    severity: str = "normal"
    failures: int = 0
    announced: datetime | None = None
    known_before: bool = False
    ended: datetime | None = None
    recovered: bool = False
    taken_back: bool = False
    held_since: datetime | None = None
    occurrences: Mapping[Subject, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """All that is remembered of one cluster; `began` is the moment of the first look, `evaluated` that of the last.

    `unfinished` are the runs that were seen going on and whose end has not been seen. `jobs_unseen` tells that the jobs could
    not be seen so far, `jobs_seen` is when they were last. `saw_all_guests` and `saw_all_storages` tell that the token once was shown
    all of them. `without_quorum` is when the cluster was last seen without. `latest` is the latest time that our clock has
    shown, while it shows less than that. `wrong_dates` holds by name what proves nothing, since it was dated ahead of every clock. `servers` are the backup servers that are watched
    as well, as they were known last. `restores` are those that people did, by UPID. `offsite_since` is when a guest's copies elsewhere were known for the first time.
    """

    began: datetime | None = None
    evaluated: datetime | None = None
    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    unfinished: Mapping[str, RunRecord] = field(default_factory=dict)
    jobs: Mapping[str, JobRecord] = field(default_factory=dict)
    guests: Mapping[int, GuestRecord] = field(default_factory=dict)
    nodes: Mapping[str, NodeRecord] = field(default_factory=dict)
    storages: Mapping[str, StorageRecord] = field(default_factory=dict)
    verdicts: Mapping[Subject, VerdictRecord] = field(default_factory=dict)
    acknowledgements: Mapping[Subject, Acknowledgement] = field(default_factory=dict)
    misses: Mapping[str, MissRecord] = field(default_factory=dict)
    alerts: Mapping[str, AlertRecord] = field(default_factory=dict)
    jobs_unseen: bool = False
    jobs_seen: datetime | None = None
    saw_all_guests: bool = False
    saw_all_storages: bool = False
    without_quorum: datetime | None = None
    latest: datetime | None = None
    wrong_dates: Mapping[str, WrongDate] = field(default_factory=dict)
    servers: Mapping[str, KnownServer] = field(default_factory=dict)
    restores: Mapping[str, RestoreRecord] = field(default_factory=dict)
    offsite_since: datetime | None = None

    def rightly_dated_runs(self) -> list[RunRecord]:
        """Return the finished runs whose dates say when they were."""
        wrong = self.wrong_dates
        dated = [run if upid not in wrong else wrong[upid].only_end_of(run) for upid, run in self.runs.items()]
        return [run for run in dated if run is not None]
