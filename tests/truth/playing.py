"""Plays a plan on the simulator, lets the product look, and writes down what really happens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
import heapq
from pathlib import Path
from random import Random
from typing import Any, override
from zoneinfo import ZoneInfo

from simulator.access import Token
from simulator.clock import Clock
from simulator.cluster import Cluster
from simulator.dispatch import Dispatch
from simulator.files import MemoryTree
from simulator.guests import Guest
from simulator.jobs import Job
from simulator.nodes import Node
from simulator.outcomes import Outcome, RunOutcome
from simulator.simulated import AUDIT
from simulator.storages import Archive
from simulator.vzdump import Run

from .calendar import events, next_after
from .happenings import HAPPENINGS
from .ledger import GuestLife, JobLife, Ledger, NodeLife, Settings
from .outages import Watcher
from .plan import DAY, HOUR, GuestPlan, Happening, JobPlan, Plan
from .writing_down import written_down

CONTENT = "Datastore.AllocateSpace VM.Backup"
LOOKS_AFTER_SLOT = (3, 8, 20, 40, 80, 115, 135, 215, 260)
"""Minutes after a slot at which the product may look: some of them are chosen for each slot."""
TOLD = {
    *("migrate", "edit_schedule", "edit_storage", "edit_guests", "disable", "delete_job", "add_job"),
    *("add_guest", "remove_guest", "reuse_number", "tag", "pool"),
}
"""What happens by a change of the cluster's configuration."""
FILLED, SPEED = 1.0, 100.0
"""How guests are that a backup server has never seen and whose minutes are known."""


class _Forgetting(Dispatch):
    """Leaves one scheduled run out, as a scheduler that was not there at that moment."""

    def __init__(self, cluster: Cluster, job: str, node: str, start: float) -> None:
        """Leave out the run of a job on a node that would start at a moment."""
        super().__init__(cluster)
        self._job, self._node, self._start = job, node, start

    @override
    def start(
        self,
        job: Job,
        node: Node,
        outcomes: Mapping[int, Outcome],
        outcome: RunOutcome | None,
        start: float,
        by: str | None = None,
    ) -> Run | None:
        """Start a job on one node, but for that run."""
        if by is None and (job.id, node.name) == (self._job, self._node) and abs(start - self._start) < 1:
            return None
        return super().start(job, node, outcomes, outcome, start, by)


