"""A short wire between the product's own reader and the simulator: a request is a call of the function that answers it.

What Home Assistant reads by HTTPS is read here in the same process, in milliseconds, and comes out as the same facts.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
import json
from typing import Any, Protocol, cast, override
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.dialect import VIRTUAL_ENVIRONMENT, Refusal
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    ProxmoxError,
)
from custom_components.proxmox_backup_checker.proxmox.log_agent.client import API_VERSION, LogAgentClient
from custom_components.proxmox_backup_checker.proxmox.log_agent.models import AgentStatus, JobStateFile
from custom_components.proxmox_backup_checker.sources.pve.cluster_reader import ClusterReader
from simulator.access import PermissionDenied, Token
from simulator.api.routes import Answer, ApiError, Call, find, read_parameters
from simulator.cluster import Cluster
from simulator.nodes import Node


class Site(Protocol):
    """Where a virtual cluster stands, with the token that looks at it."""

    cluster: Cluster
    token: Token
    reachable: bool

    @property
    def errors(self) -> Mapping[str, tuple[int, str]]:
        """Statuses and messages sent in place of answers, by a part of the path."""


def reader_of(site: Site, *agents: str, asked: list[str] | None = None) -> ClusterReader:
    """Return a reader of a cluster, with a log agent on some of its nodes; the paths that it asks for are added to `asked`."""
    on = {name: cast(LogAgentClient, ShortAgent(site, site.cluster.nodes[name])) for name in agents}
    # A look takes no time there; how busy this machine is must not show in what a clock is ahead.
    return ClusterReader(ShortClient(site, asked if asked is not None else []), on, zone, timer=lambda: 0.0)


class Wire:
    """A connection to one node of a site."""

    def __init__(self, site: Site, host: str, asked: list[str]) -> None:
        """Lead to the node at an address, and keep in mind what was asked for."""
        self._site, self._asked = site, asked
        self._node = next((node for node in site.cluster.nodes.values() if node.ip == host), None)

    async def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> object:
        """Return the `data` of a GET; raises what the product's own connection raises."""
        site, node = self._site, self._node
        self._asked.append(path)
        if not site.token.enabled:
            raise AuthenticationError("authentication failure")
        if node is None or not node.online or not site.reachable:
            raise CannotConnectError("No route to host")
        for part, (status, message) in site.errors.items():
            if part in f"/api2/json{path}":
                raise _failure(path, status, message)
        try:
            answer = _answered(site, node, path, {name: str(value) for name, value in (parameters or {}).items()})
        except PermissionDenied as denied:
            raise _failure(path, 403, str(denied)) from denied
        except ApiError as failure:
            raise _failure(path, failure.status, str(failure), failure.errors) from failure
        return answer.data if isinstance(answer, Answer) else answer


def _failure(path: str, status: int, message: str, errors: Mapping[str, str] | None = None) -> ProxmoxError:
    body = {"data": None, "message": f"{message}\n"} | ({"errors": dict(errors)} if errors else {})
    refusal = Refusal(where="the host", path=path, status=status, reason=message, body=json.dumps(body).encode())
    return VIRTUAL_ENVIRONMENT.meaning(refusal)


def _answered(site: Site, contacted: Node, path: str, query: Mapping[str, str]) -> object:
    """Answer as the server of a node does (simulator/api/server.py)."""
    found = find(path)
    if found is None:
        raise ApiError(501, f"Method 'GET {path}' not implemented")
    route, places = found
    named: dict[str, str | int] = {name: unquote(value) for name, value in places.items()}
    call = Call(cluster=site.cluster, contacted=contacted, who=site.token.id, parameters=named)
    if route.check is not None:
        call.require(route.check[0].format(**named), *route.check[1])
    target = named.get("node")
    if target is not None and not site.cluster.nodes[str(target)].online:
        raise ApiError(595, "No route to host")
    return route.handler(replace(call, parameters={**named, **read_parameters(route, query)}))


class ShortClient(ProxmoxClient):
    """The product's client on such a wire."""

    def __init__(self, site: Site, asked: list[str]) -> None:
        """Ask the first node."""
        self._site, self._asked = site, asked
        first = next(iter(site.cluster.nodes.values()))
        super().__init__(cast(Any, None), first.ip, 8006, token_id="a@b!c", token_secret="s", fingerprint=None)

    @override
    def _connect(self, host: str, port: int, fingerprint: str | None) -> Any:
        return Wire(self._site, host, self._asked)


class ShortAgent:
    """The log agent of a node, without a wire."""

    def __init__(self, site: Site, node: Node) -> None:
        """Stand on a node."""
        self._site, self._node = site, node

    async def status(self) -> AgentStatus:
        """Return who it is."""
        now = self._site.cluster.clock.now()
        return AgentStatus(
            version="0", api=API_VERSION, node=self._node.name, time=now, time_zone=self._node.timezone,
            boot_time=now, logs="readable", jobs="readable",
        )  # fmt: skip

    @property
    def unreadable_jobs(self) -> dict[str, str]:
        """Return none: every user of a host may read its job states."""
        return {}

    async def jobs(self) -> tuple[JobStateFile, ...]:
        """Return what the scheduler noted."""
        if not self._site.reachable or not self._node.online:
            raise CannotConnectError("No route to host")
        found = []
        for job in self._site.cluster.jobs.values():
            state = job.states.get(self._node.name)
            if state is None:
                continue
            found.append(
                JobStateFile(
                    job_id=job.id,
                    state=state.state,
                    upid=state.upid,
                    message=state.msg.strip() if state.msg else None,
                    time=_moment(state.time),
                    updated=_moment(state.updated),
                    enabled=bool(state.enabled),
                    schedule=state.schedule,
                    error=None,
                    modified=self._site.cluster.clock.now(),
                )
            )
        return tuple(found)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


async def zone(name: str) -> ZoneInfo:
    """Return a zone by its name."""
    return ZoneInfo(name)
