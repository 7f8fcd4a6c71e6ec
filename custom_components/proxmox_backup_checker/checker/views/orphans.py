"""Archives of guests that no longer exist: what they take up, and who they were."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ...proxmox.api.backup_models import Archive
from ..archives.archive import archive_time, logged_name
from ..assessment import Assessment
from ..model.facts import StorageFacts, storage_key
from ..model.outcome import written_name

_KINDS: Final = {"qemu", "lxc"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Orphan:
    """What a guest that is gone has left on a storage.

    `name` is the last that is known. `seen_here` tells that the guest was known here: on a storage that others may use too, what was never
    seen here may be theirs. `size` is None where the token may not see it and no run that is remembered tells it.
    """

    storage: str
    vmid: int
    guest_type: str
    name: str | None
    newest: datetime
    count: int
    size: int | None
    protected: int
    seen_here: bool


def orphans_of(assessment: Assessment, others: Collection[int] | None) -> tuple[Orphan, ...]:
    """Return what guests have left that no longer exist, the largest first.

    `others` are the guests of all other clusters, whose archives may lie on storages that several use; None where one of those
    clusters cannot be read: then nothing is told of such storages. While a guest of this cluster may be out of sight, nothing is
    told at all.
    """
    if not assessment.guests_complete:
        return ()
    found = [orphan for view in assessment.storages.values() for orphan in _on(view.storage, assessment, others)]
    return tuple(sorted(found, key=lambda one: (-(one.size or 0), one.storage, one.vmid)))


def _on(storage: StorageFacts, assessment: Assessment, others: Collection[int] | None) -> Iterator[Orphan]:
    is_shared = storage.node is None
    if storage.listing is None or (is_shared and others is None):
        return
    left: dict[tuple[int, str], list[Archive]] = {}
    for archive in storage.listing.archives:
        kind = archive.guest_type
        if archive.vmid is None or kind not in _KINDS:
            continue
        view = assessment.guests.get(archive.vmid)
        if view is not None and view.guest.guest_type == kind:
            continue
        if is_shared and archive.vmid in (others or ()):
            continue
        left.setdefault((archive.vmid, kind), []).append(archive)
    for (vmid, kind), archives in left.items():
        yield _orphan(storage, vmid, kind, archives, assessment)


def _orphan(storage: StorageFacts, vmid: int, kind: str, archives: list[Archive], assessment: Assessment) -> Orphan:
    newest = max(archives, key=lambda archive: archive.ctime)
    runs = assessment.index.by_guest.get(vmid, ())
    # The token may not see of a guest that is gone how large its archives are; the runs that wrote them tell it.
    written = {(run.storage, written_name(run.archive)): run.size for run in runs if run.archive is not None}
    sizes = [
        archive.size if archive.size is not None else written.get((storage.storage, logged_name(archive)))
        for archive in archives
    ]
    record = assessment.history.guests.get(vmid)
    is_known = record is not None and record.guest_type == kind
    return Orphan(
        storage=storage_key(storage),
        vmid=vmid,
        guest_type=kind,
        name=record.name if record is not None and is_known else _name_in(newest),
        newest=archive_time(newest),
        count=len(archives),
        size=None if None in sizes else sum(size or 0 for size in sizes),
        protected=sum(archive.protected for archive in archives),
        seen_here=storage.node is not None or is_known or any(run.guest_type == kind for run in runs),
    )


def _name_in(archive: Archive) -> str | None:
    """Return the name that a job leaves in the notes, which is one word."""
    notes = (archive.notes or "").split()
    return notes[0] if len(notes) == 1 else None
