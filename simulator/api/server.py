"""The HTTPS server of a virtual node: what pveproxy does around the API (PVE::APIServer::AnyEvent)."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
import gzip
import json
import socket
import ssl
from typing import override
from urllib.parse import unquote

from aiohttp import web

from simulator.access import PermissionDenied
from simulator.cluster import Cluster
from simulator.nodes import Node

from .routes import Answer, ApiError, Call, find, read_parameters

BASE = "/api2/json"
COMPRESS_FROM = 1024
IDLE_TIMEOUT = 5.0
SERVER = "pve-api-daemon/3.0"
NO_PMXCFS = "RPCEnvironment init request failed: Unable to load access control list: Connection refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenRequest:
    """A request that reached a node, with the status of its answer; 0 where it was dropped."""

    time: float
    node: str
    method: str
    path: str
    query: dict[str, str]
    status: int


@dataclass(eq=False)
class Faults:
    """What goes wrong between a client and the nodes."""

    login_delay: float = 0.0
    """Seconds that a refused login takes (Proxmox: 3)."""
    unreachable_delay: float = 0.0
    """Seconds until a node gives up on another (Proxmox: 3 or 30)."""
    unreachable_reason: str = "No route to host"
    keepalive_limit: int = 100
    """Requests per connection."""
    drop_reused: int = 0
    """How many requests on connections already used are dropped without an answer."""
    delays: dict[str, float] = field(default_factory=dict)
    """Seconds that answers take, by a part of the path."""
    broken: dict[str, str] = field(default_factory=dict)
    """Bodies sent in place of the answer, by a part of the path."""
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Statuses and messages sent in place of the answer, by a part of the path."""


@dataclass(eq=False)
class Traffic:
    """What the nodes have seen."""

    requests: list[SeenRequest] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    connections: int = 0

    def clear(self) -> None:
        """Forget everything."""
        self.requests.clear()
        self.most_in_flight = self.connections = 0

    @property
    def paths(self) -> Counter[str]:
        """Return how often each path was asked for."""
        return Counter(request.path for request in self.requests)


