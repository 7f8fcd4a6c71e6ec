"""What a rule about a backup server may ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from ...proxmox.backup_server.namespace import acl_path, covers
from ...proxmox.backup_server.task_models import Task
from ..model.server_facts import DatastoreFacts, ServerFacts
from ..model.server_options import ServerOptions
from ..model.server_records import DatastoreRecord, GroupRecord, ServerHistory, ServerRunRecord
from .clock import ServerClock
from .group_memory import Place, place_of
from .links import Links
from .run_memory import runs_of


@dataclass(frozen=True, kw_only=True)
class ServerContext:
    """One moment of a server: its facts, what is remembered, and what the user decided.

    `now` is that of the last reading, and all ages are as they were then; `present` is later while the server cannot be read.
    """

    facts: ServerFacts
    history: ServerHistory
    options: ServerOptions
    links: Links
    clock: ServerClock
    now: datetime
    present: datetime

    @cached_property
    def running(self) -> Mapping[str, Task]:
        """The tasks that run, by UPID."""
        return {task.upid.text: task for task in self.facts.tasks if task.running}

    @cached_property
    def runs(self) -> Mapping[str, list[ServerRunRecord]]:
        """The finished runs of each job, the one that began last first."""
        jobs = {run.job for run in self.history.runs.values() if run.job is not None}
        return {job: runs_of(job, self.history) for job in jobs}

    @cached_property
    def groups(self) -> Mapping[Place, GroupRecord]:
        """The groups that are there, of the datastores that are watched."""
        found = {place_of(key): record for key, record in self.history.groups.items() if record.gone is None}
        return {place: record for place, record in found.items() if self.options.watches(place.store)}

    def sees(self, place: Place) -> bool:
        """Tell whether the token is shown everything where a group lies, and not only what it owns itself."""
        found = self.store(place.store)
        return found is not None and not found.hidden and sees_all(self.facts, place.store, place.ns)

    def store(self, name: str) -> DatastoreFacts | None:
        """Return a datastore."""
        return self.facts.datastores.get(name)

    def record(self, store: str) -> DatastoreRecord:
        """Return what is remembered of a datastore."""
        return self.history.datastores.get(store) or DatastoreRecord(store=store)

    def groups_in(self, store: str, ns: str = "", max_depth: int | None = None) -> list[tuple[Place, GroupRecord]]:
        """Return the groups that a job on a namespace reaches."""
        return [
            (place, record)
            for place, record in self.groups.items()
            if place.store == store and covers(ns, max_depth, place.ns)
        ]


def sees_all(facts: ServerFacts, store: str, ns: str) -> bool:
    """Tell whether the token is shown all groups of a namespace."""
    return facts.permissions.has(acl_path(store, ns), "Datastore.Audit")


AFTER_RETURN: Final = timedelta(hours=1)
"""After a server or a disk is back, what was due meanwhile may take its time."""


def is_just_back(store: str, context: ServerContext) -> bool:
    """Tell whether the server or a datastore has been there again for less than an hour."""
    moments = (context.history.back_since, context.record(store).back_since)
    return any(moment is not None and context.now - moment < AFTER_RETURN for moment in moments)


def unreadable_since(found: DatastoreFacts, context: ServerContext) -> datetime | None:
    """Return since when the content of a datastore has not been seen, once that has been for too long."""
    mode = found.datastore.maintenance
    since = context.record(found.datastore.store).maintenance_since
    if mode is None or mode.allows_reading or since is None:
        return None
    return since if context.present - since >= context.options.blind_limit else None
