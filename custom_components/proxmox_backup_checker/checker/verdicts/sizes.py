"""Size and duration of a guest's last backup, held against its own history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Protocol

from ..model.facts import Facts
from ..model.labels import size_text
from ..model.outcome import Outcome, Result
from ..model.reason_codes import ReasonCode
from ..model.verdict import Reason, Status
from ..runs.run_index import InShort

_LEAST_RUNS: Final = 5
_MOST_RUNS: Final = 30
# Backups of quiet guests hardly differ: a spread below this share of the median is taken for this share.
_LEAST_SPREAD: Final = 0.05
_SPREADS: Final = 5
_MUCH_SMALLER: Final = 0.5
_MUCH_LONGER: Final = 3
_LONG_AT_LEAST: Final = 1800


class Past(Protocol):
    """What a good backup took: `size` in bytes of the file or, on a backup server, of all disks; None where not known.

    What was transferred to a backup server is no part of it: only what changed is, which may well be nothing.
    """

    @property
    def size(self) -> int | None:
        """Bytes."""

    @property
    def seconds(self) -> int | None:
        """How long it took."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PastBackup:
    """A past backup by itself."""

    size: int | None
    seconds: int | None


def judge_sizes(newest: Past, before: Sequence[Past]) -> Iterable[tuple[Status, Reason]]:
    """Return what is odd about a backup, given the good ones `before` it of the same kind, newest first.

    Silent until five of them tell the same. The bounds are the median and the median distance from it, which single
    strange backups do not move.
    """
    recent = before[:_MOST_RUNS]
    if newest.size is not None:
        yield from _too_small(newest.size, [backup.size for backup in recent if backup.size is not None])
    if newest.seconds is not None:
        yield from _too_long(newest.seconds, [backup.seconds for backup in recent if backup.seconds is not None])


def can_be_odd(newest: Outcome, backups: InShort) -> bool:
    """Tell whether a backup can be odd beside any of a guest's: no median is above the largest or below the shortest."""
    size, seconds = newest.size, newest.seconds
    is_small = size is not None and (backups.largest is None or size < _MUCH_SMALLER * backups.largest)
    is_long = seconds is not None and (backups.shortest is None or seconds > _MUCH_LONGER * backups.shortest)
    return is_small or is_long


def _too_small(size: int, sizes: Sequence[int]) -> Iterable[tuple[Status, Reason]]:
    if len(sizes) < _LEAST_RUNS:
        return
    usual, spread = _usual(sizes)
    if size < min(_MUCH_SMALLER * usual, usual - _SPREADS * spread):
        yield (
            Status.WARNING,
            Reason(ReasonCode.SIZE_SUSPICIOUS, {"size": size_text(size), "usual": size_text(int(usual))}),
        )


def _too_long(seconds: int, times: Sequence[int]) -> Iterable[tuple[Status, Reason]]:
    if len(times) < _LEAST_RUNS:
        return
    usual, spread = _usual(times)
    if seconds > max(_MUCH_LONGER * usual, usual + _SPREADS * spread, usual + _LONG_AT_LEAST):
        yield (
            Status.OK,
            Reason(ReasonCode.DURATION_SUSPICIOUS, {"minutes": str(seconds // 60), "usual": str(int(usual) // 60)}),
        )


def _usual(values: Sequence[int]) -> tuple[float, float]:
    """Return the median and the spread around it."""
    usual = median(values)
    return usual, max(median(abs(value - usual) for value in values), _LEAST_SPREAD * usual)


def size_findings(good: Sequence[Outcome], facts: Facts) -> Iterable[tuple[Status, Reason]]:
    """Return what is odd about the newest of a guest's good backups, beside those of the same job on the same storage."""
    if not good:
        return
    newest = good[0]
    similar = alike(newest, good[1 : _MOST_RUNS + 1])
    if not is_on_server(newest, facts):
        yield from judge_sizes(newest, similar)
    else:
        was_whole = _is_whole(newest)
        yield from judge_sizes(
            _on_server(newest, was_whole=was_whole), [_on_server(entry, was_whole=was_whole) for entry in similar]
        )


def alike(newest: Outcome, before: Iterable[Outcome]) -> list[Outcome]:
    """Return the good backups of the same job on the same storage, packed in the same way."""
    return [
        entry
        for entry in before
        if entry.storage == newest.storage
        and entry.job_id == newest.job_id
        and entry.result is Result.OK
        and _packing(entry) == _packing(newest)
    ]


def _packing(outcome: Outcome) -> str:
    """Return the ending of a file, by which its compression shows; that of a snapshot is empty."""
    name = (outcome.archive or "").rpartition("/")[2]
    return name.partition(".")[2]


def is_on_server(outcome: Outcome, facts: Facts) -> bool:
    """Tell whether a backup went to a backup server."""
    where = facts.storage_of(outcome.storage or "", outcome.node)
    return where is not None and where.is_backup_server


def _on_server(outcome: Outcome, *, was_whole: bool) -> PastBackup:
    """Return what a backup took; to read all disks, as when a bitmap is lost, takes longer than what changed since the day before."""
    # The log names no total, or all was read: the first would make an incremental backup look like a tiny guest.
    is_whole = _is_whole(outcome)
    return PastBackup(
        size=None if is_whole else outcome.size, seconds=outcome.seconds if is_whole == was_whole else None
    )


def _is_whole(outcome: Outcome) -> bool:
    return outcome.size == outcome.transferred
