"""What can die at once, and what becomes of the rest: it lives, it dies too, or nobody can know."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Literal, Self

type DeathKind = Literal["node", "storage", "place"]


@dataclass(frozen=True, order=True, slots=True)
class Death:
    """What dies: a node by its name, a storage by its key, or all that stands in a place."""

    kind: DeathKind
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key such as `node:pve1`. Raises ValueError where it is none."""
        kind, _, name = text.partition(":")
        if kind not in {"node", "storage", "place"} or not name:
            raise ValueError(f"not a death: {text!r}")
        return cls(kind, name)  # type: ignore[arg-type]

    @property
    def key(self) -> str:
        """The death as a text."""
        return f"{self.kind}:{self.name}"


HERE: Final = Death("place", "here")
"""All that stands in this house: every node, and what is not said to be elsewhere."""
ELSEWHERE: Final = Death("place", "elsewhere")
"""All that is said to stand in another house."""


class Lot(IntEnum):
    """What becomes of something, the worse the greater."""

    LIVES = 0
    UNKNOWN = 1
    DIES = 2


class DoubtCode(StrEnum):
    """Why nobody can know what becomes of something."""

    STANDING = "standing"
    """Nobody has said where a storage stands, and nothing tells it."""
    NAME = "name"
    """A storage is served by a host of which only the name is known."""
    MAY_BE_NODE = "may_be_node"
    """The address of a storage may be one of a node, not all of whose addresses are told."""
    MAY_BE_GUEST = "may_be_guest"
    """The address of a storage may be that of a guest whose configuration tells none."""
    HIDDEN_GUESTS = "hidden_guests"
    """There may be guests that the token does not see, and one of them may be the server of a storage."""
    SAME_BOX = "same_box"
    """A storage may be a part of that which dies."""
    DISKS = "disks"
    """Where the disks of a guest lie could not be read yet."""
    OUT_OF_REACH = "out_of_reach"
    """A storage cannot be reached, so that nobody sees whether its archives are still there."""
    LOG = "log"
    """Only the log of a sync job tells of a copy."""
    UNPROVEN = "unproven"
    """The token does not see whether an archive is complete."""
    WHOSE = "whose"
    """Nothing tells for certain whose an archive is, or when it was written."""
    UNLISTED = "unlisted"
    """The archives of a storage cannot be listed, or not all of them."""
    UNSEEN = "unseen"
    """Backups went to a storage, or to a folder, that cannot be seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """Why nobody can know: on which storage that rests, and which host, guests or nodes may be the reason."""

    code: DoubtCode
    storage: str | None = None
    host: str | None = None
    vmids: tuple[int, ...] = ()
    node: str | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of something, and why that cannot be known."""

    lot: Lot
    doubt: Doubt | None = field(default=None)


LIVES: Final = Fate(Lot.LIVES)
DIES: Final = Fate(Lot.DIES)


def doubtful(code: DoubtCode, **why: object) -> Fate:
    """Return a fate that nobody can know."""
    return Fate(Lot.UNKNOWN, Doubt(code=code, **why))  # type: ignore[arg-type]


def worst_of(fates: Iterable[Fate]) -> Fate:
    """Return the worst of several fates: what rests on all of them has it."""
    return max(fates, key=lambda fate: fate.lot, default=LIVES)
