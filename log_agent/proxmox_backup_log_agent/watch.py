"""Wakes who waits for a change of a folder, by inotify; sleeps while nobody waits.

Looking at every file a few times a second costs more than a tenth of a percent of a CPU on a host with many guests,
for months, so the kernel is asked instead. What it says is only a hint to look: where it cannot be asked, for example
because a folder does not exist yet, the wait is a short one, and now and then one looks without a hint.
"""

import asyncio
import ctypes
import os
from pathlib import Path
from types import TracebackType
from typing import Self

SHORT = 0.75  # seconds between two looks without the kernel's help
LONG = 15.0  # seconds between two looks with it

_IN_NONBLOCK = os.O_NONBLOCK
_IN_CLOEXEC = os.O_CLOEXEC
# MODIFY, ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF of <sys/inotify.h>
_EVENTS = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
_ONLYDIR = 0x01000000
_DONT_FOLLOW = 0x02000000
_LARGEST_EVENTS = 64 * 1024


class Watch:
    """Watches folders as long as somebody is in its context."""

    def __init__(self, *folders: Path) -> None:
        """Take the folders; they need not exist."""
        self._folders = folders
        self._libc = ctypes.CDLL(None)
        self._waiting = 0
        self._descriptor = -1
        self._armed = False
        self._news = asyncio.Event()

    def __enter__(self) -> Self:
        """Begin to watch. Look at the folders after this, not before."""
        self._waiting += 1
        if self._waiting == 1:
            self._descriptor = self._libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
            if self._descriptor >= 0:
                asyncio.get_running_loop().add_reader(self._descriptor, self._wake)
            self._armed = self._arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it with the last who waits."""
        self._waiting -= 1
        if self._waiting == 0 and self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)

    async def wait(self, seconds: float) -> None:
        """Return when it is time to look again, at the latest after these seconds."""
        was_armed, self._armed = self._armed, self._arm()
        try:
            async with asyncio.timeout(min(seconds, LONG if was_armed and self._armed else SHORT)):
                await self._news.wait()
        except TimeoutError:
            pass

    def _arm(self) -> bool:
        """Watch every folder, also one that was replaced by another; return whether that worked."""
        if self._descriptor < 0:
            return False
        mask = _EVENTS | _ONLYDIR | _DONT_FOLLOW
        watches = [self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), mask) for path in self._folders]
        return all(watch >= 0 for watch in watches)

    def _wake(self) -> None:
        try:
            os.read(self._descriptor, _LARGEST_EVENTS)
        except BlockingIOError:
            return
        self._news.set()
        self._news = asyncio.Event()
