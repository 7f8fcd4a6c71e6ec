"""One way to ask a Proxmox host: token, pinned certificate, time-outs, and errors that say what is wrong."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
import errno
from http import HTTPStatus
import os
import re
import ssl
import time
from typing import Final
from urllib.parse import unquote

import aiohttp
from yarl import URL

from .answer import parse_object, read_body, run_off_loop_if_large
from .errors import (
    ApiError,
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    CertificateError,
    CertificateUntrustedError,
    NoAnswerError,
    NodeUnreachableError,
    PermissionDeniedError,
    ProxmoxError,
    ServiceDownError,
    UnexpectedAnswerError,
)
from .text import one_line, whole_characters
from .tls import normalise_fingerprint, ssl_argument

# pveproxy gives a proxied request 30 s before it answers 596 itself.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=45, sock_connect=10)
# pveproxy and pvedaemon have three single-threaded workers each, and the web interface needs them too.
_REQUESTS_IN_FLIGHT: Final = 3
_PERMISSION: Final = re.compile(r"Permission check failed \(([^,()]+), ([^()]+)\)")
_NODE: Final = re.compile(r"^/nodes/([^/]+)")
# A status of pve-http-server: no connection to whom the request was to be passed on.
_NO_CONNECTION: Final = 595


@dataclass(slots=True)
class Asked:
    """The requests of some stretch of work, each path with the milliseconds that its answer took, and those of the whole."""

    requests: list[tuple[str, int]] = field(default_factory=list)
    milliseconds: int = 0


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


@contextmanager
def noting_requests() -> Generator[Asked]:
    """Note what is asked within, also by tasks that are started there."""
    asked, begun = Asked(), time.perf_counter()
    token = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(token)
        asked.milliseconds = _milliseconds_since(begun)


def _milliseconds_since(begun: float) -> int:
    return round(1000 * (time.perf_counter() - begun))


@contextmanager
def connection_errors(fingerprint: str | None) -> Generator[None]:
    """Turn aiohttp's errors into ours; `fingerprint` is the pinned one."""
    try:
        yield
    except aiohttp.ServerFingerprintMismatch as error:
        raise CertificateChangedError(fingerprint or "", normalise_fingerprint(error.got.hex())) from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise CertificateUntrustedError(str(error.certificate_error)) from error
    except aiohttp.ClientConnectorSSLError as error:
        raise CertificateError(_where_and_why(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise CannotConnectError(_where_and_why(error)) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise CannotConnectError("The host did not answer in time") from error
    except TimeoutError as error:
        raise NoAnswerError("The host did not answer in time") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CannotConnectError(str(error) or type(error).__name__) from error


def _where_and_why(error: aiohttp.ClientConnectorError) -> str:
    """Return address and cause, without aiohttp's own description of the pinned certificate."""
    cause = error.os_error.strerror or str(error.os_error)
    number = error.os_error.errno
    if number is not None and number in errno.errorcode and not isinstance(error.os_error, ssl.SSLError):
        cause = os.strerror(number)
    return f"{error.host}:{error.port}: {cause}"


class Connection:
    """Authenticated requests to one Proxmox host."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        port: int,
        *,
        token_id: str,
        token_secret: str,
        fingerprint: str | None,
        timeout: aiohttp.ClientTimeout = _TIMEOUT,
    ) -> None:
        """Use a session that somebody else owns.

        `token_id` has the form `user@realm!name`; `fingerprint` is the SHA-256 of the pinned certificate, or None where
        the system is to verify it. Raises ValueError where host or fingerprint cannot be one.
        """
        self._session = session
        self._where = f"{host}:{port}"
        self._root = URL.build(scheme="https", host=host, port=port, path="/api2/json")
        self._headers = {"Authorization": f"PVEAPIToken={token_id}={token_secret}"}
        self._fingerprint = fingerprint
        self._ssl = ssl_argument(fingerprint)
        self._timeout = timeout
        self._free = asyncio.Semaphore(_REQUESTS_IN_FLIGHT)

    async def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> object:
        """Return the `data` of a GET; names within `path` are already quoted.

        Raises any ProxmoxError.
        """
        url = URL(f"{self._root}{path}", encoded=True)
        if parameters:
            url = url.update_query(parameters)
        async with self._free:
            begun = time.perf_counter()
            try:
                with connection_errors(self._fingerprint):
                    status, reason, body = await self._fetch(url)
            finally:
                if (asked := _asked.get()) is not None:
                    asked.requests.append((path, _milliseconds_since(begun)))
        if status != HTTPStatus.OK:
            raise error_of(self._where, path, status, reason, body)
        answer = await run_off_loop_if_large(len(body), parse_object, body)
        if answer is None or "data" not in answer:
            raise UnexpectedAnswerError(f"{path}: this is not the answer of a Proxmox API")
        return answer["data"]

    async def _fetch(self, url: URL) -> tuple[int, str, bytes]:
        """Ask once, and once more where the server had just closed the connection that we reused.

        aiohttp itself asks again once, but that may be on another of the connections that were closed at the same time.
        """
        try:
            return await self._fetch_once(url)
        except aiohttp.ClientConnectorError:
            raise
        except aiohttp.ServerDisconnectedError, aiohttp.ClientOSError:
            return await self._fetch_once(url)

    async def _fetch_once(self, url: URL) -> tuple[int, str, bytes]:
        async with self._session.get(
            url, headers=self._headers, ssl=self._ssl, timeout=self._timeout, allow_redirects=False
        ) as response:
            return response.status, response.reason or "", await read_body(response)


def error_of(where: str, path: str, status: int, reason: str, body: bytes) -> ProxmoxError:
    """Say what an answer other than 200 means; `where` is the host that was asked.

    Before pve-http-server 5.2.0 the text of an error stands in the reason phrase only. pveproxy answers 59x where it cannot
    reach another node or its own pvedaemon, and 500 without any body where it cannot even begin to handle a request, as while
    pmxcfs is down; for a path of another node these are that node's own troubles.
    """
    answer = parse_object(body) or {}
    message = one_line(str(answer.get("message") or whole_characters(reason) or "no explanation"))
    if status == HTTPStatus.UNAUTHORIZED:
        return AuthenticationError(message)
    if status == HTTPStatus.FORBIDDEN:
        match = _PERMISSION.search(message)
        if match is None:
            return PermissionDeniedError(message)
        return PermissionDeniedError(message, match[1].strip(), tuple(match[2].strip().split("|")))
    if status >= 590 or (status == HTTPStatus.INTERNAL_SERVER_ERROR and not body.strip()):
        if match := _NODE.match(path):
            return NodeUnreachableError(unquote(match[1]), message)
        if status in {HTTPStatus.INTERNAL_SERVER_ERROR, _NO_CONNECTION}:
            return ServiceDownError(f"{where}: {message}")
    details = answer.get("errors")
    errors = (
        {one_line(key): one_line(str(value)) for key, value in details.items()} if isinstance(details, dict) else {}
    )
    if errors:
        message = f"{message} {'; '.join(f'{key}: {text}' for key, text in errors.items())}"
    return ApiError(status, message, errors)
