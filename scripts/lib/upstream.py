"""Compares what Proxmox has published with what was read: see scripts/upstream. Needs Python 3.11 and no package."""

import argparse
from collections.abc import Iterable, Iterator
import gzip
from itertools import zip_longest
import json
import lzma
from pathlib import Path
import re
import sys
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
KNOWN = ROOT / ".github" / "upstream.json"
_PARTS = re.compile(r"(\D*)(\d*)")
_LARGEST = 64 * 1024 * 1024
_TIMEOUT = 60


class UpstreamError(Exception):
    """The versions cannot be told."""


def packages(index: str) -> Iterator[tuple[str, str]]:
    """Yield name and version of each package that an index of a Debian repository lists."""
    for paragraph in re.split(r"\n\s*\n", index):
        fields = dict(re.findall(r"^(Package|Version):[ \t]*(\S+)[ \t]*$", paragraph, re.MULTILINE))
        if fields.keys() == {"Package", "Version"}:
            yield fields["Package"], fields["Version"]


def newest(indexes: Iterable[str]) -> dict[str, str]:
    """Return the newest version of each package."""
    found: dict[str, str] = {}
    for index in indexes:
        for name, version in packages(index):
            if name not in found or is_newer(version, found[name]):
                found[name] = version
    return found


def is_newer(version: str, other: str) -> bool:
    """Tell whether Debian takes a version for newer than another one (deb-version(7))."""
    return _key_order(version, other) > 0


def _key_order(one: str, two: str) -> int:
    for first, second in zip(_split(one), _split(two), strict=True):
        if (order := _order(first, second)) != 0:
            return order
    return 0


def _split(version: str) -> tuple[str, str, str]:
    """Return epoch, upstream version and revision."""
    epoch, _, rest = version.rpartition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return epoch or "0", upstream, revision


def _order(one: str, two: str) -> int:
    """Compare letters and numbers in turn; a tilde comes before everything, even before the end, and letters before marks."""
    for (words, number), (other_words, other_number) in zip_longest(
        _PARTS.findall(one), _PARTS.findall(two), fillvalue=("", "")
    ):
        for letter, other in zip_longest(words, other_words, fillvalue=""):
            if (weight := _weight(letter)) != (other_weight := _weight(other)):
                return 1 if weight > other_weight else -1
        if (value := int(number or 0)) != (other_value := int(other_number or 0)):
            return 1 if value > other_value else -1
    return 0


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    if not letter:
        return 0
    return ord(letter) if letter.isalpha() else ord(letter) + 256


def read(place: str) -> str:
    """Return an index from a file or an address, unpacked."""
    try:
        if place.startswith("https://"):
            with urlopen(place, timeout=_TIMEOUT) as response:
                data = response.read(_LARGEST)
        else:
            data = Path(place).read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        elif data.startswith(b"\xfd7zXZ"):
            data = lzma.decompress(data)
        return str(data.decode())
    except (OSError, URLError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise UpstreamError(f"{place} cannot be read: {error}") from error


def report(known: dict[str, dict[str, str]], found: dict[str, str]) -> tuple[list[str], bool]:
    """Return a table of what is watched, and whether something has to be looked at."""
    lines = ["| package | read | published | look at |", "| --- | --- | --- | --- |"]
    news = False
    for name, entry in sorted(known.items()):
        published = found.get(name)
        if published is None:
            # What is gone has another name or another place now, and is watched no more unless somebody looks.
            state, is_new = "not listed any more", True
        else:
            is_new = is_newer(published, entry["version"])
            state = f"new: {entry['source']}" if is_new else ""
        news = news or is_new
        lines.append(f"| {name} | {entry['version']} | {published or '–'} | {state} |")
    return lines, news


def main() -> int:
    """Print the table; 1 where something is new, 2 where that cannot be told."""
    parser = argparse.ArgumentParser(prog="scripts/upstream", description=__doc__)
    parser.add_argument("--known", type=Path, default=KNOWN, help="what was read (.github/upstream.json)")
    parser.add_argument("index", nargs="*", help="indexes in place of Proxmox's own")
    given = parser.parse_args()
    known = json.loads(given.known.read_text(encoding="utf-8"))
    try:
        found = newest(read(place) for place in given.index or known["indexes"])
    except UpstreamError as error:
        print(f"upstream: {error}", file=sys.stderr)
        return 2
    lines, news = report(known["packages"], found)
    print("\n".join(lines))
    return 1 if news else 0


if __name__ == "__main__":
    sys.exit(main())
