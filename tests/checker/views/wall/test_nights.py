"""The cells of the wall: what each day of a guest or job was like."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.assessment import Assessment, judge
from custom_components.proxmox_backup_checker.checker.model.facts import (
    ArchiveListing,
    Blindness,
    NodeFacts,
    StorageFacts,
)
from custom_components.proxmox_backup_checker.checker.model.outcome import Result
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.records import GuestRecord, History, JobRecord, RunRecord
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence
from custom_components.proxmox_backup_checker.checker.views.restore_points import restore_points_of
from custom_components.proxmox_backup_checker.checker.views.wall.days import Days
from custom_components.proxmox_backup_checker.checker.views.wall.details import (
    gone_guests,
    runs_of_guest,
    runs_of_job,
    sizes_of_guest,
    sizes_of_job,
)
from custom_components.proxmox_backup_checker.checker.views.wall.nights import Wall, guest_cells, job_cells
from custom_components.proxmox_backup_checker.proxmox.api.backup_models import Archive

from ...builders import BERLIN, NOW, facts, good_log, guest, job, run
from ...histories import outcome, run_of

# NOW is Wednesday, 10:00 in Berlin; the job is due at 23:00 there.
LAST_SLOT = datetime(2025, 9, 2, 21, 0, tzinfo=UTC)
KNOWN = GuestRecord(
    vmid=101, guest_type="qemu", name="g101", node="pve1", first_seen=None, covered_since={"nightly": None}
)
NIGHTLY = job("nightly", 101, schedule="23:00", storage="nas")


def night(days_ago: int = 0, **changes: Any) -> RunRecord:
    """Return the run of a night; `result` and others are of the outcome of guest 101."""
    started = changes.pop("started", LAST_SLOT + timedelta(seconds=3)) - timedelta(days=days_ago)
    made = run_of(101, started=started, **{key: changes.pop(key) for key in ("node", "job_id") if key in changes})
    status = changes.pop("status", "OK")
    warnings = changes.pop("count", 0)
    changed = replace(made.outcomes[0], job_id=made.job_id, node=made.node, **changes)
    return replace(made, status=status, warnings=warnings, outcomes=(changed,))


def past(*runs: RunRecord, began_days_ago: float = 30, **changes: Any) -> History:
    """Return a history in which guest and job were there from the beginning."""
    values: dict[str, Any] = {
        "guests": {101: KNOWN},
        "jobs": {
            "nightly": JobRecord(job_id="nightly", name="nightly", first_seen=None, enabled=True, schedule="23:00")
        },
        **changes,
    }
    began = NOW - timedelta(days=began_days_ago)
    return History(began=began, evaluated=NOW, runs={run.upid: run for run in runs}, **values)


def seen(history: History, *, now: datetime = NOW, jobs: Iterable[Any] = (NIGHTLY,), **changes: Any) -> Assessment:
    jobs = tuple(jobs)
    unedited = {
        job.job_id: replace(history.jobs[job.job_id], schedule=job.schedule)
        for job in jobs
        if job.job_id in history.jobs
    }
    history = replace(history, jobs={**history.jobs, **unedited})
    return judge(facts([guest(101)], jobs, now=now, **changes), history)


def wall_of(assessment: Assessment, *, days: int = 7, now: datetime = NOW, zone: ZoneInfo = BERLIN) -> Wall:
    return Wall(assessment=assessment, policy=Policy(), now=now, days=Days.ending(now, zone, days))


def cells(assessment: Assessment, **changes: Any) -> str:
    wall = wall_of(assessment, **changes)
    view = assessment.guests[101]
    return guest_cells(view.guest, view.verdict, wall)[0]


def cells_of_job(assessment: Assessment, **changes: Any) -> str:
    return job_cells(assessment.jobs["nightly"], wall_of(assessment, **changes))[0]


def nights(*ago: int) -> list[RunRecord]:
    return [night(days) for days in ago]


def test_a_good_week_is_ok_and_today_is_still_due() -> None:
    assessment = seen(past(*nights(0, 1, 2, 3, 4, 5)))
    assert cells(assessment) == "oooooop"
    assert cells_of_job(assessment) == "oooooop"


def test_a_failed_night_is_failed() -> None:
    failed = night(2, result=Result.FAILED, error="timeout", status="job errors")
    assessment = seen(past(*nights(0, 1, 3, 4, 5), failed))
    assert cells(assessment) == "ooofoop"
    assert cells_of_job(assessment) == "ooofoop"


@pytest.mark.parametrize("result", [Result.FAILED, Result.CANCELLED, Result.INTERRUPTED, Result.NOT_REACHED])
def test_whatever_is_no_backup_is_failed(result: Result) -> None:
    assert cells(seen(past(night(result=result, error="x", status="job errors"), *nights(1, 2, 3, 4, 5)))) == "ooooofp"


def test_a_good_backup_with_warnings_is_marked() -> None:
    assessment = seen(past(night(warnings=("prune_failed",), status="WARNINGS: 1", count=1), *nights(1, 2, 3, 4, 5)))
    assert cells(assessment) == "ooooowp"
    assert cells_of_job(assessment) == "ooooowp"


def test_a_night_without_a_run_is_missed() -> None:
    assessment = seen(past(*nights(0, 1, 4, 5)))
    assert cells(assessment) == "oommoop"
    assert cells_of_job(assessment) == "oommoop"


def test_the_newest_slots_are_missed_as_the_verdict_says() -> None:
    assessment = seen(past(*nights(3, 4, 5)))
    assert assessment.guests[101].verdict.status == "overdue"
    assert cells(assessment) == "ooommmp"


def test_before_the_first_look_nobody_knows_of_slots() -> None:
    """The runs that Proxmox still lists are shown, and what lies between them is not called missed."""
    assessment = seen(past(*nights(0, 4), began_days_ago=0))
    assert cells(assessment) == "uouuuop"
    assert cells_of_job(assessment) == "uouuuop"


def test_a_weekly_job_is_not_due_in_between() -> None:
    weekly = job("nightly", 101, schedule="sun 23:00", storage="nas")
    sunday = night(2)
    assert cells(seen(past(sunday), jobs=[weekly])) == "nnnonnn"


def test_a_guest_in_no_job_is_never_due() -> None:
    assert cells(seen(past(), jobs=[])) == "nnnnnnn"


def test_slots_from_before_the_job_was_enabled_are_not_missed() -> None:
    enabled = JobRecord(
        job_id="nightly",
        name="nightly",
        first_seen=None,
        enabled=True,
        schedule="23:00",
        owed_since=NOW - timedelta(days=2),
        owed_because="enabled",
    )
    assessment = seen(past(night(0), jobs={"nightly": enabled}))
    assert cells(assessment) == "nnnnmop"
    assert cells_of_job(assessment) == "nnnnmop"


def test_a_new_guest_has_no_past() -> None:
    record = GuestRecord(
        vmid=101,
        guest_type="qemu",
        name="g101",
        node="pve1",
        first_seen=NOW - timedelta(days=2),
        since=NOW - timedelta(days=2),
    )
    assert cells(seen(past(*nights(0, 1, 4), guests={101: record}))) == "uuuuoop"


def test_before_a_vmid_was_used_again_it_was_another_guest() -> None:
    container = night(4, guest_type="lxc")
    assert cells(seen(past(*nights(0, 1), container)))[2] == "m"


def test_a_run_in_progress_shows_on_its_day() -> None:
    started = NOW - timedelta(minutes=10)
    going_on = run("\n".join(good_log(101, at=started).splitlines()[:5]), status=None, started=started)
    assessment = seen(past(*nights(0, 1, 2, 3, 4, 5)), runs=[going_on])
    assert cells(assessment) == "oooooor"
    assert cells_of_job(assessment) == "oooooor"
    assert (
        runs_of_guest(assessment.guests[101].guest, assessment.guests[101], wall_of(assessment))[0].result == "running"
    )


def test_a_backup_by_hand_makes_up_for_a_failure_of_the_day() -> None:
    failed = night(1, result=Result.FAILED, error="x", status="job errors")
    by_hand = night(
        1, started=LAST_SLOT + timedelta(minutes=40), by_hand=True, job_id=None, confidence=Confidence.MANUAL
    )
    assert cells(seen(past(*nights(0, 2, 3, 4, 5), failed, by_hand))) == "oooooop"


def test_a_failure_by_hand_takes_nothing_away() -> None:
    by_hand = night(
        1,
        started=LAST_SLOT + timedelta(minutes=40),
        by_hand=True,
        job_id=None,
        result=Result.FAILED,
        error="x",
        confidence=Confidence.MANUAL,
    )
    assert cells(seen(past(*nights(0, 1, 2, 3, 4, 5), by_hand))) == "oooooop"


def test_the_worse_of_two_jobs_is_shown() -> None:
    other = job("other", 101, schedule="12:00", storage="nas")
    noon = LAST_SLOT.replace(hour=10) + timedelta(seconds=3)
    failed = night(0, started=noon, job_id="other", result=Result.FAILED, error="x", status="job errors")
    assessment = seen(past(*nights(0, 1, 2, 3, 4, 5), failed), jobs=[NIGHTLY, other])
    assert cells(assessment)[5] == "f"


def test_a_run_hours_after_its_slot_is_late() -> None:
    morning = job("nightly", 101, schedule="3:00", storage="nas")
    slot = datetime(2025, 9, 3, 1, 0, 3, tzinfo=UTC)
    runs = [night(days, started=slot) for days in (0, 2, 3, 4, 5, 6)]
    late = night(1, started=slot + timedelta(hours=5))
    known = {"nightly": JobRecord(job_id="nightly", name="", first_seen=None, enabled=True, schedule="3:00")}
    assessment = seen(past(*runs, late, jobs=known), jobs=[morning])
    assert cells(assessment) == "ooooowo"
    assert cells_of_job(assessment) == "ooooowo"
    early = night(1, started=slot)
    assert cells(seen(past(*runs, early, late, jobs=known), jobs=[morning])) == "ooooooo"


def test_a_slot_just_before_midnight_keeps_its_run() -> None:
    late_job = job("nightly", 101, schedule="23:59", storage="nas")
    runs = [night(days, started=datetime(2025, 9, 2, 22, 0, 20, tzinfo=UTC)) for days in range(6)]
    assessment = seen(past(*runs), jobs=[late_job])
    assert cells(assessment) == "oooooop"
    assert cells_of_job(assessment) == "oooooop"


def test_days_are_those_of_the_given_zone() -> None:
    """In Tokyo it is 06:00 of the next day when the job starts."""
    assessment = seen(past(*nights(0, 1, 2, 3, 4, 5, 6)))
    assert cells(assessment, zone=ZoneInfo("Asia/Tokyo")) == "ooooooo"


@pytest.mark.parametrize(
    ("now", "hours"),
    [(datetime(2025, 10, 26, 11, tzinfo=UTC), 25), (datetime(2025, 3, 30, 10, tzinfo=UTC), 23)],
)
def test_a_day_on_which_the_clocks_change_is_longer_or_shorter(now: datetime, hours: int) -> None:
    days = Days.ending(now, BERLIN, 7)
    assert days.starts[-1] - days.starts[-2] == timedelta(hours=hours)
    assert len(set(days.dates)) == 7
    assert days.index(days.starts[-1] - timedelta(seconds=1)) == 6
    assert days.index(days.starts[-1]) is None
    assert days.index(days.starts[0] - timedelta(seconds=1)) is None
    doubled = job("nightly", 101, schedule="2:30", storage="nas")
    runs = [night(0, started=start + timedelta(hours=2, minutes=30)) for start in days.starts[:6]]
    runs.append(night(0, started=days.starts[6] + timedelta(hours=2 if hours == 23 else 3, minutes=30)))
    history = replace(past(*runs), began=now - timedelta(days=30), evaluated=now)
    assert "m" not in cells(seen(history, jobs=[doubled], now=now), now=now)


def test_midnight_that_does_not_exist_begins_with_the_change() -> None:
    days = Days.ending(datetime(2025, 9, 7, 15, tzinfo=UTC), ZoneInfo("America/Santiago"), 2)
    assert days.dates[-1] == date(2025, 9, 7)
    assert days.starts[-1] - days.starts[-2] == timedelta(hours=23)


@pytest.mark.parametrize(("last_seen", "shown"), [(timedelta(hours=12), "ooouuup"), (timedelta(hours=3), "ooomuup")])
def test_what_happened_while_nobody_could_look_is_not_known(last_seen: timedelta, shown: str) -> None:
    """A slot that passed in vain while its node could be seen is missed."""
    unseen = NodeFacts(
        name="pve1",
        zone=BERLIN,
        blindness=Blindness.NODE_UNREACHABLE,
        tasks_read=NOW - timedelta(days=2) - last_seen,
    )
    nodes = {"pve1": unseen, "pve2": NodeFacts(name="pve2", zone=BERLIN)}
    assert cells(seen(past(*nights(3, 4, 5)), nodes=nodes)) == shown


def test_an_archive_proves_a_backup_whose_run_is_forgotten() -> None:
    archive = Archive(
        volid="nas:backup/x", storage="nas", vmid=101, guest_type="qemu", ctime=int(LAST_SLOT.timestamp()) + 5
    )
    listing = ArchiveListing(read_at=NOW, archives=(archive,), complete=True, detailed=False)
    storage = StorageFacts(storage="nas", node=None, plugin_type="nfs", active_on=frozenset({"pve1"}), listing=listing)
    assessment = seen(past(*nights(1, 2, 3, 4, 5)), storages=(storage,))
    assert cells(assessment) == "oooooop"
    points = restore_points_of(assessment.guests[101].guest, assessment.context)
    assert [(point.archive.volid, point.finished) for point in points] == [("nas:backup/x", True)]


def test_runs_are_told_newest_first_with_the_slots_that_were_missed() -> None:
    failed = night(
        1, result=Result.FAILED, error="VM 101 qmp command 'backup' failed - got timeout", status="job errors"
    )
    assessment = seen(past(night(0), failed, *nights(3, 4, 5)))
    runs = runs_of_guest(assessment.guests[101].guest, assessment.guests[101], wall_of(assessment))
    assert [run.result for run in runs] == ["ok", "failed", "missed", "ok", "ok", "ok"]
    assert runs[2].started == LAST_SLOT - timedelta(days=2)
    assert (runs[2].upid, runs[2].job_name, runs[2].day) == (None, "23:00 → nas", date(2025, 8, 31))
    assert runs[1].cause is not None
    of_job = runs_of_job(assessment.jobs["nightly"], wall_of(assessment))
    assert [run.result for run in of_job] == ["ok", "failed", "missed", "ok", "ok", "ok"]


def test_sizes_are_those_of_each_day_s_last_good_backup() -> None:
    failed = night(1, result=Result.FAILED, error="x", status="job errors", size=None)
    assessment = seen(past(night(0, size=100), failed, night(2, size=300)))
    wall = wall_of(assessment)
    for of in (sizes_of_guest(assessment.guests[101].guest, wall), sizes_of_job(assessment.jobs["nightly"], wall)):
        assert (of.storage, of.sizes, of.sent) == ("nas", [None, None, None, 300, None, 100, None], [None] * 7)


def test_sizes_on_another_storage_do_not_mix_in() -> None:
    """A sunday's copy on a backup server is of another size."""
    copy = night(1, started=LAST_SLOT + timedelta(hours=2), storage="pbs", size=5, job_id="other")
    assessment = seen(past(night(0, size=100), night(1, size=100), copy, night(2, size=100)))
    found = sizes_of_guest(assessment.guests[101].guest, wall_of(assessment))
    assert (found.storage, found.sizes) == ("nas", [None, None, None, 100, 100, 100, None])
    archive = assessment.guests[101].figures.archive
    assert archive is not None
    assert (archive.storage, archive.size) == ("nas", 100)


