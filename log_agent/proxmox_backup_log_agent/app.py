"""The HTTP side: version 1 of the API, nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
import hashlib
import json
from pathlib import Path
import re
import time
from typing import Protocol

from aiohttp import hdrs, web

from . import API_VERSION, __version__
from .auth_backoff import AuthBackoff
from .clients import Client
from .folders import Entry, FolderError, jobs_folder, logs_folder
from .jobs import JobFiles, job_id
from .journal import Changes, Journal
from .log_reader import LogChangedError, LogReader, compressed
from .watch import Watch

MAX_WAIT = 300.0  # seconds
GATHER = 0.25  # seconds in which further changes join the first, so that a busy log is no storm of answers
LOG_DEADLINE = 900.0  # seconds for one log
SMALLEST_GZIP = 1024  # bytes

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Token(Protocol):
    """Knows the token."""

    def accepts(self, token: str) -> bool:
        """Return whether this is the token."""


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """What the agent shows and to whom: the tree to read, the node's name and IANA time zone, the token.

    `backoff` tells how long a client with a wrong token waits.
    """

    root: Path
    node: str
    time_zone: str
    token: Token
    backoff: AuthBackoff = field(default_factory=AuthBackoff)


def create_app(config: AgentConfig, admit: Callable[[web.Request], bool] = lambda request: True) -> web.Application:
    """Return the application; `admit` hears of each request with the token, and says whether to answer it."""
    app = web.Application(middlewares=[_answer_errors, _Gate(config, admit).check])
    routes = _Routes(config)
    for path, handler in routes.table():
        app.router.add_get(path, handler, allow_head=False)
    app.on_response_prepare.append(_set_headers)
    return app


class _Routes:
    """The handlers and what they share."""

    def __init__(self, config: AgentConfig) -> None:
        self._config = config
        self._logs = logs_folder(config.root)
        self._jobs = jobs_folder(config.root)
        self._job_files = JobFiles(self._jobs)
        self._journal = Journal(self._logs, self._jobs)
        self._watch = Watch(*(config.root / folder.path for folder in (self._logs, self._jobs)))

    def table(self) -> list[tuple[str, Handler]]:
        """Return every path that exists."""
        return [
            ("/v1/status", self.status),
            ("/v1/jobs", self.jobs),
            ("/v1/logs", self.logs),
            ("/v1/logs/{name}", self.log),
            ("/v1/changes", self.changes),
        ]

    async def status(self, request: web.Request) -> web.Response:
        """Answer who and when this is, and whether the folders can be read."""
        now = time.time()
        return _json(
            {
                "version": __version__,
                "api": API_VERSION,
                "node": self._config.node,
                "time": now,
                "time_zone": self._config.time_zone,
                "boot_time": round(now - time.clock_gettime(time.CLOCK_BOOTTIME)),
                "logs": self._logs.state(),
                "jobs": self._jobs.state(),
            }
        )

    async def jobs(self, request: web.Request) -> web.Response:
        """Answer with every vzdump job state file."""
        entries = self._jobs.entries()
        self._job_files.forget_all_but({entry.name for entry in entries})
        return _json_with_etag(request, self._describe_jobs(entries))

    async def logs(self, request: web.Request) -> web.Response:
        """Answer with name, size and modification time of every log."""
        return _json_with_etag(request, {"logs": [_log_item(entry) for entry in self._logs.entries()]})

    async def log(self, request: web.Request) -> web.StreamResponse:
        """Answer with one log."""
        tail = _whole_number(request, "tail")
        try:
            reader = LogReader(self._logs, request.match_info["name"], tail)
        except FileNotFoundError as error:
            raise web.HTTPNotFound from error
        except OSError as error:
            raise FolderError(f"The log cannot be read: {error.strerror}") from error
        try:
            return await _send_log(request, reader)
        finally:
            reader.close()

    async def changes(self, request: web.Request) -> web.Response:
        """Answer as soon as something changed, else when the time is over."""
        cursor = request.query.get("after")
        wait = min(_seconds(request, "wait"), MAX_WAIT)
        changes = await self._wait_for_changes(request, cursor, wait) if wait > 0 else self._journal.since(cursor)
        return _json(self._describe(changes))

    async def _wait_for_changes(self, request: web.Request, cursor: str | None, wait: float) -> Changes:
        end = time.monotonic() + wait
        with self._watch:
            while not (changes := self._journal.since(cursor)):
                rest = end - time.monotonic()
                if rest <= 0 or request.transport is None:
                    return changes
                await self._watch.wait(rest)
        if changes.complete:
            return changes
        await asyncio.sleep(GATHER)
        return self._journal.since(cursor)

    def _describe(self, changes: Changes) -> dict[str, object]:
        logs = [entry for entry in changes.changed if entry.name.endswith(".log")]
        jobs = self._describe_jobs([entry for entry in changes.changed if entry.name.endswith(".json")])
        removed_jobs = [job_id(name) for name in changes.removed if name.endswith(".json")]
        return {
            "cursor": changes.cursor,
            "complete": changes.complete,
            "logs": [_log_item(entry) for entry in logs],
            **jobs,
            "removed_logs": [name for name in changes.removed if name.endswith(".log")],
            # Of a state that cannot be read any more a client must not keep what it said before.
            "removed_jobs": removed_jobs + [str(job["id"]) for job in jobs["unreadable_jobs"]],
        }

    def _describe_jobs(self, entries: list[Entry]) -> dict[str, list[dict[str, object]]]:
        jobs, unreadable = self._job_files.describe(entries)
        return {"jobs": jobs, "unreadable_jobs": unreadable}


class _Gate:
    """Lets in who has the token; who does not waits for the refusal, longer each time."""

    def __init__(self, config: AgentConfig, admit: Callable[[web.Request], bool]) -> None:
        self._token = config.token
        self._backoff = config.backoff
        self._admit = admit

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 401 to everything without the token, whether it exists or not."""
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() == "bearer" and self._token.accepts(token.strip()):
            if self._admit(request):
                return await handler(request)
            response = _error(429, "Too many connections from this address")
        else:
            await asyncio.sleep(self._backoff.delay(Client.of(request.remote).network))
            response = _error(401, "The token is missing or wrong")
            response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
        response.force_close()
        return response


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what was raised into an answer in JSON."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed:
        response = _error(405, "Only GET exists")
        response.headers[hdrs.ALLOW] = hdrs.METH_GET
        return response
    except web.HTTPException as error:
        return _error(error.status, error.text if error.status == 400 and error.text else error.reason)
    except FolderError as error:
        return _error(503, str(error))


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = "proxmox-backup-log-agent"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


