"""Which run belongs to which job, and how sure that is.

Neither the UPID nor the log names the job (facts of PVE/Jobs/VZDump.pm): a node's job state file does, and the command in
the log's first line matches the job's options. Where several jobs match, or a run broke off before it wrote its command,
the slot of the schedule decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ...proxmox.calendar.event import CalendarEvent
from ...proxmox.vzdump.command import JobCommand
from ..jobs.coverage import Coverage, covers, in_order
from ..jobs.timetable import Period, Span, event_of, periods_of, started_for_slot
from ..model.facts import Facts, Run
from ..model.records import JobDefinition
from ..model.verdict import Confidence
from ..model.wrong_dates import WRONG_DATE
from .stays import Stays

_ALIKE: Final = 0.5
_CLOCKS_DIFFER: Final = timedelta(seconds=5)
# Proxmox sends a message a moment before the run is over, and it may be some time on its way.
_MESSAGE_ARRIVES: Final = timedelta(minutes=2)
# What could not be started before is started within minutes, one job after another.
_AT_ONCE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class OwnRun:
    """A run that is known to be a job's; `ended` is None while it goes on."""

    upid: str
    started: datetime
    ended: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """The job of a run.

    `job_id` is None for a run by hand and for one of the scheduler whose job cannot be told, as after the job was edited;
    the latter may have `candidates`, the jobs that it can have been.
    """

    job_id: str | None
    confidence: Confidence
    candidates: tuple[str, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether nobody but a person can have started the run."""
        return self.confidence is Confidence.MANUAL


MANUAL = Attribution(job_id=None, confidence=Confidence.MANUAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clues:
    """What helps to tell a run's job.

    `exact` are the links in the state files by UPID. By node: `spans` are the times in which other runs went on, `off` the
    time for which it was off last, up to its start. `served` are the runs known of each job on each node:
    a slot that has its run has no other, nor has one that comes while a run goes on. `past` are the earlier definitions of jobs by id, `seen` is what each job promised
    when it was last seen, `at_work` when the scheduler of a node was surely at work last. Times are those of the node's clock. `stays` tells which guests were on a node then: they come
    and go.
    """

    exact: Mapping[str, str]
    stays: Stays
    spans: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    off: Mapping[str, Span] = field(default_factory=dict)
    served: Mapping[tuple[str, str], Sequence[OwnRun]] = field(default_factory=dict)
    past: Mapping[str, Sequence[JobDefinition]] = field(default_factory=dict)
    seen: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    at_work: Mapping[str, datetime] = field(default_factory=dict)


def attribute(run: Run, facts: Facts, clues: Clues) -> Attribution:
    """Return the job of a run, from the jobs as they are now: to be asked once, since jobs are edited later.

    Runs are to be asked in the order in which they were started: of jobs alike that were due at once, the first run is that
    of the first one.
    """
    if (job_id := clues.exact.get(run.task.upid)) is not None:
        return Attribution(job_id=job_id, confidence=Confidence.EXACT)
    jobs = [job for job in in_order(facts.jobs or ()) if job.node in {None, run.task.node}]
    if run.log is None or run.log.command is None:
        return _by_error(run, jobs, facts, clues)
    if facts.jobs is None:
        # It may be that of a job which a person has started: that is told once the jobs can be seen.
        return Attribution(job_id=None, confidence=Confidence.NONE)
    command = JobCommand.parse(run.log.command)
    matching = [job for job in jobs if command.matches(job.options, run.task.node)]
    is_scheduled = command.scheduled and _by_scheduler(run)
    if len(matching) == 1:
        if is_scheduled and (edited := _edited_twin(matching[0], command, jobs, run, facts, clues)) is not None:
            return Attribution(job_id=edited.job_id, confidence=Confidence.PROBABLE)
        return Attribution(job_id=matching[0].job_id, confidence=Confidence.MATCHED)
    if matching:
        return _among(matching, run, facts, clues, is_scheduled=is_scheduled)
    if not is_scheduled:
        return MANUAL
    return _before_an_edit(command, jobs, run, facts, clues)


def _edited_twin(
    job: BackupJob, command: JobCommand, jobs: Iterable[BackupJob], run: Run, facts: Facts, clues: Clues
) -> BackupJob | None:
    """Return the job that was alike until somebody edited it, where a run can have been for a slot of that one alone."""
    if _at_slot(job, run, facts, clues) or _awaits_its_run(job, run, facts, clues):
        return None
    others = [one for one in jobs if one.enabled and one is not job]
    were = [one for one in others if command.keeps(clues.seen.get(one.job_id, {}), run.task.node)]
    due = _on_time(were, run, facts, clues) or _late(were, run, facts, clues)
    return due[0] if len(due) == 1 else None


def _before_an_edit(
    command: JobCommand, jobs: Iterable[BackupJob], run: Run, facts: Facts, clues: Clues
) -> Attribution:
    """Choose among jobs that have been edited since they gave a command: by what they were before, else by what is alike."""
    enabled = [job for job in jobs if job.enabled]
    were = [job for job in enabled if command.keeps(clues.seen.get(job.job_id, {}), run.task.node)]
    alike = [job for job in enabled if _similar(job, command, run.task.node, facts)]
    edited = _on_time(were, run, facts, clues) or _late(were, run, facts, clues) or _on_time(alike, run, facts, clues)
    found = edited[0] if len(edited) == 1 else _told(edited, run, facts)
    if found is not None:
        return Attribution(job_id=found.job_id, confidence=Confidence.PROBABLE)
    return Attribution(job_id=None, confidence=Confidence.NONE)


def _on_time(jobs: Iterable[BackupJob], run: Run, facts: Facts, clues: Clues) -> list[BackupJob]:
    return [job for job in jobs if _at_slot(job, run, facts, clues)]


def _late(jobs: Iterable[BackupJob], run: Run, facts: Facts, clues: Clues) -> list[BackupJob]:
    """Return the jobs for a slot of which the scheduler can have started a run late.

    It makes up for a slot after a time without quorum, but only where the slot has no run yet.
    """
    return [job for job in jobs if job.enabled and _awaits_its_run(job, run, facts, clues)]


def _among(matching: Sequence[BackupJob], run: Run, facts: Facts, clues: Clues, *, is_scheduled: bool) -> Attribution:
    """Choose among jobs alike in all options, which differ in their schedules only."""
    due = _on_time(matching, run, facts, clues)
    if len(due) == 1:
        return Attribution(job_id=due[0].job_id, confidence=Confidence.SCHEDULED)
    if not due and is_scheduled:
        due = _late(matching, run, facts, clues)
    if is_scheduled and (told := _told(due, run, facts)) is not None:
        return Attribution(job_id=told.job_id, confidence=Confidence.PROBABLE)
    # What was saved is the same, whichever it was.
    enabled = [job for job in due or matching if job.enabled] or due or matching
    return Attribution(job_id=enabled[0].job_id, confidence=Confidence.PROBABLE)


def _by_error(run: Run, jobs: Iterable[BackupJob], facts: Facts, clues: Clues) -> Attribution:
    """Link a run that shows no command, by the jobs that it can have been.

    Only the scheduler starts a run that is nobody's: what came at no slot of any job was started by a person, though it may
    have died before it could say so.
    """
    if not _by_scheduler(run):
        return MANUAL
    if facts.jobs is None:
        return Attribution(job_id=None, confidence=Confidence.NONE)
    candidates = [job for job in jobs if job.enabled and _makes_such_a_task(job, run, facts, clues.stays)]
    if (named := _named_storage(run, facts, clues)) is not None:
        candidates = [job for job in candidates if named in _storages_then(job, run, facts, clues)]
    if facts.zone_of(run.task.node) is not None:
        on_time = _on_time(candidates, run, facts, clues)
        if not on_time and _is_made_up_for(run, facts, clues):
            on_time = _late(candidates, run, facts, clues)
        candidates = on_time
        if not candidates:
            return MANUAL
        if len(candidates) > 1:
            # A job with one guest there would have named just that one; but guests come and go.
            candidates = [job for job in candidates if _names_as_now(job, run, facts)] or candidates
        if len(candidates) == 1:
            return Attribution(job_id=candidates[0].job_id, confidence=Confidence.SCHEDULED)
        if (told := _told(candidates, run, facts)) is not None:
            return Attribution(job_id=told.job_id, confidence=Confidence.PROBABLE)
    if len(candidates) == 1 and run.log is not None:
        return Attribution(job_id=candidates[0].job_id, confidence=Confidence.PROBABLE)
    return Attribution(job_id=None, confidence=Confidence.NONE, candidates=tuple(job.job_id for job in candidates))


def _is_made_up_for(run: Run, facts: Facts, clues: Clues) -> bool:
    """Tell whether the scheduler made up for what was due when a run was started: one of another job came late at the same moment."""
    zone, node = facts.zone_of(run.task.node), run.task.node
    if zone is None:
        return False
    return any(
        abs(own.started - run.started) <= _AT_ONCE
        and own.upid != run.task.upid
        and not started_for_slot(job, event, zone, own.started, spans=(), off=None)
        for job in facts.jobs or ()
        if (event := event_of(job)) is not None
        for own in clues.served.get((job.job_id, node), ())
    )


def _told(jobs: Iterable[BackupJob], run: Run, facts: Facts) -> BackupJob | None:
    """Return which of several jobs a message names whose node and time are the run's; None where it is not one of them.

    Anybody can have sent it: it may only choose between jobs of which node, slot and settings say that it was either.
    """
    if run.ended is None:
        return None
    node = facts.nodes.get(run.task.node)
    skew = node.skew if node is not None else timedelta()
    named = {
        told.job_id
        for told in facts.told
        if told.node == run.task.node and abs(told.at + skew - run.ended) <= _MESSAGE_ARRIVES
    }
    found = [job for job in jobs if job.job_id in named]
    return found[0] if len(found) == 1 else None


def _named_storage(run: Run, facts: Facts, clues: Clues) -> str | None:
    """Return the storage that the error of a run names, as in: could not activate storage 'nas'."""
    text = f"{run.log.error if run.log else ''} {run.task.status or ''}"
    names = {known.storage for known in facts.storages} | {job.storage for job in facts.jobs or () if job.storage}
    names |= {past.storage for definitions in clues.past.values() for past in definitions if past.storage}
    return next((name for name in sorted(names) if f"'{name}'" in text), None)


def _storages_then(job: BackupJob, run: Run, facts: Facts, clues: Clues) -> set[str]:
    """Return the storages to which a job can have written when a run was started: it may have been edited since."""
    node = run.task.node
    zone = facts.zone_of(node)
    periods = _periods(job, node, zone, facts, clues) if zone is not None else ()
    then = [period.storage for period in periods if period.may_hold(run.started)]
    return {facts.storage_name(storage, node) for storage in then or [job.storage]}


def _periods(job: BackupJob, node: str, zone: ZoneInfo, facts: Facts, clues: Clues) -> tuple[Period, ...]:
    known = facts.nodes.get(node)
    skew = known.skew if known is not None else timedelta()
    return periods_of(job, clues.past.get(job.job_id, ()), skew, zone)


def _similar(job: BackupJob, command: JobCommand, node: str, facts: Facts) -> bool:
    """Tell whether a command can be that of a job before it was edited: same storage, and mostly the same guests."""
    if facts.storage_name(command.storage, node) != facts.storage_name(job.storage, node):
        return False
    if not command.vmids or not job.vmids:
        return not command.vmids and not job.vmids and command.options.get("pool") == job.pool
    both, either = command.vmids & set(job.vmids), command.vmids | set(job.vmids)
    return len(both) / len(either) >= _ALIKE


def _at_slot(job: BackupJob, run: Run, facts: Facts, clues: Clues) -> bool:
    """Tell whether the scheduler can have started a job's run just then, and has not started another for the same slot."""
    node = run.task.node
    zone = facts.zone_of(node)
    if zone is None:
        return False
    for period in _periods(job, node, zone, facts, clues):
        slot = period.event.last_before((run.started + _CLOCKS_DIFFER).astimezone(zone))
        if slot is None or not period.may_hold(slot):
            continue
        # A clock that was set ahead has jumped over slots which have not come yet: the scheduler starts their jobs at once.
        if slot <= facts.now + WRONG_DATE and not started_for_slot(
            job, period.event, zone, run.started, spans=clues.spans.get(node, ()), off=clues.off.get(node)
        ):
            continue
        is_busy = _is_busy(job, period.event, zone, run, clues)
        return not is_busy and not _has_its_run(job, slot, period.event, zone, run, clues)
    return False


def _is_busy(job: BackupJob, event: CalendarEvent, zone: ZoneInfo, run: Run, clues: Clues) -> bool:
    """Tell whether a run of a job that the scheduler had started before was going on: it starts no second one then (PVE/Jobs.pm)."""
    return any(
        own.started < run.started
        and (own.ended is None or own.ended > run.started)
        and started_for_slot(job, event, zone, own.started, spans=(), off=None)
        for own in clues.served.get((job.job_id, run.task.node), ())
    )


def _awaits_its_run(job: BackupJob, run: Run, facts: Facts, clues: Clues) -> bool:
    """Tell whether the newest slot of a job before a run has had none."""
    zone, event = facts.zone_of(run.task.node), event_of(job)
    if zone is None or event is None:
        return False
    slot = event.last_before((run.started + _CLOCKS_DIFFER).astimezone(zone))
    if slot is None or _has_its_run(job, slot, event, zone, run, clues):
        return False
    return not _was_scheduler_at_work(slot, zone, run, facts, clues)


def _was_scheduler_at_work(slot: datetime, zone: ZoneInfo, run: Run, facts: Facts, clues: Clues) -> bool:
    """Tell whether a node's scheduler was at work between a slot and a run, and so owed the slot nothing then.

    It was seen with the quorum, or it started any job on time.
    """
    until, seen = run.started - _AT_ONCE, clues.at_work.get(run.task.node)
    if seen is not None and slot + _AT_ONCE <= seen < until:
        return True
    return any(
        slot < own.started < until and started_for_slot(job, event, zone, own.started, spans=(), off=None)
        for job in facts.jobs or ()
        if (event := event_of(job)) is not None
        for own in clues.served.get((job.job_id, run.task.node), ())
    )


def _has_its_run(job: BackupJob, slot: datetime, event: CalendarEvent, zone: ZoneInfo, run: Run, clues: Clues) -> bool:
    """Tell whether another run than this one is a job's for a slot."""
    following = event.next_after(run.started.astimezone(zone))
    return any(
        slot <= own.started and (following is None or own.started < following) and own.upid != run.task.upid
        for own in clues.served.get((job.job_id, run.task.node), ())
    )


def _by_scheduler(run: Run) -> bool:
    """Tell whether the scheduler can have started the run: it does so as root and without a token."""
    return run.task.token is None and run.task.user == "root@pam"


def _makes_such_a_task(job: BackupJob, run: Run, facts: Facts, stays: Stays) -> bool:
    """Tell whether a job's run on this node can bear such an id: the VMID of its only guest there, else none.

    Numbers that no guest has are of every node; a list without any guest of the node makes no task at all, which a job of
    all guests does (PVE/API2/VZDump.pm, vzdump). Others may have come to the node since, and that one may have left it.
    """
    node, started = run.task.node, run.started
    possible = _covered(job, stays.possibly_on(node, started), facts)
    if run.task.task_id.isdecimal():
        vmid = int(run.task.task_id)
        return vmid in possible and _covered(job, stays.surely_on(node, started), facts) <= {vmid}
    return bool(possible) or job.all_guests


def _names_as_now(job: BackupJob, run: Run, facts: Facts) -> bool:
    """Tell whether a job's run would bear the same id with the guests that are there now."""
    covered = _covered(job, [guest for guest in facts.guests if guest.node == run.task.node], facts)
    return covered == {int(run.task.task_id)} if run.task.task_id.isdecimal() else len(covered) != 1


def _covered(job: BackupJob, guests: Iterable[Guest], facts: Facts) -> set[int]:
    """Return the numbers that a job backs up on a node, where these guests are on it."""
    covered = {guest.vmid for guest in guests if covers(job, guest, pools_visible=facts.pools_visible) is Coverage.YES}
    if job.vmids and job.pool is None and facts.guests_complete:
        covered |= set(job.vmids) - {guest.vmid for guest in facts.guests}
    return covered
