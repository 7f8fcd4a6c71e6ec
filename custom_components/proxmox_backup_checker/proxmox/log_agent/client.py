"""Client of the log agent, the small read-only endpoint on a Proxmox host (docs/log-agent.md)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
import json
import math
import re
from typing import Final, Literal, Self
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
from yarl import URL

from ..api.connection import connection_errors
from ..api.errors import ApiError, AuthenticationError, UnexpectedAnswerError
from ..api.fields import Fields
from ..api.tls import normalise_fingerprint, ssl_argument

API_VERSION: Final = 1
DEFAULT_PORT: Final = 8765
MAX_WAIT: Final = 300.0  # seconds
_SILENCE: Final = 20.0  # seconds without a byte; the agent keeps a wrong token waiting for up to 8
_LARGEST_ANSWER: Final = 32 * 1024 * 1024  # bytes of JSON; 20,000 job states of a kilobyte are less
# The agent gives one client six connections; one waits for changes.
_REQUESTS_IN_FLIGHT: Final = 3
_PIECE: Final = 64 * 1024  # bytes
# The connection that was reused had just been closed, or the log was started anew while it was sent.
_WORTH_A_RETRY: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)

type FolderState = Literal["readable", "missing", "unreadable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PairingCode:
    """Where an agent is and how it knows us and we know it; without a fingerprint the system judges its certificate."""

    url: str
    token: str
    fingerprint: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the line that `proxmox-backup-log-agent pair` prints: `https://HOST:PORT/#token=…&fingerprint=…`.

        Raises ValueError where it is no such line.
        """
        url, _, fragment = text.strip().partition("#")
        values = parse_qs(fragment)
        if "token" not in values:
            raise ValueError("The line holds no token")
        return cls.from_parts(url, values["token"][0], values.get("fingerprint", [None])[0])

    @classmethod
    def from_parts(cls, url: str, token: str, fingerprint: str | None = None) -> Self:
        """Check and normalise what was entered one by one.

        Raises ValueError.
        """
        token = token.strip()
        if re.fullmatch(r"[\x21-\x7e]{16,512}", token) is None:
            raise ValueError("The token is incomplete or has characters that no token has")
        pin = normalise_fingerprint(fingerprint) if fingerprint and fingerprint.strip() else None
        return cls(url=_normalise_url(url), token=token, fingerprint=pin)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentStatus:
    """Who the agent is; `time_zone` is an IANA name, the states say whether it can see logs and job states."""

    version: str
    api: int
    node: str
    time: datetime
    time_zone: str
    boot_time: datetime
    logs: FolderState
    jobs: FolderState


@dataclass(frozen=True, kw_only=True, slots=True)
class JobState:
    """What the scheduler of a node last noted about a backup job (PVE::Jobs).

    `state` is created, starting, started or stopped. `error` says why the state file cannot be read, which keeps
    Proxmox from running the job too; then everything that the file would say is None.
    """

    job_id: str
    state: str | None
    upid: str | None
    message: str | None
    time: datetime | None
    updated: datetime | None
    enabled: bool | None
    schedule: str | None
    error: str | None
    modified: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFile:
    """A per-guest vzdump log; `size` in bytes."""

    name: str
    size: int
    modified: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What changed since a cursor; where `complete`, the lists are all there is and nothing else exists any more."""

    cursor: str
    complete: bool
    logs: tuple[LogFile, ...]
    jobs: tuple[JobState, ...]
    removed_logs: tuple[str, ...]
    removed_jobs: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return whether there is news."""
        return self.complete or bool(self.logs or self.jobs or self.removed_logs or self.removed_jobs)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogContent:
    """A log or its end: `content` starts at byte `offset` of the `size` that the log had; `etag` names this state."""

    content: bytes
    offset: int
    size: int
    etag: str | None

    @property
    def text(self) -> str:
        """Return the content as text; what is no UTF-8 becomes U+FFFD."""
        return self.content.decode("utf-8", "replace")


