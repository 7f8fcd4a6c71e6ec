"""Gives aiohttp's protocol the limits that it lacks: for the head of a request, and for a client that takes nothing."""

# `typing.override` is not in Python 3.11.
# mypy: disable-error-code=explicit-override

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from .places import PlaceLimits


@dataclass(frozen=True, kw_only=True)
class Limits(PlaceLimits):
    """What a client may take, in connections, seconds and bytes."""

    handshake_seconds: float = 5.0
    head_seconds: float = 10.0
    stall_seconds: float = 20.0  # in which a client must take some of what is waiting for it
    waiting_bytes: int = 64 * 1024  # that wait for a slow client
    # Of a request's head, and of what follows it before the answer. Below aiohttp's own limit for one line, whose
    # message would show the line.
    head_bytes: int = 8000


_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nServer: proxmox-backup-log-agent\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)


class LimitedProtocol(asyncio.Protocol):
    """Stands between a connection and aiohttp's protocol."""

    def __init__(
        self, inner: asyncio.Protocol, limits: Limits, on_token: Callable[[], bool], on_lost: Callable[[], None]
    ) -> None:
        """Take aiohttp's protocol and what to call when the client has shown the token and when it has gone."""
        self._inner = inner
        self._limits = limits
        self._on_token = on_token
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._head = _Deadline()
        self._stall = _Deadline()
        self._received = 0
        self._answer: asyncio.Task[object] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect the first request from now on."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(self._limits.waiting_bytes)
        self._head.set(self._limits.head_seconds, self._abort)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass on what a request may need, and no more."""
        if self._transport is None or self._transport.is_closing():
            return
        self._received += len(data)
        if self._received > self._limits.head_bytes:
            self._refuse()
        else:
            if self._answer is None and not self._head.is_set:
                self._head.set(self._limits.head_seconds, self._abort)
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

    def admit(self) -> bool:
        """Note that the client has shown the token; return whether it may have one more connection."""
        return self._on_token()

    def eof_received(self) -> bool | None:
        """Pass on."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """Give a client that takes nothing some time, then none."""
        self._stall.set(self._limits.stall_seconds, self._abort)
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Go on: the client took something."""
        self._stall.clear()
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the place, and stop whoever still works on an answer that nobody will get."""
        self._head.clear()
        self._stall.clear()
        # A reference in a circle would keep TLS's buffer of 256 KiB until Python looks for circles.
        self._transport = None
        try:
            self._inner.connection_lost(exc)
        finally:
            self._on_lost()
            if self._answer is not None:
                self._answer.cancel()

    @property
    def is_connected(self) -> bool:
        """Return whether TLS has been agreed upon, and the connection is still there."""
        return self._transport is not None

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

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        return self._handle is not None

    def set(self, seconds: float, function: Callable[[], None]) -> None:
        self.clear()
        self._handle = asyncio.get_running_loop().call_later(seconds, function)

    def clear(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
