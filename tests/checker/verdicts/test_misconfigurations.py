"""What is mistaken in the configuration of Proxmox, and what is only unusual."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import judge
from custom_components.proxmox_backup_checker.checker.model.facts import StorageFacts
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import History
from custom_components.proxmox_backup_checker.checker.verdicts.misconfigurations import Misconfiguration
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import BackupJob, IncludedGuest
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import Guest

from ..builders import NOW, facts, good_log, guest, job, run

NIGHTLY = job("nightly", 100, storage="nas", comment="every night")


def found(
    *jobs: BackupJob, guests: tuple[Guest, ...] = (guest(100, name="web"),), **changes: Any
) -> list[Misconfiguration]:
    known = facts(guests, jobs, [run(good_log(100))], **changes)
    return list(judge(known, History()).misconfigurations)


def codes(schedule: str, **options: Any) -> list[str]:
    return [mistake.code for mistake in found(job("nightly", 100, schedule=schedule, **options))]


def included(*vmids: int, missing: tuple[int, ...] = ()) -> dict[str, tuple[IncludedGuest, ...]]:
    return {
        "nightly": tuple(
            IncludedGuest(vmid=vmid, guest_type="unknown" if vmid in missing else "qemu", name=None, volumes=())
            for vmid in (*vmids, *missing)
        )
    }


def test_where_all_is_well_there_is_no_mistake() -> None:
    assert found(NIGHTLY, included=included(100)) == []


def test_a_deleted_guest_in_the_list_is_named_with_the_command_that_takes_it_out() -> None:
    listed = replace(NIGHTLY, vmids=(100, 999, 555))
    [mistake] = found(listed, included=included(100, missing=(555, 999)))
    assert mistake.code == "deleted_guest_in_job"
    assert mistake.values == {
        "job": "every night",
        "vmids": "555, 999",
        "command": "pvesh set /cluster/backup/nightly --vmid 100",
    }


def test_a_list_of_nothing_but_deleted_guests_is_a_job_to_delete() -> None:
    [mistake] = found(replace(NIGHTLY, vmids=(999,)), included=included(missing=(999,)))
    assert mistake.values["command"] == "pvesh delete /cluster/backup/nightly"


def test_a_guest_that_is_there_again_or_that_no_list_names_is_no_mistake() -> None:
    assert found(NIGHTLY, included=included(missing=(100,))) == []
    assert found(job("nightly", all=1, exclude="999"), included=included(missing=(999,))) == []
    assert found(job("nightly", 100, 999), included={}) == []


def test_a_job_that_is_to_be_ignored_makes_no_mistakes() -> None:
    policy = Policy(ignored_jobs=frozenset({"nightly"}))
    assert found(job("nightly", 100, schedule="22"), policy=policy) == []


def test_guests_of_a_disabled_job_are_named_once_their_backup_is_too_old() -> None:
    off = replace(NIGHTLY, enabled=False)
    assert found(off) == []
    [mistake] = found(off, now=NOW + timedelta(days=8))
    assert (mistake.code, mistake.subject) == ("job_disabled_for_long", "nightly")
    assert mistake.values["guests"] == "web (100)"
    assert mistake.values["command"] == "pvesh set /cluster/backup/nightly --enabled 1"


def test_many_guests_are_counted_rather_than_named() -> None:
    guests = tuple(guest(number) for number in range(100, 115))
    off = replace(NIGHTLY, enabled=False, vmids=tuple(range(100, 115)))
    [mistake] = found(off, guests=guests, now=NOW + timedelta(days=8))
    assert mistake.values["guests"].endswith("g109 (109) (+ 5)")


def test_the_schedule_of_a_disabled_job_is_nobodys_trouble() -> None:
    assert found(job("nightly", 100, schedule="22", enabled=False)) == []


@pytest.mark.parametrize(
    ("schedule", "code"),
    [
        ("22", "schedule_minute_not_hour"),
        ("24:00", "schedule_hour_read_as_minute"),
        ("12:00,13:00", "schedule_list_of_times"),
        ("8-12", "schedule_hours_read_as_date"),
        ("*-2-30 01:00", "schedule_never"),
        ("*/5:00", "schedule_step_skips"),
        ("*-*-31 02:00", "schedule_left_out_months"),
        ("*:*", "schedule_several_an_hour"),
        ("*:0/7", "schedule_step_skips"),
    ],
)
def test_a_schedule_that_can_hardly_be_meant_is_a_mistake(schedule: str, code: str) -> None:
    assert codes(schedule) == [code]


@pytest.mark.parametrize("schedule", ["02:30", "30", "*/15", "mon..fri 22:00", "12,13:00", "8..17/3:00", "*-*-1 03:00"])
def test_a_schedule_that_some_people_mean_is_none(schedule: str) -> None:
    assert codes(schedule) == []


def test_jobs_without_a_schedule_or_with_one_that_cannot_be_read_have_no_surprise() -> None:
    assert codes("") == []
    assert codes("whenever") == []


def test_another_schedule_is_another_mistake() -> None:
    one, other = found(job("nightly", 100, schedule="22"))[0], found(job("nightly", 100, schedule="23"))[0]
    assert one.subject != other.subject
    assert one.values["schedule"] == "22"
    assert one.values["minutes"] == "22"


def test_a_slot_that_the_next_clock_change_swallows_is_told_a_week_before() -> None:
    early = job("nightly", 100, schedule="02:30", comment="early")
    before = datetime(2026, 3, 23, 11, tzinfo=UTC)
    [mistake] = found(early, now=before)
    assert mistake.code == "clock_change_skips_slot"
    assert mistake.values == {"job": "early", "date": "2026-03-29", "time": "02:30", "zone": "Europe/Berlin"}
    assert found(early, now=before - timedelta(days=3)) == []
    assert found(replace(early, schedule="03:30"), now=before) == []


def test_a_storage_that_the_node_of_a_guest_may_not_use_is_told_once_with_its_guests() -> None:
    nas = StorageFacts(storage="nas", node=None, plugin_type="nfs", nodes=("pve1",))
    both = replace(NIGHTLY, vmids=(100, 102, 103))
    guests = (guest(100), guest(102, node="pve2"), guest(103, node="pve2"))
    runs = [run(good_log(100)), run(good_log(102, 103), node="pve2")]
    known = facts(guests, [both], runs, storages=(nas,))
    [mistake] = judge(known, History()).misconfigurations
    assert mistake.code == "storage_not_on_node"
    assert mistake.values == {
        "job": "every night",
        "storage": "nas",
        "node": "pve2",
        "guests": "g102 (102), g103 (103)",
        "command": "pvesm set nas --nodes pve1,pve2",
    }
