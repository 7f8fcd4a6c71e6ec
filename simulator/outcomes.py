"""How the backup of a guest, or a whole run, can end."""

from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """How far a backup gets before it fails."""

    BEFORE_LOG = "before log"
    """Before the per-guest log is opened: the log of the run before stays."""
    PREPARING = "preparing"
    """After the status line, before anything is written."""
    SNAPSHOT = "snapshot"
    """When the snapshot of a container is made."""
    STARTING = "starting"
    """When QEMU is told to begin."""
    TRANSFERRING = "transferring"
    """In the middle of the data."""
    PRUNING = "pruning"
    """After the archive is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How the backup of one guest ends; by default well."""

    error: str | None = None
    stage: Stage = Stage.TRANSFERRING
    output: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    percent: int = 42
    hangs: bool = False
    signal: bool = False
    power_loss: bool = False
    left_out: bool = False
    full: bool = False
    """The storage has no space left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutcome:
    """How a run as a whole fails before any guest's turn."""

    storage_error: str | None = None
    lock_timeout: bool = False
    start_error: str | None = None


def ok() -> Outcome:
    """Return a backup that goes well."""
    return Outcome()


def failed(reason: str, *, stage: Stage = Stage.TRANSFERRING, percent: int = 42) -> Outcome:
    """Return a backup that fails with `reason`."""
    return Outcome(error=reason, stage=stage, percent=percent)


def warning(*texts: str) -> Outcome:
    """Return a backup that goes well, with warnings."""
    return Outcome(warnings=texts)


def prune_denied() -> Outcome:
    """Return a backup whose archive is there but whose prune was refused by the backup server."""
    return Outcome(
        error="error pruning backups - check log",
        stage=Stage.PRUNING,
        output=(
            "ERROR: prune '{group}': proxmox-backup-client failed: Error: permission check failed"
            " - missing Datastore.Modify|Datastore.Prune on /datastore/ds1",
        ),
    )


def no_space(percent: int = 78) -> Outcome:
    """Return a backup that finds the storage full."""
    return Outcome(error="No space left on device", full=True, percent=percent)


def running(percent: int = 42) -> Outcome:
    """Return a backup that stays at `percent` until the run is interrupted or ended otherwise."""
    return Outcome(percent=percent, hangs=True)


def interrupted(percent: int = 42) -> Outcome:
    """Return a backup in which somebody stops the task."""
    return Outcome(percent=percent, signal=True)


def power_loss(percent: int = 42) -> Outcome:
    """Return a backup in which the node loses power: it goes off and stays off."""
    return Outcome(percent=percent, power_loss=True)


def left_out() -> Outcome:
    """Return a guest that the run passes over without a word."""
    return Outcome(left_out=True)


def storage_unreachable(message: str) -> RunOutcome:
    """Return a run that cannot activate its storage."""
    return RunOutcome(storage_error=message)


def lock_timeout() -> RunOutcome:
    """Return a run that waits for the node's lock in vain."""
    return RunOutcome(lock_timeout=True)


def could_not_start(message: str) -> RunOutcome:
    """Return a run that ends before it has a task: only the job's state file knows."""
    return RunOutcome(start_error=message)
