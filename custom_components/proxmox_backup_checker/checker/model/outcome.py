"""What one run did for one guest."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import re
from typing import Final

from .verdict import Confidence

LOST: Final = "unexpected status"
"""The status of a task that ended without a word, as in a power cut (PVE/Tools.pm, upid_read_status)."""
# A status that is none of Proxmox' own and no sentence either: perhaps a later Proxmox' word for a good end.
_ONE_WORD: Final = re.compile(r"[A-Za-z]*(?:: ?\d+)?")
# So a backup server's archives are called in logs, as vm/101/2026-01-13T01:00:00Z.
_SNAPSHOT: Final = ("vm/", "ct/", "host/")


class Result(StrEnum):
    """How a run ended for a guest; `unclear` where Proxmox' word for it says neither good nor bad."""

    OK = "ok"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    NOT_REACHED = "not_reached"
    UNCLEAR = "unclear"
    RUNNING = "running"

    @property
    def is_bad(self) -> bool:
        """Whether the run surely left no backup."""
        return self not in {Result.OK, Result.UNCLEAR, Result.RUNNING}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One guest in one run; `finished` is the best known end.

    `job_id` is None for a run `by_hand`, and for one of the scheduler whose job cannot be told. `size` and `transferred` in
    bytes, `seconds` the guest's own share of the run, `archive` the name or path that the log shows; None where not known.
    `pruned` is how many older archives of the guest the run removed, as far as its log tells.
    `warnings` are the codes of what went wrong beside a good backup, such as `prune_failed`; `excluded` the disks and
    mount points that could have been saved and were not. `changed` is what was new on a backup server, None for its first backup, and
    `disks` all disks that the log names together. `stopped` tells that the guest did not run.
    """

    vmid: int
    upid: str
    node: str
    result: Result
    started: datetime
    finished: datetime | None
    error: str | None
    job_id: str | None
    confidence: Confidence
    by_hand: bool = False
    guest_type: str | None = None
    storage: str | None = None
    archive: str | None = None
    size: int | None = None
    transferred: int | None = None
    seconds: int | None = None
    warnings: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    pruned: int = 0
    changed: int | None = None
    disks: int | None = None
    stopped: bool = False


def written_name(archive: str) -> str:
    """Return the name of the archive that a log shows: without its folder, wherever a storage keeps its backups."""
    return archive if archive.startswith(_SNAPSHOT) else archive.rpartition("/")[2]


def succeeded(status: str | None) -> bool:
    """Tell whether a task's status is none of an error (PVE/Tools.pm, upid_status_is_error)."""
    return status is not None and (status.upper() == "OK" or status.upper().startswith("WARNINGS:"))


def unclear(status: str | None) -> bool:
    """Tell whether a task's status is neither one that Proxmox has for a good end nor the text of an error."""
    return status is not None and not succeeded(status) and _ONE_WORD.fullmatch(status) is not None
