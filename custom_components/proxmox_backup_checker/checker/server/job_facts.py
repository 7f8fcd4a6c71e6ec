"""The four kinds of jobs of a backup server as one: what a rule may ask of any of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re
from typing import Final

from ...proxmox.backup_server.job_models import (
    GarbageCollection,
    JobStatus,
    PruneJob,
    SyncDirection,
    SyncJob,
    VerifyJob,
)
from ...proxmox.backup_server.task_models import Task
from ..model.server_facts import ServerFacts
from ..model.subject import Subject
from .run_memory import job_of
from .views import ServerJob

# What the web interface makes up where nobody gives a name.
_MADE_UP: Final = re.compile(r"[a-z]+-[0-9a-f]{8}-[0-9a-f]{4}")
TOPICS: Final[Mapping[str, str]] = {
    "sync": "sync jobs",
    "verify": "verify jobs",
    "prune": "prune jobs",
    "gc": "garbage collection",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFacts:
    """A job; `kind` is sync, verify, prune or gc."""

    kind: str
    job_id: str
    store: str
    ns: str
    schedule: str | None
    comment: str | None
    status: JobStatus
    disabled: bool
    job: ServerJob

    @property
    def subject(self) -> Subject:
        """The job as a subject."""
        return Subject.server_job(self.kind, self.job_id)

    @property
    def id(self) -> str:
        """The id of its subject."""
        return self.subject.id

    @property
    def topic(self) -> str:
        """The part of a reading that it comes from."""
        return TOPICS[self.kind]

    @property
    def name(self) -> str:
        """What people call it: its comment, its id where somebody chose one, else what it is about."""
        written = next((line.strip() for line in (self.comment or "").splitlines() if line.strip()), None)
        if written is not None:
            return written
        if _MADE_UP.fullmatch(self.job_id) is None:
            return self.job_id
        here = f"{self.store}/{self.ns}" if self.ns else self.store
        if isinstance(self.job, SyncJob):
            there = other_side(self.job)
            return f"{here} → {there}" if self.job.direction is SyncDirection.PUSH else f"{there} → {here}"
        return here

    def is_about(self, task: Task) -> bool:
        """Tell whether a task is a run of this job; that of a prune names the place only."""
        if self.status.last_run_upid is not None and task.upid.text == self.status.last_run_upid.text:
            return True
        if self.kind != "prune":
            return job_of(task) == self.id
        work = task.work
        is_prune = task.upid.worker_type == "prunejob" and work is not None
        return is_prune and work is not None and (work.store, work.ns or "") == (self.store, self.ns)


def other_side(job: SyncJob) -> str:
    """Return the other end of a sync job, as offsite/tank."""
    store = f"{job.remote_store}/{job.remote_ns}" if job.remote_ns else job.remote_store
    return f"{job.remote}:{store}" if job.remote else store


def jobs_of(facts: ServerFacts) -> Iterable[JobFacts]:
    """Return all jobs; the garbage collection of a datastore is one where it has a schedule or ever ran."""
    for sync in facts.sync_jobs:
        yield _named("sync", sync)
    for check in facts.verify_jobs:
        yield _named("verify", check)
    for prune in facts.prune_jobs:
        yield _named("prune", prune)
    for collection in facts.garbage_collections:
        yield JobFacts(
            kind="gc",
            job_id=collection.store,
            store=collection.store,
            ns="",
            schedule=collection.schedule,
            comment=None,
            status=collection.status,
            disabled=False,
            job=collection,
        )


def of_sync_job(job: SyncJob) -> JobFacts:
    """Return a sync job as one of all jobs."""
    return _named("sync", job)


def _named(kind: str, job: SyncJob | VerifyJob | PruneJob) -> JobFacts:
    return JobFacts(
        kind=kind,
        job_id=job.job_id,
        store=job.store,
        ns=job.ns,
        schedule=job.schedule,
        comment=job.comment,
        status=job.status,
        disabled=isinstance(job, PruneJob) and job.disabled,
        job=job,
    )


def has_ever_run(job: GarbageCollection, runs: Mapping[str, object]) -> bool:
    """Tell whether a garbage collection is known to have run: failed runs alone leave no trace in its own answer."""
    return job.good_upid is not None or Subject.server_job("gc", job.store).id in runs
