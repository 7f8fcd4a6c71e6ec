"""What was before changes nothing of what is found, whatever has changed in between."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import os
import random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge
from custom_components.proxmox_backup_checker.checker.alerts.announcements import Message, MessageKind
from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import (
    ArchiveListing,
    Blindness,
    Facts,
    JobState,
    Run,
    StorageFacts,
)
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import (
    Archive,
    IncludedGuest,
    IncludedVolume,
    has_own_name,
)
from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions

from .builders import BERLIN, NOW, facts, failed_log, good_log, guest, job, run

NODES = ("pve1", "pve2")
NEW_YORK = ZoneInfo("America/New_York")
# An ordinary night, and the ones before the clocks are set back and forth in Berlin.
STARTS = (NOW, datetime(2025, 10, 25, 8, 0, tzinfo=UTC), datetime(2026, 3, 28, 8, 0, tzinfo=UTC))
# Others are to be tried where the rules were changed: SEEDS=200.
SEEDS = int(os.environ.get("SEEDS", "6"))
SHOWN = (
    "guests",
    "jobs",
    "storages",
    "counts",
    "verdict",
    "history",
    "running",
    "read_at",
    "events",
    "alerts",
    "messages",
)


def storage(**changes: Any) -> StorageFacts:
    """Return the storage of all jobs."""
    made = StorageFacts(
        storage="nas",
        node=None,
        plugin_type="nfs",
        active_on=frozenset(NODES),
        total=10**12,
        used=10**11,
        available=10**11,
    )
    return replace(made, **changes)


@dataclass
class Cluster:
    """A cluster to which things happen; `steps` are the dice."""

    dice: random.Random
    now: datetime = NOW
    facts: Facts = field(default_factory=facts)
    runs: list[Run] = field(default_factory=list)
    begun: list[tuple[datetime, str, tuple[int, ...], str]] = field(default_factory=list)
    late: list[Run] = field(default_factory=list)
    read: bool = True

    def __post_init__(self) -> None:
        """Begin with five guests in three jobs, one guest in none."""
        guests = [guest(vmid, node=NODES[vmid % 2]) for vmid in (100, 101, 102, 103, 104)]
        jobs = [
            job("early", 100, 101),
            job("late", 101, 102, schedule="02:30"),
            job("pool", pool="web", schedule="sun 04:00"),
        ]
        guests.append(guest(105, pool="web", node="pve2"))
        self.facts = facts(guests, jobs, storages=(storage(),))

    def seen(self) -> Facts:
        """Return what can be known now."""
        read_at = self.now if self.read else self.facts.read_at
        if self.read:
            nodes = {
                name: node if node.blindness else replace(node, tasks_read=self.now)
                for name, node in self.facts.nodes.items()
            }
            going_on = tuple(self.progress(*begun) for begun in self.begun)
            self.facts = replace(self.facts, nodes=nodes, runs=(*self.runs, *going_on), read_at=read_at)
            self.runs += self.late
            self.late = []
        # Everything is read anew: equal, but not the same objects.
        guests = tuple(replace(known) for known in self.facts.guests)
        return replace(self.facts, now=self.now, guests=guests)

    def pick_guest(self, **changes: Any) -> None:
        """Change any guest."""
        chosen = self.dice.choice(self.facts.guests)
        guests = (replace(known, **changes) if known is chosen else known for known in self.facts.guests)
        self.facts = replace(self.facts, guests=tuple(guests))

    def pick_job(self, **changes: Any) -> None:
        """Change any job."""
        if self.facts.jobs:
            chosen = self.dice.choice(self.facts.jobs)
            options = {**chosen.options, **changes}
            jobs = (
                replace(known, **changes, options=options) if known is chosen else known for known in self.facts.jobs
            )
            self.facts = replace(self.facts, jobs=tuple(jobs))

    def all_runs_known(self) -> None:
        """Know all runs of the last weeks, so that what none of them wrote is somebody else's."""
        since = self.now - timedelta(days=20)
        nodes = {name: replace(node, runs_known_since=since) for name, node in self.facts.nodes.items()}
        self.facts = replace(self.facts, nodes=nodes)

    def pick_node(self, **changes: Any) -> None:
        """Change any node."""
        name = self.dice.choice([*self.facts.nodes])
        self.facts = replace(self.facts, nodes={**self.facts.nodes, name: replace(self.facts.nodes[name], **changes)})

    def change_storage(self, **changes: Any) -> None:
        """Change the storage."""
        [first, *others] = self.facts.storages
        self.facts = replace(self.facts, storages=(replace(first, **changes), *others))

    def begin(self, *, by_hand: bool) -> None:
        """Let a run of several guests begin, that of a job or one by hand."""
        node = self.dice.choice(NODES)
        vmids = tuple(known.vmid for known in self.facts.guests if known.node == node)[:3]
        scheduled = "--quiet 1" if not by_hand else "--notes-template x"
        if vmids:
            command = f"vzdump {' '.join(map(str, vmids))} --mode snapshot {scheduled}"
            self.begun.append((self.now, node, vmids, command))

    def progress(self, started: datetime, node: str, vmids: tuple[int, ...], command: str) -> Run:
        """Return a run in which a guest is done every five minutes."""
        lines = good_log(*vmids, command=command, at=started).splitlines()
        done = int((self.now - started) / timedelta(minutes=5))
        return run("\n".join([*lines[: 1 + done * 7], *lines[1 + done * 7 :][:4]]), None, started=started, node=node)

    def run_everywhere(self) -> None:
        """Run any job on both nodes at the same moment; the second node's run is seen to end later."""
        if not self.facts.jobs:
            return
        chosen, started = self.dice.choice(self.facts.jobs), self.now - timedelta(minutes=50)
        command = f"vzdump {' '.join(map(str, sorted(chosen.vmids)))} --mode snapshot --quiet 1"
        for node, seconds, place in zip(NODES, (600, 1500), (self.runs, self.late), strict=True):
            vmids = [known.vmid for known in self.facts.guests if known.node == node and known.vmid in chosen.vmids]
            if vmids:
                text = good_log(*vmids, command=command, at=started)
                place.append(run(text, started=started, seconds=seconds, node=node))

    def run(self, *, status: str | None = "OK", log: bool = True) -> None:
        """Run any job on any node, with the outcome of a log unless that is gone."""
        if not self.facts.jobs:
            return
        chosen, node = self.dice.choice(self.facts.jobs), self.dice.choice(NODES)
        vmids = [known.vmid for known in self.facts.guests if known.node == node and known.vmid in chosen.vmids]
        if not vmids:
            return
        started = self.now - timedelta(minutes=30)
        command = f"vzdump {' '.join(map(str, sorted(chosen.vmids)))} --mode snapshot --quiet 1"
        text = good_log(*vmids, command=command, at=started)
        if status == "job errors":
            text = failed_log(vmids[0], at=started)
        self.runs.append(run(text if log else None, status, started=started, seconds=600, node=node))

    def end_runs(self) -> None:
        """End what goes on."""
        self.runs = [known for known in self.runs if not known.task.running]
        for started, node, vmids, command in self.begun:
            text = good_log(*vmids, command=command, at=started)
            self.runs.append(run(text, started=started, seconds=1200, node=node))
        self.begun = []

    def list_archives(self) -> None:
        """Read the storage's archives; of some guests there is none, some are just being written, some are of others."""
        archives = tuple(
            Archive(
                volid=(
                    volid := f"nas:backup/vzdump-qemu-{known.vmid}-{age}{self.dice.choice(['-21_00_00', ''])}.vma.zst"
                ),
                storage="nas",
                vmid=known.vmid,
                guest_type=self.dice.choice(["qemu", "qemu", None]),
                ctime=int((self.now - age).timestamp()),
                size=self.dice.choice([10**9, 10**9, 10**7, None]),
                notes=self.dice.choice([None, known.name, "other"]),
                renamed=has_own_name(volid),
                finished=self.dice.random() < 0.9,
                verification=self.dice.choice([None, "ok", "failed"]),
            )
            for known in self.facts.guests
            for age in self.dice.sample(AGES, k=self.dice.randrange(5))
        )
        self.change_storage(
            listing=ArchiveListing(
                read_at=self.now, archives=archives, complete=self.dice.random() < 0.8, detailed=True
            )
        )

    def second_storage(self) -> None:
        """Let another storage lead to the same archives, or to none, on all nodes or on one."""
        [first, *_] = self.facts.storages
        node = self.dice.choice([None, "pve1"])
        other = replace(first, storage="other", node=node, listing=self.dice.choice([None, first.listing]))
        self.facts = replace(self.facts, storages=self.dice.choice([(first,), (first, other)]))

    def change_nodes(self) -> None:
        """Let a node be gone from the cluster, or come back."""
        nodes = dict(self.facts.nodes)
        known = facts().nodes
        if nodes.pop("pve2", None) is None:
            nodes["pve2"] = known["pve2"]
        self.facts = replace(self.facts, nodes=nodes)

    def change_jobs(self) -> None:
        """Make a job, or delete one."""
        jobs = list(self.facts.jobs or ())
        if len(jobs) > 1 and self.dice.random() < 0.5:
            jobs.pop(self.dice.randrange(len(jobs)))
        else:
            vmids = self.dice.sample([known.vmid for known in self.facts.guests], k=2)
            jobs.append(job(f"job{len(jobs)}{self.dice.random()}", *vmids, schedule="23:15", repeat_missed=1))
        self.facts = replace(self.facts, jobs=tuple(jobs))

    def remake_guest(self) -> None:
        """Use a number again for a container."""
        self.pick_guest(guest_type=self.dice.choice(["qemu", "lxc"]))

    def remove_guest(self) -> None:
        """Delete a guest."""
        if len(self.facts.guests) > 2:
            self.facts = replace(self.facts, guests=self.facts.guests[:-1])

    def add_guest(self) -> None:
        """Make a guest."""
        vmid = max(known.vmid for known in self.facts.guests) + 1
        self.facts = replace(self.facts, guests=(*self.facts.guests, guest(vmid)))

    def stick(self) -> None:
        """Let a job not start on a node, or start again."""
        state = JobState(
            job_id="early", node="pve1", state="stopped", upid=None, message="no such pool", updated=self.now
        )
        self.facts = replace(self.facts, job_states=() if self.facts.job_states else (state,))

    def exclude(self) -> None:
        """Take a disk out of the backup, or in again."""
        volume = IncludedVolume(key="scsi1", volume="x", included=self.dice.random() < 0.5, reason="backup=no")
        included = IncludedGuest(vmid=100, guest_type="qemu", name=None, volumes=(volume,))
        self.facts = replace(self.facts, included={"early": (included,)})


