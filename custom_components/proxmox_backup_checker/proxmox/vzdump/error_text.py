"""The form of an error text, and the code of the cause behind it."""

from collections.abc import Iterable
from dataclasses import dataclass
import re

type Table = tuple[tuple[str, str], ...]
"""Forms of error texts, each with the code of its cause; the first that fits is taken."""


@dataclass(frozen=True, slots=True)
class ErrorText:
    """The form of an error text and the code of its cause; `after` is the form of what comes before the text."""

    form: re.Pattern[str]
    code: str
    after: re.Pattern[str] | None = None

    def match(self, text: str) -> re.Match[str] | None:
        """Return the match of a text that has this form, else None."""
        if self.after is None:
            return self.form.match(text)
        before = self.after.match(text)
        return self.form.match(text, before.end()) if before else None


def of(*tables: Table, after: str | None = None) -> Iterable[ErrorText]:
    """Yield the texts of tables, in order."""
    before = None if after is None else re.compile(after)
    return (ErrorText(re.compile(form), code, before) for table in tables for form, code in table)
