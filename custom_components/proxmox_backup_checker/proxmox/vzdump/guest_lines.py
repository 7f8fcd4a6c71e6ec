"""The lines that vzdump writes about one guest, and what each says.

Sources: PVE/VZDump.pm (exec_backup_task), PVE/VZDump/QemuServer.pm, PVE/VZDump/LXC.pm, PVE/Storage/Plugin.pm and PBSPlugin.pm
(prune_backups), and the messages of proxmox-backup-client. A line counts only as a whole. Hook scripts write INFO lines of
their own, so what vzdump says once is taken from its first mention, and no line takes longer to read than its length explains.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
import re
from typing import TypedDict

from .line_patterns import SIZE, parse_seconds, parse_size
from .records import DirtyBitmap, ExcludedDisk, FreezeState, GuestResult, PruneState


class GuestNotes(TypedDict, total=False):
    """What has been read of a guest's run: the fields of GuestRun that the log told so far."""

    vmid: int
    guest_type: str | None
    result: GuestResult
    error: str | None
    explanation: str | None
    name: str
    mode: str
    was_running: bool
    started: datetime | None
    finished: datetime | None
    duration: timedelta | None
    downtime: timedelta | None
    archive: str
    archive_kind: str | None
    archive_complete: bool
    size: int
    transferred: int
    reused: int
    speed: int
    bandwidth_limit: int
    encrypted: bool
    protected: bool
    included_disks: tuple[str, ...]
    disks_size: int
    exclusions: tuple[ExcludedDisk, ...]
    no_disks: bool
    bitmaps: tuple[DirtyBitmap, ...]
    fast_incremental: bool
    suspended_because: str
    freeze: FreezeState
    freeze_detail: str
    retention: str
    prune: PruneState
    prune_error: str
    pruned: int
    removed_archives: tuple[str, ...]
    notes_error: str
    log_upload_error: str
    warnings: tuple[str, ...]
    errors: tuple[str, ...]


type Change = Callable[[GuestNotes, re.Match[str]], object]

_CRYPT_MODE = re.compile(r" '?--crypt-mode[= ]([a-z-]+)")

# Enough for any real log; a bound so that a log of any size is read in constant memory.
MAX_ITEMS = 200

_START_LENGTH = 4
_INFO_LINES: dict[str, list[tuple[re.Pattern[str], Change]]] = {}


def _info(pattern: str, *starts: str) -> Callable[[Change], Change]:
    """Register what an INFO line says; `starts` are the first four characters that such a line can have."""

    def register(change: Change) -> Change:
        for start in starts:
            _INFO_LINES.setdefault(start[:_START_LENGTH], []).append((re.compile(pattern), change))
        return change

    return register


def info(notes: GuestNotes, text: str) -> None:
    """Take an INFO line."""
    for pattern, change in _INFO_LINES.get(text[:_START_LENGTH], ()):
        if match := pattern.fullmatch(text):
            change(notes, match)
            return


def _add[T](items: tuple[T, ...], item: T) -> tuple[T, ...]:
    return items if item in items or len(items) >= MAX_ITEMS else (*items, item)