async def _send_log(request: web.Request, reader: LogReader) -> web.StreamResponse:
    headers = {
        hdrs.ETAG: f'W/"{reader.entry.signature}-{reader.start:x}"',
        hdrs.CACHE_CONTROL: "private, no-cache",
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
        "Log-Size": str(reader.entry.size),
        "Log-Offset": str(reader.start),
    }
    if _matches(request, headers[hdrs.ETAG]):
        return web.Response(status=304, headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_type = "text/plain"
    length = reader.entry.size - reader.start
    pieces = reader.pieces()
    if length >= SMALLEST_GZIP and _takes_gzip(request):
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
        pieces = compressed(pieces)
    else:
        response.content_length = length
    try:
        async with asyncio.timeout(LOG_DEADLINE):
            await response.prepare(request)
            await _write(response, pieces)
    except (LogChangedError, OSError, TimeoutError):
        # The client has left, or the log cannot be read on. The headers are out: only a broken connection tells a
        # client that this is not the whole log.
        if request.transport is not None:
            request.transport.abort()
    return response


async def _write(response: web.StreamResponse, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()


def _log_item(entry: Entry) -> dict[str, object]:
    return {"name": entry.name, "size": entry.size, "modified": entry.mtime_ns / 1e9}


def _json(value: Mapping[str, object]) -> web.Response:
    return web.Response(body=_dump(value), content_type="application/json")


def _json_with_etag(request: web.Request, value: Mapping[str, object]) -> web.Response:
    body = _dump(value)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {hdrs.ETAG: etag, hdrs.CACHE_CONTROL: "private, no-cache"}
    if _matches(request, etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers, content_type="application/json")


def _error(status: int, message: str) -> web.Response:
    return web.Response(status=status, body=_dump({"error": message}), content_type="application/json")


def _dump(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _matches(request: web.Request, etag: str) -> bool:
    """Return whether If-None-Match names this tag; weak and strong ones count alike (RFC 9110, 13.1.2)."""
    wanted = request.headers.get(hdrs.IF_NONE_MATCH, "")
    return wanted.strip() == "*" or etag.removeprefix("W/") in re.findall(r'"[^"]*"', wanted)


def _takes_gzip(request: web.Request) -> bool:
    """Return whether Accept-Encoding allows gzip, that is without `q=0`."""
    for item in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        name, _, parameter = item.partition(";")
        if name.strip().lower() == "gzip":
            return re.fullmatch(r"q=0(\.0*)?", parameter.strip()) is None
    return False


def _whole_number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,18}", text) is None:
        raise web.HTTPBadRequest(text=f"{name} is not a whole number")
    return int(text)


def _seconds(request: web.Request, name: str) -> float:
    text = request.query.get(name, "0")
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) is None:
        raise web.HTTPBadRequest(text=f"{name} is not a number of seconds")
    return float(text)
