"""The copies that a guest has: of each place where there are some, the newest good one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from ...proxmox.api.cluster_models import Guest
from ..archives.archive import file_name
from ..archives.archive_index import Place
from ..context import Context
from ..model.facts import StorageFacts
from ..model.outcome import Result
from ..views.restore_points import RestorePoint, restore_points_of

type _Identity = tuple[str, int]

_FAILED: Literal["failed"] = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A good copy of a guest on a storage, as it was when that was last listed, at `seen`.

    `proven` is False where the token does not see whether it is complete. An encrypted one needs its key, which has to be
    kept elsewhere; None is where that is not seen.
    """

    storage: StorageFacts
    written: datetime
    volid: str
    seen: datetime
    proven: bool
    encrypted: bool | None

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.storage.storage, self.storage.node


def copies_of(guest: Guest, context: Context) -> tuple[Copy, ...]:
    """Return the newest good copy of each place, and the newest that may be good where it is newer; newest first."""
    points = {
        _identity(point): point
        for point in restore_points_of(guest, context)
        if point.verification != _FAILED and point.finished is not False
    }
    found: list[Copy] = []
    for storage in context.facts.storages:
        listed = context.indexes.archives.places.get((storage.storage, storage.node))
        if listed is None:
            continue
        here = [
            point
            for archive in listed.by_guest.get(guest.vmid, ())
            if (point := points.get((_name(archive.volid, storage), archive.ctime))) is not None
        ]
        found += _newest(here, storage, listed.listing.read_at, context)
    return tuple(sorted(found, key=lambda copy: copy.written, reverse=True))


def unseen_storages(guest: Guest, context: Context) -> frozenset[str]:
    """Return the storages to which good backups of a guest went and that cannot be seen; empty stands for a folder."""
    known = {storage.storage for storage in context.facts.storages}
    written = {
        context.facts.storage_name(outcome.storage, outcome.node)
        for outcome in context.outcomes(guest)
        if outcome.result is Result.OK
    }
    return frozenset(written - known)


def _newest(points: list[RestorePoint], storage: StorageFacts, seen: datetime, context: Context) -> list[Copy]:
    points = sorted(points, key=lambda point: point.archive.ctime, reverse=True)
    proven = next((point for point in points if point.finished), None)
    newest = points[0] if points else None
    chosen = [newest] if newest is proven else [newest, proven]
    return [_copy(point, storage, seen, context) for point in chosen if point is not None]


def _copy(point: RestorePoint, storage: StorageFacts, seen: datetime, context: Context) -> Copy:
    archive = point.archive
    earliest = (
        context.written_between(archive)[0] if storage.node is None else datetime.fromtimestamp(archive.ctime, UTC)
    )
    return Copy(
        storage=storage,
        written=earliest,
        volid=f"{storage.storage}:{archive.volid.partition(':')[2]}",
        seen=seen,
        proven=bool(point.finished),
        encrypted=point.encrypted,
    )


def _identity(point: RestorePoint) -> _Identity:
    archive = point.archive
    # Files may lie under several storage ids; snapshots of backup servers are those of one.
    prefix = "" if "/" not in file_name(archive) else f"{archive.storage}:"
    return prefix + file_name(archive), archive.ctime


def _name(volid: str, storage: StorageFacts) -> str:
    name = volid.partition(":")[2]
    return f"{storage.storage}:{name}" if storage.is_backup_server else name.rpartition("/")[2]
