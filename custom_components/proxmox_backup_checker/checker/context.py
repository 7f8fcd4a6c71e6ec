"""One moment of one cluster, as all rules of the judgement look at it: facts, history, and what follows from both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import takewhile
from typing import Final

from ..proxmox.api.backup_models import Archive, BackupJob
from ..proxmox.api.cluster_models import Guest
from ..proxmox.retention import Pattern
from .archives.archive import file_name, logged_name
from .archives.archive_origin import Provenance
from .archives.dating import Dating
from .archives.linking import Link, link_of
from .archives.servers_on_guests import servers_on_guests
from .indexes import Indexes
from .jobs.coverage import Coverage, covers
from .jobs.terms import Terms
from .jobs.timetable import Timetable, allowance, periods_of, usual_duration
from .model.facts import StorageFacts, storage_key
from .model.linked_servers import KnownServer
from .model.outcome import Outcome, Result, written_name
from .model.policy import NO_BACKUP_TAG
from .model.records import GuestRecord, History, JobRecord, RunRecord
from .model.wrong_dates import WRONG_DATE
from .runs.owed import Owed
from .runs.run_index import NOTHING, InShort, RunIndex, good_durations
from .sight import Sight

_STARTS_WITHIN: Final = timedelta(minutes=10)
_ONE_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Context(Sight):
    """Facts and history of one moment; `history` already holds what the facts add to it."""

    history: History
    indexes: Indexes
    running: tuple[RunRecord, ...] = ()
    _timetables: dict[tuple[str, str], Timetable | None] = field(default_factory=dict)
    _terms: dict[tuple[str, str], Terms] = field(default_factory=dict)
    _outcomes: dict[int, Sequence[Outcome]] = field(default_factory=dict)
    _there_since: dict[int, datetime | None] = field(default_factory=dict)
    _durations: dict[str, list[timedelta]] = field(default_factory=dict)
    _archives: dict[int, tuple[Sequence[Archive], Sequence[Archive]]] = field(default_factory=dict)

    @property
    def index(self) -> RunIndex:
        """The history's runs, sorted in."""
        return self.indexes.runs

    @cached_property
    def servers(self) -> Mapping[str, KnownServer]:
        """The backup servers that are watched beside the cluster; those that are not read now as they are remembered."""
        told = self.facts.servers
        if told.entries is None:
            return {**self.history.servers, **told.read}
        known = {key: server for key, server in self.history.servers.items() if key in told.entries}
        return {**known, **told.read}

    @cached_property
    def links(self) -> Mapping[str, Link]:
        """The watched servers behind storages, by the storages' keys."""
        found = ((storage_key(storage), link_of(storage, self.servers.values())) for storage in self.facts.storages)
        return {key: link for key, link in found if link is not None}

    @cached_property
    def servers_on_guests(self) -> Mapping[int, frozenset[str]]:
        """The guests on which backup servers run, with the storages that lead there."""
        return servers_on_guests(self.facts, self.links)

    def is_ignored(self, guest: Guest) -> bool:
        """Tell whether a guest needs no backup, by choice or by its tag."""
        return guest.vmid in self.facts.policy.ignored_guests or NO_BACKUP_TAG in guest.tags

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
            self._timetables[key] = self._timetable(job, node)
        return self._timetables[key]

    def terms(self, job: BackupJob, node: str, table: Timetable | None = None) -> Terms:
        """Return what a job promises on a node, to a guest that has come from elsewhere by a `table` of its own."""
        usual = self.timetable(job, node)
        if table is not None and table is not usual:
            return Terms.of(job, node, table, self.facts)
        key = (job.job_id, node)
        found = self._terms.get(key)
        if found is None:
            found = self._terms[key] = Terms.of(job, node, usual, self.facts)
        return found

    def _timetable(self, job: BackupJob, node: str) -> Timetable | None:
        zone, record, facts = self.facts.zone_of(node), self.job_record(job), self.node(node)
        if zone is None:
            return None
        periods = periods_of(job, record.past if record else (), facts.skew if facts else timedelta(), zone)
        if not periods:
            return None
        return Timetable.of(
            periods, zone, self.node_now(node), allowance(self.usual_duration(job), self.facts.policy.start_grace)
        )

    def usual_duration(self, job: BackupJob) -> timedelta:
        """Return how long a job's runs may well take."""
        return usual_duration(self._good_durations(job))

    def typical_duration(self, job: BackupJob) -> timedelta | None:
        """Return how long a job's runs mostly take, None where none was good."""
        durations = sorted(self._good_durations(job))
        return durations[len(durations) // 2] if durations else None

    def _good_durations(self, job: BackupJob) -> list[timedelta]:
        if job.job_id not in self._durations:
            # The clock was set while such a run went on: how long that took is not known.
            wrong = self.index.wrong.runs
            self._durations[job.job_id] = good_durations(run for run in self.job_runs(job) if run.upid not in wrong)
        return self._durations[job.job_id]

    def owed_since(self, job: BackupJob, guest: Guest | None = None) -> datetime | None:
        """Return the moment before which no slot is owed: the job, or the guest in it, was not there yet."""
        moments = [self._owed.since(job.job_id)]
        if guest is not None and (remembered := self.guest_record(guest)) is not None:
            moments += [self.there_since(guest), self._owed.to(remembered, job.job_id)]
        return max([moment for moment in moments if moment is not None], default=None)

    @cached_property
    def _owed(self) -> Owed:
        return Owed(facts=self.facts, jobs=self.history.jobs, index=self.index)

    def job_runs(self, job: BackupJob) -> tuple[RunRecord, ...]:
        """Return a job's finished runs, newest first, those among them that can have been another job's.

        One that is dated later than the clock of its node shows proves nothing.
        """
        runs = self.index.by_job.get(job.job_id, ())
        if runs and runs[0].started > self.node_now(runs[0].node) + WRONG_DATE:
            return tuple([run for run in runs if run.started <= self.node_now(run.node) + WRONG_DATE])
        return runs

    def going_on(self, job: BackupJob, node: str) -> list[RunRecord]:
        """Return a job's runs in progress on a node, as far as can be known: of one that is surely off there are none.

        Where the node cannot be seen, those are taken for it that were going on when it was seen last.
        """
        return [run for run in self._going_on.get(job.job_id, ()) if run.node == node]

    @cached_property
    def _going_on(self) -> dict[str, list[RunRecord]]:
        found: dict[str, list[RunRecord]] = {}
        for run in self.history.unfinished.values():
            if self._may_go_on(run):
                for job_id in (run.job_id, *run.candidates):
                    if job_id is not None:
                        found.setdefault(job_id, []).append(run)
        return found

    @cached_property
    def _running_upids(self) -> frozenset[str]:
        return frozenset([run.upid for run in self.running])

    def _may_go_on(self, run: RunRecord) -> bool:
        """Tell whether a run of which no end was seen may go on: its node is not off, nor was it seen last without it."""
        node = self.node(run.node)
        if node is None or (self.is_fresh and not node.online):
            return False
        if run.upid in self._running_upids or node.blindness is None:
            return run.upid in self._running_upids
        record = self.history.nodes.get(run.node)
        return record is not None and run.upid in record.running

    def outcomes(self, guest: Guest) -> Sequence[Outcome]:
        """Return what runs did for this very guest, newest first; of one that goes on, what is done."""
        found = self._outcomes.get(guest.vmid)
        if found is None:
            found = self._outcomes[guest.vmid] = self._own_outcomes(guest)
        return found

    def in_short(self, guest: Guest) -> InShort:
        """Return in short what runs did for all guests that had a guest's number."""
        return self.index.in_short.get(guest.vmid, NOTHING)

    def _own_outcomes(self, guest: Guest) -> Sequence[Outcome]:
        there = self.there_since(guest)
        since = there - _ONE_MINUTE if there is not None else None
        found = self.index.by_guest.get(guest.vmid, ())
        if found and self._is_of_the_future(found[0]):
            found = tuple([outcome for outcome in found if not self._is_of_the_future(outcome)])
        kinds = {None, guest.guest_type}
        in_short = self.in_short(guest)
        if kinds.issuperset(in_short.guest_types) and (since is None or not found or found[-1].started >= since):
            return found
        return [
            outcome for outcome in found if outcome.guest_type in kinds and (since is None or outcome.started >= since)
        ]

    def there_since(self, guest: Guest) -> datetime | None:
        """Return the moment before which whatever bore a guest's number was another one, None where nothing tells of such.

        That is what was remembered, and the last backup of a guest of the other kind.
        """
        if guest.vmid not in self._there_since:
            record, kinds = self.guest_record(guest), {None, guest.guest_type}
            found = (
                self.index.by_guest.get(guest.vmid, ())
                if not kinds.issuperset(self.in_short(guest).guest_types)
                else ()
            )
            others = [outcome for outcome in found if outcome.guest_type not in kinds]
            ends = [found.finished or found.started for found in others if not self._is_of_the_future(found)]
            moments = ends[:1]
            if record is not None and record.since is not None:
                moments.append(record.since)
            self._there_since[guest.vmid] = max(moments, default=None)
        return self._there_since[guest.vmid]

    def _is_of_the_future(self, outcome: Outcome) -> bool:
        """Tell whether a run is dated later than the clock of its node shows: it proves nothing then."""
        return outcome.started > self.node_now(outcome.node) + WRONG_DATE

    def backed_up_now(self, guest: Guest) -> list[Outcome]:
        """Return the backups of a guest that go on at the moment."""
        return self._backed_up_now.get(guest.vmid, [])

    @cached_property
    def _backed_up_now(self) -> dict[int, list[Outcome]]:
        found: dict[int, list[Outcome]] = {}
        for run in self.running:
            for outcome in run.outcomes:
                if outcome.result is Result.RUNNING:
                    found.setdefault(outcome.vmid, []).append(outcome)
        return found

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
        return Provenance(
            facts=self.facts,
            history=self.history,
            index=self.index,
            unnamed=self.indexes.unnamed,
            running=self.running,
        )

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
        return own, tuple([archive for archive in finished if archive.volid not in known])

    def _finished_archives(self, guest: Guest) -> Sequence[Archive]:
        there = self.there_since(guest)
        since = there.timestamp() if there is not None else 0
        kinds = {None, guest.guest_type}
        dated = self._with_right_dates(guest)
        listed = self.indexes.archives.of_guest(guest.vmid)
        if listed.all_finished and kinds.issuperset(listed.guest_types) and (not dated or dated[-1].ctime >= since):
            return dated
        return tuple(
            [
                archive
                for archive in dated
                if archive.finished and archive.guest_type in kinds and archive.ctime >= since
            ]
        )

    def _with_right_dates(self, guest: Guest) -> Sequence[Archive]:
        newest_first, wrong = self.indexes.archives.of_guest(guest.vmid).newest_first, set(self.wrongly_dated(guest))
        return tuple([archive for archive in newest_first if archive.volid not in wrong]) if wrong else newest_first

    def wrongly_dated(self, guest: Guest) -> Sequence[str]:
        """Return the archives, by volume id, that bear a guest's number and a wrong date, newest first."""
        wrong = self.index.wrong.archives.get(guest.vmid, {})
        if not wrong:
            return self.dated_ahead(guest)
        ahead = set(self.dated_ahead(guest))
        newest_first = self.indexes.archives.of_guest(guest.vmid).newest_first
        return [archive.volid for archive in newest_first if archive.volid in ahead or logged_name(archive) in wrong]

    def dated_ahead(self, guest: Guest) -> Sequence[str]:
        """Return the archives, by volume id, that bear a guest's number and a date that has not come yet."""
        until = self.node_now(guest.node) + WRONG_DATE
        latest = until.timestamp()
        newest_first = self.indexes.archives.of_guest(guest.vmid).newest_first
        if not newest_first or newest_first[0].ctime <= latest:
            return ()
        late = takewhile(lambda archive: archive.ctime > latest, newest_first)
        return [archive.volid for archive in late if self.written_between(archive)[0] > until]

    def lies_on(self, archive: Archive, guest: Guest, storage: str) -> bool:
        """Tell whether a file lies on a storage too: two storage ids may lead to the same directory."""
        name = file_name(archive)
        return any(
            place[0] == storage and any(file_name(twin) == name and twin.ctime == archive.ctime for twin in listed)
            for place, listed in self.indexes.archives.by_place(guest.vmid)
            if not self.indexes.archives.places[place].on_backup_server
        )

    def is_on_storage(self, outcome: Outcome, storage: str) -> bool:
        """Tell whether a backup went onto a storage, under whatever id."""
        if outcome.storage == storage:
            return True
        if outcome.storage is None or outcome.archive is None:
            return False
        name = written_name(outcome.archive)
        return any(
            place[0] == storage and any(logged_name(twin) == name for twin in listed)
            for place, listed in self.indexes.archives.by_place(outcome.vmid)
            if not self.indexes.archives.places[place].on_backup_server
        )

    def written_between(self, archive: Archive) -> tuple[datetime, datetime]:
        """Return the earliest and the latest moment at which an archive can have been written."""
        return self._dating.written_between(archive)

    @cached_property
    def _dating(self) -> Dating:
        return Dating(self.facts)

    def has_run_for_the_slot_of(self, run: RunRecord, job: BackupJob) -> bool:
        """Tell whether a job has a run of its own on the same node for the slot at which another run started."""
        table = self.timetable(job, run.node)
        if table is None:
            return False
        slot = max((slot for slot, _ in table.possible_slots(run.started + table.tolerance(run.started))), default=None)
        following = table.event.next_after(run.started.astimezone(table.zone))
        return slot is not None and any(
            own.job_id == job.job_id
            and own.node == run.node
            and own.upid != run.upid
            and table.serves(own.started, slot)
            and (following is None or own.started < following)
            for own in self.job_runs(job)
        )

    def jobs_at_the_slot_of(self, run: RunRecord, vmid: int, *, good: bool) -> tuple[str, ...]:
        """Return the enabled jobs of a guest that had a slot when a run started, and have no run of their own for it.

        A good run has to have gone onto the job's storage, unless the job may have had another one before the first look.
        """
        found = []
        is_watched = self.history.began is not None and self.history.began <= run.started
        for job in self.indexes.coverage.jobs_of.get(vmid, ()):
            table = self.timetable(job, run.node) if job.enabled else None
            if table is None:
                continue
            tolerance = table.tolerance(run.started)
            storages = [
                storage
                for slot, storage in table.possible_slots(run.started + tolerance)
                if run.started - slot <= _STARTS_WITHIN + tolerance
            ]
            if is_watched and good:
                storages = [name for name in storages if self.facts.storage_name(name, run.node) == run.storage]
            if not storages:
                continue
            if not self.has_run_for_the_slot_of(run, job):
                found.append(job.job_id)
        return tuple(found)

    @cached_property
    def broken_archives(self) -> frozenset[str]:
        """The archives, by volume id, that failed their verification when their storage was last listed."""
        return frozenset([volid for record in self.history.storages.values() for volid in record.broken])

    @cached_property
    def hidden_guests(self) -> list[GuestRecord]:
        """The guests that the token was shown until it lost rights; with few rights from the start, one may be deleted.

        Those that need no backup are not among them.
        """
        shown = {guest.vmid for guest in self.facts.guests}
        known = self.history.guests.items()
        missing = [
            record
            for vmid, record in known
            if record.absent_since is None and vmid not in shown and self._needs_backup(record)
        ]
        if self.facts.guests_visible:
            return [record for record in missing if record.vmid in self.facts.hidden_guests]
        return missing if self.history.saw_all_guests or not self.facts.guests else []

    def _needs_backup(self, guest: GuestRecord) -> bool:
        is_spare = guest.template and not guest.covered_since
        return not is_spare and guest.vmid not in self.facts.policy.ignored_guests and NO_BACKUP_TAG not in guest.tags

    @cached_property
    def changed_storages(self) -> Sequence[tuple[StorageFacts, datetime]]:
        """The storages that seem to be others than before, each with the moment since when."""
        records = self.history.storages
        found = ((storage, records.get(storage_key(storage))) for storage in self.facts.storages)
        return [(storage, record.changed_identity) for storage, record in found if record and record.changed_identity]

    def longest_gap(self, job: BackupJob, node: str) -> timedelta | None:
        """Return the time that may pass from one of a job's backups to the next, None where its slots are not known."""
        table = self.timetable(job, node)
        if table is None or table.latest is None or table.following is None:
            return None
        before = table.event.last_before((table.latest - timedelta(seconds=1)).astimezone(table.zone)) or table.latest
        return max(table.following - table.latest, table.latest - before) + table.allowance

    def archives_on(self, storage: StorageFacts, guest: Guest) -> Sequence[Archive]:
        """Return all that is listed on a storage for a guest's VMID and type, which is what prune looks at; oldest first."""
        listed = self.indexes.archives.places.get((storage.storage, storage.node))
        found = listed.by_guest.get(guest.vmid, ()) if listed is not None else ()
        if self._are_all_of_the_type(guest):
            return found
        return [archive for archive in found if archive.guest_type in {None, guest.guest_type}]

    def pattern_on(self, storage: StorageFacts, guest: Guest) -> Pattern | None:
        """Return the pattern of those archives, None where more than that decides how they are pruned."""
        listed = self.indexes.archives.places.get((storage.storage, storage.node))
        return listed.patterns.get(guest.vmid) if listed is not None and self._are_all_of_the_type(guest) else None

    def _are_all_of_the_type(self, guest: Guest) -> bool:
        """Tell whether no archive that bears a guest's number is of a guest of another type."""
        return {None, guest.guest_type}.issuperset(self.indexes.archives.of_guest(guest.vmid).guest_types)

    def covered_guests(self, job: BackupJob) -> Sequence[Guest]:
        """Return the guests that a job surely covers."""
        return self.indexes.coverage.guests_of.get(job.job_id, ())

    def nodes_of(self, job: BackupJob) -> frozenset[str]:
        """Return the nodes on which a job has guests."""
        return frozenset([guest.node for guest in self.covered_guests(job)])

    def storages_of(self, job: BackupJob) -> frozenset[str]:
        """Return the names of the storages to which a job writes now, on all its nodes."""
        if job.storage is not None:
            return frozenset([job.storage] if job.storage else [])
        return frozenset([name for node in self.nodes_of(job) if (name := self.facts.storage_name(None, node))])

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

    def all_jobs_of(self, guest: Guest) -> Sequence[BackupJob]:
        """Return the jobs that surely cover a guest, enabled or not."""
        return self.indexes.coverage.jobs_of.get(guest.vmid, ())

    def job(self, job_id: str | None) -> BackupJob | None:
        """Return a job by its id."""
        return next((job for job in self.facts.jobs or () if job.job_id == job_id), None)


def newest_good(outcomes: Iterable[Outcome]) -> Outcome | None:
    """Return the newest good outcome."""
    return next((outcome for outcome in outcomes if outcome.result is Result.OK), None)
