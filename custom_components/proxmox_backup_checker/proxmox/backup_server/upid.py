"""The name of a task on a backup server: a UPID with one field more than that of Proxmox VE.

Rules of proxmox-schema/src/upid.rs.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
import re
import string
from typing import Final, Self, override

_UPID: Final = re.compile(
    r"UPID:(?P<node>[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)"
    r":(?P<pid>[0-9A-Fa-f]{8}):(?P<pstart>[0-9A-Fa-f]{8,9}):(?P<task_id>[0-9A-Fa-f]{8,16})"
    r":(?P<starttime>[0-9A-Fa-f]{8}):(?P<worker_type>[^:\s]+):(?P<worker_id>[^:\s]*):(?P<auth_id>[^:\s]+):"
)
_GREATEST_PID: Final = 2**31 - 1
_PLAIN: Final = frozenset(f"{string.ascii_letters}{string.digits}_.".encode())
_ESCAPED: Final = re.compile(rb"\\x([0-9a-fA-F]{2})|(\\)|(-)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Upid:
    """A task: where and when it was started, what it does, and on whose behalf.

    `starttime` in epoch seconds, `pstart` in clock ticks since boot; `task_id` counts the tasks of the process. `worker_id` says
    what the task is about, as `ds1:vm/100`, and is None where it is empty. `auth_id` is a user or a token, `root@pam`,
    `pve@pbs!cluster`.
    """

    node: str
    pid: int
    pstart: int
    task_id: int
    starttime: int
    worker_type: str
    worker_id: str | None
    auth_id: str
    text: str = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a UPID; ValueError where the text is none."""
        match = _UPID.fullmatch(text)
        if match is None or (pid := int(match["pid"], 16)) > _GREATEST_PID:
            raise ValueError(f"not a UPID of a backup server: {text[:200]!r}")
        return cls(
            node=match["node"],
            pid=pid,
            pstart=int(match["pstart"], 16),
            task_id=int(match["task_id"], 16),
            starttime=int(match["starttime"], 16),
            worker_type=match["worker_type"],
            worker_id=unescape_id(match["worker_id"]) if match["worker_id"] else None,
            auth_id=match["auth_id"],
            text=text,
        )

    @override
    def __str__(self) -> str:
        """Give the text back as it was read."""
        return self.text

    @property
    def started(self) -> datetime:
        """Time of the start, in UTC."""
        return datetime.fromtimestamp(self.starttime, UTC)


def escape_id(text: str) -> str:
    r"""Return a worker id as it stands in a UPID: `ds1:vm/100` as `ds1\x3avm-100`."""
    pieces: list[str] = []
    for position, byte in enumerate(text.encode("utf-8", errors="replace")):
        if byte == ord("/"):
            pieces.append("-")
        elif byte in _PLAIN and not (position == 0 and byte == ord(".")):
            pieces.append(chr(byte))
        else:
            pieces.append(f"\\x{byte:02x}")
    return "".join(pieces)


def unescape_id(text: str) -> str:
    """Return a worker id out of a UPID; ValueError where the server would refuse it."""

    def plain(match: re.Match[bytes]) -> bytes:
        if match[2]:
            raise ValueError(f"error in escape sequence: {text[:200]!r}")
        return b"/" if match[3] else bytes.fromhex(match[1].decode("ascii"))

    return _ESCAPED.sub(plain, text.encode("utf-8", errors="replace")).decode("utf-8")
