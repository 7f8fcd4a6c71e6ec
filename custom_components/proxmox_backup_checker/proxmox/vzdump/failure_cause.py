"""What lies behind an error text of Proxmox, as a code that has plain words and a next step in every language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
import re
from typing import Final

from .failure_patterns import PATTERNS

# What comes before the text proper in a log, and the place in Proxmox' own code that Perl adds at its end.
_BEFORE: Final = re.compile(
    r"(?:(?:TASK )?ERROR: )?(?:Backup of VM \d+ failed - |Backup job failed - )?"
    r"(?:executing QMP command to start backup failed - )?"
)
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
    the state file of a job; all three also with what Proxmox puts before them.
    """
    if not error or len(error) > _LONGEST:
        return None
    text = " ".join(error.split())
    before = _BEFORE.match(text)
    text = _PERL_PLACE.sub("", text[before.end() :] if before else text)
    for pattern, code in PATTERNS:
        if match := pattern.match(text):
            return Cause(code=code, values=match.groupdict())
    return None
