"""Retention, held against what Proxmox's own code marked."""

from datetime import datetime, timedelta
import json
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.proxmox_backup_checker.proxmox.retention import Backup, KeepOptions, Mark, keep_text, prune

VECTORS = Path(__file__).parent.parent / "data" / "vectors"
UTC = ZoneInfo("UTC")
DAY = 86400


def _vectors(name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
    # The inner function of the backup server removes all where no option keeps any; its callers never ask it that.
    return [vector for vector in vectors if vector["cls"] not in {"pbs_keep0", "pbs_nokeep"}]


@pytest.mark.parametrize("name", ["prune", "prune_upstream", "prune_pbs"])
def test_every_backup_is_marked_as_proxmox_marks_it(name: str) -> None:
    wrong = []
    for vector in _vectors(name):
        backups = [
            Backup(backup["ctime"], bool(backup.get("protected")), partial=bool(backup.get("partial")))
            for backup in vector["backups"]
        ]
        marks = prune(backups, KeepOptions.from_api(vector["keep"]), ZoneInfo(vector["tz"]))
        if marks != vector["marks"]:
            wrong.append(vector)
    assert wrong == []


def test_without_any_rule_and_with_keep_all_everything_is_kept() -> None:
    backups = [Backup(day * DAY) for day in range(1, 9)]
    for keep in (KeepOptions(), KeepOptions.parse("keep-all=1"), KeepOptions.parse("keep-last=0,keep-daily=0")):
        assert keep.keeps_everything
        assert prune(backups, keep, UTC) == [Mark.KEEP] * 8


def test_protected_and_renamed_backups_are_left_alone_and_do_not_count() -> None:
    backups = [Backup(3 * DAY, protected=True), Backup(2 * DAY, renamed=True), Backup(DAY), Backup(DAY - 1)]
    assert prune(backups, KeepOptions(last=1), UTC) == [Mark.PROTECTED, Mark.RENAMED, Mark.KEEP, Mark.REMOVE]


def test_days_begin_at_midnight_of_the_zone() -> None:
    around_midnight_in_berlin = [Backup(1767221940), Backup(1767222060)]  # 23:59 and 00:01 on 31 December 2025
    keep = KeepOptions(daily=2)
    assert prune(around_midnight_in_berlin, keep, ZoneInfo("Europe/Berlin")) == [Mark.KEEP, Mark.KEEP]
    assert prune(around_midnight_in_berlin, keep, UTC) == [Mark.REMOVE, Mark.KEEP]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Auckland", "America/St_Johns"])
@pytest.mark.parametrize("january", [2016, 2020, 2021, 2025, 2027], ids=lambda year: f"into {year}")
def test_b31_the_weeks_around_a_new_year_are_those_of_the_iso_calendar(january: int, zone: str) -> None:
    nights = [datetime(january, 1, 20, 2, tzinfo=ZoneInfo(zone)) - timedelta(days=day) for day in range(40)]
    backups = [Backup(int(night.timestamp())) for night in nights]
    marks = prune(backups, KeepOptions.parse("keep-weekly=5"), ZoneInfo(zone))
    weeks = [night.isocalendar()[:2] for night in nights]
    newest = [night for night, week in zip(nights, weeks, strict=True) if weeks.index(week) == nights.index(night)]
    assert [night for night, mark in zip(nights, marks, strict=True) if mark is Mark.KEEP] == newest[:5]


def test_the_property_string_and_the_object_of_the_api_say_the_same() -> None:
    expected = KeepOptions(daily=7, weekly=4)
    assert KeepOptions.parse("keep-daily=7,keep-weekly=4") == expected
    assert KeepOptions.from_api({"keep-daily": "7", "keep-weekly": 4}) == expected
    assert KeepOptions.from_api({"keep-all": 1}) == KeepOptions(all=True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("keep-dayly=7", "unknown"),
        ("keep-daily", "not of the form"),
        ("keep-daily=-1", "whole number"),
        ("keep-daily=x", "whole number"),
        ("keep-daily=1,keep-daily=2", "twice"),
        ("keep-all=1,keep-last=3", "cannot be combined"),
        ("keep-all=maybe", "1 or 0"),
        ("keep-daily=7, keep-weekly=4", "' keep-weekly' is unknown"),
        ("keep-daily= 7", "whole number"),
        ("keep-daily=", "whole number"),
        ("keep-daily=7.0", "whole number"),
        ("7", "not of the form"),
    ],
)
def test_what_proxmox_refuses_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        KeepOptions.parse(text)


