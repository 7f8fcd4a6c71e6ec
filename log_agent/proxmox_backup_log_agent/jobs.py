"""Job state files: what `pvescheduler` last noted about each backup job on this node (PVE::Jobs)."""

import json
import os

from .folders import Entry, Folder

MAX_SIZE = 64 * 1024  # bytes; a real one has a few hundred
MAX_TEXT = 16 * 1024  # characters
END_OF_TIME = 253_402_300_800  # seconds since the epoch: the year 10000


def job_id(name: str) -> str:
    """Return the id of the job that a state file's name stands for."""
    return name.removeprefix("vzdump-").removesuffix(".json")


class JobFiles:
    """Reads the state files, each again only after it changed."""

    def __init__(self, folder: Folder) -> None:
        """Take the folder of the state files."""
        self._folder = folder
        self._known: dict[str, tuple[str, dict[str, object]]] = {}

    def describe(self, entries: list[Entry]) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        """Return the answer's item for each entry that can be read, and for each that cannot: id and error.

        The latter says nothing about the job: Proxmox, as root, can read what the agent cannot. Raises FolderError.
        """
        readable: list[dict[str, object]] = []
        unreadable: list[dict[str, object]] = []
        for entry in entries:
            try:
                readable.append(self._describe(entry))
            except FileNotFoundError:
                continue  # since it was listed; the next listing says so
            except OSError as error:
                unreadable.append({"id": job_id(entry.name), "error": error.strerror or type(error).__name__})
        return readable, unreadable

    def forget_all_but(self, names: set[str]) -> None:
        """Drop what is known of files that are gone."""
        self._known = {name: known for name, known in self._known.items() if name in names}

    def _describe(self, entry: Entry) -> dict[str, object]:
        known = self._known.get(entry.name)
        if known is not None and known[0] == entry.signature:
            return known[1]
        item: dict[str, object] = {"id": job_id(entry.name), "modified": entry.mtime_ns / 1e9}
        item |= self._read(entry.name)
        self._known[entry.name] = (entry.signature, item)
        return item

    def _read(self, name: str) -> dict[str, object]:
        descriptor = self._folder.open_file(name)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            if os.fstat(descriptor).st_size > MAX_SIZE:
                return _broken("too large")
            return parse(file.read(MAX_SIZE) or b"")


def parse(content: bytes) -> dict[str, object]:
    """Return the fields of a state file's content; one that Proxmox could not read either has an `error`."""
    try:
        state = json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return _broken("not JSON")
    if not isinstance(state, dict):
        return _broken("not a JSON object")
    config = state.get("config")
    if not isinstance(config, dict):
        config = {}
    return {
        "state": _text(state.get("state")),
        "upid": _text(state.get("upid")),
        "message": _text(state.get("msg")),
        "time": _moment(state.get("time")),
        "updated": _moment(state.get("updated")),
        "enabled": _flag(config.get("enabled")),
        "schedule": _text(config.get("schedule")),
        "error": None,
    }


def _broken(error: str) -> dict[str, object]:
    return parse(b"{}") | {"error": error}


def _text(value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    # An escape such as \ud83d stands for half a character, which no store or browser takes.
    return value[:MAX_TEXT].encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _moment(value: object) -> int | None:
    """Return seconds since the epoch, None where the calendar does not reach."""
    number = _number(value)
    return number if number is not None and 0 <= number < END_OF_TIME else None


def _number(value: object) -> int | None:
    """Return a whole number; Perl writes numbers as numbers or as text."""
    if isinstance(value, bool):
        return None
    try:
        return int(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def _flag(value: object) -> bool | None:
    number = _number(int(value) if isinstance(value, bool) else value)
    return None if number is None else number != 0
