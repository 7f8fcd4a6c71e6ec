"""What history and facts hold, sorted in by guest and by job; carried on from moment to moment, since little changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..proxmox.api.backup_models import IncludedGuest, IncludedVolume
from .archives.archive_index import ArchiveIndex
from .jobs.coverage_index import CoverageIndex
from .model.facts import Facts
from .model.records import RunRecord
from .runs.run_records import RunIndex

# Proxmox' words for what no backup can ever hold (PVE/LXC/Config.pm, PVE/QemuConfig.pm, get_backup_volumes).
_NEVER_INCLUDED = ("not a volume", "efidisk but no")

type _Included = Mapping[str, tuple[IncludedGuest, ...]]


@dataclass(frozen=True, slots=True)
class ExclusionIndex:
    """The disks and mount points of every guest that its jobs leave out, though they could be backed up."""

    included: _Included = field(default_factory=dict)
    of: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def following(self, included: _Included) -> ExclusionIndex:
        """Return the index of a later answer; Proxmox' answers stay the same objects until they are read again."""
        same = included.keys() == self.included.keys()
        if same and all(guests is self.included[job_id] for job_id, guests in included.items()):
            return self
        found: dict[int, tuple[str, ...]] = {}
        for guests in included.values():
            for guest in guests:
                left_out = tuple(sorted(volume.key for volume in guest.volumes if _is_left_out(volume)))
                known = self.of.get(guest.vmid)
                found[guest.vmid] = known if known == left_out else left_out
        return ExclusionIndex(included, found)


def _is_left_out(volume: IncludedVolume) -> bool:
    return not volume.included and not (volume.reason or "").startswith(_NEVER_INCLUDED)


@dataclass(frozen=True, slots=True)
class Indexes:
    """All indexes of one moment."""

    runs: RunIndex = field(default_factory=RunIndex)
    archives: ArchiveIndex = field(default_factory=ArchiveIndex)
    coverage: CoverageIndex = field(default_factory=CoverageIndex)
    exclusions: ExclusionIndex = field(default_factory=ExclusionIndex)

    def following(self, facts: Facts, runs: Mapping[str, RunRecord]) -> Indexes:
        """Return the indexes of a later moment; each of them, and each part, is the same object where nothing changed."""
        return Indexes(
            runs=self.runs.following(runs),
            archives=self.archives.following(facts.storages),
            coverage=self.coverage.following(facts.jobs or (), facts.guests, pools_visible=facts.pools_visible),
            exclusions=self.exclusions.following(facts.included),
        )
