"""The files of the virtual hosts, written when a stretch of time has been played."""

from dataclasses import dataclass, field
import os
from pathlib import Path
from typing import Literal, TextIO, override


@dataclass(eq=False)
class _Change:
    """What has to be done to one file."""

    append: bool = False
    remove: bool = False
    size: int | None = None
    text: list[str] = field(default_factory=list)
    time: float = 0


class FileTree:
    """Collects changes of files under `root` and writes them in one go.

    Weeks of history are played within a second, and most of what they write is overwritten or pruned again.
    """

    def __init__(self, root: Path) -> None:
        """Write under `root`."""
        self.root = root
        self._changes: dict[str, _Change] = {}

    def write(self, path: str, text: str, time: float) -> None:
        """Replace a file."""
        self._changes[path] = _Change(text=[text], time=time)

    def append(self, path: str, text: str, time: float) -> None:
        """Add to a file."""
        change = self._changes.get(path)
        if change is None or change.remove:
            change = self._changes[path] = _Change(append=change is None)
        change.text.append(text)
        change.time = time

    def allocate(self, path: str, size: int, time: float) -> None:
        """Make a sparse file of `size` bytes."""
        self._changes[path] = _Change(size=size, time=time)

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._changes[path] = _Change(remove=True)

    def read(self, path: str) -> str | None:
        """Return the text of a file, None where there is none."""
        self.flush()
        file = self.root / path
        return file.read_text(encoding="utf-8") if file.exists() else None

    def flush(self) -> None:
        """Write everything that was collected."""
        changes, self._changes = self._changes, {}
        for path, change in changes.items():
            _apply(self.root / path, change)


def _apply(path: Path, change: _Change) -> None:
    if change.remove:
        path.unlink(missing_ok=True)
        return
    with _opened(path, "a" if change.append else "w") as file:
        if change.size is not None:
            file.truncate(change.size)
        file.write("".join(change.text)) if change.size is None else None
    os.utime(path, (change.time, change.time))


def _opened(path: Path, mode: Literal["a", "w"]) -> TextIO:
    """Open a file, in a new folder where that is not there: it hardly ever is not."""
    try:
        return path.open(mode, encoding="utf-8")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open(mode, encoding="utf-8")


class MemoryTree(FileTree):
    """The task logs of the nodes, in memory; other files are nobody's business here."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        super().__init__(Path("/nowhere"))
        self._texts: dict[str, list[str]] = {}

    @override
    def write(self, path: str, text: str, time: float) -> None:
        """Replace a file."""
        if "/tasks/" in path:
            self._texts[path] = [text]

    @override
    def append(self, path: str, text: str, time: float) -> None:
        """Add to a file."""
        if "/tasks/" in path:
            self._texts.setdefault(path, []).append(text)

    @override
    def allocate(self, path: str, size: int, time: float) -> None:
        """Do without archives."""

    @override
    def remove(self, path: str) -> None:
        """Remove a file."""
        self._texts.pop(path, None)

    @override
    def read(self, path: str) -> str | None:
        """Return the text of a file."""
        found = self._texts.get(path)
        return None if found is None else "".join(found)

    @override
    def flush(self) -> None:
        """Do nothing: all is written."""
