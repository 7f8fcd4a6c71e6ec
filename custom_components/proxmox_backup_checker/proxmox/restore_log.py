"""Reader of the logs that restores leave: `qmrestore`, `vzrestore`, and the restore that starts the guest at once.

Line forms as in PVE/QemuServer.pm (restore_proxmox_backup_archive, restore_vma_archive), PVE/LXC/Create.pm and pbs-restore.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
import re
from typing import Final, Self
from zoneinfo import ZoneInfo

_SNAPSHOT: Final = r"(?P<archive>(?P<kind>vm|ct)/(?P<vmid>[1-9]\d{2,8})/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
_FILE: Final = (
    r"(?P<archive>vzdump-(?P<kind>qemu|lxc|openvz)-(?P<vmid>[1-9]\d{2,8})"
    r"-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d\.(?:vma|tar|tgz)[a-z0-9.]*)"
)
_IMAGE: Final = re.compile(
    rf"restore proxmox backup image: .*?--repository (?P<repository>\S+)(?: --ns (?P<namespace>\S+))? {_SNAPSHOT} "
)
_LIVE: Final = re.compile(rf"repository: '(?P<repository>[^']+)', snapshot: '{_SNAPSHOT}'")
_NAME: Final = re.compile(_FILE)
_VMA: Final = "restore vma archive: "
_EXTRACTING: Final = "extracting archive "
_VOLUME: Final = re.compile(
    rf"(?:restoring|recovering backed-up configuration from) '(?P<storage>[A-Za-z][\w.-]*):backup/(?:{_SNAPSHOT}|(?:\S*/)?%s)'"
    % _FILE.replace("?P<archive>", "?P<file>").replace("?P<kind>", "?P<file_kind>").replace("?P<vmid>", "?P<file_vmid>")
)
_IMAGE_DONE: Final = re.compile(r"restore image complete \(bytes=(\d+),")
_BYTES: Final = re.compile(r"[Tt]otal bytes read:? (\d+)")
_TYPES: Final = {"vm": "qemu", "ct": "lxc", "openvz": "lxc"}
_MAX_LINE: Final = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoredArchive:
    """What was restored, as the log names it: the archive by the name that backup logs have, and whose it is.

    `storage` is None where the log names a `repository` or a `folder` instead, `namespace` None where it does not tell one.
    """

    name: str
    vmid: int
    guest_type: str
    storage: str | None = None
    repository: str | None = None
    namespace: str | None = None
    folder: str | None = None

    def copied(self, zone: ZoneInfo | None) -> datetime | None:
        """Return the moment of the backup by its name; a file's is in the `zone` of the node that wrote it."""
        try:
            if "/" in self.name:
                return datetime.fromisoformat(self.name.rpartition("/")[2])
            text = re.sub(r"^vzdump-[a-z]+-\d+-", "", self.name)[:19]
            local = datetime.strptime(text, "%Y_%m_%d-%H_%M_%S")
            return local.replace(tzinfo=zone).astimezone(UTC) if zone is not None else None
        except ValueError:
            return None

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        """Make it of a line that names an archive."""
        found = match.groupdict()
        kind = found.get("kind") or found.get("file_kind") or ""
        repository = found.get("repository")
        return cls(
            name=found.get("archive") or found.get("file") or "",
            vmid=int(found.get("vmid") or found.get("file_vmid") or 0),
            guest_type=_TYPES.get(kind, kind),
            storage=found.get("storage"),
            repository=repository,
            namespace=found.get("namespace") or (None if repository is None or match.re is _LIVE else ""),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreLog:
    """What a log says of a restore; whether it went well is the task's to say.

    `archive` is None where none is named. `is_whole` is False where an image of a backup server was begun and not completed.
    `size` are the bytes that were written or read, None where the log does not tell. `is_live` tells that the guest ran from
    its backup while it was restored, `is_started` that Proxmox was told to start it afterwards.
    """

    archive: RestoredArchive | None = None
    is_whole: bool = True
    size: int | None = None
    is_live: bool = False
    is_started: bool = False


@dataclass(slots=True)
class _Draft:
    archive: RestoredArchive | None = None
    begun: int = 0
    done: list[int] = field(default_factory=list)
    size: int | None = None
    is_live: bool = False
    is_started: bool = False

    def take(self, line: str) -> None:
        """Take what a line says."""
        if (match := _IMAGE.match(line)) is not None:
            self.begun += 1
            self.archive = self.archive or RestoredArchive.of(match)
        elif match := _LIVE.match(line) or _VOLUME.match(line):
            self.archive = self.archive or RestoredArchive.of(match)
        elif line.startswith((_VMA, _EXTRACTING)):
            self.archive = self.archive or _file_in(line)
        elif match := _IMAGE_DONE.match(line):
            self.done.append(int(match[1]))
        elif match := _BYTES.match(line):
            self.size = int(match[1])
        elif line.startswith("starting VM for live-restore"):
            self.is_live = True
        elif line.startswith("Execute autostart"):
            self.is_started = True


def _file_in(line: str) -> RestoredArchive | None:
    """Return the backup whose path a line names among its words."""
    for word in line.split():
        folder, slash, name = word.strip("'").rpartition("/")
        if slash and (match := _NAME.fullmatch(name)) is not None:
            return replace(RestoredArchive.of(match), folder=folder + slash)
    return None


def parse(text: str) -> RestoreLog:
    """Read a whole log; never raises."""
    draft = _Draft()
    for line in text.splitlines():
        draft.take(line[:_MAX_LINE].strip())
    return RestoreLog(
        archive=draft.archive,
        is_whole=len(draft.done) >= draft.begun,
        size=sum(draft.done) if draft.done else draft.size,
        is_live=draft.is_live,
        is_started=draft.is_started,
    )
