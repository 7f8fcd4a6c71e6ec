"""The two folders that the agent shows, read without ever following a symbolic link beneath the root."""

from dataclasses import dataclass
import os
from pathlib import Path
import re
import stat
import time

MAX_ENTRIES = 20_000
MAX_NAME = 255  # bytes, NAME_MAX of every file system
SETTLED = 2_000_000_000  # nanoseconds after which the time of a folder can be relied on
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class FolderError(Exception):
    """The folder exists and cannot be read, so what is in it is not known."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file of a folder; `mtime_ns` in nanoseconds since the epoch, `size` in bytes."""

    name: str
    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, name: str, status: os.stat_result) -> "Entry":
        """Return the entry that a stat describes."""
        return cls(name, status.st_size, status.st_mtime_ns, status.st_ino)

    def still_is(self, status: os.stat_result) -> bool:
        """Return whether a new stat describes the same state of a regular file."""
        return (
            self.mtime_ns == status.st_mtime_ns
            and self.size == status.st_size
            and self.inode == status.st_ino
            and stat.S_ISREG(status.st_mode)
        )

    @property
    def signature(self) -> str:
        """Return what changes with every write, truncation or replacement."""
        return f"{self.inode:x}-{self.size:x}-{self.mtime_ns:x}"


class Folder:
    """A folder beneath the root, of which only regular files with names of one pattern exist."""

    def __init__(self, root: Path, path: str, pattern: str) -> None:
        """Take the folder's path relative to the root and the pattern of the names."""
        self.path = path
        self._root = root
        self._parts = path.split("/")
        self._pattern = re.compile(pattern)
        self._entries: list[Entry] = []
        self._listed: tuple[int, int, int] | None = None

    def entries(self) -> list[Entry]:
        """Return the files, sorted by name; the very same list as before where nothing changed.

        A folder that does not exist (yet) has none. Raises FolderError.
        """
        try:
            descriptor = self._open_folder()
        except FileNotFoundError:
            self._listed = None
            self._entries = self._entries and []
            return self._entries
        except OSError as error:
            raise FolderError(f"/{self.path}: {error.strerror}") from error
        try:
            self._refresh(descriptor)
        except OSError as error:
            raise FolderError(f"/{self.path}: {error.strerror}") from error
        finally:
            os.close(descriptor)
        return self._entries

    def open_file(self, name: str) -> int:
        """Return a descriptor of one of the files.

        Raises FileNotFoundError for everything that `entries` does not list, FolderError where the folder cannot be
        read, OSError where the file cannot.
        """
        if not self._pattern.fullmatch(name) or len(name) > MAX_NAME:
            raise FileNotFoundError(name)
        try:
            folder = self._open_folder()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise FolderError(f"/{self.path}: {error.strerror}") from error
        try:
            if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise FileNotFoundError(name)
            descriptor = os.open(name, _FILE, dir_fd=folder)
        finally:
            os.close(folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(name)
        return descriptor

    def state(self) -> str:
        """Return "readable", "missing" or "unreadable"."""
        try:
            descriptor = self._open_folder()
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "unreadable"
        os.close(descriptor)
        return "readable"

    def _open_folder(self) -> int:
        descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in self._parts:
            try:
                below = os.open(part, _DIRECTORY, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = below
        return descriptor

    def _refresh(self, descriptor: int) -> None:
        """Look at each file again, and at the list of names only where the folder itself changed."""
        status = os.fstat(descriptor)
        listed = (status.st_dev, status.st_ino, status.st_mtime_ns)
        if listed == self._listed and self._is_unchanged(descriptor):
            return
        self._entries = self._scan(descriptor)
        # A name that came within the same tick of the clock as the listing would not show in the folder's time.
        self._listed = listed if abs(time.time_ns() - status.st_mtime_ns) > SETTLED else None

    def _is_unchanged(self, descriptor: int) -> bool:
        try:
            return all(
                entry.still_is(os.stat(entry.name, dir_fd=descriptor, follow_symlinks=False)) for entry in self._entries
            )
        except FileNotFoundError:
            return False

    def _scan(self, descriptor: int) -> list[Entry]:
        found = []
        with os.scandir(descriptor) as items:
            for item in items:
                if not self._pattern.fullmatch(item.name):
                    continue
                try:
                    status = item.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    found.append(Entry.of(item.name, status))
                if len(found) > MAX_ENTRIES:
                    raise FolderError(f"/{self.path}: more than {MAX_ENTRIES} files")
        found.sort(key=lambda entry: entry.name)
        return found


def logs_folder(root: Path) -> Folder:
    """Return the folder of the per-guest logs (PVE::VZDump, `$logdir`)."""
    return Folder(root, "var/log/vzdump", r"[A-Za-z0-9][A-Za-z0-9._-]*\.log")


def jobs_folder(root: Path) -> Folder:
    """Return the folder of the job state files (PVE::Jobs, `$state_dir`), vzdump jobs only."""
    return Folder(root, "var/lib/pve-manager/jobs", r"vzdump-[A-Za-z0-9][A-Za-z0-9._:-]*\.json")
