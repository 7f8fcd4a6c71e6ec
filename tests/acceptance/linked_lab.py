"""A virtual cluster and the backup servers beside it, all read and judged without Home Assistant: a look costs milliseconds.

The cluster writes to `pbs`, into the namespace home of ds1; `vault` stands elsewhere and is known to `pbs` as a remote.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, override

from custom_components.proxmox_backup_checker.checker.archives.server_listings import linked_servers
from custom_components.proxmox_backup_checker.checker.assessment import GuestView
from custom_components.proxmox_backup_checker.checker.copies.copies import Copy
from custom_components.proxmox_backup_checker.checker.model.facts import Facts, LinkedServers
from custom_components.proxmox_backup_checker.checker.model.server_options import Place
from custom_components.proxmox_backup_checker.checker.server.contents import Contents, contents_of
from custom_components.proxmox_backup_checker.checker.server.description import Address, described
from simulator import SimulatedCluster
from simulator.backup_server.content import Datastore, Group
from simulator.backup_server.jobs import SyncJob
from simulator.backup_server.server import BackupServer
from simulator.clock import Clock
from simulator.files import MemoryTree
from simulator.guests import GIB
from simulator.simulated import AUDIT
from tests.server_watch import ServerWatch
from tests.watch import Watch

from .lab import Held

MONDAY_NOON = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
"""Noon in Berlin."""
NIGHTLY = "backup-nightly"
OWNER = "backup@pbs"


@dataclass
class WatchedServer:
    """A server that is watched beside the cluster, under the name of its entry."""

    watch: ServerWatch
    server: BackupServer
    name: str
    port: int = 8007
    host: str | None = None
    contents: Contents = field(default_factory=dict)
    loaded: bool = True

    def look(self) -> None:
        """Read it."""
        self.watch.look()
        if self.facts is not None:
            self.contents = contents_of(self.facts, self.watch.options, self.contents)

    @property
    def facts(self) -> Any:
        """What was read of it last."""
        return self.watch.held.facts

    def known(self, now: datetime) -> Any:
        """Return what clusters are told of it."""
        host = self.host or self.server.ip
        address = Address(
            server=self.name, name=self.name, host=host, port=self.port, fingerprint=self.server.fingerprint
        )
        return described(address, self.facts, self.watch.history, self.watch.options, now)


class LinkedWatch(Watch):
    """A cluster that is told of the servers beside it."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        """Know of no server yet."""
        super().__init__(cluster=cluster, token=cluster.token)
        self.beside: dict[str, WatchedServer] = {}

    @override
    def told_of_servers(self, facts: Facts) -> LinkedServers:
        read = [one for one in self.beside.values() if one.loaded and one.facts is not None]
        contents = {(one.name, *place): content for one in read for place, content in one.contents.items()}
        known = [one.known(self.now) for one in read]
        return linked_servers([*self.beside], known, contents, facts.storages, self.history.storages, self.servers)


class LinkedLab:
    """Two nodes, a virtual machine 101 and a container 103 with a job every night to `pbs`; 102 goes to a share."""

    def __init__(self, start: datetime = MONDAY_NOON, *, version: str = "4.2.3") -> None:
        """Build the cluster and both servers."""
        self.pve = SimulatedCluster(clock=Clock(start), directory=Path("/nowhere"))
        self.pve.files = MemoryTree()
        self.pve.token = self.pve.add_token("homeassistant@pve!ha", {"/": AUDIT})
        self.pve.name = "home"
        for name in ("pve1", "pve2"):
            self.pve.add_node(name)
        self.pve.add_storage("nas", "nfs", total=4 * 1024 * GIB, prune="keep-daily=14")
        self.pbs = BackupServer(self.pve, "pbs", version=version, ip="192.168.1.50")
        self.pbs.fingerprint = ":".join(["0E"] * 32)
        self.vault = BackupServer(self.pve, "vault", version=version, ip="10.8.0.2")
        self.vault.fingerprint = ":".join(["0F"] * 32)
        self.ds1 = self.pbs.add_datastore("ds1", gc_schedule="daily")
        self.tank = self.vault.add_datastore("tank", gc_schedule="daily")
        self.pve.connect_storage("pbs", self.ds1, namespace="home", owner=OWNER)
        self.pve.add_vm(101, "web", "pve1", size=8)
        self.pve.add_vm(102, "windows", "pve2", size=8)
        self.pve.add_ct(103, "dns", "pve1", size=2)
        self.pve.add_job(NIGHTLY, "21:00", "pbs", vmid="101,103", notes_template="{{guestname}}", repeat_missed=0)
        self.pve.add_job("backup-nas", "23:00", "nas", vmid="102", notes_template="{{guestname}}", repeat_missed=0)
        self.pve.begin()
        self.watch = LinkedWatch(self.pve)

    def __enter__(self) -> Self:
        """Watch until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the event loops."""
        for one in self.watch.beside.values():
            one.watch.__exit__()
        self.watch.__exit__()

    @property
    def now(self) -> datetime:
        """The present."""
        return self.pve.clock.now()

    def beside(self, server: BackupServer, place: Place = Place.UNKNOWN, **values: Any) -> WatchedServer:
        """Watch a server too."""
        watch = ServerWatch(server, self.pve.clock)
        watch.options = replace(watch.options, place=place)
        made = WatchedServer(watch, server, values.pop("name", server.name), **values)
        self.watch.beside[made.name] = made
        made.look()
        return made

    def both(self) -> None:
        """Watch both servers, of which the vault is elsewhere."""
        self.beside(self.pbs, Place.HERE)
        self.beside(self.vault, Place.ELSEWHERE)

    def decide(self, name: str, **options: Any) -> None:
        """Let the user decide something for a server."""
        watch = self.watch.beside[name].watch
        watch.options = replace(watch.options, **options)

    def push(self, schedule: str | None = "01:00", *, user: str = "sync@pbs", **options: Any) -> SyncJob:
        """Add a job that pushes what the cluster writes to the vault."""
        if "vault" not in self.pbs.remotes:
            self.pbs.add_remote("vault", self.vault, user)
            self.vault.access.grant("/datastore", "DatastoreAdmin", user)
        options = {"ns": "home", "remote_ns": "copies", **options}
        return self.pbs.add_sync_job(
            "offsite", "ds1", schedule=schedule, direction="push", remote="vault", remote_store="tank", **options
        )

    def pull(self, schedule: str | None = "01:00", *, user: str = "sync@pbs", **options: Any) -> SyncJob:
        """Add a job by which the vault fetches what the cluster writes."""
        if "pbs" not in self.vault.remotes:
            self.vault.add_remote("pbs", self.pbs, user)
            self.pbs.access.grant("/datastore", "DatastoreAdmin", user)
        options = {"ns": "copies", "remote_ns": "home", **options}
        return self.vault.add_sync_job(
            "fetch", "tank", schedule=schedule, direction="pull", remote="pbs", remote_store="ds1", **options
        )

    def hang(self, server: BackupServer, *, nights: int = 0) -> None:
        """Let the scheduler of a server start nothing any more, or for some nights."""
        server.scheduler.active = False
        server.scheduler.look_again()
        if nights:
            self.nights(nights)
            server.scheduler.active = True
            server.scheduler.look_again()

    def look(self) -> None:
        """Read the servers, then the cluster."""
        for one in self.watch.beside.values():
            if one.loaded:
                one.look()
        self.watch.look()

    def settle(self) -> None:
        """Look until nothing is left to be read of any server."""
        self.look()
        while any(one.loaded and one.server.online and one.watch.reader.busy for one in self.watch.beside.values()):
            self.pve.clock.advance(seconds=60)
            self.look()

    def until(self, moment: datetime | str, *, step: timedelta = timedelta(minutes=10)) -> None:
        """Let time go by with a look at every step, until a moment, an ISO text in UTC."""
        end = datetime.fromisoformat(f"{moment}+00:00") if isinstance(moment, str) else moment
        while self.now < end:
            self.pve.clock.set(min(end, self.now + step))
            self.look()
        self.settle()

    def after(self, *, step: timedelta = timedelta(minutes=10), **duration: float) -> None:
        """Let a duration go by likewise."""
        self.until(self.now + timedelta(**duration), step=step)

    def leap(self, **duration: float) -> None:
        """Let a duration go by without a look, and look."""
        self.pve.clock.advance(seconds=timedelta(**duration).total_seconds())
        self.settle()

    def nights(self, count: int = 1) -> None:
        """Let nights go by, until the next noon, with a look every two hours."""
        self.until(self.now + timedelta(days=count), step=timedelta(hours=2))

    def restart(self, *, servers: bool = True) -> None:
        """Restart Home Assistant; without `servers` none of them is loaded yet."""
        self.watch.restart()
        for one in self.watch.beside.values():
            one.watch.restart()
            one.contents = {}
            one.loaded = servers

    def guest(self, vmid: int) -> Held:
        """Return what is held of a guest."""
        return Held(self.watch.guest(vmid))

    def offsite(self, vmid: int = 101) -> Held:
        """Return what is held of a guest's copies elsewhere."""
        verdict = self.view(vmid).offsite
        assert verdict is not None
        return Held(verdict)

    def view(self, vmid: int) -> GuestView:
        """Return what is shown of a guest."""
        return self.watch.held.guests[vmid]

    def copies(self, vmid: int) -> dict[str, Copy]:
        """Return where a guest's restore points lie, by server or storage."""
        return {copy.key.partition("/")[0]: copy for copy in self.view(vmid).copies}

    def storage(self, key: str = "pbs") -> Held:
        """Return what is held of a storage."""
        return Held(self.watch.held.storages[key].verdict)

    def problems(self) -> list[str]:
        """Return what is a problem, such as guest_101, without the cluster as a whole and without the copies elsewhere."""
        return sorted(key for key in self.watch.problems() - {"cluster"} if not key.endswith("_offsite"))

    def source(self, vmid: int = 101, type_: Any = "vm") -> Group:
        """Return the group of a guest where the cluster writes to."""
        group = self.ds1.group("home", type_, str(vmid))
        assert group is not None
        return group

    def target(self, vmid: int = 101, type_: Any = "vm", ns: str = "copies", store: Datastore | None = None) -> Group:
        """Return the group of a guest's copies."""
        group = (store or self.tank).group(ns, type_, str(vmid))
        assert group is not None
        return group

    def listings(self, storage: str = "pbs") -> int:
        """Return how often Proxmox VE was asked for the content of a storage."""
        paths = (f"/storage/{storage}/content", f"/storage/{storage}/prunebackups")
        return sum(path.endswith(paths) for path in self.watch.asked)
