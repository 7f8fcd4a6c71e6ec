"""Names, numbers and times as a backup server writes them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def time_text(epoch: float) -> str:
    """Return the time of a snapshot, `2026-09-10T01:00:03Z`."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"


def stamp(epoch: float, zone: ZoneInfo) -> str:
    """Return the time before a line of a log, in the server's zone."""
    return datetime.fromtimestamp(int(epoch), zone).isoformat()


def human_byte(size: float) -> str:
    """Return a size as logs have it (proxmox-human-byte)."""
    unit = 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size /= 1024
        unit += 1
    return f"{size:.3f}".rstrip("0").rstrip(".") + f" {UNITS[unit]}"


def path_of(ns: str) -> str:
    """Return a namespace as paths have it, `ns/home/ns/berlin`."""
    return "/".join(f"ns/{part}" for part in ns.split("/")) if ns else ""


def store_and_ns(store: str, ns: str) -> str:
    """Return a place as logs have it."""
    return f"datastore '{store}', namespace '{ns}'" if ns else f"datastore '{store}', root namespace"


def escape_id(text: str) -> str:
    """Return the id of a worker as it stands in a UPID (proxmox-schema/src/upid.rs)."""
    dotted = text.startswith(".")
    escaped = "".join(
        "-" if byte == ord("/") else chr(byte) if byte in PLAIN else f"\\x{byte:02x}" for byte in text.encode()
    )
    return "\\x2e" + escaped[1:] if dotted else escaped
