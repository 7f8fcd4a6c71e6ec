"""The past of two Proxmox installations, told once: for the release that lived through it, and for the source that comes after.

Times are UTC; Berlin is an hour ahead.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from simulator import SimulatedCluster
from simulator.cluster import TIB, Cluster
from simulator.guests import GIB
from simulator.outcomes import failed
from simulator.scenario import Scenario

IO_ERROR: Final = "job failed with err -5 - Input/output error"
NO_SPACE: Final = "job failed with err -28 - No space left on device"
_TASKS_THAT_DISPLACE_ALL_EARLIER: Final = 1600


type Act = Callable[[SimulatedCluster], Awaitable[None] | None]


def day(number: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return a moment of January 2026; the fifth is a Monday."""
    return datetime(2026, 1, number, hour, minute, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """A Proxmox installation: how it begins, and what happens to it until a release was last seen running.

    `begins` is the moment of the release's first look, `ends` that of its last.
    """

    name: str
    identity: str
    begins: datetime
    ends: datetime
    acts: tuple[tuple[datetime, Act], ...]

    @asynccontextmanager
    async def start(self, directory: Path) -> AsyncIterator[SimulatedCluster]:
        """Start it, at the moment of the first look."""
        scenario = Scenario(name=self.name, title=self.name, build=_build, history_days=2)
        async with SimulatedCluster.start(scenario, directory, now=self.begins, identity=self.identity) as pve:
            yield pve

    async def play(self, pve: SimulatedCluster, until: datetime) -> None:
        """Let everything happen that happens up to a moment."""
        for moment, act in self.acts:
            if pve.clock.now() < moment <= until:
                pve.clock.set(moment)
                if (more := act(pve)) is not None:
                    await more
        pve.clock.set(until)


def _build(cluster: Cluster) -> None:
    """Build a host that stands alone, two days before the first look."""
    cluster.name = None
    cluster.add_node("pve1")
    cluster.add_storage(
        "local", "dir", total=100 * GIB, used=20 * GIB, content="iso,vztmpl,backup", prune="keep-last=4"
    )
    cluster.add_storage("nas", "nfs", total=4 * TIB, used=TIB, prune="keep-last=3")
    cluster.add_vm(101, "web", "pve1", size=8)
    cluster.add_vm(102, "database", "pve1", size=16)
    cluster.add_ct(103, "dns", "pve1", size=2)
    cluster.add_ct(104, "files", "pve1", size=8)
    cluster.add_vm(105, "sandbox", "pve1", size=4)
    nightly = cluster.add_job("backup-nightly", "02:00", "nas", vmid="101,102,103", compress="zstd", comment="nightly")
    cluster.add_job("backup-files", "03:30", "local", vmid="103,104", compress="zstd", comment="files")
    cluster.guest(103).fails(failed(IO_ERROR), since=day(4, 23), until=day(5, 3), job=nightly.id)


def _files_begins_to_fail(pve: SimulatedCluster) -> None:
    pve.guest(104).fails(failed(IO_ERROR))


def _database_fails_for_a_night(pve: SimulatedCluster) -> None:
    pve.guest(102).fails(failed(IO_ERROR), since=day(7, 20), until=day(8, 20))


def _proxmox_forgets_its_tasks(pve: SimulatedCluster) -> None:
    for _ in range(_TASKS_THAT_DISPLACE_ALL_EARLIER):
        pve.node("pve1").other_task("vncproxy", "101")


def _a_guest_is_made_that_is_in_no_job(pve: SimulatedCluster) -> None:
    pve.add_vm(106, "wiki", "pve1", size=4)


def _web_begins_to_fail(pve: SimulatedCluster) -> None:
    pve.guest(101).fails(failed(NO_SPACE))


async def _a_second_node_joins(pve: SimulatedCluster) -> None:
    await pve.join("home", "pve2")


def _guests_are_made_on_the_second_node(pve: SimulatedCluster) -> None:
    pve.add_vm(201, "mail", "pve2", size=8)
    pve.add_ct(202, "photos", "pve2", size=4)
    pve.job("nightly").change(vmid="101,102,103,201")
    pve.job("files").change(vmid="103,104,202")


_WEEK: Final[tuple[tuple[datetime, Act], ...]] = (
    (day(6, 12), _files_begins_to_fail),
    (day(7, 12), _proxmox_forgets_its_tasks),
    (day(7, 13), _database_fails_for_a_night),
    (day(8, 10), _a_guest_is_made_that_is_in_no_job),
    (day(9, 20), _web_begins_to_fail),
)

SINGLE_HOST: Final = World(
    name="single_host",
    identity="3f0a8a52-6b0c-4c5e-9d0e-5b7f2c1d9a01",
    begins=day(5, 11),
    ends=day(10, 9, 10),
    acts=_WEEK,
)
"""A host that stands alone: a guest whose failure is acknowledged, one that failed and is fine, one that fails since last night."""

JOINED_HOST: Final = World(
    name="joined_host",
    identity="3f0a8a52-6b0c-4c5e-9d0e-5b7f2c1d9a02",
    begins=day(5, 11),
    ends=day(13, 17, 10),
    acts=(
        *_WEEK,
        (day(10, 10), _a_second_node_joins),
        (day(10, 10, 30), _guests_are_made_on_the_second_node),
    ),
)
"""The same host, which on Saturday became the first node of a cluster of two."""

WORLDS: Final = {world.name: world for world in (SINGLE_HOST, JOINED_HOST)}
