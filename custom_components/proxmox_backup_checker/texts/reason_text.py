"""Puts the reason of a verdict into words, in the language of this Home Assistant."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Self, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..checker.model.verdict import Reason
from ..proxmox.vzdump.failure_cause import Cause, cause_of
from .catalogue import filled, read_texts

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


class Reasons:
    """The sentences of one language by reason code, those of the causes by theirs, and the words of messages and reports."""

    def __init__(self, language: str) -> None:
        """Read the texts of a language such as `de` or `de-CH`, English where there are none."""
        language = language.split("-", maxsplit=1)[0]
        self._sentences: dict[str, str] = read_texts("reasons", language)
        self._causes: dict[str, CauseWords] = read_texts("causes", language)
        self._words: dict[str, str] = read_texts("messages", language)
        self.reports: dict[str, str] = read_texts("reports", language)
        self.language = language if language in _DATES else "en"

    @classmethod
    async def load(cls, hass: HomeAssistant) -> Self:
        """Read the texts of the configured language."""
        return await hass.async_add_executor_job(cls, hass.config.language)

    def sentence(self, reason: Reason) -> str:
        """Return why, as one sentence that fits a state attribute."""
        values = {name: self._text(value) for name, value in reason.values.items()}
        if cause := cause_of(values.get("error", "")):
            raw = values["error"]
            values["error"] = f"{self.cause(cause)}: {raw}" if cause.code in _VAGUE else f"{self.cause(cause)}."
        return _shortened(filled(self._sentences[reason.code], values), _LONGEST)

    def sentences(self, reasons: Iterable[Reason]) -> str | None:
        """Return several reasons as one text, None where there is none."""
        return _shortened(" ".join(self.sentence(reason) for reason in reasons), 2 * _LONGEST) or None

    def cause(self, cause: Cause) -> str:
        """Return why a backup failed, as a clause without a full stop that follows "failed: "."""
        return filled(self._causes[cause.code]["cause"], cause.values)

    def step(self, cause: Cause) -> str:
        """Return what to do about a cause, in one or two sentences."""
        return filled(self._causes[cause.code]["step"], cause.values)

    def clause(self, error: str | None) -> str | None:
        """Return the cause behind an error as a clause without a full stop, or its own text; None without an error."""
        if not error:
            return None
        cause = cause_of(error)
        if cause is None:
            return _shortened(error.rstrip("."), 2 * _LONGEST)
        return _shortened(f"{self.cause(cause)}: {error}", 2 * _LONGEST) if cause.code in _VAGUE else self.cause(cause)

    def word(self, key: str, **values: object) -> str:
        """Return words of a message."""
        return filled(self._words[key], values)

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


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
