"""Keeps verdicts from one moment to the next where nothing that they rest on has changed.

A verdict rests on objects, which are compared by identity, and on time, of which it knows through a Watch only. Every part
of the facts that a rule looks at has to be among the grounds below; `tests/checker/test_memo.py` holds what is kept against
what is judged anew.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from operator import attrgetter, is_
from typing import Any, Final

from ..proxmox.api.backup_models import BackupJob
from ..proxmox.api.cluster_models import Guest
from .context import Carried, Situation
from .history.storage_history import storage_key
from .jobs.timetable import Timetable
from .model.records import RunRecord
from .model.verdict import Status, Verdict
from .runs.outcomes import Outcome

type Grounds = tuple[object, ...]

# What Proxmox computes anew with every answer, and no rule looks at.
_NEXT_RUN: Final = "next-run"
_fields_of = attrgetter(*(entry.name for entry in fields(BackupJob) if entry.name not in {"next_run", "options"}))
# The verdict on a job that is not well can name any guest.
_GOOD: Final = frozenset({Status.OK, Status.PENDING, Status.PAUSED, Status.IGNORED})


@dataclass(frozen=True, slots=True)
class Kept[Value]:
    """What was found, what it rests on, and the times between which it holds."""

    value: Value
    grounds: Grounds
    since: datetime
    until: datetime

    def holds(self, grounds: Grounds, now: datetime) -> bool:
        """Tell whether it would be found again."""
        return (
            self.since <= now < self.until
            and len(grounds) == len(self.grounds)
            and all(map(is_, grounds, self.grounds, strict=True))
        )


@dataclass(frozen=True, slots=True)
class Memo:
    """All that was found at one moment."""

    parts: Mapping[Hashable, Grounds] = field(default_factory=dict)
    guests: Mapping[int, Kept[Any]] = field(default_factory=dict)
    jobs: Mapping[str, Kept[Any]] = field(default_factory=dict)
    timetables: Mapping[tuple[str, str], Timetable] = field(default_factory=dict)
    carried: Mapping[Hashable, Carried] = field(default_factory=dict)


class Memory:
    """Judges guests and jobs, or takes what was found the moment before."""

    def __init__(self, situation: Situation, before: Memo) -> None:
        """Judge a situation."""
        self._situation = situation
        self._before = before
        self._parts: dict[Hashable, Grounds] = {}
        self._guests: dict[int, Kept[Any]] = {}
        self._jobs: dict[str, Kept[Any]] = {}
        self._states = _by_job(situation.facts.job_states, lambda state: (state.job_id,))
        self._running = _by_job(situation.running, lambda run: (run.job_id, *run.candidates))
        self._going_on = _going_on(situation.running)
        self._everywhere = self._same("everywhere", self._find_everywhere)

    @property
    def memo(self) -> Memo:
        """What is to be kept of it all."""
        return Memo(self._parts, self._guests, self._jobs, self._situation.timetables, self._situation.carried)

    def of_guest[Value](self, guest: Guest, judge: Callable[[Guest, Situation], Value]) -> Value:
        """Return what is found of a guest."""
        grounds, before = self._of_guest(guest), self._before.guests.get(guest.vmid)
        self._guests[guest.vmid] = kept = self._kept(before, grounds, lambda: judge(guest, self._situation))
        value: Value = kept.value
        return value

    def of_job[Value](
        self, job: BackupJob, judge: Callable[[BackupJob, Situation], Value], verdict: Callable[[Value], Verdict]
    ) -> Value:
        """Return what is found of a job, whose guests were looked at before; kept only while it is well."""
        guests = (self._guests[guest.vmid].grounds for guest in self._situation.covered_guests(job))
        grounds = (self._everywhere, self._of_job(job), *guests)
        kept = self._kept(self._before.jobs.get(job.job_id), grounds, lambda: judge(job, self._situation))
        value: Value = kept.value
        if verdict(value).status in _GOOD:
            self._jobs[job.job_id] = kept
        return value

    def _kept[Value](self, before: Kept[Value] | None, grounds: Grounds, judge: Callable[[], Value]) -> Kept[Value]:
        watch = self._situation.watch
        if before is not None and before.holds(grounds, watch.now):
            return before
        watch.start_again()
        # The same grounds stay the same object, for those that rest on them.
        if (
            before is not None
            and len(grounds) == len(before.grounds)
            and all(map(is_, grounds, before.grounds, strict=True))
        ):
            grounds = before.grounds
        return Kept(judge(), grounds, watch.now, watch.until)

    def _same(self, key: Hashable, find: Callable[[], Grounds]) -> Grounds:
        """Return a part of the grounds, the same object as the moment before where it is equal."""
        found = self._parts.get(key)
        if found is None:
            found, before = find(), self._before.parts.get(key)
            self._parts[key] = found = before if before is not None and before == found else found
        return found

    def _of_guest(self, guest: Guest) -> Grounds:
        vmid, indexes = guest.vmid, self._situation.indexes
        return (
            guest,
            self._situation.history.guests.get(vmid),
            indexes.runs.by_guest.get(vmid),
            indexes.archives.guests.get(vmid),
            self._same(("going on", vmid), lambda: self._going_on[vmid]) if vmid in self._going_on else None,
            self._everywhere,
            *self._of_promises(guest.node, indexes.coverage.jobs_of[vmid]),
        )

    def _of_promises(self, node: str, jobs: tuple[BackupJob, ...]) -> Grounds:
        """Return what the guests of a node have in common that are in the same jobs."""
        # Guests in the same jobs share one tuple.
        key = ("promises", node, id(jobs))
        found = self._parts.get(key)
        if found is None:
            promises = (
                self._same(("promise", job.job_id, node), partial(self._find_promise, job, node)) for job in jobs
            )
            found = (self._same(("node", node), lambda: self._find_node(node)), *promises)
            self._parts[key] = found
        return found

    def _of_job(self, job: BackupJob) -> Grounds:
        return self._same(("job", job.job_id), lambda: self._find_job(job))

    def _find_everywhere(self) -> Grounds:
        facts, history = self._situation.facts, self._situation.history
        return (
            facts.policy,
            facts.cluster.quorate,
            facts.cluster.title,
            facts.pools_visible,
            facts.guests_complete,
            None if self._situation.is_fresh else facts.read_at,
            history.began,
            tuple(
                (
                    name,
                    node.zone,
                    node.online,
                    node.runs_known_since,
                    node.blindness,
                    node.tasks_read if node.blindness else None,
                    node.skew,
                )
                for name, node in facts.nodes.items()
            ),
            facts.unread_runs,
            self._situation.index.untold,
            self._situation.provenance.concerned,
            None if facts.jobs is None else tuple(_promised(job) for job in facts.jobs),
            tuple((record.job_id, record.name) for record in history.jobs.values()),
            tuple(
                (
                    storage.storage,
                    storage.node,
                    storage.plugin_type,
                    storage.nodes,
                    storage.keep,
                    storage.listing and (storage.listing.complete, storage.listing.detailed),
                    history.storages[storage_key(storage)].changed_identity,
                )
                for storage in facts.storages
            ),
            dict(facts.defaults_keep),
        )

    def _find_node(self, node: str) -> Grounds:
        facts, record = self._situation.node(node), self._situation.history.nodes.get(node)
        zone = self._situation.facts.zone_of(node)
        outage = record and record.last_outage
        if facts is None:
            return (zone, outage)
        read = None if facts.blindness is None else facts.tasks_read
        return (zone, outage, facts.online, facts.blindness, read, facts.skew)

    def _find_job(self, job: BackupJob) -> Grounds:
        record = self._situation.job_record(job)
        return (
            _promised(job),
            record and (record.owed_since, record.owed_because, record.disabled_since),
            self._situation.job_runs(job),
            tuple(self._states.get(job.job_id, ())),
            tuple(self._running.get(job.job_id, ())),
        )

    def _find_promise(self, job: BackupJob, node: str) -> Grounds:
        storage = self._situation.facts.storage_of(job.storage or "local", node)
        read_at = storage.listing.read_at if storage is not None and storage.listing is not None else None
        table = self._situation.timetable(job, node) if job.enabled else None
        return (self._of_job(job), read_at, table and (table.due, table.latest, table.following, table.allowance))


def _promised(job: BackupJob) -> Grounds:
    """Return what a job promises: everything but the moment of its next run."""
    return (*_fields_of(job), {name: value for name, value in job.options.items() if name != _NEXT_RUN})


def _going_on(running: tuple[RunRecord, ...]) -> dict[int, tuple[Outcome, ...]]:
    """Return what runs in progress have done so far, or are doing, by guest."""
    found: dict[int, tuple[Outcome, ...]] = {}
    for run in running:
        for outcome in run.outcomes:
            found[outcome.vmid] = (*found.get(outcome.vmid, ()), outcome)
    return found


def _by_job[Item](items: tuple[Item, ...], job_ids: Callable[[Item], tuple[str | None, ...]]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        for job_id in job_ids(item):
            if job_id is not None:
                found.setdefault(job_id, []).append(item)
    return found
