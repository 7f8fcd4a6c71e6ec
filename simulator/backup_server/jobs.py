"""Jobs of a backup server: sync, prune, verification and garbage collection."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, override

from simulator.engine import Process

from . import collecting, pruning, syncing, verifying
from .schedule import JobState
from .tasks import Task, Worker

if TYPE_CHECKING:
    from .content import Datastore
    from .server import BackupServer


@dataclass(eq=False)
class Job:
    """A job; `store` and `ns` are the local side."""

    server: BackupServer
    id: str
    store: str
    ns: str = ""
    schedule: str | None = None
    comment: str | None = None
    max_depth: int | None = None
    state: JobState = field(default_factory=JobState)
    worker_type = ""
    waits_for_store = True
    """Whether a run that is due is left out in silence while the datastore cannot be written."""

    @property
    def datastore(self) -> Datastore:
        """Return its datastore."""
        return self.server.datastores[self.store]

    @property
    def worker_id(self) -> str:
        """Return the id of its tasks."""
        return f"{self.store}:{self.id}"

    @property
    def starts_by_itself(self) -> bool:
        """Tell whether the scheduler starts it at all."""
        return True

    @property
    def running(self) -> bool:
        """Tell whether it runs."""
        return self.load().kind == "started"

    def work(self, worker: Worker) -> Process:
        """Do what the job is for."""
        raise NotImplementedError

    def load(self) -> JobState:
        """Return the state, with what has become of a task that is over (JobState::load)."""
        state = self.state
        if state.kind != "started" or state.upid is None:
            return state
        task = self.server.tasks.find(state.upid)
        if task is not None and task.running:
            return state
        if task is None or task.log_gone:
            return replace(state, kind="finished", state="unknown", endtime=int(state.upid.split(":")[5], 16))
        return replace(state, kind="finished", state=task.state, endtime=task.endtime)

    def skipped_because(self) -> str | None:
        """Return why a run that is due is left out in silence."""
        return self.datastore.refusal(writing=True) if self.waits_for_store else None

    def start(self, *, scheduled: bool = False, by: str = "root@pam") -> Task:
        """Start it, as the scheduler or somebody by hand does."""

        def work(worker: Worker) -> Process:
            self.begin(worker, self.schedule if scheduled else None)
            yield from self.work(worker)

        def done(task: Task) -> None:
            self.state = JobState(kind="finished", upid=task.upid, state=task.state, endtime=task.endtime)
            self.server.scheduler.plan(self)

        worker = self.server.tasks.start(self.worker_type, self.worker_id, by, work, done)
        self.state = JobState(kind="started", upid=worker.task.upid)
        return worker.task

    def begin(self, worker: Worker, schedule: str | None) -> None:
        """Write the first lines of the log."""
        worker.log(self.headline)
        if schedule is not None:
            worker.log(f"task triggered by schedule '{schedule}'")

    @property
    def headline(self) -> str:
        """Return the first line of the log."""
        raise NotImplementedError

    def reschedule(self, schedule: str | None) -> None:
        """Change the schedule: slots count from now on."""
        self.schedule = schedule
        state, now = self.load(), self.server.now
        if state.kind == "finished":
            self.state = replace(state, updated=now)
        elif state.kind != "started":
            self.state = JobState(kind="created", time=now)
        self.server.scheduler.plan(self)


@dataclass(eq=False)
class SyncJob(Job):
    """A sync job; without a remote both datastores are on this server."""

    remote: str | None = None
    remote_store: str = ""
    remote_ns: str = ""
    direction: Literal["pull", "push"] = "pull"
    owner: str | None = None
    remove_vanished: bool = False
    group_filter: tuple[str, ...] = ()
    transfer_last: int | None = None
    resync_corrupt: bool = False
    verified_only: bool = False
    encrypted_only: bool = False
    run_on_mount: bool = False
    unmount_on_done: bool = False
    worker_type = "syncjob"
    waits_for_store = False

    @property
    @override
    def worker_id(self) -> str:
        return f"{self.remote or '-'}:{self.remote_store}:{self.store}:{self.ns}:{self.id}"

    @property
    @override
    def headline(self) -> str:
        return f"Starting datastore sync job '{self.worker_id}'"

    @override
    def work(self, worker: Worker) -> Process:
        yield from syncing.sync(self, worker)
        worker.log(f"sync job '{self.worker_id}' end")
        if self.unmount_on_done and self.datastore.removable:
            self.datastore.unplug()


@dataclass(eq=False)
class PruneJob(Job):
    """A prune job; `keep` are its rules, as keep-last and keep-daily."""

    keep: dict[str, int] = field(default_factory=dict)
    disabled: bool = False
    worker_type = "prunejob"

    @property
    @override
    def worker_id(self) -> str:
        return f"{self.store}:{self.ns}" if self.ns else self.store

    @property
    @override
    def headline(self) -> str:
        return f"prune job '{self.id}'"

    @property
    @override
    def starts_by_itself(self) -> bool:
        """Before 4.2.3 one without any rule never starts, although the API shows when it would."""
        return not self.disabled and (bool(self.keep) or self.server.release >= (4, 2, 3))

    @override
    def work(self, worker: Worker) -> Process:
        yield from pruning.prune(self, worker)

    def disable(self) -> None:
        """Switch it off."""
        self.disabled = True
        self.server.scheduler.plan(self)

    def enable(self) -> None:
        """Switch it on: it runs at once where a slot has passed."""
        self.disabled = False
        self.server.scheduler.plan(self)


@dataclass(eq=False)
class VerifyJob(Job):
    """A verify job; without `outdated_after`, in days, a snapshot is checked once in its life."""

    ignore_verified: bool = True
    outdated_after: int | None = None
    worker_type = "verificationjob"

    @property
    @override
    def headline(self) -> str:
        return f"Starting datastore verify job '{self.worker_id}'"

    @override
    def work(self, worker: Worker) -> Process:
        yield from verifying.verify(self, worker)


@dataclass(eq=False)
class GarbageCollectionJob(Job):
    """The garbage collection of a datastore; its id is that of the datastore."""

    worker_type = "garbage_collection"

    @property
    @override
    def worker_id(self) -> str:
        return self.store

    @property
    @override
    def headline(self) -> str:
        return f"starting garbage collection on store {self.store}"

    @override
    def work(self, worker: Worker) -> Process:
        yield from collecting.collect(self.datastore, worker)
