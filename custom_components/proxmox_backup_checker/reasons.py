"""Puts the reason of a verdict into words, in the language of this Home Assistant."""

import json
from pathlib import Path
from typing import Final, Self

from homeassistant.core import HomeAssistant

from .checker.verdict import Reason

_FOLDER: Final = Path(__file__).parent / "reasons"
_LONGEST: Final = 255


class Reasons:
    """The sentences of one language by reason code."""

    def __init__(self, sentences: dict[str, str]) -> None:
        """Take the sentences; blanks are written {name}."""
        self._sentences = sentences

    @classmethod
    async def load(cls, hass: HomeAssistant) -> Self:
        """Read the sentences of the configured language, English where there are none."""
        return cls(await hass.async_add_executor_job(_read, hass.config.language))

    def sentence(self, reason: Reason) -> str:
        """Return why, as one sentence that fits a state attribute."""
        text = self._sentences[reason.code].format_map(reason.values)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _read(language: str) -> dict[str, str]:
    file = _FOLDER / f"{language.split('-', maxsplit=1)[0]}.json"
    if not file.exists():
        file = _FOLDER / "en.json"
    sentences: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return sentences
