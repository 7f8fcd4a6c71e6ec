"""Whose an archive is: on a storage that several clusters use, another guest with the same number may have left it."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Final

from ...proxmox.api.backup_models import Archive
from ...proxmox.api.cluster_models import Guest
from ..model.facts import Facts
from ..model.outcome import Outcome, written_name
from ..model.records import FEWEST_RUNS_PER_GUEST, KEPT, History, RunRecord
from ..runs.run_index import RunIndex
from .archive import logged_name
from .archive_index import ArchiveIndex
from .dating import Dating

# Times of archives and runs are those of the node that wrote them.
_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_SAME_TIME: Final = 60
_LONGEST: Final = timedelta(days=1)


class Origin(Enum):
    """Who wrote an archive; UNCERTAIN where a run of ours can have, but none that is known did."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNCERTAIN = "uncertain"


def unnamed_archives(archives: ArchiveIndex, runs: RunIndex) -> dict[int, tuple[Archive, ...]]:
    """Return, by VMID, the listed archives but those of which a first look tells that a run of ours wrote them."""
    found: dict[int, tuple[Archive, ...]] = {}
    for vmid, listed in archives.guests.items():
        if unnamed := _unnamed(listed.newest_first, runs.by_guest.get(vmid, ())):
            found[vmid] = tuple(unnamed)
    return found


def _unnamed(newest_first: Sequence[Archive], outcomes: Sequence[Outcome]) -> list[Archive]:
    """Return the archives that the run does not name which comes next: most were written by runs, in the same order."""
    left = []
    place, count = 0, len(outcomes)
    for archive in newest_first:
        name = archive.volid.rpartition("/")[2]
        if place == count or not _may_name(outcomes[place], name):
            latest = datetime.fromtimestamp(archive.ctime + _SAME_TIME, UTC)
            while place < count and outcomes[place].started > latest:
                place += 1
            if place == count or not _may_name(outcomes[place], name):
                left.append(archive)
                continue
        place += 1
    return left


def _may_name(outcome: Outcome, name: str) -> bool:
    return outcome.archive is not None and outcome.archive.endswith(name)


