"""How runs come about: by schedule, by "Run now", by hand."""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from .jobs import Covered, Job, MissingPoolError, Options, covered
from .outcomes import Outcome, RunOutcome
from .transfer import seconds_for
from .vzdump import Run

if TYPE_CHECKING:
    from .cluster import Cluster
    from .nodes import Node

LOCK_WAIT = 3 * 3600
"""Seconds after which vzdump gives the lock up."""


class Dispatch:
    """Starts runs of vzdump on the nodes of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        """Start nothing yet."""
        self._cluster = cluster
        self.ever: list[Run] = []
        """Every run that was ever started: what really happened, whatever the nodes still know."""

    def run_job(
        self,
        job: Job,
        outcomes: Mapping[int, Outcome],
        outcome: RunOutcome | None = None,
        at: datetime | None = None,
        by: str | None = None,
    ) -> list[Run]:
        """Run a job on every node that it concerns; see Job.run."""
        runs: list[Run] = []
        for node in self._cluster.nodes.values():
            if node.online and job.options.get("node") in (None, node.name):
                expected = self._expected(_guests_of(job), node, outcome)
                start = self._start_for(node, at, expected)
                run = self.start(job, node, outcomes, outcome, start, by)
                runs += [run] if run else []
                self._catch_up(run, at, start + expected)
        self._cluster.settle()
        return runs

    def start(
        self,
        job: Job,
        node: Node,
        outcomes: Mapping[int, Outcome],
        outcome: RunOutcome | None,
        start: float,
        by: str | None = None,
    ) -> Run | None:
        """Start a job on one node; None where vzdump returns at once: nothing to do, or an error without a task."""
        error = outcome.start_error if outcome else None
        guests = Covered(by_node={}, missing=[])
        try:
            guests = job.guests()
        except MissingPoolError as missing:
            error = f"{missing}\n"
        nothing = not guests.local(node.name) and not guests.missing and not job.is_all
        run = None
        if not error and not nothing:
            run = self._new_run(job.options, guests, node, start, by)
            run.job, run.outcomes, run.outcome = job, outcomes, outcome
            run.scheduled = by is None
        if by is None:
            job.note_start(node, start, run.upid if run else None, error)
        return run

    def by_hand(
        self,
        vmids: list[int],
        storage: str,
        outcomes: Mapping[int, Outcome],
        by: str,
        at: datetime | None,
        outcome: RunOutcome | None = None,
        *,
        from_shell: bool = False,
    ) -> list[Run]:
        """Back guests up outside any job; see Cluster.backup_by_hand."""
        options: Options = {"vmid": ",".join(map(str, vmids)), "storage": storage, "compress": "zstd"}
        if not from_shell:
            options |= {"mode": "snapshot", "remove": 0, "notes-template": "{{guestname}}"}
        guests = covered(self._cluster, options)
        runs = []
        for name in guests.by_node:
            node = self._cluster.node(name)
            expected = self._expected(guests, node, outcome)
            start = self._start_for(node, at, expected)
            run = self._new_run(options, guests, node, start, by)
            run.outcomes, run.outcome, run.scheduled, run.from_shell = outcomes, outcome, False, from_shell
            runs.append(run)
            self._catch_up(run, at, start + expected)
        self._cluster.settle()
        return runs

    def _new_run(self, options: Options, guests: Covered, node: Node, start: float, by: str | None) -> Run:
        local = [guest.vmid for guest in guests.local(node.name)] + guests.missing
        random = Random(f"{node.name} {sorted(map(str, options.items()))} {int(start)}")
        id_ = str(local[0]) if len(local) == 1 else ""
        task = node.new_task("vzdump", id_, by or "root@pam", start, random.randrange(3_000_000))
        run = Run(cluster=self._cluster, node=node, options=dict(options), guests=guests, task=task, random=random)
        run.started = start
        node.runs.append(run)
        self.ever.append(run)
        run.handle = self._cluster.engine.spawn(run.process(), start)
        return run

    def _expected(self, guests: Covered, node: Node, outcome: RunOutcome | None) -> float:
        """Return how long a run takes at most, in seconds."""
        waiting = LOCK_WAIT + 10 if outcome is not None and outcome.lock_timeout else 5
        return waiting + sum(seconds_for(guest, guest.size) + 8 for guest in guests.local(node.name))

    def _start_for(self, node: Node, at: datetime | None, expected: float) -> float:
        """Return when a run starts so that it has just ended, but not before the end of the node's last one."""
        if at is not None:
            return at.timestamp()
        return max(self._cluster.moment() - expected, node.last_end + 2)

    def _catch_up(self, run: Run | None, at: datetime | None, end: float) -> None:
        """Let the clock go on as far as a run needs that is to have ended."""
        missing = end - self._cluster.clock.time()
        if run is not None and at is None and missing > 0:
            self._cluster.clock.advance(seconds=missing)


def _guests_of(job: Job) -> Covered:
    try:
        return job.guests()
    except MissingPoolError:
        return Covered(by_node={}, missing=[])
