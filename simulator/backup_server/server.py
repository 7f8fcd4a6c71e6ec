"""A virtual backup server: what it is made of, and what a test can do to it."""

from dataclasses import dataclass, field
import hashlib
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from simulator.calendar import Calendar
from simulator.engine import Engine, Process

from .access import Access, Token
from .content import GIB, BackupType, Datastore, Snapshot
from .jobs import GarbageCollectionJob, Job, PruneJob, SyncJob, VerifyJob
from .schedule import JobState, Scheduler
from .tasks import Task, TaskArchive, Worker, WorkerError
from .verifying import verify_new

TIB = 1024**4
WEEK = 7 * 86_400


class World(Protocol):
    """What a server lives in: the clock and the order of events, of a cluster or of servers alone."""

    engine: Engine

    @property
    def calendar(self) -> Calendar:
        """Return what tells when a job is due."""

    def moment(self) -> float:
        """Return the moment at which something happens that is done now."""


@dataclass(eq=False)
class Remote:
    """Another server as this one knows it; without `server` it is one that nobody can reach."""

    name: str
    server: BackupServer | None
    auth_id: str
    host: str
    port: int | None = None
    fingerprint: str | None = None
    comment: str | None = None


@dataclass(eq=False)
class BackupServer:
    """A server; `name` is that of its host, by which its own UPIDs know it."""

    world: World
    name: str = "pbs"
    version: str = "4.2.3"
    timezone: str = "Europe/Berlin"
    skew: float = 0.0
    """Seconds that its clock is ahead."""
    ip: str = "127.0.0.1"
    listens_on: int = 8007
    online: bool = True
    boot: float = 0.0
    subscription: str = "notfound"
    datastores: dict[str, Datastore] = field(default_factory=dict)
    remotes: dict[str, Remote] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    access: Access = field(default_factory=Access)
    fingerprint: str | None = None
    """That of the certificate that it shows, once it does."""
    pid: int = 801
    pstart: int = 0xC0DE

    def __post_init__(self) -> None:
        """Boot it."""
        self.tasks = TaskArchive(self)
        self.scheduler = Scheduler(self)
        self.boot = self.boot or self.world.engine.time // WEEK * WEEK - WEEK
        self.instance_id = hashlib.md5(f"machine-id {self.name}".encode()).hexdigest()
        self.server_id = hashlib.md5(f"server id {self.name}".encode()).hexdigest().upper()

    @property
    def release(self) -> tuple[int, ...]:
        """Return the version in numbers."""
        return tuple(map(int, self.version.split(".")))

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone, by which schedules and prune rules go."""
        return ZoneInfo(self.timezone)

    @property
    def now(self) -> float:
        """Return the present by the server's own clock, in epoch seconds."""
        return self.world.engine.time + self.skew

    def store(self, name: str) -> Datastore:
        """Return a datastore."""
        return self.datastores[name]

    def job(self, job_id: str) -> Job:
        """Return a job by its id; that of a garbage collection is its datastore."""
        return next(job for job in self.jobs if job.id == job_id)

    def add_datastore(
        self,
        name: str,
        *,
        total: int = 2 * TIB,
        used: int = 0,
        comment: str | None = None,
        gc_schedule: str | None = None,
        removable: bool = False,
        backend: Literal["filesystem", "s3"] = "filesystem",
        verify_new: bool = False,
    ) -> Datastore:
        """Add a datastore; one made in a shell has no schedule for the garbage collection."""
        made = self.datastores[name] = Datastore(
            server=self,
            name=name,
            total=total,
            other=used,
            path=f"/mnt/datastore/{name}",
            comment=comment,
            removable=removable,
            backend=backend,
            verify_new=verify_new,
        )
        made.note_usage()
        self._add_job(GarbageCollectionJob(server=self, id=name, store=name, schedule=gc_schedule))
        return made

    def add_remote(
        self,
        name: str,
        server: BackupServer | None,
        auth_id: str = "sync@pbs",
        *,
        host: str | None = None,
        comment: str | None = None,
        pinned: bool = True,
    ) -> Remote:
        """Add another server, entered as `auth_id` there; with `pinned` its present certificate and no other is trusted."""
        fingerprint = server.fingerprint if server is not None and pinned else None
        address = host or (server.ip if server is not None else "203.0.113.7")
        made = self.remotes[name] = Remote(name, server, auth_id, address, fingerprint=fingerprint, comment=comment)
        if server is not None:
            server.access.users.setdefault(auth_id.split("!", maxsplit=1)[0], True)
        return made

    def add_sync_job(self, job_id: str, store: str, *, schedule: str | None = None, **options: Any) -> SyncJob:
        """Add a sync job."""
        job = SyncJob(server=self, id=job_id, store=store, schedule=schedule, **options)
        self._add_job(job)
        return job

    def add_prune_job(
        self, job_id: str, store: str, schedule: str, keep: dict[str, int] | None = None, **options: Any
    ) -> PruneJob:
        """Add a prune job; `keep` are rules as `keep-daily`."""
        job = PruneJob(server=self, id=job_id, store=store, schedule=schedule, keep=keep or {}, **options)
        self._add_job(job)
        return job

    def add_verify_job(self, job_id: str, store: str, *, schedule: str | None = None, **options: Any) -> VerifyJob:
        """Add a verify job."""
        job = VerifyJob(server=self, id=job_id, store=store, schedule=schedule, **options)
        self._add_job(job)
        return job

    def _add_job(self, job: Job) -> None:
        """Take a job in: it is not due before its next slot."""
        job.state = JobState(kind="created", time=self.world.moment() + self.skew)
        self.jobs.append(job)
        self.scheduler.plan(job)

    def remove_job(self, job: Job) -> None:
        """Remove a job with its state."""
        self.jobs.remove(job)
        self.scheduler.forget(job)

    def add_token(self, token_id: str, roles: dict[str, str]) -> Token:
        """Add a token whose user has the same roles: paths, and a role on each."""
        token = self.access.add_token(token_id)
        for path, role in roles.items():
            self.access.grant(path, role, token.user, token.id)
        return token

    def backup(
        self,
        store: str,
        group: str,
        *,
        ns: str = "",
        owner: str = "root@pam",
        size: int = 8 * GIB,
        duration: float = 60.0,
        comment: str | None = None,
        encrypted: str | None = None,
    ) -> Task | None:
        """Let a client back up now, as `host/nas`; None where the server refuses before there is a task."""
        moment = self.world.moment()
        type_, _, id_ = group.partition("/")
        datastore = self.datastores[store]
        if not self.online or datastore.refusal(writing=True) or ns not in datastore.namespaces:
            return None
        kind: BackupType = "vm" if type_ == "vm" else "ct" if type_ == "ct" else "host"
        made = datastore.add_group(ns, kind, id_, owner)
        time = int(moment)
        if made.owner != owner or any(snapshot.time >= time for snapshot in made.snapshots):
            return None

        def work(worker: Worker) -> Process:
            yield from self._receive(worker, snapshot, size, duration)

        snapshot = made.add(time, finished=False, comment=comment, encrypted=encrypted)
        return self.tasks.start("backup", f"{store}:{group}", owner, work).task

    def _receive(self, worker: Worker, snapshot: Snapshot, size: int, duration: float) -> Process:
        self.begin_backup(worker, snapshot)
        yield duration
        group = snapshot.group
        known = group.newest_finished is not None
        stored = int(size * (0.02 if known else 0.45))
        if stored > group.datastore.available:
            self.fail_backup(worker, snapshot, "unable to write chunk: No space left on device (os error 28)")
            raise WorkerError("backup ended but finished state is not set.")
        snapshot.archive.size, snapshot.archive.stored, snapshot.archive.unfinished = size, stored, False
        self.end_backup(worker, snapshot)

    def begin_backup(self, worker: Worker, snapshot: Snapshot) -> None:
        """Write the first lines of a backup's log, which alone name the namespace."""
        store = snapshot.group.datastore.name
        worker.log(f"starting new backup on datastore '{store}' from ::ffff:192.168.1.77: \"{snapshot.path}\"")
        worker.log("protocol upgrade done")

    def end_backup(self, worker: Worker, snapshot: Snapshot) -> None:
        """Write the last lines of a good backup, and check it where the datastore wants so."""
        snapshot.group.datastore.note_usage()
        worker.log("successfully finished backup")
        worker.log("backup finished successfully")
        if snapshot.group.datastore.verify_new:
            verify_new(snapshot)

    def fail_backup(self, worker: Worker, snapshot: Snapshot, reason: str) -> None:
        """Remove what a failed backup has left."""
        worker.log(f"backup failed: {reason}")
        worker.log("removing failed backup")
        if snapshot in snapshot.group.snapshots:
            snapshot.group.remove(snapshot)

    def mounted(self, datastore: Datastore) -> None:
        """Run what waits for a disk."""
        if jobs := [
            job for job in self.jobs if isinstance(job, SyncJob) and job.run_on_mount and job.store == datastore.name
        ]:
            self.tasks.by_hand("mount-sync-jobs", datastore.name)
            for job in jobs:
                job.start()

    def power_off(self) -> None:
        """Let the server lose its power: what it did is lost, and nobody knows how it ended."""
        self.world.moment()
        self.tasks.kill_all()
        self.online = False
        self.connectivity_changed()

    def power_on(self) -> None:
        """Boot it: what was due meanwhile is caught up."""
        self.boot = self.world.moment()
        self.pid += 13
        self.online = True
        self.connectivity_changed()
        self.scheduler.look_again()

    def connectivity_changed(self) -> None:
        """Let those know who show the server at an address."""
