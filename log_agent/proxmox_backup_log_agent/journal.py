"""What changed since a moment that the client names: the memory behind `/v1/changes`."""

from dataclasses import dataclass, field
from operator import is_
import secrets

from .folders import Entry, Folder

MAX_REMOVED = 1000


@dataclass(frozen=True, slots=True)
class Changes:
    """The files that changed or vanished; where `complete`, everything that is there instead."""

    cursor: str
    complete: bool
    changed: list[Entry] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Return whether there is something to tell."""
        return self.complete or bool(self.changed or self.removed)


class Journal:
    """Numbers the changes of some folders. Looks at them only when somebody asks."""

    def __init__(self, *folders: Folder) -> None:
        """Take the folders; no file name may occur in two of them."""
        self._folders = folders
        self._instance = secrets.token_hex(4)
        self._sequence = 0
        self._floor = 0
        self._lists: list[list[Entry]] = []
        self._entries: dict[str, tuple[int, Entry]] = {}
        self._removed: dict[str, int] = {}

    def since(self, cursor: str | None) -> Changes:
        """Return what changed after `cursor`; everything where it is not one of this process's recent ones.

        Raises FolderError.
        """
        self._look()
        after = self._position(cursor)
        now = f"{self._instance}.{self._sequence}"
        if after is None:
            return Changes(now, True, [entry for _, entry in self._entries.values()])
        return Changes(
            now,
            False,
            [entry for sequence, entry in self._entries.values() if sequence > after],
            [name for name, sequence in self._removed.items() if sequence > after],
        )

    def _position(self, cursor: str | None) -> int | None:
        instance, _, number = (cursor or "").partition(".")
        if instance != self._instance or not (number.isascii() and number.isdigit()) or len(number) > 18:
            return None
        position = int(number)
        return position if self._floor <= position <= self._sequence else None

    def _look(self) -> None:
        lists = [folder.entries() for folder in self._folders]
        if len(lists) == len(self._lists) and all(map(is_, lists, self._lists)):
            return
        self._lists = lists
        found = {entry.name: entry for entries in lists for entry in entries}
        changed = [entry for name, entry in found.items() if self._is_new(name, entry)]
        gone = self._entries.keys() - found.keys()
        if not changed and not gone:
            return
        self._sequence += 1
        for entry in changed:
            self._entries[entry.name] = (self._sequence, entry)
            self._removed.pop(entry.name, None)
        for name in gone:
            del self._entries[name]
            self._removed[name] = self._sequence
        self._forget_oldest_removed()

    def _is_new(self, name: str, entry: Entry) -> bool:
        known = self._entries.get(name)
        return known is None or known[1] != entry

    def _forget_oldest_removed(self) -> None:
        while len(self._removed) > MAX_REMOVED:
            name = next(iter(self._removed))
            self._floor = self._removed.pop(name)
