"""Foreign texts, such as names, comments and errors, in places that show Markdown: they are shown, and nothing in them acts."""

import re
from typing import Final

_MARKS: Final = re.compile(r"[\\`*_<>\[\]#|~&@]|(?<=http):|(?<=https):|(?<=ftp):|(?<=www)\.", re.IGNORECASE)
# What begins a tag, joins the two halves of a link, or makes an address one.
_ACTING: Final = re.compile(r"[<@\]]|(?<=http):|(?<=https):|(?<=ftp):|(?<=www)\.", re.IGNORECASE)
_NOTHING: Final = "\u200b"


def escaped(text: str) -> str:
    """Return a text for Markdown alone, in which it finds no marks."""
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", _folded(text))


def inert(text: str) -> str:
    """Return a text for places that show it as Markdown here and as it is there: marks that act are parted by nothing."""
    return _ACTING.sub(_parted, _folded(text).replace("`", "'"))


def _parted(mark: re.Match[str]) -> str:
    return f"{_NOTHING}{mark[0]}" if mark[0] == "." else f"{mark[0]}{_NOTHING}"


def code(text: str) -> str:
    """Return a text that stands between backticks, and ends there."""
    return _folded(text).replace("`", "'")


def _folded(text: str) -> str:
    return " ".join(text.split())
