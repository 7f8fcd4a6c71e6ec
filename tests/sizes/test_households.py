"""Rows H57 to H60 once more: guests as homes and small companies run them, by a generator that knows no rule."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from .households import HOUSEHOLDS, Household, life
from .ordinary import GIB, Night
from .test_ordinary import told

SEEDS = range(1, 21)
HINTS = {"duration_suspicious", "duration_much_shorter"}
# No size can tell these from what the rules look for: more than half of the data is thrown away, or a quarter of all disks is written
# anew for the first time in these months.
LIKE_A_LOSS = {("laboratory", "size_suspicious"), ("builds", "size_suspicious")}
LIKE_ENCRYPTION = {
    ("postgres", "changed_much_more"),
    ("builds", "changed_much_more"),
    ("laboratory", "changed_much_more"),
}


def warned(household: Household, seed: int, *, on_server: bool) -> list[tuple[int, str]]:
    """Return with which backup a warning was given, and which."""
    return [entry for entry in told(life(household, seed, on_server=on_server)) if entry[1] not in HINTS]


@pytest.mark.parametrize("seed", SEEDS)
def test_h58_three_months_at_home_and_in_small_companies_bring_no_warning_that_sizes_could_spare(seed: int) -> None:
    for name, household in HOUSEHOLDS.items():
        for on_server in (True, False):
            found = warned(household, seed, on_server=on_server)
            odd = [entry for entry in found if (name, entry[1]) not in LIKE_A_LOSS | LIKE_ENCRYPTION]
            assert odd == [], (name, on_server)
            # What is written anew is over the next day.
            assert sum((name, code) in LIKE_ENCRYPTION for _, code in found) <= 1, name


@pytest.mark.parametrize("name", ["media", "office", "recorder"])
def test_h58_reading_all_disks_since_a_bitmap_was_lost_is_no_backup_that_takes_too_long(name: str) -> None:
    for seed in SEEDS:
        assert all(code in HINTS for _, code in told(life(HOUSEHOLDS[name], seed, on_server=True)))
        assert [code for _, code in told(life(HOUSEHOLDS[name], seed, on_server=True))].count(
            "duration_suspicious"
        ) <= 1


type Plant = Callable[[Night, Household], Night]


def encrypted(night: Night, household: Household) -> Night:
    return replace(night, changed=int(household.data * 0.95 * GIB))


def runaway(night: Night, household: Household) -> Night:
    return replace(night, changed=(night.changed or 0) + household.disks * GIB // 3)


def hung(night: Night, _: Household) -> Night:
    return replace(night, changed=0, running=True)


def swollen(night: Night, _: Household) -> Night:
    return replace(night, size=night.size * 4)


def shrunken(night: Night, _: Household) -> Night:
    return replace(night, size=night.size // 5)


@pytest.mark.parametrize("day", [33, 80])
@pytest.mark.parametrize(
    ("plant", "name", "code", "runs"),
    [
        (encrypted, "media", "changed_much_more", 1),
        (encrypted, "photos", "changed_much_more", 1),
        (encrypted, "office", "changed_much_more", 1),
        (runaway, "appliance", "changed_much_more", 2),
        (runaway, "media", "changed_much_more", 2),
        (hung, "recorder", "nothing_changed", 16),
        (hung, "metrics", "nothing_changed", 16),
        (swollen, "mail", "size_much_larger", 1),
        (swollen, "home_automation", "size_much_larger", 1),
        (shrunken, "media", "size_suspicious", 1),
        (shrunken, "office", "size_suspicious", 1),
        (shrunken, "accounting", "size_suspicious", 1),
    ],
)
def test_h59_what_is_planted_among_them_is_found_at_the_first_run_at_which_it_can_be_known(
    plant: Plant, name: str, code: str, runs: int, day: int
) -> None:
    household = HOUSEHOLDS[name]
    late = []
    for seed in SEEDS:
        nights = life(household, seed, on_server=plant in {encrypted, runaway, hung}, days=110)
        last = day + 1 if plant is encrypted else len(nights)
        planted = [plant(night, household) if day <= at < last else night for at, night in enumerate(nights)]
        found = next((at - day + 1 for at, said in told(planted, day) if said == code), None)
        if found is None or found > runs:
            late.append((seed, found))
    assert late == []