class LogAgentClient:
    """Reads one agent. Raises CannotConnectError, CertificateError, AuthenticationError, ApiError, UnexpectedAnswerError."""

    def __init__(self, session: aiohttp.ClientSession, pairing: PairingCode) -> None:
        """Use a session that somebody else owns."""
        self._session = session
        self._root = pairing.url
        self._headers = {"Authorization": f"Bearer {pairing.token}"}
        self._fingerprint = pairing.fingerprint
        self._ssl = ssl_argument(pairing.fingerprint)
        self._free = asyncio.Semaphore(_REQUESTS_IN_FLIGHT)
        self._listings: dict[str, tuple[str, Fields]] = {}

    async def status(self) -> AgentStatus:
        """Return who the agent is and what it can see."""
        return _status(await self._get("/v1/status", _fields))

    async def jobs(self) -> tuple[JobState, ...]:
        """Return the state of every vzdump job that this node's scheduler knows."""
        return _jobs(await self._listing("/v1/jobs"))

    async def logs(self) -> tuple[LogFile, ...]:
        """Return every per-guest log of this node."""
        return _logs(await self._listing("/v1/logs"))

    async def log(self, name: str, *, tail: int | None = None, etag: str | None = None) -> LogContent | None:
        """Return a log, or its last `tail` bytes; None where its state is still that of `etag`.

        Raises ApiError with status 404 where there is no such log.
        """
        path = _log_path(name) + (f"?tail={tail}" if tail is not None else "")
        return await self._get(path, _log_content, etag=etag)

    async def read_log(self, name: str) -> AsyncIterator[bytes]:
        """Yield a log in pieces, so that one of any size takes little memory.

        Raises ApiError with status 404 where there is no such log, CannotConnectError where the next run emptied it
        meanwhile: what came until then is not a whole log.
        """
        with connection_errors(self._fingerprint):
            async with self._free, self._request(_log_path(name)) as response:
                await _raise_for_status(response)
                async for piece in response.content.iter_chunked(_PIECE):
                    yield piece

    async def changes(self, after: str | None = None, wait: float = 0.0) -> Changes:
        """Return what changed after the cursor, as soon as something did, at the latest after `wait` seconds."""
        wait = min(max(wait, 0.0), MAX_WAIT)
        path = f"/v1/changes?wait={wait:.3f}" + (f"&after={quote(after, safe='')}" if after is not None else "")
        return _changes(await self._ask(path, _fields, patience=wait))

    async def _listing(self, path: str) -> Fields:
        """Return a listing, from the last time where it has not changed."""
        known = self._listings.get(path)
        answer = await self._get(path, _tagged_fields, etag=known[0] if known else None)
        if answer is None:
            if known is None:
                raise UnexpectedAnswerError(f"{path}: not modified since never")
            return known[1]
        self._listings[path] = answer
        return answer[1]

    async def _get[T](
        self, path: str, read: Callable[[aiohttp.ClientResponse], Awaitable[T]], *, etag: str | None = None
    ) -> T:
        async with self._free:
            return await self._ask(path, read, etag=etag)

    async def _ask[T](
        self,
        path: str,
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
        *,
        etag: str | None = None,
        patience: float = 0.0,
    ) -> T:
        """Ask once, and once more where the connection broke."""
        with connection_errors(self._fingerprint):
            try:
                return await self._ask_once(path, read, etag, patience)
            except aiohttp.ClientConnectorError:
                raise
            except _WORTH_A_RETRY:
                return await self._ask_once(path, read, etag, patience)

    async def _ask_once[T](
        self,
        path: str,
        read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
        etag: str | None,
        patience: float,
    ) -> T:
        async with self._request(path, etag, patience) as response:
            await _raise_for_status(response)
            return await read(response)

    def _request(
        self, path: str, etag: str | None = None, patience: float = 0.0
    ) -> aiohttp.client._RequestContextManager:
        headers = self._headers | ({"If-None-Match": etag} if etag else {})
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_SILENCE + patience)
        url = URL(f"{self._root}{path}", encoded=True)
        return self._session.get(url, headers=headers, ssl=self._ssl, timeout=timeout, allow_redirects=False)


def _normalise_url(text: str) -> str:
    """Return `https://host:port`.

    Raises ValueError.
    """
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.scheme != "https":
        raise ValueError("The agent's address begins with https://")
    if not parts.hostname or re.search(r"[\s%@]", parts.netloc) or parts.path not in ("", "/") or parts.query:
        raise ValueError("The agent's address has the form https://HOST:PORT")
    port = DEFAULT_PORT if parts.port is None else parts.port
    if port == 0:
        raise ValueError("The agent's port is a number from 1 to 65535")
    host = URL.build(scheme="https", host=parts.hostname).raw_host or ""
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _log_path(name: str) -> str:
    return f"/v1/logs/{quote(name, safe='')}"


