"""The running agent: the application behind TLS, with an access log that knows no token."""

# `typing.override` is not in Python 3.11.
# mypy: disable-error-code=explicit-override

import asyncio
from dataclasses import dataclass, field
import logging
import ssl

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http import HttpProcessingError

from .app import AgentConfig, Handler, create_app
from .listener import Guard, Limits, Listener

IDLE = 30.0  # seconds that a connection without a request stays open
LOGGER = logging.getLogger("proxmox_backup_log_agent")


class AccessLogger(AbstractAccessLogger):
    """One line per request: client, method, path without its query, status, bytes, milliseconds."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line."""
        path = request.raw_path.partition("?")[0][:200]
        self.logger.info(
            "%s %s %s %d %d %dms",
            request.remote,
            request.method[:16],
            path.encode("ascii", "backslashreplace").decode(),
            response.status,
            response.body_length,
            time * 1000,
        )


def _is_worth_logging(record: logging.LogRecord) -> bool:
    """Keep requests that are no HTTP out of the log: the parser's message may hold a piece of a token."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


@web.middleware
async def _tell_guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    guard = request.transport.get_protocol() if request.transport is not None else None
    if not isinstance(guard, Guard):
        return await handler(request)
    guard.request_begins()
    try:
        return await handler(request)
    finally:
        guard.request_ends()


@dataclass(kw_only=True)
class Server:
    """The agent on an address; `start` and `stop` it, or use it as an asynchronous context."""

    config: AgentConfig
    host: str
    port: int
    context: ssl.SSLContext
    limits: Limits = field(default_factory=Limits)

    async def start(self) -> list[tuple[str, int]]:
        """Listen; return the addresses and ports.

        Raises OSError.
        """
        app = create_app(self.config)
        http_logger = LOGGER.getChild("http")
        http_logger.addFilter(_is_worth_logging)
        app.middlewares.insert(0, _tell_guard)
        self._runner = web.AppRunner(
            app,
            access_log=LOGGER.getChild("access"),
            access_log_class=AccessLogger,
            logger=http_logger,
            keepalive_timeout=IDLE,
            lingering_time=0.0,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        self._listener = Listener(self._runner.server, self.context, self.limits)
        try:
            return await self._listener.start(self.host, self.port)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close everything; who is waiting for changes is cut off."""
        await self._listener.stop()
        if self._runner.server is not None:
            await self._runner.server.shutdown(1.0)
        await self._runner.cleanup()

    async def __aenter__(self) -> list[tuple[str, int]]:
        """Start."""
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()


def quiet_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Keep broken handshakes and dropped connections out of the journal as tracebacks."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        if isinstance(context.get("exception"), OSError):
            LOGGER.info("%s: %s", context.get("message"), context.get("exception"))
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