STEPS: dict[str, Callable[[Cluster], None]] = {
    "nothing": lambda cluster: None,
    "good run": lambda cluster: cluster.run(),
    "failed run": lambda cluster: cluster.run(status="job errors"),
    "run with warnings": lambda cluster: cluster.run(status="WARNINGS: 1"),
    "run begins": lambda cluster: cluster.run(status=None),
    "runs end": lambda cluster: cluster.end_runs(),
    "listing": lambda cluster: cluster.list_archives(),
    "guest moves": lambda cluster: cluster.pick_guest(node=cluster.dice.choice(NODES)),
    "guest locked": lambda cluster: cluster.pick_guest(lock=cluster.dice.choice([None, "backup"])),
    "guest tagged": lambda cluster: cluster.pick_guest(
        tags=cluster.dice.choice([(), ("no-backup",), ("backup-rpo-2d",), ("backup-rpo-12h",)])
    ),
    "guest in pool": lambda cluster: cluster.pick_guest(pool=cluster.dice.choice([None, "web"])),
    "guest renamed": lambda cluster: cluster.pick_guest(name=f"g{cluster.dice.random()}"),
    "guest forgotten": lambda cluster: cluster.pick_guest(name=None, template=None),
    "guest removed": lambda cluster: cluster.remove_guest(),
    "guest made": lambda cluster: cluster.add_guest(),
    "job off or on": lambda cluster: cluster.pick_job(enabled=cluster.dice.random() < 0.6),
    "schedule": lambda cluster: cluster.pick_job(
        schedule=cluster.dice.choice(["21:00", "*/2:00", "sun 02:30", "sat 10:00", "nonsense", None])
    ),
    "job to a node": lambda cluster: cluster.pick_job(node=cluster.dice.choice([None, "pve1"])),
    "job to a storage": lambda cluster: cluster.pick_job(storage=cluster.dice.choice([None, "nas"])),
    "job renamed": lambda cluster: cluster.pick_job(comment=f"c{cluster.dice.random()}"),
    "next run": lambda cluster: cluster.pick_job(next_run=cluster.dice.randrange(10**9)),
    "jobs hidden": lambda cluster: setattr(cluster, "facts", replace(cluster.facts, jobs=None)),
    "node off": lambda cluster: cluster.pick_node(online=False, blindness=Blindness.NODE_UNREACHABLE),
    "node on": lambda cluster: cluster.pick_node(online=True, blindness=None, booted=cluster.now),
    "tasks hidden": lambda cluster: cluster.pick_node(blindness=Blindness.TASKS_HIDDEN),
    "runs known": lambda cluster: cluster.pick_node(
        runs_known_since=cluster.dice.choice([None, *STARTS, cluster.now - timedelta(hours=3)])
    ),
    "runs unread": lambda cluster: setattr(
        cluster,
        "facts",
        replace(cluster.facts, unread_runs=cluster.dice.choice([(), (cluster.now - timedelta(hours=20),)])),
    ),
    "log gone": lambda cluster: cluster.run(log=False),
    "clock": lambda cluster: cluster.pick_node(skew=timedelta(minutes=cluster.dice.choice([0, 0, 20]))),
    "zone unknown": lambda cluster: cluster.pick_node(zone=None),
    "zone known": lambda cluster: cluster.pick_node(zone=cluster.dice.choice([BERLIN, BERLIN, NEW_YORK])),
    "all runs known": lambda cluster: cluster.all_runs_known(),
    "nodes": lambda cluster: cluster.change_nodes(),
    "jobs": lambda cluster: cluster.change_jobs(),
    "guest remade": lambda cluster: cluster.remake_guest(),
    "second storage": lambda cluster: cluster.second_storage(),
    "run by hand begins": lambda cluster: cluster.begin(by_hand=True),
    "run of several begins": lambda cluster: cluster.begin(by_hand=False),
    "run everywhere": lambda cluster: cluster.run_everywhere(),
    "default retention": lambda cluster: setattr(
        cluster,
        "facts",
        replace(cluster.facts, defaults_keep={"pve1": KeepOptions(daily=cluster.dice.randrange(1, 4))}),
    ),
    "quorum": lambda cluster: setattr(
        cluster,
        "facts",
        replace(cluster.facts, cluster=replace(cluster.facts.cluster, quorate=not cluster.facts.cluster.quorate)),
    ),
    "out of reach or not": lambda cluster: setattr(cluster, "read", not cluster.read),
    "retention": lambda cluster: cluster.change_storage(keep=KeepOptions(last=cluster.dice.randrange(4))),
    "storage fills": lambda cluster: cluster.change_storage(used=9 * 10**11, available=cluster.dice.randrange(10**11)),
    "storage away": lambda cluster: cluster.change_storage(active_on=frozenset()),
    "storage of one node": lambda cluster: cluster.change_storage(nodes=cluster.dice.choice([(), ("pve2",)])),
    "storage another": lambda cluster: cluster.change_storage(plugin_type=cluster.dice.choice(["nfs", "pbs"])),
    "stuck": lambda cluster: cluster.stick(),
    "disk excluded": lambda cluster: cluster.exclude(),
    "pools hidden": lambda cluster: setattr(
        cluster, "facts", replace(cluster.facts, pools_visible=not cluster.facts.pools_visible)
    ),
    "policy": lambda cluster: setattr(
        cluster,
        "facts",
        replace(
            cluster.facts,
            policy=Policy(
                ignored_jobs=frozenset(cluster.dice.sample(["early", "late"], k=1)),
                longest_age=cluster.dice.choice([None, timedelta(days=1)]),
                warnings_are_problems=cluster.dice.random() < 0.5,
                expected_offline=frozenset(cluster.dice.choice([(), ("pve1",)])),
            ),
        ),
    ),
}
AGES = tuple(timedelta(minutes=minutes) for minutes in (-25, -1, 0, 2, 30, 300, 1500, 3000, 9000))
USUAL = ("good run", "failed run", "run begins", "runs end", "listing", "nothing", "node on") * 4
WAITS = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 1, 5, 5, 11, 11, 60, 60, 420, 1440, -90))


