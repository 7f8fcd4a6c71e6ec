"""From what a guest could be restored: what is known of each archive, and what only looks known."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.checker.views.restore_points import known_of
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive

NIGHT = datetime(2026, 1, 13, 1, tzinfo=UTC)
SNAPSHOT = Archive(
    volid="pbs:backup/vm/101/2026-01-13T01:00:00Z",
    storage="pbs",
    vmid=101,
    guest_type="qemu",
    ctime=int(NIGHT.timestamp()),
    finished=False,
)
FILE = replace(SNAPSHOT, volid="nas:backup/vzdump-qemu-101-2026_01_13-02_00_00.vma.zst", storage="nas", finished=True)
GOOD = Outcome(
    vmid=101,
    upid="UPID:1",
    node="pve1",
    result=Result.OK,
    started=NIGHT,
    finished=NIGHT,
    error=None,
    job_id="nightly",
    confidence=Confidence.EXACT,
    storage="pbs",
    archive="vm/101/2026-01-13T01:00:00Z",
    size=1000,
)


def test_what_the_token_may_not_see_of_a_snapshot_is_not_known_and_no_no() -> None:
    [point] = known_of([SNAPSHOT], [], {"pbs"})
    assert (point.finished, point.encrypted, point.size) == (None, None, None)


def test_a_good_run_that_names_a_snapshot_proves_it_and_tells_its_size() -> None:
    [point] = known_of([SNAPSHOT], [GOOD], {"pbs"})
    assert (point.finished, point.size, point.encrypted) == (True, 1000, None)


@pytest.mark.parametrize(
    "other",
    [
        replace(GOOD, result=Result.FAILED),
        replace(GOOD, storage="pbs2"),
        replace(GOOD, archive="vm/101/2026-01-12T01:00:00Z"),
        replace(GOOD, archive=None),
    ],
    ids=["failed", "elsewhere", "another", "unnamed"],
)
def test_no_other_run_does(other: Outcome) -> None:
    [point] = known_of([SNAPSHOT], [other], {"pbs"})
    assert point.finished is None


def test_what_is_listed_in_full_stays_as_it_is_listed() -> None:
    assert known_of([SNAPSHOT], [], None)[0].finished is False
    point = known_of([replace(FILE, size=7)], [GOOD], {"pbs"})[0]
    assert (point.finished, point.encrypted, point.size) == (True, False, 7)
