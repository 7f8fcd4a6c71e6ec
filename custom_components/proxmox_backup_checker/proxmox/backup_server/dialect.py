"""How a backup server wants to be addressed, and what its refusals mean.

Rules of proxmox-rest-server (rest.rs, formatter.rs): the text of an error is plain, whatever the content type says, and everything but a
missing right or login is 400.
"""

from http import HTTPStatus
import re
from typing import Final
from urllib.parse import quote

from ..api.dialect import Dialect, Refusal
from ..api.errors import ApiError, AuthenticationError, PermissionDeniedError, ProxmoxError, ServiceDownError
from ..api.text import one_line, whole_characters
from .errors import DatastoreUnavailableError, UnknownParameterError

_LONGEST_MESSAGE: Final = 1_000
_MISSING: Final = re.compile(r"missing ([A-Za-z.|]{1,200}) on (/[^ ]{0,400})")
_UNKNOWN_PARAMETER: Final = re.compile(r"parameter '([^']{1,100})': schema does not allow additional properties")
# Before 3.3 it is "is in", and later "is unavailable: ".
_UNAVAILABLE: Final = re.compile(
    r"datastore '([^']{1,100})' is (?:unavailable: |in (?=[^ ]{1,20} maintenance)|(?=not mounted))(.*)"
)
# Those of a reverse proxy that does not reach the server behind it.
_BEHIND_A_PROXY: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


def message_of(body: bytes) -> str:
    """Return the text of an error on one line."""
    text = whole_characters(body[: 8 * _LONGEST_MESSAGE].decode("utf-8", errors="replace"))
    return one_line(text)[:_LONGEST_MESSAGE]


def _meaning(refusal: Refusal) -> ProxmoxError:
    message = message_of(refusal.body) or one_line(whole_characters(refusal.reason)) or "no explanation"
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        return AuthenticationError(message)
    if refusal.status == HTTPStatus.FORBIDDEN:
        if match := _MISSING.search(message):
            return PermissionDeniedError(message, match[2], tuple(match[1].split("|")))
        return PermissionDeniedError(message)
    if refusal.status in _BEHIND_A_PROXY:
        return ServiceDownError(f"{refusal.where}: {message}")
    if refusal.status == HTTPStatus.BAD_REQUEST:
        if match := _UNKNOWN_PARAMETER.search(message):
            return UnknownParameterError(message, match[1])
        if match := _UNAVAILABLE.fullmatch(message):
            return DatastoreUnavailableError(message, match[1], match[2])
    return ApiError(refusal.status, message)


BACKUP_SERVER: Final = Dialect(
    # The server decodes what is percent-encoded in the secret.
    authorization=lambda token_id, secret: f"PBSAPIToken={token_id}:{quote(secret, safe='')}",
    meaning=_meaning,
)
