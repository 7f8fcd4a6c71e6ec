"""What people call jobs and guests, and how sizes, durations and lists are written."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.model.labels import (
    abbreviated,
    duration_text,
    guest_label,
    guest_name,
    job_name,
    job_name_by_id,
    job_with_storage,
    labels_of_guests,
    names_of_jobs,
    size_text,
)
from custom_components.proxmox_backup_checker.checker.model.records import GuestRecord, JobRecord

from ..builders import job

GIB = 1024**3


@pytest.mark.parametrize(
    ("comment", "name"),
    [
        ("every night", "every night"),
        ("every night\nof all guests", "every night"),
        ("\nevery night", "every night"),
        (" \n\t\n\nevery night\n", "every night"),
        ("", "21:00 → nas"),
        ("\n", "21:00 → nas"),
        (" \n ", "21:00 → nas"),
    ],
)
def test_people_call_a_job_by_the_first_line_of_its_comment_that_says_anything(comment: str, name: str) -> None:
    assert job_name(replace(job("x", 100, storage="nas"), comment=comment)) == name


def test_a_job_without_comment_is_called_by_when_and_where_it_saves_or_else_by_its_id() -> None:
    assert job_name(job("x", 100, storage="nas")) == "21:00 → nas"
    assert job_name(job("x", 100)) == "21:00 → local"
    assert job_name(job("x", 100, schedule="")) == "x"
    assert names_of_jobs([job("x", schedule=""), job("y", comment="weekly")]) == "x\nweekly"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"comment": "nightly", "storage": "nas"}, "nightly → nas"),
        ({"comment": "nightly"}, "nightly"),
        ({"storage": "nas"}, "21:00 → nas"),
    ],
)
def test_a_jobs_storage_is_told_once(options: dict[str, Any], text: str) -> None:
    assert job_with_storage(job("x", 100, **options)) == text


def test_a_deleted_job_keeps_its_name_and_one_that_nothing_is_known_of_is_its_id() -> None:
    records = {"x": JobRecord(job_id="x", name="weekly", first_seen=None, enabled=True, schedule=None)}
    assert [job_name_by_id(job_id, records) for job_id in ("x", "y", None)] == ["weekly", "y", ""]


def test_a_guest_without_a_name_is_its_number() -> None:
    assert [guest_name("web", 101, "qemu"), guest_name(None, 101, "qemu"), guest_name(None, 102, "lxc")] == [
        "web",
        "VM 101",
        "CT 102",
    ]
    assert [guest_label("web", 101), guest_label(None, 101)] == ["web (101)", "101"]
    known = {101: GuestRecord(vmid=101, guest_type="qemu", name="web", node="pve1", first_seen=None)}
    assert labels_of_guests([102, 101], known) == ("102", "web (101)")


def test_many_texts_are_told_by_the_first_few() -> None:
    assert abbreviated("ab") == "a, b"
    assert abbreviated("abcdefg") == "a, b, c, d, e, … (+2)"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (900, "900 B"), (1536, "1.5 KiB"), (20 * GIB, "20 GiB"), (3 * 1024**5, "3072 TiB")],
)
def test_sizes_are_written_as_the_web_interface_writes_them(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 min"), (29, "1 min"), (100, "2 min"), (3600, "1 h"), (4320, "1 h 12 min"), (26 * 3600, "26 h")],
)
def test_durations_are_told_in_hours_and_minutes(seconds: int, text: str) -> None:
    assert duration_text(timedelta(seconds=seconds)) == text
