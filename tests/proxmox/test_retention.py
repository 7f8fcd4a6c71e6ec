"""Retention, held against what Proxmox's own code marked."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.proxmox.retention import Backup, KeepOptions, Mark, prune

VECTORS = Path(__file__).parent.parent / "data" / "vectors"
UTC = ZoneInfo("UTC")
DAY = 86400


def _vectors(name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
    # The inner function of the backup server removes all where every option is zero; its callers never ask it that.
    return [vector for vector in vectors if vector["cls"] != "pbs_keep0"]


@pytest.mark.parametrize("name", ["prune", "prune_upstream"])
def test_every_backup_is_marked_as_proxmox_marks_it(name: str) -> None:
    wrong = []
    for vector in _vectors(name):
        backups = [Backup(backup["ctime"], bool(backup.get("protected"))) for backup in vector["backups"]]
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
    ],
)
def test_what_proxmox_refuses_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        KeepOptions.parse(text)
