"""Tasks of a backup server as its API answers."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..api.fields import Fields, Rows
from .row_values import upid_in
from .task_state import TaskState
from .upid import Upid
from .worker_id import Work, parse_worker_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task; times in epoch seconds. `state` and `ended` are None while it runs."""

    upid: Upid
    worker_id: str | None
    ended: int | None
    state: TaskState | None

    @classmethod
    def list_from_api(cls, data: object) -> Rows[Task]:
        """Parse `/nodes/localhost/tasks`, in the server's order: running ones first, then the one that ended last."""
        return Fields.each(data, "/nodes/localhost/tasks", cls._from_row)

    @classmethod
    def _from_row(cls, row: Fields) -> Task:
        upid = upid_in(row, "upid")
        if upid is None:
            raise row.wrong("upid", "a UPID")
        ended, status = row.optional_epoch("endtime"), row.one_line("status")
        return cls(
            upid=upid,
            worker_id=row.one_line("worker_id") or upid.worker_id,
            ended=ended,
            state=None if ended is None and status is None else TaskState.shown(status or ""),
        )

    @property
    def running(self) -> bool:
        """Whether the task still runs."""
        return self.state is None

    @property
    def work(self) -> Work | None:
        """What the task is about, where its id tells."""
        return parse_worker_id(self.upid.worker_type, self.worker_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskList:
    """Tasks, each once, the one that started last first; `complete` is False where older ones may be missing."""

    tasks: tuple[Task, ...]
    complete: bool

    @classmethod
    def of(cls, tasks: Iterable[Task], *, complete: bool) -> TaskList:
        """Take tasks of several pages, between which some may have begun or ended."""
        by_id: dict[str, Task] = {}
        for task in tasks:
            before = by_id.get(task.upid.text)
            if before is None or before.running:
                by_id[task.upid.text] = task
        ordered = sorted(by_id.values(), key=lambda task: (task.upid.starttime, task.upid.text), reverse=True)
        return cls(tasks=tuple(ordered), complete=complete)


def log_lines_from_api(data: object) -> tuple[str, ...]:
    """Parse `/nodes/localhost/tasks/{upid}/log`."""
    rows = Fields.rows(data, "/nodes/localhost/tasks/{upid}/log")
    return tuple(row.optional_text("t") or "" for row in rows)
