"""Client of the log agent, the small read-only endpoint on a Proxmox host (docs/log-agent.md)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from ..api.answer import parse_object, read_body, run_off_loop_if_large
from ..api.connection import connection_errors
from ..api.errors import ApiError, AuthenticationError, TooManyConnectionsError, UnexpectedAnswerError
from ..api.fields import Fields
from ..api.text import one_line, whole_characters
from ..api.tls import ssl_argument
from .models import (
    AgentStatus,
    Changes,
    JobStateFile,
    LogContent,
    LogFile,
    PairingCode,
    changes_of,
    jobs_of,
    logs_of,
    status_of,
    unreadable_jobs_of,
)

API_VERSION: Final = 1
_JOBS: Final = "/v1/jobs"
MAX_WAIT: Final = 300.0  # seconds
_SILENCE: Final = 20.0  # seconds without a byte; the agent keeps a wrong token waiting for up to 8
_LONGEST: Final = 60.0  # seconds for a whole answer, a log of 32 MiB included
# The agent gives one client six connections; one waits for changes.
_REQUESTS_IN_FLIGHT: Final = 3
_ERROR_BODY: Final = 64 * 1024  # bytes
# The connection that was reused had just been closed, or the log was started anew while it was sent.
_WORTH_A_RETRY: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)


class LogAgentClient:
    """Reads one agent. Raises CannotConnectError, CertificateError, AuthenticationError, ApiError, UnexpectedAnswerError."""

    def __init__(self, session: aiohttp.ClientSession, pairing: PairingCode, *, longest: float = _LONGEST) -> None:
        """Use a session that somebody else owns; no answer may take longer than `longest` seconds, apart from waiting."""
        self._session = session
        self._root = pairing.url
        self._longest = longest
        self._headers = {"Authorization": f"Bearer {pairing.token}", "Accept-Encoding": "identity"}
        self._fingerprint = pairing.fingerprint
        self._ssl = ssl_argument(pairing.fingerprint)
        self._free = asyncio.Semaphore(_REQUESTS_IN_FLIGHT)
        self._listings: dict[str, tuple[str, Fields]] = {}

    async def status(self) -> AgentStatus:
        """Return who the agent is and what it can see."""
        return status_of(await self._get("/v1/status", _fields))

    async def jobs(self) -> tuple[JobStateFile, ...]:
        """Return the state of every vzdump job that this node's scheduler knows."""
        return jobs_of(await self._listing(_JOBS))

    @property
    def unreadable_jobs(self) -> Mapping[str, str]:
        """The jobs whose states the agent could not read when it last answered for all of them, and why."""
        known = self._listings.get(_JOBS)
        return unreadable_jobs_of(known[1]) if known is not None else {}

    async def logs(self) -> tuple[LogFile, ...]:
        """Return every per-guest log of this node."""
        return logs_of(await self._listing("/v1/logs"))

    async def log(self, name: str, *, tail: int | None = None, etag: str | None = None) -> LogContent | None:
        """Return a log, or its last `tail` bytes; None where its state is still that of `etag`.

        Raises ApiError with status 404 where there is no such log, UnexpectedAnswerError where it has more than 32 MiB.
        """
        path = _log_path(name) + (f"?tail={tail}" if tail is not None else "")
        return await self._get(path, _log_content, etag=etag)

    async def changes(self, after: str | None = None, wait: float = 0.0) -> Changes:
        """Return what changed after the cursor, as soon as something did, at the latest after `wait` seconds."""
        wait = min(max(wait, 0.0), MAX_WAIT)
        path = f"/v1/changes?wait={wait:.3f}" + (f"&after={quote(after, safe='')}" if after is not None else "")
        return changes_of(await self._ask(path, _fields, patience=wait))

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
        timeout = aiohttp.ClientTimeout(total=self._longest + patience, sock_connect=10, sock_read=_SILENCE + patience)
        url = URL(f"{self._root}{path}", encoded=True)
        return self._session.get(url, headers=headers, ssl=self._ssl, timeout=timeout, allow_redirects=False)


def _log_path(name: str) -> str:
    return f"/v1/logs/{quote(name, safe='')}"


async def _raise_for_status(response: aiohttp.ClientResponse) -> None:
    if response.status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        return
    answer = parse_object(await response.content.read(_ERROR_BODY)) or {}
    message = one_line(str(answer.get("error") or whole_characters(response.reason or "no reason")))
    if response.status == HTTPStatus.UNAUTHORIZED:
        raise AuthenticationError(message)
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise TooManyConnectionsError(response.status, message)
    raise ApiError(response.status, message)


async def _fields(response: aiohttp.ClientResponse) -> Fields:
    body = await read_body(response)
    answer = await run_off_loop_if_large(len(body), parse_object, body)
    if answer is None:
        raise UnexpectedAnswerError(f"{response.url.path}: this is not the answer of a log agent")
    return Fields(answer, response.url.path)


async def _tagged_fields(response: aiohttp.ClientResponse) -> tuple[str, Fields] | None:
    if response.status == HTTPStatus.NOT_MODIFIED:
        return None
    return _etag(response) or "", await _fields(response)


async def _log_content(response: aiohttp.ClientResponse) -> LogContent | None:
    if response.status == HTTPStatus.NOT_MODIFIED:
        return None
    content = await read_body(response)
    numbers = Fields(dict(response.headers), response.url.path)
    return LogContent(
        content=content,
        offset=numbers.integer("Log-Offset"),
        size=numbers.integer("Log-Size"),
        etag=_etag(response),
    )


def _etag(response: aiohttp.ClientResponse) -> str | None:
    """Return the tag of an answer where it is one that can be sent back."""
    etag = response.headers.get("ETag", "")
    return etag if etag.isascii() and etag.isprintable() else None
