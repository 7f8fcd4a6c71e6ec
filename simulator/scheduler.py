"""The scheduler of each node (PVE::Service::pvescheduler, PVE::Jobs)."""

from datetime import datetime
from typing import TYPE_CHECKING

from .engine import Handle, Process

if TYPE_CHECKING:
    from .cluster import Cluster
    from .jobs import Job
    from .nodes import Node

TICK = 60
A_MOMENT = 0.001


class Scheduler:
    """Starts jobs when they are due, on every node by the node's own clock and zone."""

    def __init__(self, cluster: Cluster) -> None:
        """Start nothing yet."""
        self._cluster = cluster
        self._waiting: dict[tuple[str, str], Handle] = {}
        self._due: dict[tuple[str, str], float] = {}
        self.active = True

    def changed(self, job: Job) -> None:
        """Notice that a job is new or was changed: it is not due before its next event."""
        for node in self._cluster.nodes.values():
            self._note_change(node, job)
            self._plan(node, job)

    def removed(self, job: Job) -> None:
        """Forget a job."""
        for node in self._cluster.nodes:
            if handle := self._waiting.pop((node, job.id), None):
                handle.alive = False

    def boot(self, node: Node) -> None:
        """Start a node's scheduler: without repeat-missed, what was missed is dropped."""
        for job in self._cluster.jobs.values():
            if not job.options.get("repeat-missed"):
                self._note_change(node, job)
            state = job.state_on(node.name)
            if state.state == "started":
                state.state, state.msg = "stopped", "unexpected status"
                job.note_state(node.name, self._cluster.engine.time)
            self._plan(node, job)

    def clock_moved(self, node: Node) -> None:
        """Let a node whose clock was set look anew at what is due by it."""
        for job in self._cluster.jobs.values():
            self._plan(node, job)

    def next_run(self, job: Job, node: Node) -> int | None:
        """Return the next event of a job as `/cluster/backup` shows it, in epoch seconds."""
        return self._next_event(job, node, self._cluster.clock.time())

    def _next_event(self, job: Job, node: Node, after: float) -> int | None:
        """Return the next event of a job; none where its schedule cannot be read."""
        try:
            return next_event(job.schedule, node, after)
        except ValueError:
            return None

    def _note_change(self, node: Node, job: Job) -> None:
        state = job.state_on(node.name)
        time = self._cluster.moment()
        if state.state == "created" and state.time is None:
            state.time = node.epoch(time)
        else:
            state.updated = node.epoch(time)
        state.enabled, state.schedule = int(job.enabled), job.schedule
        job.note_state(node.name, time)

    def _plan(self, node: Node, job: Job) -> None:
        if handle := self._waiting.pop((node.name, job.id), None):
            handle.alive = False
        if self.active and job.enabled and job.options.get("node") in (None, node.name):
            process = self._attend(node, job)
            engine = self._cluster.engine
            self._waiting[node.name, job.id] = engine.spawn(process, self._cluster.moment())

    def _attend(self, node: Node, job: Job) -> Process:
        """Start the job on the node whenever it is due."""
        engine = self._cluster.engine
        state = job.state_on(node.name)
        last = float(state.updated or self._last_start(job, node) or state.time or engine.time)
        while True:
            due = self._next_event(job, node, last - node.skew)
            if due is None:
                return
            self._due[node.name, job.id] = due
            yield max(0.0, due - node.skew - engine.time) + node.nodeid * 0.3 + 1
            yield self._place(node, job) * A_MOMENT
            is_late = False
            while not node.online or not node.can_write or self._busy(node, job):
                if not node.online:
                    return
                is_late = True
                yield TICK
            if is_late:
                # What could not start before is started in one go.
                yield sorted(self._cluster.jobs).index(job.id) * A_MOMENT
            last = node.epoch(engine.time)
            self._cluster.start_scheduled(job, node)

    def _place(self, node: Node, job: Job) -> int:
        """Return how many jobs that are due at once are started before one: it goes by their ids (PVE/Jobs.pm, run_jobs)."""
        due = self._due[node.name, job.id]
        return sum(1 for job_id in self._cluster.jobs if job_id < job.id and self._due.get((node.name, job_id)) == due)

    def _last_start(self, job: Job, node: Node) -> int | None:
        upid = job.state_on(node.name).upid
        return int(upid.split(":")[4], 16) if upid else None

    def _busy(self, node: Node, job: Job) -> bool:
        return any(run.job is job and run.scheduled for run in node.runs)


def next_event(schedule: str, node: Node, after: float) -> int | None:
    """Return the first event of a schedule after a moment, on the node's clock, in epoch seconds."""
    moment = datetime.fromtimestamp(after + node.skew, node.zone)
    event = node.cluster.calendar(schedule, moment) if schedule else None
    return None if event is None else int(event.timestamp())
