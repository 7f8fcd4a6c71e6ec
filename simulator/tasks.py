"""Tasks: their UPIDs, their logs, and the index files of a node."""

from dataclasses import dataclass, field, replace
from functools import cached_property

from .files import FileTree

INDEX_SIZE = 50_000
"""Bytes at which the index is renamed to index.1 (PVE::RPCEnvironment)."""
MAX_FINISHED = 25
"""Finished tasks in the file `active` and in /cluster/tasks."""


@dataclass(eq=False)
class Task:
    """A task of a node; running while it has no end."""

    node: str
    pid: int
    pstart: int
    starttime: int
    type: str
    id: str
    user: str
    tokenid: str | None = None
    endtime: int | None = None
    status: str | None = None

    @property
    def owner(self) -> str:
        """Return who started it, with the token."""
        return self.user if self.tokenid is None else f"{self.user}!{self.tokenid}"

    @cached_property
    def upid(self) -> str:
        """Return the unique id of the task."""
        return (
            f"UPID:{self.node}:{self.pid:08X}:{self.pstart:08X}:{self.starttime:08X}"
            f":{self.type}:{self.id}:{self.owner}:"
        )

    @property
    def log_path(self) -> str:
        """Return the path of the log below the node's root."""
        return f"var/log/pve/tasks/{self.starttime & 15:X}/{self.upid}"

    @property
    def status_type(self) -> str:
        """Return ok, warning, error or unknown (PVE::Tools::upid_normalize_status_type)."""
        if self.status is None:
            return "error"
        if self.status == "OK":
            return "ok"
        if self.status.startswith("WARNINGS"):
            return "warning"
        return "unknown" if self.status == "unexpected status" else "error"


@dataclass(eq=False)
class TaskList:
    """What a node remembers of its tasks: the files active, index and index.1."""

    root: str
    files: FileTree
    running: list[Task] = field(default_factory=list)
    index: list[Task] = field(default_factory=list)
    rotated: list[Task] = field(default_factory=list)
    listed_twice: set[str] = field(default_factory=set)
    """Ended tasks that listings show as running too."""
    _index_size: int = 0

    def active(self) -> list[Task]:
        """Return what listings show as running, newest first."""
        ended = self.archived() if self.listed_twice else []
        late = [replace(task, endtime=None, status=None) for task in ended if task.upid in self.listed_twice]
        return [*self.running, *late]

    def begin(self, task: Task, time: float) -> None:
        """Take a started task in."""
        self.running.insert(0, task)
        self.files.write(f"{self.root}/{task.log_path}", "", time)
        self._write_active(time)

    def finish(self, task: Task, status: str, time: float) -> None:
        """Note the end of a task."""
        task.status = status
        task.endtime = int(time)
        if task in self.running:
            self.running.remove(task)
        line = _index_line(task)
        self._index_size = len(line) + (self._index_size if self.index else 0)
        self.index.append(task)
        self.files.append(f"{self.root}/var/log/pve/tasks/index", line, time)
        if self._index_size > INDEX_SIZE:
            self._rotate(time)
        self._write_active(time)

    def archived(self) -> list[Task]:
        """Return the finished tasks that the index files still hold, newest first."""
        return [*reversed(self.index), *reversed(self.rotated)]

    def find(self, upid: str) -> Task | None:
        """Return a task by its id."""
        return next((task for task in [*self.running, *self.archived()] if task.upid == upid), None)

    def _rotate(self, time: float) -> None:
        for task in self.rotated:
            self.files.remove(f"{self.root}/{task.log_path}")
        self.rotated, self.index = self.index, []
        folder = f"{self.root}/var/log/pve/tasks"
        self.files.write(f"{folder}/index.1", "".join(map(_index_line, self.rotated)), time)
        self.files.write(f"{folder}/index", "", time)

    def _write_active(self, time: float) -> None:
        lines = [f"{task.upid} 0\n" for task in self.running]
        lines += [f"{task.upid} 1 {task.endtime:08X} {task.status}\n" for task in self.archived()[:MAX_FINISHED]]
        self.files.write(f"{self.root}/var/log/pve/tasks/active", "".join(lines), time)


def _index_line(task: Task) -> str:
    return f"{task.upid} {task.endtime:08X} {task.status}\n"
