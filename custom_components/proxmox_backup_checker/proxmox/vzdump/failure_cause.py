"""What lies behind an error text of Proxmox, as a code that has plain words and a next step in every language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
import re
from typing import Final

from .failure_patterns import EXPLAINED_BY, PATTERNS, UNKNOWN_IS_EXPLAINED_BY

OUT_OF_REACH: Final = frozenset(
    {
        "pbs_connection_lost",
        "pbs_name_unknown",
        "pbs_refused",
        "pbs_too_slow",
        "pbs_unreachable",
        "share_lost",
        "share_mount_failed",
        "storage_not_activated",
        "storage_not_mounted",
        "storage_offline",
        "storage_unreachable",
    }
)
"""The codes of what a run says whose storage, or the server behind it, did not answer."""

# What comes before the text proper in a log, and the place in Proxmox' own code that Perl adds at its end.
_BEFORE: Final = re.compile(
    r"(?:(?:TASK )?ERROR: )?(?:Backup of VM \d+ failed - |Backup job failed - )?"
    r"(?:QMP command query-proxmox-support failed - )?"
)
# The command that starts a backup is sent by other means than all others, and has other words before its error.
_START_FAILED: Final = re.compile(r"executing QMP command to start backup failed - (VM \d+ )?")
_AS_ANY_COMMAND: Final = "VM 0 qmp command 'backup' failed - "
_PERL_PLACE: Final = re.compile(r" at /\S+\.pm line \d+\.?$")
# Longer texts are no message of Proxmox: the longest, the command that packs a container, has a few thousand characters.
_LONGEST: Final = 16384


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why a backup failed: a code of the catalogue, and the values for its blanks as Proxmox writes them."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=256)
def cause_of(error: str) -> Cause | None:
    """Return the cause behind an error text, None where the catalogue has none.

    A text is what a guest's or job's line in a vzdump log says after "failed - ", the status of a task, or the message in
    the state file of a job; all three also with what Proxmox puts before them. Where its first line only says what failed, one
    of its further lines may tell why.
    """
    if not error or len(error) > _LONGEST:
        return None
    cause = _of_text(error)
    _, *further = error.strip().split("\n")
    if further:
        first = _of_text(error.strip().partition("\n")[0])
        if (line := explanation(first, further)) is not None:
            return _of_text(line)
        return cause or first
    return cause


def explanation(cause: Cause | None, lines: Iterable[str]) -> str | None:
    """Return the first line that tells why something failed of which `cause` is known so far; None where none does."""
    explaining = UNKNOWN_IS_EXPLAINED_BY if cause is None else EXPLAINED_BY.get(cause.code)
    if explaining is None:
        return None
    return next((line for line in lines if (found := _of_text(line)) is not None and found.code in explaining), None)


def _of_text(error: str) -> Cause | None:
    """Return the cause that one text tells."""
    text = " ".join(error.split())
    before = _BEFORE.match(text)
    text = _PERL_PLACE.sub("", text[before.end() :] if before else text)
    text = _START_FAILED.sub(lambda start: start[1] or _AS_ANY_COMMAND, text, count=1)
    for known in PATTERNS:
        if match := known.match(text):
            return Cause(code=known.code, values=match.groupdict())
    return None
