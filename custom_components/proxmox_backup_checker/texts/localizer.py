"""Everything that people read beside Home Assistant's own translations, in the language of this Home Assistant."""

from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..checker.model.labels import duration_text, size_text
from ..const import DOMAIN
from .catalogue import filled, language_of, read_texts
from .reason_text import ReasonText

_LOCALIZERS: HassKey[dict[str, Localizer]] = HassKey(f"{DOMAIN}_localizers")
_NEAR_DAYS: Final = {-1: "yesterday", 0: "today", 1: "tomorrow"}


class Localizer(ReasonText):
    """Writes reasons, causes, the texts of messages and reports, moments, sizes and durations in one language."""

    def __init__(self, language: str) -> None:
        """Read the texts of a language such as `de` or `de-CH`, English where there are none."""
        language = language_of(language)
        super().__init__(language)
        self._texts: dict[str, str] = {**read_texts("messages", language), **read_texts("reports", language)}
        self._weekdays = self._texts["weekdays"].split()
        self._months = self._texts["months"].split()
        self._date_format = self._texts["date_format"]

    @classmethod
    async def load(cls, hass: HomeAssistant, language: str | None = None) -> Localizer:
        """Return what writes in a language, or in that of this Home Assistant; each is read once."""
        base = language_of(language or hass.config.language)
        known = hass.data.setdefault(_LOCALIZERS, {})
        if base not in known:
            known[base] = await hass.async_add_executor_job(Localizer, base)
        return known[base]

    def text(self, key: str, **values: object) -> str:
        """Return a text of messages or reports with its blanks filled."""
        return filled(self._texts[key], values)

    def has(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self._texts

    @override
    def moment(self, moment: datetime) -> str:
        """Return a moment as people say it on any day, in the zone of this Home Assistant."""
        return self._far_moment(dt_util.as_local(moment))

    def near_moment(self, moment: datetime, now: datetime) -> str:
        """Return a moment as people say it today, in the zone of this Home Assistant."""
        local = dt_util.as_local(moment)
        days = (local.date() - dt_util.as_local(now).date()).days
        if near := _NEAR_DAYS.get(days):
            return self.text(near, time=f"{local:%H:%M}")
        if abs(days) < len(self._weekdays):
            return self.text("weekday", weekday=self._weekdays[local.weekday()], time=f"{local:%H:%M}")
        return self._far_moment(local)

    def _far_moment(self, local: datetime) -> str:
        return self.text(
            "later_day",
            weekday=self._weekdays[local.weekday()],
            date=local.strftime(
                self._date_format.replace("%e", str(local.day)).replace("%B", self._months[local.month - 1])
            ),
            time=f"{local:%H:%M}",
        )

    def size(self, size: int) -> str:
        """Return a size in bytes as people read it."""
        return size_text(size).replace(".", self._texts["decimal_point"])

    def duration(self, duration: timedelta) -> str:
        """Return a duration in hours and minutes."""
        return duration_text(duration)

    def list_of(self, names: list[str], most: int) -> str:
        """Return names as one text, with the number of those that are left out."""
        if len(names) <= most + 1:
            return ", ".join(names)
        return self.text("and_others", names=", ".join(names[:most]), count=len(names) - most)


def full_stop(text: str) -> str:
    """Return a text that ends as a sentence does."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def iso(moment: datetime | None) -> str | None:
    """Return a moment as responses of actions hold it."""
    return moment.isoformat() if moment else None
