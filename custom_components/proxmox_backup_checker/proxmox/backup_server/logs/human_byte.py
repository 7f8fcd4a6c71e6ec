"""Sizes as Proxmox writes them for people, `12.5 GiB` (proxmox-human-byte/src/lib.rs)."""

import re
from typing import Final

_SIZE: Final = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?) ?([KMGTPE]?)(i?)(B?)", re.IGNORECASE)
_POWERS: Final[dict[str, int]] = {letter: power for power, letter in enumerate("KMGTPE", start=1)}


def parse_bytes(text: str) -> float | None:
    """Return a size in bytes, None where the text is none."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    number, letter, binary, unit = float(match[1]), match[2].upper(), match[3], match[4]
    if not letter:
        return None if binary else number
    if not binary and not unit:
        return None
    return number * float((1024 if binary else 1000) ** _POWERS[letter])
