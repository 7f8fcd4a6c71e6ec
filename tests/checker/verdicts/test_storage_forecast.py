"""The day on which a storage is full, and the next run that will not fit."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.checker.assessment import StorageView
from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, Facts, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from custom_components.proxmox_backup_checker.checker.verdicts.storage_forecast import Need, full_on, most_needed
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive
from custom_components.proxmox_backup_checker.proxmox.retention import KeepOptions

from .. import builders
from ..builders import BERLIN, NOW, assessment, good_log, guest, job, run

GIB = 1024**3
START = datetime(2026, 1, 1, tzinfo=UTC)


def daily(*used: int) -> list[tuple[datetime, int]]:
    return [(START + timedelta(days=day), bytes_used) for day, bytes_used in enumerate(used)]


def test_a_storage_that_grows_by_one_a_day_is_full_when_the_rest_is_used_up() -> None:
    assert full_on(daily(*range(100, 121)), 150) == START + timedelta(days=50)


def test_nothing_is_foretold_before_fourteen_days() -> None:
    assert full_on(daily(*range(100, 114)), 150) is None
    assert full_on(daily(*range(100, 115)), 150) == START + timedelta(days=50)


def test_two_looks_far_apart_foretell_nothing() -> None:
    assert full_on([daily(100)[0], (START + timedelta(days=30), 130)], 150) is None


def test_a_storage_that_does_not_grow_is_never_full() -> None:
    assert full_on(daily(*[100] * 30), 150) is None
    assert full_on(daily(*range(130, 100, -1)), 150) is None


def test_one_large_copy_does_not_turn_the_forecast() -> None:
    samples = daily(*range(100, 120), 149, *range(121, 131))

    assert full_on(samples, 200) == START + timedelta(days=100)


def test_retention_that_makes_room_every_week_is_no_growth() -> None:
    assert full_on(daily(*[100 + day % 7 for day in range(56)]), 110) is None


def test_growth_too_slow_for_ten_years_is_none() -> None:
    assert full_on(daily(*range(100, 121)), 100_000) is None


def test_a_full_storage_is_full_now() -> None:
    assert full_on(daily(*range(100, 121)), 110) == START + timedelta(days=20)


@pytest.mark.parametrize("total", [None, 0])
def test_d25_a_total_that_is_not_known_foretells_nothing(total: int | None) -> None:
    assert full_on(daily(*range(100, 121)), total) is None


def test_samples_of_one_moment_do_no_harm() -> None:
    samples = daily(*range(100, 121))

    assert full_on([samples[0], *samples], 150) == START + timedelta(days=50)
    assert full_on([samples[0]] * 20, 150) is None


@given(st.lists(st.integers(0, 10**6), min_size=15, max_size=40), st.integers(1, 10**6))
def test_a_larger_storage_is_never_full_earlier(used: list[int], total: int) -> None:
    soon, later = full_on(daily(*used), total), full_on(daily(*used), 2 * total)

    assert soon is not None or later is None
    assert soon is None or later is None or soon <= later


def test_d27_a_guests_old_archives_go_only_after_its_new_one_is_there() -> None:
    assert most_needed([Need(size=10, freed=10), Need(size=10, freed=10)]) == 10
    assert most_needed([Need(size=10), Need(size=10)]) == 20
    assert most_needed([Need(size=30, freed=25), Need(size=10)]) == 30
    assert most_needed([]) == 0


@given(st.lists(st.builds(Need, size=st.integers(0, 100), freed=st.integers(0, 100)), max_size=20))
def test_d27_a_run_needs_at_most_all_its_archives_and_at_least_the_first(needs: list[Need]) -> None:
    assert most_needed(needs) <= sum(need.size for need in needs)
    assert most_needed(needs) >= (needs[0].size if needs else 0)


def archive(vmid: int, days_ago: int, size: int | None = 3 * GIB) -> Archive:
    begun = (NOW - timedelta(days=days_ago, hours=11)).astimezone(BERLIN)
    return Archive(
        volid=f"nas:backup/vzdump-qemu-{vmid}-{begun:%Y_%m_%d-%H_%M_%S}.vma.zst",
        storage="nas",
        vmid=vmid,
        guest_type="qemu",
        ctime=int(begun.timestamp()),
        size=size,
    )


def nas(free: float, *archives: Archive, **fields: Any) -> StorageFacts:
    """Return a storage of 1000 GiB with some GiB free."""
    listing = ArchiveListing(read_at=NOW, archives=archives, complete=True, detailed=True)
    total = 1000 * GIB
    used = int(total - free * GIB)
    fields = {"plugin_type": "nfs", "active_on": frozenset({"pve1", "pve2"}), "listing": listing, **fields}
    return StorageFacts(storage="nas", node=None, total=total, used=used, available=total - used, **fields)


def shown(storage: StorageFacts, *jobs: Any, runs: Any = None, **changes: Any) -> StorageView:
    """Judge a storage to which guests 101 and 102 have been backed up with 3 GiB each; now is 10:00 in Berlin."""
    known: Facts = builders.facts(
        [guest(101), guest(102)],
        jobs or [job("nightly", 101, 102, storage="nas")],
        [run(good_log(101, 102))] if runs is None else runs,
        storages=(storage,),
        **changes,
    )
    return assessment(known.guests, known.jobs, known.runs, storages=known.storages).storages["nas"]


@pytest.mark.parametrize(
    ("free", "problem", "code"),
    [
        (160, False, "storage_ok"),
        (150, False, "storage_filling"),
        (80, False, "storage_filling"),
        (50, True, "storage_nearly_full"),
    ],
)
def test_d26_a_storage_that_fills_is_a_warning_at_85_and_a_problem_at_95_percent(
    free: int, problem: bool, code: str
) -> None:
    verdict = shown(nas(free)).verdict

    assert (verdict.problem, verdict.reason.code) == (problem, code)


@pytest.fixture
def roomy() -> StorageFacts:
    """Return a storage with 200 GiB free."""
    return nas(200)


def large(*vmids: int, size: str = "90.00GB") -> Any:
    return run(good_log(*vmids).replace("3.00GB", size))


def test_d27_a_run_that_does_not_fit_is_a_warning_that_names_need_and_room() -> None:
    verdict = shown(nas(160), runs=[large(101, 102)]).verdict

    assert (verdict.status, verdict.problem) == (Status.WARNING, False)
    assert verdict.reason.code == "next_run_does_not_fit"
    assert verdict.reason.values["needed"] == "180 GiB"
    assert verdict.reason.values["free"] == "160 GiB"


def test_d27_a_run_that_fits_is_nothing_to_say(roomy: StorageFacts) -> None:
    assert shown(roomy, runs=[large(101, 102)]).verdict.reason.code == "storage_ok"


def test_d27_a_run_finds_what_the_run_before_it_leaves(roomy: StorageFacts) -> None:
    first = job("first", 101, storage="nas", schedule="01:00", mode="stop")
    second = job("second", 102, storage="nas", schedule="03:00")
    verdict = shown(roomy, second, first, runs=[large(101, 102, size="120.00GB")]).verdict

    assert verdict.reason.code == "next_run_does_not_fit"
    assert str(verdict.reason.values["job"]).startswith("03:00")


def test_d27_a_run_after_more_than_a_day_is_not_announced_yet() -> None:
    weekly = job("weekly", 101, 102, storage="nas", schedule="sun 03:00")

    assert shown(nas(160), weekly, runs=[large(101, 102)]).verdict.reason.code == "storage_ok"


def test_d27_the_listing_tells_the_size_where_no_log_does() -> None:
    archives = [archive(vmid, 0, size=90 * GIB) for vmid in (101, 102)]

    assert shown(nas(160, *archives), runs=[]).verdict.reason.code == "next_run_does_not_fit"


def test_d27_what_prune_removes_after_the_first_guest_is_room_for_the_second() -> None:
    archives = sorted([archive(vmid, 0, size=90 * GIB) for vmid in (101, 102)], key=lambda entry: entry.ctime)
    one = nas(160, *archives, keep=KeepOptions(last=1))

    assert shown(one, runs=[large(101, 102)]).verdict.reason.code == "storage_ok"


def test_d27_a_job_that_removes_nothing_makes_no_room() -> None:
    archives = [archive(vmid, 0, size=90 * GIB) for vmid in (101, 102)]
    keeping = job("nightly", 101, 102, storage="nas", remove=0)
    one = nas(160, *archives, keep=KeepOptions(last=1))

    assert shown(one, keeping, runs=[large(101, 102)]).verdict.reason.code == "next_run_does_not_fit"


def three_jobs(keep: str) -> list[Any]:
    return [
        job(f"at-{hour}", 101, storage="nas", schedule=f"0{hour}:00", prune_backups={"keep-last": keep})
        for hour in (1, 2, 3)
    ]


def test_d27_what_one_run_leaves_the_next_one_removes() -> None:
    one = nas(160, archive(101, 0, size=90 * GIB))

    assert shown(one, *three_jobs("1"), runs=[large(101)]).verdict.reason.code == "storage_ok"


def test_d27_an_archive_makes_room_only_once() -> None:
    one = nas(160, archive(101, 1, size=90 * GIB), archive(101, 0, size=1 * GIB))
    verdict = shown(one, *three_jobs("2"), runs=[large(101)]).verdict

    # The first run removes 90 GiB, the second only 1.
    assert str(verdict.reason.values["job"]).startswith("03:00")
    assert verdict.reason.values["needed"] == "179 GiB"


def test_d25_a_size_that_nobody_knows_needs_no_room() -> None:
    assert shown(nas(160, archive(101, 0, size=None)), runs=[]).verdict.reason.code == "storage_ok"


def test_d27_where_the_room_is_not_known_nothing_is_announced() -> None:
    unknown = StorageFacts(storage="nas", node=None, plugin_type="nfs", active_on=frozenset({"pve1"}))

    assert shown(unknown, runs=[large(101, 102)]).verdict.reason.code == "storage_fill_unknown"


def test_d27_a_backup_server_needs_room_for_what_was_transferred() -> None:
    log = good_log(101, 102).replace("archive file size: 3.00GB", "transferred 90.00 GiB in 60 seconds")

    assert shown(nas(160, plugin_type="pbs"), runs=[run(log)]).verdict.reason.code == "next_run_does_not_fit"
    assert shown(nas(160, plugin_type="pbs"), runs=[large(101, 102)]).verdict.reason.code == "storage_ok"
