"""Reads storages: their fill with every poll, their archives only when something has happened or once a day.

A disk that sleeps between the runs is left alone; a storage that is not reachable keeps its last listing.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ...checker.archives.archive import file_name
from ...checker.model.facts import NO_SERVERS, PROXMOX_DEFAULT_STORAGE, ArchiveListing, LinkedServers, StorageFacts
from ...checker.model.outcome import Outcome, Result, written_name
from ...checker.model.records import RunRecord, StorageRecord
from ...proxmox.api.backup_models import Archive, StorageConfig
from ...proxmox.api.client import ProxmoxClient
from ...proxmox.api.cluster_models import NodeStorage, Permissions
from ...proxmox.api.errors import PermissionDeniedError, ProxmoxError
from ...proxmox.retention import KeepOptions
from ..read_schedule import ReadSchedule
from ..task_group import task_group
from ..troubles import PollTroubles
from .listing_schedule import ListingSchedule, Place
from .server_identities import ServerIdentities
from .storage_names import StorageNames
from .storage_states import StorageStates

# A storage that one node cannot list is asked for through others.
_NODES_ASKED: Final = 3
# Whoever looks for archives that runs named, looks for all those of the last nights, and the last good ones of jobs that run
# once a month.
_NAMED_WITHIN: Final = timedelta(days=2)
_LEFT_WITHIN: Final = timedelta(days=40)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoragePoll:
    """What one poll knows when it comes to the storages.

    `writing` are the storages to which runs in progress write, None among them for one that is not known. `runs_hidden` is
    whether the runs of some node cannot be seen; `known` are the runs of the history. `servers` are the backup servers that are
    watched as well. `rights` returns the token's rights as they are now.
    """

    now: datetime
    rights: Callable[[], Awaitable[Permissions]]
    online: frozenset[str]
    writing: frozenset[str | None]
    runs_hidden: bool
    known: Mapping[str, RunRecord]
    troubles: PollTroubles
    servers: LinkedServers = NO_SERVERS

    @property
    def shown(self) -> Mapping[str, ArchiveListing]:
        """What servers have shown of storages just now."""
        return self.servers.shown(self.now)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The newest listing of a storage, and how large the storage was then."""

    listing: ArchiveListing | None = None
    unreadable: str | None = None
    total: int | None = None

    def is_same_folder(self, other: _Kept) -> bool:
        """Tell whether two storage ids seem to lead to one folder: it has one size, and its files show under both."""
        if self.listing is None or other.listing is None or self.total is None or self.total != other.total:
            return False
        return not _files(self.listing).isdisjoint(_files(other.listing))


