"""When jobs of a backup server are due (src/server/jobstate.rs, src/bin/proxmox-backup-proxy.rs).

Two clocks: the scheduler counts from the start of the last run, and what the API shows from its end.
"""

from dataclasses import dataclass
from datetime import datetime
import math
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from simulator.calendar import Calendar
from simulator.engine import Handle, Process

if TYPE_CHECKING:
    from .jobs import Job
    from .server import BackupServer

FALLBACK = 30
"""Seconds before now from which a job counts of which no state can be read."""


@dataclass(frozen=True, kw_only=True)
class JobState:
    """The file with a job's state; `time` is that of its creation, `updated` of the last change of its schedule."""

    kind: Literal["missing", "created", "started", "finished", "unreadable"] = "missing"
    time: float | None = None
    upid: str | None = None
    state: str | None = None
    endtime: int | None = None
    updated: float | None = None

    def last_run_time(self, now: float) -> float:
        """Return the moment from which the scheduler counts: the start of the last run, or the last change after it."""
        if self.kind == "created":
            return self.time or 0
        if self.kind == "finished" and self.updated is not None:
            return self.updated
        return now - FALLBACK if self.upid is None else start_of(self.upid)

    def scheduler_slot(self, schedule: str | None, zone: ZoneInfo, calendar: Calendar, now: float) -> int | None:
        """Return when the scheduler takes the job for due."""
        return next_event(schedule, self.last_run_time(now), zone, calendar)

    def fields(self, schedule: str | None, zone: ZoneInfo, calendar: Calendar, now: float) -> dict[str, Any]:
        """Return what the API shows: `next-run` counts from the end of the last run."""
        last = self.last_run_time(now)
        if self.kind == "finished" and self.updated is None:
            last = float(self.endtime or 0)
        shown = {
            "next-run": next_event(schedule, last, zone, calendar),
            "last-run-upid": self.upid,
            "last-run-state": self.state if self.kind == "finished" else None,
            "last-run-endtime": self.endtime if self.kind == "finished" else None,
        }
        return {name: value for name, value in shown.items() if value is not None}


def start_of(upid: str) -> int:
    """Return when a task was started."""
    return int(upid.split(":")[5], 16)


def next_event(schedule: str | None, after: float, zone: ZoneInfo, calendar: Calendar) -> int | None:
    """Return the first event of a schedule after a moment, None where there is none or the schedule cannot be read."""
    if not schedule:
        return None
    try:
        event = calendar(schedule, datetime.fromtimestamp(after, zone))
    except ValueError:
        return None
    return None if event is None else int(event.timestamp())


class Scheduler:
    """Looks once a minute what is due; a slot that was missed is caught up, once."""

    def __init__(self, server: BackupServer) -> None:
        """Start nothing yet."""
        self._server = server
        self._waiting: dict[Job, Handle] = {}
        self.active = True
        """Whether the scheduler runs at all: a hung proxy answers and starts nothing."""

    def plan(self, job: Job) -> None:
        """Look anew at when a job is due."""
        if handle := self._waiting.pop(job, None):
            handle.alive = False
        if self.active and self._server.online:
            world = self._server.world
            self._waiting[job] = world.engine.spawn(self._attend(job), world.moment())

    def forget(self, job: Job) -> None:
        """Let a job be due never again."""
        if handle := self._waiting.pop(job, None):
            handle.alive = False

    def look_again(self) -> None:
        """Look anew at all jobs, as after the server was off or a datastore came back."""
        for job in self._server.jobs:
            self.plan(job)

    def _attend(self, job: Job) -> Process:
        """Start the job at the first full minute after it is due; what cannot start waits until something has changed."""
        server = self._server
        slot = job.load().scheduler_slot(job.schedule, server.zone, server.world.calendar, server.now)
        if slot is None or not job.starts_by_itself:
            return
        minute = math.floor(max(slot - 1, server.now) / 60) * 60 + 60
        yield minute - server.now
        if server.online and self.active and not job.running and job.skipped_because() is None:
            job.start(scheduled=True)
