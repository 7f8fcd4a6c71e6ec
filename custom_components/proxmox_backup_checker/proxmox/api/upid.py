"""The name of a task on a node, as Proxmox writes it: a UPID."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
import re
from typing import Self, override

# PVE/UPID.pm, decode. Up to 7.4 the last three parts could contain a slash; pstart needs nine digits after 497 days of uptime.
_UPID = re.compile(
    r"UPID:(?P<node>[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)"
    r":(?P<pid>[0-9A-Fa-f]{8}):(?P<pstart>[0-9A-Fa-f]{8,9}):(?P<starttime>[0-9A-Fa-f]{8})"
    r":(?P<task_type>[^:\s]+):(?P<task_id>[^:\s]*):(?P<auth_id>[^:\s]+):"
)
_VMID = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Upid:
    """A task: where and when it was started, what it does, and on whose behalf.

    `starttime` in epoch seconds, `pstart` in clock ticks since boot. `task_id` of a vzdump task is the VMID where exactly one
    local guest is in the run, else empty. `user` as `root@pam`; `token` is the name of the API token that was used, if any.
    """

    node: str
    pid: int
    pstart: int
    starttime: int
    task_type: str
    task_id: str
    user: str
    token: str | None = None
    text: str = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a UPID; ValueError where the text is none."""
        match = _UPID.fullmatch(text)
        if match is None:
            raise ValueError(f"not a UPID: {text[:200]!r}")
        user, _, token = match["auth_id"].partition("!")
        return cls(
            node=match["node"],
            pid=int(match["pid"], 16),
            pstart=int(match["pstart"], 16),
            starttime=int(match["starttime"], 16),
            task_type=match["task_type"],
            task_id=match["task_id"],
            user=user,
            token=token or None,
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

    @property
    def vmid(self) -> int | None:
        """The guest that the task is about, where its id names just one."""
        return int(self.task_id) if _VMID.fullmatch(self.task_id) else None
