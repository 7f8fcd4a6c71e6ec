"""From what a guest could be restored: its archives on all storages, and what is known of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...proxmox.api.backup_models import Archive
from ...proxmox.api.cluster_models import Guest
from ..archives.archive import logged_name
from ..context import Context
from ..model.outcome import Outcome, Result, written_name


@dataclass(frozen=True, kw_only=True, slots=True)
class RestorePoint:
    """An archive; `finished` and `encrypted` are None where the token may not see that, which is no "no".

    Its `size` is that of the archive on its storage: as the storage tells it, or else the run that wrote it.
    """

    archive: Archive
    size: int | None
    finished: bool | None
    encrypted: bool | None
    verification: str | None


def restore_points_of(guest: Guest, context: Context) -> Sequence[RestorePoint]:
    """Return the own archives of a guest that are finished or may be, newest first, each once."""
    vague = context.indexes.archives.vague_servers or frozenset()
    own = {archive.volid: archive for archive in context.archives(guest)}
    there = context.there_since(guest)
    since = there.timestamp() if there is not None else 0
    maybe = [
        archive
        for archive in (context.listed_archives(guest) if vague else ())
        if archive.storage in vague
        and archive.volid not in own
        and archive.guest_type in {None, guest.guest_type}
        and archive.ctime >= since
    ]
    attributable = context.provenance.attributable(guest, maybe) if maybe else ()
    every = sorted([*own.values(), *attributable], key=lambda archive: archive.ctime, reverse=True)
    return known_of(every, context.outcomes(guest), vague)


def known_of(
    archives: Iterable[Archive], outcomes: Iterable[Outcome], vague: Iterable[str] | None
) -> tuple[RestorePoint, ...]:
    """Return what is known of archives; on the `vague` backup servers a token with audit rights sees hardly more than names.

    A successful run whose log names an archive proves it.
    """
    names = frozenset(vague or ())
    written = {
        (outcome.storage, written_name(outcome.archive)): outcome
        for outcome in outcomes
        if outcome.result is Result.OK and outcome.archive
    }
    return tuple(
        _known(archive, written.get((archive.storage, logged_name(archive))), is_vague=archive.storage in names)
        for archive in archives
    )


def _known(archive: Archive, run: Outcome | None, *, is_vague: bool) -> RestorePoint:
    return RestorePoint(
        archive=archive,
        size=archive.size if archive.size is not None or run is None else run.size,
        finished=(True if run is not None else None) if is_vague else archive.finished,
        encrypted=None if is_vague else archive.encrypted,
        verification=archive.verification,
    )
