"""The texts that people read beside Home Assistant's own translations: in texts/, one file for each kind and language."""

from collections.abc import Mapping
import json
from pathlib import Path
import re
from typing import Any, Final, Literal, override

type Kind = Literal["reasons", "causes", "steps", "messages", "reports"]

_FOLDER: Final = Path(__file__).parent
_LANGUAGES: Final = frozenset({"de", "en"})
_HERE: Final = "\0"
_QUOTED: Final = re.compile(f"([“„]){_HERE}([”“])")


def read_texts(kind: Kind, language: str) -> dict[str, Any]:
    """Return the texts of a kind in a language such as `de`, in English where there are none."""
    file = _FOLDER / f"{kind}_{language}.json"
    if not file.exists():
        file = _FOLDER / f"{kind}_en.json"
    texts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return texts


def language_of(language: str) -> str:
    """Return the language that there are texts in for one such as `de-CH`: its own, else English."""
    base = language.split("-", maxsplit=1)[0].lower()
    return base if base in _LANGUAGES else "en"


def filled(text: str, values: Mapping[str, object]) -> str:
    """Return a text with its blanks filled.

    What stands in quotation marks and has several lines is a list, each line of which is quoted.
    A blank is written {name}. Where words depend on a number it is {name:# guest|# guests}, which is the number with the
    word for one or for any other; with three words the first is for none.
    """
    return text.format_map({name: _Value(_quoted(name, str(value), text)) for name, value in values.items()})


def _quoted(name: str, value: str, text: str) -> str:
    if "\n" not in value:
        return value
    marks = _QUOTED.search(text.replace(f"{{{name}}}", _HERE))
    return value.replace("\n", f"{marks[2]}, {marks[1]}") if marks else value


class _Value(str):
    """What fills a blank."""

    __slots__ = ()

    @override
    def __format__(self, words: str) -> str:
        if not words:
            return str(self)
        *none, one, many = words.split("|")
        chosen = none[0] if none and self == "0" else one if self == "1" else many
        return chosen.replace("#", self)
