"""The calendar: past runs with their outcome, missed slots, and every slot to come."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment
from custom_components.proxmox_backup_checker.checker.model.facts import NodeFacts
from custom_components.proxmox_backup_checker.checker.model.outcome import Result
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.reason_codes import ReasonCode
from custom_components.proxmox_backup_checker.checker.model.records import MissRecord, RunRecord
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.checker.views.agenda import AgendaItem, agenda, current_or_next

from ..builders import NOW, assessment, good_log, guest, job, run
from ..histories import history_of, outcome, run_of

WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def past(*runs: RunRecord, **changes: Any) -> Assessment:
    """Return the assessment of a nightly job of 101 and 102 with these runs in the past."""
    guests = [guest(101, name="web"), guest(102, node="pve2", name="db")]
    history = history_of(*runs, **{"began": NOW - timedelta(days=90), "evaluated": NOW, **changes})
    return assessment(guests, [job("nightly", 101, 102, storage="nas", schedule="21:00")], history=history)


def codes(items: Iterable[AgendaItem]) -> list[str]:
    return [item.title.code for item in items]


def ended(held: Assessment) -> list[AgendaItem]:
    """Return the items of the past week."""
    return agenda(held, NOW - WEEK, NOW, NOW)


def test_the_runs_of_all_nodes_at_one_slot_are_one_item() -> None:
    start = NOW - timedelta(hours=13)
    first, second = (run_of(vmid, started=start, node=node) for vmid, node in ((101, "pve1"), (102, "pve2")))
    late = replace(second, ended=start + timedelta(hours=2))
    [item] = ended(past(first, late))

    assert item.title.code == "agenda_succeeded"
    assert item.title.values["job"] == "21:00 → nas"
    assert (item.start, item.end) == (start, start + timedelta(hours=2))
    assert item.nodes == ("pve1", "pve2")
    assert [detail.code for detail in item.details] == ["happened_run_succeeded"] * 2 + ["agenda_figures"]
    assert item.details[2].values["duration"] == "2 h"


def test_a_run_that_failed_for_some_says_for_how_many_and_why() -> None:
    bad = outcome(102, NOW - HOUR, "UPID:x", result=Result.FAILED, error="disk full")
    one = replace(run_of(101, started=NOW - HOUR, status="job errors"), error="job errors")
    [item] = ended(past(replace(one, outcomes=(*one.outcomes, bad))))

    assert (item.title.code, item.title.values["bad"], item.title.values["count"]) == (
        "agenda_failed_in_part",
        "1",
        "2",
    )
    assert item.details[0].values["error"] == "disk full"
    assert item.details[0].values["guests"] == "db (102)"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "job errors", "error": "no quorum", "outcomes": ()}, "agenda_failed"),
        ({"status": "WARNINGS: 2", "warnings": 2}, "agenda_warnings"),
        ({"confidence": Confidence.MANUAL, "job_id": None}, "agenda_by_hand"),
        ({"confidence": Confidence.MANUAL, "job_id": None, "status": "job errors"}, "agenda_by_hand_failed"),
        ({"confidence": Confidence.NONE, "job_id": None}, "agenda_unknown_job"),
        ({"confidence": Confidence.NONE, "job_id": None, "status": "job errors"}, "agenda_unknown_job_failed"),
    ],
)
def test_every_kind_of_run_has_its_title(changes: dict[str, Any], code: str) -> None:
    assert codes(ended(past(run_of(101, started=NOW - HOUR, **changes)))) == [code]


def test_a_run_without_anything_to_do_is_left_out() -> None:
    assert ended(past(run_of(started=NOW - HOUR))) == []


def test_two_runs_of_a_node_are_two_items_however_close() -> None:
    runs = [run_of(101, started=NOW - HOUR + timedelta(minutes=minutes)) for minutes in (0, 5)]
    assert len(ended(past(*runs))) == 2


def test_runs_of_two_nodes_at_different_times_are_two_items() -> None:
    first, second = NOW - 3 * HOUR, NOW - 2 * HOUR
    assert len(ended(past(run_of(101, started=first), run_of(102, started=second, node="pve2")))) == 2


def test_a_missed_slot_says_why_and_stays_when_the_schedule_was_changed() -> None:
    slot = NOW - timedelta(days=3)
    key = f"nightly@{int(slot.timestamp())}"
    miss = MissRecord(key=key, job_id="nightly", slot=slot, node="pve1", code=ReasonCode.HOST_WAS_OFF)
    stuck = replace(miss, key="nightly@1", slot=slot + HOUR, code=ReasonCode.JOB_COULD_NOT_START, error="no lock")
    items = ended(past(misses={miss.key: miss, stuck.key: stuck}))

    assert codes(items) == ["agenda_missed", "agenda_not_started"]
    assert items[0].details[0].code == "host_was_off"
    assert items[0].details[0].values["slot"] == items[0].start == slot
    assert items[1].details[0].values["error"] == "no lock"


def test_many_runs_in_a_day_are_one_item_beside_the_failed_ones() -> None:
    begin = at("2025-09-01T00:00:00")
    runs = [run_of(101, started=begin + timedelta(minutes=15 * number)) for number in range(60)]
    runs[7] = replace(runs[7], status="job errors", error="no", outcomes=())
    # Before the job's own slot in the evening, which has no run.
    items = agenda(past(*runs), begin, begin + timedelta(hours=16), NOW)

    assert codes(items) == ["agenda_many_runs", "agenda_failed"]
    assert items[0].day == date(2025, 9, 1)
    assert (items[0].title.values["count"], items[0].title.values["failed"]) == ("60", "1")


def test_slots_to_come_are_there_for_any_month_with_the_usual_duration() -> None:
    held = past(*[run_of(101, 102, started=NOW - timedelta(hours=13, days=night)) for night in range(3)])
    items = agenda(held, at("2026-02-01T00:00:00"), at("2026-03-01T00:00:00"), NOW)

    assert codes(items) == ["agenda_planned"] * 28
    assert items[0].start == at("2026-02-01T20:00:00")
    assert items[0].end - items[0].start == timedelta(minutes=2)
    assert items[0].nodes == ("pve1", "pve2")
    assert items[0].details[0].values["guests"] == "web (101), db (102)"
    assert items[0].details[0].values["duration"] == "2 min"


def test_slots_follow_the_clocks_of_the_nodes_and_each_zone_has_its_own() -> None:
    held = past()
    tokyo = NodeFacts(name="pve2", zone=ZoneInfo("Asia/Tokyo"))
    known = replace(held.context.facts, nodes={**held.nodes, "pve2": tokyo})
    held = replace(held, nodes=known.nodes, context=replace(held.context, facts=known))
    items = agenda(held, at("2025-10-25T00:00:00"), at("2025-10-27T00:00:00"), NOW)

    starts = [(item.start.strftime("%d %H:%M"), item.nodes) for item in items]
    assert starts == [
        ("25 12:00", ("pve2",)),
        ("25 19:00", ("pve1",)),
        ("26 12:00", ("pve2",)),
        ("26 20:00", ("pve1",)),
    ]


@pytest.mark.parametrize(
    ("schedule", "day", "starts", "hours"),
    [
        ("02:30", "2026-03-29", 0, 0),
        ("hourly", "2026-03-29", 1, 23),
        ("0..4:00", "2026-03-29", 4, 4 * 0.5),
        ("02:30", "2025-10-26", 1, 0.5),
        ("hourly", "2025-10-26", 1, 25),
        ("0..4:00", "2025-10-26", 5, 5 * 0.5),
    ],
)
def test_a_day_on_which_the_clocks_change(schedule: str, day: str, starts: int, hours: float) -> None:
    held = assessment([guest(101)], [job("nightly", 101, storage="nas", schedule=schedule)])
    begin = datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=ZoneInfo("Europe/Berlin"))
    following = begin + timedelta(days=1)
    items = [item for item in agenda(held, begin, following, NOW) if begin <= item.start < following]

    assert len(items) == len({item.start for item in items}) == starts
    assert sum((item.end - item.start for item in items), timedelta()) == timedelta(hours=hours)


def test_a_job_that_runs_all_the_time_is_one_item_a_day_and_cheap() -> None:
    held = assessment([guest(101)], [job("nightly", 101, storage="nas", schedule="minutely")])
    began = time.process_time()
    items = agenda(held, at("2025-10-01T00:00:00"), at("2025-10-31T00:00:00"), NOW)

    assert codes(items) == ["agenda_many_slots"] * len(items)
    assert [item.day for item in items] == [date(2025, 10, 1) + timedelta(days=day) for day in range(31)]
    assert time.process_time() - began < 2
    assert current_or_next(held, NOW) is None


@pytest.mark.parametrize(("schedule", "folded"), [("*/4:00", True), ("*/5:00", False), ("hourly", True)])
def test_from_six_a_day_on_the_slots_are_one_item_with_what_is_planned(schedule: str, folded: bool) -> None:
    held = assessment([guest(101)], [job("nightly", 101, storage="nas", schedule=schedule)])
    items = agenda(held, at("2025-12-02T00:00:00"), at("2025-12-03T00:00:00"), NOW)
    ahead = [item for item in items if item.start >= at("2025-12-01T23:00:00")]
    assert {item.title.code for item in ahead} == {"agenda_many_slots" if folded else "agenda_planned"}
    assert all(item.details[0].values["guests"] == "g101 (101)" for item in ahead)
    # What comes every few hours is still something to wait for.
    assert current_or_next(held, NOW) is not None


def test_disabled_ignored_and_unreadable_jobs_promise_nothing() -> None:
    guests = [guest(101)]
    jobs = [
        job("off", 101, enabled=False),
        job("ignored", 101),
        job("strange", 101, schedule="whenever"),
        job("by hand", 101, schedule=""),
    ]
    held = assessment(guests, jobs, policy=Policy(ignored_jobs=frozenset({"ignored"})))
    assert agenda(held, NOW, NOW + WEEK, NOW) == []
    assert current_or_next(held, NOW) is None


def test_a_slot_without_a_run_so_far_is_still_due_and_one_with_a_run_is_not() -> None:
    slot = at("2025-09-02T19:00:00")
    soon = slot + timedelta(minutes=10)
    assert codes(agenda(past(), slot, soon, soon)) == ["agenda_planned"]
    held = past(run_of(101, started=slot + timedelta(seconds=3)))
    assert codes(agenda(held, slot, soon, soon)) == ["agenda_succeeded"]


def test_what_goes_on_comes_before_what_is_next() -> None:
    held = past()
    upcoming = current_or_next(held, NOW)
    assert upcoming is not None
    assert (upcoming.title.code, upcoming.start) == ("agenda_planned", at("2025-09-03T19:00:00"))
    due = current_or_next(held, at("2025-09-03T19:05:00"))
    assert due is not None
    assert due.start == at("2025-09-03T19:00:00")
    later = current_or_next(held, at("2025-09-03T20:00:00"))
    assert later is not None
    assert later.start == at("2025-09-04T19:00:00")

    going_on = run(good_log(101).replace("TASK OK", ""), None, started=NOW - timedelta(hours=3))
    running = assessment([guest(101)], [job("nightly", 101, storage="nas", schedule="21:00")], [going_on])
    item = current_or_next(running, NOW)
    assert item is not None
    assert (item.title.code, item.start) == ("agenda_running", NOW - timedelta(hours=3))
    assert item.end > NOW
    assert "agenda_running" in codes(agenda(running, NOW - HOUR, NOW, NOW))


def test_all_moments_are_in_utc() -> None:
    items = agenda(past(run_of(101, started=NOW - HOUR)), NOW - WEEK, NOW + WEEK, NOW)
    assert {item.start.tzinfo for item in items} | {item.end.tzinfo for item in items} == {UTC}
