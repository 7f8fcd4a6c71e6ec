"""One moment of one cluster, as all rules of the judgement look at it: facts, history, and what follows from both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from ..proxmox.api.backup_models import Archive, BackupJob
from ..proxmox.api.cluster_models import Guest
from ..proxmox.retention import Backup
from .archives.archive_origin import Provenance
from .indexes import Indexes
from .jobs.coverage import Coverage, covers
from .jobs.timetable import Timetable, allowance, event_of
from .model.facts import Facts, NodeFacts, StorageFacts
from .model.records import GuestRecord, History, JobRecord, RunRecord
from .runs.outcomes import Outcome, Result
from .runs.run_index import RunIndex, good_durations

_ONE_MINUTE: Final = timedelta(minutes=1)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Facts and history of one moment; `history` already holds what the facts add to it.

    Rules that judge guests and jobs ask `has_come` and `is_seen` instead of comparing times with the present themselves.
    """

    facts: Facts
    history: History
    indexes: Indexes
    running: tuple[RunRecord, ...] = ()
    _timetables: dict[tuple[str, str], Timetable | None] = field(default_factory=dict)
    _allowances: dict[str, timedelta] = field(default_factory=dict)
    _archives: dict[int, tuple[Sequence[Archive], Sequence[Archive]]] = field(default_factory=dict)

    @property
    def index(self) -> RunIndex:
        """The history's runs, sorted in."""
        return self.indexes.runs

    def has_come(self, moment: datetime) -> bool:
        """Tell whether a moment of our clock has come."""
        return moment <= self.facts.now

    def node_now(self, node: str) -> datetime:
        """Return the present by a node's clock."""
        facts = self.facts.nodes.get(node)
        return self.facts.now + facts.skew if facts else self.facts.now

    def seen_until(self, node: str) -> datetime:
        """Return the time up to which a node's runs are known, by its own clock."""
        facts = self.facts.nodes.get(node)
        if facts is None:
            return self.facts.read_at or self.facts.now
        if facts.blindness is not None and facts.tasks_read is None:
            return _NEVER
        seen = self.facts.now if facts.blindness is None else facts.tasks_read or _NEVER
        if self.facts.read_at is not None:
            seen = min(seen, self.facts.read_at)
        return seen + facts.skew

    def is_seen(self, node: str, moment: datetime) -> bool:
        """Tell whether a node's runs are known up to a moment of its own clock."""
        if self.is_fresh and (facts := self.facts.nodes.get(node)) is not None and facts.blindness is None:
            return self.has_come(moment - facts.skew)
        return self.seen_until(node) >= moment

    @property
    def is_fresh(self) -> bool:
        """Whether the facts are of this moment, and not those that were read last."""
        return self.facts.read_at in {None, self.facts.now}

    @cached_property
    def present(self) -> frozenset[int]:
        """The VMIDs of all guests that are seen."""
        return frozenset(guest.vmid for guest in self.facts.guests)

    def node(self, name: str) -> NodeFacts | None:
        """Return what is known of a node."""
        return self.facts.nodes.get(name)

    def is_off(self, guest: Guest) -> bool:
        """Tell whether a guest's node is surely off now, so that nothing can have happened on it unseen."""
        node = self.node(guest.node)
        return node is not None and not node.online and self.is_fresh

    def job_record(self, job: BackupJob) -> JobRecord | None:
        """Return what is remembered of a job."""
        return self.history.jobs.get(job.job_id)

    def guest_record(self, guest: Guest) -> GuestRecord | None:
        """Return what is remembered of a guest."""
        return self.history.guests.get(guest.vmid)

    def timetable(self, job: BackupJob, node: str) -> Timetable | None:
        """Return a job's slots on a node, None where its schedule cannot be read or the node's zone is not known."""
        key = (job.job_id, node)
        if key not in self._timetables:
            event, zone = event_of(job), self.facts.zone_of(node)
            self._timetables[key] = (
                Timetable.of(event, zone, self.node_now(node), self._allowance(job)) if event and zone else None
            )
        return self._timetables[key]

    def _allowance(self, job: BackupJob) -> timedelta:
        if job.job_id not in self._allowances:
            durations = good_durations(self.job_runs(job))
            self._allowances[job.job_id] = allowance(durations, self.facts.policy.start_grace)
        return self._allowances[job.job_id]

    def owed_since(self, job: BackupJob, guest: Guest | None = None) -> datetime | None:
        """Return the moment before which no slot is owed: the job, or the guest in it, was not there yet."""
        moments = [record.owed_since for record in [self.job_record(job)] if record is not None]
        if guest is not None and (remembered := self.guest_record(guest)) is not None:
            moments += [remembered.since, remembered.covered_since.get(job.job_id)]
        return max((moment for moment in moments if moment is not None), default=None)

    def job_runs(self, job: BackupJob) -> tuple[RunRecord, ...]:
        """Return a job's finished runs, newest first, those among them that can have been another job's."""
        return self.index.by_job.get(job.job_id, ())

    def going_on(self, job: BackupJob, node: str | None = None) -> list[RunRecord]:
        """Return a job's runs in progress, on one node or on all."""
        return [
            run
            for run in self.running
            if node in {None, run.node} and (run.job_id == job.job_id or job.job_id in run.candidates)
        ]

    def outcomes(self, guest: Guest) -> Sequence[Outcome]:
        """Return what finished runs did for this very guest, newest first."""
        record = self.guest_record(guest)
        since = record.since - _ONE_MINUTE if record and record.since else None
        found = self.index.by_guest.get(guest.vmid, ())
        kinds = {None, guest.guest_type}
        if (since is None or not found or found[-1].started >= since) and kinds.issuperset(
            [outcome.guest_type for outcome in found]
        ):
            return found
        return [
            outcome for outcome in found if outcome.guest_type in kinds and (since is None or outcome.started >= since)
        ]

    def backed_up_now(self, guest: Guest) -> list[Outcome]:
        """Return the backups of a guest that go on at the moment."""
        return [
            outcome
            for run in self.running
            for outcome in run.outcomes
            if outcome.vmid == guest.vmid and outcome.result is Result.RUNNING
        ]

    def listed_archives(self, guest: Guest) -> Sequence[Archive]:
        """Return all archives that bear a guest's number, each once, finished or not, newest first."""
        return self.indexes.archives.of_guest(guest.vmid).newest_first

    def archives(self, guest: Guest) -> Sequence[Archive]:
        """Return the finished archives that are this very guest's, newest first, each once."""
        return self._own_and_foreign(guest)[0]

    def foreign_archives(self, guest: Guest) -> Sequence[Archive]:
        """Return the finished archives that bear a guest's number and that cannot be held to be its own."""
        return self._own_and_foreign(guest)[1]

    @cached_property
    def provenance(self) -> Provenance:
        """What tells whose an archive is."""
        return Provenance(facts=self.facts, history=self.history, index=self.index, running=self.running)

    def _own_and_foreign(self, guest: Guest) -> tuple[Sequence[Archive], Sequence[Archive]]:
        found = self._archives.get(guest.vmid)
        if found is None:
            found = self._archives[guest.vmid] = self._sorted_archives(guest)
        return found

    def _sorted_archives(self, guest: Guest) -> tuple[Sequence[Archive], Sequence[Archive]]:
        finished = self._finished_archives(guest)
        own = self.provenance.attributable(guest, finished)
        if len(own) == len(finished):
            return own, ()
        known = {archive.volid for archive in own}
        return own, [archive for archive in finished if archive.volid not in known]

    def _finished_archives(self, guest: Guest) -> Sequence[Archive]:
        record = self.guest_record(guest)
        since = record.since.timestamp() if record and record.since else 0
        kinds = {None, guest.guest_type}
        return [
            archive
            for archive in self.indexes.archives.of_guest(guest.vmid).newest_first
            if archive.finished and archive.guest_type in kinds and archive.ctime >= since
        ]

    def archives_on(self, storage: StorageFacts, guest: Guest) -> Sequence[Archive]:
        """Return all that is listed on a storage for a guest's VMID and type, which is what prune looks at; oldest first."""
        found = self.indexes.archives.of_guest(guest.vmid).by_place.get((storage.storage, storage.node), ())
        kinds = {None, guest.guest_type}
        return [archive for archive in found if archive.guest_type in kinds]

    def backups_on(self, storage: StorageFacts, guest: Guest) -> Sequence[Backup]:
        """Return the same as `archives_on`, as prune looks at it."""
        place, kinds = (storage.storage, storage.node), {None, guest.guest_type}
        listed = self.indexes.archives.places.get(place)
        if listed is None:
            return ()
        pairs = zip(listed.by_guest.get(guest.vmid, ()), listed.backups_of(guest.vmid), strict=True)
        return [backup for archive, backup in pairs if archive.guest_type in kinds]

    def covered_guests(self, job: BackupJob) -> Sequence[Guest]:
        """Return the guests that a job surely covers."""
        return self.indexes.coverage.guests_of.get(job.job_id, ())

    def nodes_of(self, job: BackupJob) -> frozenset[str]:
        """Return the nodes on which a job has guests."""
        return frozenset([guest.node for guest in self.covered_guests(job)])

    def covers(self, job: BackupJob, guest: Guest) -> Coverage:
        """Tell whether a job covers a guest."""
        return covers(job, guest, pools_visible=self.facts.pools_visible)

    def may_be_covered(self, guest: Guest) -> bool:
        """Tell whether an enabled job may cover a guest whose pool cannot be seen."""
        return guest.vmid in self.indexes.coverage.unsure

    def jobs_of(self, guest: Guest, *, enabled: bool = True) -> list[BackupJob]:
        """Return the enabled, or the disabled, jobs that surely cover a guest, without those that are to be ignored."""
        return [
            job
            for job in self.indexes.coverage.jobs_of.get(guest.vmid, ())
            if job.enabled is enabled and job.job_id not in self.facts.policy.ignored_jobs
        ]

    def job(self, job_id: str | None) -> BackupJob | None:
        """Return a job by its id."""
        return next((job for job in self.facts.jobs or () if job.job_id == job_id), None)

    def job_title(self, job_id: str | None) -> str:
        """Return the name of a job, of one that is gone too; empty where there is none."""
        record = self.history.jobs.get(job_id) if job_id is not None else None
        return record.name if record else ""


def newest_good(outcomes: Iterable[Outcome]) -> Outcome | None:
    """Return the newest good outcome."""
    return next((outcome for outcome in outcomes if outcome.result is Result.OK), None)
