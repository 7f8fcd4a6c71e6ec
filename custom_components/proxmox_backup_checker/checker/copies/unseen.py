"""Where there may be copies that nobody sees: on storages that are not listed, or to which backups went and that are out of sight."""

from collections.abc import Sequence

from ...proxmox.api.cluster_models import Guest
from ..context import Context
from ..model.facts import StorageFacts
from ..model.outcome import Result


def is_listed(storage: StorageFacts) -> bool:
    """Tell whether all archives of a storage are known as they are now."""
    return storage.listing is not None and storage.listing.complete and storage.unreadable is None


def unlisted_storages(context: Context) -> Sequence[StorageFacts]:
    """Return the storages of which nobody knows all archives."""
    return [storage for storage in context.facts.storages if not is_listed(storage)]


def unseen_storages(guest: Guest, context: Context) -> frozenset[str]:
    """Return the storages to which good backups of a guest went and that cannot be seen; empty stands for a folder."""
    known = {storage.storage for storage in context.facts.storages}
    # Of hundreds of runs few differ in these.
    targets = {(run.storage, run.node) for run in context.outcomes(guest) if run.result is Result.OK}
    written = {context.facts.storage_name(storage, node) for storage, node in targets}
    return frozenset(written - known)


def may_hold_more(storage: StorageFacts, guest: Guest, context: Context) -> bool:
    """Tell whether a storage of which hardly more than names are seen has archives of a guest that may be complete."""
    vague = context.indexes.archives.vague_servers or frozenset()
    if storage.storage not in vague:
        return False
    own = {archive.volid for archive in context.archives(guest)}
    return any(
        archive.storage == storage.storage and archive.volid not in own for archive in context.listed_archives(guest)
    )
