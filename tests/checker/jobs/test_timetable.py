"""When a job was due, and what started for its slot."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.jobs.timetable import (
    Timetable,
    event_of,
    has_schedule,
    periods_of,
    started_for_slot,
)
from custom_components.proxmox_backup_checker.checker.model.records import JobDefinition

from ..builders import BERLIN, NOW, job

ALLOWED = timedelta(hours=2)
LAST_SLOT = datetime(2025, 9, 2, 21, 0, tzinfo=UTC)


def table(schedule: str) -> Timetable:
    return Timetable.of(periods_of(job(schedule=schedule), (), timedelta(), BERLIN), BERLIN, NOW, ALLOWED)


def started(schedule: str, moment: datetime) -> bool:
    made = job(schedule=schedule)
    event = event_of(made)
    return event is not None and started_for_slot(made, event, BERLIN, moment, spans=(), off=None)


def test_a_job_of_an_old_proxmox_has_days_and_a_time_instead_of_a_schedule() -> None:
    old = job(schedule="", starttime="02:30", dow="mon,tue")
    event = event_of(old)
    assert event is not None
    assert event.next_after(NOW.astimezone(BERLIN)) == datetime(2025, 9, 8, 2, 30, tzinfo=BERLIN)


def test_an_old_time_that_cannot_be_read_is_a_schedule_all_the_same() -> None:
    odd = job(schedule="", starttime="half past two")
    assert has_schedule(odd)
    assert event_of(odd) is None


def test_a_job_without_any_schedule_never_runs_by_itself() -> None:
    by_hand = job(schedule="")
    assert not has_schedule(by_hand)
    assert event_of(by_hand) is None
    assert not started("", LAST_SLOT)


def test_nothing_is_missed_of_a_schedule_that_never_comes() -> None:
    never = table("2-30")
    assert (never.due, never.following) == (None, None)
    assert not started("2-30", LAST_SLOT)


def test_the_slots_since_the_last_served_one_are_missed_and_at_least_the_one_that_is_due() -> None:
    nightly = table("23:00")
    assert nightly.due == LAST_SLOT
    assert nightly.missed(LAST_SLOT, None, None) == [LAST_SLOT]
    days = [LAST_SLOT - timedelta(days=age) for age in (2, 1, 0)]
    assert nightly.missed(LAST_SLOT, LAST_SLOT - timedelta(days=3), None) == days
    assert nightly.missed(LAST_SLOT, LAST_SLOT + timedelta(hours=1), None) == [LAST_SLOT]


def test_a_slot_is_that_of_the_schedule_which_the_job_had_then() -> None:
    edited = LAST_SLOT + timedelta(hours=6)
    before = JobDefinition(until=edited, edited=edited, schedule="23:00", storage="nas")
    weekly = job(schedule="sat 10:00", storage="usb")
    table = Timetable.of(periods_of(weekly, [before], timedelta(), BERLIN), BERLIN, NOW, ALLOWED)
    assert (table.due, table.latest) == (LAST_SLOT, LAST_SLOT)
    assert table.storage_at(LAST_SLOT) == "nas"
    saturday = datetime(2025, 9, 6, 8, 0, tzinfo=UTC)
    assert (table.following, table.storage_at(saturday)) == (saturday, "usb")
    assert list(table.slots(LAST_SLOT - timedelta(hours=1), saturday)) == [LAST_SLOT, saturday]


def test_slots_that_only_the_new_schedule_has_before_the_edit_never_were() -> None:
    edited = NOW - timedelta(hours=1)
    before = JobDefinition(until=edited, edited=edited, schedule="sat 10:00", storage="nas")
    table = Timetable.of(periods_of(job(schedule="23:00"), [before], timedelta(), BERLIN), BERLIN, NOW, ALLOWED)
    assert table.due == datetime(2025, 8, 30, 8, 0, tzinfo=UTC)


def test_of_very_many_missed_slots_not_all_are_counted() -> None:
    assert len(table("*:0/5").missed(LAST_SLOT, LAST_SLOT - timedelta(days=3), None)) == 100


@pytest.mark.parametrize("hour", [0, 1])
def test_in_an_hour_that_comes_twice_a_run_can_be_for_its_slot_in_either(hour: int) -> None:
    """Which of the two Proxmox takes is not certain."""
    slot = datetime(2025, 10, 26, hour, 30, tzinfo=UTC)
    assert slot.astimezone(BERLIN).strftime("%H:%M") == "02:30"
    assert started("02:30", slot + timedelta(seconds=20))
    assert not started("02:30", slot + timedelta(minutes=20))


def test_where_the_clocks_are_not_changed_an_hour_later_is_too_late() -> None:
    assert started("23:00", LAST_SLOT + timedelta(seconds=20))
    assert not started("23:00", LAST_SLOT + timedelta(hours=1, seconds=20))
    utc = ZoneInfo("UTC")
    nightly = job(schedule="23:00")
    event = event_of(nightly)
    assert event is not None
    assert not started_for_slot(nightly, event, utc, LAST_SLOT, spans=(), off=None)
