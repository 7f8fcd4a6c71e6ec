"""Where the restore points of a guest lie, each place once: the storages of its cluster, and whatever they are copied to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Final

from ...proxmox.api.backup_models import Archive
from ...proxmox.api.cluster_models import Guest
from ...proxmox.backup_server.namespace import SnapshotId
from ..archives.archive import logged_name
from ..context import Context
from ..model.facts import READ_LATELY, StorageFacts, storage_key
from ..model.linked_servers import KnownGroup, KnownServer
from ..model.outcome import Result, written_name
from ..model.server_options import Place
from .linking import Link, link_of
from .proof import Point, copied_until
from .ways import End, Leg, Way, end_of, legs_of, ways_from

_KINDS: Final = {"qemu": "vm", "lxc": "ct"}
# The outcomes of which archives may be gone at the source, and lie elsewhere still.
_OUTCOMES_ASKED: Final = 60


class Witness(StrEnum):
    """Who tells of a copy: the cluster's own storage, the server on which it lies, or only the log of the job that made it."""

    STORAGE = "storage"
    SERVER = "server"
    LOG = "log"


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """The restore points of one guest in one place.

    `key` tells the place from every other. `storages` are those of the cluster that lead there, `server` is the entry of the backup
    server that tells of it. `medium` tells one disk from another as far as that is known: two with
    one are surely on one machine or disk, two with different ones need not be on two. `times` are the moments of the restore points, newest
    first; `verified` is the newest that was checked where it lies and found good, `verified_elsewhere` the newest whose check came along
    with it. `bad` is whether the last check of the newest failed. `unseen_since` is since when nobody can look there, None while somebody
    can; then all that is as it was. `away` tells of a disk that is not there now.
    """

    key: str
    name: str
    place: Place
    medium: str
    witness: Witness
    times: tuple[datetime, ...]
    count: int
    unseen_since: datetime | None = None
    storages: tuple[str, ...] = ()
    server: str | None = None
    verified: datetime | None = None
    verified_elsewhere: datetime | None = None
    bad: bool = False
    protected: int = 0
    size: int | None = None
    encrypted: bool | None = None
    away: bool = False

    @property
    def newest(self) -> datetime | None:
        """The moment of the newest restore point."""
        return self.times[0] if self.times else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A namespace of a backup server to which storages of the cluster lead."""

    end: End
    storages: tuple[StorageFacts, ...]
    link: Link | None = None


@dataclass(frozen=True)
class Copies:
    """All that is known of where guests' restore points lie, at one moment."""

    context: Context
    _of_guest: dict[int, tuple[Copy, ...]] = field(default_factory=dict)

    @property
    def servers(self) -> Mapping[str, KnownServer]:
        """The backup servers that are watched, as they are known."""
        return self.context.servers

    @cached_property
    def links(self) -> Mapping[str, Link]:
        """The servers behind storages, by the storages' keys."""
        found = ((storage_key(one), link_of(one, self.servers.values())) for one in self.context.facts.storages)
        return {key: link for key, link in found if link is not None}

    @cached_property
    def homes(self) -> tuple[Home, ...]:
        """The namespaces of backup servers to which the cluster's storages lead, each once."""
        found: dict[str, list[StorageFacts]] = {}
        ends: dict[str, tuple[End, Link | None]] = {}
        for storage in self.context.facts.storages:
            if storage.backup_server is None:
                continue
            link = self.links.get(storage_key(storage))
            end = (
                End(store=link.store, ns=link.ns, server=link.server)
                if link is not None
                else end_of(storage.backup_server)
            )
            same = next((key for key, (known, _) in ends.items() if known.is_same(end)), end.key)
            ends.setdefault(same, (end, link))
            found.setdefault(same, []).append(storage)
        return tuple(Home(end=ends[key][0], storages=tuple(those), link=ends[key][1]) for key, those in found.items())

    @cached_property
    def legs(self) -> tuple[Leg, ...]:
        """The sync jobs of all servers."""
        return legs_of(self.servers)

    @cached_property
    def _ways(self) -> Mapping[str, tuple[Way, ...]]:
        return {home.end.key: tuple(ways_from(home.end, self.legs)) for home in self.homes}

    def ways(self, home: Home) -> tuple[Way, ...]:
        """Return the ways that lead away from where the cluster writes to."""
        return self._ways[home.end.key]

    @cached_property
    def _groups(self) -> Mapping[str, Sequence[tuple[KnownServer, str, KnownGroup]]]:
        """All groups on servers by guest, as vm/101, each with its server and its namespace."""
        found: dict[str, list[tuple[KnownServer, str, KnownGroup]]] = {}
        for server in self.servers.values():
            for key, group in server.groups.items():
                namespace, _, name = key.rpartition(":")
                found.setdefault(name, []).append((server, namespace, group))
        return found

    def of(self, guest: Guest) -> tuple[Copy, ...]:
        """Return where a guest's restore points lie, the newest first."""
        found = self._of_guest.get(guest.vmid)
        if found is None:
            copies = [*self._on_storages(guest), *self._on_servers(guest)]
            copies.sort(key=lambda copy: (-(copy.newest.timestamp() if copy.newest else 0), copy.key))
            found = self._of_guest[guest.vmid] = tuple(copies)
        return found

    def _on_storages(self, guest: Guest) -> Iterator[Copy]:
        """Yield what lies on the cluster's storages; two that lead to one namespace are one place."""
        own = {archive.volid: archive for archive in self.context.archives(guest)}
        if not own:
            return
        storages = {(storage.storage, storage.node): storage for storage in self.context.facts.storages}
        homes = {id(storage): home for home in self.homes for storage in home.storages}
        done: set[str] = set()
        for place, listed in self.context.indexes.archives.by_place(guest.vmid):
            archives = [archive for archive in reversed(listed) if archive.volid in own]
            storage = storages.get(place)
            if storage is None or not archives:
                continue
            home = homes.get(id(storage))
            key = home.end.key if home is not None else storage_key(storage)
            if key not in done:
                done.add(key)
                yield self._of_storage(key, storage, home, archives, guest)

    def _of_storage(
        self, key: str, storage: StorageFacts, home: Home | None, archives: Sequence[Archive], guest: Guest
    ) -> Copy:
        verified = next((archive for archive in archives if archive.verification == "ok"), None)
        link = home.link if home is not None else None
        group = link.server.groups.get(f"{link.namespace}:{group_of(guest)}") if link is not None else None
        elsewhere = group.verified_elsewhere if group is not None else None
        own = verified is not None and verified.ctime != elsewhere
        record = self.context.history.storages.get(storage_key(storage))
        return Copy(
            key=key,
            name=home.end.name if link is not None and home is not None else storage.storage,
            place=home.end.place if home is not None else Place.UNKNOWN,
            medium=self._medium(home.end) if home is not None else _medium_of_storage(storage),
            witness=Witness.STORAGE,
            storages=tuple(one.storage for one in home.storages) if home is not None else (storage.storage,),
            server=link.server.server if link is not None else None,
            times=tuple(datetime.fromtimestamp(archive.ctime, UTC) for archive in archives),
            count=len(archives),
            verified=datetime.fromtimestamp(verified.ctime, UTC) if own and verified is not None else None,
            verified_elsewhere=datetime.fromtimestamp(elsewhere, UTC) if elsewhere is not None else None,
            bad=archives[0].verification == "failed",
            protected=sum(archive.protected for archive in archives),
            size=archives[0].size,
            encrypted=archives[0].encrypted,
            unseen_since=record.unreachable_since if record is not None else None,
        )

    def _on_servers(self, guest: Guest) -> Iterator[Copy]:
        """Yield what lies in namespaces of servers to which no storage of the cluster leads."""
        at_home = {
            (home.end.server.server, f"{home.end.store}:{home.end.ns}") for home in self.homes if home.end.server
        }
        for server, namespace, group in self._groups.get(group_of(guest), ()):
            if (server.server, namespace) in at_home:
                continue
            store, _, ns = namespace.partition(":")
            end = self._arrivals.get((server.server, namespace)) or End(store=store, ns=ns, server=server)
            if times := self._own_times(guest, group, end):
                yield self._of_group(server, end, group, times)
        yield from self._by_log(guest)

    @cached_property
    def _arrivals(self) -> Mapping[tuple[str, str], End]:
        """The namespaces of watched servers to which jobs copy what the cluster has written."""
        ends = (way.target for home in self.homes for way in self.ways(home))
        return {(end.server.server, f"{end.store}:{end.ns}"): end for end in ends if end.server is not None}

    def _own_times(self, guest: Guest, group: KnownGroup, end: End) -> list[int]:
        """Return the restore points of a group that are a guest's own, newest first.

        One time in common tells that the group is the guest's, since no two backups of one number begin in the same second; a
        guest that had the number before has left nothing to this one.
        """
        known = self._known_times(guest)
        if known.isdisjoint(group.times):
            return []
        since = self.context.there_since(guest)
        earliest = since.timestamp() if since is not None else 0
        return [time for time in reversed(group.times) if time >= earliest]

    def _known_times(self, guest: Guest) -> set[int]:
        """Return when the guest was backed up to a backup server, as storages and runs tell."""
        times = {archive.ctime for archive in self.context.archives(guest) if "/" in logged_name(archive)}
        for outcome in self.context.outcomes(guest)[:_OUTCOMES_ASKED]:
            if outcome.archive is not None and outcome.result is Result.OK:
                times.update(_time_in(written_name(outcome.archive)))
        return times

    def _by_log(self, guest: Guest) -> Iterator[Copy]:
        """Yield what only the logs of jobs tell: copies in places that nobody can look at."""
        group = group_of(guest)
        for home in self.homes:
            points = None
            for way in self.ways(home):
                if len(way.legs) != 1 or self.is_seen(way.target):
                    continue
                points = points if points is not None else self.points(guest, home)
                until = copied_until(way.legs[0], home.end.ns, group, points)
                if until is not None:
                    yield Copy(
                        key=way.target.key,
                        name=way.target.name,
                        place=way.target.place,
                        medium=self._medium(way.target),
                        witness=Witness.LOG,
                        server=way.target.server.server if way.target.server is not None else None,
                        times=(until,),
                        count=1,
                        unseen_since=self._unseen(way.legs[0].owner.read_at),
                    )

    def _unseen(self, seen: datetime | None) -> datetime | None:
        """Return since when nothing is seen any more, None where that is now."""
        return seen if seen is None or self.context.facts.now - seen > READ_LATELY else None

    def is_seen(self, end: End) -> bool:
        """Tell whether anybody can look at what lies at an end."""
        namespace = end.server.namespaces.get(f"{end.store}:{end.ns}") if end.server is not None else None
        if namespace is not None:
            return namespace.complete
        # A namespace is made by the first run that copies something into it.
        return end.server is not None and any(
            name.startswith(f"{end.store}:") and known.complete for name, known in end.server.namespaces.items()
        )

    def points(self, guest: Guest, home: Home) -> list[Point]:
        """Return a guest's restore points where the cluster writes to, newest first."""
        names = {storage.storage for storage in home.storages}
        ends = {
            written_name(outcome.archive): outcome.finished
            for outcome in self.context.outcomes(guest)[:_OUTCOMES_ASKED]
            if outcome.archive is not None and outcome.finished is not None
        }
        found = []
        for archive in self.context.archives(guest):
            if archive.storage in names:
                begun = datetime.fromtimestamp(archive.ctime, UTC)
                done = ends.get(logged_name(archive)) or begun
                verified = archive.verification == "ok"
                found.append(Point(begun=begun, done=done, verified=verified, encrypted=archive.encrypted))
        return found

    @cached_property
    def machines(self) -> Mapping[str, str]:
        """The nodes of this cluster on which backup servers run, by their addresses: their disks are in one box with the guests."""
        nodes = {node.address: node.name for node in self.context.facts.nodes.values() if node.address is not None}
        found: dict[str, str] = {}
        for home in self.homes:
            key = _server_key(home.end)
            for storage in home.storages:
                host = storage.backup_server.host if storage.backup_server is not None else ""
                if host in nodes:
                    found[key] = nodes[host]
        for server in self.servers.values():
            if server.host in nodes:
                found[server.server] = nodes[server.host]
        return found

    def _medium(self, end: End) -> str:
        """Return what tells the disk of a datastore from others, as far as that can be known."""
        if (node := self.machines.get(_server_key(end))) is not None:
            return f"node/{node}"
        store = end.server.stores.get(end.store) if end.server is not None else None
        device = store.device if store is not None and store.removable else None
        return f"{_server_key(end)}/{device or end.store}"

    def _of_group(self, server: KnownServer, end: End, group: KnownGroup, times: Sequence[int]) -> Copy:
        store = server.stores.get(end.store)
        return Copy(
            key=end.key,
            name=end.name,
            place=end.place,
            medium=self._medium(end),
            witness=Witness.SERVER,
            server=server.server,
            times=tuple(datetime.fromtimestamp(time, UTC) for time in times),
            count=len(times),
            verified=_among(group.verified, times),
            verified_elsewhere=_among(group.verified_elsewhere, times),
            bad=times[0] in group.bad,
            protected=group.protected,
            size=group.size,
            encrypted=group.encrypted,
            unseen_since=self._unseen(store.seen if store is not None else server.read_at),
            away=store is not None and store.away,
        )


def _server_key(end: End) -> str:
    if end.server is not None:
        return end.server.server
    return f"{end.remote.host}:{end.remote.port}" if end.remote is not None else ""


def group_of(guest: Guest) -> str:
    """Return the group of a guest's backups on a backup server, as vm/101."""
    return f"{_KINDS.get(guest.guest_type, guest.guest_type)}/{guest.vmid}"


def _time_in(name: str) -> Iterable[int]:
    try:
        yield SnapshotId.parse(name).backup_time
    except ValueError:
        return


def _among(time: int | None, times: Sequence[int]) -> datetime | None:
    return datetime.fromtimestamp(time, UTC) if time is not None and time >= times[-1] else None


def _medium_of_storage(storage: StorageFacts) -> str:
    return f"node/{storage.node}" if storage.node is not None else f"storage/{storage.storage}"
