"""Discrete events: processes that wait, and the order in which they go on."""

from collections.abc import Generator
from dataclasses import dataclass, field
import heapq

type Process = Generator[float]
"""A process yields the number of seconds that pass until it goes on."""


@dataclass(eq=False)
class Handle:
    """A process that was started."""

    process: Process
    alive: bool = True
    turn: int = 0

    def kill(self) -> None:
        """End the process where it stands; it does nothing any more."""
        self.alive = False
        self.process.close()


@dataclass(eq=False)
class Engine:
    """Lets processes go on in the order of their time; `time` is the present of the process that runs."""

    time: float
    _queue: list[tuple[float, int, int, Handle]] = field(default_factory=list)
    _count: int = 0
    playing: bool = False
    """Whether a process runs at this moment."""

    def spawn(self, process: Process, at: float) -> Handle:
        """Start a process at `at` (epoch seconds), which may lie in the past."""
        handle = Handle(process)
        self._push(handle, at)
        return handle

    def settle(self, until: float) -> None:
        """Let everything happen that happens up to `until`, inclusively."""
        while self._queue and self._queue[0][0] <= until:
            at, _, turn, handle = heapq.heappop(self._queue)
            if handle.alive and handle.turn == turn:
                self._resume(handle, at, None)
        self.time = until

    def interrupt(self, handle: Handle, error: Exception, at: float) -> None:
        """Let a process find `error` where it waits."""
        if handle.alive:
            self._resume(handle, at, error)

    def _resume(self, handle: Handle, at: float, error: Exception | None) -> None:
        self.time, self.playing = at, True
        try:
            delay = next(handle.process) if error is None else handle.process.throw(error)
        except StopIteration:
            handle.alive = False
            return
        finally:
            self.playing = False
        if handle.alive:
            self._push(handle, at + delay)

    def _push(self, handle: Handle, at: float) -> None:
        self._count += 1
        handle.turn += 1
        heapq.heappush(self._queue, (at, self._count, handle.turn, handle))
