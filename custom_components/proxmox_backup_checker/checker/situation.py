"""One moment of one cluster, as all rules of the judgement look at it: facts, history, and what follows from both."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from ..proxmox.backup_models import Archive, BackupJob
from ..proxmox.models import Guest
from .coverage import Coverage, covers
from .facts import Facts, NodeFacts
from .outcomes import Outcome, Result
from .provenance import Provenance
from .records import GuestRecord, History, JobRecord, RunRecord
from .run_memory import RunIndex, good_durations
from .slots import Timetable, allowance, event_of

_ONE_MINUTE: Final = timedelta(minutes=1)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Facts and history of one moment; `history` already holds what the facts add to it."""

    facts: Facts
    history: History
    index: RunIndex
    running: tuple[RunRecord, ...] = ()
    _timetables: dict[tuple[str, str], Timetable | None] = field(default_factory=dict)
    _archives: dict[int, list[Archive]] = field(default_factory=dict)
    _own_archives: dict[int, list[Archive]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the archives by guest."""
        seen: set[tuple[str, int, int | None]] = set()
        for storage in self.facts.storages:
            for archive in storage.listing.archives if storage.listing else ():
                # Two storages may lead to the same directory.
                identity = (archive.volid.rpartition(":")[2].rpartition("/")[2], archive.ctime, archive.vmid)
                if archive.vmid is not None and (storage.is_backup_server or identity not in seen):
                    seen.add(identity)
                    self._archives.setdefault(archive.vmid, []).append(archive)

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

    def node(self, name: str) -> NodeFacts | None:
        """Return what is known of a node."""
        return self.facts.nodes.get(name)

    def is_off(self, guest: Guest) -> bool:
        """Tell whether a guest's node is surely off now, so that nothing can have happened on it unseen."""
        node = self.node(guest.node)
        return node is not None and not node.online and self.facts.read_at in {None, self.facts.now}

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
            allowed = allowance(good_durations(self.job_runs(job)), self.facts.policy.start_grace)
            self._timetables[key] = (
                None if event is None or zone is None else Timetable.of(event, zone, self.node_now(node), allowed)
            )
        return self._timetables[key]

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

    def outcomes(self, guest: Guest) -> list[Outcome]:
        """Return what finished runs did for this very guest, newest first."""
        record = self.guest_record(guest)
        since = record.since - _ONE_MINUTE if record and record.since else None
        return [
            outcome
            for outcome in self.index.by_guest.get(guest.vmid, ())
            if outcome.guest_type in {None, guest.guest_type} and (since is None or outcome.started >= since)
        ]

    def backed_up_now(self, guest: Guest) -> list[Outcome]:
        """Return the backups of a guest that go on at the moment."""
        return [
            outcome
            for run in self.running
            for outcome in run.outcomes
            if outcome.vmid == guest.vmid and outcome.result is Result.RUNNING
        ]

    def listed_archives(self, guest: Guest) -> list[Archive]:
        """Return all archives that bear a guest's number, each once, finished or not."""
        return self._archives.get(guest.vmid, [])

    def archives(self, guest: Guest) -> list[Archive]:
        """Return the finished archives that are this very guest's, newest first, each once."""
        if guest.vmid not in self._own_archives:
            own = self.provenance.attributable(guest, self._finished_archives(guest))
            self._own_archives[guest.vmid] = sorted(own, key=lambda archive: archive.ctime, reverse=True)
        return self._own_archives[guest.vmid]

    def foreign_archives(self, guest: Guest) -> list[Archive]:
        """Return the finished archives that bear a guest's number and that cannot be held to be its own."""
        own = {archive.volid for archive in self.archives(guest)}
        return [archive for archive in self._finished_archives(guest) if archive.volid not in own]

    @cached_property
    def provenance(self) -> Provenance:
        """What tells whose an archive is."""
        return Provenance(facts=self.facts, history=self.history, by_guest=self.index.by_guest, running=self.running)

    def _finished_archives(self, guest: Guest) -> list[Archive]:
        record = self.guest_record(guest)
        since = record.since.timestamp() if record and record.since else 0
        return [
            archive
            for archive in self._archives.get(guest.vmid, ())
            if archive.finished and archive.guest_type in {None, guest.guest_type} and archive.ctime >= since
        ]

    def covered_guests(self, job: BackupJob) -> list[Guest]:
        """Return the guests that a job surely covers."""
        return [guest for guest in self.facts.guests if self.covers(job, guest) is Coverage.YES]

    def covers(self, job: BackupJob, guest: Guest) -> Coverage:
        """Tell whether a job covers a guest."""
        return covers(job, guest, pools_visible=self.facts.pools_visible)

    def jobs_of(self, guest: Guest, *, enabled: bool = True) -> list[BackupJob]:
        """Return the enabled, or the disabled, jobs that surely cover a guest, without those that are to be ignored."""
        return [
            job
            for job in self.facts.jobs or ()
            if job.enabled is enabled
            and job.job_id not in self.facts.policy.ignored_jobs
            and self.covers(job, guest) is Coverage.YES
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
