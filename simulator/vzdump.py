"""A run of vzdump on one node: its task, its log, its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from . import retention
from .engine import Handle, Process
from .errors import BackupFailedError, GoOnError, PowerLossError, StoppedError
from .guest_backup import GuestBackup
from .jobs import Covered, Job, command
from .outcomes import Outcome, RunOutcome, Stage

if TYPE_CHECKING:
    from .cluster import Cluster
    from .nodes import Node
    from .storages import Archive, Storage
    from .tasks import Task

LOCK_STEP = 3
"""Seconds between two tries to get the lock."""


@dataclass(eq=False)
class Turn:
    """What became of one guest in a run: `error` is None where it ended well, `ended` None while it goes on."""

    began: float
    ended: float | None = None
    error: str | None = None
    archive: Archive | None = None


@dataclass(eq=False)
class Run:
    """One run of vzdump on one node, and what a test can do to it."""

    cluster: Cluster
    node: Node
    options: Mapping[str, object]
    guests: Covered
    task: Task
    random: Random
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    outcome: RunOutcome | None = None
    job: Job | None = None
    scheduled: bool = True
    from_shell: bool = False
    """Whether it is a command line that root typed; its last line comes after an empty one."""
    handle: Handle | None = None
    failures: int = 0
    warnings: int = 0
    hangs: bool = False
    lines: list[str] = field(default_factory=list)
    turns: dict[int, Turn] = field(default_factory=dict)
    """What really became of the guests, by number, whatever a log says."""
    started: float = 0.0
    locked: float | None = None
    """When it got the node's lock."""
    ended: float | None = None
    """When it ended, be it by a loss of power."""

    @property
    def upid(self) -> str:
        """Return the id of its task."""
        return self.task.upid

    @property
    def status(self) -> str | None:
        """Return how it ended; None while it runs."""
        return self.task.status

    @property
    def log(self) -> str:
        """Return the task log as far as it is written."""
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def vmids(self) -> list[int]:
        """Return the guests in the order of their turn."""
        local = [guest.vmid for guest in self.guests.local(self.node.name)]
        return sorted(local + self.guests.missing)

    def interrupt(self) -> None:
        """Stop the task, as a user does."""
        self._throw(StoppedError())

    def go_on(self) -> None:
        """Let a backup that hangs go on."""
        if self.hangs:
            self._throw(GoOnError())

    def lose_power(self) -> None:
        """End without a word."""
        if self.handle is not None:
            self.handle.alive = False
        if self in self.node.runs:
            self.node.runs.remove(self)
            self.ended = self.cluster.engine.time

    def say(self, line: str) -> None:
        """Write a line to the task log."""
        self.lines.append(line)
        path = f"{self.node.tasks.root}/{self.task.log_path}"
        self.cluster.files.append(path, f"{line}\n", self.cluster.engine.time)

    def process(self) -> Process:
        """Play the run."""
        try:
            yield from self._play()
        except StoppedError:
            self.say("ERROR: Backup job failed - interrupted by signal")
            self._notify()
            self._end("interrupted by signal")
        except PowerLossError:
            self.node.go_offline()

    def _play(self) -> Process:
        yield 0.2
        storage, error = self._activate()
        if storage is None:
            self._notify()
            self._end(error)
            return
        patience = float(str(self.node.defaults.get("lockwait", 180))) * 60
        given_up = self.cluster.engine.time + patience
        while self.node.lock_holder is not None and self.node.lock_holder is not self.handle:
            if self.cluster.engine.time >= given_up:
                self._give_up_lock()
                return
            yield from self._wait_for_lock()
        if self.outcome is not None and self.outcome.lock_timeout:
            self.say("INFO: trying to get global lock - waiting...")
            yield patience
            self._give_up_lock()
            return
        self.node.lock_holder = self.handle
        self.locked = self.cluster.engine.time
        yield from self._back_up(storage)

    def _wait_for_lock(self) -> Process:
        if not self.lines:
            self.say("INFO: trying to get global lock - waiting...")
        yield LOCK_STEP
        if self.node.lock_holder is None:
            self.say("INFO: got global lock")

    def _give_up_lock(self) -> None:
        self.say("ERROR: can't acquire lock '/var/run/vzdump.lock' - got timeout")
        self._notify()
        self._finish("unexpected status")

    def _activate(self) -> tuple[Storage | None, str]:
        name = str(self.options.get("storage", "local"))
        storage = self.cluster.storages.get(name)
        if storage is None:
            missing = f"storage '{name}' does not exist"
            information = f"could not get storage information for '{name}': {missing}"
            return None, f"could not activate storage '{name}': {missing} {information}"
        error = storage.activation_error(self.node.name)
        if self.outcome is not None and self.outcome.storage_error:
            error = self.outcome.storage_error
        if error:
            return None, f"could not activate storage '{name}': {error}"
        if "backup" not in storage.content.split(","):
            wrong = f"can't use storage '{name}' for backups - wrong content type"
            return None, f"could not get storage information for '{name}': {wrong}"
        return storage, ""

    def _back_up(self, storage: Storage) -> Process:
        extra: dict[str, object] = {"quiet": 1}
        if self.from_shell:
            extra = {}
        elif not self.scheduled:
            extra = {"node": self.node.name} | ({"all": int(self.job.is_all)} if self.job else {})
        self.say(f"INFO: starting new backup job: {command(self.options, extra, self.random)}")
        if skipped := self.guests.elsewhere(self.node.name):
            self.say(f"INFO: skip external VMs: {', '.join(map(str, skipped))}")
        for vmid in self.vmids:
            outcome = self.outcomes.get(vmid) or self._usual_outcome(vmid)
            if not outcome.left_out:
                yield from self._guest(vmid, outcome, storage)
                yield 1
        self.say("INFO: Backup job finished with errors" if self.failures else "INFO: Backup job finished successfully")
        if self.vmids:
            self._notify()
        if self.failures:
            self._end("job errors")
        elif self.warnings and self.cluster.release >= (8, 0):
            self.say(f"TASK WARNINGS: {self.warnings}")
            self._finish(f"WARNINGS: {self.warnings}")
        else:
            self.say("TASK OK")
            self._finish("OK")

    def _usual_outcome(self, vmid: int) -> Outcome:
        guest = self.cluster.guests.get(vmid)
        if guest is None or self.job is None:
            return Outcome()
        return guest.outcome_at(self.cluster.engine.time, self.job.id)

    def _guest(self, vmid: int, outcome: Outcome, storage: Storage) -> Process:
        turn = self.turns[vmid] = Turn(began=self.cluster.engine.time)
        backup: GuestBackup | None = None
        try:
            backup = self._backup(vmid, outcome, storage)
            yield from backup.process()
            turn.ended = self.cluster.engine.time
        except BackupFailedError as error:
            turn.ended, turn.error = self.cluster.engine.time, str(error)
            self.failures += 1
            write = error.both or self.say
            write(f"ERROR: Backup of VM {vmid} failed - {error}")
            self.say(f"INFO: Failed at {self.stamp()}")
            if error.signal:
                raise StoppedError from error
        finally:
            if backup is not None and backup.archiving.archive in storage.archives:
                turn.archive = backup.archiving.archive

    def _backup(self, vmid: int, outcome: Outcome, storage: Storage) -> GuestBackup:
        """Return the backup of a guest; raises BackupFailedError where it fails before its log is opened."""
        guest = self.cluster.guests.get(vmid)
        if guest is None:
            raise BackupFailedError(f"unable to find VM '{vmid}'")
        if guest.node != self.node.name:
            raise BackupFailedError(f"unable to find configuration file for VM {vmid} on node '{self.node.name}'")
        if outcome.stage is Stage.BEFORE_LOG and outcome.error:
            raise BackupFailedError(outcome.error)
        return GuestBackup(run=self, guest=guest, storage=storage, outcome=outcome)

    def stamp(self) -> str:
        """Return the node's wall-clock time as logs write it."""
        return f"{self.node.local(self.cluster.engine.time):%Y-%m-%d %H:%M:%S}"

    def keep(self, storage: Storage) -> dict[str, int]:
        """Return the retention that applies: that of the job, the storage, the node, or none."""
        prune = self.options.get("prune-backups")
        if isinstance(prune, Mapping):
            return {name: int(str(number)) for name, number in prune.items()}
        if not self.scheduled and self.job is None:
            return {}
        return retention.parse(storage.prune or str(self.node.defaults.get("prune-backups", "")))

    def local_moment(self) -> datetime:
        """Return the present in the node's zone."""
        return self.node.local(self.cluster.engine.time)

    def _notify(self) -> None:
        if self.cluster.release >= (8, 1):
            self.say("INFO: notified via target `mail-to-root`")

    def _end(self, error: str) -> None:
        if self.from_shell:
            self.say("")
        self.say(f"TASK ERROR: {error}")
        self._finish(error)

    def _finish(self, status: str) -> None:
        time = self.ended = self.cluster.engine.time
        if self.node.lock_holder is self.handle:
            self.node.lock_holder = None
        if self in self.node.runs:
            self.node.runs.remove(self)
        self.node.end_task(self.task, status, time)
        if self.job is not None and self.scheduled:
            state = self.job.state_on(self.node.name)
            if state.upid == self.upid:
                state.state, state.msg = "stopped", status
                self.job.note_state(self.node.name, time)

    def _throw(self, error: Exception) -> None:
        if self.handle is not None:
            self.cluster.engine.interrupt(self.handle, error, self.cluster.clock.time())
            self.cluster.settle()
