"""Clusters that have little in common, with the parts of a situation under the same names in each."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import pytest

from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.verdict import Status, Verdict
from custom_components.proxmox_backup_checker.checker.views.wall.days import Days
from custom_components.proxmox_backup_checker.checker.views.wall.nights import Wall, guest_cells, job_cells
from simulator.cluster import TIB
from simulator.jobs import Job, Outcomes, Planned
from simulator.nodes import Node
from simulator.outcomes import RunOutcome
from simulator.simulated import AUDIT
from simulator.storages import Archive
from tests.watch import MONDAY_NOON, Watch

IO_ERROR: Final = "job failed with err -5 - Input/output error"
NIGHTLY: Final = "nightly"


class Scene(Watch):
    """A cluster in which `first`, `second` and then `third` have their turn on `here`, and `far` is on `there`.

    All four are in the job nightly, which runs at 02:00 of the node's time onto `storage`; `spare` is another storage of
    theirs. A single host has no `there`, and all are on it.
    """

    first, second, third, far = 101, 102, 103, 104
    storage = "nas"
    spare = "local"

    def __init__(self, build: Callable[[Scene], None], start: datetime = MONDAY_NOON) -> None:
        """Build a cluster that begins at a moment."""
        super().__init__(start)
        self.start = start
        build(self)

    @property
    def here(self) -> Node:
        """The node of the first three guests."""
        return self.cluster.node(self.cluster.guest(self.first).node)

    @property
    def there(self) -> Node:
        """The node of the guest that is far."""
        return self.cluster.node(self.cluster.guest(self.far).node)

    @property
    def nightly(self) -> Job:
        """The job."""
        return self.cluster.job(NIGHTLY)

    @property
    def guests(self) -> tuple[int, ...]:
        """The guests of the job, in their turn."""
        return self.first, self.second, self.third, self.far

    def slot(self, day: int, hour: int = 2, minute: int = 0, *, node: Node | None = None) -> datetime:
        """Return a time of a day on a node's clock, by default the slot on `here`; that of the start, in UTC, is day 0."""
        there = datetime.combine(self.start.date() + timedelta(days=day), time(hour, minute), (node or self.here).zone)
        return there.astimezone(UTC)

    def night(self, day: int) -> None:
        """Let time go by until the runs of a night are over on all nodes, and look."""
        last = max(self.slot(day, node=node) for node in (self.here, self.there))
        self.until(last + timedelta(hours=4))

    def ends(self, outcomes: Outcomes | RunOutcome) -> None:
        """Choose how the next run of the job on `here` ends, by its guests or as a whole."""
        planned = Planned(outcome=outcomes) if isinstance(outcomes, RunOutcome) else Planned(outcomes=outcomes)
        self.nightly.planned[self.here.name] = planned

    def sleep(self) -> None:
        """Let the schedulers forget the job from now on, without a trace."""
        self.cluster.scheduler.active = False
        self.cluster.scheduler.changed(self.nightly)

    def wake(self) -> None:
        """Let the schedulers think of the job again; what they slept through is not made up for."""
        self.cluster.scheduler.active = True
        self.cluster.scheduler.changed(self.nightly)

    def good_night(self) -> None:
        """Look for the first time, and let the first night go well."""
        self.look()
        self.night(1)
        assert self.problems() == set()

    def play(self, moment: datetime) -> None:
        """Let time go by until a moment, and do not look."""
        if not self.cluster.operating:
            self.cluster.begin()
        self.cluster.clock.set(moment)

    def newest(self, vmid: int, storage: str | None = None) -> Archive:
        """Return the newest archive of a guest on the job's storage, or another one."""
        return self.cluster.storage(storage or self.storage).archive(vmid)[0]

    def brief(self, vmid: int) -> tuple[Status, bool | None]:
        """Return status and problem of a guest."""
        return brief(self.guest(vmid))

    @property
    def of_job(self) -> tuple[Status, bool | None]:
        """Status and problem of the job."""
        return brief(self.job(NIGHTLY))

    def days(self, vmid: int, count: int = 3) -> str:
        """Return the last days of a guest on the wall, in the zone of `here`."""
        view = self.held.guests[vmid]
        return guest_cells(view.guest, view.verdict, self._wall(count))[0]

    def days_of_job(self, count: int = 3) -> str:
        """Return the last days of the job on the wall, in the zone of `here`."""
        return job_cells(self.held.jobs[NIGHTLY], self._wall(count))[0]

    def _wall(self, count: int) -> Wall:
        days = Days.ending(self.now, self.here.zone, count)
        return Wall(assessment=self.held, policy=Policy(), now=self.now, days=days)

    def hand(self, vmid: int, storage: str | None = None, **fields: Any) -> None:
        """Let somebody back a guest up by hand."""
        self.cluster.backup_by_hand([vmid], storage or self.storage, **fields)