class StorageReader:
    """Keeps the newest listing of every storage that can hold backups."""

    def __init__(
        self,
        client: ProxmoxClient,
        schedule: ReadSchedule,
        zone_of: Callable[[str], ZoneInfo | None],
        default_storages: Callable[[], Mapping[str, str | None]],
    ) -> None:
        """Read through a client; the functions tell a node's time zone, and the default storages by node."""
        self._client = client
        self._zone_of = zone_of
        self._default_storages = default_storages
        self._listings = ListingSchedule(schedule)
        self._states = StorageStates(client, schedule)
        self._identities = ServerIdentities(client, schedule)
        self._kept: dict[Place, _Kept] = {}
        self._config: dict[str, StorageConfig] = {}
        self._names = StorageNames()
        self._known: Mapping[str, RunRecord] = {}

    @property
    def config(self) -> tuple[StorageConfig, ...]:
        """The configuration of all storages, as it was last read."""
        return tuple(self._config.values())

    def restore(self, records: Mapping[str, StorageRecord], nodes: Collection[str]) -> None:
        """Take up how the storages were called, before the first poll; `nodes` are those that were known then."""
        self._names.restore(records, nodes)

    async def read_config(self) -> None:
        """Read which storages there are, and their retention; raises any ProxmoxError."""
        self._config = {config.storage: config for config in await self._client.storage_config()}

    def run_ended(self, storage: str | None, now: datetime) -> None:
        """Take note that a run has ended which wrote to this storage, under whatever id, or to one that is not known."""
        written = [kept for place, kept in self._kept.items() if place[0] == storage]
        for place, kept in self._kept.items():
            if storage in {None, place[0]} or any(kept.is_same_folder(other) for other in written):
                self._listings.run_ended(place, now)

    async def read(self, rows: Iterable[NodeStorage], poll: StoragePoll) -> tuple[StorageFacts, ...]:
        """Return the storages that can hold backups, with the newest listing of each; raises what ends the poll."""
        places = self._by_place(rows)
        self._expect(poll)
        await self._states.read(poll.online, poll.now, poll.troubles)
        due = self._due(places, poll)
        await self._states.read(
            poll.online, poll.now, poll.troubles, at_once={self._nodes(storage, poll)[0] for storage in due}
        )
        if due := self._due(places, poll):
            # What they show is worth what the token's rights are at that moment.
            permissions = await poll.rights()
            async with task_group() as group:
                for storage in due:
                    group.create_task(self._list(storage, permissions, poll))
        if poll.servers.entries:
            await self._identities.read(self._storages(places, poll), poll.online, poll.now, poll.troubles)
        return tuple(map(self._identified, self._storages(places, poll)))

    def _identified(self, storage: StorageFacts) -> StorageFacts:
        """Return a storage with the id of the server behind it, where that is known."""
        place, found = storage.backup_server, self._identities.of(storage)
        if place is None or found is None:
            return storage
        return replace(storage, backup_server=replace(place, instance_id=found))

    def _due(self, places: Mapping[Place, list[NodeStorage]], poll: StoragePoll) -> list[StorageFacts]:
        """Return the storages whose archives are to be listed now, and can be."""
        shown = poll.shown
        return [
            storage
            for storage in self._storages(places, poll)
            if storage.active_on & poll.online
            and self._listings.is_due(
                (storage.storage, storage.node),
                storage.listing,
                poll.now,
                written_to=not poll.writing.isdisjoint({None, storage.storage}),
                runs_hidden=poll.runs_hidden,
                shown=self._proven(storage, shown.get(storage.storage), poll),
            )
        ]

    def _proven(self, storage: StorageFacts, shown: ArchiveListing | None, poll: StoragePoll) -> bool:
        """Tell whether a server shows what lies on a storage, and every backup that finished there."""
        if shown is None or not shown.complete:
            return False
        place = (storage.storage, storage.node)
        return self._listings.are_all_shown(place, shown, self._named(*place, poll), poll.now)

    def _nodes(self, storage: StorageFacts, poll: StoragePoll) -> list[str]:
        """Return the nodes through which a storage can be listed, always in the same order."""
        return sorted(storage.active_on & poll.online)[:_NODES_ASKED]

    def _by_place(self, rows: Iterable[NodeStorage]) -> dict[Place, list[NodeStorage]]:
        """Return the rows of every storage that can hold backups, one place for all nodes where it is shared."""
        places: dict[Place, list[NodeStorage]] = {}
        for row in rows:
            if "backup" in row.content:
                places.setdefault((row.storage, None if row.shared else row.node), []).append(row)
        return places

    def _storages(self, places: Mapping[Place, list[NodeStorage]], poll: StoragePoll) -> tuple[StorageFacts, ...]:
        nodes: dict[str, set[str]] = {}
        for name, node in places:
            if node is not None:
                nodes.setdefault(name, set()).add(node)
        owners = {name: self._names.owner(name, those) for name, those in nodes.items()}
        return tuple(
            replace(self._facts(place, found, poll.now), named_alone=place[1] in {None, owners.get(place[0])})
            for place, found in places.items()
        )

    def _facts(self, place: Place, rows: list[NodeStorage], now: datetime) -> StorageFacts:
        name, node = place
        config = self._config.get(name)
        rows = [self._states.corrected(row, now) for row in rows]
        known = next((row for row in rows if row.available and row.total), rows[0])
        usable = known.available and known.total is not None
        kept = self._kept.get(place, _Kept())
        return StorageFacts(
            storage=name,
            node=node,
            plugin_type=(config.plugin_type if config else None) or known.plugin_type or "",
            nodes=config.nodes if config else (),
            enabled=not config.disabled if config else True,
            active_on=frozenset(row.node for row in rows if row.available),
            total=known.total if usable else None,
            used=known.used if usable else None,
            available=self._states.free(known) if usable else None,
            keep=_keep(config.prune_backups if config else None),
            listing=kept.listing,
            unreadable=kept.unreadable,
            backup_server=config.backup_server if config else None,
        )

    async def _list(self, storage: StorageFacts, permissions: Permissions, poll: StoragePoll) -> None:
        """List a storage's archives once, through the first node that can."""
        place, error = (storage.storage, storage.node), None
        for node in self._nodes(storage, poll):
            try:
                listing = await self._listing(node, storage, permissions, poll)
            except ProxmoxError as met:
                poll.troubles.note(f"storage {storage.storage}", met)
                error = met
                if isinstance(met, PermissionDeniedError):
                    break
            else:
                self._listings.listed(place, listing, storage.listing, self._named(*place, poll))
                self._kept[place] = _Kept(listing, total=storage.total)
                return
        self._listings.failed(place, poll.now)
        self._kept[place] = replace(self._kept.get(place, _Kept()), unreadable=str(error))

    def _expect(self, poll: StoragePoll) -> None:
        """Hold what runs have named that were not known before against the listings: the first look lists before it knows any."""
        if poll.known is not self._known:
            self._known = poll.known
            for (name, node), kept in self._kept.items():
                if kept.listing is not None:
                    self._listings.expect((name, node), kept.listing, self._named(name, node, poll))

    def _named(self, storage: str, node: str | None, poll: StoragePoll) -> set[str]:
        """Return the names that the logs told of archives on a storage: of the last nights, and of each guest the last in a job."""
        defaults = self._default_storages()
        oldest, recent = poll.now - _LEFT_WITHIN, poll.now - _NAMED_WITHIN
        names: set[str] = set()
        left: dict[tuple[int, str | None], Outcome] = {}
        for run in poll.known.values():
            if run.started < oldest or node not in {None, run.node}:
                continue
            # Its own default stands in where an outcome names no storage.
            written_to = {storage, None} if defaults.get(run.node, PROXMOX_DEFAULT_STORAGE) == storage else {storage}
            for outcome in run.outcomes:
                if outcome.archive is None or outcome.storage not in written_to:
                    continue
                key = (outcome.vmid, outcome.job_id)
                if outcome.result is Result.OK and (key not in left or left[key].started < outcome.started):
                    left[key] = outcome
                if run.started >= recent:
                    names.add(written_name(outcome.archive))
        return names | {written_name(outcome.archive) for outcome in left.values() if outcome.archive is not None}

    async def _listing(
        self, node: str, storage: StorageFacts, permissions: Permissions, poll: StoragePoll
    ) -> ArchiveListing:
        """List by the content call where the token's rights prove that it shows all, else by the prune's dry run.

        The content call leaves out what the token may not see, without a word; the dry run lists every archive for audit
        rights already, but knows neither size nor verification (PVE/API2/Storage/Content.pm, PruneBackups.pm).
        """
        path, may = f"/storage/{storage.storage}", permissions.has
        some = may(path, "Datastore.Allocate", "Datastore.AllocateSpace")
        sees_all = may(path, "Datastore.Allocate") or (some and may("/vms", "VM.Backup"))
        detailed = await self._client.archives_by_content(node, storage.storage) if some else ()
        found = ArchiveListing(
            read_at=poll.now,
            archives=detailed,
            complete=sees_all and self._is_whole(node, storage),
            detailed=True,
            listed_by=node,
            zone=self._zone_of(node),
        )
        if sees_all:
            return found
        try:
            listed = await self._client.archives_by_prune(node, storage.storage)
        except PermissionDeniedError:
            return found
        known = {archive.volid: archive for archive in detailed}
        # A snapshot of a backup server that is not complete looks like any other here: such a list proves no backup.
        archives = tuple(
            known.get(archive.volid) or _unproven(archive, proven=not storage.is_backup_server) for archive in listed
        )
        return replace(found, archives=archives, complete=self._is_whole(node, storage), detailed=False)

    def _is_whole(self, node: str, storage: StorageFacts) -> bool:
        """Tell whether no row of the last listing had to be left out, since it could not be understood."""
        return not any(part.startswith(f"{node} {storage.storage} ") for part in self._client.left_out)


def _files(listing: ArchiveListing) -> set[tuple[str, int]]:
    """Return names and times of the files in a listing; the snapshots of a backup server are none."""
    named = ((file_name(archive), archive.ctime) for archive in listing.archives)
    return {(name, ctime) for name, ctime in named if "/" not in name}


def _unproven(archive: Archive, *, proven: bool) -> Archive:
    return archive if proven else replace(archive, finished=False)


def _keep(text: str | None) -> KeepOptions | None:
    if not text:
        return None
    try:
        return KeepOptions.parse(text)
    except ValueError:
        return None