def test_what_was_sent_to_a_backup_server_is_told_apart_from_the_size_of_the_archive() -> None:
    pbs = StorageFacts(storage="pbs", node=None, plugin_type="pbs", active_on=frozenset({"pve1"}))
    runs = [night(ago, storage="pbs", size=1000, transferred=20) for ago in range(3)]
    assessment = seen(past(*runs), storages=(pbs,))
    found = sizes_of_guest(assessment.guests[101].guest, wall_of(assessment))
    assert (found.storage, found.sizes[3:6], found.sent[3:6]) == ("pbs", [1000] * 3, [20] * 3)


def test_a_job_that_starts_twice_a_day_shows_the_size_of_the_last_start_and_not_of_both() -> None:
    morning = night(0, started=LAST_SLOT - timedelta(hours=11), size=70)
    assessment = seen(past(night(0, size=100), morning))
    assert sizes_of_job(assessment.jobs["nightly"], wall_of(assessment)).sizes[5] == 100


def test_a_guest_that_was_removed_keeps_its_days() -> None:
    gone = GuestRecord(
        vmid=102, guest_type="lxc", name="old", node="pve1", first_seen=None, absent_since=NOW - timedelta(days=3)
    )
    runs = [
        replace(made, outcomes=(outcome(102, made.started, made.upid, guest_type="lxc"),))
        for made in (run_of(102, started=LAST_SLOT - timedelta(days=days)) for days in (4, 5))
    ]
    history = past(*runs)
    assessment = seen(replace(history, guests={**history.guests, 102: gone}))
    [(removed, _)] = gone_guests(assessment, NOW - timedelta(days=7))
    assert (removed.vmid, removed.name) == (102, "old")
    assert guest_cells(removed, None, wall_of(assessment))[0] == "oonnnnn"


def test_five_hundred_guests_and_sixty_days_take_little_time() -> None:
    """A bound that a machine under load keeps too; the benchmark measures exactly."""
    guests = [guest(100 + number) for number in range(500)]
    nightly = job("nightly", *(one.vmid for one in guests), schedule="23:00", storage="nas")
    runs = [
        run_of(*(one.vmid for one in guests), started=LAST_SLOT + timedelta(seconds=3) - timedelta(days=days))
        for days in range(60)
    ]
    assessment = judge(
        facts(guests, [nightly]), History(began=NOW - timedelta(days=90), runs={run.upid: run for run in runs})
    )
    wall = wall_of(assessment, days=60)
    rows = [guest_cells(view.guest, view.verdict, wall)[0] for view in assessment.guests.values()]
    assert set(rows) == {"o" * 59 + "p"}
