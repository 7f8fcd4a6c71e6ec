"""Tasks of a backup server: their UPIDs, their logs, and the archive (proxmox-rest-server/src/worker_task.rs)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.engine import Handle, Process

from .names import escape_id, stamp

if TYPE_CHECKING:
    from .server import BackupServer


class WorkerError(Exception):
    """What ends a task as failed; the text is that of Proxmox."""


@dataclass(eq=False)
class Task:
    """A task; running while it has no end. Times are those of the server's clock."""

    node: str
    pid: int
    pstart: int
    number: int
    starttime: int
    worker_type: str
    worker_id: str | None
    auth_id: str
    endtime: int | None = None
    state: str | None = None
    lines: list[str] = field(default_factory=list)
    log_gone: bool = False

    @property
    def upid(self) -> str:
        """Return the unique id of the task."""
        worker_id = escape_id(self.worker_id or "")
        return (
            f"UPID:{self.node}:{self.pid:08X}:{self.pstart:08X}:{self.number:08X}:{self.starttime:08X}"
            f":{self.worker_type}:{worker_id}:{self.auth_id}:"
        )

    @property
    def running(self) -> bool:
        """Tell whether it has not ended."""
        return self.endtime is None


@dataclass(eq=False)
class Worker:
    """A task at work, and how it writes its log."""

    server: BackupServer
    task: Task
    warnings: int = 0
    handle: Handle | None = None
    done: Callable[[Task], None] | None = None

    def log(self, text: str) -> None:
        """Write a line."""
        self.task.lines.append(f"{stamp(self.server.now, self.server.zone)}: {text}")

    def warn(self, text: str) -> None:
        """Write a line that counts as warning; up to 3.1 it says so."""
        self.warnings += 1
        self.log(text if self.server.release >= (3, 3, 0) else f"WARN: {text}")

    def end(self, state: str) -> None:
        """Note the end."""
        self.task.endtime, self.task.state = int(self.server.now), state
        bare = state == "OK" or state.startswith("WARNINGS: ")
        self.log(f"TASK {state}" if bare else f"TASK ERROR: {state}")
        self.server.tasks.finish(self)


@dataclass(eq=False)
class TaskArchive:
    """What a server remembers of its tasks: those that run, and those that are over in the order of their ends."""

    server: BackupServer
    workers: list[Worker] = field(default_factory=list)
    archive: list[Task] = field(default_factory=list)
    count: int = 0

    def start(
        self,
        worker_type: str,
        worker_id: str | None,
        auth_id: str,
        work: Callable[[Worker], Process] | None,
        done: Callable[[Task], None] | None = None,
    ) -> Worker:
        """Start a task; without `work` somebody else ends it."""
        server = self.server
        moment = server.world.moment()
        self.count += 1
        task = Task(
            node=server.name,
            pid=server.pid,
            pstart=server.pstart,
            number=self.count,
            starttime=int(server.now),
            worker_type=worker_type,
            worker_id=worker_id,
            auth_id=auth_id,
        )
        worker = Worker(server, task, done=done)
        self.workers.insert(0, worker)
        if work is not None:
            worker.handle = server.world.engine.spawn(self._attend(worker, work), moment)
        return worker

    def _attend(self, worker: Worker, work: Callable[[Worker], Process]) -> Process:
        try:
            yield from work(worker)
        except WorkerError as error:
            worker.end(str(error))
        else:
            worker.end(f"WARNINGS: {worker.warnings}" if worker.warnings else "OK")

    def finish(self, worker: Worker) -> None:
        """Take the end of a task in."""
        self.workers.remove(worker)
        self.archive.append(worker.task)
        if worker.done is not None:
            worker.done(worker.task)

    def kill_all(self) -> None:
        """Let everything die where it stands, as with a loss of power: nobody knows what became of it."""
        for worker in list(self.workers):
            if worker.handle is not None:
                worker.handle.kill()
            task = worker.task
            task.endtime, task.state = int(self.server.now), "unknown"
            self.workers.remove(worker)
            self.archive.append(task)

    def listed(self) -> list[Task]:
        """Return running tasks, and then those that are over, the one that ended last first."""
        return [*(worker.task for worker in self.workers), *reversed(self.archive)]

    def find(self, upid: str) -> Task | None:
        """Return a task by its id."""
        return next((task for task in self.listed() if task.upid == upid), None)

    def by_hand(self, worker_type: str, worker_id: str | None, auth_id: str = "root@pam", state: str = "OK") -> Task:
        """Put in a task that is over at once, for what needs no worker of its own."""
        worker = self.start(worker_type, worker_id, auth_id, None)
        worker.end(state)
        return worker.task
