"""Retention: which backups of a group a prune keeps, computed as Proxmox does.

The rules are those of PVE/Storage.pm (prune_mark_backup_group); the grammar of the options is that of the property string
`prune-backups` (PVE/Storage/Plugin.pm). Proxmox Backup Server decides alike but for backups of the same second.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
import re
from typing import Final, Protocol, Self
from zoneinfo import ZoneInfo

_NUMBER: Final = re.compile(r"\+?[0-9]+|-0+")
_TRUE: Final = frozenset({"1", "on", "yes", "true"})
_FALSE: Final = frozenset({"0", "off", "no", "false"})


class Mark(StrEnum):
    """What a prune does to a backup.

    It leaves protected and renamed ones alone, and `keep-partial` is a snapshot that is newer than all finished ones.
    """

    KEEP = "keep"
    REMOVE = "remove"
    PROTECTED = "protected"
    RENAMED = "renamed"
    KEEP_PARTIAL = "keep-partial"


class Prunable(Protocol):
    """What a prune looks at of a backup; `ctime` in epoch seconds.

    `renamed` are files with a name of their own. `partial` is for snapshots of a Proxmox Backup Server that have no manifest
    (yet).
    """

    @property
    def ctime(self) -> int:
        """When it was begun."""

    @property
    def protected(self) -> bool:
        """Whether somebody wants it to be kept."""

    @property
    def renamed(self) -> bool:
        """Whether its name is not one that vzdump gives."""

    @property
    def partial(self) -> bool:
        """Whether it has no manifest."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is nothing else, as one that is still to come."""

    ctime: int
    protected: bool = False
    renamed: bool = False
    partial: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepOptions:
    """How many backups are kept by which rule; 0 turns a rule off, and without any rule all are kept."""

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    all: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a property string such as `keep-daily=7,keep-weekly=4`.

        Raises ValueError where Proxmox would refuse it.
        """
        values: dict[str, object] = {}
        for part in text.split(","):
            if not part.strip():
                continue
            key, equals, value = part.partition("=")
            if not equals:
                raise ValueError(f"Retention {text!r}: {part!r} is not of the form keep-daily=7")
            if key in values:
                raise ValueError(f"Retention {text!r}: {key} is there twice")
            values[key] = value
        known = {f"keep-{field.name}" for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"Retention {text!r}: {unknown[0]!r} is unknown; known are {', '.join(sorted(known))}")
        return cls.from_api(values)

    @classmethod
    def from_api(cls, values: Mapping[str, object]) -> Self:
        """Read the object that the API delivers, with numbers as texts or as numbers.

        What a later Proxmox may add is passed over, as Proxmox's own prune does. Raises ValueError where a known option has
        a value that Proxmox would refuse.
        """
        keep_all = _flag(values["keep-all"]) if "keep-all" in values else False
        numbers = {rule: _number(f"keep-{rule}", values[f"keep-{rule}"]) for rule in _RULES if f"keep-{rule}" in values}
        if keep_all and any(numbers.values()):
            raise ValueError("Retention: keep-all cannot be combined with other options")
        return cls(all=keep_all, **numbers)

    @property
    def keeps_everything(self) -> bool:
        """Whether no backup is ever removed."""
        return self.all or not any((self.last, self.hourly, self.daily, self.weekly, self.monthly, self.yearly))


def keep_text(keep: KeepOptions) -> str:
    """Return retention as Proxmox writes it, `keep-daily=7,keep-weekly=4`."""
    if keep.keeps_everything:
        return "keep-all=1"
    return ",".join(f"keep-{rule}={number}" for rule in _RULES if (number := getattr(keep, rule)))


def _number(key: str, value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or _NUMBER.fullmatch(text) is None:
        raise ValueError(f"Retention: {key} is {value!r}, expected a whole number from 0 on")
    return int(text)


def _flag(value: object) -> bool:
    text = str(value).lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(f"Retention: keep-all is {value!r}, expected 1 or 0")
    return text in _TRUE


type _Period = Callable[[datetime], object]

# The rules in the order in which Proxmox applies them; two backups of the same period count as one.
_RULES: Final[Mapping[str, _Period | None]] = {
    "last": None,
    "hourly": lambda local: (local.year, local.month, local.day, local.hour),
    "daily": lambda local: (local.year, local.month, local.day),
    "weekly": lambda local: local.isocalendar()[:2],
    "monthly": lambda local: (local.year, local.month),
    "yearly": lambda local: local.year,
}
# Dates and weekdays repeat after 400 years.
_CYCLE: Final = 146_097 * 86_400
_FIRST: Final = int(datetime(2, 1, 1, tzinfo=UTC).timestamp())
_LAST: Final = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
# No clock has ever been changed but at a full quarter of an hour, nor does a period begin at another.
_QUARTER: Final = 900


@lru_cache(maxsize=16384)
def _period(rule: str, quarter: int, zone: ZoneInfo) -> object:
    """Return the period in which a quarter of an hour lies: backups of many guests ask for the same ones."""
    period = _RULES[rule]
    assert period is not None
    epoch = quarter * _QUARTER
    # A time that Python's calendar does not have is looked up whole cycles of the calendar earlier or later.
    cycles = 0 if _FIRST <= epoch < _LAST else (epoch - _FIRST) // _CYCLE
    return cycles, period(datetime.fromtimestamp(epoch - cycles * _CYCLE, UTC).astimezone(zone))


type Pattern = tuple[int, ...]
"""The quarters of an hour in which the backups of a group were begun; those of many guests are the same."""


def pattern_of(backups: Sequence[Prunable]) -> Pattern | None:
    """Return the pattern of a group of which nothing else matters to any rule but `keep-last`, None of any other."""
    if not _are_ordinary(backups):
        return None
    quarters = tuple([backup.ctime // _QUARTER for backup in backups])
    return quarters if len(set(quarters)) == len(quarters) else None


def prune(backups: Sequence[Prunable], keep: KeepOptions, zone: ZoneInfo) -> list[Mark]:
    """Return what a prune would do to each backup of one group, in the order given.

    `zone` is that of the host that prunes: days and weeks begin there.
    """
    pattern = pattern_of(backups) if keep.last == 0 else None
    return _marks(backups, keep, zone) if pattern is None else list(_marks_of_pattern(pattern, keep, zone))


def leaves_all(pattern: Pattern, keep: KeepOptions, zone: ZoneInfo) -> bool:
    """Tell whether a prune surely removes none of a group with this pattern."""
    return keep.last == 0 and Mark.REMOVE not in _marks_of_pattern(pattern, keep, zone)


def _are_ordinary(backups: Sequence[Prunable]) -> bool:
    """Tell whether only their times tell backups apart."""
    for backup in backups:  # noqa: SIM110  # thousands of guests are asked for
        if backup.renamed or backup.protected or backup.partial:
            return False
    return True


@lru_cache(maxsize=4096)
def _marks_of_pattern(pattern: Pattern, keep: KeepOptions, zone: ZoneInfo) -> tuple[Mark, ...]:
    return tuple(_marks([Backup(ctime=quarter * _QUARTER) for quarter in pattern], keep, zone))


def _marks(backups: Sequence[Prunable], keep: KeepOptions, zone: ZoneInfo) -> list[Mark]:
    marks: list[Mark | None] = [_fixed_mark(backup) for backup in backups]
    if keep.keeps_everything:
        return [mark or Mark.KEEP for mark in marks]
    newest_first = sorted(range(len(backups)), key=lambda index: backups[index].ctime, reverse=True)
    partial = _mark_unfinished(marks, newest_first, backups)
    for rule, period in _RULES.items():
        count: int = getattr(keep, rule)
        if count > 0:
            periods: list[object] = [backup.ctime for backup in backups]
            if period is not None:
                periods = [_period(rule, backup.ctime // _QUARTER, zone) for backup in backups]
            _apply(marks, newest_first, periods, count)
    if partial is not None:
        marks[partial] = Mark.KEEP_PARTIAL
    return [mark or Mark.REMOVE for mark in marks]


def _mark_unfinished(marks: list[Mark | None], newest_first: list[int], backups: Sequence[Prunable]) -> int | None:
    """Mark unfinished snapshots for removal; gives the one that is kept because nothing finished is newer.

    No rule counts it (proxmox-backup, pbs-datastore/src/prune.rs, remove_incomplete_snapshots).
    """
    unfinished = [index for index in newest_first if backups[index].partial and marks[index] is None]
    for index in unfinished:
        marks[index] = Mark.REMOVE
    newest = newest_first[0] if newest_first else None
    return newest if newest in unfinished else None


def _fixed_mark(backup: Prunable) -> Mark | None:
    if backup.renamed:
        return Mark.RENAMED
    return Mark.PROTECTED if backup.protected else None


def _apply(marks: list[Mark | None], newest_first: list[int], periods: list[object], count: int) -> None:
    """Keep the newest backup of each of `count` periods that no rule before has covered."""
    covered = {periods[index] for index in newest_first if marks[index] is Mark.KEEP}
    kept: set[object] = set()
    for index in newest_first:
        if marks[index] is not None or periods[index] in covered:
            continue
        if periods[index] in kept:
            marks[index] = Mark.REMOVE
            continue
        if len(kept) >= count:
            break
        kept.add(periods[index])
        marks[index] = Mark.KEEP
