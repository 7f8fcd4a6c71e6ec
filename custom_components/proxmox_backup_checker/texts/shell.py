"""Commands for a shell in lines that a dialog shows without scrolling sideways."""

from collections.abc import Iterable
import re
from typing import Final

_WIDTH: Final = 60
_CONTINUED: Final = " \\\n  "
# A line may end at any space that is not between single quotes; between double quotes the shell goes on after a backslash too.
_WORDS: Final = re.compile(r"(?:'[^']*'|[^' ])+")


def in_short_lines(commands: Iterable[str]) -> str:
    """Return commands, one beneath the other, each broken where the shell goes on with the next line."""
    return "\n".join(_CONTINUED.join(_lines(command)) for command in commands)


def _lines(command: str) -> Iterable[str]:
    line = ""
    for part in _parts(_WORDS.findall(command)):
        if line and len(line) + 1 + len(part) > _WIDTH:
            yield line
            line = part
        else:
            line = f"{line} {part}" if line else part
    yield line


def _parts(words: Iterable[str]) -> Iterable[str]:
    """Keep an option and its value together."""
    option = ""
    for word in words:
        if option:
            yield f"{option} {word}"
            option = ""
        elif word.startswith("--"):
            option = word
        else:
            yield word
    if option:
        yield option
