"""What a vzdump log says, as frozen records."""

from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from typing import Literal

from .progress import Progress

type GuestResult = Literal["ok", "failed", "interrupted", "running"]
type LogResult = Literal["ok", "warnings", "failed", "aborted"]
type FreezeState = Literal["done", "skipped", "failed"]
type PruneState = Literal["done", "failed"]

# What Proxmox gives as the reason when a run is stopped (PVE/API2/VZDump.pm; PVE/RESTEnvironment.pm, fork_worker). A signal that
# comes while vzdump waits for QEMU is the failure of the command that it had sent.
SIGNAL_ERRORS = ("interrupted by signal", "received interrupt")
_SIGNAL = re.compile(
    r"(?:VM \d{1,12} q(?:mp|ga) command '[^']{1,100}' failed - )?(?:interrupted by signal|received interrupt)"
)


def is_signal(error: str | None) -> bool:
    """Tell whether an error says that the run was stopped from outside."""
    return error is not None and _SIGNAL.match(error) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExcludedDisk:
    """A disk or mount point that the archive does not hold; `kind` is disk, or bind, device or volume for a mount point."""

    name: str
    kind: str
    source: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DirtyBitmap:
    """What a drive's dirty bitmap was worth, in Proxmox's words: `created new`, `OK (drive clean)` and so on."""

    drive: str
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestRun:
    """One guest's part of a run. What the log does not say is None; times are naive and in the node's zone.

    Sizes in bytes, rates in bytes per second. `size` is the archive's: of the file, or for a Proxmox Backup Server the total
    of the disks or of the container's files, as Proxmox counts it. `archive` is the name that was to be written;
    `archive_complete` tells that the log shows it written, which holds for some failed guests too (a failed prune); see
    `archive_removed`.
    `interrupted` means that the run ended without a word on this guest. `explanation` is an earlier line that tells why it
    failed, where the failure's own text does not: what the packer or the client of a backup server said.
    """

    vmid: int
    guest_type: str | None = None
    result: GuestResult = "running"
    error: str | None = None
    explanation: str | None = None
    name: str | None = None
    mode: str | None = None
    was_running: bool | None = None
    started: datetime | None = None
    finished: datetime | None = None
    duration: timedelta | None = None
    downtime: timedelta | None = None

    archive: str | None = None
    archive_kind: str | None = None
    archive_complete: bool = False
    size: int | None = None
    transferred: int | None = None
    reused: int | None = None
    speed: int | None = None
    bandwidth_limit: int | None = None
    encrypted: bool | None = None
    protected: bool = False

    included_disks: tuple[str, ...] = ()
    disks_size: int | None = None
    exclusions: tuple[ExcludedDisk, ...] = ()
    no_disks: bool = False
    bitmaps: tuple[DirtyBitmap, ...] = ()
    fast_incremental: bool = False

    suspended_because: str | None = None
    freeze: FreezeState | None = None
    freeze_detail: str | None = None

    retention: str | None = None
    prune: PruneState | None = None
    prune_error: str | None = None
    pruned: int | None = None
    removed_archives: tuple[str, ...] = ()

    notes_error: str | None = None
    log_upload_error: str | None = None
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def failure(self) -> str | None:
        """All that the log says about why there is no backup: the failure's text, and below it the line that explains it."""
        if self.error is None and (removed := self._removed_archive) is not None:
            return f"removing backup '{removed}'"
        return f"{self.error}\n{self.explanation}" if self.error and self.explanation else self.error

    @property
    def archive_removed(self) -> bool:
        """Whether the run's own prune removed the archive that it had just made, as after the node's clock was set back.

        The run calls such a guest finished all the same.
        """
        return self._removed_archive is not None

    @property
    def _removed_archive(self) -> str | None:
        """Return the run's own archive where it is among those that were removed, and its removal did not fail."""
        own = (self.archive or "").rpartition("/")[2]
        return next(
            (
                name
                for name in self.removed_archives
                if own
                and name.rpartition("/")[2] == own
                and not any(error.startswith(f"error when removing backup '{name}'") for error in self.errors)
            ),
            None,
        )

    @property
    def excluded_disks(self) -> tuple[str, ...]:
        """Names of the disks and mount points that the archive does not hold."""
        return tuple(disk.name for disk in self.exclusions)


@dataclass(frozen=True, kw_only=True, slots=True)
class VzdumpLog:
    """A run of vzdump on one node, from its task log, or one guest's last run, from the guest's own log.

    `result` and `error` are the run's; a guest's own log says nothing of the run. `aborted` means stopped by a signal, or ended
    without a last word. `unreached_vmids` are guests of the command of which the log says nothing: still to come while the
    run lasts, never reached once it has ended. Only a command that lists VMIDs can tell them. `nothing_to_do` means that a good run
    surely backed up nobody: between its first words and its last there is nothing at all, in known words or in new ones.
    `progress` is that of the guest whose backup goes on.
    """

    command: str | None = None
    skipped_vmids: tuple[int, ...] = ()
    guests: tuple[GuestRun, ...] = ()
    result: LogResult | None = None
    error: str | None = None
    ended: bool = False
    warning_count: int = 0
    warnings: tuple[str, ...] = ()
    unreached_vmids: tuple[int, ...] = ()
    nothing_to_do: bool = False
    unusable_storage: str | None = None
    waited_for_lock: bool = False
    waiting_for_lock: bool = False
    lock_error: str | None = None
    notified_targets: tuple[str, ...] = ()
    notification_errors: tuple[str, ...] = ()
    progress: Progress | None = None

    @property
    def lock_timeout(self) -> bool:
        """Whether another run held the node's lock until the wait was over; no guest was tried then."""
        return self.lock_error is not None and not self.lock_error.endswith(SIGNAL_ERRORS)

    def lock_wait(self, task_started: datetime) -> timedelta | None:
        """Time that the run waited for the node's lock, from the task's start (naive, node's zone) to the first guest's."""
        first = next((guest.started for guest in self.guests if guest.started is not None), None)
        if not self.waited_for_lock or first is None:
            return None
        return max(first - task_started, timedelta())
