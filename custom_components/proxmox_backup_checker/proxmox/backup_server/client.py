"""The API of a backup server as methods that return frozen dataclasses; reading only."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Container, Mapping
from http import HTTPStatus
import time
from typing import Final
from urllib.parse import quote

import aiohttp

from ..api.answer import run_off_loop_if_large
from ..api.connection import Connection
from ..api.errors import ApiError
from ..api.fields import Fields, Rows
from .datastore_models import Datastore, DatastoreConfig, DatastoreStatus, DatastoreUsage, Remote, namespaces_from_api
from .dialect import BACKUP_SERVER
from .errors import DatastoreUnavailableError, UnknownParameterError
from .job_models import GarbageCollection, PruneJob, SyncJob, VerifyJob
from .login import Login
from .namespace import ROOT, GroupId
from .server_models import Permissions, ServerStatus, ServerTime, Version, instance_id_from_api, server_id_from_api
from .snapshot_models import Group, Snapshot
from .task_models import Task, TaskList, log_lines_from_api

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30, sock_connect=10)
# What Proxmox VE itself gives a listing that reads every manifest (PBSPlugin.pm).
_LISTING_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, sock_connect=10)
_BYTES_PER_ROW: Final = 400
TASKS_OF_A_PAGE: Final = 50
LINES_OF_A_PAGE: Final = 2_000
_LOG_GONE: Final = "No such file or directory"


class BackupServerClient:
    """One backup server. Every method may raise any ProxmoxError.

    A refused token is not offered again for some minutes: until then every method but `ping` raises AuthenticationError at once.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        port: int,
        *,
        token_id: str,
        token_secret: str,
        fingerprint: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use a session that somebody else owns; the arguments are those of Connection."""
        self._connection = Connection(
            session,
            host,
            port,
            token_id=token_id,
            token_secret=token_secret,
            fingerprint=fingerprint,
            timeout=_TIMEOUT,
            dialect=BACKUP_SERVER,
        )
        self.login = Login(clock)
        self.left_out: dict[str, str] = {}
        """What was wrong with single rows that the last answers had and that are left out, by part of the server."""
        self._one_listing = asyncio.Lock()
        self._names_direction = True

    async def _get(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> object:
        async with self.login.attempt():
            return await self._connection.get(path, parameters, timeout=timeout)

    async def ping(self) -> bool:
        """Tell whether a backup server answers; no token is needed."""
        answer = Fields.of(await self._connection.get("/ping"), "/ping")
        return answer.flag("pong")

    async def version(self) -> Version:
        """Return the version of the server."""
        return Version.from_api(await self._get("/version"))

    async def permissions(self) -> Permissions:
        """Return the privileges of the token: what it may not see is left out of most answers without a word."""
        return Permissions.from_api(await self._get("/access/permissions"))

    async def instance_id(self) -> str | None:
        """Return what tells this server from every other, None before 4.1.10."""
        try:
            return instance_id_from_api(await self._get("/nodes/localhost/identity"))
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def server_id(self) -> str | None:
        """Return the id under which a subscription knows the server, None without Sys.Audit on `/`."""
        return server_id_from_api(await self._get("/nodes/localhost/subscription"))

    async def time(self) -> ServerTime:
        """Return the server's clock and time zone."""
        return ServerTime.from_api(await self._get("/nodes/localhost/time"))

    async def status(self) -> ServerStatus:
        """Return the state of the host."""
        return ServerStatus.from_api(await self._get("/nodes/localhost/status"))

    async def datastores(self) -> tuple[Datastore, ...]:
        """Return the datastores of which the token may see anything."""
        return Datastore.list_from_api(await self._get("/admin/datastore"))

    async def datastore_config(self) -> tuple[DatastoreConfig, ...]:
        """Return the configuration of the datastores that the token may audit."""
        return DatastoreConfig.list_from_api(await self._get("/config/datastore"))

    async def datastore_status(self, store: str) -> DatastoreStatus:
        """Return the use of space of one datastore."""
        return DatastoreStatus.from_api(await self._get(f"{_store(store)}/status"), store)

    async def datastore_usage(self) -> tuple[DatastoreUsage, ...]:
        """Return the use of space of all datastores, with a month of history each: a large answer."""
        data = await _understood(DatastoreUsage.list_from_api, await self._get("/status/datastore-usage"))
        return self._noted("datastore usage", data)

    async def namespaces(self, store: str) -> tuple[str, ...]:
        """Return the namespaces of a datastore that the token may see, the root among them."""
        return namespaces_from_api(await self._get(f"{_store(store)}/namespace"), store)

    async def groups(self, store: str, ns: str = ROOT) -> tuple[Group, ...]:
        """Return the groups of one namespace; with a right to back up only, no more than the token's own."""
        parameters = {"ns": ns} if ns else None
        data = await self._get(f"{_store(store)}/groups", parameters, _LISTING_TIMEOUT)
        found = await _understood(lambda rows: Group.list_from_api(rows, store, ns), data)
        return self._noted(f"{store} {ns} groups", found)

    async def snapshots(self, store: str, ns: str = ROOT, group: GroupId | None = None) -> tuple[Snapshot, ...]:
        """Return the snapshots of one group, or of a whole namespace; the server reads the manifest of each, so one at a time."""
        parameters = {"ns": ns} if ns else {}
        if group is not None:
            parameters |= {"backup-type": group.backup_type, "backup-id": group.backup_id}
        async with self._one_listing:
            data = await self._get(f"{_store(store)}/snapshots", parameters, _LISTING_TIMEOUT)
        found = await _understood(lambda rows: Snapshot.list_from_api(rows, store, ns), data)
        return self._noted(f"{store} {ns} {group or ''} snapshots", found)

    async def sync_jobs(self) -> tuple[SyncJob, ...]:
        """Return the sync jobs of both directions that the token may see.

        A server before 3.3 refuses to be asked for a direction, and has pulls only; it is not asked so again.
        """
        found = SyncJob.list_from_api(await self._sync_rows())
        return self._noted("sync jobs", found)

    async def _sync_rows(self) -> object:
        if self._names_direction:
            try:
                return await self._get("/admin/sync", {"sync-direction": "all"})
            except UnknownParameterError as error:
                if error.parameter != "sync-direction":
                    raise
                self._names_direction = False
        return await self._get("/admin/sync")

    async def prune_jobs(self) -> tuple[PruneJob, ...]:
        """Return the prune jobs that the token may see."""
        return self._noted("prune jobs", PruneJob.list_from_api(await self._get("/admin/prune")))

    async def verify_jobs(self) -> tuple[VerifyJob, ...]:
        """Return the verify jobs that the token may see."""
        return self._noted("verify jobs", VerifyJob.list_from_api(await self._get("/admin/verify")))

    async def garbage_collections(self) -> tuple[GarbageCollection, ...]:
        """Return the garbage collection of each datastore that can be read; before 3.2 each of them is asked."""
        try:
            data = await self._get("/admin/gc")
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return await self._garbage_collections_one_by_one()
        return self._noted("garbage collection", GarbageCollection.list_from_api(data))

    async def _garbage_collections_one_by_one(self) -> tuple[GarbageCollection, ...]:
        found = []
        for datastore in await self.datastores():
            if datastore.readable:
                try:
                    data = await self._get(f"{_store(datastore.store)}/gc")
                except DatastoreUnavailableError:
                    continue
                found.append(GarbageCollection.from_api(data, datastore.store))
        return tuple(found)

    async def remotes(self) -> tuple[Remote, ...]:
        """Return the other servers that the token may see."""
        return Remote.list_from_api(await self._get("/config/remote"))

    async def tasks_since(
        self,
        known: Container[str],
        *,
        ended_after: int | None = None,
        page: int = TASKS_OF_A_PAGE,
        most_pages: int = 20,
    ) -> TaskList:
        """Return running tasks, and those that have ended since a finished one of the `known`, by UPID.

        The server lists the one that ended last first. Its own `since` is about the start and would lose a long task; `ended_after`,
        in epoch seconds, is where to stop while nothing is known yet.
        """
        tasks: list[Task] = []
        odd: list[str] = []
        complete = False
        for number in range(most_pages):
            found = Task.list_from_api(await self._page_of_tasks(number * page, page))
            tasks += found.items
            odd += found.odd
            finished = [task for task in found.items if task.ended is not None]
            if (
                len(found.items) + len(found.odd) < page
                or any(task.upid.text in known for task in finished)
                or (ended_after is not None and any((task.ended or 0) <= ended_after for task in finished))
            ):
                complete = True
                break
        self._noted("tasks", Rows((), tuple(odd)))
        return TaskList.of(tasks, complete=complete)

    async def _page_of_tasks(self, start: int, limit: int) -> object:
        parameters = {"limit": limit} | ({"start": start} if start else {})
        return await self._get("/nodes/localhost/tasks", parameters)

    async def task_log(self, upid: str, start: int = 0, limit: int = LINES_OF_A_PAGE) -> tuple[str, ...] | None:
        """Return lines of a task's log from `start` on, or None where the server no longer has it."""
        path = f"/nodes/localhost/tasks/{_quote(upid)}/log"
        try:
            data = await self._get(path, {"start": start, "limit": limit})
        except ApiError as error:
            if error.status == HTTPStatus.BAD_REQUEST and _LOG_GONE in error.message:
                return None
            raise
        return log_lines_from_api(data)

    async def task_log_pages(self, upid: str) -> AsyncGenerator[tuple[str, ...]]:
        """Yield a task's log page by page; nothing where the server no longer has it."""
        start = 0
        while lines := await self.task_log(upid, start):
            yield lines
            if len(lines) < LINES_OF_A_PAGE:
                return
            start += len(lines)

    def _noted[Item](self, part: str, rows: Rows[Item]) -> tuple[Item, ...]:
        """Return the rows that could be understood, and note what was wrong with the others."""
        self.left_out.pop(part, None)
        if rows.odd:
            more = f" (and {len(rows.odd) - 1} more)" if len(rows.odd) > 1 else ""
            self.left_out[part] = rows.odd[0] + more
        return rows.items


async def _understood[Answer](parse: Callable[[object], Answer], data: object) -> Answer:
    """Parse an answer that may have thousands of rows."""
    rows = len(data) if isinstance(data, list) else 0
    return await run_off_loop_if_large(rows * _BYTES_PER_ROW, parse, data)


def _quote(name: str) -> str:
    return quote(name, safe="")


def _store(name: str) -> str:
    return f"/admin/datastore/{_quote(name)}"
