"""The picture: every guest and job with its verdict, as one immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..proxmox.backup_models import BackupJob
from ..proxmox.models import ClusterStatus, Guest
from .attribution import Attribution, attribute
from .facts import Facts, NodeFacts
from .guest_verdicts import judge_guest
from .job_verdicts import judge_job
from .outcomes import outcomes_by_guest
from .verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestView:
    """A guest and what is held of its backups."""

    guest: Guest
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class JobView:
    """A backup job and what is held of its runs."""

    job: BackupJob
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """What is known and held of a cluster at one moment.

    `jobs_visible` is False where the token may not see jobs: then `jobs` is empty and says nothing. `guests_complete` is
    False where a guest that exists may be missing from `guests`.
    """

    cluster: ClusterStatus
    nodes: Mapping[str, NodeFacts]
    guests: Mapping[int, GuestView]
    jobs: Mapping[str, JobView]
    jobs_visible: bool
    guests_complete: bool
    attributions: Mapping[str, Attribution]


def judge(facts: Facts, earlier: Mapping[str, Attribution]) -> Picture:
    """Return the picture that the facts give; `earlier` holds the links of runs to jobs that were decided before."""
    attributions = attribute(facts, earlier)
    outcomes = outcomes_by_guest(facts, attributions)
    return Picture(
        cluster=facts.cluster,
        nodes=facts.nodes,
        guests={
            guest.vmid: GuestView(guest=guest, verdict=judge_guest(guest, outcomes.get(guest.vmid, ()), facts))
            for guest in facts.guests
        },
        jobs={job.job_id: JobView(job=job, verdict=judge_job(job, facts, attributions)) for job in facts.jobs or ()},
        jobs_visible=facts.jobs is not None,
        guests_complete=facts.guests_complete,
        attributions=attributions,
    )
