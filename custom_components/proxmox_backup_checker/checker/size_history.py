"""Size and duration of a guest's last backup, held against its own history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from .facts import Facts
from .outcomes import Outcome, Result
from .verdict import Reason, Status

_LEAST_RUNS: Final = 5
_MOST_RUNS: Final = 30
# Backups of quiet guests hardly differ: a spread below this share of the median is taken for this share.
_LEAST_SPREAD: Final = 0.05
_SPREADS: Final = 5
_MUCH_SMALLER: Final = 0.5
_MUCH_LONGER: Final = 3
_LONG_AT_LEAST: Final = 1800


@dataclass(frozen=True, kw_only=True, slots=True)
class PastBackup:
    """What a good backup took: `size` in bytes of the file or, on a backup server, of all disks; None where not known.

    What was transferred to a backup server is no part of it: only what changed is, which may well be nothing.
    """

    size: int | None
    seconds: int | None


def judge_sizes(newest: PastBackup, before: Sequence[PastBackup]) -> Iterable[tuple[Status, Reason]]:
    """Return what is odd about a backup, given the good ones `before` it of the same kind, newest first.

    Silent until five of them tell the same. The bounds are the median and the median distance from it, which single
    strange backups do not move.
    """
    recent = before[:_MOST_RUNS]
    sizes = [backup.size for backup in recent if backup.size is not None]
    if newest.size is not None and len(sizes) >= _LEAST_RUNS:
        usual, spread = _usual(sizes)
        if newest.size < min(_MUCH_SMALLER * usual, usual - _SPREADS * spread):
            values = {"size": size_text(newest.size), "usual": size_text(int(usual))}
            yield Status.WARNING, Reason("size_suspicious", values)
    times = [backup.seconds for backup in recent if backup.seconds is not None]
    if newest.seconds is not None and len(times) >= _LEAST_RUNS:
        usual, spread = _usual(times)
        if newest.seconds > max(_MUCH_LONGER * usual, usual + _SPREADS * spread, usual + _LONG_AT_LEAST):
            values = {"minutes": str(newest.seconds // 60), "usual": str(int(usual) // 60)}
            yield Status.OK, Reason("duration_suspicious", values)


def _usual(values: Sequence[int]) -> tuple[float, float]:
    """Return the median and the spread around it."""
    usual = median(values)
    return usual, max(median(abs(value - usual) for value in values), _LEAST_SPREAD * usual)


def size_findings(good: Sequence[Outcome], facts: Facts) -> Iterable[tuple[Status, Reason]]:
    """Return what is odd about the newest of a guest's good backups, beside those of the same job on the same storage."""
    if not good:
        return
    newest = good[0]
    alike = [_past(outcome, facts) for outcome in good[1 : _MOST_RUNS + 1] if _is_like(outcome, newest)]
    yield from judge_sizes(_past(newest, facts), alike)


def _past(outcome: Outcome, facts: Facts) -> PastBackup:
    size = outcome.size
    if size == outcome.transferred and _on_backup_server(outcome, facts):
        # The log names no total, or all was read: the first would make an incremental backup look like a tiny guest.
        size = None
    return PastBackup(size=size, seconds=outcome.seconds)


def _on_backup_server(outcome: Outcome, facts: Facts) -> bool:
    storage = facts.storage_of(outcome.storage or "local", outcome.node)
    return storage is not None and storage.is_backup_server


def _is_like(outcome: Outcome, newest: Outcome) -> bool:
    return outcome.result is Result.OK and outcome.storage == newest.storage and outcome.job_id == newest.job_id


def size_text(size: int) -> str:
    """Return a size as people read it, in the units of Proxmox' web interface."""
    value, units = float(size), ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units:
        if value < 1024 or unit == units[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