@_info(r"status = (running|stopped)", "status = ")
def _status(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("was_running", match[1] == "running")


@_info(r"(?:VM|CT) Name: (.+)", "VM Name", "CT Name")
def _name(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("name", match[1])


@_info(r"backup mode: (snapshot|suspend|stop)", "backup mode")
def _mode(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("mode", match[1])


@_info(r"mode failure - (.+)", "mode failure")
def _mode_failure(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("suspended_because", match[1])


@_info(r"bandwidth limit: (\d{1,15}) Ki?B/s", "bandwidth")
def _bandwidth_limit(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("bandwidth_limit", int(match[1]) * 1024)


@_info(r"include disk '([^']+)'(?: '[^']*'(?: (\d+(?:\.\d+)?)([KMGT])B?)?)?.*", "include disk")
def _included_disk(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["included_disks"] = _add(notes.get("included_disks", ()), match[1])
    if match[2] is not None:
        size = int(float(match[2]) * 1024 ** ("KMGT".index(match[3]) + 1))
        notes["disks_size"] = notes.get("disks_size", 0) + size


@_info(r"including mount ?point (\S+) \(.*\) in backup", "including")
def _included(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["included_disks"] = _add(notes.get("included_disks", ()), match[1])


@_info(r"exclude disk '(?P<name>[^']+)'(?: '(?P<source>[^']*)')? \((?P<reason>.*)\)", "exclude disk")
@_info(r"excluding '(?P<name>[^']+)' \((?P<reason>(?P<source>)efidisks .*)\)", "excluding")
@_info(
    r"excluding (?P<kind>\S+) mount ?point (?P<name>\S+) \('(?P<source>.*)'\) from backup(?: \((?P<reason>[^()]*)\))?",
    "excluding",
)
def _excluded(notes: GuestNotes, match: re.Match[str]) -> None:
    kind = match.groupdict().get("kind") or "disk"
    disk = ExcludedDisk(name=match["name"], kind=kind, source=match["source"] or None, reason=match["reason"])
    notes["exclusions"] = _add(notes.get("exclusions", ()), disk)


@_info(r"backup contains no disks", "backup contains")
def _no_disks(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["no_disks"] = True


@_info(r"creating (?:(?P<kind>[^']+?) )?archive '(?P<name>.+)'", "creating")
def _archive(notes: GuestNotes, match: re.Match[str]) -> None:
    if "archive" not in notes:
        notes["archive"], notes["archive_kind"] = match["name"], match["kind"]


@_info(rf"archive file size: ({SIZE})", "archive file size")
def _archive_size(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("size", parse_size(match[1]))
    notes["archive_complete"] = True


@_info(r"(?:Duration: |End Time: ).+", "Duration", "End Time")
def _client_done(notes: GuestNotes, match: re.Match[str]) -> None:
    if "archive" in notes:
        notes["archive_complete"] = True


@_info(r"adding notes to backup", "adding notes")
def _notes(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["archive_complete"] = True


@_info(r"marking backup as protected", "marking")
def _protected(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["protected"] = notes["archive_complete"] = True


@_info(rf"transferred ({SIZE}) in (?:\d+|<1) seconds(?: \(({SIZE})/s\))?", "transferred")
def _transferred(notes: GuestNotes, match: re.Match[str]) -> None:
    if "transferred" in notes:
        return
    # Up to Proxmox VE 6.1 this line, and only this one, counts in 1000: "transferred 34359 MB" are 32 GiB.
    kilo = 1024 if "iB" in match[1] else 1000
    notes["transferred"] = parse_size(match[1], kilo)
    if match[2]:
        notes["speed"] = parse_size(match[2], kilo)
    if notes.get("archive_kind") not in (None, "vzdump"):
        # Without a dirty bitmap everything was read, so this is the total that Proxmox takes as the snapshot's size.
        notes.setdefault("size", notes["transferred"])
        notes["archive_complete"] = True


@_info(rf"Total bytes written: (\d{{1,20}}) \(.*?(?:, ({SIZE})/s)?\)", "Total bytes")
def _tar_total(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("transferred", int(match[1]))
    if match[2]:
        notes.setdefault("speed", parse_size(match[2]))


@_info(rf"\S+: had to (?:backup|upload) ({SIZE}) of ({SIZE})\b(?:.*?\baverage (?:speed )?({SIZE})/s)?.*", "root.pxar")
def _client_stats(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["transferred"] = notes.get("transferred", 0) + parse_size(match[1])
    notes["size"] = notes.get("size", 0) + parse_size(match[2])
    if match[3]:
        notes["speed"] = parse_size(match[3])


@_info(rf"\S+: average backup speed: ({SIZE})/s", "root.pxar")
def _client_speed(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["speed"] = parse_size(match[1])


@_info(rf"(?:\S+: )?backup was done incrementally, reused ({SIZE}) \(.*", "backup was done", "root.pxar")
def _reused(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["reused"] = notes.get("reused", 0) + parse_size(match[1])


@_info(
    r"(?:drive-)?(\w+): dirty-bitmap status: (.+)",
    *("ide0", "ide1", "ide2", "ide3", "sata", "scsi", "virtio", "efidisk", "tpmstate", "drive-"),
)
def _bitmap(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["bitmaps"] = _add(notes.get("bitmaps", ()), DirtyBitmap(drive=match[1], status=match[2]))


@_info(rf"using fast incremental mode \(dirty-bitmap\), .+ dirty of ({SIZE}) total", "using fast")
def _fast_incremental(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["fast_incremental"] = True
    notes.setdefault("size", parse_size(match[1]))


@_info(r"enabling (?:client-side )?encryption(?: with master key feature)?", "enabling")
def _encrypted(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["encrypted"] = True


@_info(r"(?:run: |/usr/).*proxmox-backup-client backup .*", "run: ", "/usr/bin")
def _crypt_mode(notes: GuestNotes, match: re.Match[str]) -> None:
    if mode := _CRYPT_MODE.search(match[0]):
        notes["encrypted"] = mode[1] == "encrypt"


@_info(r"issuing guest-agent 'fs-freeze' command", "issuing")
def _freeze(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("freeze", "done")


@_info(r"skipping guest-agent 'fs-freeze', (.+)", "skipping")
@_info(r"skipping guest filesystem freeze - (.+)", "skipping")
def _freeze_skipped(notes: GuestNotes, match: re.Match[str]) -> None:
    if "freeze" not in notes:
        notes["freeze"], notes["freeze_detail"] = "skipped", match[1]


@_info(r"(?:guest|vm) is online again after (\d{1,9}|<1) seconds", "guest is", "vm is")
@_info(r"resuming VM again after (\d{1,9}|<1) seconds", "resuming")
def _online_again(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["downtime"] = parse_seconds("0" if match[1] == "<1" else match[1])


@_info(r"prune older backups with retention: (.+)", "prune older")
def _retention(notes: GuestNotes, match: re.Match[str]) -> None:
    notes.setdefault("retention", match[1])
    notes["archive_complete"] = True


@_info(r"(?:removing backup|delete old backup) '(.+)'", "removing", "delete")
def _removed(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["removed_archives"] = _add(notes.get("removed_archives", ()), match[1])
    if "retention" not in notes:
        # Before 6.4 these lines are all that is said of the clean-up.
        notes["pruned"] = notes.get("pruned", 0) + 1


@_info(r"pruned (\d{1,9}) backup\(s\).*", "pruned")
def _pruned(notes: GuestNotes, match: re.Match[str]) -> None:
    notes["pruned"] = int(match[1])
    notes.setdefault("prune", "done")


INFO_STARTS = frozenset(_INFO_LINES)

_NOTES_ERROR = re.compile(r"unable to add notes - (.*)")
_UPLOAD_ERROR = re.compile(r"uploading backup task log failed.*")
_NO_KEY = re.compile(r"backup target.* is configured with master[- ]key, but .*")


def warning(notes: GuestNotes, text: str) -> None:
    """Take a WARN line."""
    if len(warnings := notes.get("warnings", ())) < MAX_ITEMS:
        notes["warnings"] = (*warnings, text)
    if match := _NOTES_ERROR.fullmatch(text):
        notes["notes_error"] = match[1]
    elif _UPLOAD_ERROR.fullmatch(text):
        notes["log_upload_error"] = text
    elif _NO_KEY.fullmatch(text):
        notes["encrypted"] = False


_PRUNE_ERROR = re.compile(r"prune '[^']*': (.*)|(error when removing backup '.*)")
_FREEZE_ERROR = re.compile(r"(?:.*'guest-fsfreeze-freeze'.*|unable to freeze guest fs - .*)")


def error(notes: GuestNotes, text: str) -> None:
    """Take an ERROR line that is not the guest's failure; whether it mattered, the failure tells."""
    notes["errors"] = _add(notes.get("errors", ()), text)
    if match := _PRUNE_ERROR.fullmatch(text):
        notes["prune"] = "failed"
        notes.setdefault("prune_error", match[1] or match[2])
    elif _FREEZE_ERROR.fullmatch(text):
        notes["freeze"], notes["freeze_detail"] = "failed", text
