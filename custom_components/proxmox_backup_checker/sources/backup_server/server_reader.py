"""Reading a backup server as a whole: what is dear is asked rarely, unless something hints at a change."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from ...checker.model.server_facts import DatastoreFacts, ServerFacts
from ...checker.model.subject import Subject
from ...proxmox.api.errors import ApiError, PermissionDeniedError, ProxmoxError
from ...proxmox.backup_server.client import BackupServerClient
from ...proxmox.backup_server.datastore_models import Datastore, DatastoreConfig, Remote, Usage
from ...proxmox.backup_server.job_models import GarbageCollection, JobStatus, PruneJob, SyncJob, VerifyJob
from ...proxmox.backup_server.server_models import Version
from ...proxmox.backup_server.task_models import Task
from ..read_schedule import BUSY, DAILY, HOURLY, SLOW, ReadSchedule
from ..troubles import PollTroubles
from .content_reader import ContentReader
from .log_reader import LogReader
from .sight import Sight, by_id
from .task_reader import TaskReader

QUIET: Final = timedelta(minutes=5)
_DATASTORES_AGAIN: Final = timedelta(minutes=15)
_HOST_AGAIN: Final = timedelta(hours=6)
# The scheduler starts what is due within a minute.
_AFTER_DUE: Final = timedelta(minutes=2)
_OF_JOBS: Final = {
    "sync jobs": frozenset({"syncjob"}),
    "prune jobs": frozenset({"prunejob"}),
    "verify jobs": frozenset({"verificationjob"}),
    "garbage collection": frozenset({"garbage_collection"}),
}
_WATCHED: Final = frozenset().union(*_OF_JOBS.values(), {"backup", "sync", "verify"})


class ServerReader:
    """Reads one server again and again; what cannot be read stays as it was, and is named among the troubles."""

    def __init__(
        self,
        client: BackupServerClient,
        known_tasks: Iterable[str] = (),
        unread_logs: Iterable[str] = (),
        known_stores: Iterable[str] = (),
    ) -> None:
        """Begin with what is remembered: finished tasks, by UPID, those of them whose logs are still to be read, and datastores."""
        self._client = client
        self._schedule = ReadSchedule()
        known = tuple(known_tasks)
        self._tasks = TaskReader(client, known)
        self._logs = LogReader(client, unread_logs, first=not known)
        self._sight = Sight(client)
        self._content = ContentReader(client, self._sight)
        self._version: Version | None = None
        self._instance_id: str | None = None
        self._zone, self._skew = "UTC", timedelta()
        self._known_stores = frozenset(known_stores)
        self._datastores: dict[str, Datastore] = {}
        self._hidden_stores: frozenset[str] = frozenset()
        self._hidden_jobs: dict[str, frozenset[str]] = {}
        self._configs: dict[str, DatastoreConfig] = {}
        self._usage: dict[str, Usage] = {}
        self._full_on: dict[str, int | None] = {}
        self._remotes: tuple[Remote, ...] = ()
        self._sync_jobs: tuple[SyncJob, ...] = ()
        self._prune_jobs: tuple[PruneJob, ...] = ()
        self._verify_jobs: tuple[VerifyJob, ...] = ()
        self._garbage_collections: tuple[GarbageCollection, ...] = ()
        self._unread: dict[str, str] = {}
        self._root_share: float | None = None
        self._running = False

    @property
    def busy(self) -> bool:
        """Whether something is left to be read."""
        return self._content.busy or self._logs.busy

    @property
    def again_in(self) -> timedelta:
        """How long to wait until the next reading: less while something runs, or is still to be read."""
        return BUSY if self._running or self.busy else QUIET

    def read_all_again(self) -> None:
        """Let the next reading ask for everything, whatever was read lately."""
        self._schedule.forget(lambda _: True)
        self._content.read_all_again()

    async def read(self, now: datetime) -> ServerFacts:
        """Return the state at `now`.

        Raises a ProxmoxError where the server as a whole cannot be read.
        """
        troubles = PollTroubles()
        tasks = await self._tasks.read(now)
        ended = [task for task in tasks.tasks if not task.running]
        self._running = any(task.running and task.upid.worker_type in _WATCHED for task in tasks.tasks)
        self._hint(now, ended)
        await self._read_server(now, troubles)
        await self._read_jobs(now, troubles)
        readable = [
            store.store
            for store in self._datastores.values()
            if store.readable and store.store not in self._hidden_stores
        ]
        await self._read_usage(now, readable, troubles)
        logs = await self._logs.read(ended, troubles)
        await self._content.read(now, readable, ended, logs, troubles)
        permissions = await self._sight.settle()
        assert self._version is not None
        return ServerFacts(
            now=now,
            version=self._version,
            instance_id=self._instance_id,
            zone=self._zone,
            skew=self._skew,
            permissions=permissions,
            datastores={name: self._facts_of(store) for name, store in sorted(self._datastores.items())},
            remotes=self._remotes,
            sync_jobs=self._sync_jobs,
            prune_jobs=self._prune_jobs,
            verify_jobs=self._verify_jobs,
            garbage_collections=self._garbage_collections,
            tasks=tasks.tasks,
            tasks_complete=tasks.complete,
            waiting=self._content.waiting,
            troubles=troubles.texts,
            logs=logs,
            unread_logs=self._logs.waiting,
            unread=dict(self._unread),
            root_share=self._root_share,
            hidden_jobs=frozenset().union(*self._hidden_jobs.values()),
        )

    def _facts_of(self, store: Datastore) -> DatastoreFacts:
        content = self._content.of(store.store)
        return DatastoreFacts(
            datastore=store,
            config=self._configs.get(store.store),
            usage=self._usage.get(store.store),
            full_on=self._full_on.get(store.store),
            namespaces=content.namespaces,
            groups=dict(content.groups),
            listed_at=dict(content.listed_at),
            hidden=store.store in self._hidden_stores,
        )

    def _hint(self, now: datetime, ended: Iterable[Task]) -> None:
        """Make the jobs due of which a run has ended, or ought to have begun meanwhile."""
        types = {task.upid.worker_type for task in ended}
        due = {topic for topic, of_job in _OF_JOBS.items() if of_job & types}
        statuses: dict[str, list[JobStatus]] = {
            "sync jobs": [job.status for job in self._sync_jobs],
            "prune jobs": [job.status for job in self._prune_jobs],
            "verify jobs": [job.status for job in self._verify_jobs],
            "garbage collection": [job.status for job in self._garbage_collections],
        }
        for topic, known in statuses.items():
            # What was overdue at the last look already is no news.
            if any(self._came_due(status, topic, now) for status in known):
                due.add(topic)
        self._schedule.forget(lambda topic: topic in due)

    def _came_due(self, status: JobStatus, topic: str, now: datetime) -> bool:
        if status.next_run is None:
            return False
        due = datetime.fromtimestamp(status.next_run, UTC) + _AFTER_DUE - self._skew
        return due <= now and self._schedule.is_due(topic, now, now - due)

    async def _part(
        self, topic: str, now: datetime, every: timedelta, read: Callable[[], Awaitable[None]], troubles: PollTroubles
    ) -> None:
        """Read a part where it is due; where it cannot be read it stays as it was."""
        if not self._schedule.is_due(topic, now, every):
            return
        try:
            await read()
        except ProxmoxError as error:
            troubles.note(topic, error)
            self._unread[topic] = str(error)
            self._schedule.note(topic, now, good=False)
            if isinstance(error, PermissionDeniedError):
                self._sight.doubt()
        else:
            self._unread.pop(topic, None)
            self._schedule.note(topic, now)

    async def _read_server(self, now: datetime, troubles: PollTroubles) -> None:
        if self._version is None or self._schedule.is_due("version", now, DAILY):
            # Without these nothing that follows can be understood.
            self._version = await self._client.version()
            self._sight.doubt()
            await self._sight.settle()
            self._instance_id = await self._client.instance_id()
            self._schedule.note("version", now)
        await self._part("time", now, HOURLY, lambda: self._read_time(now), troubles)
        await self._part("datastores", now, _DATASTORES_AGAIN, self._read_datastores, troubles)
        await self._part("configuration", now, DAILY, self._read_configuration, troubles)
        if self._sight.permissions.has("/system/status", "Sys.Audit"):
            await self._part("host", now, _HOST_AGAIN, self._read_host, troubles)

    async def _read_time(self, now: datetime) -> None:
        found = await self._client.time()
        self._zone = found.zone
        self._skew = datetime.fromtimestamp(found.time, UTC) - now

    async def _read_host(self) -> None:
        found = await self._client.status()
        known = found.root_total and found.root_used is not None
        self._root_share = (found.root_used or 0) / (found.root_total or 1) if known else None

    async def _read_datastores(self) -> None:
        found = {store.store: store for store in await self._client.datastores()}
        # What may no longer be seen is left out without a word.
        before = {name: Datastore.named(name) for name in self._known_stores} | self._datastores
        missing = {name: store for name, store in before.items() if name not in found}
        hidden = {name: store for name, store in missing.items() if await self._is_hidden(name)}
        self._datastores, self._hidden_stores = found | hidden, frozenset(hidden)
        self._known_stores = frozenset()

    async def _is_hidden(self, store: str) -> bool:
        """Tell whether a datastore that is no longer listed is there all the same: one that is gone is not refused."""
        self._sight.doubt()
        await self._sight.settle()
        if not self._sight.sees(store):
            return True
        try:
            await self._client.datastore_status(store)
        except PermissionDeniedError:
            return True
        except ApiError:
            return False
        return False

    async def _read_configuration(self) -> None:
        self._configs = {config.store: config for config in await self._client.datastore_config()}
        self._remotes = await self._client.remotes()

    async def _read_jobs(self, now: datetime, troubles: PollTroubles) -> None:
        async def sync_jobs() -> None:
            self._sync_jobs = await self._with_hidden("sync", self._sync_jobs, await self._client.sync_jobs())

        async def prune_jobs() -> None:
            self._prune_jobs = await self._with_hidden("prune", self._prune_jobs, await self._client.prune_jobs())

        async def verify_jobs() -> None:
            self._verify_jobs = await self._with_hidden("verify", self._verify_jobs, await self._client.verify_jobs())

        async def garbage_collections() -> None:
            found = {collection.store: collection for collection in await self._client.garbage_collections()}
            # A datastore that cannot be read is left out, and will have one again.
            away = {name for name, store in self._datastores.items() if not store.readable}
            kept = {known.store: known for known in self._garbage_collections if known.store in away}
            self._garbage_collections = tuple((kept | found).values())

        readers = (sync_jobs, prune_jobs, verify_jobs, garbage_collections)
        for topic, read in zip(_OF_JOBS, readers, strict=True):
            await self._part(topic, now, SLOW, read, troubles)

    async def _with_hidden[Job: SyncJob | PruneJob | VerifyJob](
        self, kind: str, before: tuple[Job, ...], found: tuple[Job, ...]
    ) -> tuple[Job, ...]:
        """Return the jobs that were found, and those that the token may no longer see as they were."""
        jobs, hidden = await self._sight.with_hidden(by_id(before), by_id(found), self._sight.sees_job)
        self._hidden_jobs[kind] = frozenset(Subject.server_job(kind, job_id).id for job_id in hidden)
        return tuple(jobs[job_id] for job_id in sorted(jobs))

    def keep_jobs_of(self, facts: ServerFacts) -> None:
        """Go on with the jobs of these facts alone: nobody waits for one that is missing there and hidden from the token."""
        self._sync_jobs, self._prune_jobs, self._verify_jobs = facts.sync_jobs, facts.prune_jobs, facts.verify_jobs
        self._hidden_jobs = {kind: hidden & facts.hidden_jobs for kind, hidden in self._hidden_jobs.items()}

    async def _read_usage(self, now: datetime, readable: Iterable[str], troubles: PollTroubles) -> None:
        await self._part("datastore usage", now, HOURLY, lambda: self._read_forecast(now), troubles)
        for store in readable:
            if self._schedule.is_due("datastore usage", now, SLOW):

                async def read(store: str = store) -> None:
                    self._usage[store] = (await self._client.datastore_status(store)).usage

                await self._part(f"use of {store}", now, SLOW, read, troubles)

    async def _read_forecast(self, now: datetime) -> None:
        for row in await self._client.datastore_usage():
            self._full_on[row.store] = row.full_on(int(now.timestamp()))
            if row.usage.total is not None:
                self._usage[row.store] = row.usage