@dataclass(frozen=True)
class Provenance:
    """Tells the origin of archives from all runs of this cluster that are known.

    `history` already holds what the facts add to it, and `index` its runs; `running` are the runs in progress. `unnamed` are
    the listed archives that no run names at a first look (see `unnamed_archives`).
    """

    facts: Facts
    history: History
    index: RunIndex
    unnamed: Mapping[int, Sequence[Archive]]
    running: tuple[RunRecord, ...] = ()

    def attributable(self, guest: Guest, archives: Sequence[Archive]) -> Sequence[Archive]:
        """Return the archives that can be held to be a guest's own, those that bear its number given.

        What is certainly foreign never is. What is uncertain is not where foreign archives with this number lie beside it,
        or where its notes name another guest.
        """
        unnamed = [archive for archive in self.unnamed.get(guest.vmid, ()) if archive.storage in self._shared]
        if not any(self._can_be_foreign(archive) or self._names_another(archive, guest) for archive in unnamed):
            return archives
        given = set(map(id, archives))
        others = [archive for archive in unnamed if id(archive) in given]
        foreign = {archive.volid: archive.storage for archive in others if self._is_foreign(archive)}
        mixed = set(foreign.values())
        left = {
            archive.volid
            for archive in others
            if archive.volid in foreign
            or (
                ((archive.storage in mixed and not _names(archive, guest)) or self._names_another(archive, guest))
                and not self._is_ours(archive)
            )
        }
        return tuple([archive for archive in archives if archive.volid not in left]) if left else archives

    def _names_another(self, archive: Archive, guest: Guest) -> bool:
        """Tell whether an archive's notes are the name of another guest: such notes are Proxmox' usual ones."""
        notes = (archive.notes or "").strip()
        if guest.name is None or len(notes.split()) != 1 or guest.name in notes:
            return False
        return notes != str(guest.vmid) and notes not in self._other_notes

    @cached_property
    def _other_notes(self) -> frozenset[str]:
        """The words that jobs leave in notes and that name no guest: those for node and cluster, and fixed ones."""
        templates = (str(job.options.get("notes-template", "")).strip() for job in self.facts.jobs or ())
        return frozenset({*self.facts.nodes, self.facts.cluster.title, *templates})

    def origin(self, archive: Archive) -> Origin:
        """Return who wrote an archive."""
        if archive.vmid is None or archive.storage not in self._shared:
            return Origin.UNCERTAIN
        if self._is_ours(archive):
            return Origin.OURS
        return Origin.FOREIGN if self._can_be_foreign(archive) else Origin.UNCERTAIN

    def _is_foreign(self, archive: Archive) -> bool:
        return self._can_be_foreign(archive) and not self._is_ours(archive)

    def _can_be_foreign(self, archive: Archive) -> bool:
        """Tell whether every run of ours is known that can have written an archive on a shared storage."""
        # Where the nodes are in different zones, a name may tell a time before the one at which it was written.
        written = self._dating.written_between(archive)
        return not archive.renamed and all(self._is_all_known(archive.vmid or 0, moment) for moment in set(written))

    @cached_property
    def _dating(self) -> Dating:
        return Dating(self.facts)

    def _is_ours(self, archive: Archive) -> bool:
        """Tell whether a known run of ours wrote an archive: it names it, or was under way and names none."""
        name, written = logged_name(archive), _written(archive)
        for outcomes in (self.index.by_guest, self._running_by_guest, self.index.misdated):
            for outcome in outcomes.get(archive.vmid or 0, ()):
                path = outcome.archive
                if path is None:
                    if _lasted(outcome, written):
                        return True
                elif path.endswith(name) and written_name(path) == name:
                    return True
        return False

    @cached_property
    def _shared(self) -> frozenset[str]:
        """The storages on which somebody else can write."""
        return frozenset(storage.storage for storage in self.facts.storages if storage.node is None)

    @cached_property
    def concerned(self) -> frozenset[str]:
        """The nodes that can have backed anything up: one that never had a guest has nothing to list."""
        return frozenset({*(guest.node for guest in self.facts.guests), *self.index.nodes})

    def _nodes_with(self, vmid: int, moment: datetime) -> frozenset[str]:
        """Return the nodes on which a guest can have been at a moment, where alone it can have been backed up."""
        record, began = self.history.guests.get(vmid), self.history.began
        if record is None or began is None:
            return self.concerned
        stayed_since = max(filter(None, (began, record.first_seen, record.moved)))
        return frozenset({record.node}) if moment > stayed_since else self.concerned

    def _are_runs_known(self, node: str, moment: datetime) -> bool:
        """Tell whether no run is missing that a node can have started then."""
        facts = self.facts.nodes.get(node)
        if facts is None or facts.runs_known_since is None or facts.tasks_read is None:
            return False
        if moment < facts.runs_known_since + _CLOCKS_DIFFER or moment + KEPT - _CLOCKS_DIFFER <= self.facts.now:
            return False
        if facts.tasks_read == self.facts.now:
            return moment - facts.skew + _CLOCKS_DIFFER <= self.facts.now
        return moment <= facts.tasks_read + facts.skew - _CLOCKS_DIFFER

    def _is_all_known(self, vmid: int, written: datetime) -> bool:
        """Tell whether every run is known that can have written an archive of this number at this time."""
        outcomes = self.index.by_guest.get(vmid, ())
        if len(outcomes) >= FEWEST_RUNS_PER_GUEST and written < outcomes[-1].started:
            # What came before may have been left out of the history.
            return False
        nodes = self._nodes_with(vmid, written)
        return all(self._are_runs_known(node, written) for node in nodes) and not self._is_obscure(nodes, written)

    def _is_obscure(self, nodes: Container[str], written: datetime) -> bool:
        """Tell whether a run may have written something then of which it is not known whom it backed up."""
        if any(started - _CLOCKS_DIFFER <= written for started in self.facts.unread_runs):
            return True
        return any(
            run.node in nodes
            and run.started - _CLOCKS_DIFFER <= written <= (run.ended or run.started + KEPT) + _CLOCKS_DIFFER
            for run in self.index.untold
        ) or any(
            run.node in nodes and run.started - _CLOCKS_DIFFER <= written <= run.started + _LONGEST
            for run in self._out_of_sight
        )

    @cached_property
    def _out_of_sight(self) -> list[RunRecord]:
        """The runs that were seen going on and whose end nobody has seen, since their node went out of sight."""
        running = {run.upid for run in self.running}
        return [run for run in self.history.unfinished.values() if run.upid not in running]

    @cached_property
    def _running_by_guest(self) -> dict[int, list[Outcome]]:
        found: dict[int, list[Outcome]] = {}
        for run in self.running:
            for outcome in run.outcomes:
                found.setdefault(outcome.vmid, []).append(outcome)
        return found


def _lasted(outcome: Outcome, moment: datetime) -> bool:
    """Tell whether a backup was under way at a moment."""
    end = outcome.finished or outcome.started
    return outcome.started - _CLOCKS_DIFFER <= moment <= end + _CLOCKS_DIFFER


def _written(archive: Archive) -> datetime:
    return datetime.fromtimestamp(archive.ctime, UTC)


def _names(archive: Archive, guest: Guest) -> bool:
    return guest.name is not None and (archive.notes or "").strip() == guest.name
