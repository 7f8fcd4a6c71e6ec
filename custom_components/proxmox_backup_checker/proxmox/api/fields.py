"""Reading typed values out of Proxmox's JSON, where 0/1, "1" and numbers as strings all occur."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
import re
from reprlib import Repr
from typing import Final

from .errors import UnexpectedAnswerError
from .text import is_one_line, one_line

_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_VMID: Final = re.compile(r"[0-9]{1,12}")
# More than any size in bytes, and still a number that everything can calculate with.
_GREATEST: Final = 2**63
LAST_EPOCH: Final = 221_845_392_000
"""The year 9000: the calendar ends in 9999, and who reads a time adds some years to it."""
_LONGEST_UPTIME: Final = 100 * 366 * 86_400  # seconds
_SHORT: Final = Repr(maxlevel=2, maxlist=3, maxdict=3, maxstring=100, maxlong=40, maxother=100)


@dataclass(frozen=True, slots=True)
class Rows[T]:
    """The rows of a list; `odd` says what was wrong with those that could not be understood and are left out."""

    items: tuple[T, ...]
    odd: tuple[str, ...] = ()


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
        """Take a list of objects. Proxmox gives an empty list where there is nothing; null says that nothing is known."""
        if not isinstance(value, list):
            raise UnexpectedAnswerError(f"{source}: expected a list, got {type(value).__name__}")
        for row in value:
            yield cls.of(row, source)

    @classmethod
    def each[T](cls, value: object, source: str, parse: Callable[[Fields], T]) -> Rows[T]:
        """Take a list of which one odd row spoils no other; raises where not a single one can be understood."""
        items: list[T] = []
        odd: list[str] = []
        for row in cls.rows(value, source):
            try:
                items.append(parse(row))
            except UnexpectedAnswerError as error:
                odd.append(str(error))
        if odd and not items:
            raise UnexpectedAnswerError(odd[0])
        return Rows(tuple(items), tuple(odd))

    def wrong(self, key: str, wanted: str) -> UnexpectedAnswerError:
        """Return the error of a field that is not what was wanted."""
        return UnexpectedAnswerError(
            f"{self.source}: field {key!r} is {_SHORT.repr(self.values.get(key))}, expected {wanted}"
        )

    def text(self, key: str) -> str:
        """A text that must be there."""
        if (value := self.optional_text(key)) is None:
            raise self.wrong(key, "a text")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text; numbers are taken as their digits, an empty text stays one."""
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "a text")
        return str(value)

    def identifier(self, key: str) -> str:
        """The id or name by which Proxmox itself knows something: on one line, and not empty."""
        text = self.text(key)
        if not text or not is_one_line(text):
            raise self.wrong(key, "a name on one line")
        return text

    def one_line(self, key: str) -> str | None:
        """A text that people chose, with blanks in place of line ends and other control characters."""
        text = self.optional_text(key)
        return None if text is None else one_line(text)

    def integer(self, key: str) -> int:
        """A whole number that must be there."""
        if (value := self.optional_integer(key)) is None:
            raise self.wrong(key, "a whole number")
        return value

    def optional_integer(self, key: str) -> int | None:
        """A whole number, also as text; an empty text is none."""
        match self.values.get(key):
            case None | "":
                return None
            case bool() | int() as value:
                number = int(value)
            case float() as value if value.is_integer():
                number = int(value)
            case str() as value if _WHOLE_NUMBER.fullmatch(value.strip()):
                number = int(value)
            case _:
                raise self.wrong(key, "a whole number")
        if not -_GREATEST <= number < _GREATEST:
            raise self.wrong(key, "a number of 64 bits")
        return number

    def epoch(self, key: str) -> int:
        """A moment that must be there, in seconds since 1970."""
        if (moment := self.optional_epoch(key)) is None:
            raise self.wrong(key, "seconds since 1970")
        return moment

    def optional_epoch(self, key: str) -> int | None:
        """A moment in seconds since 1970, one that a calendar has."""
        moment = self.optional_integer(key)
        if moment is not None and not 0 <= moment < LAST_EPOCH:
            raise self.wrong(key, "seconds since 1970")
        return moment

    def uptime(self, key: str) -> int | None:
        """The seconds for which something has been running."""
        seconds = self.optional_integer(key)
        if seconds is not None and not 0 <= seconds <= _LONGEST_UPTIME:
            raise self.wrong(key, "seconds since a start")
        return seconds

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
        raise self.wrong(key, "a boolean")

    def vmid(self, key: str) -> int:
        """The number of a guest, which must be there."""
        if (vmid := self.optional_vmid(key)) is None:
            raise self.wrong(key, "a VMID")
        return vmid

    def optional_vmid(self, key: str) -> int | None:
        """The number of a guest."""
        vmid = self.optional_integer(key)
        if vmid is not None and not 0 < vmid < 10**12:
            raise self.wrong(key, "a VMID")
        return vmid

    def vmids(self, key: str) -> tuple[int, ...]:
        """A comma list of VMIDs, ascending and without repetition."""
        text = self.optional_text(key) or ""
        parts = [part for part in text.replace(";", ",").replace(" ", ",").split(",") if part]
        if not all(_VMID.fullmatch(part) for part in parts):
            raise self.wrong(key, "a list of VMIDs")
        return tuple(sorted({int(part) for part in parts}))

    def words(self, key: str, separators: str = ",") -> tuple[str, ...]:
        """A list of words in one text, sorted."""
        text = self.optional_text(key) or ""
        for separator in separators:
            text = text.replace(separator, " ")
        return tuple(sorted(set(text.split())))
