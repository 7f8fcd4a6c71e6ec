"""What retention promises of a guest's archives, held against what is there."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.jobs.retention import removes_old, retention_of
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, StorageFacts
from custom_components.proxmox_backup_checker.checker.verdicts.retention import (
    RetentionAudit,
    Standing,
    audit_retention,
    promised_slots,
)
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive
from custom_components.proxmox_backup_checker.proxmox.calendar.event import CalendarEvent
from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions

from ..builders import BERLIN, NOW, assessment, good_log, guest, job, run

LAST_SLOT = datetime(2025, 9, 2, 21, 0, tzinfo=UTC)
COMMAND = "vzdump 101 --mode snapshot --quiet 1 --storage nas --prune-backups keep-last=3 --remove 0"
KEEP_THREE = KeepOptions(last=3)


def archives(*days_ago: int, **changes: Any) -> tuple[Archive, ...]:
    """Return archives of guest 101 from some nights."""
    moments = slots(*days_ago)
    return tuple(
        Archive(
            volid=f"nas:backup/vzdump-qemu-101-{moment.astimezone(BERLIN):%Y_%m_%d-%H_%M_%S}.vma.zst",
            storage="nas",
            vmid=101,
            guest_type="qemu",
            ctime=int(moment.timestamp()),
            **changes,
        )
        for moment in moments
    )


def slots(*days_ago: int) -> list[datetime]:
    return [LAST_SLOT - timedelta(days=days) for days in days_ago]


def audit(there: tuple[Archive, ...], **changes: Any) -> RetentionAudit:
    return audit_retention(there, KEEP_THREE, zone=BERLIN, **{"good": slots(0, 1, 2), **changes})


def storage(*there: Archive, **changes: Any) -> StorageFacts:
    listing = ArchiveListing(read_at=NOW, archives=there, complete=True, detailed=False)
    made = StorageFacts(storage="nas", node=None, plugin_type="nfs", active_on=frozenset({"pve1"}), listing=listing)
    return replace(made, **changes)


def findings(where: StorageFacts, **options: Any) -> dict[str, dict[str, Any]]:
    """Return what is said of guest 101 after a good night."""
    nightly = job("nightly", 101, schedule="21:00", storage="nas", **options)
    verdict = (
        assessment([guest(101)], [nightly], [run(good_log(101, command=COMMAND))], storages=(where,))
        .guests[101]
        .verdict
    )
    return {reason.code: dict(reason.values) for reason in (verdict.reason, *verdict.findings)}


def test_what_is_there_as_promised_is_kept() -> None:
    found = audit(archives(0, 1, 2), promised=slots(2, 1, 0))
    assert (found.standing, found.counted, found.promised) == (Standing.KEPT, 3, 3)


def test_an_archive_that_two_runs_should_have_removed_was_not_pruned() -> None:
    there = archives(0, 1, 2, 3, 4)
    found = audit(there)
    assert found.standing is Standing.NOT_PRUNED
    assert found.extra == (there[4],)
    assert audit(there, good=slots(0)).standing is Standing.KEPT


def test_runs_under_an_earlier_retention_prove_nothing() -> None:
    assert audit(archives(0, 1, 2, 3, 4), keep_since=LAST_SLOT).standing is Standing.KEPT


def test_protected_archives_count_for_nothing() -> None:
    found = audit((*archives(0, 1), *archives(7, 8, protected=True)), good=slots(0, 1), promised=slots(2, 1, 0))
    assert (found.standing, found.counted) == (Standing.SHORT, 2)


def test_the_nights_that_failed_are_named_where_archives_are_missing() -> None:
    found = audit(archives(0), good=slots(0), promised=slots(2, 1, 0), failed=slots(1))
    assert (found.standing, found.nights) == (Standing.SHORT, (date(2025, 9, 1),))
    unexplained = audit(archives(0), good=slots(0), promised=slots(2, 1, 0))
    assert unexplained.nights == (date(2025, 8, 31), date(2025, 9, 1))


@pytest.mark.parametrize(
    ("there", "standing"),
    [((0,), Standing.KEPT), ((0, 1), Standing.LIMIT_NEAR), ((0, 1, 2), Standing.LIMIT_REACHED)],
)
def test_where_nothing_is_removed_the_number_is_a_limit(there: tuple[int, ...], standing: Standing) -> None:
    found = audit(archives(*there), removes=False)
    assert (found.standing, found.limit) == (standing, 3)


def test_of_the_slots_those_are_promised_whose_backups_prune_would_keep() -> None:
    nightly = CalendarEvent.parse("23:00")
    first = LAST_SLOT - timedelta(days=9)
    assert list(promised_slots(nightly, first, LAST_SLOT, KEEP_THREE, BERLIN)) == slots(2, 1, 0)


def test_d06_the_very_first_slot_is_promised_like_every_other() -> None:
    first = LAST_SLOT - timedelta(days=2)
    assert list(promised_slots(CalendarEvent.parse("23:00"), first, LAST_SLOT, KEEP_THREE, BERLIN)) == slots(2, 1, 0)


def test_of_too_many_slots_nothing_is_promised() -> None:
    every_minute = CalendarEvent.parse("*:*")
    assert promised_slots(every_minute, LAST_SLOT - timedelta(days=1), LAST_SLOT, KEEP_THREE, BERLIN) == ()


@pytest.mark.parametrize(
    ("options", "keep"),
    [
        ({"prune_backups": "keep-daily=7"}, KeepOptions(daily=7)),
        ({"prune_backups": {"keep-last": "2"}}, KeepOptions(last=2)),
        ({"maxfiles": 5}, KeepOptions(last=5)),
        ({"maxfiles": "many"}, None),
        ({"prune_backups": "keep-forever=1"}, None),
        ({}, KEEP_THREE),
    ],
)
def test_the_retention_of_a_job_is_its_own_or_that_of_its_storage(
    options: dict[str, Any], keep: KeepOptions | None
) -> None:
    assert retention_of(job(**options), storage(keep=KEEP_THREE)) == keep


def test_the_retention_of_the_node_is_the_last_resort() -> None:
    assert retention_of(job(), storage(), KEEP_THREE) == KEEP_THREE
    assert retention_of(job(), None) is None


@pytest.mark.parametrize(("remove", "removes"), [(1, True), ("1", True), (0, False), ("no", False)])
def test_a_job_can_leave_old_archives_alone(remove: object, removes: bool) -> None:
    assert removes_old(job(remove=remove)) is removes
    assert removes_old(job())


def test_the_limit_of_a_job_that_removes_nothing_is_told_one_backup_ahead() -> None:
    options = {"prune_backups": "keep-last=3", "remove": 0}
    assert findings(storage(*archives(0, 1)), **options)["archive_limit_near"]["limit"] == "3"
    assert "archive_limit_reached" in findings(storage(*archives(0, 1, 2)), **options)
    assert not {code for code in findings(storage(*archives(0)), **options) if "limit" in code}


def test_nothing_is_said_without_a_complete_listing() -> None:
    options = {"prune_backups": "keep-last=3", "remove": 0}
    complete = storage(*archives(0, 1, 2))
    assert complete.listing is not None
    partial = replace(complete, listing=replace(complete.listing, complete=False))
    for where in (partial, replace(complete, listing=None)):
        assert not {code for code in findings(where, **options) if "limit" in code}
