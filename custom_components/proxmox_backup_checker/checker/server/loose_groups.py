"""Groups of guests that no linked cluster has: left by guests that are gone, or somebody else's."""

from ..model.server_records import GroupRecord
from .context import ServerContext
from .group_memory import Place
from .views import LooseGroup


def loose_groups(store: str, context: ServerContext) -> tuple[tuple[LooseGroup, ...], tuple[LooseGroup, ...]]:
    """Return the foreign and the orphaned groups of a datastore; without a linked cluster there are none."""
    foreign: list[LooseGroup] = []
    orphaned: list[LooseGroup] = []
    for place, record in context.groups_in(store):
        if place.group.backup_type == "host" or not context.links.any or _is_ignored(place, context):
            continue
        linked = context.links.places_of(store, place.ns)
        vmid = int(place.group.backup_id) if place.group.backup_id.isdecimal() else None
        if not linked:
            # A guest whose storage was given another namespace has left its old backups behind.
            if not any(vmid in other.vmids for other in context.links.places if other.store == store):
                foreign.append(_loose(place, record, context))
        elif all(other.complete for other in linked) and not any(vmid in other.vmids for other in linked):
            orphaned.append(_loose(place, record, context))
    return tuple(foreign), tuple(orphaned)


def _is_ignored(place: Place, context: ServerContext) -> bool:
    options = context.options
    return place.id in options.ignored_groups or (place.store, place.ns) in options.ignored_namespaces


def _loose(place: Place, record: GroupRecord, context: ServerContext) -> LooseGroup:
    last = context.clock.ours(record.last_backup) if record.last_backup is not None else None
    return LooseGroup(
        ns=place.ns,
        group=place.group,
        owner=record.owner,
        name=record.name,
        last_backup=last,
        backup_count=record.backup_count,
        size=record.total_size,
    )
