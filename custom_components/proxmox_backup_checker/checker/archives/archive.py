"""What a storage's archives prove: which are there, whose they are, and which of them are good backups."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import Archive
from ...proxmox.retention import KeepOptions, Mark, prune

_LEAST_ARCHIVES: Final = 3
_ON_SERVER: Final = ("backup/vm/", "backup/ct/")

type _Group = tuple[int | None, str | None]


def file_name(archive: Archive) -> str:
    """Return an archive's name without its storage and folder; for a backup server that of the whole snapshot."""
    path = archive.volid.partition(":")[2]
    return path if path.startswith(_ON_SERVER) else path.rpartition("/")[2]


def logged_name(archive: Archive) -> str:
    """Return the name under which a run's log tells an archive."""
    path = archive.volid.partition(":")[2]
    return path.removeprefix("backup/") if path.startswith(_ON_SERVER) else path.rpartition("/")[2]


def _on_backup_server(archive: Archive) -> bool:
    """Tell a snapshot, as in pbs:backup/vm/101/2026-01-13T01:00:00Z, from a file."""
    return archive.volid.partition(":")[2].startswith(_ON_SERVER)


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


def archive_time(archive: Archive) -> datetime:
    """Return when an archive was begun, as its storage dates it."""
    return datetime.fromtimestamp(archive.ctime, UTC)


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
) -> Comparison:
    """Compare two complete listings of one storage, the older one first.

    `keeps` is the retention by VMID, for the guests whose jobs prune there. Where every archive has gone
    at once, something else is mounted: that proves nothing of the archives.
    """
    known = {file_name(archive) for archive in after}
    gone = [archive for archive in before if file_name(archive) not in known]
    if len(gone) == len(before) >= _LEAST_ARCHIVES and not after:
        return Comparison(change=Change.ANOTHER_STORAGE)
    pruned = _pruned({(archive.vmid, archive.guest_type) for archive in gone}, before, after, keeps, zone)
    unexplained = [archive for archive in gone if file_name(archive) not in pruned]
    unexplained.sort(key=lambda archive: -archive.ctime)
    return Comparison(change=Change.VANISHED if unexplained else Change.NONE, vanished=tuple(unexplained))


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
        marks = prune(archives, keep, zone)
        pruned |= {file_name(archive) for archive, mark in zip(archives, marks, strict=True) if mark is Mark.REMOVE}
    return pruned
