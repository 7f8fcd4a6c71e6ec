"""Size and duration of a guest's last backup, held against its own history."""

from collections.abc import Iterable, Sequence
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


def size_findings(good: Sequence[Outcome], facts: Facts) -> Iterable[tuple[Status, Reason]]:
    """Return what is odd about the newest of a guest's good backups; silent until there are enough of them.

    On a Proxmox Backup Server the size is that of the disks, and what was transferred may well be nothing: only the time
    that it took is looked at there.
    """
    if not good:
        return
    newest = good[0]
    alike = [outcome for outcome in good[1 : _MOST_RUNS + 1] if _is_like(outcome, newest)]
    if not _on_backup_server(newest, facts):
        sizes = [outcome.size for outcome in alike if outcome.size is not None]
        if newest.size is not None and len(sizes) >= _LEAST_RUNS and _is_far_below(newest.size, sizes):
            yield (
                Status.WARNING,
                Reason("size_suspicious", {"size": size_text(newest.size), "usual": size_text(int(median(sizes)))}),
            )
    times = [outcome.seconds for outcome in alike if outcome.seconds is not None]
    if newest.seconds is not None and len(times) >= _LEAST_RUNS:
        usual = median(times)
        if newest.seconds > max(_MUCH_LONGER * usual, usual + _LONG_AT_LEAST):
            values = {"minutes": str(newest.seconds // 60), "usual": str(int(usual) // 60)}
            yield Status.OK, Reason("duration_suspicious", values)


def _is_like(outcome: Outcome, newest: Outcome) -> bool:
    return outcome.result is Result.OK and outcome.storage == newest.storage and outcome.job_id == newest.job_id


def _on_backup_server(outcome: Outcome, facts: Facts) -> bool:
    storage = facts.storage_of(outcome.storage or "local", outcome.node)
    return storage is not None and storage.is_backup_server


def _is_far_below(value: int, history: Sequence[int]) -> bool:
    usual = median(history)
    spread = max(median(abs(entry - usual) for entry in history), _LEAST_SPREAD * usual)
    return value < _MUCH_SMALLER * usual and value < usual - _SPREADS * spread


def size_text(size: int) -> str:
    """Return a size as people read it, in the units of Proxmox' web interface."""
    value, units = float(size), ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units:
        if value < 1024 or unit == units[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
