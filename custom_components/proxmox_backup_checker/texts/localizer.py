"""Whole texts in the language of this Home Assistant: explanations and reports."""

from datetime import datetime, timedelta

from ..checker.model.labels import duration_text, size_text
from .catalogue import filled
from .reason_text import Reasons


class Words:
    """The building blocks of texts in one language, and the sentences of reasons beside them."""

    def __init__(self, reasons: Reasons) -> None:
        """Take the building blocks in the language of the reasons."""
        self._texts = reasons.reports
        self.reasons = reasons

    def text(self, key: str, **values: str | int) -> str:
        """Return a text with its blanks filled."""
        return filled(self._texts[key], values)

    def has(self, key: str) -> bool:
        """Tell whether there is such a text."""
        return key in self._texts

    def count(self, key: str, number: int, **values: str | int) -> str:
        """Return a text in the singular or in the plural."""
        return self.text(f"{key}_one" if number == 1 else f"{key}_many", count=number, **values)

    def moment(self, moment: datetime) -> str:
        """Return a moment as people say it."""
        return self.reasons.moment(moment)

    def size(self, size: int) -> str:
        """Return a size as people read it."""
        return size_text(size).replace(".", self._texts["decimal_point"])

    def duration(self, duration: timedelta) -> str:
        """Return a duration in hours and minutes, as `1 h 12 min`; a short one in minutes."""
        return duration_text(duration)

    def list_of(self, names: list[str], most: int) -> str:
        """Return names as one text, with the number of those that are left out."""
        if len(names) <= most + 1:
            return ", ".join(names)
        return self.text("and_others", names=", ".join(names[:most]), count=len(names) - most)
