"""Values of a kind that a backup server has, read out of a row of an answer."""

import re
from typing import Final

from ..api.errors import UnexpectedAnswerError
from ..api.fields import Fields
from ..api.tls import normalise_fingerprint
from ..retention import KeepOptions
from .upid import Upid

_PROPERTY: Final = re.compile(r'\s*(?:([a-z-]{1,40})=)?(?:"((?:[^"\\]|\\.)*)"|([^,]*))(?:,|$)')
_LONGEST_PROPERTIES: Final = 4_096


def property_string(text: str, default_key: str) -> dict[str, str]:
    """Read `type=offline,message="disk swap"`; the part without a name is that of the default key."""
    found: dict[str, str] = {}
    position, text = 0, text[:_LONGEST_PROPERTIES]
    while position < len(text) and (match := _PROPERTY.match(text, position)):
        quoted = match[2]
        value = match[3].strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        found.setdefault(match[1] or default_key, value)
        position = match.end()
    return found


def fingerprint_in(fields: Fields, key: str) -> str | None:
    """Return a SHA-256 fingerprint in the form in which certificates are compared, None where there is none."""
    text = fields.optional_text(key)
    if not text:
        return None
    try:
        return normalise_fingerprint(text)
    except ValueError:
        return None


def keep_of(row: Fields) -> KeepOptions:
    """Return the retention that stands in a row as keep-last, keep-daily and so on."""
    try:
        return KeepOptions.from_api({key: value for key, value in row.values.items() if value is not None})
    except ValueError as error:
        raise UnexpectedAnswerError(f"{row.source}: {error}") from None


def upid_in(row: Fields, key: str) -> Upid | None:
    """Return the task that a field names, None where it is absent."""
    text = row.optional_text(key)
    if not text:
        return None
    try:
        return Upid.parse(text)
    except ValueError:
        raise row.wrong(key, "a UPID") from None
