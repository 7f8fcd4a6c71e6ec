"""The copies that a guest has: on each storage, and on each backup server to which they are copied, the newest good one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final

from ...proxmox.api.backup_models import Archive
from ...proxmox.api.cluster_models import Guest
from ..archives.archive import file_name
from ..archives.archive_index import Place
from ..context import Context
from ..copies.copies import Copies, Witness
from ..model.facts import StorageFacts, storage_key
from ..views.restore_points import RestorePoint, restore_points_of
from .death import DoubtCode

_CTIME: Final = attrgetter("ctime")
_VERIFICATION_FAILED: Final = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """A good copy of a guest, as it was when it was last seen; `key` is that of its storage, or what its place is called.

    `volid` is None for what is on no storage of the cluster. `doubt` says why it is not sure that it is there and complete. An encrypted
    one needs its key, which has to be kept elsewhere; None is where that is not seen.
    """

    place: Place
    key: str
    written: datetime
    volid: str | None
    seen: datetime | None
    doubt: DoubtCode | None
    encrypted: bool | None


def copies_of(guest: Guest, context: Context, copies: Copies) -> tuple[Copy, ...]:
    """Return the newest good copy of each place, and the newest that may be good where it is newer; newest first."""
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
            if not any(archive in own for archive in archives):
                found += _perhaps_own(archives, guest, storage, listed.listing.read_at, context)
        found += (
            Copy(
                place=(storage.storage, storage.node),
                key=storage_key(storage),
                written=_written(archive, storage, context),
                volid=archive.volid,
                seen=listed.listing.read_at,
                doubt=_doubt(storage, proven=proven),
                encrypted=encrypted,
            )
            for archive, proven, encrypted in chosen
        )
    found += _on_servers(guest, copies)
    found += _replicas(guest, context)
    return tuple(sorted(found, key=lambda copy: copy.written, reverse=True))


def site_of(key: str) -> Place:
    """Return the place that a namespace of a backup server is to which no storage of the cluster leads."""
    return f"{key}@", None


def is_site(place: Place) -> bool:
    """Tell whether a place is such a namespace."""
    return place[0].endswith("@")


def replica_place(node: str) -> Place:
    """Return the place of replicas on a node: its own storages."""
    return "@replica", node


def replica_name(node: str) -> str:
    """Return what the place of replicas on a node is called."""
    return f"{node} (replica)"


def _replicas(guest: Guest, context: Context) -> Iterator[Copy]:
    """Yield the replicas of a guest's disks on other nodes, each as old as its last good run."""
    for found in context.facts.replications:
        state, target = found.state, found.job.target
        if found.job.vmid != guest.vmid or target == guest.node or state is None or state.last_sync is None:
            continue
        node = context.node(found.node)
        synced = datetime.fromtimestamp(state.last_sync, UTC) - (node.skew if node is not None else timedelta())
        yield Copy(
            place=replica_place(target),
            key=replica_name(target),
            written=synced,
            volid=None,
            seen=found.read_at,
            doubt=DoubtCode.OUT_OF_REACH if context.is_off_or_gone(target) else None,
            encrypted=None,
        )


def _on_servers(guest: Guest, copies: Copies) -> Iterator[Copy]:
    """Yield what has been copied on to where no storage of the cluster leads."""
    for copy in copies.of(guest):
        if copy.storages or copy.good is None:
            continue
        # Where the newest was found bad, nobody says of the one before that it was checked.
        doubt = DoubtCode.UNPROVEN if copy.bad else None
        if copy.unseen_since is not None or copy.away:
            doubt = DoubtCode.OUT_OF_REACH
        yield Copy(
            place=site_of(copy.key),
            key=copy.name,
            written=copy.good,
            volid=None,
            seen=copy.unseen_since,
            doubt=DoubtCode.LOG if copy.witness is Witness.LOG else doubt,
            encrypted=copy.encrypted,
        )


def _doubt(storage: StorageFacts, *, proven: bool) -> DoubtCode | None:
    if not storage.active_on or storage.unreadable is not None:
        return DoubtCode.OUT_OF_REACH
    return None if proven else DoubtCode.UNPROVEN


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


def _perhaps_own(
    archives: Iterable[Archive], guest: Guest, storage: StorageFacts, seen: datetime, context: Context
) -> Iterator[Copy]:
    """Yield the newest archive that may be a guest's, where none surely is: its date is wrong, or nothing tells whose it is."""
    since = context.there_since(guest)
    for archive in sorted(archives, key=_CTIME, reverse=True):
        if archive.guest_type not in {None, guest.guest_type} or not archive.finished:
            continue
        if archive.verification == _VERIFICATION_FAILED or (since is not None and archive.ctime < since.timestamp()):
            continue
        yield Copy(
            place=(storage.storage, storage.node),
            key=storage_key(storage),
            written=min(_written(archive, storage, context), context.facts.now),
            volid=archive.volid,
            seen=seen,
            doubt=_doubt(storage, proven=True) or DoubtCode.WHOSE,
            encrypted=archive.encrypted,
        )
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
