"""Puts the reason of a verdict into words, in the language of this Home Assistant."""

from collections.abc import Iterable
from datetime import datetime
import json
from pathlib import Path
from typing import Any, Final, Self, TypedDict, override

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .checker.causes import Cause, cause_of
from .checker.verdict import Reason

_FOLDER: Final = Path(__file__).parent / "reasons"
_WORDS: Final = Path(__file__).parent / "message_words"
_LONGEST: Final = 255
# These say in which part it went wrong; Proxmox' own text says more.
_VAGUE: Final = frozenset(
    {
        *("archive_not_written", "ceph_failed", "pbs_client_failed", "pbs_failed", "qmp_failed", "snapshot_failed"),
        *("storage_not_activated", "tar_failed", "vm_start_failed", "zfs_failed"),
    }
)
_WEEKDAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_DATES: Final = {"en": "%Y-%m-%d", "de": "%d.%m.%Y"}


class CauseWords(TypedDict):
    """What is told of a cause: a clause that follows "failed: ", and what to do in one or two sentences."""

    cause: str
    step: str


class _Blank(str):
    """What fills a blank; `{count:day|days}` is the word for that many."""

    __slots__ = ()

    @override
    def __format__(self, words: str) -> str:
        """Return the word for one, or that for any other number."""
        one, bar, many = words.partition("|")
        return (one if self == "1" else many) if bar else super().__format__(words)


class Reasons:
    """The sentences of one language by reason code, those of the causes by theirs, and the words of messages."""

    def __init__(
        self,
        sentences: dict[str, str],
        language: str = "en",
        causes: dict[str, CauseWords] | None = None,
        words: dict[str, str] | None = None,
    ) -> None:
        """Take the sentences; blanks are written {name}."""
        self._sentences = sentences
        self._causes = causes or {}
        self._words = words or {}
        self.language = language if language in _DATES else "en"

    @classmethod
    async def load(cls, hass: HomeAssistant) -> Self:
        """Read the sentences of the configured language, English where there are none."""
        return await hass.async_add_executor_job(cls.read, hass.config.language)

    @classmethod
    def read(cls, language: str) -> Self:
        """Read the sentences of a language, English where there are none."""
        language = language.split("-", maxsplit=1)[0]
        return cls(_read(language), language, _read(f"causes_{language}"), _read(language, _WORDS))

    def sentence(self, reason: Reason) -> str:
        """Return why, as one sentence that fits a state attribute."""
        values = {name: _Blank(self._text(value)) for name, value in reason.values.items()}
        if cause := cause_of(values.get("error", "")):
            raw = values["error"]
            values["error"] = _Blank(f"{self.cause(cause)}: {raw}" if cause.code in _VAGUE else f"{self.cause(cause)}.")
        text = self._sentences[reason.code].format_map(values)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

    def sentences(self, reasons: Iterable[Reason]) -> str | None:
        """Return several reasons as one text, None where there is none."""
        return " ".join(self.sentence(reason) for reason in reasons)[: 2 * _LONGEST] or None

    def cause(self, cause: Cause) -> str:
        """Return why a backup failed, as a clause without a full stop that follows "failed: "."""
        return self._causes[cause.code]["cause"].format_map(_blanks(cause))

    def step(self, cause: Cause) -> str:
        """Return what to do about a cause, in one or two sentences."""
        return self._causes[cause.code]["step"].format_map(_blanks(cause))

    def clause(self, error: str | None) -> str | None:
        """Return the cause behind an error as a clause without a full stop, or its own text; None without an error."""
        if not error:
            return None
        cause = cause_of(error)
        if cause is None:
            return error.rstrip(".")
        return f"{self.cause(cause)}: {error}" if cause.code in _VAGUE else self.cause(cause)

    def word(self, key: str, **values: object) -> str:
        """Return words of a message."""
        return self._words[key].format_map(values)

    def near_moment(self, value: datetime, now: datetime) -> str:
        """Return a moment as people say it today, in the zone of this Home Assistant."""
        local = dt_util.as_local(value)
        days = (local.date() - dt_util.as_local(now).date()).days
        time = f"{local:%H:%M}"
        if near := {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days):
            return self.word(near, time=time)
        weekday = _WEEKDAYS[self.language][local.weekday()]
        if abs(days) < 7:
            return self.word("weekday", weekday=weekday, time=time)
        return self.word("later_day", weekday=weekday, date=local.strftime(_DATES[self.language]), time=time)

    def _text(self, value: str | datetime) -> str:
        """Return a value as it stands in a sentence."""
        return value if isinstance(value, str) else self.moment(value)

    def moment(self, value: datetime) -> str:
        """Return a moment as people say it, in the zone of this Home Assistant."""
        local = dt_util.as_local(value)
        weekday = _WEEKDAYS[self.language][local.weekday()]
        return f"{weekday}, {local.strftime(_DATES[self.language])} {local:%H:%M}"


def _blanks(cause: Cause) -> dict[str, _Blank]:
    return {name: _Blank(value) for name, value in cause.values.items()}


def _read(name: str, folder: Path = _FOLDER) -> dict[str, Any]:
    """Return what a file of sentences holds, the English one's where the language has none."""
    file = folder / f"{name}.json"
    if not file.exists():
        file = folder / ("causes_en.json" if name.startswith("causes_") else "en.json")
    sentences: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return sentences
