"""What can be told in numbers: sizes and durations of the last backups, and what could be restored."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final

from ..proxmox.api.backup_models import Archive, BackupJob
from ..proxmox.api.cluster_models import Guest
from .archives.archive import archive_time
from .context import Context, newest_good
from .model.facts import Facts, StorageFacts
from .model.outcome import LOST, Outcome, Result
from .model.records import RestoreRecord, RunRecord
from .restores.proof import proof_of
from .runs.run_summary import ONE_START, starts_of

# The last runs, by which it is told where a guest is usually saved.
_RECENT: Final = 10


class Verification(StrEnum):
    """What a backup server has found of a guest's newest backup there."""

    OK = "ok"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveSize:
    """How large the last good archive on a storage is, and apart from that what had to be sent for it; None where not known."""

    storage: str | None
    size: int | None
    transferred: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestFigures:
    """Figures of a guest, None where they cannot be told.

    `size` in bytes and `duration` are of the last good backup: the size of the file or, on a backup server, what was
    transferred, as the sensor has it since 0.1.0. `archive` is the size of the archive, of the last one on the guest's usual
    storage. `restore_points` are its finished archives, `oldest` the first of them, both None where some archive may or
    may not be finished. `verification` and `encrypted` are
    of the newest backup on a backup server, None where there is none or it cannot be seen; whether an encrypted backup can
    be restored, depends on a key that is not on any server. `restore` is the newest restore of a backup of it that went well.
    """

    size: int | None = None
    archive: ArchiveSize | None = None
    duration: timedelta | None = None
    restore_points: int | None = None
    oldest: datetime | None = None
    verification: Verification | None = None
    encrypted: bool | None = None
    restore: RestoreRecord | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFigures:
    """Figures of a job's last run on all its nodes: how long it took, and how many bytes it saved; None where not known.

    `size` is what the sensor has since 0.1.0, `archive` the size of all its archives together.
    """

    duration: timedelta | None = None
    size: int | None = None
    archive: ArchiveSize | None = None


def figures_of_guest(guest: Guest, context: Context) -> GuestFigures:
    """Return the figures of a guest."""
    good = newest_good(context.outcomes(guest))
    archives = context.archives(guest)
    servers = context.indexes.archives.detailed_servers
    newest = next((archive for archive in archives if archive.storage in servers), None) if servers else None
    certain = _are_all_told(guest, context)
    return GuestFigures(
        size=stored_bytes(good, context.facts) if good else None,
        archive=_last_archive(context.outcomes(guest), context.facts),
        duration=timedelta(seconds=good.seconds) if good and good.seconds is not None else None,
        restore_points=len(archives) if certain else None,
        oldest=archive_time(archives[-1]) if archives and certain else None,
        verification=_verification(newest) if newest else None,
        encrypted=newest.encrypted if newest else None,
        restore=proof_of(guest, context).proven,
    )


def _last_archive(outcomes: Iterable[Outcome], facts: Facts) -> ArchiveSize | None:
    good = [outcome for outcome in islice(outcomes, _RECENT) if outcome.result is Result.OK]
    usual = usual_storage(good, facts)
    last = next((outcome for outcome in good if outcome.storage == usual), None)
    return ArchiveSize(storage=usual, size=last.size, transferred=sent_bytes(last, facts)) if last is not None else None


def usual_storage(good: Iterable[Outcome], facts: Facts) -> str | None:
    """Return the storage to which most good backups went; of two alike one of files, so that sizes of one kind compare."""
    uses = Counter((outcome.storage, outcome.node) for outcome in good)
    by_name: Counter[str | None] = Counter()
    servers = set()
    for (name, node), count in uses.items():
        by_name[name] += count
        storage = facts.storage_of(name, node) if name else None
        if storage is not None and storage.is_backup_server:
            servers.add(name)
    return max(by_name, key=lambda name: (by_name[name], name not in servers, name or ""), default=None)


def _are_all_told(guest: Guest, context: Context) -> bool:
    """Tell whether it is certain which archives a guest has, as far as storages can be listed at all.

    A token with audit rights only sees the snapshots of a backup server, but not which of them are finished.
    """
    vague = context.indexes.archives.vague_servers
    if vague is None:
        return False
    return not vague or not any(archive.storage in vague for archive in context.listed_archives(guest))


def _verification(archive: Archive) -> Verification:
    return Verification(archive.verification) if archive.verification in {"ok", "failed"} else Verification.NONE


def figures_of_job(job: BackupJob, context: Context) -> JobFigures:
    """Return the figures of a job's last run."""
    runs = context.job_runs(job)
    newest = next((run for run in runs if run.outcomes), None)
    if newest is None:
        return JobFigures()
    together = next(
        reversed(starts_of(run for run in runs if run.outcomes and run.started >= newest.started - ONE_START))
    )
    sizes = [
        size
        for run in together
        for outcome in run.outcomes
        if (size := stored_bytes(outcome, context.facts)) is not None
    ]
    return JobFigures(
        duration=_duration(together),
        size=sum(sizes) if sizes else None,
        archive=archive_size_of([outcome for run in together for outcome in run.outcomes], context.facts),
    )


def archive_size_of(outcomes: Sequence[Outcome], facts: Facts) -> ArchiveSize | None:
    """Return the size of all archives of one start of a job together, and what was sent for them; None where nothing is known."""
    sizes = [outcome.size for outcome in outcomes if outcome.size is not None]
    sent = [size for outcome in outcomes if (size := sent_bytes(outcome, facts)) is not None]
    storages = {outcome.storage for outcome in outcomes if outcome.storage}
    if not sizes and not sent:
        return None
    return ArchiveSize(
        storage=storages.pop() if len(storages) == 1 else None,
        size=sum(sizes) if sizes else None,
        transferred=sum(sent) if sent else None,
    )


def _duration(runs: Sequence[RunRecord]) -> timedelta | None:
    ends = [(run.started, run.ended) for run in runs if run.ended is not None]
    if not ends or any(run.status == LOST for run in runs):
        # Of a run that was lost only the moment is known at which its node noticed that.
        return None
    return max(ended for _, ended in ends) - min(started for started, _ in ends)


def stored_bytes(outcome: Outcome, facts: Facts) -> int | None:
    """Return what a backup took: the size of its file or, on a backup server, what had to be transferred."""
    storage = facts.storage_of(facts.storage_name(outcome.storage, outcome.node), outcome.node)
    if storage is not None and storage.is_backup_server and outcome.transferred is not None:
        return outcome.transferred
    return outcome.size


def sent_bytes(outcome: Outcome, facts: Facts) -> int | None:
    """Return what had to be sent to a backup server; None elsewhere, where Proxmox calls so what it has read of the disks."""
    storage = facts.storage_of(facts.storage_name(outcome.storage, outcome.node), outcome.node)
    return outcome.transferred if storage is not None and storage.is_backup_server else None


def used_percent(storage: StorageFacts) -> float | None:
    """Return how full a storage is."""
    if not storage.total or storage.used is None:
        return None
    return round(100 * storage.used / storage.total, 1)


def free_bytes(storage: StorageFacts) -> int | None:
    """Return what is free on a storage, to a thousandth of its size: a log file that grows is no news."""
    if not storage.total or storage.available is None:
        return None
    step = max(storage.total // 1000, 1)
    return round(storage.available / step) * step
