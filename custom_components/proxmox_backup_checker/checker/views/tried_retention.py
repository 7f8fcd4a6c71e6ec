"""What another retention would keep of a job's archives, by the code that predicts Proxmox's own prune; nothing is changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ...proxmox.retention import KeepOptions, Mark, prune
from ..context import Context
from ..jobs.retention import removes_old, retention_of
from ..model.facts import StorageFacts
from ..model.labels import job_name
from .restore_points import RestorePoint, known_of


@dataclass(frozen=True, kw_only=True, slots=True)
class TriedArchive:
    """An archive, whether it would stay, and whether it stays by the retention that the job has; None where it has none."""

    point: RestorePoint
    mark: Mark
    stays_now: bool | None

    @property
    def stays(self) -> bool:
        """Whether it would stay."""
        return self.mark is not Mark.REMOVE


@dataclass(frozen=True, kw_only=True, slots=True)
class TriedGuest:
    """The archives of a guest on the job's storage, newest first; None where the storage could not be listed."""

    guest: Guest
    storage: str
    archives: tuple[TriedArchive, ...] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TriedRetention:
    """What a retention would keep; `present` is the one that the job has, None where Proxmox shows none.

    `removes` is False where the job removes nothing itself, `others` are the jobs that prune the same archives by their own rule.
    `is_measured` tells that sizes add up: they do not where a storage keeps equal data once.
    """

    keep: KeepOptions
    present: KeepOptions | None
    removes: bool
    others: tuple[str, ...]
    guests: tuple[TriedGuest, ...]
    is_measured: bool

    def _archives(self, *, stays: bool) -> Sequence[TriedArchive]:
        return [entry for guest in self.guests for entry in guest.archives or () if entry.stays is stays]

    def count(self, *, stays: bool) -> int:
        """Return how many archives would stay, or go."""
        return len(self._archives(stays=stays))

    def size(self, *, stays: bool) -> int | None:
        """Return their bytes, None where they do not add up or one is not known."""
        sizes = [entry.point.size for entry in self._archives(stays=stays)]
        if not self.is_measured or None in sizes:
            return None
        return sum(size for size in sizes if size is not None)


def try_retention(
    job: BackupJob, keep: KeepOptions, context: Context, visible: Collection[int] | None = None
) -> TriedRetention:
    """Return what a retention would keep of the archives that lie on the job's storage now, of guests that are `visible`."""
    guests = [guest for guest in context.covered_guests(job) if visible is None or guest.vmid in visible]
    places = {guest.vmid: _place(job, guest, context) for guest in guests}
    first = guests[0] if guests else None
    present = retention_of(
        job,
        places[first.vmid] if first else None,
        context.facts.defaults_keep.get(first.node) if first else None,
    )
    return TriedRetention(
        keep=keep,
        present=present,
        removes=removes_old(job),
        others=_others(job, guests, context),
        guests=tuple(_guest(job, guest, keep, context) for guest in guests),
        is_measured=not any(place is None or place.is_backup_server for place in places.values()),
    )


def _place(job: BackupJob, guest: Guest, context: Context) -> StorageFacts | None:
    return context.facts.storage_of(context.facts.storage_name(job.storage, guest.node), guest.node)


def _guest(job: BackupJob, guest: Guest, keep: KeepOptions, context: Context) -> TriedGuest:
    name = context.facts.storage_name(job.storage, guest.node)
    storage = _place(job, guest, context)
    listing = storage.listing if storage is not None else None
    if storage is None or listing is None:
        return TriedGuest(guest=guest, storage=name, archives=None)
    # Proxmox prunes all that bears the guest's number and kind, whoever wrote it.
    there = [
        archive
        for archive in listing.archives
        if archive.vmid == guest.vmid and archive.guest_type in {None, guest.guest_type}
    ]
    there.sort(key=lambda archive: archive.ctime, reverse=True)
    zone = listing.zone or context.facts.zone_of(guest.node)
    if zone is None:
        return TriedGuest(guest=guest, storage=name, archives=None)
    present = retention_of(job, storage, context.facts.defaults_keep.get(guest.node))
    now = prune(there, present, zone) if present is not None else [None] * len(there)
    points = known_of(there, context.outcomes(guest), context.indexes.archives.vague_servers)
    archives = tuple(
        TriedArchive(point=point, mark=mark, stays_now=None if was is None else was is not Mark.REMOVE)
        for point, mark, was in zip(points, prune(there, keep, zone), now, strict=True)
    )
    return TriedGuest(guest=guest, storage=name, archives=archives)


def _others(job: BackupJob, guests: Sequence[Guest], context: Context) -> tuple[str, ...]:
    """Return the names of other jobs that remove archives of the same guests on the same storage."""
    return tuple(
        sorted(
            {
                job_name(other)
                for guest in guests
                for other in context.jobs_of(guest)
                if other.job_id != job.job_id
                and removes_old(other)
                and _place(other, guest, context) is not None
                and _place(other, guest, context) == _place(job, guest, context)
            }
        )
    )
