"""Reading what lies on a backup server: groups where something has happened, and snapshots of the groups that changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ...checker.model.server_facts import GroupFacts, GroupKey, TaskLog
from ...proxmox.api.errors import ProxmoxError
from ...proxmox.backup_server.client import BackupServerClient
from ...proxmox.backup_server.logs.backup_log import BackupLogReader
from ...proxmox.backup_server.logs.verify_log import VerifyLog
from ...proxmox.backup_server.snapshot_models import Group
from ...proxmox.backup_server.task_models import Task
from ...proxmox.backup_server.upid import Upid
from ...proxmox.backup_server.worker_id import parse_worker_id
from ..read_schedule import DAILY, ReadSchedule
from ..troubles import PollTroubles
from .sight import Sight

MOST_REQUESTS: Final = 40
"""Listings of one reading: with what else is asked, less than sixty a minute."""
NAMESPACES_AGAIN: Final = timedelta(hours=6)
# Tasks after which something else may lie on a datastore.
_CHANGING: Final = frozenset({"backup", "move-group", "move-namespace", "prune", "prunejob", "sync", "syncjob"})
_FIRST_LINES: Final = 3


@dataclass
class StoreContent:
    """What is known of the content of a datastore."""

    namespaces: tuple[str, ...] = ()
    groups: dict[GroupKey, GroupFacts] = field(default_factory=dict)
    listed_at: dict[str, datetime] = field(default_factory=dict)


class ContentReader:
    """Lists a datastore only after something has ended there, apart from once a day: deleting leaves no task."""

    def __init__(self, client: BackupServerClient, sight: Sight) -> None:
        """Know of nothing yet."""
        self._client = client
        self._sight = sight
        self._schedule = ReadSchedule()
        self._stores: dict[str, StoreContent] = {}
        self._unlisted: dict[tuple[str, str], None] = {}
        self._stale: dict[tuple[str, GroupKey], None] = {}

    def of(self, store: str) -> StoreContent:
        """Return what is known of a datastore."""
        return self._stores.setdefault(store, StoreContent())

    @property
    def waiting(self) -> int:
        """The groups whose snapshots are still to be read."""
        return len(self._stale)

    @property
    def busy(self) -> bool:
        """Whether something is left to be listed."""
        return bool(self._unlisted or self._stale)

    def read_all_again(self) -> None:
        """Make everything due."""
        self._schedule.forget(lambda _: True)

    async def read(
        self,
        now: datetime,
        readable: Iterable[str],
        ended: Iterable[Task],
        logs: Mapping[str, TaskLog | None],
        troubles: PollTroubles,
    ) -> None:
        """List what is due, groups before snapshots, and leave the rest to the next reading."""
        stores = set(readable)
        await self._take_hints(stores, ended, troubles)
        for upid, log in logs.items():
            if isinstance(log, VerifyLog):
                self._take_failures(upid, log)
        for store in sorted(stores):
            await self._read_namespaces(now, store, troubles)
        waiting = [(store, ns) for store, ns in self._unlisted if store in stores][:MOST_REQUESTS]
        for store, ns in waiting:
            await self._list_groups(now, store, ns, troubles)
        stale = [(store, key) for store, key in self._stale if store in stores]
        for store, key in stale[: MOST_REQUESTS - len(waiting)]:
            await self._list_snapshots(now, store, key, troubles)

    async def _take_hints(self, stores: set[str], ended: Iterable[Task], troubles: PollTroubles) -> None:
        """Make due what tasks may have changed; what has never been listed is due anyway."""
        backups: dict[str, list[Task]] = {}
        for task in ended:
            work = task.work
            if work is None or work.store not in stores or not self.of(work.store).namespaces:
                continue
            if task.upid.worker_type == "backup":
                backups.setdefault(work.store, []).append(task)
            elif task.upid.worker_type in _CHANGING:
                # What is done in a namespace may reach those below it, or another one.
                named = [ns for ns in (work.ns, work.target) if ns is not None]
                self._list_again(work.store, (*self.of(work.store).namespaces, *named))
        for store, tasks in backups.items():
            await self._take_backups(store, tasks, troubles)

    def _list_again(self, store: str, namespaces: Iterable[str]) -> None:
        known = self.of(store).namespaces
        for ns in namespaces:
            if ns in known:
                self._unlisted[store, ns] = None
            else:
                self._schedule.forget(lambda topic: topic == ("namespaces", store))

    async def _take_backups(self, store: str, tasks: list[Task], troubles: PollTroubles) -> None:
        """List the namespaces of backups anew: only the first line of a log tells them, unless there is but one."""
        namespaces = self.of(store).namespaces
        if len(tasks) >= len(namespaces):
            self._list_again(store, namespaces)
            return
        for task in tasks:
            reader = BackupLogReader()
            try:
                reader.feed(await self._client.task_log(task.upid.text, limit=_FIRST_LINES) or ())
            except ProxmoxError as error:
                troubles.note(f"log of {task.upid}", error)
            ns = reader.log().ns
            self._list_again(store, namespaces if ns is None else (ns,))

    def _take_failures(self, upid: str, log: VerifyLog) -> None:
        """Read the groups anew that a check names as bad; the others keep what is known until their next turn."""
        parsed = Upid.parse(upid)
        work = parse_worker_id(parsed.worker_type, parsed.worker_id)
        if work is None:
            return
        named = {(failure.ns, failure.group) for failure in log.failed}
        anywhere = {failure.group for failure in log.failed if failure.ns is None}
        found = [(work.store, key) for key in self.of(work.store).groups if key in named or key[1] in anywhere]
        self._stale = dict.fromkeys(found) | self._stale

    async def _read_namespaces(self, now: datetime, store: str, troubles: PollTroubles) -> None:
        topic = ("namespaces", store)
        if self._schedule.is_due(topic, now, NAMESPACES_AGAIN):
            try:
                found = await self._client.namespaces(store)
            except ProxmoxError as error:
                troubles.note(f"namespaces of {store}", error)
                self._schedule.note(topic, now, good=False)
            else:
                self._schedule.note(topic, now)
                self._take_namespaces(store, await self._with_hidden(store, found))
        for ns in self.of(store).namespaces:
            if self._schedule.is_due(("groups", store, ns), now, DAILY):
                self._unlisted[store, ns] = None

    async def _with_hidden(self, store: str, found: tuple[str, ...]) -> tuple[str, ...]:
        """Return the namespaces that were found, and those that were there before and may no longer be seen."""
        before = {ns: ns for ns in self.of(store).namespaces}
        now = {ns: ns for ns in found}
        shown, _ = await self._sight.with_hidden(before, now, lambda ns: self._sight.sees(store, ns))
        return tuple(sorted(shown))

    def _take_namespaces(self, store: str, found: tuple[str, ...]) -> None:
        content = self.of(store)
        gone = set(content.namespaces) - set(found)
        content.namespaces = found
        content.groups = {key: facts for key, facts in content.groups.items() if key[0] not in gone}
        content.listed_at = {ns: moment for ns, moment in content.listed_at.items() if ns not in gone}
        self._unlisted = {key: None for key in self._unlisted if key[0] != store or key[1] not in gone}
        self._stale = {key: None for key in self._stale if key[0] != store or key[1][0] not in gone}

    async def _list_groups(self, now: datetime, store: str, ns: str, troubles: PollTroubles) -> None:
        topic = ("groups", store, ns)
        self._unlisted.pop((store, ns), None)
        daily = self._schedule.is_due(topic, now, DAILY)
        try:
            found = await self._client.groups(store, ns)
        except ProxmoxError as error:
            troubles.note(f"groups of {store} {ns}".strip(), error)
            self._schedule.note(topic, now, good=False)
            return
        self._schedule.note(topic, now)
        content = self.of(store)
        before = {key: facts for key, facts in content.groups.items() if key[0] == ns}
        if {key[1] for key in before} - {group.group for group in found}:
            # With a right to back up only, others' groups are left out without a word.
            self._sight.doubt()
            await self._sight.settle()
        if not self._sight.sees(store, ns) and before:
            return
        content.listed_at[ns] = now
        now_there = {(ns, group.group): group for group in found}
        for key in before.keys() - now_there.keys():
            del content.groups[key]
            self._stale.pop((store, key), None)
        for key, group in now_there.items():
            known = content.groups.get(key)
            content.groups[key] = GroupFacts(group=group) if known is None else replace(known, group=group)
            if group.backup_count and (daily or known is None or _changed(known.group, group)):
                self._stale[store, key] = None

    async def _list_snapshots(self, now: datetime, store: str, key: GroupKey, troubles: PollTroubles) -> None:
        self._stale.pop((store, key), None)
        content = self.of(store)
        if (known := content.groups.get(key)) is None:
            return
        ns, group = key
        try:
            found = await self._client.snapshots(store, ns, group)
        except ProxmoxError as error:
            troubles.note(f"snapshots of {store} {ns} {group}", error)
            return
        content.groups[key] = replace(known, snapshots=found, read_at=now)


def _changed(before: Group, now: Group) -> bool:
    return (before.last_backup, before.backup_count, before.finished) != (
        now.last_backup,
        now.backup_count,
        now.finished,
    )
