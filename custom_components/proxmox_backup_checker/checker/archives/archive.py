"""What a storage's archives prove: which are there, whose they are, and which of them are good backups."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
import re
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import Archive
from ...proxmox.retention import Backup, KeepOptions, Mark, prune

INCOMPLETE_AFTER: Final = timedelta(hours=24)
# Names and clocks of archives are those of the node that wrote them.
_CLOCKS_DIFFER: Final = timedelta(minutes=1)
# Another file system below the same path has another size; growth of a pool is rarely as much.
_ANOTHER_SIZE: Final = 0.2
_LEAST_ARCHIVES: Final = 3
_ON_SERVER: Final = ("backup/vm/", "backup/ct/")
# PVE/Storage.pm, archive_info: only such a name tells guest and time; prune leaves every other alone. A backup server has no
# other names.
_STANDARD_NAME: Final = re.compile(
    r"[^:]*:(?:backup/(?:vm|ct)/.*|(?:[^:]*/)?"
    r"vzdump-(?:lxc|openvz|qemu)-[1-9][0-9]{2,8}-[0-9]{4}_[0-9]{2}_[0-9]{2}-[0-9]{2}_[0-9]{2}_[0-9]{2}\.[a-z0-9.]+)"
)

type _Group = tuple[int | None, str | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """The guest whose archives are wanted.

    Archives from before `created` belong to another guest that had the same VMID, as do those whose notes are one of
    `former_names`: names of guests that are known to be gone. None and no names where nothing is known of its past.
    """

    vmid: int
    guest_type: str
    created: datetime | None = None
    former_names: frozenset[str] = field(default_factory=frozenset)


def file_name(archive: Archive) -> str:
    """Return an archive's name without its storage and folder; for a backup server that of the whole snapshot."""
    path = archive.volid.partition(":")[2]
    return path if path.startswith(_ON_SERVER) else path.rpartition("/")[2]


def logged_name(archive: Archive) -> str:
    """Return the name under which a run's log tells an archive."""
    path = archive.volid.partition(":")[2]
    return path.removeprefix("backup/") if path.startswith(_ON_SERVER) else path.rpartition("/")[2]


def is_renamed(archive: Archive) -> bool:
    """Tell whether an archive has a name of its own, which the content call does not say, so that prune leaves it."""
    return archive.renamed or _STANDARD_NAME.fullmatch(archive.volid) is None


def _on_backup_server(archive: Archive) -> bool:
    """Tell a snapshot, as in pbs:backup/vm/101/2026-01-13T01:00:00Z, from a file."""
    return archive.volid.partition(":")[2].startswith(_ON_SERVER)


def as_backup(archive: Archive) -> Backup:
    """Return an archive as prune looks at it."""
    unfinished = not archive.finished and _on_backup_server(archive)
    return Backup(archive.ctime, archive.protected, is_renamed(archive), unfinished)


def each_once(archives: Iterable[Archive]) -> list[Archive]:
    """Return every archive once, however many nodes or storage ids show it.

    Files are the same when name, size and ctime are; a size that one listing does not tell differs from none. The listing
    that tells more wins. Snapshots of backup servers are only the same on one storage: elsewhere they are copies.
    """
    found: dict[tuple[str, int], list[Archive]] = {}
    for archive in archives:
        place = f"{archive.storage}:" if _on_backup_server(archive) else ""
        twins = found.setdefault((place + file_name(archive), archive.ctime), [])
        for index, twin in enumerate(twins):
            if archive.size is None or twin.size is None or archive.size == twin.size:
                twins[index] = twin if twin.size is not None or archive.size is None else archive
                break
        else:
            twins.append(archive)
    return [archive for twins in found.values() for archive in twins]


def belongs_to(archive: Archive, owner: Owner) -> bool:
    """Tell whether an archive is of this very guest, not of another one with the same VMID."""
    if archive.vmid != owner.vmid or archive.guest_type not in {None, owner.guest_type}:
        return False
    if owner.created is not None and archive.ctime < (owner.created - _CLOCKS_DIFFER).timestamp():
        return False
    return (archive.notes or "").strip() not in owner.former_names


