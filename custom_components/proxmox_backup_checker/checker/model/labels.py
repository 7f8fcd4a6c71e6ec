"""How people call a backup job."""

from collections.abc import Iterable

from ...proxmox.api.backup_models import BackupJob


def job_name(job: BackupJob) -> str:
    """Return a job's comment, else its schedule and storage, else its id."""
    if job.comment:
        return job.comment.splitlines()[0]
    if job.schedule:
        return f"{job.schedule} → {job.storage or 'local'}"
    return job.job_id


def names_of(jobs: Iterable[BackupJob]) -> str:
    """Return the names of jobs as one text."""
    return ", ".join(job_name(job) for job in jobs)
