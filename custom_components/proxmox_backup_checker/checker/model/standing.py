"""Where a storage stands, as its user says: Proxmox does not know."""

from dataclasses import dataclass
from typing import Final, Literal, Self

type Where = Literal["here", "elsewhere", "node", "guest"]

_ALONE: Final = frozenset({"here", "elsewhere"})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a storage stands: on a device of its own, here or in another house, on a node, or on a guest, by its VMID."""

    where: Where
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what the options hold, such as `here` or `node:pve1`. Raises ValueError where it is nothing of the kind."""
        where, _, name = text.partition(":")
        is_alone = where in _ALONE and not name
        is_named = (where == "node" and bool(name)) or (where == "guest" and name.isdecimal())
        if not is_alone and not is_named:
            raise ValueError(f"no place where a storage can stand: {text!r}")
        return cls(where, name)  # type: ignore[arg-type]
