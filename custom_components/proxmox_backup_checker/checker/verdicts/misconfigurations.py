"""What is wrong in the configuration of Proxmox, and how a person puts it right; a failed backup is no mistake."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ...proxmox.api.backup_models import BackupJob
from ...proxmox.api.cluster_models import Guest
from ...proxmox.calendar.surprises import Surprise, SurpriseCode
from ..context import Context
from ..jobs.timetable import event_of
from ..model.facts import Facts
from ..model.labels import guest_label, job_name
from ..model.reason_codes import ReasonCode
from ..model.verdict import Status, Verdict

# "22" is an hour to most people; nobody takes "30" for one.
_HOURS: Final = range(24)
# Nothing of a Proxmox host can be backed up that often.
_MOST_SLOTS_AN_HOUR: Final = 12
_ALWAYS_MISTAKEN: Final = frozenset(
    {
        SurpriseCode.HOUR_READ_AS_MINUTE,
        SurpriseCode.LIST_OF_TIMES,
        SurpriseCode.HOURS_READ_AS_DATE,
        SurpriseCode.STEP_SKIPS,
        SurpriseCode.SHORT_MONTH_SKIPS,
        SurpriseCode.LEFT_OUT_MONTHS,
        SurpriseCode.NEVER,
    }
)
_MOST_GUESTS_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Misconfiguration:
    """Something that a person can put right: what kind, of what, and the values for the blanks of its text.

    `subject` tells it from others of its kind, and from what it was before somebody changed it.
    """

    code: str
    subject: str
    values: Mapping[str, str]


def misconfigurations_of(
    context: Context, guests: Mapping[int, Verdict], jobs: Mapping[str, Verdict]
) -> tuple[Misconfiguration, ...]:
    """Return the mistakes in what was read, in a fixed order, given the verdicts on all guests and jobs."""
    facts = context.facts
    meant = [job for job in facts.jobs or () if job.job_id not in facts.policy.ignored_jobs]
    found = [mistake for job in meant for mistake in _of_job(job, context, guests, jobs[job.job_id])]
    return tuple(sorted(found, key=lambda mistake: (mistake.code, mistake.subject)))


def _of_job(
    job: BackupJob, context: Context, guests: Mapping[int, Verdict], verdict: Verdict
) -> Iterator[Misconfiguration]:
    """Return the mistakes in one job; a disabled one may have any as long as nobody needs it."""
    if not job.enabled:
        yield from _paused_too_long(job, context.facts, guests)
        return
    yield from _deleted_guests(job, context)
    yield from _surprises(job)
    yield from _denied_storages(job, context)
    for reason in verdict.findings:
        if reason.code == ReasonCode.SLOT_SKIPPED_BY_CLOCK_CHANGE:
            values = {name: str(value) for name, value in reason.values.items()}
            yield Misconfiguration(
                "clock_change_skips_slot", f"{job.job_id} {values['date']}", {"job": job_name(job), **values}
            )


def _deleted_guests(job: BackupJob, context: Context) -> Iterator[Misconfiguration]:
    """Return the numbers in a job's list that no guest has any more; Proxmox itself tells which."""
    gone = [
        guest.vmid
        for guest in context.facts.included.get(job.job_id, ())
        if guest.guest_type == "unknown" and guest.vmid in job.vmids and guest.vmid not in context.present
    ]
    if not gone or job.pool is not None:
        return
    left = ",".join(str(vmid) for vmid in job.vmids if vmid not in gone)
    command = f"pvesh set {_path(job)} --vmid {left}" if left else f"pvesh delete {_path(job)}"
    vmids = ", ".join(str(vmid) for vmid in gone)
    yield Misconfiguration(
        "deleted_guest_in_job",
        f"{job.job_id} {vmids}",
        {"job": job_name(job), "vmids": vmids, "command": command},
    )


def _paused_too_long(job: BackupJob, facts: Facts, verdicts: Mapping[int, Verdict]) -> Iterator[Misconfiguration]:
    """Return that guests have had no backup for too long since this job is disabled and no other covers them."""
    waiting = [
        guest
        for guest in facts.guests
        if (verdict := verdicts[guest.vmid]).status is Status.PAUSED
        and verdict.problem
        and verdict.job_id == job.job_id
    ]
    if waiting:
        values = {
            "job": job_name(job),
            "guests": _names(waiting),
            "command": f"pvesh set {_path(job)} --enabled 1",
        }
        yield Misconfiguration("job_disabled_for_long", job.job_id, values)


def _surprises(job: BackupJob) -> Iterator[Misconfiguration]:
    """Return what a schedule does that can hardly be meant; what some people do mean is no mistake."""
    if not job.schedule or (event := event_of(job)) is None:
        return
    found = event.surprises()
    codes = {surprise.code for surprise in found}
    for surprise in found:
        if not _is_mistaken(surprise):
            continue
        if surprise.code is SurpriseCode.SEVERAL_AN_HOUR and len(codes) > 1:
            # It follows from the other one.
            continue
        values = {name: str(value) for name, value in surprise.values.items()}
        yield Misconfiguration(
            f"schedule_{surprise.code}",
            f"{job.job_id} {job.schedule}",
            {**values, "job": job_name(job), "schedule": job.schedule},
        )


def _is_mistaken(surprise: Surprise) -> bool:
    if surprise.code is SurpriseCode.MINUTE_NOT_HOUR:
        minutes = str(surprise.values["minutes"])
        return minutes.isdecimal() and int(minutes) in _HOURS
    if surprise.code is SurpriseCode.SEVERAL_AN_HOUR:
        return int(surprise.values["slots"]) > _MOST_SLOTS_AN_HOUR
    return surprise.code in _ALWAYS_MISTAKEN


def _denied_storages(job: BackupJob, context: Context) -> Iterator[Misconfiguration]:
    """Return the nodes with guests of a job that may not use its storage."""
    if job.storage is None:
        return
    facts = context.facts
    guests_by_node: dict[str, list[Guest]] = {}
    for guest in context.covered_guests(job):
        guests_by_node.setdefault(guest.node, []).append(guest)
    denied = {node: guests for node, guests in guests_by_node.items() if facts.is_denied(job.storage, node)}
    allowed = {node for storage in facts.storages if storage.storage == job.storage for node in storage.nodes}
    for node, guests in denied.items():
        values = {
            "job": job_name(job),
            "storage": job.storage,
            "node": node,
            "guests": _names(guests),
            "command": f"pvesm set {job.storage} --nodes {','.join(sorted(allowed | {node}))}",
        }
        yield Misconfiguration("storage_not_on_node", f"{job.job_id} {job.storage} {node}", values)


def _path(job: BackupJob) -> str:
    return f"/cluster/backup/{job.job_id}"


def _names(guests: Iterable[Guest]) -> str:
    """Return the names of guests as one text that stays readable."""
    names = [guest_label(guest.name, guest.vmid) for guest in guests]
    more = len(names) - _MOST_GUESTS_NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_MOST_GUESTS_NAMED])} (+ {more})"
