"""Which run belongs to which job, and how sure that is.

Neither the UPID nor the log names the job (facts of PVE/Jobs/VZDump.pm): a node's job state file does, and the command in
the log's first line matches the job's options.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..proxmox.backup_models import BackupJob
from ..proxmox.job_command import JobCommand
from .coverage import Coverage, covers
from .facts import Facts, Run
from .verdict import Confidence


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


def attribute(facts: Facts, earlier: Mapping[str, Attribution]) -> dict[str, Attribution]:
    """Return the job of every run by UPID.

    What was decided earlier about a finished run stays, since jobs are edited later; only `exact` replaces a weaker link.
    """
    exact = {
        state.upid: Attribution(job_id=state.job_id, confidence=Confidence.EXACT)
        for state in facts.job_states
        if state.upid is not None
    }
    return {
        run.task.upid: exact.get(run.task.upid) or earlier.get(run.task.upid) or _guess(run, facts)
        for run in facts.runs
    }


def _guess(run: Run, facts: Facts) -> Attribution:
    jobs = [job for job in facts.jobs or () if job.node in {None, run.task.node}]
    if run.log is None or run.log.command is None:
        return _by_error(run, jobs, facts)
    command = JobCommand.parse(run.log.command)
    matching = [job for job in jobs if command.matches(job.options, run.task.node)]
    if len(matching) == 1:
        return Attribution(job_id=matching[0].job_id, confidence=Confidence.MATCHED)
    if matching:
        # Jobs alike in all options differ in their schedules only: which one it was does not change what was saved.
        return Attribution(job_id=matching[0].job_id, confidence=Confidence.PROBABLE)
    if command.scheduled and _by_scheduler(run):
        return Attribution(job_id=None, confidence=Confidence.NONE)
    return MANUAL


def _by_error(run: Run, jobs: Iterable[BackupJob], facts: Facts) -> Attribution:
    """Link a run that broke off before it wrote its command, by the jobs that it can have been."""
    if not _by_scheduler(run):
        return MANUAL
    text = f"{run.log.error if run.log else ''} {run.task.status or ''}"
    candidates = [job for job in jobs if job.enabled and _covers_something(job, run, facts)]
    if named := [job for job in candidates if job.storage and f"'{job.storage}'" in text]:
        candidates = named
    if len(candidates) == 1:
        return Attribution(job_id=candidates[0].job_id, confidence=Confidence.PROBABLE)
    return Attribution(job_id=None, confidence=Confidence.NONE, candidates=tuple(job.job_id for job in candidates))


def _by_scheduler(run: Run) -> bool:
    """Tell whether the scheduler can have started the run: it does so as root and without a token."""
    return run.task.token is None and run.task.user == "root@pam"


def _covers_something(job: BackupJob, run: Run, facts: Facts) -> bool:
    guests = [guest for guest in facts.guests if guest.node == run.task.node]
    if run.task.task_id.isdecimal():
        guests = [guest for guest in guests if guest.vmid == int(run.task.task_id)]
    return any(covers(job, guest, pools_visible=facts.pools_visible) is Coverage.YES for guest in guests)
