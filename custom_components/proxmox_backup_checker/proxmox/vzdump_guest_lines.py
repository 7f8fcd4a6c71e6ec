"""The lines that vzdump writes about one guest, and what each says.

Sources: PVE/VZDump.pm (exec_backup_task), PVE/VZDump/QemuServer.pm, PVE/VZDump/LXC.pm, PVE/Storage/Plugin.pm and PBSPlugin.pm
(prune_backups), and the messages of proxmox-backup-client. A line counts only as a whole. Hook scripts write INFO lines of
their own, so what vzdump says once is taken from its first mention.
"""

from collections.abc import Callable
from dataclasses import replace
import re

from .vzdump_records import DirtyBitmap, ExcludedDisk, GuestRun
from .vzdump_units import SIZE, parse_seconds, parse_size

type Change = Callable[[GuestRun, re.Match[str]], GuestRun]

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


def info(run: GuestRun, text: str) -> GuestRun:
    """Take an INFO line."""
    for pattern, change in _INFO_LINES.get(text[:_START_LENGTH], ()):
        if match := pattern.fullmatch(text):
            return change(run, match)
    return run


def _add[T](items: tuple[T, ...], item: T) -> tuple[T, ...]:
    return items if item in items or len(items) >= MAX_ITEMS else (*items, item)


@_info(r"status = (running|stopped)", "status = ")
def _status(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, was_running=match[1] == "running") if run.was_running is None else run


@_info(r"(?:VM|CT) Name: (.+)", "VM Name", "CT Name")
def _name(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, name=run.name or match[1])


@_info(r"backup mode: (snapshot|suspend|stop)", "backup mode")
def _mode(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, mode=run.mode or match[1])


@_info(r"mode failure - (.+)", "mode failure")
def _mode_failure(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, suspended_because=run.suspended_because or match[1])


@_info(r"bandwidth limit: (\d{1,15}) Ki?B/s", "bandwidth")
def _bandwidth_limit(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, bandwidth_limit=int(match[1]) * 1024)


@_info(r"include disk '([^']+)'.*", "include disk")
@_info(r"including mount ?point (\S+) \(.*\) in backup", "including")
def _included(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, included_disks=_add(run.included_disks, match[1]))


@_info(r"exclude disk '(?P<name>[^']+)'(?: '(?P<source>.*)')? \((?P<reason>.*)\)", "exclude disk")
@_info(r"excluding '(?P<name>[^']+)' \((?P<reason>(?P<source>)efidisks .*)\)", "excluding")
@_info(
    r"excluding (?P<kind>\S+) mount ?point (?P<name>\S+) \('(?P<source>.*)'\) from backup(?: \((?P<reason>.*)\))?",
    "excluding",
)
def _excluded(run: GuestRun, match: re.Match[str]) -> GuestRun:
    found = match.groupdict()
    disk = ExcludedDisk(
        name=match["name"], kind=found.get("kind") or "disk", source=match["source"] or None, reason=match["reason"]
    )
    return replace(run, exclusions=_add(run.exclusions, disk))


@_info(r"backup contains no disks", "backup contains")
def _no_disks(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, no_disks=True)