def brief(verdict: Verdict) -> tuple[Status, bool | None]:
    """Return status and problem."""
    return verdict.status, verdict.problem


def several_nodes(scene: Scene) -> None:
    """Build three nodes in Berlin with a share, and a job with a list of numbers."""
    cluster = scene.cluster
    for name in ("pve1", "pve2", "pve3"):
        cluster.add_node(name)
    cluster.add_storage("local", "dir")
    cluster.add_storage("nas", "nfs", total=4 * TIB, prune="keep-daily=7")
    cluster.add_vm(101, "web", "pve1", size=8)
    cluster.add_ct(102, "dns", "pve1", size=2)
    cluster.add_vm(103, "mail", "pve1", size=4)
    cluster.add_ct(104, "files", "pve2", size=8)
    cluster.add_job(NIGHTLY, "02:00", "nas", vmid="101,102,103,104", compress="zstd", comment="nightly")


def backup_server(scene: Scene) -> None:
    """Build four nodes in Newfoundland with a backup server and log agents; another job of all guests is always good."""
    cluster = scene.cluster
    for name in ("pve1", "pve2", "pve3", "pve4"):
        cluster.add_node(name, timezone="America/St_Johns")
    cluster.add_storage("local", "dir")
    cluster.add_storage("pbs", "pbs", total=4 * TIB)
    cluster.add_storage("nas", "nfs", total=4 * TIB, prune="keep-all=1")
    cluster.add_ct(101, "proxy", "pve3", size=2)
    cluster.add_vm(102, "erp", "pve3", size=12)
    cluster.add_ct(103, "wiki", "pve3", size=4)
    cluster.add_vm(104, "mail", "pve4", size=8)
    cluster.add_job(NIGHTLY, "02:00", "pbs", all=1, exclude="999", comment="nightly")
    cluster.add_job("second", "05:00", "nas", all=1, compress="lzo", comment="second")
    scene.storage = "pbs"
    for who in (scene.token.id, scene.token.user):
        cluster.access.grant(who, "/", f"{AUDIT} Datastore.AllocateSpace VM.Backup")
    scene.agents = ("pve3", "pve4")


def two_zones(scene: Scene) -> None:
    """Build two nodes on two sides of the world, with a pool of containers."""
    cluster = scene.cluster
    cluster.add_node("auckland", timezone="Pacific/Auckland")
    cluster.add_node("york", timezone="America/New_York")
    cluster.add_storage("local", "dir")
    cluster.add_storage("nas", "nfs", total=4 * TIB, prune="keep-last=5")
    cluster.pools["gold"] = ""
    for vmid, node in ((101, "auckland"), (102, "auckland"), (103, "auckland"), (104, "york")):
        cluster.add_ct(vmid, f"c{vmid}", node, size=4, pool="gold")
    cluster.add_vm(110, "other", "york", size=4)
    cluster.add_job(NIGHTLY, "02:00", "nas", pool="gold", mode="stop", comment="nightly")
    cluster.add_job("others", "02:00", "nas", vmid="110")


def one_host(scene: Scene) -> None:
    """Build a single host in Tokyo with two disks of its own."""
    cluster = scene.cluster
    cluster.name = None
    cluster.add_node("host", timezone="Asia/Tokyo")
    cluster.add_storage("local", "dir")
    cluster.add_storage("usb", "dir", total=4 * TIB, path="/mnt/usb", prune="keep-daily=3")
    cluster.add_vm(101, "home", "host", size=4)
    cluster.add_vm(102, "media", "host", size=6)
    cluster.add_ct(103, "pihole", "host", size=1)
    cluster.add_ct(104, "git", "host", size=2)
    cluster.add_job(NIGHTLY, "02:00", "usb", all=1, compress="gzip", comment="nightly")
    scene.storage = "usb"


SEVERAL_NODES: Final = {
    "three nodes and a share": several_nodes,
    "a backup server and a good second job": backup_server,
    "a pool in two zones": two_zones,
}
ONE_ZONE: Final = {
    "three nodes and a share": several_nodes,
    "a backup server and a good second job": backup_server,
    "one host": one_host,
}
EVERYWHERE: Final = {**SEVERAL_NODES, "one host": one_host}

on_several_nodes = pytest.mark.parametrize("scene", SEVERAL_NODES.values(), ids=SEVERAL_NODES, indirect=True)
in_one_zone = pytest.mark.parametrize("scene", ONE_ZONE.values(), ids=ONE_ZONE, indirect=True)
everywhere = pytest.mark.parametrize("scene", EVERYWHERE.values(), ids=EVERYWHERE, indirect=True)
