"""Reading typed values out of Proxmox's JSON, where 0/1, "1" and numbers as strings all occur."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Final

from .errors import UnexpectedAnswerError

_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object and the place it came from; every reader raises UnexpectedAnswerError on a wrong type."""

    values: Mapping[str, object]
    source: str

    @classmethod
    def of(cls, value: object, source: str) -> Fields:
        """Take an object that must be a JSON object."""
        if not isinstance(value, dict):
            raise UnexpectedAnswerError(f"{source}: expected an object, got {type(value).__name__}")
        return cls(value, source)

    @classmethod
    def rows(cls, value: object, source: str) -> Iterator[Fields]:
        """Take a list of objects; Proxmox's null stands for an empty one."""
        if value is None:
            return
        if not isinstance(value, list):
            raise UnexpectedAnswerError(f"{source}: expected a list, got {type(value).__name__}")
        for row in value:
            yield cls.of(row, source)

    def _wrong(self, key: str, wanted: str) -> UnexpectedAnswerError:
        return UnexpectedAnswerError(f"{self.source}: field {key!r} is {self.values.get(key)!r}, expected {wanted}")

    def text(self, key: str) -> str:
        """A text that must be there."""
        if (value := self.optional_text(key)) is None:
            raise self._wrong(key, "a text")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text; numbers are taken as their digits, an empty text stays one."""
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a text")
        return str(value)

    def integer(self, key: str) -> int:
        """A whole number that must be there."""
        if (value := self.optional_integer(key)) is None:
            raise self._wrong(key, "a whole number")
        return value

    def optional_integer(self, key: str) -> int | None:
        """A whole number, also as text; an empty text is none."""
        value = self.values.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, int):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
            return int(value)
        raise self._wrong(key, "a whole number")

    def flag(self, key: str, default: bool = False) -> bool:
        """A boolean as Perl writes it: 1, 0, "1", "0", "", true, false."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        if value in (1, "1"):
            return True
        if value in (0, "0", ""):
            return False
        raise self._wrong(key, "a boolean")

    def vmids(self, key: str) -> tuple[int, ...]:
        """A comma list of VMIDs, ascending and without repetition."""
        text = self.optional_text(key) or ""
        try:
            return tuple(sorted({int(part) for part in text.replace(";", ",").replace(" ", ",").split(",") if part}))
        except ValueError:
            raise self._wrong(key, "a list of VMIDs") from None

    def words(self, key: str, separators: str = ",") -> tuple[str, ...]:
        """A list of words in one text, sorted."""
        text = self.optional_text(key) or ""
        for separator in separators:
            text = text.replace(separator, " ")
        return tuple(sorted(set(text.split())))