@_info(r"creating (?:(?P<kind>.+?) )?archive '(?P<name>.+)'", "creating")
def _archive(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return run if run.archive else replace(run, archive=match["name"], archive_kind=match["kind"])


@_info(rf"archive file size: ({SIZE})", "archive file size")
def _archive_size(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return run if run.archive_complete else replace(run, size=parse_size(match[1]), archive_complete=True)


@_info(r"(?:Duration: |End Time: ).+", "Duration", "End Time")
def _client_done(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, archive_complete=run.archive_complete or run.archive is not None)


@_info(r"adding notes to backup", "adding notes")
def _notes(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, archive_complete=True)


@_info(r"marking backup as protected", "marking")
def _protected(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, protected=True, archive_complete=True)


@_info(rf"transferred ({SIZE}) in (?:\d+|<1) seconds(?: \(({SIZE})/s\))?", "transferred")
def _transferred(run: GuestRun, match: re.Match[str]) -> GuestRun:
    if run.transferred is not None:
        return run
    # Up to Proxmox VE 6.1 this line, and only this one, counts in 1000: "transferred 34359 MB" are 32 GiB.
    kilo = 1024 if "iB" in match[1] else 1000
    transferred = parse_size(match[1], kilo)
    speed = parse_size(match[2], kilo) if match[2] else None
    if run.archive_kind in (None, "vzdump"):
        return replace(run, transferred=transferred, speed=speed)
    # Without a dirty bitmap everything was read, so this is the total that Proxmox takes as the snapshot's size.
    size = run.size if run.fast_incremental else transferred
    return replace(run, transferred=transferred, speed=speed, size=size, archive_complete=True)


@_info(rf"Total bytes written: (\d{{1,20}}) \(.*?(?:, ({SIZE})/s)?\)", "Total bytes")
def _tar_total(run: GuestRun, match: re.Match[str]) -> GuestRun:
    speed = parse_size(match[2]) if match[2] else None
    return run if run.transferred is not None else replace(run, transferred=int(match[1]), speed=speed)


@_info(
    rf"\S+: had to (?:backup|upload) ({SIZE}) of ({SIZE})\b(?:.*?\baverage (?:speed )?({SIZE})/s)?.*",
    "root.pxar",
)
def _client_stats(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(
        run,
        transferred=(run.transferred or 0) + parse_size(match[1]),
        size=(run.size or 0) + parse_size(match[2]),
        speed=parse_size(match[3]) if match[3] else run.speed,
    )


@_info(rf"\S+: average backup speed: ({SIZE})/s", "root.pxar")
def _client_speed(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, speed=parse_size(match[1]))


@_info(rf"(?:\S+: )?backup was done incrementally, reused ({SIZE}) \(.*", "backup was done", "root.pxar")
def _reused(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, reused=(run.reused or 0) + parse_size(match[1]))


@_info(
    r"(?:drive-)?(\w+): dirty-bitmap status: (.+)",
    *("ide0", "ide1", "ide2", "ide3", "sata", "scsi", "virtio", "efidisk", "tpmstate", "drive-"),
)
def _bitmap(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, bitmaps=_add(run.bitmaps, DirtyBitmap(drive=match[1], status=match[2])))


@_info(rf"using fast incremental mode \(dirty-bitmap\), .+ dirty of ({SIZE}) total", "using fast")
def _fast_incremental(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, fast_incremental=True, size=parse_size(match[1]))


@_info(r"enabling (?:client-side )?encryption(?: with master key feature)?", "enabling")
def _encrypted(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, encrypted=True)


@_info(r"(?:run: |/usr/).*proxmox-backup-client backup.* --crypt-mode[= ](\S+).*", "run: ", "/usr/bin")
def _crypt_mode(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, encrypted=match[1] == "encrypt")


@_info(r"issuing guest-agent 'fs-freeze' command", "issuing")
def _freeze(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return run if run.freeze else replace(run, freeze="done")


@_info(r"skipping guest-agent 'fs-freeze', (.+)", "skipping")
@_info(r"skipping guest filesystem freeze - (.+)", "skipping")
def _freeze_skipped(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return run if run.freeze else replace(run, freeze="skipped", freeze_detail=match[1])


@_info(r"(?:guest|vm) is online again after (\d{1,9}|<1) seconds", "guest is", "vm is")
@_info(r"resuming VM again after (\d{1,9}|<1) seconds", "resuming")
def _online_again(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, downtime=parse_seconds("0" if match[1] == "<1" else match[1]))


@_info(r"prune older backups with retention: (.+)", "prune older")
def _retention(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, retention=match[1], archive_complete=True)


@_info(r"(?:removing backup|delete old backup) '(.+)'", "removing", "delete")
def _removed(run: GuestRun, match: re.Match[str]) -> GuestRun:
    # Before 6.4 these lines are all that is said of the clean-up.
    pruned = (run.pruned or 0) + 1 if run.retention is None else run.pruned
    return replace(run, removed_archives=_add(run.removed_archives, match[1]), pruned=pruned)


@_info(r"pruned (\d{1,9}) backup\(s\).*", "pruned")
def _pruned(run: GuestRun, match: re.Match[str]) -> GuestRun:
    return replace(run, pruned=int(match[1]), prune=run.prune or "done")


_NOTES_ERROR = re.compile(r"unable to add notes - (.*)")
_UPLOAD_ERROR = re.compile(r"uploading backup task log failed.*")
_NO_KEY = re.compile(r"(?:.*) is configured with master[- ]key, but .*")


def warning(run: GuestRun, text: str) -> GuestRun:
    """Take a WARN line."""
    if len(run.warnings) < MAX_ITEMS:
        run = replace(run, warnings=(*run.warnings, text))
    if match := _NOTES_ERROR.fullmatch(text):
        return replace(run, notes_error=match[1])
    if _UPLOAD_ERROR.fullmatch(text):
        return replace(run, log_upload_error=text)
    if _NO_KEY.fullmatch(text):
        return replace(run, encrypted=False)
    return run


_PRUNE_ERROR = re.compile(r"prune '[^']*': (.*)|(error when removing backup '.*)")
_FREEZE_ERROR = re.compile(r"(?:.*'guest-fsfreeze-freeze'.*|unable to freeze guest fs - .*)")


def error(run: GuestRun, text: str) -> GuestRun:
    """Take an ERROR line that is not the guest's failure; whether it mattered, the failure tells."""
    run = replace(run, errors=_add(run.errors, text))
    if match := _PRUNE_ERROR.fullmatch(text):
        return replace(run, prune="failed", prune_error=run.prune_error or match[1] or match[2])
    if _FREEZE_ERROR.fullmatch(text):
        return replace(run, freeze="failed", freeze_detail=text)
    return run


INFO_STARTS = frozenset(_INFO_LINES)
