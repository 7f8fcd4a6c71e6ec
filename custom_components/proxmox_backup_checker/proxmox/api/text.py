"""Texts of strangers, made fit for a line of a log, for a file and for a browser."""

import re
from typing import Final

# JSON can escape half of a character that has two halves, and what a header holds beside UTF-8 becomes such halves too
# (surrogateescape). No file, database or browser takes a text with one of them.
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def whole_characters(text: str) -> str:
    """Return a text with U+FFFD in place of half characters."""
    return _HALF_CHARACTER.sub("\ufffd", text)


def is_one_line(text: str) -> bool:
    """Tell whether a text has neither line ends nor other control characters."""
    return _CONTROLS.search(text) is None


def one_line(text: str) -> str:
    """Return a text with blanks in place of line ends and other control characters, without any at its ends."""
    return _CONTROLS.sub(" ", text).strip()