def good_backups(archives: Iterable[Archive], owner: Owner) -> list[Archive]:
    """Return the finished archives of a guest, newest first, each once."""
    good = [archive for archive in each_once(archives) if archive.finished and belongs_to(archive, owner)]
    return sorted(good, key=lambda archive: (-archive.ctime, archive.volid))


def incomplete(archives: Iterable[Archive], owner: Owner, *, running: bool, now: datetime) -> list[Archive]:
    """Return the snapshots of a guest that no run will finish any more, newest first.

    Those of the last day are left out, and all of them while a run of this guest is going on.
    """
    if running:
        return []
    oldest_open = (now - INCOMPLETE_AFTER).timestamp()
    left = [
        archive
        for archive in each_once(archives)
        if not archive.finished
        and _on_backup_server(archive)
        and belongs_to(archive, owner)
        and archive.ctime <= oldest_open
    ]
    return sorted(left, key=lambda archive: -archive.ctime)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What a backup server's verification says of a guest's good backups; `failed` newest first."""

    newest: Archive | None
    newest_verified: Archive | None
    failed: tuple[Archive, ...]

    @classmethod
    def of(cls, good: Sequence[Archive]) -> Verification:
        """Look at good backups, newest first."""
        return cls(
            newest=good[0] if good else None,
            newest_verified=next((archive for archive in good if archive.verification == "ok"), None),
            failed=tuple(archive for archive in good if archive.verification == "failed"),
        )

    @property
    def newest_failed(self) -> bool:
        """Whether the very backup that would be restored is broken; older ones are the storage's affair."""
        return self.newest is not None and self.newest.verification == "failed"

    @property
    def never_verified(self) -> bool:
        """Whether nobody verifies: no state at all, good or bad."""
        return self.newest_verified is None and not self.failed


class Change(StrEnum):
    """What has happened between two listings of a storage."""

    NONE = "none"
    VANISHED = "vanished"
    ANOTHER_STORAGE = "another_storage"


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two listings compared; `vanished` are the archives whose absence retention does not explain, newest first."""

    change: Change
    vanished: tuple[Archive, ...] = ()


def compare(
    before: Sequence[Archive],
    after: Sequence[Archive],
    keeps: Mapping[int, KeepOptions],
    zone: ZoneInfo,
    *,
    sizes: tuple[int | None, int | None] = (None, None),
) -> Comparison:
    """Compare two complete listings of one storage, the older one first.

    `keeps` is the retention by VMID, for the guests whose jobs prune there; `sizes` are the storage's total sizes in bytes.
    Where every archive has gone at once, or what is there instead is on a storage of another size, something else is
    mounted: that proves nothing of the archives.
    """
    known = {file_name(archive) for archive in after}
    gone = [archive for archive in before if file_name(archive) not in known]
    if len(gone) == len(before) >= _LEAST_ARCHIVES and (not after or _resized(*sizes)):
        return Comparison(change=Change.ANOTHER_STORAGE)
    pruned = _pruned({(archive.vmid, archive.guest_type) for archive in gone}, before, after, keeps, zone)
    unexplained = [archive for archive in gone if file_name(archive) not in pruned]
    unexplained.sort(key=lambda archive: -archive.ctime)
    return Comparison(change=Change.VANISHED if unexplained else Change.NONE, vanished=tuple(unexplained))


def _resized(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and abs(after - before) > _ANOTHER_SIZE * before


def _pruned(
    groups: Collection[_Group],
    before: Sequence[Archive],
    after: Sequence[Archive],
    keeps: Mapping[int, KeepOptions],
    zone: ZoneInfo,
) -> set[str]:
    """Return the names of what prune may have removed since: every new archive of a group let it look again."""
    members: dict[_Group, list[Archive]] = {group: [] for group in groups}
    for archive in each_once([*before, *after]):
        if (group := (archive.vmid, archive.guest_type)) in members:
            members[group].append(archive)
    pruned: set[str] = set()
    for (vmid, _), archives in members.items():
        if vmid is None or (keep := keeps.get(vmid)) is None:
            continue
        marks = prune([as_backup(archive) for archive in archives], keep, zone)
        pruned |= {file_name(archive) for archive, mark in zip(archives, marks, strict=True) if mark is Mark.REMOVE}
    return pruned
