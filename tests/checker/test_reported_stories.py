"""Stories in which version 0.1.0 was wrong, each told as short as it can be: see docs/decisions/0004-faults-of-0.1.0.md."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import Blindness, Facts, Run
from custom_components.proxmox_backup_checker.checker.model.labels import job_name
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.checker.runs.run_summary import starts_of
from custom_components.proxmox_backup_checker.checker.views.report import report

from .builders import NOW, facts, failed_log, good_log, guest, job, record, run
from .verdicts.test_crossings import BEGAN, NIGHTS, at, listed, ran, watched

NIGHTLY = job("nightly", 100, storage="nas", schedule="21:00")


def looks(*seen: Facts) -> Assessment:
    """Return what is held after several looks, each of which hands its history on."""
    held: Assessment | None = None
    for known in seen:
        held = judge(known, held.history if held else History(), held)
    assert held is not None
    return held


def seen(moment: Any, *runs: Run, jobs: Any = (NIGHTLY,), guests: Any = (guest(100),), **changes: Any) -> Facts:
    return facts(guests, jobs, runs, now=moment, read_at=moment, **changes)


def test_a_bigger_disk_in_place_of_the_old_one_is_known_again_by_our_first_backup_on_it() -> None:
    old = replace(listed("nas", at(-7, 21), at(-6, 21), at(-5, 21)), total=100)
    empty = replace(listed("nas"), total=1000)
    new = replace(listed("nas", at(2, 21)), total=1000)
    assert old.listing is not None
    assert empty.listing is not None
    first = seen(at(-4, 10), storages=(replace(old, listing=replace(old.listing, read_at=at(-4, 10))),))
    changed = seen(at(2, 20), storages=(replace(empty, listing=replace(empty.listing, read_at=at(2, 20))),))
    held = looks(first, changed)
    assert held.history.storages["nas"].changed_identity is not None
    command = "vzdump 100 --mode snapshot --quiet 1 --storage nas"
    name = "vzdump-qemu-100-2025_09_02-21_00_00.vma.zst"
    log = good_log(100, command=command, at=at(2, 21)).replace("vzdump-qemu-100-x.vma.zst", name)
    held = looks(first, changed, seen(NOW, run(log, started=at(2, 21)), storages=(new,)))
    assert held.history.storages["nas"].changed_identity is None
    assert held.guests[100].verdict.problem is False


def test_the_weekdays_of_a_job_of_the_old_cron_file_can_be_edited_without_an_alarm() -> None:
    old = replace(job("1:hash", 100, storage="nas"), schedule=None, starttime="21:00", day_of_week="sat", legacy=True)
    new = replace(old, day_of_week="sat,sun,mon,tue")
    saturday = ran(at(-1, 21), 100)
    held = looks(seen(BEGAN, jobs=(old,)), seen(at(1, 10), saturday, jobs=(old,)), seen(at(2, 10), jobs=(new,)))
    assert held.guests[100].verdict.problem is False
    assert held.jobs["1:hash"].verdict.problem is False


def test_the_slot_that_two_nodes_missed_is_remembered_of_each() -> None:
    both = job("both", 100, 101, storage="nas", schedule="21:00")
    guests = (guest(100), guest(101, node="pve2"))
    made_up = ran(at(3, 9), 100, listed=(100, 101))
    later = NOW + timedelta(hours=1)
    held = looks(*(seen(moment, jobs=(both,), guests=guests) for moment in (BEGAN, NOW)))
    assert {miss.node for miss in held.history.misses.values()} == {"pve1"}
    held = judge(seen(later, made_up, jobs=(both,), guests=guests), held.history, held)
    assert {miss.node for miss in held.history.misses.values() if miss.slot == at(2, 21)} == {"pve1", "pve2"}


def test_a_run_of_unclear_status_is_no_failure_of_the_report_either() -> None:
    odd = ran(at(2, 21), 100, status="FINE")
    held = watched(*(ran(night, 100) for night in NIGHTS[:-1]), odd, jobs=(NIGHTLY,))
    [tally] = report(held, NOW - timedelta(days=1), NOW).jobs
    assert held.jobs["nightly"].verdict.status is Status.OK
    assert (tally.runs, tally.failed) == (1, 0)


def test_runs_of_one_node_minutes_apart_are_several_starts() -> None:
    known = facts((guest(100),), (NIGHTLY,), [ran(at(2, 21, minute), 100) for minute in (0, 5)])
    assert len(starts_of([record(each, known) for each in known.runs])) == 2


@pytest.mark.parametrize("comment", ["\nnightly", "  \n\nnightly\nmore"])
def test_a_job_is_named_by_the_first_line_that_says_anything(comment: str) -> None:
    assert job_name(job("x", 100, comment=comment)) == "nightly"


def test_a_run_that_was_read_while_no_job_could_be_seen_is_its_jobs_once_they_can() -> None:
    before, night = (ran(moment, 100) for moment in (at(1, 21), at(2, 21)))
    hidden = seen(at(2, 22), night, jobs=None, jobs_unseen=Blindness.JOBS_HIDDEN)
    held = looks(seen(BEGAN), seen(at(2, 10), before), hidden, seen(NOW))
    assert (held.jobs["nightly"].verdict.status, held.guests[100].verdict.status) == (Status.OK, Status.OK)


def test_a_run_that_found_no_guest_on_its_host_and_failed_is_no_failure_of_another_job() -> None:
    everybody = job("everybody", all=1, storage="usb", schedule="21:00")
    error = "could not activate storage 'usb': storage 'usb' is not online"
    log = (
        f"INFO: starting new backup job: vzdump --all 1 --mode snapshot --quiet 1 --storage usb\nTASK ERROR: {error}\n"
    )
    empty = run(log, error, started=at(2, 21), node="pve2")
    good = [ran(night, 100) for night in NIGHTS]
    held = watched(*good, empty, jobs=(NIGHTLY, everybody))
    assert held.jobs["nightly"].verdict.status is Status.OK
    assert "backup_failed" not in held.guests[100].verdict.reason.code


def test_a_missed_slot_before_a_failed_run_counts_with_it() -> None:
    good = [ran(night, 100) for night in NIGHTS[:-2]]
    bad = run(failed_log(100, at=at(2, 21)), "job errors", started=at(2, 21))
    verdict = watched(*good, bad, jobs=(NIGHTLY,)).guests[100].verdict
    assert (verdict.status, verdict.failures) == (Status.FAILED, 2)
    assert verdict.since is not None
    assert verdict.since < at(2, 21)


def _into_a_folder(moment: Any, log: str | None = None) -> Run:
    command = "vzdump 100 --mode snapshot --quiet 1 --dumpdir /mnt/usb"
    return run(log or good_log(100, command=command, at=moment), started=moment)


def test_what_a_job_writes_to_a_folder_of_its_own_is_missing_on_no_storage() -> None:
    folder = job("folder", 100, dumpdir="/mnt/usb", schedule="21:00")
    elsewhere = listed("local", at(-20, 3))
    assert elsewhere.listing is not None
    listing = elsewhere.listing
    looked = [replace(elsewhere, listing=replace(listing, read_at=moment)) for moment in (at(3, 8), NOW)]
    runs = [_into_a_folder(night) for night in NIGHTS]
    held = looks(
        seen(BEGAN, jobs=(folder,)),
        seen(at(3, 8), *runs, jobs=(folder,), storages=(looked[0],)),
        seen(NOW, jobs=(folder,), storages=(looked[1],)),
    )
    verdict = held.guests[100].verdict
    assert (verdict.status, verdict.problem) == (Status.OK, False)
    assert not verdict.findings
    assert not held.history.guests[100].missing
    assert held.jobs["folder"].verdict.status is Status.OK
    assert job_name(folder) == "21:00 → /mnt/usb"


def test_an_archive_on_the_default_storage_is_none_of_a_job_that_writes_to_a_folder() -> None:
    folder = job("folder", 100, dumpdir="/mnt/usb", schedule="21:00")
    runs = [_into_a_folder(night) for night in NIGHTS[:-1]]
    held = watched(*runs, jobs=(folder,), storages=(listed("local", at(2, 21, 1)),))
    assert held.guests[100].verdict.problem is True
    assert held.jobs["folder"].verdict.problem is True


@pytest.mark.parametrize(
    ("available", "code"), [(0, "no_space"), (10**9, "backup_folder_failed"), (None, "backup_folder_failed")]
)
def test_the_figures_of_a_storage_tell_why_no_folder_could_be_made_on_it(available: int | None, code: str) -> None:
    error = "unable to create temporary directory '/mnt/pve/nas/dump/vzdump-qemu-100-2025_09_02-21_00_00.tmp'"
    bad = run(failed_log(100, error, at(2, 21)), "job errors", started=at(2, 21))
    good = [ran(night, 100) for night in NIGHTS[:-1]]
    nas = replace(listed("nas", *NIGHTS[:-1]), available=available)
    held = watched(*good, bad, jobs=(NIGHTLY,), storages=(nas,))
    for verdict in (held.guests[100].verdict, held.jobs["nightly"].verdict):
        assert verdict.cause is not None
        assert verdict.cause.code == code
    # It stays what it was when somebody makes room.
    room = replace(nas, available=10**9)
    held = looks(seen(BEGAN), seen(at(3, 8), *good, bad, storages=(nas,)), seen(NOW, storages=(room,)))
    assert held.guests[100].verdict.cause is not None
    assert held.guests[100].verdict.cause.code == code
