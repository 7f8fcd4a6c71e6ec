"""What history and facts hold, sorted in by guest, by job and by storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..proxmox.api.backup_models import Archive, IncludedGuest, IncludedVolume
from .archives.archive_index import ArchiveIndex
from .archives.archive_origin import unnamed_archives
from .jobs.coverage import CoverageIndex
from .model.facts import Facts
from .model.wrong_dates import WrongDates
from .runs.run_index import RIGHT, RunIndex
from .runs.run_records import RunRecords

# Proxmox' words for what no backup can ever hold (PVE/LXC/Config.pm, PVE/QemuConfig.pm, get_backup_volumes).
_NEVER_INCLUDED = ("not a volume", "efidisk but no")


def _exclusions(included: Mapping[str, tuple[IncludedGuest, ...]]) -> dict[int, tuple[str, ...]]:
    """Return the disks and mount points of every guest that its jobs leave out, though they could be backed up."""
    return {
        guest.vmid: tuple(sorted(volume.key for volume in guest.volumes if _is_left_out(volume)))
        for guests in included.values()
        for guest in guests
    }


def _is_left_out(volume: IncludedVolume) -> bool:
    return not volume.included and not (volume.reason or "").startswith(_NEVER_INCLUDED)


@dataclass(frozen=True, slots=True)
class Indexes:
    """All indexes of one moment.

    `unnamed` are the archives of every guest that no run names at a first look, `exclusions` the disks and mount points of
    every guest that its jobs leave out.
    """

    runs: RunIndex = field(default_factory=RunIndex)
    archives: ArchiveIndex = field(default_factory=ArchiveIndex)
    unnamed: Mapping[int, tuple[Archive, ...]] = field(default_factory=dict)
    coverage: CoverageIndex = field(default_factory=CoverageIndex)
    exclusions: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts, runs: RunRecords, before: Indexes | None = None, *, wrong: WrongDates = RIGHT) -> Indexes:
        """Sort in what facts and history hold; what is the very object that it was `before`, is sorted in already.

        What bears a date that is `wrong` proves nothing.
        """
        before = before or cls()
        are_same = not runs.unfinished and before.runs.runs is runs.finished and before.runs.wrong == wrong
        index = before.runs if are_same else RunIndex.of(runs.finished, runs.unfinished, wrong)
        archives = ArchiveIndex.of(facts.storages, before.archives)
        are_same = index is before.runs and archives.guests is before.archives.guests
        return cls(
            runs=index,
            archives=archives,
            unnamed=before.unnamed if are_same else unnamed_archives(archives, index),
            coverage=CoverageIndex.of(facts.jobs or (), facts.guests, pools_visible=facts.pools_visible),
            exclusions=_exclusions(facts.included),
        )
