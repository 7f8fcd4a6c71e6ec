"""Sizes and durations over time, from all that is known of runs and archives, those from before the first look too."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from ..proxmox.backup_models import Archive
from .archives import each_once, file_name
from .outcomes import Outcome, Result
from .picture import GuestView, Picture
from .records import GuestRecord
from .run_results import guest_name
from .verdict import Reason

_GIB: Final = 1024**3
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


def trends_of(picture: Picture) -> list[Trend]:
    """Return size and duration of every guest's good backups and the space used on every storage, where known."""
    archives = _archives(picture)
    found = [
        trend
        for vmid, view in sorted(picture.guests.items())
        for trend in _of_guest(view, archives.get(vmid, []), picture)
    ]
    for key in sorted(picture.storages):
        samples = [(moment, used / _GIB) for moment, used in picture.history.storages[key].samples]
        found.append(
            Trend(
                key=f"storage_{key}_used",
                name=Reason("trend_used", {"storage": key}),
                unit=Unit.GIBIBYTES,
                points=_by_hour(samples),
            )
        )
    return [trend for trend in found if trend.points]


def _archives(picture: Picture) -> dict[int, list[Archive]]:
    """Return the finished archives of known size by guest, each once however many storages show it."""
    listed = [
        archive
        for view in picture.storages.values()
        for archive in (view.storage.listing.archives if view.storage.listing else ())
        if archive.finished and archive.size is not None and archive.vmid is not None
    ]
    found: dict[int, list[Archive]] = defaultdict(list)
    for archive in each_once(listed):
        if archive.vmid is not None:
            found[archive.vmid].append(archive)
    return found


def _of_guest(view: GuestView, archives: Iterable[Archive], picture: Picture) -> Iterable[Trend]:
    vmid = view.guest.vmid
    outcomes = [
        outcome
        for outcome in picture.index.by_guest.get(vmid, ())
        if outcome.result is Result.OK and _is_own(outcome.started, outcome.guest_type, view, picture)
    ]
    own = [
        archive
        for archive in archives
        if _is_own(datetime.fromtimestamp(archive.ctime, UTC), archive.guest_type, view, picture)
    ]
    name = {"guest": guest_name(vmid, picture.history.guests)}
    yield Trend(
        key=f"guest_{vmid}_size",
        name=Reason("trend_size", name),
        unit=Unit.GIBIBYTES,
        points=_by_hour(_sizes(outcomes, own, picture)),
    )
    durations = [(outcome.started, outcome.seconds / 60) for outcome in outcomes if outcome.seconds is not None]
    yield Trend(
        key=f"guest_{vmid}_duration",
        name=Reason("trend_duration", name),
        unit=Unit.MINUTES,
        points=_by_hour(durations),
    )


def _is_own(moment: datetime, guest_type: str | None, view: GuestView, picture: Picture) -> bool:
    """Tell whether a backup is of this very guest, not of an earlier one with the same VMID."""
    record: GuestRecord | None = picture.history.guests.get(view.guest.vmid)
    since = record.since if record is not None else None
    return guest_type in {None, view.guest.guest_type} and (since is None or moment >= since - _ONE_MINUTE)


def _sizes(outcomes: Iterable[Outcome], archives: list[Archive], picture: Picture) -> Iterable[tuple[datetime, float]]:
    """Return the size of every backup once: as its archive shows it, else as its run told."""
    names = {file_name(archive) for archive in archives}
    moments = [archive.ctime for archive in archives]
    for outcome in outcomes:
        name = (outcome.archive or "").rpartition("/")[2]
        listed = name in names or any(abs(moment - outcome.started.timestamp()) <= _SAME_BACKUP for moment in moments)
        size = _told_size(outcome, picture)
        if not listed and size is not None:
            yield outcome.started, size / _GIB
    for archive in archives:
        if archive.size is not None:
            yield datetime.fromtimestamp(archive.ctime, UTC), archive.size / _GIB


def _told_size(outcome: Outcome, picture: Picture) -> int | None:
    """Return the size that a run told; what a backup server was sent is not the size of the backup."""
    storage = outcome.storage or "local"
    view = picture.storages.get(storage) or picture.storages.get(f"{outcome.node}/{storage}")
    if view is not None and view.storage.is_backup_server and outcome.size == outcome.transferred:
        return None
    return outcome.size


def _by_hour(values: Iterable[tuple[datetime, float]]) -> dict[datetime, Point]:
    hours: dict[datetime, list[float]] = defaultdict(list)
    for moment, value in values:
        hours[moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)].append(value)
    return {hour: Point.of(hours[hour]) for hour in sorted(hours)}
