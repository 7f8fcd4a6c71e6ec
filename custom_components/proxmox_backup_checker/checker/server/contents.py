"""What lies in the namespaces of a server, snapshot by snapshot: what a cluster would list of its storages there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ..model.linked_servers import NamespaceContent
from ..model.server_facts import DatastoreFacts, GroupFacts, ServerFacts
from ..model.server_options import ServerOptions
from .context import sees_all

type Contents = Mapping[tuple[str, str], NamespaceContent]
"""By datastore and namespace."""

_OF_GUESTS: Final = frozenset({"vm", "ct"})


def contents_of(facts: ServerFacts, options: ServerOptions, before: Contents) -> Contents:
    """Return what lies in each namespace; of one that is still being read, what lay there `before`."""
    found: dict[tuple[str, str], NamespaceContent] = {}
    for store, known in facts.datastores.items():
        if not options.watches(store):
            continue
        for ns, listed_at in known.listed_at.items():
            key = (store, ns)
            if key in options.ignored_namespaces:
                continue
            content = _content(known, ns, listed_at, before.get(key), complete=sees_all(facts, store, ns))
            if content is not None:
                found[key] = content
    return found


def _content(
    known: DatastoreFacts, ns: str, listed_at: datetime, before: NamespaceContent | None, *, complete: bool
) -> NamespaceContent | None:
    if known.hidden or not known.datastore.readable:
        return before
    groups = [entry for (inner, group), entry in known.groups.items() if inner == ns and _is_guest(entry)]
    if not all(map(_is_read, groups)):
        return before
    newest = max((entry.read_at for entry in groups if entry.read_at is not None), default=None)
    if before is not None and (before.read_at, before.newest_reading, before.complete) == (listed_at, newest, complete):
        return before
    snapshots = tuple(snapshot for entry in groups for snapshot in entry.snapshots)
    return NamespaceContent(read_at=listed_at, complete=complete, snapshots=snapshots, newest_reading=newest)


def _is_guest(entry: GroupFacts) -> bool:
    group = entry.group.group
    return group.backup_type in _OF_GUESTS and group.backup_id.isdecimal()


def _is_read(entry: GroupFacts) -> bool:
    """Tell whether the snapshots of a group were read since its own listing has changed."""
    group = entry.group
    if not group.backup_count:
        return True
    finished = [snapshot.id.backup_time for snapshot in entry.snapshots if snapshot.finished]
    is_newest_known = (
        not group.finished or group.last_backup is None or group.last_backup == max(finished, default=None)
    )
    return entry.read_at is not None and len(entry.snapshots) == group.backup_count and is_newest_known
