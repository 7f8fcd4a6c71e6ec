"""Worlds in which something dies: where everything really stands, what the product promised, and what is left then.

What a storage stands on is chosen first, and then how much of that its configuration, the addresses of nodes and guests, and
the user tell of it. Promises are made at a look, and held against the files of the simulated cluster a minute later.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Final, override

from simulator.guests import Guest
from simulator.storages import Archive, Storage

from .ledger import FOREVER
from .plan import Plan
from .playing import World

ASKED: Final = 8
"""How often a world is asked, on average."""
ADDRESS_TOLD, STANDING_TOLD, ONLY_NAMED = 0.75, 0.35, 0.12
TOLERANCE: Final = 2 * 3600.0
"""Seconds by which a wrong clock may date an archive."""

type ArchiveKey = tuple[str, str | None, str]
"""An archive: its storage, its node where that has its own, and its name."""


@dataclass(frozen=True, slots=True)
class Box:
    """What a storage really stands on: a node, a guest, or a device of its own, here or elsewhere."""

    kind: str
    name: str = ""

    @property
    def said(self) -> str:
        """What a user says of it."""
        return f"{self.kind}:{self.name}" if self.name else self.kind


@dataclass(frozen=True, slots=True)
class Death:
    """What dies: a node, a storage (with its node where that has its own), or a house."""

    kind: str
    name: str
    node: str | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What the product says would be left of a guest: `none`, `unknown`, `lives`, or a `copy` as it saw it at a moment."""

    vmid: int
    answer: str
    archive: ArchiveKey | None = None
    seen: float = 0.0


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was wrong."""

    time: float
    death: Death
    promise: Promise
    why: str


@dataclass
class Outcome:
    """What came out of a world: how many promises of each kind were asked for, and which were wrong."""

    plan: Plan
    promised: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)
    excused: int = 0


class DyingWorld(World):
    """A world of which it is known what stands where."""

    @override
    def __post_init__(self) -> None:
        """Place everything, and let the cluster tell some of it."""
        super().__post_init__()
        self._placing = Random(f"places {self.plan.seed}")
        self.boxes: dict[str, Box] = {}
        self.standings: dict[str, str] = {}
        self._add_storages()
        self._tell_addresses()
        for storage in list(self.cluster.storages.values()):
            if storage.shared:
                self._place(storage)

    def _add_storages(self) -> None:
        """Add a share with disks and one that is only marked as such, and let some guests have their disks there."""
        self.cluster.add_storage("vmstore", "nfs", content="images,rootdir,backup").total *= 100
        self.cluster.add_storage("marked", "dir", content="images,rootdir,backup").total *= 100
        self.cluster.storages["marked"].marked_shared = True
        for guest in self.cluster.guests.values():
            where = self._placing.choices(("local-lvm", "vmstore", "marked"), (6, 2, 1))[0]
            guest.disks = [replace(disk, volume=f"{where}:vm-{guest.vmid}-disk-0") for disk in guest.disks]

    def _tell_addresses(self) -> None:
        for number, node in enumerate(self.cluster.nodes.values(), 1):
            node.other_addresses = self._placing.choice(((), (f"10.0.0.{number}",), (f"10.0.0.{number}", "dhcp")))
        for guest in self.cluster.guests.values():
            if self._placing.random() < ADDRESS_TOLD:
                guest.address = f"192.168.7.{guest.vmid % 250}"

    def _place(self, storage: Storage) -> None:
        dice = self._placing
        gone = {entry.vmid for entry in self.plan.happenings if entry.kind in {"remove_guest", "reuse_number"}}
        servers = [guest for guest in self.cluster.guests.values() if guest.vmid not in gone and _is_local(guest)]
        kind = dice.choices(("apart", "elsewhere", "node", "guest"), (4, 2, 2, 4))[0]
        if kind == "node":
            node = dice.choice(list(self.cluster.nodes.values()))
            box, addresses = Box("node", node.name), [node.ip, *(one for one in node.other_addresses if one != "dhcp")]
        elif kind == "guest" and servers:
            guest = dice.choice(servers)
            box, addresses = Box("guest", str(guest.vmid)), [guest.address or f"192.168.9.{guest.vmid % 250}"]
        else:
            number = len(self.boxes) + 1
            box, addresses = Box("elsewhere" if kind == "elsewhere" else "here"), [f"192.168.50.{number}"]
        self.boxes[storage.id] = box
        storage.server = f"box-{storage.id}.lan" if dice.random() < ONLY_NAMED else dice.choice(addresses)
        if dice.random() < STANDING_TOLD:
            self.standings[storage.id] = box.said

    def is_left(self, storage: str, node: str | None, death: Death) -> bool:
        """Tell whether a storage is left."""
        if death.kind == "storage" and (death.name, death.node) == (storage, node):
            return False
        box = self.boxes.get(storage, Box("node", node or ""))
        match box.kind:
            case "node":
                return death not in (Death("node", box.name), Death("place", "here"))
            case "guest":
                return self.guest_is_left(self.cluster.guests[int(box.name)], death)
            case _:
                return death != Death("place", box.kind)

    def guest_is_left(self, guest: Guest, death: Death) -> bool:
        """Tell whether a guest is: all its disks are."""
        names = {disk.volume.partition(":")[0] for disk in guest.disks}
        shared = {storage.id for storage in self.cluster.storages.values() if storage.shared}
        return all(self.is_left(name, None if name in shared else guest.node, death) for name in names)

    def archives(self) -> dict[ArchiveKey, Archive]:
        """Return all archives that lie on storages now."""
        return {
            (storage.id, archive.node, archive.name): archive
            for storage in self.cluster.storages.values()
            for archive in storage.archives
        }

    def is_own(self, archive: Archive) -> bool:
        """Tell whether an archive is of the guest that has the number now."""
        life = next((life for life in self.ledger.guests if life.vmid == archive.vmid and life.died == FOREVER), None)
        return life is not None and life.type == archive.type and archive.ctime >= life.born - TOLERANCE

    def corrupt_since(self, archive: Archive) -> float:
        """Return since when the verification of an archive has failed."""
        return self.fate(archive).get("corrupt", FOREVER)


def _is_local(guest: Guest) -> bool:
    """Tell whether all disks of a guest are on its node, so that nothing goes round in circles."""
    return all(disk.volume.startswith("local-lvm:") for disk in guest.disks)


@dataclass
class Killing:
    """Looks as the product does, asks it at random looks what would be left, and a minute later sees what is.

    `ask` tells what the product promises if something died, `deaths` what it knows that can die; both are None where it saw nothing.
    """

    world: DyingWorld
    look_now: Callable[[], bool]
    deaths: Callable[[], list[Death]]
    ask: Callable[[Death], list[Promise]]
    restart_now: Callable[[], None]
    outcome: Outcome = field(init=False)
    _seen: dict[float, Mapping[ArchiveKey, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing was asked yet."""
        self.outcome = Outcome(self.world.plan)
        self._dice = Random(f"deaths {self.world.plan.seed}")
        self._share = ASKED / (self.world.plan.days * 8)

    def restart(self) -> None:
        """Begin anew with what was written down."""
        self.restart_now()

    def look(self) -> None:
        """Look, and ask now and then."""
        self._seen[self.world.now] = {key: not archive.unfinished for key, archive in self.world.archives().items()}
        if not self.look_now() or self._dice.random() > self._share:
            return
        if not (deaths := self.deaths()):
            return
        death = self._dice.choice(deaths)
        promises = self.ask(death)
        homes = {guest.vmid: guest.node for guest in self.world.cluster.guests.values()}
        self.world.later(self.world.now + 60, partial(self._hold, self.world.now, death, promises, homes))

    def _hold(self, asked: float, death: Death, promises: list[Promise], homes: Mapping[int, str]) -> None:
        there = self.world.archives()
        for promise in promises:
            guest = self.world.cluster.guests.get(promise.vmid)
            if guest is None or homes.get(promise.vmid) != guest.node:
                continue
            self.outcome.promised[promise.answer] += 1
            why = self._wrong(asked, death, promise, guest, there)
            if why is not None:
                self.outcome.broken.append(Broken(asked, death, promise, why))

    def _wrong(
        self, asked: float, death: Death, promise: Promise, guest: Guest, there: Mapping[ArchiveKey, Archive]
    ) -> str | None:
        """Return why a promise is wrong, None where it holds or nobody could know better."""
        world = self.world
        if promise.answer == "lives":
            return None if world.guest_is_left(guest, death) else "the guest is gone"
        if promise.answer == "none":
            return self._false_none(asked, death, promise.vmid, there)
        if promise.answer != "copy" or promise.archive is None:
            return None
        storage, node, _ = promise.archive
        if not world.is_left(storage, node, death):
            return "its storage is gone"
        archive = there.get(promise.archive)
        if archive is None:
            if self._seen.get(promise.seen, {}).get(promise.archive):
                self.outcome.excused += 1
                return None
            return "there was no such archive"
        if archive.unfinished:
            return "it is not finished"
        if not world.is_own(archive):
            return "it is another guest's"
        # Without the rights to the content nobody sees what a verification found.
        is_seen = world.plan.content_rights and world.corrupt_since(archive) <= promise.seen
        return "its verification failed" if is_seen else None

    def _false_none(self, asked: float, death: Death, vmid: int, there: Mapping[ArchiveKey, Archive]) -> str | None:
        for (storage, node, name), archive in there.items():
            good = not archive.unfinished and archive.verification != "failed"
            if archive.vmid == vmid and good and self._seen[asked].get((storage, node, name)):
                if world_has(self.world, archive) and self.world.is_left(storage, node, death):
                    return f"{name} on {storage} is left"
        return None


def world_has(world: DyingWorld, archive: Archive) -> bool:
    """Tell whether an archive is surely of the guest that has the number now: dated after its birth by any clock."""
    life = next((life for life in world.ledger.guests if life.vmid == archive.vmid and life.died == FOREVER), None)
    return life is not None and world.is_own(archive) and archive.ctime > life.born + TOLERANCE