async def _raise_for_status(response: aiohttp.ClientResponse) -> None:
    if response.status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        return
    body = await response.content.read(_PIECE)
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    message = str(answer["error"]) if isinstance(answer, dict) and "error" in answer else response.reason or "no reason"
    if response.status == HTTPStatus.UNAUTHORIZED:
        raise AuthenticationError(message)
    raise ApiError(response.status, message)


async def _fields(response: aiohttp.ClientResponse) -> Fields:
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > _LARGEST_ANSWER:
            raise UnexpectedAnswerError(f"{response.url.path}: the answer is too large")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnexpectedAnswerError(f"{response.url.path}: this is not the answer of a log agent") from error
    return Fields.of(answer, response.url.path)


async def _tagged_fields(response: aiohttp.ClientResponse) -> tuple[str, Fields] | None:
    if response.status == HTTPStatus.NOT_MODIFIED:
        return None
    return response.headers.get("ETag", ""), await _fields(response)


async def _log_content(response: aiohttp.ClientResponse) -> LogContent | None:
    if response.status == HTTPStatus.NOT_MODIFIED:
        return None
    content = await response.read()
    numbers = Fields(dict(response.headers), response.url.path)
    return LogContent(
        content=content,
        offset=numbers.integer("Log-Offset"),
        size=numbers.integer("Log-Size"),
        etag=response.headers.get("ETag"),
    )


def _status(fields: Fields) -> AgentStatus:
    return AgentStatus(
        version=fields.text("version"),
        api=fields.integer("api"),
        node=fields.text("node"),
        time=_moment(fields, "time"),
        time_zone=fields.text("time_zone"),
        boot_time=_moment(fields, "boot_time"),
        logs=_folder_state(fields, "logs"),
        jobs=_folder_state(fields, "jobs"),
    )


def _jobs(fields: Fields) -> tuple[JobState, ...]:
    return tuple(_job(row) for row in Fields.rows(fields.values.get("jobs"), f"{fields.source} jobs"))


def _job(row: Fields) -> JobState:
    message = row.optional_text("message")
    return JobState(
        job_id=row.text("id"),
        state=row.optional_text("state"),
        upid=row.optional_text("upid"),
        message=message.strip() if message is not None else None,
        time=_optional_moment(row, "time"),
        updated=_optional_moment(row, "updated"),
        enabled=row.flag("enabled") if row.values.get("enabled") is not None else None,
        schedule=row.optional_text("schedule"),
        error=row.optional_text("error"),
        modified=_moment(row, "modified"),
    )


def _logs(fields: Fields) -> tuple[LogFile, ...]:
    return tuple(
        LogFile(name=row.text("name"), size=row.integer("size"), modified=_moment(row, "modified"))
        for row in Fields.rows(fields.values.get("logs"), f"{fields.source} logs")
    )


def _changes(fields: Fields) -> Changes:
    return Changes(
        cursor=fields.text("cursor"),
        complete=fields.flag("complete"),
        logs=_logs(fields),
        jobs=_jobs(fields),
        removed_logs=_texts(fields, "removed_logs"),
        removed_jobs=_texts(fields, "removed_jobs"),
    )


def _texts(fields: Fields, key: str) -> tuple[str, ...]:
    values = fields.values.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UnexpectedAnswerError(f"{fields.source}: field {key!r} is {values!r}, expected a list of texts")
    return tuple(values)


def _moment(fields: Fields, key: str) -> datetime:
    moment = _optional_moment(fields, key)
    if moment is None:
        raise UnexpectedAnswerError(f"{fields.source}: field {key!r} is missing")
    return moment


def _optional_moment(fields: Fields, key: str) -> datetime | None:
    """Return seconds since the epoch as a moment in UTC."""
    value = fields.values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnexpectedAnswerError(f"{fields.source}: field {key!r} is {value!r}, expected seconds since the epoch")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise UnexpectedAnswerError(f"{fields.source}: field {key!r} is {value!r}, out of range") from error


def _folder_state(fields: Fields, key: str) -> FolderState:
    match fields.text(key):
        case "readable" | "missing" | "unreadable" as state:
            return state
        case other:
            raise UnexpectedAnswerError(f"{fields.source}: field {key!r} is {other!r}")
