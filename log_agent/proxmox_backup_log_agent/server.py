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
from .limited_protocol import LimitedProtocol, Limits
from .listener import Listener
from .stranger_log import StrangerLog

IDLE = 30.0  # seconds that a connection without a request stays open
ADMITTED = "admitted"  # key of a request that had the token
LOGGER = logging.getLogger("proxmox_backup_log_agent")


def access_logger(strangers: StrangerLog) -> type[AbstractAccessLogger]:
    """Return the class of the access log: one line per request, few of clients without the token."""

    class AccessLogger(AbstractAccessLogger):
        """One line per request: client, method, path without its query, status, bytes, milliseconds."""

        def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
            """Write the line."""
            write = self.logger.info if request.get(ADMITTED) else strangers.write
            path = request.raw_path.partition("?")[0][:200]
            write(
                "%s %s %s %d %d %dms",
                request.remote,
                request.method[:16],
                path.encode("ascii", "backslashreplace").decode(),
                response.status,
                response.body_length,
                time * 1000,
            )

    return AccessLogger


def _is_worth_logging(record: logging.LogRecord) -> bool:
    """Keep requests that are no HTTP out of the log: the parser's message may hold a piece of a token."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


def _protocol_of(request: web.Request) -> LimitedProtocol | None:
    protocol = request.transport.get_protocol() if request.transport is not None else None
    return protocol if isinstance(protocol, LimitedProtocol) else None


@web.middleware
async def _note_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the connection's protocol from when to when a request is answered."""
    if request.transport is None:
        return web.Response(status=400)  # the connection ended before the request began, so nobody gets this
    protocol = _protocol_of(request)
    if protocol is None:
        return await handler(request)
    protocol.request_begins()
    try:
        return await handler(request)
    finally:
        protocol.request_ends()


def _admit(request: web.Request) -> bool:
    """Note that a request had the token; return whether its client may have one more connection."""
    request[ADMITTED] = True
    protocol = _protocol_of(request)
    return protocol is None or protocol.admit()


@dataclass(kw_only=True)
class Server:
    """The agent on an address; `start` and `stop` it, or use it as an asynchronous context."""

    config: AgentConfig
    host: str
    port: int
    context: ssl.SSLContext
    limits: Limits = field(default_factory=Limits)
    strangers: StrangerLog = field(default_factory=lambda: StrangerLog(LOGGER.getChild("strangers")))

    async def start(self) -> list[tuple[str, int]]:
        """Listen; return the addresses and ports.

        Raises OSError.
        """
        app = create_app(self.config, _admit)
        http_logger = LOGGER.getChild("http")
        http_logger.addFilter(_is_worth_logging)
        app.middlewares.insert(0, _note_request)
        self._runner = web.AppRunner(
            app,
            access_log=LOGGER.getChild("access"),
            access_log_class=access_logger(self.strangers),
            logger=http_logger,
            keepalive_timeout=IDLE,
            lingering_time=0.0,
        )
        await self._runner.setup()
        assert self._runner.server is not None
        self._listener = Listener(self._runner.server, self.context, self.limits, self.strangers)
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
        self.strangers.finish()

    async def __aenter__(self) -> list[tuple[str, int]]:
        """Start."""
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()


def quiet_loop(loop: asyncio.AbstractEventLoop, strangers: StrangerLog) -> None:
    """Keep broken handshakes and dropped connections out of the journal as tracebacks."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        if isinstance(context.get("exception"), OSError):
            strangers.write("%s: %s", context.get("message"), context.get("exception"))
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
