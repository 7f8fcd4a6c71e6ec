"""An address that answers over TLS, as the API of a virtual host, with what may go wrong between it and a client."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
import socket
import ssl
from urllib.parse import unquote

from aiohttp import web

from .clock import Clock

BASE = "/api2/json"
IDLE_TIMEOUT = 5.0


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


class TlsServer:
    """The address of one host; what it answers is for those who derive from it."""

    def __init__(self, clock: Clock, name: str, ip: str, faults: Faults, traffic: Traffic, port: int = 0) -> None:
        """Serve nothing yet; port 0 is any free one."""
        self._clock = clock
        self._name = name
        self._ip = ip
        self._faults = faults
        self._traffic = traffic
        self._server: asyncio.Server | None = None
        self._starting: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None
        self._counts: dict[asyncio.BaseTransport, int] = {}
        self.port = port
        self.context: ssl.SSLContext | None = None

    async def _answer(self, request: web.Request) -> web.Response:
        raise NotImplementedError

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
        self._socket.bind((self._ip, self.port))
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
                    time=self._clock.time(),
                    node=self._name,
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


def fault_for[T](path: str, faults: dict[str, T]) -> T | None:
    """Return the fault for a path, if there is one."""
    return next((fault for part, fault in faults.items() if part in path), None)
