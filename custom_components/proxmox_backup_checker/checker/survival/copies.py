"""The copies that a guest has: of each storage where there are some, the newest good one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Final

from ...proxmox.api.backup_models import Archive
from ...proxmox.api.cluster_models import Guest
from ..archives.archive import file_name
from ..archives.archive_index import Place
from ..context import Context
from ..model.facts import StorageFacts, storage_key
from ..model.outcome import Result
from ..views.restore_points import RestorePoint, restore_points_of

_CTIME: Final = attrgetter("ctime")
_VERIFICATION_FAILED: Final = "failed"


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
    def key(self) -> str:
        """What tells its storage from every other."""
        return storage_key(self.storage)

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.storage.storage, self.storage.node


def copies_of(guest: Guest, context: Context) -> tuple[Copy, ...]:
    """Return the newest good copy of each storage, and the newest that may be good where it is newer; newest first."""
    own = _Own.of(context.archives(guest))
    vague = context.indexes.archives.vague_servers or frozenset()
    found: list[Copy] = []
    for storage in context.facts.storages:
        listed = context.indexes.archives.places.get((storage.storage, storage.node))
        archives = listed.by_guest.get(guest.vmid, ()) if listed is not None else ()
        if listed is None or not archives:
            continue
        if storage.storage in vague:
            chosen = _newest_points(restore_points_of(guest, context), storage)
        else:
            chosen = ((archive, True, archive.encrypted) for archive in _newest(archives, own))
        found += (
            Copy(
                storage=storage,
                written=_written(archive, storage, context),
                volid=archive.volid,
                seen=listed.listing.read_at,
                proven=proven,
                encrypted=encrypted,
            )
            for archive, proven, encrypted in chosen
        )
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


@dataclass(slots=True)
class _Own:
    """A guest's own archives; a file may be listed under several storage ids, of which one stands for it."""

    archives: Sequence[Archive]
    _listed: frozenset[int]
    _files: frozenset[tuple[str, int]] | None = None

    @classmethod
    def of(cls, archives: Sequence[Archive]) -> _Own:
        return cls(archives, frozenset(map(id, archives)))

    def __contains__(self, archive: Archive) -> bool:
        if id(archive) in self._listed:
            return True
        if self._files is None:
            named = ((file_name(one), one.ctime) for one in self.archives)
            self._files = frozenset((name, ctime) for name, ctime in named if "/" not in name)
        return (file_name(archive), archive.ctime) in self._files


def _newest(archives: Iterable[Archive], own: _Own) -> Iterator[Archive]:
    """Yield the newest good archive, where there is one."""
    for archive in sorted(archives, key=_CTIME, reverse=True):
        if archive.verification != _VERIFICATION_FAILED and archive in own:
            yield archive
            return


def _newest_points(
    points: Iterable[RestorePoint], storage: StorageFacts
) -> Iterator[tuple[Archive, bool, bool | None]]:
    """Yield the newest snapshot on a server of which hardly more than names are seen, and the newest proven one after it."""
    for number, point in enumerate(point for point in points if point.archive.storage == storage.storage):
        if point.finished or number == 0:
            yield point.archive, bool(point.finished), point.encrypted
        if point.finished:
            return


def _written(archive: Archive, storage: StorageFacts, context: Context) -> datetime:
    """Return when an archive was begun: of a file on a share, by whatever node's zone it is earliest."""
    return context.written_between(archive)[0] if storage.node is None else datetime.fromtimestamp(archive.ctime, UTC)
