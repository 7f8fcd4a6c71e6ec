"""Replaces files so that each is always either the old or the new one, also where the disk is full."""

import os
from pathlib import Path
import tempfile
from types import TracebackType
from typing import Self


class Replacements:
    """New contents of files of one folder. All are on the disk before the first takes its place, in the order written."""

    def __init__(self) -> None:
        """Start with none."""
        self._files: list[tuple[Path, Path]] = []

    def write(self, path: Path, text: str, mode: int = 0o600) -> None:
        """Prepare a file.

        Raises OSError.
        """
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        self.add(Path(temporary), path)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)

    def add(self, new: Path, path: Path) -> None:
        """Take a file or a link that somebody else prepared, or begins to, in the same folder."""
        self._files.append((new, path))

    def __enter__(self) -> Self:
        """Begin to prepare."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put everything in its place, or nothing where something went wrong.

        Raises OSError.
        """
        try:
            if kind is None:
                for new, _ in self._files:
                    _force_to_disk(new)
                for new, path in self._files:
                    new.replace(path)
        finally:
            for new, _ in self._files:
                new.unlink(missing_ok=True)


def _force_to_disk(path: Path) -> None:
    """Have the kernel write a file: some file systems say only then that they are full."""
    if path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
