"""The slots of a job in the days of the wall."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.jobs.timetable import Timetable, periods_of
from custom_components.proxmox_backup_checker.checker.views.wall.days import Days, KnownSlot, Moments, Plan

from ...builders import BERLIN, NOW, job

# NOW is Wednesday, 10:00 in Berlin; the days are Tuesday and Wednesday there.
DAYS = Days.ending(NOW, BERLIN, 2)
TUESDAY = DAYS.starts[0]


def plan(schedule: str) -> Plan:
    moments = Moments(now=NOW, seen=NOW, began=None)
    table = Timetable.of(periods_of(job(schedule=schedule), (), timedelta(), BERLIN), BERLIN, NOW, timedelta(hours=2))
    return Plan.of(table, DAYS, moments)


@pytest.mark.parametrize(
    ("hour", "known"),
    [
        (29.0, None),
        (31.0, KnownSlot(1, TUESDAY + timedelta(hours=30), single=False)),
        (37.0, KnownSlot(1, TUESDAY + timedelta(hours=36), single=False)),
    ],
)
def test_of_several_slots_a_day_the_last_one_before_a_run_is_known(hour: float, known: KnownSlot | None) -> None:
    twice = plan("wed 6,12:00")
    assert twice.slot_before(TUESDAY + timedelta(hours=hour), 1) == known


def test_before_the_first_slot_of_a_day_that_of_the_day_before_is_known() -> None:
    nightly = plan("23:00")
    assert nightly.slot_before(NOW, 1) == KnownSlot(0, datetime(2025, 9, 2, 21, tzinfo=UTC), single=True)


def test_a_run_right_after_midnight_belongs_to_the_day_of_its_slot() -> None:
    late = plan("23:59")
    midnight = DAYS.starts[1]
    assert late.day_of(midnight + timedelta(minutes=5), 1) == 0
    assert late.day_of(midnight + timedelta(minutes=15), 1) == 1
    assert late.day_of(TUESDAY + timedelta(minutes=5), 0) == 0
