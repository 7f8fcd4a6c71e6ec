"""The plan of a world: what there is in it and what will happen, as plain data made from a seed.

A plan can be taken apart: a world without one of its events, jobs, guests or nodes is a world too.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from .calendar import events

HOUR = 3600.0
DAY = 24 * HOUR
ZONES = ("Europe/Berlin", "America/New_York", "UTC", "Asia/Tokyo")
DAILY = ("02:00", "02:30", "21:00", "mon..fri 22:00", "03:15", "12:00")
SELDOM = ("sun 03:00", "sat 01:00", "wed,sat 04:30", "*-*-1,15 03:00", "mon 05:00", "tue..thu 01:30")
OFTEN = ("*/6:00", "*/4:30", "*/12:15")
ERRORS = (
    "job failed with err -5 - Input/output error",
    "command 'set -o pipefail && tar cpf - --totals | zstd --threads=1' failed: exit code 2",
    "VM 100 qmp command 'backup' failed - got timeout",
    "unable to open file '/etc/pve/nodes/pve1/qemu-server/101.conf.tmp.4321' - Permission denied",
    "backup write data failed: command error: protocol canceled",
)
EVENTS = {
    "node_off": 10,
    "power_cut": 5,
    "storage_down": 6,
    "fails": 14,
    "prune_fails": 2,
    "left_out": 2,
    "hangs": 5,
    "overruns": 4,
    "cancelled": 3,
    "by_hand": 10,
    "by_hand_bad": 4,
    "run_now": 4,
    "migrate": 7,
    "edit_schedule": 4,
    "edit_storage": 3,
    "edit_guests": 4,
    "disable": 5,
    "delete_job": 2,
    "add_job": 3,
    "add_guest": 4,
    "remove_guest": 3,
    "reuse_number": 2,
    "tag": 1,
    "pool": 2,
    "delete_archive": 5,
    "corrupt": 3,
    "api_down": 3,
    "token_gone": 1,
    "rights": 3,
    "rotate": 3,
    "restart": 5,
    "ha_off": 3,
    "drift": 2,
    "wrong_clock": 1,
}
"""What can happen, and how often in relation to each other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodePlan:
    """A node."""

    name: str
    zone: str
    agent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StoragePlan:
    """A storage."""

    name: str
    type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestPlan:
    """A guest; `minutes` is how long its backup takes, `managed` whether the cluster starts it elsewhere when its node fails."""

    vmid: int
    name: str
    type: str
    node: str
    pool: str | None = None
    minutes: int = 2
    template: bool = False
    managed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class JobPlan:
    """A job; it names guests, a pool, or all guests but some."""

    name: str
    schedule: str
    storage: str
    vmids: tuple[int, ...] | None = None
    exclude: tuple[int, ...] = ()
    pool: str | None = None
    node: str | None = None
    repeat_missed: bool = False
    keep_last: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """Something that happens `at` so many seconds after the start and lasts `lasting` seconds, where it lasts."""

    at: float
    kind: str
    lasting: float = 0.0
    what: str = ""
    vmid: int = 0
    text: str = ""
    number: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A world to be; the product looks for the first time `unseen` seconds after the start."""

    seed: int
    start: float
    days: int
    unseen: float = 0.0
    content_rights: bool = True
    nodes: tuple[NodePlan, ...] = ()
    storages: tuple[StoragePlan, ...] = ()
    guests: tuple[GuestPlan, ...] = ()
    jobs: tuple[JobPlan, ...] = ()
    happenings: tuple[Happening, ...] = ()

    @property
    def end(self) -> float:
        """When the world ends, in epoch seconds."""
        return self.start + self.days * DAY


@dataclass
class _Maker:
    """Makes the plan of one seed."""

    dice: Random
    plan: Plan
    small: bool = False
    numbers: list[int] = field(default_factory=list)

    def things(self) -> None:
        """Choose what there is."""
        dice = self.dice
        zones = dice.sample(ZONES, 2) if dice.random() < 0.3 else [dice.choice(ZONES[:2])]
        nodes = tuple(
            NodePlan(name=f"pve{number}", zone=dice.choice(zones), agent=dice.random() < 0.3)
            for number in range(1, dice.choice((1, 2, 2, 3, 4)) + 1)
        )
        kinds = ["dir", "nfs", "pbs", "nfs"]
        storages = [StoragePlan(name="local", type="dir")]
        for number in range(dice.randint(1, 3)):
            kind = dice.choice(kinds)
            storages.append(StoragePlan(name=f"{'nas' if kind == 'nfs' else kind}{number}", type=kind))
        guests = []
        for vmid in range(101, 101 + dice.randint(3, 5 if self.small else 12)):
            kind = dice.choice(("qemu", "qemu", "lxc"))
            guests.append(
                GuestPlan(
                    vmid=vmid,
                    name=f"{'vm' if kind == 'qemu' else 'ct'}-{vmid}",
                    type=kind,
                    node=dice.choice(nodes).name,
                    pool=dice.choice((None, None, "gold", "silver")),
                    minutes=dice.choice((1, 1, 2, 3, 6)),
                )
            )
        self.numbers = [guest.vmid for guest in guests]
        self.plan = replace(self.plan, nodes=nodes, storages=tuple(storages), guests=tuple(guests))
        jobs = tuple(self.job(f"job-{letter}") for letter in "abcdef"[: dice.randint(2, 4 if self.small else 6)])
        self.plan = replace(self.plan, jobs=jobs)

    def job(self, name: str) -> JobPlan:
        """Choose a job."""
        dice = self.dice
        kind = dice.choice(("vmid", "vmid", "all", "exclude", "pool"))
        schedule = dice.choice(dice.choice((DAILY, DAILY, SELDOM, SELDOM, OFTEN)))
        some = tuple(sorted(dice.sample(self.numbers, dice.randint(1, len(self.numbers)))))
        return JobPlan(
            name=name,
            schedule=schedule,
            storage=dice.choice(self.plan.storages).name,
            vmids=some if kind == "vmid" else None,
            exclude=some[:2] if kind == "exclude" else (),
            pool=dice.choice(("gold", "silver")) if kind == "pool" else None,
            node=dice.choice(self.plan.nodes).name if dice.random() < 0.12 else None,
            repeat_missed=dice.random() < 0.3,
            keep_last=dice.choice((None, None, 3, 7)),
        )

    def happenings(self) -> None:
        """Choose what happens: about once a day something, some days nothing."""
        dice = self.dice
        found = [
            self.happening(dice.choices(list(EVENTS), list(EVENTS.values()))[0])
            for _ in range(dice.randint(self.plan.days // 4, self.plan.days))
        ]
        self.plan = replace(self.plan, happenings=tuple(sorted(found, key=lambda entry: entry.at)))

    def oddities(self) -> None:
        """Choose what only some worlds have, with dice of its own: what else there is in a world does not hang on it.

        Each of these is a situation to which chance alone would come too seldom.
        """
        dice = self.dice
        guests = [
            replace(guest, template=guest.type == "qemu" and dice.random() < 0.07, managed=dice.random() < 0.2)
            for guest in self.plan.guests
        ]
        self.plan = replace(self.plan, guests=tuple(guests))
        chances = {
            self.dark: 0.25,
            self.hidden: 0.2,
            self.future: 0.06,
            self.elsewhere: 0.2,
            self.deleted: 0.2,
            self.corrupted: 0.4,
            self.apart: 0.3,
        }
        odd = [entry for situation, chance in chances.items() if dice.random() < chance for entry in situation()]
        happenings = tuple(sorted([*self.plan.happenings, *odd], key=lambda entry: entry.at))
        self.plan = replace(self.plan, happenings=happenings)

    def at_a_slot(self, kind: str, hours: float, *jobs: JobPlan) -> Happening:
        """Return something that happens about some hours after a slot of one of some jobs, or before where they are negative."""
        dice, job = self.dice, self.dice.choice(jobs or self.plan.jobs)
        near = dice.uniform(2, max(3, self.plan.days - 9)) * DAY
        moment = (self.slot(job, near) or near) + (hours + dice.uniform(0, 2)) * HOUR
        vmid = dice.choice(job.vmids or self.numbers)
        return Happening(at=max(1.0, round(moment)), kind=kind, what=job.name, vmid=vmid)

    def dark(self) -> list[Happening]:
        """Leave nothing but archives of the hours around a slot."""
        return [replace(self.at_a_slot("dark", -4), lasting=self.dice.choice((6, 9, 14)) * HOUR)]

    def hidden(self) -> list[Happening]:
        """Take the right to see guests away."""
        lasting = self.dice.choice((5, 12, 30)) * HOUR
        return [replace(self.at_a_slot("rights", self.dice.uniform(-9, 9)), what="guests", lasting=lasting)]

    def future(self) -> list[Happening]:
        """Let a run be dated in the future, and the guest fail in the days that follow."""
        wrong = replace(self.at_a_slot("wrong_clock", -3), lasting=8 * HOUR, number=self.dice.choice((5, 20)) * DAY)
        node = next((guest.node for guest in self.plan.guests if guest.vmid == wrong.vmid), self.plan.nodes[0].name)
        text = self.dice.choice(ERRORS)
        fails = Happening(at=wrong.at + 2 * DAY, kind="fails", vmid=wrong.vmid, text=text, lasting=3 * DAY)
        return [replace(wrong, what=node), fails]

    def elsewhere(self) -> list[Happening]:
        """Let a guest fail, and be backed up by hand onto another storage."""
        job = self.dice.choice(self.plan.jobs)
        fails = replace(self.at_a_slot("fails", -3, job), text=self.dice.choice(ERRORS), lasting=4 * HOUR)
        others = [storage.name for storage in self.plan.storages if storage.name != job.storage]
        return [
            fails,
            Happening(at=fails.at + 6 * HOUR, kind="by_hand", vmid=fails.vmid, what=self.dice.choice(others)),
        ]

    def deleted(self) -> list[Happening]:
        """Let an archive of a job that runs seldom be deleted."""
        seldom = [job for job in self.plan.jobs if job.schedule in SELDOM]
        deleted = self.at_a_slot("delete_archive", 3, *seldom)
        job = next(entry for entry in self.plan.jobs if entry.name == deleted.what)
        return [replace(deleted, what=job.storage)]

    def corrupted(self) -> list[Happening]:
        """Let an archive on a backup server, of a job that runs seldom, be found corrupt."""
        servers = {storage.name for storage in self.plan.storages if storage.type == "pbs"}
        jobs = [job for job in self.plan.jobs if job.schedule in SELDOM and job.storage in servers]
        return [self.at_a_slot("corrupt", 3, *jobs)] if jobs else []

    def apart(self) -> list[Happening]:
        """Let a job that takes long hang on one node while another one is off over its slot."""
        covered = {
            job: [guest for guest in self.plan.guests if job.vmids is None or guest.vmid in job.vmids]
            for job in self.plan.jobs
            if job.node is None and job.pool is None and not job.exclude
        }
        pairs = [
            (job, slow, other)
            for job, guests in covered.items()
            for slow in guests
            for other in guests
            if slow.node != other.node
        ]
        if not pairs:
            return []
        job, slow, other = self.dice.choice(pairs)
        guests = tuple(replace(guest, minutes=60) if guest is slow else guest for guest in self.plan.guests)
        self.plan = replace(self.plan, guests=guests)
        off = replace(self.at_a_slot("node_off", -3, job), what=other.node, lasting=7 * HOUR)
        hangs = Happening(at=off.at - HOUR, kind="hangs", what=job.name, vmid=slow.vmid, lasting=30 * HOUR)
        return [hangs, replace(off, vmid=0)]

    def happening(self, kind: str) -> Happening:
        """Choose one thing that happens."""
        dice, plan = self.dice, self.plan
        at = dice.uniform(0.2, plan.days - 1.5) * DAY
        happening = Happening(at=round(at), kind=kind)
        node, job = dice.choice(plan.nodes).name, dice.choice(plan.jobs)
        vmid, storage = dice.choice(self.numbers), dice.choice(plan.storages).name
        slot = self.slot(job, at)
        if kind in {"node_off", "storage_down", "power_cut"} and slot is not None and dice.random() < 0.75:
            at = slot + (dice.uniform(30, 900) if kind == "power_cut" else -dice.uniform(0.1, 3) * HOUR)
            happening = replace(happening, at=max(1.0, round(at)))
        if kind in {"node_off", "power_cut"}:
            return replace(happening, what=node, lasting=dice.choice((2, 5, 8, 16, 30, 60)) * HOUR)
        if kind == "storage_down":
            return replace(happening, what=storage, lasting=dice.choice((2, 5, 12, 36)) * HOUR)
        if kind in {"fails", "prune_fails", "left_out"}:
            text, days = dice.choice(ERRORS), dice.choice((0.5, 1, 1, 2, 3))
            what = job.name if dice.random() < 0.5 else ""
            return replace(happening, vmid=vmid, text=text, lasting=days * DAY, what=what)
        if kind in {"hangs", "overruns"}:
            hours = dice.choice((1, 3, 4, 8, 30, 54)) if kind == "hangs" else dice.choice((0.5, 1, 2, 4, 10))
            return replace(happening, vmid=vmid, what=job.name, lasting=hours * HOUR)
        if kind == "cancelled":
            near = happening.at if slot is None else slot + dice.uniform(20, 400)
            return replace(happening, at=round(near), what=node)
        if kind in {"by_hand", "by_hand_bad"}:
            text = dice.choice(ERRORS) if kind == "by_hand_bad" else ""
            chosen = dice.choice((job.storage, job.storage, storage))
            return replace(happening, vmid=vmid, what=chosen, text=text)
        if kind == "migrate":
            return replace(happening, vmid=vmid, what=node)
        if kind == "edit_schedule":
            return replace(happening, what=job.name, text=dice.choice(dice.choice((DAILY, SELDOM))))
        if kind == "edit_storage":
            return replace(happening, what=job.name, text=storage)
        if kind == "disable":
            return replace(happening, what=job.name, lasting=dice.choice((0.3, 1, 2, 5, 12)) * DAY)
        if kind in {"api_down", "token_gone", "ha_off"}:
            return replace(happening, lasting=dice.choice((1, 4, 10, 20, 40)) * HOUR)
        if kind == "rights":
            return replace(
                happening, what=dice.choice(("tasks", "jobs", "storages")), lasting=dice.choice((4, 12, 20, 36)) * HOUR
            )
        if kind == "drift":
            return replace(
                happening, what=node, number=round(dice.uniform(-280, 280)), lasting=dice.choice((3, 9)) * DAY
            )
        if kind == "wrong_clock":
            ahead = dice.choice((3, -2, 5 * 24, 20 * 24)) * HOUR
            return replace(happening, what=node, number=ahead, lasting=dice.choice((8, 14)) * HOUR)
        if kind == "delete_archive":
            return replace(happening, vmid=vmid, what=dice.choice((job.storage, storage)))
        if kind == "pool":
            return replace(happening, vmid=vmid, text=dice.choice(("", "gold", "silver")))
        if kind == "edit_guests":
            return replace(happening, what=job.name, vmid=vmid)
        return replace(
            happening,
            vmid=vmid,
            what=node if kind in {"add_guest", "rotate"} else job.name,
            number=storage_number(storage, plan),
        )

    def slot(self, job: JobPlan, near: float) -> float | None:
        """Return a slot of a job near a moment, in seconds after the start."""
        zone = ZoneInfo(self.plan.nodes[0].zone)
        moment = self.plan.start + near
        found = next(events(job.schedule, zone, moment, min(self.plan.end - DAY, moment + 8 * DAY)), None)
        return None if found is None else found - self.plan.start


def storage_number(storage: str, plan: Plan) -> float:
    """Return the place of a storage in the list."""
    return float([entry.name for entry in plan.storages].index(storage))


def make(seed: int, *, small: bool = False, days: int | None = None) -> Plan:
    """Return the plan of a seed; a small one has few guests and jobs, and lasts as short as they come, where `days` is None."""
    dice = Random(f"world {seed}")
    # Any week of the year; one world in three lives through a change of the clocks.
    start = datetime(2026, 1, 5, 11, tzinfo=UTC) + timedelta(days=dice.randrange(360))
    days = days or (22 if small else dice.choice((24, 24, 24, 30, 30, 40, 60)))
    if dice.random() < 0.34:
        change = dice.choice((datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)))
        start = change - timedelta(days=dice.randrange(4, days - 4)) + timedelta(hours=11)
    unseen = dice.choice((0, 8, 8, 8)) * DAY + HOUR
    plan = Plan(seed=seed, start=start.timestamp(), days=days, unseen=unseen, content_rights=dice.random() < 0.5)
    maker = _Maker(dice, plan, small=small)
    maker.things()
    maker.happenings()
    maker.dice = Random(f"oddities {seed}")
    maker.oddities()
    return maker.plan


def make_quiet(seed: int, days: int = 365) -> Plan:
    """Return the plan of a world in which all goes well."""
    dice = Random(f"quiet {seed}")
    start = datetime(2026, 1, 5, 11, tzinfo=UTC) + timedelta(days=dice.randrange(360))
    plan = Plan(seed=seed, start=start.timestamp(), days=days, unseen=HOUR, content_rights=dice.random() < 0.5)
    maker = _Maker(dice, plan)
    maker.things()
    return maker.plan
