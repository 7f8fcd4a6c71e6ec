"""Which backups a prune keeps (PVE::Storage::prune_mark_backup_group)."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from .storages import Archive

type Mark = str

PERIODS: dict[str, Callable[[datetime], str]] = {
    "keep-last": lambda moment: str(moment.timestamp()),
    "keep-hourly": lambda moment: f"{moment:%Y-%m-%d %H}",
    "keep-daily": lambda moment: f"{moment:%Y-%m-%d}",
    "keep-weekly": lambda moment: f"{moment:%G-%V}",
    "keep-monthly": lambda moment: f"{moment:%Y-%m}",
    "keep-yearly": lambda moment: f"{moment:%Y}",
}


def parse(text: str | None) -> dict[str, int]:
    """Return the options of a property string such as `keep-daily=7,keep-weekly=4`."""
    pairs = [part.split("=") for part in (text or "").split(",") if part]
    return {name: int(number) for name, number in pairs}


def describe(keep: dict[str, int]) -> str:
    """Return the options as Proxmox prints them, sorted."""
    return ", ".join(f"{name}={keep[name]}" for name in sorted(keep))


def unlimited(keep: dict[str, int]) -> bool:
    """Tell whether nothing is ever removed."""
    return bool(keep.get("keep-all")) or not any(keep.get(name) for name in PERIODS)


def marks(
    archives: list[Archive],
    keep: dict[str, int],
    zone: ZoneInfo,
    ctime: Callable[[Archive], int] = lambda archive: archive.ctime,
) -> dict[Archive, Mark]:
    """Return keep, remove, protected or renamed for each backup of one guest; `ctime` is the moment that counts."""
    result: dict[Archive, Mark] = {}
    for archive in archives:
        if archive.renamed or archive.protected:
            result[archive] = "renamed" if archive.renamed else "protected"
    group = sorted((entry for entry in archives if entry not in result), key=lambda entry: -ctime(entry))
    if unlimited(keep):
        return result | dict.fromkeys(group, "keep")
    for name, bucket in PERIODS.items():
        if keep.get(name):
            _apply(group, result, keep[name], lambda entry, b=bucket: b(datetime.fromtimestamp(ctime(entry), zone)))  # type: ignore[misc]
    return {entry: result.get(entry, "remove") for entry in archives}


def _apply(group: list[Archive], result: dict[Archive, Mark], count: int, bucket_of: Callable[[Archive], str]) -> None:
    covered = {bucket_of(entry) for entry in group if result.get(entry) == "keep"}
    new: set[str] = set()
    for entry in group:
        bucket = bucket_of(entry)
        if entry in result or bucket in covered:
            continue
        if bucket in new:
            result[entry] = "remove"
            continue
        if len(new) >= count:
            break
        new.add(bucket)
        result[entry] = "keep"