@dataclass
class World:
    """A cluster at work."""

    plan: Plan
    without: tuple[str, str, float] | None = None
    """A scheduled run that does not take place: its job, its node, its start."""
    cluster: Cluster = field(init=False)
    ledger: Ledger = field(init=False)
    token: Token = field(init=False)
    reachable: bool = True
    errors: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Statuses and messages sent in place of answers; there are none."""
    stopped: bool = False
    """Whether the product is switched off."""

    def __post_init__(self) -> None:
        """Build everything."""
        plan = self.plan
        clock = Clock(datetime.fromtimestamp(plan.start, UTC))
        self.cluster = Cluster(clock=clock, directory=Path("/nowhere"), calendar=next_after)
        self.cluster.files = MemoryTree()
        self.token = self.cluster.add_token("homeassistant@pve!ha", {"/": AUDIT})
        self.ledger = Ledger(start=plan.start, end=plan.end, content_rights=plan.content_rights)
        self._queue: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self.lives: dict[int, GuestLife] = {}
        self.fates: dict[int, dict[str, float]] = {}
        self.marked: dict[int, Archive] = {}
        self.waiting: list[tuple[str, int, float, bool]] = []
        self._watched: set[int] = set()
        if self.without is not None:
            self.cluster.dispatch = _Forgetting(self.cluster, *self.without)
        self.lost: set[str] = set()
        self._build()

    @property
    def now(self) -> float:
        """The present, in epoch seconds."""
        return self.cluster.clock.time()

    def _build(self) -> None:
        plan, cluster = self.plan, self.cluster
        for node in plan.nodes:
            cluster.add_node(node.name, timezone=node.zone)
            self.ledger.nodes[node.name] = NodeLife(node.name, ZoneInfo(node.zone), skews=[(plan.start - DAY, 0.0)])
            cluster.fingerprints[node.name] = ":".join(["AB"] * 31 + [f"{len(cluster.nodes):02X}"])
        for storage in plan.storages:
            made = cluster.add_storage(storage.name, "nfs" if storage.type == "nfs" else _type(storage.type))
            made.total *= 100
        self.ledger.servers = frozenset(entry.name for entry in plan.storages if entry.type == "pbs")
        for pool in ("gold", "silver"):
            cluster.pools[pool] = ""
        for guest in plan.guests:
            self.add_guest(guest)
        for job in plan.jobs:
            self.add_job(job)
        self.set_rights()
        cluster.begin()

    def add_guest(self, plan: GuestPlan) -> None:
        """Create a guest."""
        size = plan.minutes * 60 * SPEED / 1024
        if plan.template:
            add: Callable[..., Guest] = partial(self.cluster.add_vm, template=True)
        else:
            add = self.cluster.add_vm if plan.type == "qemu" else self.cluster.add_ct
        guest = add(plan.vmid, plan.name, plan.node, size=size, filled=FILLED, speed=SPEED, pool=plan.pool)
        guest.hastate = "started" if plan.managed else None
        life = GuestLife(plan.vmid, plan.name, plan.type, born=self.now, template=plan.template)
        life.places.append((self.now, plan.node))
        life.pools.append((self.now, plan.pool))
        self.lives[plan.vmid] = life
        self.ledger.guests.append(life)

    def add_job(self, plan: JobPlan) -> None:
        """Create a job."""
        options: dict[str, Any] = {"compress": "zstd", "notes-template": "{{guestname}}"}
        if plan.vmids is not None:
            known = [vmid for vmid in plan.vmids if vmid in self.cluster.guests]
            if not known:
                return
            options["vmid"] = ",".join(map(str, known))
        elif plan.pool is not None:
            options["pool"] = plan.pool
        else:
            options["all"] = 1
            if plan.exclude:
                options["exclude"] = ",".join(map(str, plan.exclude))
        if plan.node is not None:
            options["node"] = plan.node
        if plan.repeat_missed:
            options["repeat-missed"] = 1
        if plan.keep_last is not None:
            options["prune-backups"] = {"keep-last": str(plan.keep_last)}
        job = self.cluster.add_job(plan.name, plan.schedule, plan.storage, **options)
        self.ledger.jobs[plan.name] = JobLife(plan.name)
        self.note_job(job)

    def note_job(self, job: Job, *, gone: bool = False) -> None:
        """Write down what a job is told from now on."""
        options = job.options
        prune = options.get("prune-backups")
        settings = Settings(
            schedule=job.schedule,
            storage=job.storage,
            enabled=job.enabled,
            node=None if options.get("node") is None else str(options["node"]),
            vmids=frozenset(job.vmids) if "vmid" in options else None,
            exclude=frozenset(int(part) for part in str(options.get("exclude", "")).split(",") if part),
            pool=None if options.get("pool") is None else str(options["pool"]),
            keep_last=int(str(prune["keep-last"])) if isinstance(prune, dict) else None,
        )
        self.ledger.jobs[job.id].versions.append((self.now, None if gone else settings))

    def set_rights(self) -> None:
        """Give the token what it has not lost."""
        everything = AUDIT + (f" {CONTENT}" if self.plan.content_rights else "")
        rights = {"/": everything}
        if "tasks" in self.lost:
            rights["/nodes"] = "VM.Audit"
        if "jobs" in self.lost:
            rights["/"] = everything.replace("Sys.Audit ", "")
            if "tasks" not in self.lost:
                rights["/nodes"] = "Sys.Audit"
        if "storages" in self.lost:
            rights["/storage"] = "VM.Audit"
        if "guests" in self.lost:
            rights |= {"/vms": CONTENT if self.plan.content_rights else "Sys.Audit", "/pool": "Pool.Audit"}
        access = self.cluster.access
        for who in (self.token.id, self.token.user):
            access.revoke(who)
            for path, names in rights.items():
                access.grant(who, path, names)

    def fate(self, archive: Archive) -> dict[str, float]:
        """Return what becomes of an archive beside the runs, to be added to."""
        # The object is kept, so that no other one gets its identity.
        self.marked[id(archive)] = archive
        return self.fates.setdefault(id(archive), {})

    def later(self, at: float, action: Callable[[], object]) -> None:
        """Let something happen at a moment, in epoch seconds."""
        self._count += 1
        heapq.heappush(self._queue, (at, self._count, action))

    def play(self, watcher: Watcher) -> Ledger:
        """Play to the end and return what happened."""
        plan = self.plan
        for happening in plan.happenings:
            self.later(plan.start + happening.at, lambda entry=happening: self.happen(entry, watcher))  # type: ignore[misc]
        day = plan.start
        dice = Random(f"looks {plan.seed}")
        while day < plan.end:
            self.later(day + 0.5, lambda day=day: self._plan_looks(day, watcher, dice))  # type: ignore[misc]
            day += DAY
        while self._queue and self._queue[0][0] <= plan.end:
            at, _, action = heapq.heappop(self._queue)
            if at > self.now:
                self.cluster.clock.set(datetime.fromtimestamp(at, UTC))
            self._attend_hanging()
            action()
        return written_down(self)

    def _plan_looks(self, day: float, watcher: Watcher, dice: Random) -> None:
        """Look some times on a day: every few hours, around each slot."""
        moments = {day + hours * HOUR + dice.uniform(0, 3) * HOUR for hours in range(1, 25, 6)}
        zones = [ZoneInfo(name) for name in sorted({node.timezone for node in self.cluster.nodes.values()})]
        for job in self.cluster.jobs.values():
            for zone in zones if job.enabled else ():
                for slot in events(job.schedule, zone, day, day + DAY):
                    chosen = dice.sample(LOOKS_AFTER_SLOT, 2)
                    moments |= {slot + minutes * 60 + dice.uniform(-60, 60) for minutes in chosen}
        for moment in sorted(moments):
            if moment >= self.plan.start + self.plan.unseen:
                self.later(moment, lambda: self.look(watcher))

    def look(self, watcher: Watcher) -> None:
        """Let the product look, if it is there and was not just there."""
        if self.stopped or (self.ledger.looks and self.now - self.ledger.looks[-1] < 120):
            return
        nodes = list(self.cluster.nodes.values())
        # Only somebody who has seen the cluster before knows other ways to it than the first node.
        ways = nodes if self.ledger.looks else nodes[:1]
        if not self.reachable or not any(node.online for node in ways):
            watcher.look()
            return
        self.ledger.looks.append(self.now)
        watcher.look()

    def _attend_hanging(self) -> None:
        """Plan the ends of the runs that hang."""
        for node in self.cluster.nodes.values():
            for run in node.runs:
                if run.hangs and id(run) not in self._watched:
                    self._watched.add(id(run))
                    self._plan_end(run)

    def _plan_end(self, run: Run) -> None:
        """Let a run that hangs go on or be stopped after the time that was chosen for it."""
        name = run.job.id if run.job else ""
        chosen = next((entry for entry in self.waiting if entry[0] == name), (name, 0, 2 * HOUR, True))
        if chosen in self.waiting:
            self.waiting.remove(chosen)
        self.later(max(run.started + chosen[2], self.now + 30), partial(self._release, run, go_on=chosen[3]))

    def _release(self, run: Run, *, go_on: bool) -> None:
        if run not in run.node.runs or not run.hangs:
            return
        run.go_on() if go_on else run.interrupt()

    def happen(self, entry: Happening, watcher: Watcher) -> None:
        """Let one thing happen, if it can: without quorum nobody changes what the cluster is told."""
        if entry.kind in TOLD and not self.cluster.quorate:
            return
        HAPPENINGS[entry.kind](self, entry, watcher)


def _type(name: str):  # type: ignore[no-untyped-def]
    return "pbs" if name == "pbs" else "dir"


def local(time: float, zone: str) -> str:
    """Return a moment as people of a zone write it."""
    return f"{datetime.fromtimestamp(time, ZoneInfo(zone)):%a %d %b %H:%M}"


__all__ = ["World", "local", "timedelta"]
