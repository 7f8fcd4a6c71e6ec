"""The list of jobs: how old it is, and what of it could not be understood."""

from datetime import UTC, datetime, timedelta
from typing import Any, override

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import IncludedGuest, JobList
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    NoAnswerError,
    PermissionDeniedError,
    ProxmoxError,
)
from custom_components.proxmox_backup_checker.sources.pve.job_reader import JobReader, ListedJobs
from custom_components.proxmox_backup_checker.sources.troubles import PollTroubles

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BROKEN = ApiError(500, "jobs.cfg: parse error")


def row(job_id: str, **changes: Any) -> dict[str, Any]:
    return {"id": job_id, "type": "vzdump", "enabled": 1, "schedule": "02:00", "vmid": "101", **changes}


class Proxmox(ProxmoxClient):
    """Answers with these rows, or with an error."""

    def __init__(self, *rows: Any) -> None:
        """Begin with these jobs."""
        self.rows = list(rows)
        self.error: ProxmoxError | None = None
        self.inclusion: dict[str, ProxmoxError] = {}

    @override
    async def backup_jobs(self) -> JobList:
        """Return the rows."""
        if self.error is not None:
            raise self.error
        return JobList.from_api(self.rows)

    @override
    async def included_volumes(self, job_id: str) -> tuple[IncludedGuest, ...]:
        """Return one guest."""
        if (error := self.inclusion.get(job_id)) is not None:
            raise error
        return (IncludedGuest(vmid=101, guest_type="qemu", name="web", volumes=()),)


async def read(reader: JobReader, now: datetime = NOW) -> ListedJobs:
    return await reader.read(now, PollTroubles())


def ids(listed: ListedJobs) -> list[str]:
    return [job.job_id for job in listed.jobs or ()]


@pytest.mark.parametrize("error", [BROKEN, NoAnswerError("silent"), ApiError(595, "Connection refused")])
async def test_a_list_that_cannot_be_read_stays_and_grows_old(error: ProxmoxError) -> None:
    proxmox = Proxmox(row("nightly"))
    reader = JobReader(proxmox)
    assert (await read(reader)).unseen is None
    proxmox.error = error
    for hours in (1, 30):
        listed = await read(reader, NOW + hours * HOUR)
        assert (ids(listed), listed.read_at, listed.unseen) == (["nightly"], NOW, Blindness.JOBS_UNREADABLE)
    proxmox.error = None
    proxmox.rows = []
    again = await read(reader, NOW + 31 * HOUR)
    assert (again.jobs, again.read_at, again.unseen) == ((), NOW + 31 * HOUR, None)


async def test_an_error_at_the_very_first_look_is_no_missing_right() -> None:
    proxmox = Proxmox(row("nightly"))
    proxmox.error = BROKEN
    listed = await read(JobReader(proxmox))
    assert (listed.jobs, listed.read_at, listed.unseen) == (None, None, Blindness.JOBS_UNREADABLE)


async def test_a_missing_right_hides_the_jobs_and_what_was_known_of_them() -> None:
    proxmox = Proxmox(row("nightly"))
    reader = JobReader(proxmox)
    await read(reader)
    proxmox.error = PermissionDeniedError("Permission check failed (/, Sys.Audit)")
    hidden = await read(reader, NOW + HOUR)
    assert (hidden.jobs, hidden.unseen) == (None, Blindness.JOBS_HIDDEN)
    proxmox.error = BROKEN
    assert (await read(reader, NOW + 2 * HOUR)).jobs is None


async def test_an_odd_job_stays_as_it_was_while_the_others_go_on() -> None:
    proxmox = Proxmox(row("nightly"), row("weekly"))
    reader = JobReader(proxmox)
    await read(reader)
    proxmox.rows = [row("nightly", schedule="03:00"), row("weekly", vmid="everything"), row("new", vmid="all")]
    listed = await read(reader, NOW + HOUR)
    assert [(job.job_id, job.schedule) for job in listed.jobs or ()] == [("nightly", "03:00"), ("weekly", "02:00")]
    assert (listed.read_at, listed.unread) == (NOW + HOUR, {"weekly": NOW, "new": None})
    proxmox.rows = [row("nightly")]
    assert ids(await read(reader, NOW + 2 * HOUR)) == ["nightly"]


async def test_a_job_whose_pool_is_gone_is_told_from_one_that_could_not_be_asked_about() -> None:
    proxmox = Proxmox(row("spare"), row("busy"), row("fine"))
    proxmox.inclusion = {"spare": ApiError(500, "pool 'spare' does not exist"), "busy": ApiError(500, "got timeout")}
    reader = JobReader(proxmox)
    jobs = (await read(reader)).jobs or ()
    troubles = PollTroubles()
    await reader.read_included(jobs, troubles)
    assert reader.unresolved == {"spare": "pool 'spare' does not exist"}
    assert troubles.texts.keys() == {"job spare", "job busy"}
    assert reader.included.keys() == {"fine"}
    proxmox.inclusion = {}
    await reader.read_included(jobs, troubles)
    assert reader.unresolved == {}