class NodeServer:
    """The address of one node."""

    def __init__(self, cluster: Cluster, node: Node, faults: Faults, traffic: Traffic, port: int = 0) -> None:
        """Serve nothing yet; port 0 is any free one."""
        self._cluster = cluster
        self._node = node
        self._faults = faults
        self._traffic = traffic
        self._server: asyncio.Server | None = None
        self._starting: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None
        self._counts: dict[asyncio.BaseTransport, int] = {}
        self.port = port
        self.context: ssl.SSLContext | None = None

    async def set_up(self) -> None:
        """Prepare the application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, keepalive_timeout=IDLE_TIMEOUT, access_log=None, handle_signals=False, shutdown_timeout=0.2
        )
        await self._runner.setup()

    async def listen(self) -> None:
        """Accept connections."""
        self._reserve()
        self.resume()
        assert self._starting is not None
        await self._starting

    def resume(self) -> None:
        """Accept connections again; those that come before the server is ready wait."""
        assert self._socket is not None
        self._socket.listen()
        self._starting = asyncio.get_running_loop().create_task(self._serve(self._socket))

    def refuse(self) -> None:
        """Refuse connections and drop the open ones; the port stays ours."""
        if self._starting is not None:
            self._starting.cancel()
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            self._server = None
        if self._socket is not None:
            self._socket.close()
        self._reserve()

    async def close(self) -> None:
        """Stop for good."""
        if self._socket is not None:
            self.refuse()
            self._socket.close()
        if self._starting is not None:
            await asyncio.wait([self._starting])
        await self._runner.cleanup()

    def _reserve(self) -> None:
        """Take the port without listening: connections are refused."""
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((self._node.ip, self.port))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    async def _serve(self, listening: socket.socket) -> None:
        assert self._runner.server is not None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._runner.server, sock=listening, ssl=self.context, start_serving=False
        )
        await self._server.start_serving()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        traffic = self._traffic
        traffic.in_flight += 1
        traffic.most_in_flight = max(traffic.most_in_flight, traffic.in_flight)
        status = 0
        try:
            if self._drops(request):
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            response = await self._answer(request)
            status = response.status
            return response
        finally:
            traffic.in_flight -= 1
            traffic.requests.append(
                SeenRequest(
                    time=self._cluster.clock.time(),
                    node=self._node.name,
                    method=request.method,
                    path=unquote(request.raw_path.partition("?")[0].removeprefix(BASE)),
                    query=dict(request.query),
                    status=status,
                )
            )

    def _drops(self, request: web.Request) -> bool:
        assert request.transport is not None
        used = self._counts.get(request.transport, 0)
        if not used:
            self._counts = {entry: number for entry, number in self._counts.items() if not entry.is_closing()}
            self._traffic.connections += 1
        self._counts[request.transport] = used + 1
        if used and self._faults.drop_reused:
            self._faults.drop_reused -= 1
            return True
        return False

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.raw_path.partition("?")[0]
        faults = self._faults
        await asyncio.sleep(_fault_for(path, faults.delays) or 0)
        if (error := _fault_for(path, faults.errors)) is not None:
            return self._error(*error)
        if (body := _fault_for(path, faults.broken)) is not None:
            return web.Response(text=body, content_type="application/json")
        if self._node.pmxcfs_down:
            return _empty(500, NO_PMXCFS)
        if request.method != "GET" or request.can_read_body or not path.startswith(f"{BASE}/"):
            return self._error(501, f"Method '{request.method} {path.removeprefix(BASE)}' not implemented")
        who = self._cluster.access.authenticate(request.headers.get("Authorization"))
        if who is None:
            await asyncio.sleep(faults.login_delay)
            reason = "Authentication failed!" if "Authorization" in request.headers else "No ticket"
            return _empty(401, reason)
        self._cluster.settle()
        try:
            return await self._dispatch(request, who, path.removeprefix(BASE))
        except PermissionDenied as denied:
            return self._error(403, str(denied))
        except ApiError as failure:
            return self._error(failure.status, str(failure), dict(failure.errors or {}))

    async def _dispatch(self, request: web.Request, who: str, path: str) -> web.Response:
        found = find(path.rstrip("/"))
        if found is None:
            raise ApiError(501, f"Method 'GET {path}' not implemented")
        route, places = found
        places = {name: unquote(value) for name, value in places.items()}
        call = Call(cluster=self._cluster, contacted=self._node, who=who, parameters=places)
        if route.check is not None:
            call.require(route.check[0].format(**places), *route.check[1])
        answering = self._node
        if (target := places.get("node")) is not None:
            known = {name: node for name, node in self._cluster.nodes.items() if self._node.knows(node)}
            if target not in known and target.lower() in known:
                return _empty(596, "error:0A000086:SSL routines::certificate verify failed")
            if target not in known:
                message = f"hostname lookup '{target}' failed - failed to get address info for: {target}: Name or service not known"
                raise ApiError(500, message)
            answering = known[target]
            if not answering.online:
                await asyncio.sleep(self._faults.unreachable_delay)
                return _empty(595, self._faults.unreachable_reason)
            if answering.pmxcfs_down:
                return _empty(500, NO_PMXCFS)
        if route.protected and answering.pvedaemon_down:
            return _empty(595, "Connection refused")
        parameters = {**places, **read_parameters(route, request.query)}
        answer = route.handler(Call(cluster=self._cluster, contacted=self._node, who=who, parameters=parameters))
        answer = answer if isinstance(answer, Answer) else Answer(data=answer)
        return self._success(request, answer, protected=route.protected)

    def _success(self, request: web.Request, answer: Answer, *, protected: bool) -> web.Response:
        content: dict[str, object] = {"data": answer.data}
        if answer.total is not None:
            content["total"] = answer.total
        text = answer.text if answer.text is not None else json.dumps(content)
        kind = "application/json" if answer.text is None else "text/plain"
        body = text.encode()
        headers = {"Content-Type": f"{kind};charset=UTF-8", "Pragma": "no-cache", "Server": SERVER}
        asked = "gzip" in request.headers.get("Accept-Encoding", "")
        if len(body) > COMPRESS_FROM and (asked or answer.text is not None):
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        response = web.Response(body=body, headers=headers)
        assert request.transport is not None
        if self._counts.get(request.transport, 0) >= self._faults.keepalive_limit:
            response.force_close()
        elif protected:
            # pvedaemon's own header, and that of pveproxy after it; clients obey the first.
            response.headers.add("Connection", "close")
            response.headers.add("Connection", "Keep-Alive")
        return response

    def _error(self, status: int, message: str, errors: dict[str, str] | None = None) -> web.Response:
        """Return an error: since 8.3 its text is in the body too, before only in the reason phrase."""
        content: dict[str, object] = {"data": None}
        if errors:
            content["errors"] = errors
        if self._cluster.release >= (8, 4):
            content["message"] = message if status == 501 else f"{message}\n"
        headers = {"Content-Type": "application/json;charset=UTF-8", "Server": SERVER}
        reason = message.replace("\n", " ").strip()
        response = web.Response(body=json.dumps(content).encode(), status=status, reason=reason, headers=headers)
        response.force_close()
        return response


def _empty(status: int, reason: str) -> web.Response:
    """Return an error of pveproxy itself, which has no body."""
    response = _Bare(status=status, reason=reason, headers={"Server": SERVER})
    response.force_close()
    return response


class _Bare(web.Response):
    """An answer without a body, and without the type of one."""

    @override
    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop("Content-Type", None)


def _fault_for[T](path: str, faults: dict[str, T]) -> T | None:
    return next((fault for part, fault in faults.items() if part in path), None)