class Listener:
    """Hears all that is told, and knows what may be told next."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        self.told: set[str] = set()
        self.open: set[str] = set()

    def hear(self, assessment: Assessment) -> None:
        """Hear of one look."""
        for event in assessment.events:
            if event.identity.startswith(("run_", "miss_")):
                assert event.identity not in self.told
                self.told.add(event.identity)
        for message in assessment.messages:
            tag, kind = message.record.tag, message.kind
            if kind is MessageKind.OPENED:
                assert tag not in self.open
                self.open.add(tag)
            elif kind is MessageKind.CLOSED:
                # An old recovery is taken back only where nothing is open under its tag.
                assert (tag in self.open) is not message.record.taken_back
                self.open.discard(tag)
            else:
                assert tag in self.open, kind
            if kind is MessageKind.RECOVERED:
                self.open.remove(tag)
                self.check_recovery(message, assessment)

    def check_recovery(self, message: Message, assessment: Assessment) -> None:
        """Take a recovery only with a proof for everything of which there still is a verdict."""
        for subject in message.record.subjects:
            verdict = assessment.verdicts.get(subject)
            assert verdict is None or verdict.problem is False or message.record.kind == "blind"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_was_before_changes_nothing_of_what_is_found(seed: int) -> None:
    dice = random.Random(seed)
    cluster, history, before = Cluster(dice, now=STARTS[seed % len(STARTS)]), History(), None
    listener = Listener()
    for number in range(120):
        # Most of what happens is that backups run, as in any cluster.
        step = dice.choice([*STEPS, *USUAL])
        STEPS[step](cluster)
        cluster.now += dice.choice(WAITS)
        seen = cluster.seen()
        kept, anew = judge(seen, history, before), judge(seen, history)
        for part in SHOWN:
            assert getattr(kept, part) == getattr(anew, part), f"{part} after {step}, step {number}"
        listener.hear(kept)
        history, before = kept.history, kept
        if dice.random() < 0.1:
            history = acknowledge(
                history,
                kept.verdicts,
                [*kept.verdicts],
                cluster.now,
                until=dice.choice([None, cluster.now + timedelta(hours=4)]),
            )
            before = replace(kept, history=history, events=(), messages=())


def assessments(*waits: timedelta) -> list[Assessment]:
    """Return the assessments of a cluster to which nothing happens but time."""
    found: list[Assessment] = []
    cluster, history = Cluster(random.Random(1)), History()
    for wait in waits:
        cluster.now += wait
        found.append(judge(cluster.seen(), history, found[-1] if found else None))
        history = found[-1].history
    return found


def test_what_is_as_before_stays_the_same_object() -> None:
    _, second, third = assessments(timedelta(), timedelta(minutes=10), timedelta(minutes=10))
    assert all(third.guests[vmid] is view for vmid, view in second.guests.items())


@pytest.mark.parametrize("hours", [36, 60])
def test_time_alone_makes_a_backup_overdue(hours: int) -> None:
    cluster = Cluster(random.Random(1))
    cluster.runs = [
        run(good_log(100, command="vzdump 100 101 --mode snapshot --quiet 1"), started=NOW - timedelta(hours=11))
    ]
    first = judge(cluster.seen(), History())
    assert first.guests[100].verdict.status is Status.OK
    cluster.now += timedelta(hours=hours)
    assert judge(cluster.seen(), first.history, first).guests[100].verdict.status is Status.OVERDUE


def test_a_guest_that_is_done_no_longer_shows_as_running_while_a_run_by_hand_goes_on_with_others() -> None:
    cluster, history = Cluster(random.Random(1)), History()
    cluster.begun = [(NOW - timedelta(minutes=1), "pve2", (101, 103), "vzdump 101 103 --notes-template x")]
    first = judge(cluster.seen(), history)
    cluster.now += timedelta(minutes=5)
    second = judge(cluster.seen(), first.history, first)

    assert [first.guests[vmid].verdict.status is Status.RUNNING for vmid in (101, 103)] == [True, False]
    assert [second.guests[vmid].verdict.status is Status.RUNNING for vmid in (101, 103)] == [False, True]


def test_runs_of_a_node_that_has_left_the_cluster_are_judged_too() -> None:
    cluster = Cluster(random.Random(1))
    cluster.runs = [run(None, "OK", node="pve3", started=NOW - timedelta(hours=11))]
    assert len(judge(cluster.seen(), History()).history.runs) == 1
