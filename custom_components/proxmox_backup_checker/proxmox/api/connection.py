"""One way to ask a Proxmox host: token, pinned certificate, time-outs, and errors that say what is wrong."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
import errno
from http import HTTPStatus
import os
import ssl
import time
from typing import Final

import aiohttp
from yarl import URL

from .answer import parse_object, read_body, run_off_loop_if_large
from .dialect import VIRTUAL_ENVIRONMENT, Dialect, Refusal
from .errors import (
    CannotConnectError,
    CertificateChangedError,
    CertificateError,
    CertificateUntrustedError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from .tls import normalise_fingerprint, ssl_argument

# pveproxy gives a proxied request 30 s before it answers 596 itself.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=45, sock_connect=10)
# pveproxy and pvedaemon have three single-threaded workers each, and the web interface needs them too.
_REQUESTS_IN_FLIGHT: Final = 3


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
        dialect: Dialect = VIRTUAL_ENVIRONMENT,
    ) -> None:
        """Use a session that somebody else owns.

        `token_id` has the form `user@realm!name`; `fingerprint` is the SHA-256 of the pinned certificate, or None where
        the system is to verify it. Raises ValueError where host or fingerprint cannot be one.
        """
        self._dialect = dialect
        self._session = session
        self._where = f"{host}:{port}"
        self._root = URL.build(scheme="https", host=host, port=port, path="/api2/json")
        self._headers = {"Authorization": dialect.authorization(token_id, token_secret)}
        self._fingerprint = fingerprint
        self._ssl = ssl_argument(fingerprint)
        self._timeout = timeout
        self._free = asyncio.Semaphore(_REQUESTS_IN_FLIGHT)

    async def get(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> object:
        """Return the `data` of a GET; names within `path` are already quoted.

        `timeout` is for an answer that takes its time.

        Raises any ProxmoxError.
        """
        url = URL(f"{self._root}{path}", encoded=True)
        if parameters:
            url = url.update_query(parameters)
        async with self._free:
            begun = time.perf_counter()
            try:
                with connection_errors(self._fingerprint):
                    status, reason, body = await self._fetch(url, timeout or self._timeout)
            finally:
                if (asked := _asked.get()) is not None:
                    asked.requests.append((path, _milliseconds_since(begun)))
        if status != HTTPStatus.OK:
            raise self._dialect.meaning(Refusal(where=self._where, path=path, status=status, reason=reason, body=body))
        answer = await run_off_loop_if_large(len(body), parse_object, body)
        if answer is None or "data" not in answer:
            raise UnexpectedAnswerError(f"{path}: this is not the answer of a Proxmox API")
        return answer["data"]

    async def _fetch(self, url: URL, timeout: aiohttp.ClientTimeout) -> tuple[int, str, bytes]:
        """Ask once, and once more where the server had just closed the connection that we reused.

        aiohttp itself asks again once, but that may be on another of the connections that were closed at the same time.
        """
        try:
            return await self._fetch_once(url, timeout)
        except aiohttp.ClientConnectorError:
            raise
        except aiohttp.ServerDisconnectedError, aiohttp.ClientOSError:
            return await self._fetch_once(url, timeout)

    async def _fetch_once(self, url: URL, timeout: aiohttp.ClientTimeout) -> tuple[int, str, bytes]:
        async with self._session.get(
            url, headers=self._headers, ssl=self._ssl, timeout=timeout, allow_redirects=False
        ) as response:
            return response.status, response.reason or "", await read_body(response)
