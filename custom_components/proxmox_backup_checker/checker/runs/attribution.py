"""Which run belongs to which job, and how sure that is.

Neither the UPID nor the log names the job (facts of PVE/Jobs/VZDump.pm): a node's job state file does, and the command in
the log's first line matches the job's options. Where several jobs match, or a run broke off before it wrote its command,
the slot of the schedule decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.vzdump.command import JobCommand
from ..jobs.coverage import Coverage, covers
from ..jobs.timetable import Span, started_for_slot
from ..model.facts import Facts, Run
from ..model.verdict import Confidence

_ALIKE: Final = 0.5


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
    """What helps to tell a run's job: the links in the state files by UPID, and when other runs went on, by node."""

    exact: Mapping[str, str]
    spans: Mapping[str, Sequence[Span]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts, spans: Mapping[str, Sequence[Span]]) -> Clues:
        """Take the links that the state files show now."""
        links = {state.upid: state.job_id for state in facts.job_states if state.upid is not None}
        return cls(exact=links, spans=spans)


def attribute(run: Run, facts: Facts, clues: Clues) -> Attribution:
    """Return the job of a run, from the jobs as they are now: to be asked once, since jobs are edited later."""
    if (job_id := clues.exact.get(run.task.upid)) is not None:
        return Attribution(job_id=job_id, confidence=Confidence.EXACT)
    jobs = [job for job in facts.jobs or () if job.node in {None, run.task.node}]
    if run.log is None or run.log.command is None:
        return _by_error(run, jobs, facts, clues)
    command = JobCommand.parse(run.log.command)
    matching = [job for job in jobs if command.matches(job.options, run.task.node)]
    if len(matching) == 1:
        return Attribution(job_id=matching[0].job_id, confidence=Confidence.MATCHED)
    if matching:
        return _among(matching, run, facts, clues)
    if not (command.scheduled and _by_scheduler(run)):
        return MANUAL
    edited = [job for job in jobs if _similar(job, command) and _at_slot(job, run, facts, clues)]
    if len(edited) == 1:
        return Attribution(job_id=edited[0].job_id, confidence=Confidence.PROBABLE)
    return Attribution(job_id=None, confidence=Confidence.NONE)


def _among(matching: Sequence[BackupJob], run: Run, facts: Facts, clues: Clues) -> Attribution:
    """Choose among jobs alike in all options, which differ in their schedules only."""
    due = [job for job in matching if _at_slot(job, run, facts, clues)]
    if len(due) == 1:
        return Attribution(job_id=due[0].job_id, confidence=Confidence.SCHEDULED)
    # What was saved is the same, whichever it was.
    enabled = [job for job in due or matching if job.enabled] or due or matching
    return Attribution(job_id=enabled[0].job_id, confidence=Confidence.PROBABLE)


def _by_error(run: Run, jobs: Iterable[BackupJob], facts: Facts, clues: Clues) -> Attribution:
    """Link a run that shows no command, by the jobs that it can have been."""
    if not _by_scheduler(run):
        return MANUAL
    text = f"{run.log.error if run.log else ''} {run.task.status or ''}"
    candidates = [job for job in jobs if job.enabled and _covers_something(job, run, facts)]
    if named := [job for job in candidates if job.storage and f"'{job.storage}'" in text]:
        candidates = named
    due = [job for job in candidates if _at_slot(job, run, facts, clues)]
    if len(due) == 1:
        return Attribution(job_id=due[0].job_id, confidence=Confidence.SCHEDULED)
    candidates = due or candidates
    if len(candidates) == 1 and run.log is not None:
        return Attribution(job_id=candidates[0].job_id, confidence=Confidence.PROBABLE)
    return Attribution(job_id=None, confidence=Confidence.NONE, candidates=tuple(job.job_id for job in candidates))


def _similar(job: BackupJob, command: JobCommand) -> bool:
    """Tell whether a command can be that of a job before it was edited: same storage, and mostly the same guests."""
    if (command.storage or "local") != (job.storage or "local"):
        return False
    if not command.vmids or not job.vmids:
        return not command.vmids and not job.vmids and command.options.get("pool") == job.pool
    both, either = command.vmids & set(job.vmids), command.vmids | set(job.vmids)
    return len(both) / len(either) >= _ALIKE


def _at_slot(job: BackupJob, run: Run, facts: Facts, clues: Clues) -> bool:
    zone = facts.zone_of(run.task.node)
    if zone is None:
        return False
    node = facts.nodes.get(run.task.node)
    booted = node.booted + node.skew if node is not None and node.booted is not None else None
    return started_for_slot(job, zone, run.started, spans=clues.spans.get(run.task.node, ()), booted=booted)


def _by_scheduler(run: Run) -> bool:
    """Tell whether the scheduler can have started the run: it does so as root and without a token."""
    return run.task.token is None and run.task.user == "root@pam"


def _covers_something(job: BackupJob, run: Run, facts: Facts) -> bool:
    guests = [guest for guest in facts.guests if guest.node == run.task.node]
    if run.task.task_id.isdecimal():
        guests = [guest for guest in guests if guest.vmid == int(run.task.task_id)]
    return any(covers(job, guest, pools_visible=facts.pools_visible) is Coverage.YES for guest in guests)
