"""Sizes and durations over time, from all that is known of runs and archives, those from before the first look too."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from ...proxmox.api.backup_models import Archive
from ..archives.archive import file_name
from ..assessment import Assessment, GuestView
from ..model.labels import guest_label
from ..model.outcome import Outcome, Result
from ..model.reason_codes import ReasonCode
from ..model.subject import Subject
from ..model.verdict import Reason

_GIB: Final = 1024**3
_HOUR: Final = 3600
_ONE_MINUTE: Final = timedelta(minutes=1)
# An archive bears the moment at which its backup began, by the clock of its node.
_SAME_BACKUP: Final = 120


class Unit(StrEnum):
    """What a trend is measured in."""

    GIBIBYTES = "GiB"
    MINUTES = "min"


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """The values of one hour."""

    mean: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> Point:
        """Take all values of the hour together."""
        return cls(mean=round(sum(values) / len(values), 6), least=round(min(values), 6), most=round(max(values), 6))


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """One figure over time; `key` as guest_101_size, `name` tells people of what it is, `points` are by the hour."""

    key: str
    name: Reason
    unit: Unit
    points: Mapping[datetime, Point]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What the trends of a guest or a storage are made of: with the same source they are the same."""

    name: str
    vmid: int | None = None
    outcomes: tuple[Outcome, ...] = ()
    archives: tuple[Archive, ...] = ()
    samples: tuple[tuple[datetime, int], ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its trends."""
        if self.vmid is None:
            return (f"{Subject.storage(self.name).key}_used",)
        kinds = ("size", "size_on_backup_server", "duration")
        return tuple(f"{Subject.guest(self.vmid).key}_{kind}" for kind in kinds)


def sources_of(assessment: Assessment) -> list[Source]:
    """Return what is known of every guest's own good backups and of the space used on every storage."""
    return [
        *(_of_guest(view, assessment) for _, view in sorted(assessment.guests.items())),
        *(Source(name=key, samples=assessment.history.storages[key].samples) for key in sorted(assessment.storages)),
    ]


def trends_of(source: Source, assessment: Assessment) -> list[Trend]:
    """Return size and duration of a guest's backups, or the space used on a storage, where anything is known.

    The size of a file says something else than that of all disks on a backup server, so that these are two trends.
    """
    if source.vmid is None:
        [key] = source.keys
        points = _by_hour((moment, used / _GIB) for moment, used in source.samples)
        found = [
            Trend(
                key=key,
                name=Reason(ReasonCode.TREND_USED, {"storage": source.name}),
                unit=Unit.GIBIBYTES,
                points=points,
            )
        ]
        return [trend for trend in found if trend.points]
    size, size_on_server, duration = source.keys
    name = {"guest": source.name}
    durations = ((outcome.started, outcome.seconds / 60) for outcome in source.outcomes if outcome.seconds is not None)
    found = [
        Trend(
            key=size,
            name=Reason(ReasonCode.TREND_SIZE, name),
            unit=Unit.GIBIBYTES,
            points=_by_hour(_sizes(source, assessment, on_server=False)),
        ),
        Trend(
            key=size_on_server,
            name=Reason(ReasonCode.TREND_SIZE_ON_SERVER, name),
            unit=Unit.GIBIBYTES,
            points=_by_hour(_sizes(source, assessment, on_server=True)),
        ),
        Trend(
            key=duration, name=Reason(ReasonCode.TREND_DURATION, name), unit=Unit.MINUTES, points=_by_hour(durations)
        ),
    ]
    return [trend for trend in found if trend.points]


def _of_guest(view: GuestView, assessment: Assessment) -> Source:
    good = [outcome for outcome in assessment.context.outcomes(view.guest) if outcome.result is Result.OK]
    return Source(
        name=guest_label(view.guest.name, view.guest.vmid),
        vmid=view.guest.vmid,
        outcomes=tuple(good),
        archives=tuple([archive for archive in view.archives if archive.size is not None]),
    )


def _sizes(source: Source, assessment: Assessment, *, on_server: bool) -> Iterable[tuple[datetime, float]]:
    """Return the size of every backup once, of those on backup servers or of the others: as its archive shows it, else its run.

    What a backup server was sent is not the size of the backup.
    """
    archives = [archive for archive in source.archives if _is_on_server(archive.storage, "", assessment) is on_server]
    names = {file_name(archive) for archive in archives}
    moments = [archive.ctime for archive in archives]
    for outcome in source.outcomes:
        if _is_on_server(outcome.storage or "", outcome.node, assessment) is not on_server or outcome.size is None:
            continue
        name = (outcome.archive or "").rpartition("/")[2]
        listed = name in names or any(abs(moment - outcome.started.timestamp()) <= _SAME_BACKUP for moment in moments)
        if not listed and not (on_server and outcome.size == outcome.transferred):
            yield outcome.started, outcome.size / _GIB
    for archive in archives:
        if archive.size is not None:
            yield datetime.fromtimestamp(archive.ctime, UTC), archive.size / _GIB


def _is_on_server(storage: str, node: str, assessment: Assessment) -> bool:
    found = assessment.context.facts.storage_of(storage, node)
    return found is not None and found.is_backup_server


def _by_hour(values: Iterable[tuple[datetime, float]]) -> dict[datetime, Point]:
    hours: dict[int, list[float]] = defaultdict(list)
    for moment, value in values:
        hours[int(moment.timestamp()) // _HOUR].append(value)
    return {datetime.fromtimestamp(hour * _HOUR, UTC): Point.of(hours[hour]) for hour in sorted(hours)}
