"""A backup's size and duration against the guest's own history."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Facts, StorageFacts
from custom_components.proxmox_backup_checker.checker.model.outcome import Outcome, Result
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence, Status
from custom_components.proxmox_backup_checker.checker.runs.run_index import InShort
from custom_components.proxmox_backup_checker.checker.verdicts.sizes import (
    PastBackup,
    can_be_odd,
    judge_sizes,
    size_findings,
)

from .. import builders
from ..builders import NOW

GIB = 1024**3
PBS = StorageFacts(storage="pbs", node=None, plugin_type="pbs")
NAS = StorageFacts(storage="nas", node=None, plugin_type="nfs")


def past(size: int | None = 40 * GIB, minutes: int | None = 10) -> PastBackup:
    return PastBackup(size=size, seconds=None if minutes is None else 60 * minutes)


def codes(newest: PastBackup, before: Sequence[PastBackup]) -> list[str]:
    return [reason.code for _, reason in judge_sizes(newest, before)]


def nights(storage: str, *sizes: int | None, transferred: int | None = None) -> list[Outcome]:
    """Return good backups, the newest first, with the sizes of their logs."""
    newest = Outcome(
        vmid=101,
        upid="",
        node="pve1",
        result=Result.OK,
        started=NOW,
        finished=NOW,
        error=None,
        job_id="nightly",
        confidence=Confidence.EXACT,
        storage=storage,
        transferred=transferred,
        seconds=600,
    )
    return [
        replace(newest, started=NOW - timedelta(days=index), size=size, upid=str(index))
        for index, size in enumerate(sizes)
    ]


def found_in(outcomes: list[Outcome], facts: Facts | None = None) -> list[str]:
    facts = facts or builders.facts(storages=(PBS, NAS))
    found = [reason.code.value for _, reason in size_findings(outcomes, facts)]
    assert not found or can_be_odd(outcomes[0], InShort.of(outcomes))
    return found


def test_d24_a_file_95_percent_smaller_than_the_median_is_a_warning() -> None:
    [(status, reason)] = judge_sizes(past(size=2 * GIB), [past()] * 5)

    assert (status, reason.code) == (Status.WARNING, "size_suspicious")
    assert reason.values == {"size": "2.0 GiB", "usual": "40 GiB"}


def test_d24_four_backups_are_too_few_to_judge_by() -> None:
    assert codes(past(size=2 * GIB, minutes=600), [past()] * 4) == []


def test_d24_a_third_less_or_any_growth_is_nothing_to_say() -> None:
    assert codes(past(size=27 * GIB), [past()] * 9) == []
    assert codes(past(size=400 * GIB), [past()] * 9) == []


def test_d24_a_guest_whose_size_always_swings_is_left_alone() -> None:
    swinging = [past(size=size * GIB) for size in (10, 80, 30, 90, 20, 70, 40)]

    assert codes(past(size=8 * GIB), swinging) == []


def test_d24_a_single_strange_backup_does_not_move_what_is_usual() -> None:
    assert codes(past(size=2 * GIB), [past(size=1), *[past()] * 6]) == ["size_suspicious"]


def test_d24_only_the_newest_thirty_backups_count() -> None:
    assert codes(past(size=2 * GIB), [past(size=2 * GIB)] * 30 + [past()] * 60) == []


def test_d25_a_size_that_is_not_told_is_neither_zero_nor_a_part_of_the_history() -> None:
    assert codes(past(size=None), [past()] * 9) == []
    assert codes(past(size=2 * GIB), [past()] * 4 + [past(size=None)] * 20) == []
    assert codes(past(size=2 * GIB), [past(size=None)] * 20 + [past()] * 5) == ["size_suspicious"]


def test_d25_a_duration_that_is_not_told_is_unknown_too() -> None:
    assert codes(past(minutes=None), [past()] * 9) == []
    assert codes(past(minutes=600), [past(minutes=None)] * 9) == []


def test_a_backup_far_longer_than_usual_is_a_hint() -> None:
    [(status, reason)] = judge_sizes(past(minutes=95), [past()] * 5)

    assert (status, reason.code) == (Status.OK, "duration_suspicious")
    assert reason.values == {"minutes": "95", "usual": "10"}


@pytest.mark.parametrize("minutes", [31, 39])
def test_a_backup_half_an_hour_longer_than_usual_is_none(minutes: int) -> None:
    assert codes(past(minutes=minutes), [past()] * 9) == []


def test_the_duration_of_a_guest_that_always_swings_is_left_alone() -> None:
    swinging = [past(minutes=minutes) for minutes in (30, 120, 60, 180, 20, 110, 70)]

    assert codes(past(minutes=240), swinging) == []


def test_d23_nothing_transferred_to_a_backup_server_is_no_alarm() -> None:
    whole = nights("pbs", *[32 * GIB] * 9, transferred=20 * GIB)

    assert found_in([replace(whole[0], transferred=0), *whole[1:]]) == []


def test_d23_a_log_that_names_only_what_was_transferred_tells_no_size() -> None:
    whole = nights("pbs", *[32 * GIB] * 9, transferred=20 * GIB)

    assert found_in([replace(whole[0], size=0, transferred=0), *whole[1:]]) == []


def test_d24_disks_that_are_gone_show_on_a_backup_server_too() -> None:
    assert found_in(nights("pbs", GIB, *[32 * GIB] * 6, transferred=0)) == ["size_suspicious"]


def test_d24_a_file_may_be_as_large_as_what_was_transferred() -> None:
    assert found_in(nights("nas", GIB, *[32 * GIB] * 6, transferred=GIB)) == ["size_suspicious"]


def test_backups_on_another_storage_or_of_another_job_are_no_measure() -> None:
    newest, *before = nights("nas", GIB, *[32 * GIB] * 6)

    assert found_in([newest, *before]) == ["size_suspicious"]
    assert found_in([newest, *(replace(outcome, storage="pbs") for outcome in before)]) == []
    assert found_in([newest, *(replace(outcome, job_id="weekly") for outcome in before)]) == []
    assert found_in([newest, *(replace(outcome, result=Result.UNCLEAR) for outcome in before)]) == []
    assert found_in([]) == []


@given(st.integers(0, 2**30), st.lists(st.integers(0, 2**30), min_size=5, max_size=40))
def test_d24_small_and_large_guests_are_judged_alike(size: int, sizes: list[int]) -> None:
    small = codes(past(size=size), [past(size=entry) for entry in sizes])
    large = codes(past(size=size * 1024), [past(size=entry * 1024) for entry in sizes])

    assert small == large


def test_what_is_just_beyond_the_bounds_is_looked_at() -> None:
    newest, *before = nights("nas", *[32 * GIB] * 7)
    before = [replace(outcome, seconds=3600) for outcome in before]

    assert found_in([replace(newest, size=16 * GIB - 1), *before]) == ["size_suspicious"]
    assert found_in([replace(newest, seconds=3 * 3600 + 1), *before]) == ["duration_suspicious"]
    assert not can_be_odd(newest, InShort.of([newest, *before]))
