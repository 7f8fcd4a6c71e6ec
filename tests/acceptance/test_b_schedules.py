"""Rows B01 to B34: when a backup was due, by the clocks that count."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.views.wall.days import Days
from custom_components.proxmox_backup_checker.checker.views.wall.nights import Wall, guest_cells
from simulator.outcomes import failed, running

from .home import Home

# Mondays at noon in Berlin, a week before the clocks are put forward and back.
BEFORE_SUMMER = datetime(2026, 3, 23, 11, tzinfo=UTC)
BEFORE_WINTER = datetime(2026, 10, 19, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
GUESTS = (101, 102, 103, 104)


def skip_next_run(home: Home) -> None:
    """Let the scheduler of every node sleep through what comes, without a trace."""
    home.pve.scheduler.active = False
    home.pve.scheduler.changed(home.pve.job("nightly"))


def run_again(home: Home) -> None:
    """Let the scheduler go on; what it slept through is not made up for."""
    home.pve.scheduler.active = True
    home.pve.scheduler.changed(home.pve.job("nightly"))


async def test_b01_a_weekly_job_is_fine_all_week(home: Home) -> None:
    home.pve.job("nightly").reschedule("sun 01:00")
    await home.until("2026-01-18T06:00:00")
    assert home.guest(101).brief == ("off", "ok")

    assert set(await home.live(days=6, step=timedelta(hours=6))) == {""}
    assert home.guest(101).brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")


async def test_b02_a_weekly_job_that_misses_its_sunday_is_overdue_on_the_same_sunday(home: Home) -> None:
    home.pve.job("nightly").reschedule("sun 01:00")
    await home.until("2026-01-18T06:00:00")
    skip_next_run(home)
    await home.until("2026-01-26T08:00:00")

    assert home.guest(101).brief == ("on", "overdue")
    assert home.job().brief == ("on", "overdue")
    # The Sunday's slot at 01:00 in Berlin, and two hours.
    assert datetime.fromisoformat(home.guest(101).attributes["since"]) == datetime(2026, 1, 25, 2, tzinfo=UTC)


async def test_b03_a_job_on_working_days_rests_at_the_weekend(home: Home) -> None:
    home.pve.job("nightly").reschedule("mon..fri 21:00")
    await home.until("2026-01-18T12:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert datetime.fromisoformat(home.guest(101).attributes["next_due"]) == datetime(2026, 1, 19, 20, tzinfo=UTC)


@pytest.mark.parametrize(("schedule", "day"), [("*-1,15 02:00", 14), ("monthly", 21), ("quarterly", 21)])
async def test_b04_rare_jobs_are_fine_between_their_runs(home: Home, schedule: str, day: int) -> None:
    home.pve.job("nightly").reschedule(schedule)
    await home.until("2026-04-02T06:00:00")
    await home.until(f"2026-04-{day}T06:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")


async def test_b05_a_job_on_the_first_saturday_is_fine_on_the_third(home: Home) -> None:
    home.pve.job("nightly").reschedule("sat *-*-1..7 15:00")
    await home.until("2026-02-21T18:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert datetime.fromisoformat(home.guest(101).attributes["next_due"]) == datetime(2026, 3, 7, 14, tzinfo=UTC)


@pytest.mark.parametrize("schedule", ["*/4:00", "hourly"])
async def test_b06_one_missed_slot_of_many_is_forgotten_after_the_next_good_run(home: Home, schedule: str) -> None:
    home.pve.job("nightly").reschedule(schedule)
    await home.until("2026-01-12T19:30:00")
    skip_next_run(home)
    await home.until("2026-01-12T22:10:00")
    run_again(home)
    await home.until("2026-01-13T06:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")


async def test_b07_a_schedule_in_utc_is_not_in_the_nodes_zone(home: Home) -> None:
    home.pve.job("nightly").reschedule("06:00 UTC")
    await home.until("2026-01-13T12:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert datetime.fromisoformat(home.guest(101).attributes["next_due"]) == datetime(2026, 1, 14, 6, tzinfo=UTC)
    skip_next_run(home)
    await home.until("2026-01-14T07:55:00")
    assert home.guest(101).brief == ("off", "ok")
    await home.until("2026-01-14T08:05:00")
    assert home.guest(101).brief == ("on", "overdue")


async def test_b08_slots_are_those_of_the_nodes_zone(home: Home) -> None:
    for node in home.pve.nodes.values():
        node.timezone = "America/New_York"
    home.pve.scheduler.changed(home.pve.job("nightly"))
    await home.until("2026-01-13T12:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert datetime.fromisoformat(home.guest(101).attributes["next_due"]) == datetime(2026, 1, 14, 7, tzinfo=UTC)


async def test_b09_each_node_has_its_own_slot_and_the_later_one_is_waited_for(home: Home) -> None:
    home.pve.node("pve2").timezone = "America/New_York"
    home.pve.scheduler.changed(home.pve.job("nightly"))
    await home.until("2026-01-13T12:00:00")
    assert home.job().brief == ("off", "ok")
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-14T05:00:00")
    home.pve.node("pve2").come_online()
    skip_next_run(home)
    await home.until("2026-01-14T08:55:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(102).brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")
    await home.until("2026-01-14T09:05:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(102).brief == ("on", "overdue")
    assert home.job().brief == ("on", "overdue")


@pytest.mark.parametrize("start", [BEFORE_SUMMER])
async def test_b10_a_slot_that_the_clocks_skip_is_never_overdue_and_announced(home: Home) -> None:
    home.pve.job("nightly").reschedule("02:30")
    await home.until("2026-03-28T11:00:00")
    assert home.job().brief == ("off", "ok")
    assert "2026-03-29" in str(home.job().attributes["findings"])
    seen = await home.live(hours=36, step=timedelta(hours=4))

    assert set(seen) == {""}
    assert home.job().brief == ("off", "ok")
    assert home.job().attributes["findings"] is None


@pytest.mark.parametrize("start", [BEFORE_SUMMER])
async def test_b10_a_weekly_slot_that_the_clocks_will_skip_is_announced_within_the_week(home: Home) -> None:
    home.pve.job("nightly").reschedule("sun 02:30")
    home.pve.job("nightly").run()
    await home.after(hours=1)

    assert "2026-03-29" in str(home.job().attributes["findings"])


@pytest.mark.parametrize("start", [BEFORE_WINTER])
async def test_b11_an_hour_that_comes_twice_needs_one_run_only(home: Home) -> None:
    home.pve.job("nightly").reschedule("02:30")
    await home.until("2026-10-24T20:00:00")
    seen = await home.live(hours=12, step=timedelta(hours=1))
    seen += await home.live(hours=20, step=timedelta(hours=5))

    assert set(seen) == {""}
    assert home.job().brief == ("off", "ok")


@pytest.mark.parametrize("start", [BEFORE_WINTER])
async def test_b12_an_hourly_job_gives_no_alarm_when_the_clocks_are_put_back(home: Home) -> None:
    home.pve.job("nightly").reschedule("hourly")
    await home.until("2026-10-24T23:00:00")
    seen = await home.live(hours=6, step=timedelta(hours=1))

    assert set(seen) == {""}
    assert home.job().brief == ("off", "ok")


async def test_b14_a_node_whose_clock_is_ahead_by_minutes_is_fine(home: Home) -> None:
    for node in home.pve.nodes.values():
        node.skew = 240
    home.pve.scheduler.changed(home.pve.job("nightly"))
    await home.until("2026-01-13T01:01:00")
    assert home.guest(101).problem == "off"
    await home.until("2026-01-13T05:00:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.cluster().brief == ("off", "ok")
    home.pve.node("pve1").set_clock(310)
    await home.after(hours=1)
    assert home.cluster().brief == ("off", "warning")
    assert "The clock of pve1 is 5 min off Home Assistant's." in str(home.cluster().attributes["findings"])


async def test_b15_a_node_whose_clock_is_wrong_by_hours_is_judged_by_its_own_clock(home: Home) -> None:
    for node in home.pve.nodes.values():
        node.skew = 3 * 3600
    home.pve.scheduler.changed(home.pve.job("nightly"))
    await home.until("2026-01-13T02:00:00")
    assert home.cluster().brief == ("off", "warning")
    assert "180 min off Home Assistant's. Set up time synchronisation (chrony)" in str(
        home.cluster().attributes["findings"]
    )
    seen = await home.live(hours=30, step=timedelta(hours=5))

    assert set(seen) == {""}
    assert home.guest(101).brief == ("off", "ok")
    skip_next_run(home)
    await home.until("2026-01-14T23:30:00")
    assert home.guest(101).brief == ("off", "ok")
    await home.until("2026-01-15T00:30:00")
    assert home.guest(101).brief == ("on", "overdue")


async def test_b16_a_clock_that_was_set_back_changes_no_verdict(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    before = [home.guest(vmid).brief for vmid in GUESTS]
    home.freezer.move_to(datetime(1970, 1, 1, tzinfo=UTC))
    assert home.entry is not None
    await home.entry.runtime_data.async_refresh()
    await home.hass.async_block_till_done()

    assert [home.guest(vmid).brief for vmid in GUESTS] == before == [("off", "ok")] * 4
    assert home.job().brief == ("off", "ok")
    assert home.cluster().brief == ("off", "ok")


async def test_b17_host_off_at_slot(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    await home.until("2026-01-13T22:00:00")
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-14T00:30:00")
    await home.until("2026-01-14T02:00:00")
    home.pve.clock.set(datetime(2026, 1, 14, 3, tzinfo=UTC))
    home.pve.node("pve2").come_online()
    await home.until("2026-01-14T06:00:00")

    assert (home.guest(102).brief, home.guest(102).reason_code) == (("on", "overdue"), "host_was_off")
    assert "pve2 was off then, and the job “nightly” does not repeat missed runs" in home.guest(102).reason
    assert "02:00" in home.guest(102).reason
    assert "Run now" in home.guest(102).reason
    assert home.guest(101).brief == ("off", "ok")
    assert home.job().brief == ("on", "overdue")


async def test_b18_a_run_made_up_for_after_the_start_of_the_host_is_fine(home: Home) -> None:
    home.pve.job("nightly").change(repeat_missed=1)
    await home.until("2026-01-13T22:00:00")
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-14T03:05:00")
    assert home.guest(102).brief == ("on", "overdue")
    home.pve.node("pve2").come_online()
    await home.until("2026-01-14T06:00:00")

    assert home.guest(102).brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")
    days = Days.ending(home.now, BERLIN, 2)
    wall = Wall(assessment=home.assessment, policy=Policy(), now=home.now, days=days)
    assert [guest_cells(view.guest, view.verdict, wall)[0] for view in home.assessment.guests.values()][:2] == [
        "oo",
        "ow",
    ]


async def test_b19_a_new_job_owes_nothing_for_today(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    home.pve.add_vm(110, "new", "pve1", size=4)
    home.pve.add_job("fresh", "03:00", "nas", vmid="110")
    seen = await home.live(hours=20, step=timedelta(hours=4))

    assert set(seen) == {""}
    assert home.guest(110).brief == ("off", "pending")
    assert home.job("fresh").brief == ("off", "pending")
    await home.until("2026-01-14T08:00:00")
    assert home.guest(110).brief == ("off", "ok")


async def test_b20_an_edited_schedule_owes_nothing_for_the_slots_before(home: Home) -> None:
    await home.until("2026-01-13T11:00:00")
    home.pve.job("nightly").reschedule("10:00")
    seen = await home.live(hours=18, step=timedelta(hours=3))

    assert set(seen) == {""}
    await home.until("2026-01-14T15:00:00")
    assert home.guest(101).brief == ("off", "ok")


async def test_b20_editing_a_schedule_forgives_no_backup_that_is_missing(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    skip_next_run(home)
    await home.until("2026-01-14T11:00:00")
    assert home.guest(101).brief == ("on", "overdue")
    home.pve.job("nightly").reschedule("23:00")
    await home.after(hours=1)

    assert home.guest(101).problem == "on"
    assert datetime.fromisoformat(home.job().attributes["next_due"]) == datetime(2026, 1, 14, 22, tzinfo=UTC)
    run_again(home)
    await home.until("2026-01-14T23:30:00")
    assert home.guest(101).brief == ("off", "ok")


async def test_b21_a_job_enabled_again_owes_nothing_until_its_first_slot(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    home.pve.job("nightly").disable()
    await home.until("2026-01-27T11:00:00")
    home.pve.job("nightly").enable()
    await home.after(hours=1)

    assert home.guest(101).brief == ("off", "pending")
    assert home.last_success(101) is not None
    await home.until("2026-01-28T06:00:00")
    assert home.guest(101).brief == ("off", "ok")


async def test_b22_a_job_that_waits_for_the_lock_is_waiting_and_not_overdue(home: Home) -> None:
    home.pve.add_job("second", "03:00", "local", vmid="101,102")
    await home.until("2026-01-14T05:00:00")
    runs = []
    home.pve.job("nightly").next_run_ends({103: running(50), 102: running(50)})
    await home.until("2026-01-15T02:30:00")
    runs = [run for node in home.pve.nodes.values() for run in node.runs if run.job is home.pve.job("nightly")]

    assert home.job("second").brief == ("off", "waiting")
    assert [home.guest(vmid).problem for vmid in GUESTS] == ["off"] * 4
    for run in runs:
        run.go_on()
    await home.until("2026-01-15T05:00:00")
    assert home.job("second").brief == ("off", "ok")
    assert [home.guest(vmid).brief for vmid in GUESTS] == [("off", "ok")] * 4


async def test_b23_a_run_longer_than_its_interval_is_a_warning_and_skips_no_slot(home: Home) -> None:
    slow = home.pve.guest(101)
    slow.speed = slow.size / 1024**2 / (20 * 3600)
    for night in (13, 14):
        await home.until(f"2026-01-{night}T23:30:00")
    home.pve.job("nightly").next_run_ends({103: running(50)})
    await home.until("2026-01-15T05:00:00")
    await home.until("2026-01-16T07:00:00")

    assert home.job().brief == ("off", "running")
    assert home.job().reason_code == "run_longer_than_interval"
    assert home.guest(101).problem == "off"
    assert home.guest(103).brief == ("off", "running")
    await home.until("2026-01-18T12:00:00")

    assert (home.job().problem, home.job().reason_code) == ("on", "run_hangs")
    assert [home.guest(vmid).problem for vmid in (101, 103)] == ["on", "on"]


async def test_b24_a_job_without_a_schedule_never_runs_by_itself(home: Home) -> None:
    home.pve.add_vm(110, "forgotten", "pve1", size=4)
    home.pve.add_job("by-hand", "", "nas", vmid="110,101")
    await home.until("2026-01-13T05:00:00")

    assert (home.job("by-hand").brief, home.job("by-hand").reason_code) == (
        ("off", "warning"),
        "job_never_runs_by_itself",
    )
    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(110).brief == ("on", "uncovered")


async def test_b26_a_schedule_that_cannot_be_read_is_unknown_and_never_taken_for_daily(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    home.pve.job("nightly").schedule = "every full moon"
    await home.after(hours=1)

    assert home.job().brief == ("unknown", "unknown")
    assert home.job().reason_code == "schedule_unreadable"
    assert "every full moon" in home.job().reason
    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["next_due"] is None
    await home.until("2026-01-14T12:00:00")
    assert home.guest(101).brief == ("off", "ok")
    await home.until("2026-01-16T02:00:00")
    assert home.guest(101).brief == ("unknown", "unknown")
    await home.after(hours=25)
    assert home.guest(101).problem == "on"


async def test_b27_a_disabled_job_promises_no_next_run(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    home.pve.job("nightly").disable()
    await home.after(hours=1)

    assert home.job().brief == ("off", "paused")
    assert home.job().attributes["next_due"] is None


async def test_b28_a_look_right_after_the_slot_alarms_nobody(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    skip_next_run(home)
    await home.until("2026-01-14T01:00:05")

    assert home.guest(101).brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")


async def test_b29_overdue_never_mends_itself(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    skip_next_run(home)
    await home.until("2026-01-14T08:00:00")
    for days in (1, 2, 3, 5, 30):
        await home.until(datetime(2026, 1, 13, 8, tzinfo=UTC) + timedelta(days=days))
        assert home.guest(101).brief == ("on", "overdue")
        assert home.guest(101).attributes["failures"] == days
        assert home.job().brief == ("on", "overdue")


async def test_b30_after_three_days_without_home_assistant_the_present_is_shown(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    await home.until("2026-01-16T05:00:00")

    assert [home.guest(vmid).brief for vmid in GUESTS] == [("off", "ok")] * 4


async def test_a_failure_before_a_missed_slot_counts_on(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    home.pve.guest(101).fails(failed("no"))
    await home.until("2026-01-14T05:00:00")
    skip_next_run(home)
    await home.until("2026-01-15T08:00:00")

    assert home.guest(101).brief == ("on", "overdue")
    assert home.guest(101).attributes["failures"] == 2


@pytest.mark.parametrize("start", [BEFORE_WINTER])
async def test_b13_an_archive_of_the_hour_that_comes_twice_alarms_nobody(home: Home) -> None:
    home.pve.job("nightly").reschedule("02:15")
    home.pve.clock.set(datetime(2026, 10, 25, 6, tzinfo=UTC))
    for node in home.pve.nodes.values():
        node.tasks.index.clear()
    for archive in home.pve.storage("nas").archives:
        archive.ctime += 3600 if archive.ctime > 1792886400 else 0
    seen = await home.live(hours=16, step=timedelta(hours=4))

    assert set(seen) == {""}
    last = home.last_success(101)
    assert last is not None
    assert last <= home.now


async def test_b25_a_job_of_the_old_cron_file_is_judged_like_any_other(home: Home) -> None:
    home.pve.job("nightly").delete()
    job = home.pve.add_legacy_job("mon..fri 02:00", "nas", vmid="101,102,103,104", compress="zstd")
    await home.until("2026-01-16T05:00:00")
    await home.until("2026-01-18T12:00:00")

    assert ":" in job.id
    assert home.job(job.id).brief == ("off", "ok")
    assert [home.guest(vmid).brief for vmid in GUESTS] == [("off", "ok")] * 4
    home.pve.scheduler.active = False
    home.pve.scheduler.changed(job)
    await home.until("2026-01-19T05:00:00")
    assert home.job(job.id).brief == ("on", "overdue")


@pytest.mark.parametrize("start", [datetime(2026, 12, 14, 11, tzinfo=UTC)])
async def test_b31_the_turn_of_the_year_with_its_week_53_is_nothing_to_say(home: Home) -> None:
    home.pve.storage("nas").prune = "keep-weekly=4"
    for _ in range(14):
        await home.after(days=2)

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(101).attributes["findings"] is None
    # The newest of each week up to the one that goes on: 3 January 2027 is of week 53 of the year before.
    kept = [f"{datetime.fromtimestamp(archive.ctime, BERLIN):%F}" for archive in home.pve.storage("nas").archive(101)]
    assert kept == ["2027-01-11", "2027-01-10", "2027-01-03", "2026-12-27"]


async def test_b34_an_archive_that_a_node_in_another_zone_lists_is_no_later_than_it_is(home: Home) -> None:
    home.pve.node("pve2").timezone = "Asia/Tokyo"
    home.pve.job("nightly").reschedule("02:30")
    await home.until("2026-01-13T05:00:00")
    await home.until("2026-01-14T05:00:00")

    for vmid, night in ((101, "2026-01-14T01"), (102, "2026-01-13T17")):
        assert home.guest(vmid).brief == ("off", "ok")
        last = home.last_success(vmid)
        assert last is not None
        assert last.isoformat().startswith(night)


async def test_b32_a_guest_that_always_leaves_before_the_slot_stays_overdue_when_it_comes_back(home: Home) -> None:
    home.pve.job("nightly").delete()
    home.pve.add_job("first", "sat 01:00", "nas", vmid="101", node="pve1")
    home.pve.add_job("second", "sun 01:00", "nas", vmid="101", node="pve2")
    await home.until("2026-01-17T06:00:00")
    assert home.guest(101).brief == ("off", "ok")
    await home.until("2026-01-23T12:00:00")
    home.pve.guest(101).migrate("pve2")
    await home.until("2026-01-24T12:00:00")
    home.pve.guest(101).migrate("pve1")
    await home.until("2026-01-25T12:00:00")

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("on", "overdue"), "moved_between_jobs")
    assert "bound to nodes" in home.guest(101).reason
    await home.until("2026-01-28T12:00:00")
    assert home.guest(101).brief == ("on", "overdue")


async def test_b33_what_a_clock_years_ahead_has_dated_proves_nothing_and_is_named(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")
    home.pve.node("pve1").set_clock(20 * 365 * 86400)
    home.pve.backup_by_hand([101], "nas")
    home.pve.node("pve1").set_clock(0)
    skip_next_run(home)
    await home.until("2026-01-14T08:00:00")

    assert home.guest(101).brief == ("on", "overdue")
    assert home.job().brief == ("on", "overdue")
    last = home.last_success(101)
    assert last is not None
    assert last < home.now
    assert "Check the clock of pve1" in str(home.guest(101).attributes["findings"])
