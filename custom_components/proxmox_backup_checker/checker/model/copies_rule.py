"""How many copies a guest is to have, on how many media, and how many of them in another house: 3-2-1, or as somebody decides."""

from dataclasses import dataclass
from typing import Final, Self


@dataclass(frozen=True, kw_only=True, slots=True)
class CopiesRule:
    """A rule; the guest itself is the first of its `copies`, while `media` are those of the backups."""

    copies: int
    media: int
    offsite: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule such as `3-2-1`. Raises ValueError where it is none."""
        numbers = text.split("-")
        if len(numbers) != 3 or not all(number.isdecimal() for number in numbers):
            raise ValueError(f"no rule for copies: {text!r}")
        copies, media, offsite = map(int, numbers)
        return cls(copies=copies, media=media, offsite=offsite)

    @property
    def backups(self) -> int:
        """How many backups it asks for, beside the guest itself."""
        return self.copies - 1

    @property
    def text(self) -> str:
        """The rule as people call it."""
        return f"{self.copies}-{self.media}-{self.offsite}"


USUAL_RULE: Final = CopiesRule(copies=3, media=2, offsite=1)
