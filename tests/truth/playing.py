"""Plays a plan on the simulator, lets the product look, and writes down what really happens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
import heapq
from pathlib import Path
from random import Random
from typing import Any, Protocol, override
from zoneinfo import ZoneInfo

from simulator.access import Token
from simulator.clock import Clock
from simulator.cluster import Cluster
from simulator.dispatch import Dispatch
from simulator.files import MemoryTree
from simulator.guests import Guest
from simulator.jobs import Job, Planned
from simulator.nodes import Node
from simulator.outcomes import Outcome, RunOutcome, failed, left_out, prune_denied, running
from simulator.simulated import AUDIT
from simulator.storages import Archive
from simulator.vzdump import Run

from .calendar import events, next_after
from .ledger import FOREVER, ArchiveFact, GuestLife, JobLife, Ledger, NodeLife, Part, RunFact, Settings
from .plan import DAILY, DAY, HOUR, SELDOM, GuestPlan, Happening, JobPlan, Plan

CONTENT = "Datastore.AllocateSpace VM.Backup"
LOOKS_AFTER_SLOT = (3, 8, 20, 40, 80, 115, 135, 215, 260)
"""Minutes after a slot at which the product may look: some of them are chosen for each slot."""
FENCED_AFTER = 150
"""Seconds after which the cluster starts the guests of a failed node elsewhere."""
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


class Watcher(Protocol):
    """What looks at the cluster."""

    def look(self) -> None:
        """Look now."""

    def restart(self) -> None:
        """Begin anew with what was written down."""


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
        self._lives: dict[int, GuestLife] = {}
        self._fates: dict[int, dict[str, float]] = {}
        self._archives: dict[int, Archive] = {}
        self._waiting: list[tuple[str, int, float, bool]] = []
        self._watched: set[int] = set()
        if self.without is not None:
            self.cluster.dispatch = _Forgetting(self.cluster, *self.without)
        self._lost: set[str] = set()
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
        self._lives[plan.vmid] = life
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
        if "tasks" in self._lost:
            rights["/nodes"] = "VM.Audit"
        if "jobs" in self._lost:
            rights["/"] = everything.replace("Sys.Audit ", "")
            if "tasks" not in self._lost:
                rights["/nodes"] = "Sys.Audit"
        if "storages" in self._lost:
            rights["/storage"] = "VM.Audit"
        if "guests" in self._lost:
            rights |= {"/vms": CONTENT if self.plan.content_rights else "Sys.Audit", "/pool": "Pool.Audit"}
        access = self.cluster.access
        for who in (self.token.id, self.token.user):
            access.revoke(who)
            for path, names in rights.items():
                access.grant(who, path, names)

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
        return self._written_down()

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
                self.later(moment, lambda: self._look(watcher))

    def _look(self, watcher: Watcher) -> None:
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
        chosen = next((entry for entry in self._waiting if entry[0] == name), (name, 0, 2 * HOUR, True))
        if chosen in self._waiting:
            self._waiting.remove(chosen)
        self.later(max(run.started + chosen[2], self.now + 30), partial(self._release, run, go_on=chosen[3]))

    def _release(self, run: Run, *, go_on: bool) -> None:
        if run not in run.node.runs or not run.hangs:
            return
        run.go_on() if go_on else run.interrupt()

    def happen(self, entry: Happening, watcher: Watcher) -> None:
        """Let one thing happen, if it can: without quorum nobody changes what the cluster is told."""
        if entry.kind in TOLD and not self.cluster.quorate:
            return
        getattr(self, f"_{entry.kind}")(entry, watcher)

    def _node_off(self, entry: Happening, _: Watcher) -> None:
        node = self.cluster.nodes.get(entry.what)
        if node is None or not node.online:
            return
        node.go_offline()
        life, since = self.ledger.nodes[node.name], self.now
        life.off.append((since, FOREVER))
        locked = [guest for guest in self.cluster.guests.values() if guest.node == node.name and guest.lock == "backup"]

        def back() -> None:
            node.come_online()
            life.off[-1] = (since, self.now)
            self.later(self.now + 20 * HOUR, unlock)

        def unlock() -> None:
            for guest in locked:
                if guest.lock == "backup" and not self.cluster.node(guest.node).runs:
                    guest.lock = None

        self.later(self.now + FENCED_AFTER, partial(self._recover, node))
        self.later(self.now + entry.lasting, back)

    def _recover(self, failed: Node) -> None:
        """Start the guests of a failed node that the cluster manages on another one."""
        up = [node.name for node in self.cluster.nodes.values() if node.online]
        for guest in self.cluster.guests.values():
            if guest.node == failed.name and guest.hastate and self.cluster.quorate and not failed.online:
                guest.migrate(up[guest.vmid % len(up)])
                self._lives[guest.vmid].places.append((self.now, guest.node))

    _power_cut = _node_off

    def _storage_down(self, entry: Happening, _: Watcher) -> None:
        storage = self.cluster.storages.get(entry.what)
        if storage is None or storage.down or storage.type == "dir":
            return
        storage.go_offline()
        spans, since = self.ledger.storages_down.setdefault(storage.id, []), self.now
        spans.append((since, FOREVER))

        def back() -> None:
            storage.come_online()
            spans[-1] = (since, self.now)

        self.later(self.now + entry.lasting, back)

    def _trouble(self, entry: Happening, outcome: Outcome) -> None:
        guest = self.cluster.guests.get(entry.vmid)
        if guest is not None:
            until = datetime.fromtimestamp(self.now + entry.lasting, UTC)
            guest.fails(outcome, until=until, job=entry.what or None)

    def _fails(self, entry: Happening, _: Watcher) -> None:
        self._trouble(entry, failed(entry.text))

    def _prune_fails(self, entry: Happening, _: Watcher) -> None:
        job = self.cluster.jobs.get(entry.what)
        if job is not None and self.cluster.storages[job.storage].type == "pbs":
            self._trouble(entry, prune_denied())

    def _left_out(self, entry: Happening, _: Watcher) -> None:
        self._trouble(entry, left_out())

    def _hangs(self, entry: Happening, _: Watcher, *, go_on: bool = False) -> None:
        job = self.cluster.jobs.get(entry.what)
        if job is not None:
            job.planned = dict.fromkeys(self.cluster.nodes, Planned(outcomes={entry.vmid: running(60)}))
            self._waiting.append((job.id, entry.vmid, entry.lasting, go_on))

    def _overruns(self, entry: Happening, watcher: Watcher) -> None:
        self._hangs(entry, watcher, go_on=True)

    def _cancelled(self, entry: Happening, _: Watcher) -> None:
        node = self.cluster.nodes.get(entry.what)
        for run in list(node.runs if node else ()):
            if run.locked is not None and not run.hangs:
                run.interrupt()
                return

    def _by_hand(self, entry: Happening, _: Watcher, outcome: Outcome | None = None) -> None:
        guest = self.cluster.guests.get(entry.vmid)
        if guest is None or not self.cluster.node(guest.node).online or entry.what not in self.cluster.storages:
            return
        outcomes = {entry.vmid: outcome or Outcome()}
        self.cluster.backup_by_hand([entry.vmid], entry.what, outcomes=outcomes, at=self.cluster.clock.now())

    def _by_hand_bad(self, entry: Happening, watcher: Watcher) -> None:
        self._by_hand(entry, watcher, failed(entry.text))

    def _run_now(self, entry: Happening, _: Watcher) -> None:
        job = self.cluster.jobs.get(entry.what)
        if job is not None:
            job.start(by="root@pam")

    def _migrate(self, entry: Happening, _: Watcher) -> None:
        guest, node = self.cluster.guests.get(entry.vmid), self.cluster.nodes.get(entry.what)
        if guest is None or node is None or not node.online or guest.node == node.name or guest.lock:
            return
        if self.cluster.node(guest.node).online:
            guest.migrate(node.name)
            self._lives[guest.vmid].places.append((self.now, node.name))

    def _edit_schedule(self, entry: Happening, _: Watcher) -> None:
        job = self.cluster.jobs.get(entry.what)
        if job is not None and job.schedule != entry.text:
            job.reschedule(entry.text)
            self.note_job(job)

    def _edit_storage(self, entry: Happening, _: Watcher) -> None:
        job = self.cluster.jobs.get(entry.what)
        if job is not None and job.storage != entry.text and entry.text in self.cluster.storages:
            job.change(storage=entry.text)
            self.note_job(job)

    def _edit_guests(self, entry: Happening, _: Watcher) -> None:
        job = self.cluster.jobs.get(entry.what)
        if job is None or entry.vmid not in self.cluster.guests or "pool" in job.options:
            return
        name = "vmid" if "vmid" in job.options else "exclude"
        listed = {int(part) for part in str(job.options.get(name, "")).split(",") if part} ^ {entry.vmid}
        if listed or name == "exclude":
            job.change(**{name: ",".join(map(str, sorted(listed))) or None})
            self.note_job(job)

    def _disable(self, entry: Happening, _: Watcher) -> None:
        job = self.cluster.jobs.get(entry.what)
        if job is None or not job.enabled:
            return
        job.disable()
        self.note_job(job)

        def back() -> None:
            if self.cluster.jobs.get(job.id) is job:
                job.enable()
                self.note_job(job)

        self.later(self.now + entry.lasting, back)

    def _delete_job(self, entry: Happening, _: Watcher) -> None:
        job = self.cluster.jobs.get(entry.what)
        if job is not None:
            job.delete()
            self.note_job(job, gone=True)

    def _dice(self, entry: Happening) -> Random:
        return Random(f"{self.plan.seed} {entry.at} {entry.kind}")

    def _add_job(self, entry: Happening, _: Watcher) -> None:
        dice, name = self._dice(entry), f"job-x{int(entry.at)}"
        schedule = dice.choice(dice.choice((DAILY, SELDOM)))
        numbers = sorted(self.cluster.guests)
        if numbers and name not in self.ledger.jobs:
            some = tuple(dice.sample(numbers, dice.randint(1, len(numbers))))
            storage = dice.choice(list(self.cluster.storages))
            self.add_job(JobPlan(name=name, schedule=schedule, storage=storage, vmids=tuple(sorted(some))))

    def _add_guest(self, entry: Happening, _: Watcher) -> None:
        dice = self._dice(entry)
        vmid = 200 + int(entry.at) % 700
        node = self.cluster.nodes.get(entry.what)
        if vmid not in self.cluster.guests and node is not None and node.online:
            kind, pool = dice.choice(("qemu", "lxc")), dice.choice((None, "gold", "silver"))
            self.add_guest(GuestPlan(vmid=vmid, name=f"new-{vmid}", type=kind, node=entry.what, pool=pool))

    def _remove_guest(self, entry: Happening, _: Watcher) -> None:
        self._remove(entry.vmid, purge=self._dice(entry).random() < 0.7)

    def _remove(self, vmid: int, *, purge: bool) -> Guest | None:
        guest = self.cluster.guests.get(vmid)
        if guest is None or guest.lock or not self.cluster.node(guest.node).online:
            return None
        before = {job.id: (job, job.options.get("vmid")) for job in self.cluster.jobs.values()}
        guest.delete(purge=purge)
        self._lives.pop(vmid).died = self.now
        for name, (job, listed) in before.items():
            if name not in self.cluster.jobs:
                self.note_job(job, gone=True)
            elif job.options.get("vmid") != listed:
                self.note_job(job)
        return guest

    def _reuse_number(self, entry: Happening, _: Watcher) -> None:
        guest = self._remove(entry.vmid, purge=False)
        if guest is not None:
            kind = "lxc" if guest.type == "qemu" else "qemu"
            plan = GuestPlan(vmid=guest.vmid, name=f"other-{guest.vmid}", type=kind, node=guest.node, pool=guest.pool)
            self.later(self.now + 2 * HOUR, lambda: self.add_guest(plan))

    def _tag(self, entry: Happening, _: Watcher) -> None:
        guest = self.cluster.guests.get(entry.vmid)
        if guest is not None:
            guest.tags = None if guest.tags else "no-backup"
            self._lives[guest.vmid].ignored.append((self.now, guest.tags is not None))

    def _pool(self, entry: Happening, _: Watcher) -> None:
        guest = self.cluster.guests.get(entry.vmid)
        if guest is not None:
            guest.pool = entry.text or None
            self._lives[guest.vmid].pools.append((self.now, guest.pool))

    def _newest(self, vmid: int, storages: list[str]) -> Archive | None:
        found = [
            archive
            for name in storages
            for archive in self.cluster.storages[name].archive(vmid)
            if not archive.unfinished and not self.cluster.storages[name].down
        ]
        return max(found, key=lambda archive: archive.ctime, default=None)

    def _delete_archive(self, entry: Happening, _: Watcher) -> None:
        if entry.what not in self.cluster.storages:
            return
        archive = self._newest(entry.vmid, [entry.what])
        if archive is not None:
            self.cluster.storages[entry.what].remove(archive)
            self._fate(archive)["deleted"] = self.now

    def _corrupt(self, entry: Happening, _: Watcher) -> None:
        archive = self._newest(entry.vmid, [name for name, made in self.cluster.storages.items() if made.type == "pbs"])
        if archive is not None:
            archive.verification = "failed"
            self._fate(archive)["corrupt"] = self.now

    def _fate(self, archive: Archive) -> dict[str, float]:
        # The object is kept, so that no other one gets its identity.
        self._archives[id(archive)] = archive
        return self._fates.setdefault(id(archive), {})

    def _api_down(self, entry: Happening, _: Watcher) -> None:
        self._unreachable(entry)

    def _token_gone(self, entry: Happening, _: Watcher) -> None:
        if self.token.enabled and self.reachable:
            self.token.enabled = False
            self._unreachable(entry, lambda: setattr(self.token, "enabled", True))

    def _unreachable(self, entry: Happening, end: Callable[[], object] | None = None) -> None:
        if not self.reachable:
            return
        since = self.now
        self.reachable = False
        self.ledger.unreachable.append((since, FOREVER))

        def back() -> None:
            self.reachable = True
            self.ledger.unreachable[-1] = (since, self.now)
            if end is not None:
                end()

        self.later(self.now + entry.lasting, back)

    def _rights(self, entry: Happening, _: Watcher) -> None:
        if entry.what in self._lost:
            return
        self._lost.add(entry.what)
        self.set_rights()
        spans, since = self.ledger.blind.setdefault(entry.what, []), self.now
        spans.append((since, FOREVER))

        def back() -> None:
            self._lost.discard(entry.what)
            self.set_rights()
            spans[-1] = (since, self.now)

        self.later(self.now + entry.lasting, back)

    def _rotate(self, entry: Happening, _: Watcher) -> None:
        node = self.cluster.nodes.get(entry.what)
        if node is not None:
            node.tasks.index.clear()
            node.tasks.rotated.clear()
            self.ledger.nodes[node.name].rotations.append(self.now)

    def _restart(self, _: Happening, watcher: Watcher) -> None:
        self.ledger.restarts.append(self.now)
        watcher.restart()

    def _ha_off(self, entry: Happening, watcher: Watcher) -> None:
        if self.stopped:
            return
        self.stopped = True

        def back() -> None:
            self.stopped = False
            self.ledger.restarts.append(self.now)
            watcher.restart()
            self._look(watcher)

        self.later(self.now + entry.lasting, back)

    def _dark(self, entry: Happening, watcher: Watcher) -> None:
        """Leave nothing but archives of some hours: nobody looks, and at their end the nodes forget what ran."""

        def forget() -> None:
            for node in self.cluster.nodes.values():
                self._rotate(replace(entry, what=node.name), watcher)

        if not self.stopped:
            self._ha_off(entry, watcher)
            self.later(self.now + entry.lasting - 60, forget)

    def _drift(self, entry: Happening, _: Watcher) -> None:
        node = self.cluster.nodes.get(entry.what)
        if node is None or node.skew:
            return
        life = self.ledger.nodes[node.name]

        def put(skew: float) -> None:
            node.set_clock(skew)
            life.skews.append((self.now, skew))

        put(entry.number)
        self.later(self.now + entry.lasting, lambda: put(0.0))

    _wrong_clock = _drift

    def _written_down(self) -> Ledger:
        """Add the runs and the archives to the ledger."""
        facts: dict[int, ArchiveFact] = {}
        for run in self.cluster.dispatch.ever:
            life = self.ledger.nodes[run.node.name]
            ended = FOREVER if run.ended is None else run.ended
            noticed = ended
            if run.ended is not None and life.is_off(run.ended):
                noticed = next(end for start, end in life.off if start <= run.ended < end)
            parts = {}
            for vmid in run.vmids:
                turn = run.turns.get(vmid)
                number = None
                if turn is not None and turn.archive is not None:
                    archive = turn.archive
                    number = id(archive)
                    fate = self._fates.get(number, {})
                    facts[number] = ArchiveFact(
                        number=number,
                        vmid=vmid,
                        storage=str(run.options["storage"]),
                        node=archive.node,
                        written=turn.began,
                        deleted=fate.get("deleted", FOREVER),
                        corrupt=fate.get("corrupt", FOREVER),
                    )
                parts[vmid] = Part(
                    vmid=vmid,
                    began=turn.began if turn else None,
                    ended=turn.ended if turn else None,
                    error=turn.error if turn else None,
                    archive=number,
                )
            self.ledger.runs.append(
                RunFact(
                    node=run.node.name,
                    job=run.job.id if run.job else None,
                    by_hand=not run.scheduled,
                    storage=str(run.options["storage"]),
                    started=run.started,
                    stamp=float(run.task.starttime),
                    locked=run.locked,
                    ended=ended,
                    noticed=noticed,
                    status=run.status if noticed < FOREVER else None,
                    parts=parts,
                    prunes="prune-backups" in run.options,
                )
            )
        self.ledger.archives = sorted(facts.values(), key=lambda archive: archive.written)
        self.ledger.runs.sort(key=lambda run: run.started)
        return self.ledger


def _type(name: str):  # type: ignore[no-untyped-def]
    return "pbs" if name == "pbs" else "dir"


def local(time: float, zone: str) -> str:
    """Return a moment as people of a zone write it."""
    return f"{datetime.fromtimestamp(time, ZoneInfo(zone)):%a %d %b %H:%M}"


__all__ = ["World", "local", "timedelta"]
