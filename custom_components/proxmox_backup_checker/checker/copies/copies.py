"""Where the restore points of a guest lie, each place once: the storages of its cluster, and whatever they are copied to."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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
from ..model.facts import StorageFacts, storage_key
from ..model.linked_servers import KnownGroup, KnownServer, KnownStore
from ..model.outcome import Outcome, Result, written_name
from ..model.server_options import Place
from .places import Home, Places
from .proof import Point, copied_until
from .ways import End, Way

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
    server that tells of it, and `store` its datastore. `medium` tells one disk from another as far as that is known: two with
    one are surely on one machine or disk, two with different ones need not be on two. `times` are the moments of the restore points, newest
    first; `verified` is the newest that was checked where it lies and found good, `verified_elsewhere` the newest whose check came along
    with it. `bad` is whether the last check of the newest failed, `good` the newest of which that is not so, and `locked` the newest
    that nobody removes: it is protected, or its disk is away or cannot be written. `unseen_since` is since when nobody can look there, None while somebody
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
    store: str | None = None
    verified: datetime | None = None
    verified_elsewhere: datetime | None = None
    bad: bool = False
    good: datetime | None = None
    protected: int = 0
    locked: datetime | None = None
    size: int | None = None
    encrypted: bool | None = None
    away: bool = False

    @property
    def newest(self) -> datetime | None:
        """The moment of the newest restore point."""
        return self.times[0] if self.times else None


@dataclass(frozen=True)
class Copies:
    """All that is known of where guests' restore points lie, at one moment."""

    places: Places
    _of_guest: dict[int, tuple[Copy, ...]] = field(default_factory=dict)
    _points: dict[tuple[int, str], Sequence[Point]] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        """The moment."""
        return self.places.context

    @cached_property
    def _groups(self) -> Mapping[str, Sequence[tuple[KnownServer, str, KnownGroup]]]:
        """All groups on servers by guest, as vm/101, each with its server and its namespace."""
        found: dict[str, list[tuple[KnownServer, str, KnownGroup]]] = {}
        for server in self.places.servers.values():
            for key, group in server.groups.items():
                namespace, _, name = key.rpartition(":")
                found.setdefault(name, []).append((server, namespace, group))
        return found

    def of(self, guest: Guest) -> tuple[Copy, ...]:
        """Return where a guest's restore points lie, the newest first."""
        found = self._of_guest.get(guest.vmid)
        if found is None:
            copies = [*self._on_storages(guest), *self._on_servers(guest)]
            order = list(Witness)
            copies.sort(key=lambda copy: (-_epoch(copy.newest), order.index(copy.witness), copy.key))
            found = self._of_guest[guest.vmid] = tuple(copies)
        return found

    def _on_storages(self, guest: Guest) -> Iterator[Copy]:
        """Yield what lies on the cluster's storages; two that lead to one namespace are one place."""
        archives: dict[str, list[Archive]] = {}
        for archive in self.context.archives(guest):
            archives.setdefault(archive.storage, []).append(archive)
        for home in self.places.homes:
            if points := self.points(guest, home):
                first = next((one for one in home.storages if one.storage in archives), home.storages[0])
                yield self._of_home(home, first, points, archives.get(first.storage, ()), guest)
        servers = {storage.storage for home in self.places.homes for storage in home.storages}
        for storage in self.context.facts.storages:
            own = archives.get(storage.storage, ()) if storage.storage not in servers else ()
            listed = self.context.archives_on(storage, guest) if own else ()
            there = {archive.volid for archive in listed}
            if lying := [archive for archive in own if archive.volid in there]:
                yield self._of_files(storage, lying)

    def _of_home(
        self, home: Home, storage: StorageFacts, points: Sequence[Point], archives: Sequence[Archive], guest: Guest
    ) -> Copy:
        verified = next((archive for archive in archives if archive.verification == "ok"), None)
        group = home.link.server.groups.get(f"{home.link.namespace}:{group_of(guest)}") if home.link else None
        elsewhere = group.verified_elsewhere if group is not None else None
        own = verified is not None and verified.ctime != elsewhere
        newest = archives[0] if archives and _moment(archives[0].ctime) == points[0].begun else None
        bad = {_moment(archive.ctime) for archive in archives if archive.verification == "failed"}
        times = tuple(point.begun for point in points)
        store = home.link.server.stores.get(home.link.store) if home.link is not None else None
        return Copy(
            key=home.end.key,
            name=home.end.name if home.link is not None else storage.storage,
            place=self.places.place_of(storage, home.end),
            medium=self.places.medium_of(home.end),
            witness=Witness.STORAGE,
            storages=tuple(one.storage for one in home.storages),
            server=home.link.server.server if home.link is not None else None,
            store=home.end.store,
            times=times,
            count=len(points),
            verified=_moment(verified.ctime) if own and verified is not None else None,
            verified_elsewhere=_moment(elsewhere) if elsewhere is not None else None,
            bad=times[0] in bad,
            good=_good(times, bad),
            protected=sum(archive.protected for archive in archives),
            locked=_locked(times, (_moment(one.ctime) for one in archives if one.protected), store),
            size=newest.size if newest is not None else None,
            encrypted=newest.encrypted if newest is not None else None,
            unseen_since=self._out_of_reach(storage),
            away=store is not None and store.away,
        )

    def _of_files(self, storage: StorageFacts, archives: Sequence[Archive]) -> Copy:
        times = tuple(_moment(archive.ctime) for archive in archives)
        return Copy(
            key=storage_key(storage),
            name=storage.storage,
            place=self.places.place_of(storage),
            medium=self.places.medium_of_storage(storage),
            witness=Witness.STORAGE,
            storages=(storage.storage,),
            times=times,
            count=len(archives),
            good=times[0],
            protected=sum(archive.protected for archive in archives),
            locked=_locked(times, (_moment(archive.ctime) for archive in archives if archive.protected)),
            size=archives[0].size,
            unseen_since=self._out_of_reach(storage),
        )

    def _out_of_reach(self, storage: StorageFacts) -> datetime | None:
        record = self.context.history.storages.get(storage_key(storage))
        return record.unreachable_since if record is not None else None

    def _on_servers(self, guest: Guest) -> Iterator[Copy]:
        """Yield what lies in namespaces of servers to which no storage of the cluster leads."""
        at_home = {
            (home.end.server.server, f"{home.end.store}:{home.end.ns}") for home in self.places.homes if home.end.server
        }
        for server, namespace, group in self._groups.get(group_of(guest), ()):
            if (server.server, namespace) in at_home:
                continue
            store, _, ns = namespace.partition(":")
            end = self.places.arrivals.get((server.server, namespace)) or End(store=store, ns=ns, server=server)
            if times := self._own_times(guest, group, end):
                yield self.of_group(server, end, group, times)
        yield from self._by_log(guest)

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
        foreign = {archive.ctime for archive in self.context.foreign_archives(guest)}
        return [time for time in reversed(group.times) if time >= earliest and time not in foreign]

    def _known_times(self, guest: Guest) -> set[int]:
        """Return when the guest was backed up to a backup server, as storages and runs tell."""
        times = {archive.ctime for archive in self.context.archives(guest) if "/" in logged_name(archive)}
        for outcome in self.context.outcomes(guest)[:_OUTCOMES_ASKED]:
            if outcome.archive is not None and outcome.result is Result.OK:
                times.update(_time_in(written_name(outcome.archive)))
        return times

    def _by_log(self, guest: Guest) -> Iterator[Copy]:
        """Yield what only the logs of jobs tell: copies in places that nobody can look at."""
        for home in self.places.homes:
            yield from self.by_log_of(group_of(guest), home.end, self.places.ways(home), self.points(guest, home))

    def by_log_of(self, group: str, origin: End, ways: Iterable[Way], points: Sequence[Point]) -> Iterator[Copy]:
        """Yield what the logs of jobs tell of a group whose restore points lie at an end, newest first."""
        for way in ways:
            if len(way.legs) != 1 or self.places.is_seen(way.target):
                continue
            until = copied_until(way.legs[0], origin.ns, group, points)
            if until is not None:
                yield Copy(
                    key=way.target.key,
                    name=way.target.name,
                    place=self.places.place_of_end(way.target),
                    medium=self.places.medium_of(way.target),
                    witness=Witness.LOG,
                    server=way.target.server.server if way.target.server is not None else None,
                    store=way.target.store,
                    times=(until,),
                    count=1,
                    good=until,
                    unseen_since=self.places.unseen(way.legs[0].owner.read_at),
                )

    def points(self, guest: Guest, home: Home) -> Sequence[Point]:
        """Return a guest's restore points where the cluster writes to, newest first."""
        key = (guest.vmid, home.end.key)
        found = self._points.get(key)
        if found is None:
            found = self._points[key] = self._points_at(guest, home)
        return found

    def _points_at(self, guest: Guest, home: Home) -> Sequence[Point]:
        """Return them by their times: two backups of one guest never begin in the same second.

        Where the listing does not show which ones are finished, the runs that wrote them tell.
        """
        names = {storage.storage for storage in home.storages}
        good = {
            time: outcome
            for outcome in self.context.outcomes(guest)[:_OUTCOMES_ASKED]
            if outcome.archive is not None and outcome.storage in names and outcome.result is Result.OK
            for time in _time_in(written_name(outcome.archive))
        }
        found: dict[int, Point] = {}
        for archive in self.context.archives(guest):
            if archive.storage in names:
                found[archive.ctime] = _point(archive, good.get(archive.ctime))
        for archive in self.context.listed_archives(guest):
            if not archive.finished and archive.storage in names and (outcome := good.get(archive.ctime)) is not None:
                found.setdefault(archive.ctime, _point(archive, outcome))
        for time, outcome in good.items():
            if time not in found and self._is_yet_to_be_listed(outcome, home):
                done = outcome.finished or outcome.started
                found[time] = Point(begun=_moment(time), done=done, verified=False, encrypted=False)
        return [found[time] for time in sorted(found, reverse=True)]

    @staticmethod
    def _is_yet_to_be_listed(outcome: Outcome, home: Home) -> bool:
        listed = [storage.listing.read_at for storage in home.storages if storage.listing is not None]
        return not listed or (outcome.finished or outcome.started) >= max(listed)

    def of_group(self, server: KnownServer, end: End, group: KnownGroup, times: Sequence[int]) -> Copy:
        """Return what a server tells of a group in one of its namespaces, by these of its restore points, newest first."""
        store = server.stores.get(end.store)
        moments = tuple(map(_moment, times))
        protected = _among(group.newest_protected, times)
        return Copy(
            key=end.key,
            name=end.name,
            place=self.places.place_of_end(end),
            medium=self.places.medium_of(end),
            witness=Witness.SERVER,
            server=server.server,
            store=end.store,
            times=moments,
            count=len(times),
            verified=_among(group.verified, times),
            verified_elsewhere=_among(group.verified_elsewhere, times),
            bad=times[0] in group.bad,
            good=_good(moments, set(map(_moment, group.bad))),
            protected=group.protected,
            locked=_locked(moments, (protected,) if protected is not None else (), store),
            size=group.size,
            encrypted=group.encrypted,
            unseen_since=self.places.unseen(store.seen if store is not None else server.read_at),
            away=store is not None and store.away,
        )


