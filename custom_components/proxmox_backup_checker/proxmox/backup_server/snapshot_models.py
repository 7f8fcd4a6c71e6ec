"""Backups on a datastore as the API answers: groups, and the snapshots of a group."""

from dataclasses import dataclass
from sys import intern
from typing import Final

from ..api.fields import Fields, Rows
from .namespace import GroupId, SnapshotId
from .upid import Upid

MANIFEST: Final = "index.json.blob"
"""A snapshot without it is unfinished, or broken."""
_LONGEST_LIST_OF_FILES: Final = 200
_STATES: Final = frozenset({"ok", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A backup group, the cheap listing.

    `last_backup`, in epoch seconds, is that of the newest finished snapshot; where there is but one and that is unfinished, it is
    its own and `finished` is False. `backup_count` counts unfinished ones too.
    """

    ns: str
    group: GroupId
    last_backup: int | None
    backup_count: int
    finished: bool
    owner: str | None
    comment: str | None

    @classmethod
    def list_from_api(cls, data: object, store: str, ns: str) -> Rows[Group]:
        """Parse `/admin/datastore/{store}/groups`, ordered by type and id."""
        found = Fields.each(data, f"/admin/datastore/{store}/groups", lambda row: cls._from_row(row, ns))
        return Rows(tuple(sorted(found.items, key=lambda group: group.group)), found.odd)

    @classmethod
    def _from_row(cls, row: Fields, ns: str) -> Group:
        count = row.integer("backup-count")
        files = row.values.get("files", [])
        if not isinstance(files, list):
            raise row.wrong("files", "a list")
        return cls(
            ns=ns,
            group=_group_of(row),
            # An empty group, listed since 4.1.9, has 0.
            last_backup=(row.optional_epoch("last-backup") or None) if count else None,
            backup_count=count,
            finished=MANIFEST in files,
            owner=row.one_line("owner"),
            comment=row.one_line("comment") or None,
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """The last check of a snapshot: whether it was good, and the task, which may be that of another server.

    `upid` is None where the server names no task that we can read.
    """

    ok: bool
    upid: Upid | None


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file of a snapshot; `crypt_mode` is none, encrypt or sign-only."""

    name: str
    crypt_mode: str | None
    size: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A snapshot, the expensive listing; `size` is that of its files, not what it takes.

    `fingerprint` is that of the encryption key. `verification` is None where nobody has checked it.
    """

    ns: str
    id: SnapshotId
    owner: str | None
    protected: bool
    finished: bool
    size: int | None
    comment: str | None
    fingerprint: str | None
    verification: Verification | None
    files: tuple[BackupFile, ...]

    @classmethod
    def list_from_api(cls, data: object, store: str, ns: str) -> Rows[Snapshot]:
        """Parse `/admin/datastore/{store}/snapshots`, ordered by group and time: the server has no order."""
        found = Fields.each(data, f"/admin/datastore/{store}/snapshots", lambda row: cls._from_row(row, ns))
        return Rows(tuple(sorted(found.items, key=lambda snapshot: snapshot.id)), found.odd)

    @classmethod
    def _from_row(cls, row: Fields, ns: str) -> Snapshot:
        source = row.source
        listed = row.values.get("files")
        # A text stands for a file of which nothing but the name is known.
        files = tuple(
            _file(Fields.of({"filename": entry} if isinstance(entry, str) else entry, source))
            for entry in (listed[:_LONGEST_LIST_OF_FILES] if isinstance(listed, list) else _no_list(row))
        )
        return cls(
            ns=ns,
            id=SnapshotId(_group_of(row), row.epoch("backup-time")),
            owner=_shared(row.one_line("owner")),
            protected=row.flag("protected"),
            finished=any(file.name == MANIFEST for file in files),
            size=row.optional_integer("size"),
            comment=_shared(row.one_line("comment") or None),
            fingerprint=_shared(row.one_line("fingerprint") or None),
            verification=_verification(row),
            files=files,
        )

    @property
    def encrypted(self) -> bool:
        """Whether it can be read with a key only."""
        return self.fingerprint is not None or any(file.crypt_mode == "encrypt" for file in self.files)

    @property
    def ctime(self) -> int:
        """When it was begun, by which a prune chooses."""
        return self.id.backup_time

    @property
    def renamed(self) -> bool:
        """Whether a prune would not know it: no snapshot has a name of its own."""
        return False

    @property
    def partial(self) -> bool:
        """Whether a prune takes it for unfinished."""
        return not self.finished


def _no_list(row: Fields) -> list[object]:
    raise row.wrong("files", "a list")


def _group_of(row: Fields) -> GroupId:
    try:
        return GroupId.parse(f"{row.text('backup-type')}/{row.text('backup-id')}")
    except ValueError:
        raise row.wrong("backup-id", "a backup group") from None


def _file(row: Fields) -> BackupFile:
    # The same few texts stand in every snapshot of a server that has tens of thousands.
    return BackupFile(
        intern(row.identifier("filename")), _shared(row.one_line("crypt-mode")), row.optional_integer("size")
    )


def _shared(text: str | None) -> str | None:
    return None if text is None else intern(text)


def _verification(row: Fields) -> Verification | None:
    """Return the check of a snapshot; what cannot be understood of it must not hide the snapshot, nor call it checked."""
    value = row.values.get("verification")
    if not isinstance(value, dict) or value.get("state") not in _STATES:
        return None
    text = value.get("upid")
    try:
        upid = Upid.parse(text) if isinstance(text, str) else None
    except ValueError:
        upid = None
    return Verification(value["state"] == "ok", upid)
