"""Accepts connections: few per client, none for ever."""

# `typing.override` is not in Python 3.11.
# mypy: disable-error-code=explicit-override

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
import logging
import socket
import ssl

from .refusals import client_of


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a client may take, in connections, seconds and bytes."""

    connections: int = 32
    connections_per_client: int = 6
    handshake_seconds: float = 5.0
    head_seconds: float = 10.0
    stall_seconds: float = 20.0  # in which a client must take some of what is waiting for it
    waiting_bytes: int = 64 * 1024  # that wait for a slow client
    # Of a request's head, and of what follows it before the answer. Below aiohttp's own limit for one line, whose
    # message would show the line.
    head_bytes: int = 8000


_LOGGER = logging.getLogger(__name__)
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nServer: proxmox-backup-log-agent\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)


class Guard(asyncio.Protocol):
    """Stands between a connection and aiohttp's protocol, which has no limits of its own for the head of a request."""

    def __init__(self, inner: asyncio.Protocol, limits: Limits, on_lost: Callable[[], None]) -> None:
        """Take aiohttp's protocol and what to call when the connection has gone."""
        self._inner = inner
        self._limits = limits
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._head = _Deadline(self._abort)
        self._stall = _Deadline(self._abort)
        self._received = 0
        self._answer: asyncio.Task[object] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first request from now on."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(self._limits.waiting_bytes)
        self._head.set(self._limits.head_seconds)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass on what a request may need, and no more."""
        assert self._transport is not None
        if self._transport.is_closing():
            return
        self._received += len(data)
        if self._received > self._limits.head_bytes:
            self._refuse()
        else:
            if self._answer is None and not self._head.is_set:
                self._head.set(self._limits.head_seconds)
            self._inner.data_received(data)

    def request_begins(self) -> None:
        """Note that the head of a request is complete, and who answers it."""
        self._answer = asyncio.current_task()
        self._received = 0
        self._head.clear()

    def request_ends(self) -> None:
        """Note that the request is answered."""
        self._answer = None
        self._received = 0

    def eof_received(self) -> bool | None:
        """Pass on."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """Give a client that takes nothing some time, then none."""
        self._stall.set(self._limits.stall_seconds)
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Go on: the client took something."""
        self._stall.clear()
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the place, and stop whoever still works on an answer that nobody will get."""
        self._head.clear()
        self._stall.clear()
        try:
            self._inner.connection_lost(exc)
        finally:
            self._on_lost()
            if self._answer is not None:
                self._answer.cancel()

    def end(self) -> asyncio.Task[object] | None:
        """Break the connection; return who was answering."""
        self._abort()
        if self._answer is not None:
            self._answer.cancel()
        return self._answer

    def _refuse(self) -> None:
        assert self._transport is not None
        if self._answer is not None:
            self._abort()
        else:
            self._transport.write(_TOO_LARGE)
            self._transport.close()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class _Deadline:
    """Calls a function unless it is cleared in time."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        return self._handle is not None

    def set(self, seconds: float) -> None:
        self.clear()
        self._handle = asyncio.get_running_loop().call_later(seconds, self._function)

    def clear(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Listener:
    """Listens on some addresses and counts connections from the moment they are accepted, before TLS."""

    def __init__(
        self, protocol_factory: Callable[[], asyncio.Protocol], context: ssl.SSLContext, limits: Limits
    ) -> None:
        """Take the factory of the protocols that answer."""
        self._protocol_factory = protocol_factory
        self._context = context
        self._limits = limits
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients: dict[object, str] = {}
        self._guards: set[Guard] = set()

    async def start(self, host: str, port: int) -> list[tuple[str, int]]:
        """Listen; return the addresses and ports.

        Raises OSError.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in found:
            self._sockets.append(_listen(family, address))
        for listening in self._sockets:
            self._begin(self._accept(listening))
        return [listening.getsockname()[:2] for listening in self._sockets]

    async def stop(self) -> None:
        """Accept no more and break every connection."""
        tasks: set[asyncio.Task[object]] = {answer for guard in self._guards if (answer := guard.end()) is not None}
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._tasks, return_exceptions=True)
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                _LOGGER.warning("Cannot accept a connection: %s", error)
                await asyncio.sleep(1)
                continue
            client = client_of(address[0])
            if self._is_full(client):
                _LOGGER.warning("Too many connections, refused one of %s", client)
                connection.close()
                continue
            place = object()
            self._clients[place] = client
            self._begin(self._serve(connection, place))

    def _is_full(self, client: str) -> bool:
        of_client = sum(1 for other in self._clients.values() if other == client)
        return of_client >= self._limits.connections_per_client or len(self._clients) >= self._limits.connections

    async def _serve(self, connection: socket.socket, place: object) -> None:
        def leave() -> None:
            self._clients.pop(place, None)
            self._guards.discard(guard)

        guard = Guard(self._protocol_factory(), self._limits, leave)
        self._guards.add(guard)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: guard,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._limits.handshake_seconds,
                ssl_shutdown_timeout=self._limits.handshake_seconds,
            )
        except (OSError, TimeoutError) as error:
            _LOGGER.info("No TLS with %s: %s", self._clients.get(place), error or type(error).__name__)
            leave()
        except BaseException:
            leave()
            raise


def _listen(family: int, address: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address[0] == "::" else 1)
        listening.bind(address)
        listening.listen()
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