def _good(times: Iterable[datetime], bad: Container[datetime]) -> datetime | None:
    return next((time for time in times if time not in bad), None)


def _locked(
    times: Sequence[datetime], protected: Iterable[datetime], store: KnownStore | None = None
) -> datetime | None:
    """Return the newest restore point that nobody removes now."""
    if store is not None and (store.away or store.read_only):
        return times[0]
    return max(protected, default=None)


def newest_verified(copies: Iterable[Copy]) -> datetime | None:
    """Return the moment of the newest restore point that was checked where it lies and found good."""
    return max((copy.verified for copy in copies if copy.verified is not None), default=None)


def group_of(guest: Guest) -> str:
    """Return the group of a guest's backups on a backup server, as vm/101."""
    return f"{_KINDS.get(guest.guest_type, guest.guest_type)}/{guest.vmid}"


def _point(archive: Archive, outcome: Outcome | None) -> Point:
    begun = _moment(archive.ctime)
    done = outcome.finished if outcome is not None and outcome.finished is not None else begun
    return Point(begun=begun, done=done, verified=archive.verification == "ok", encrypted=archive.encrypted)


def _moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _time_in(name: str) -> Iterable[int]:
    try:
        yield SnapshotId.parse(name).backup_time
    except ValueError:
        return


def _epoch(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0


def _among(time: int | None, times: Sequence[int]) -> datetime | None:
    return _moment(time) if time is not None and time >= times[-1] else None