def test_only_the_newest_unfinished_snapshot_of_a_backup_server_is_kept_and_no_rule_counts_it() -> None:
    now = 100 * DAY
    unfinished, finished, older, oldest = now, now - DAY, now - 2 * DAY, now - 3 * DAY
    backups = [Backup(oldest), Backup(older, partial=True), Backup(finished), Backup(unfinished, partial=True)]
    assert prune(backups, KeepOptions(last=1), UTC) == [Mark.REMOVE, Mark.REMOVE, Mark.KEEP, Mark.KEEP_PARTIAL]
    assert prune(backups[:3], KeepOptions(last=1), UTC) == [Mark.REMOVE, Mark.REMOVE, Mark.KEEP]
    assert prune(backups, KeepOptions(), UTC) == [Mark.KEEP] * 4


@pytest.mark.parametrize("number", ["007", "+7", "7"])
def test_a_number_may_be_written_as_proxmox_accepts_it(number: str) -> None:
    assert KeepOptions.parse(f"keep-daily={number}") == KeepOptions(daily=7)


OPTIONS = st.builds(
    KeepOptions, **{rule: st.integers(0, 4) for rule in ("last", "hourly", "daily", "weekly", "yearly")}
)
CTIMES = st.lists(st.integers(1_700_000_000, 1_800_000_000), unique=True, max_size=30)


@given(ctimes=CTIMES, keep=OPTIONS, seed=st.randoms(use_true_random=False))
def test_the_order_in_which_backups_are_given_does_not_matter(
    ctimes: list[int], keep: KeepOptions, seed: Random
) -> None:
    shuffled = seed.sample(ctimes, len(ctimes))
    marks = dict(zip(ctimes, prune([Backup(ctime) for ctime in ctimes], keep, UTC), strict=True))
    assert prune([Backup(ctime) for ctime in shuffled], keep, UTC) == [marks[ctime] for ctime in shuffled]


@given(ctimes=CTIMES, keep=OPTIONS)
def test_what_a_prune_left_a_second_one_leaves_too(ctimes: list[int], keep: KeepOptions) -> None:
    backups = [Backup(ctime) for ctime in ctimes]
    left = [backup for backup, mark in zip(backups, prune(backups, keep, UTC), strict=True) if mark is Mark.KEEP]
    assert prune(left, keep, UTC) == [Mark.KEEP] * len(left)


def test_retention_is_written_as_proxmox_writes_it() -> None:
    assert keep_text(KeepOptions(last=1, weekly=4)) == "keep-last=1,keep-weekly=4"
    assert keep_text(KeepOptions()) == "keep-all=1"


@pytest.mark.parametrize("odd", [-(10**30), -62135596800, 253402300800, 2**53, 10**30])
@pytest.mark.parametrize("rule", ["hourly", "daily", "weekly", "monthly", "yearly"])
def test_a_time_that_no_calendar_has_is_marked_like_any_other(rule: str, odd: int) -> None:
    backups = [Backup(ctime) for ctime in (odd, odd + 1, odd + 400 * DAY, 1_755_716_403)]
    marks = prune(backups, KeepOptions.parse(f"keep-{rule}=9"), ZoneInfo("Europe/Berlin"))
    assert marks.count(Mark.KEEP) == 3
    assert marks[3] is Mark.KEEP
