"""The Proxmox API as methods that return frozen dataclasses; reading only."""

from collections.abc import Callable, Mapping
import hashlib
from typing import Final
from urllib.parse import quote

import aiohttp

from .answer import run_off_loop_if_large
from .backup_models import Archive, IncludedGuest, JobList, StorageConfig, StorageStatus, VzdumpDefaults
from .cluster_models import Certificate, ClusterStatus, Node, NodeTime, Permissions, Resources, Task, Version
from .config_models import Addresses, GuestConfig, node_addresses
from .connection import Connection
from .endpoint import Endpoint
from .errors import CannotConnectError, PermissionDeniedError, UnexpectedAnswerError
from .fields import Fields, Rows
from .replication_models import ReplicationJob, ReplicationState

# Far more vzdump tasks than a node keeps in the two files of its task index (PVE/RESTEnvironment.pm).
_ALL_TASKS: Final = 5000
_BYTES_PER_ROW: Final = 400
_LOG_GONE: Final = "unable to open file - "
_LOG_EMPTY: Final = "no content"


class ProxmoxClient:
    """One Proxmox cluster, seen through one of its nodes.

    Every method may raise any ProxmoxError; one that names a node raises NodeUnreachableError while that node is down.
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
    ) -> None:
        """Use a session that somebody else owns; the arguments are those of Connection."""
        self._session = session
        self._token_id, self._token_secret = token_id, token_secret
        self.port = port
        self.left_out: dict[str, str] = {}
        """What was wrong with single rows that the last answers had and that are left out, by part of the cluster."""
        self.refusals = 0
        """How often anything was refused for want of a right."""
        self._configured = self._connection = self._connect(host, port, fingerprint)

    def _connect(self, host: str, port: int, fingerprint: str | None) -> Connection:
        return Connection(
            self._session,
            host,
            port,
            token_id=self._token_id,
            token_secret=self._token_secret,
            fingerprint=fingerprint,
        )

    def use(self, endpoint: Endpoint | None) -> None:
        """Use another node from now on, None for the one of the beginning; its certificate has to be the known one.

        Raises CannotConnectError where there can be no node.
        """
        if endpoint is None:
            self._connection = self._configured
        else:
            try:
                self._connection = self._connect(endpoint.host, endpoint.port, endpoint.fingerprint)
            except ValueError as error:
                raise CannotConnectError(f"{endpoint.host}:{endpoint.port}: {error}") from error

    async def _get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> object:
        """Return the `data` of a GET, and count what is refused for want of a right."""
        try:
            return await self._connection.get(path, parameters)
        except PermissionDeniedError:
            self.refusals += 1
            raise

    async def version(self) -> Version:
        """Return the version of the contacted node."""
        return Version.from_api(await self._get("/version"))

    async def permissions(self) -> Permissions:
        """Return the privileges of the token."""
        return Permissions.from_api(await self._get("/access/permissions"))

    async def privileges_on(self, path: str) -> frozenset[str]:
        """Return the privileges of the token on one path, which is asked for itself: the list leaves out where there is none."""
        found = Permissions.from_api(await self._get("/access/permissions", {"path": path}))
        if found.by_path.keys() - {path}:
            raise UnexpectedAnswerError(f"/access/permissions of {path}: other paths")
        return found.by_path.get(path, frozenset())

    async def cluster_status(self) -> ClusterStatus:
        """Return members and quorum."""
        return ClusterStatus.from_api(await self._get("/cluster/status"))

    async def nodes(self) -> tuple[Node, ...]:
        """Return all nodes with the fingerprints of their certificates."""
        return Node.list_from_api(await self._get("/nodes"))

    async def configured_members(self) -> frozenset[str]:
        """Return the nodes that the cluster's configuration names; a host that is in no cluster, or has left it, has none."""
        rows = Fields.rows(await self._get("/cluster/config/nodes"), "/cluster/config/nodes")
        return frozenset(row.identifier("node") for row in rows)

    async def certificates(self, node: str) -> tuple[Certificate, ...]:
        """Return the certificates of a node, the cluster's own authority among them."""
        return Certificate.list_from_api(await self._get(f"{_node(node)}/certificates/info"))

    async def resources(self) -> Resources:
        """Return the guests and storages that the token may see."""
        return await _understood(Resources.from_api, await self._get("/cluster/resources"))

    async def backup_jobs(self) -> JobList:
        """Return all backup jobs, enabled or not."""
        return JobList.from_api(await self._get("/cluster/backup"))

    async def included_volumes(self, job_id: str) -> tuple[IncludedGuest, ...]:
        """Return the guests of a job with their volumes, as Proxmox resolves them."""
        path = f"/cluster/backup/{_quote(job_id)}/included_volumes"
        return IncludedGuest.list_from_api(await self._get(path))

    async def node_time(self, node: str) -> NodeTime:
        """Return a node's clock and time zone."""
        return NodeTime.from_api(await self._get(f"{_node(node)}/time"))

    async def vzdump_tasks(self, node: str, since: int | None = None) -> tuple[Task, ...]:
        """Return a node's backup runs, running ones included, newest first; `since` bounds their start."""
        parameters: dict[str, str | int] = {"typefilter": "vzdump", "source": "all", "limit": _ALL_TASKS}
        if since is not None:
            parameters["since"] = since
        return Task.list_from_api(await self._get(f"{_node(node)}/tasks", parameters))

    async def all_tasks(self, node: str, since: int | None = None) -> tuple[Task, ...]:
        """Return a node's tasks of every kind, as `vzdump_tasks` returns backups: one request for restores and what follows them."""
        parameters: dict[str, str | int] = {"source": "all", "limit": _ALL_TASKS}
        if since is not None:
            parameters["since"] = since
        return await _understood(Task.list_from_api, await self._get(f"{_node(node)}/tasks", parameters))

    async def recent_tasks(self) -> tuple[Task, ...]:
        """Return the tasks of all nodes that run, and those that ended last: 25 of a node (PVE/RPCEnvironment.pm, active_workers).

        Who lacks Sys.Audit on / is shown its own only, without a word.
        """
        return await _understood(Task.list_from_api, await self._get("/cluster/tasks"))

    async def task_log(self, node: str, upid: str, start: int = 0) -> str | None:
        """Return a task's log from line `start` on, or None where Proxmox no longer has it.

        Up to 8.x a missing log is one object instead of a list of lines (PVE/Tools.pm, dump_logfile).
        """
        path = f"{_node(node)}/tasks/{_quote(upid)}/log"
        data = await self._get(path, {"start": start, "limit": 0})
        rows = list(Fields.rows([data] if isinstance(data, dict) else data, path))
        lines = [row.optional_text("t") or "" for row in rows]
        if len(lines) == 1 and lines[0].startswith(_LOG_GONE):
            return None
        if lines == [_LOG_EMPTY]:
            return ""
        return "\n".join(lines)

    async def node_storages(self, node: str) -> tuple[StorageStatus, ...]:
        """Return the storages of a node that can hold backups."""
        path = f"{_node(node)}/storage"
        return StorageStatus.list_from_api(await self._get(path, {"content": "backup"}))

    async def storage_config(self) -> tuple[StorageConfig, ...]:
        """Return the configuration of all storages that the token may see."""
        return StorageConfig.list_from_api(await self._get("/storage"))

    async def guest_config(self, node: str, guest_type: str, vmid: int) -> GuestConfig:
        """Return on which storages a guest's disks lie, and its addresses as far as its configuration tells them."""
        path = f"{_node(node)}/{_quote(guest_type)}/{vmid}/config"
        return GuestConfig.from_api(await self._get(path))

    async def node_addresses(self, node: str) -> Addresses:
        """Return the addresses that a node's network configuration tells."""
        return node_addresses(await self._get(f"{_node(node)}/network"))

    async def storage_identity(self, node: str, storage: str) -> str:
        """Return the id of the backup server behind a storage; ApiError where the host or the server is too old to tell."""
        path = f"{_node(node)}/storage/{_quote(storage)}/identity"
        return Fields.of(await self._get(path), path).identifier("id")

    async def replication_jobs(self) -> tuple[ReplicationJob, ...]:
        """Return the replication jobs of the guests that the token may see, disabled ones too."""
        return ReplicationJob.list_from_api(await self._get("/cluster/replication"))

    async def replication_states(self, node: str) -> tuple[ReplicationState, ...]:
        """Return how the replication jobs stand of those guests that are on a node now."""
        return ReplicationState.list_from_api(await self._get(f"{_node(node)}/replication"))

    async def archives_by_content(self, node: str, storage: str) -> tuple[Archive, ...]:
        """Return the archives of a storage with all their attributes.

        Proxmox leaves out, without a word, those that the token may not see: an empty answer proves nothing.
        """
        path = f"{_node(node)}/storage/{_quote(storage)}/content"
        listed = await self._get(path, {"content": "backup"})
        found = await _understood(lambda data: Archive.list_from_content(data, storage), listed)
        return self._noted(f"{node} {storage} content", found)

    async def archives_by_prune(self, node: str, storage: str) -> tuple[Archive, ...]:
        """Return the archives of a storage from the dry run of a prune that would keep all of them.

        It needs audit rights only and lists every archive, but neither size, notes nor verification.
        """
        path = f"{_node(node)}/storage/{_quote(storage)}/prunebackups"
        listed = await self._get(path, {"prune-backups": "keep-all=1"})
        found = await _understood(lambda data: Archive.list_from_prune(data, storage), listed)
        return self._noted(f"{node} {storage} archives", found)

    async def vzdump_defaults(self, node: str, storage: str | None = None) -> VzdumpDefaults:
        """Return what vzdump does on a node where a job is silent."""
        parameters = {"storage": storage} if storage else None
        return VzdumpDefaults.from_api(await self._get(f"{_node(node)}/vzdump/defaults", parameters))

    def _noted[Item](self, part: str, rows: Rows[Item]) -> tuple[Item, ...]:
        """Return the rows that could be understood, and note what was wrong with the others."""
        self.left_out.pop(part, None)
        if rows.odd:
            more = f" (and {len(rows.odd) - 1} more)" if len(rows.odd) > 1 else ""
            self.left_out[part] = rows.odd[0] + more
        return rows.items

    async def cluster_identity(self, status: ClusterStatus) -> str:
        """Return what tells this cluster from every other, whichever node is asked.

        That is the UUID of its own certificate authority; where none is shown, a digest of the cluster's name.
        """
        asked = min(status.nodes, key=lambda node: (not node.local, not node.online))
        for certificate in await self.certificates(asked.name):
            if authority := certificate.authority:
                return authority
        return hashlib.sha256(f"proxmox {status.title}".encode()).hexdigest()[:32]


async def _understood[Answer](parse: Callable[[object], Answer], data: object) -> Answer:
    """Parse an answer that may have thousands of rows."""
    rows = len(data) if isinstance(data, list) else 0
    return await run_off_loop_if_large(rows * _BYTES_PER_ROW, parse, data)


def _quote(name: str) -> str:
    return quote(name, safe="")


def _node(name: str) -> str:
    return f"/nodes/{_quote(name)}"
