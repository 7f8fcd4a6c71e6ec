"""One log, read in pieces, as it was when it was opened."""

import asyncio
from collections.abc import AsyncIterator, Callable
import os
import zlib

from .folders import Entry, Folder

CHUNK = 64 * 1024  # bytes
HEAD = 256  # bytes: two lines with their times, different in every run


class LogChangedError(Exception):
    """The log was started anew while it was read; what was read and what follows are of two runs."""


class LogReader:
    """An open log. vzdump empties the file in place at the next run, so each piece is checked against that."""

    def __init__(self, folder: Folder, name: str, tail: int | None = None) -> None:
        """Open the log, the last `tail` bytes of it or all.

        Raises FileNotFoundError where there is no such log, OSError where it cannot be read.
        """
        self._descriptor = folder.open_file(name)
        try:
            self.entry = Entry.of(name, os.fstat(self._descriptor))
            self.start = 0 if tail is None else max(0, self.entry.size - tail)
            self._head = os.pread(self._descriptor, min(HEAD, self.entry.size), 0)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to the size at opening; what is appended meanwhile is left for the next time.

        Raises LogChangedError, OSError where the log cannot be read on.
        """
        position = self.start
        while position < self.entry.size:
            piece = await _in_thread(self._read, position)
            position += len(piece)
            yield piece

    def _read(self, position: int) -> bytes:
        piece = os.pread(self._descriptor, min(CHUNK, self.entry.size - position), position)
        head = os.pread(self._descriptor, len(self._head), 0)
        if not piece or head != self._head:
            raise LogChangedError(self.entry.name)
        return piece


async def compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces as one gzip stream."""
    compressor = zlib.compressobj(level=3, wbits=31, memLevel=6)
    async for piece in pieces:
        if packed := await _in_thread(compressor.compress, piece):
            yield packed
    yield compressor.flush()


async def _in_thread(function: Callable[..., bytes], *arguments: object) -> bytes:
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)
