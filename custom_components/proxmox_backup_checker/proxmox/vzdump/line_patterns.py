"""Sizes and times as vzdump, QEMU, tar and the clients of the backup server print them."""

from datetime import datetime, timedelta
import re

SIZE = r"\d{1,15}(?:\.\d{1,9})? ?[KMGTPE]?i?B"
STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"

# Times as vzdump writes them, those of Proxmox VE 4 without a year, and those that people cut down to the time of day.
_TIME = rf"{STAMP}|(?:[A-Z][a-z]{{2}} [ \d]\d )?\d\d:\d\d:\d\d"
PREFIXED = re.compile(rf"(?:\d{{1,12}}: )?(?:({_TIME}) )?(INFO|WARN|ERROR):(?: (.*))?", re.DOTALL)
STARTED = re.compile(r"Starting Backup of VM (\d{1,12}) \(([^()]+)\)")
FAILED = re.compile(r"Backup of VM (\d{1,12}) failed(?: -(?: (.*))?)?")

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?([KMGTPE]?)i?B")
_FILE_TIME = re.compile(r"-(\d{4})_\d\d_\d\d-\d\d_\d\d_\d\d")


def parse_size(text: str, kilo: int = 1024) -> int:
    """Bytes of `3.21GB`, `628.00 MiB` or `0 B`; vzdump counts in 1024 under either name. ValueError on other text."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a size: {text!r}")
    return round(float(match[1]) * float(kilo) ** " KMGTPE".index(match[2] or " "))


def parse_clock(hours: str, minutes: str, seconds: str) -> timedelta | None:
    """Duration from its parts; hours may have any number of digits. None where it is longer than time itself."""
    try:
        return timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    except OverflowError, ValueError:
        return None


def parse_seconds(text: str) -> timedelta | None:
    """Duration from a number of seconds."""
    return parse_clock("0", "0", text)


class Stamps:
    """Reads the times of one guest's lines, the year-less `Jul 12 12:00:01` of Proxmox VE 4 included.

    The year of such a time is only known from the name of the archive.
    """

    def __init__(self, archive: str | None) -> None:
        """Take the year from the archive's name, if it has one."""
        match = _FILE_TIME.search(archive) if archive else None
        self._year = int(match[1]) if match else None

    def read(self, text: str | None, after: datetime | None = None) -> datetime | None:
        """A time, or None; a year-less one that would lie before `after` belongs to the next year."""
        if text is None:
            return None
        try:
            if text[:1].isdigit():
                return datetime.fromisoformat(text)
            if self._year is None:
                return None
            found = datetime.strptime(f"{self._year} {text}", "%Y %b %d %H:%M:%S")
            return found.replace(year=self._year + 1) if after is not None and found < after else found
        except ValueError:
            return None
