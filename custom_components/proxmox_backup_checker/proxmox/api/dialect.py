"""How a product of Proxmox wants to be addressed, and what its refusals mean."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
import re
from typing import Final
from urllib.parse import unquote

from .answer import parse_object
from .errors import (
    ApiError,
    AuthenticationError,
    NodeUnreachableError,
    PermissionDeniedError,
    ProxmoxError,
    ServiceDownError,
)
from .text import one_line, whole_characters

_PERMISSION: Final = re.compile(r"Permission check failed \(([^,()]+), ([^()]+)\)")
_NODE: Final = re.compile(r"^/nodes/([^/]+)")
# A status of pve-http-server: no connection to whom the request was to be passed on.
_NO_CONNECTION: Final = 595


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An answer other than 200; `where` is the host that was asked."""

    where: str
    path: str
    status: int
    reason: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """The words of a product: the header that carries a token, of id and secret, and the error that a refusal is."""

    authorization: Callable[[str, str], str]
    meaning: Callable[[Refusal], ProxmoxError]


def _meaning_of_virtual_environment(refusal: Refusal) -> ProxmoxError:
    """Say what a refusal of Proxmox VE means.

    Before pve-http-server 5.2.0 the text of an error stands in the reason phrase only. pveproxy answers 59x where it cannot
    reach another node or its own pvedaemon, and 500 without any body where it cannot even begin to handle a request, as while
    pmxcfs is down; for a path of another node these are that node's own troubles.
    """
    status = refusal.status
    answer = parse_object(refusal.body) or {}
    message = one_line(str(answer.get("message") or whole_characters(refusal.reason) or "no explanation"))
    if status == HTTPStatus.UNAUTHORIZED:
        return AuthenticationError(message)
    if status == HTTPStatus.FORBIDDEN:
        match = _PERMISSION.search(message)
        if match is None:
            return PermissionDeniedError(message)
        return PermissionDeniedError(message, match[1].strip(), tuple(match[2].strip().split("|")))
    if status >= 590 or (status == HTTPStatus.INTERNAL_SERVER_ERROR and not refusal.body.strip()):
        if match := _NODE.match(refusal.path):
            return NodeUnreachableError(unquote(match[1]), message)
        if status in {HTTPStatus.INTERNAL_SERVER_ERROR, _NO_CONNECTION}:
            return ServiceDownError(f"{refusal.where}: {message}")
    details = answer.get("errors")
    errors = (
        {one_line(key): one_line(str(value)) for key, value in details.items()} if isinstance(details, dict) else {}
    )
    if errors:
        message = f"{message} {'; '.join(f'{key}: {text}' for key, text in errors.items())}"
    return ApiError(status, message, errors)


VIRTUAL_ENVIRONMENT: Final = Dialect(
    authorization=lambda token_id, secret: f"PVEAPIToken={token_id}={secret}",
    meaning=_meaning_of_virtual_environment,
)
