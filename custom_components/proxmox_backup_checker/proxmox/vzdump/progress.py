"""How far a backup is that is going on: the last line of progress of its log."""

from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import Final

from .line_patterns import SIZE, STAMP, parse_size

# PVE/VZDump/QemuServer.pm (query_backup_status_loop): "INFO:   6% (3.2 GiB of 48.0 GiB) in 12s, read: ..."; before 6.2
# "INFO: status: 6% (3435973836/51539607552), sparse ...".
_QEMU: Final = re.compile(rf"(?:{STAMP} )?INFO: +(\d{{1,3}})% \(({SIZE}) of ({SIZE})\)")
_BEFORE: Final = re.compile(rf"(?:{STAMP} )?INFO: status: (\d{{1,3}})% \((\d{{1,18}})/(\d{{1,18}})\)")
# The client of a backup server, of a container: how much, and not of how much.
_CLIENT: Final = re.compile(rf"(?:{STAMP} )?INFO: processed ({SIZE}) in ")

_BEGINNING: Final = "Starting Backup of VM "


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How many bytes of a guest were read so far; `percent` and `total` are None where the log does not tell of how many."""

    done: int
    percent: int | None = None
    total: int | None = None


def progress_of(lines: Sequence[str]) -> Progress | None:
    """Return what the last of these lines that tells of progress says, None where the guest has only begun."""
    for line in reversed(lines):
        if _BEGINNING in line:
            return None
        if match := _QEMU.match(line):
            return Progress(percent=min(100, int(match[1])), done=parse_size(match[2]), total=parse_size(match[3]))
        if match := _BEFORE.match(line):
            return Progress(percent=min(100, int(match[1])), done=int(match[2]), total=int(match[3]))
        if match := _CLIENT.match(line):
            return Progress(done=parse_size(match[1]))
    return None
