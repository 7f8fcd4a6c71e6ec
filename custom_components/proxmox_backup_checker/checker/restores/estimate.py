"""How long it may take to get a guest back: an estimate, from the restores that were seen, else from how fast backups read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from statistics import median
from typing import Final

from ...proxmox.api.backup_models import Archive
from ...proxmox.api.cluster_models import Guest
from ..archives.archive import logged_name
from ..context import Context
from ..model.outcome import Outcome, Result, written_name
from ..model.records import RestoreRecord

_RECENT: Final = 30
# What takes less is mostly overhead and says nothing of a speed.
_LEAST_SECONDS: Final = 5


class Basis(StrEnum):
    """What an estimate rests on: restores of this guest, other restores from its storage, or how fast its backups were read."""

    OWN_RESTORE = "own_restore"
    RESTORES = "restores"
    BACKUPS = "backups"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """How a guest could be recovered: its newest archive, where that lies, and an estimate of the time, None where nothing tells."""

    guest: Guest
    archive: Archive | None = None
    duration: timedelta | None = None
    basis: Basis | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recoveries:
    """The recoveries of several guests one after another: `known` is the time of those that can be estimated."""

    guests: Sequence[Recovery]

    @property
    def known(self) -> timedelta:
        """The time of all that can be estimated."""
        return sum((entry.duration for entry in self.guests if entry.duration is not None), timedelta())

    @property
    def unknown(self) -> int:
        """How many guests have an archive whose time cannot be estimated."""
        return sum(entry.archive is not None and entry.duration is None for entry in self.guests)

    @property
    def without_archive(self) -> int:
        """How many guests have no archive at all."""
        return sum(entry.archive is None for entry in self.guests)


def recoveries_of(guests: Iterable[Guest], context: Context) -> Recoveries:
    """Return the recoveries of guests, in their order."""
    return Recoveries(guests=tuple(recovery_of(guest, context) for guest in guests))


def recovery_of(guest: Guest, context: Context) -> Recovery:
    """Return how a guest could be recovered from its newest finished archive that no verification has refused."""
    archive = next((entry for entry in context.archives(guest) if entry.verification != "failed"), None)
    if archive is None:
        return Recovery(guest=guest)
    outcomes = context.outcomes(guest)
    size = archive.size
    if size is None:
        name = logged_name(archive)
        size = next((entry.size for entry in outcomes if entry.archive and written_name(entry.archive) == name), None)
    seen = [
        record
        for record in context.history.restores.values()
        if record.ok and record.storage == archive.storage and not record.live and _seconds(record) >= _LEAST_SECONDS
    ]
    own = [record for record in seen if (record.vmid, record.guest_type) == (guest.vmid, guest.guest_type)]
    alike = [record for record in seen if record.guest_type == guest.guest_type]
    for basis, records in ((Basis.OWN_RESTORE, own), (Basis.RESTORES, alike)):
        if duration := _by_restores(size, records, is_own=basis is Basis.OWN_RESTORE):
            return Recovery(guest=guest, archive=archive, duration=duration, basis=basis)
    duration = _by_backups(size, archive.storage, outcomes, context)
    return Recovery(guest=guest, archive=archive, duration=duration, basis=Basis.BACKUPS if duration else None)


def _by_restores(size: int | None, records: Sequence[RestoreRecord], *, is_own: bool) -> timedelta | None:
    """Return the time at the usual speed; that of a guest's own newest restore stands for itself where no size is known."""
    speeds = [record.archive_size / _seconds(record) for record in records if record.archive_size]
    if size is not None and speeds:
        return timedelta(seconds=round(size / median(speeds)))
    if is_own and records:
        return timedelta(seconds=round(_seconds(max(records, key=lambda record: record.ended))))
    return None


def _by_backups(size: int | None, storage: str, outcomes: Sequence[Outcome], context: Context) -> timedelta | None:
    """Return the time at the speed at which backups of the guest were read; an incremental one reads next to nothing."""
    speeds = []
    for entry in outcomes[:_RECENT]:
        if entry.result is not Result.OK or entry.storage != storage or not entry.size or not entry.seconds:
            continue
        where = context.facts.storage_of(storage, entry.node)
        is_whole = where is None or not where.is_backup_server or (entry.transferred or 0) >= entry.size // 2
        if is_whole and entry.seconds >= _LEAST_SECONDS:
            speeds.append(entry.size / entry.seconds)
    if size is None or not speeds:
        return None
    return timedelta(seconds=round(size / median(speeds)))


def _seconds(record: RestoreRecord) -> float:
    return (record.ended - record.started).total_seconds()
