"""Rows B01 to B34 in clusters that have little in common: when a backup was due, by the clocks that count."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.model.verdict import Status
from simulator.outcomes import failed, running, storage_unreachable

from .scene import (
    IO_ERROR,
    NIGHTLY,
    Scene,
    backup_server,
    brief,
    everywhere,
    in_one_zone,
    on_several_nodes,
    one_host,
    several_nodes,
    two_zones,
)

OK, FAILED, OVERDUE, PENDING = (
    (Status.OK, False),
    (Status.FAILED, True),
    (Status.OVERDUE, True),
    (Status.PENDING, False),
)
RUNNING, WAITING = (Status.RUNNING, False), (Status.WAITING, False)
HALF_AN_HOUR, ONE_HOUR, SIX_HOURS = timedelta(minutes=30), timedelta(hours=1), timedelta(hours=6)
LEAST_ALLOWANCE = timedelta(hours=2)


@everywhere
def test_b01_a_weekly_job_is_fine_all_week(scene: Scene) -> None:
    scene.nightly.reschedule("wed 02:00")
    scene.look()
    scene.night(2)
    assert scene.problems() == set()
    assert scene.live(days=6, step=SIX_HOURS) == set()
    assert (scene.of_job, scene.brief(scene.far)) == (OK, OK)


@everywhere
def test_b02_a_weekly_job_that_misses_its_day_is_overdue_since_the_deadline_of_that_day(scene: Scene) -> None:
    scene.nightly.reschedule("wed 02:00")
    scene.look()
    scene.night(2)
    scene.sleep()
    deadlines = [scene.slot(9, node=node) + LEAST_ALLOWANCE for node in (scene.here, scene.there)]
    scene.until(min(deadlines) - timedelta(minutes=5))
    assert (scene.of_job, scene.problems()) == (OK, set())
    scene.until(max(deadlines) + timedelta(days=1))
    for vmid, deadline in ((scene.first, deadlines[0]), (scene.far, deadlines[1])):
        assert (scene.brief(vmid), scene.guest(vmid).since) == (OVERDUE, deadline)
        assert "m" in scene.days(vmid)
    assert scene.of_job == OVERDUE
    scene.until(scene.slot(15))
    assert scene.brief(scene.first) == OVERDUE


@everywhere
def test_b03_a_job_on_working_days_rests_at_the_weekend(scene: Scene) -> None:
    scene.nightly.reschedule("mon..fri 21:00")
    scene.look()
    scene.until(scene.slot(4, 23))
    assert scene.live(hours=60, step=SIX_HOURS) == set()
    assert scene.job(NIGHTLY).next_due in {scene.slot(7, 21), scene.slot(7, 21, node=scene.there)}
    scene.sleep()
    scene.until(scene.slot(7, 21) + LEAST_ALLOWANCE + HALF_AN_HOUR)
    assert scene.brief(scene.first) == OVERDUE


@pytest.mark.parametrize(
    ("build", "schedule", "ran", "missed"),
    [
        (several_nodes, "*-1,15 02:00", (2026, 2, 1), (2026, 2, 15)),
        (backup_server, "monthly", (2026, 2, 1), (2026, 3, 1)),
        (two_zones, "quarterly", (2026, 4, 1), (2026, 7, 1)),
        (one_host, "*-*-29 02:00", (2026, 1, 29), (2026, 3, 29)),
    ],
    ids=[
        "twice a month",
        "monthly onto a backup server",
        "quarterly in two zones",
        "on the 29th, which February lacks",
    ],
)
def test_b04_a_rare_job_is_fine_until_it_misses_its_own_next_slot(
    build: Callable[[Scene], None], schedule: str, ran: tuple[int, int, int], missed: tuple[int, int, int]
) -> None:
    with Scene(build) as scene:
        scene.nightly.reschedule(schedule)
        scene.look()
        scene.until(datetime(*ran, 20, tzinfo=UTC))
        assert scene.problems() == set()
        scene.sleep()
        hour = 2 if "02:00" in schedule else 0
        slot = datetime(*missed, hour, tzinfo=scene.here.zone).astimezone(UTC)
        scene.until(slot - timedelta(days=7))
        assert (scene.of_job, scene.problems()) == (OK, set())
        scene.until(slot + timedelta(hours=1))
        assert (scene.brief(scene.first), scene.of_job[1]) == (OK, False)
        scene.until(slot + timedelta(hours=4))
        assert scene.brief(scene.first) == OVERDUE


@everywhere
@pytest.mark.parametrize(
    ("schedule", "ran", "following"),
    [("sat *-*-1..7 15:00", (2026, 2, 7), (2026, 3, 7)), ("wed *-*-22..28 15:00", (2026, 1, 28), (2026, 2, 25))],
)
def test_b05_a_job_on_a_certain_weekday_of_the_month_is_fine_on_the_others(
    scene: Scene, schedule: str, ran: tuple[int, int, int], following: tuple[int, int, int]
) -> None:
    scene.nightly.reschedule(schedule)
    scene.look()
    scene.until(datetime(*ran, 23, tzinfo=scene.here.zone).astimezone(UTC))
    assert scene.brief(scene.first) == OK
    assert scene.live(days=20, step=timedelta(days=1)) == set()
    assert scene.job(NIGHTLY).next_due == datetime(*following, 15, tzinfo=scene.here.zone)


@everywhere
@pytest.mark.parametrize(("schedule", "asleep"), [("*/4:00", 5), ("hourly", 4)])
def test_b06_slots_that_were_missed_are_told_once_and_over_with_the_next_good_run(
    scene: Scene, schedule: str, asleep: int
) -> None:
    scene.nightly.reschedule(schedule)
    scene.look()
    scene.until(scene.slot(1, 8, 30))
    assert scene.problems() == set()
    scene.sleep()
    assert f"job_{NIGHTLY}" in scene.live(hours=asleep + 3, step=HALF_AN_HOUR)
    scene.wake()
    scene.live(hours=4, step=HALF_AN_HOUR)
    assert (scene.brief(scene.first), scene.of_job, scene.problems()) == (OK, OK, set())
    assert 1 <= scene.happened.count("run_missed") <= (asleep + 3) * len({scene.here.name, scene.there.name})
    assert scene.happened.count("recovered") == scene.told.count("recovered") == 1


@everywhere
def test_b07_a_schedule_in_utc_is_due_by_utc_on_every_node(scene: Scene) -> None:
    scene.nightly.reschedule("06:00 UTC")
    scene.look()
    slot = datetime(2026, 1, 14, 6, tzinfo=UTC)
    scene.until(slot - timedelta(hours=20))
    assert scene.problems() == set()
    assert {scene.guest(vmid).next_due for vmid in scene.guests} <= {slot, slot - timedelta(hours=21)}
    scene.sleep()
    scene.until(slot + LEAST_ALLOWANCE - timedelta(minutes=5))
    assert scene.brief(scene.first) == scene.brief(scene.far) == OK
    scene.until(slot + LEAST_ALLOWANCE + timedelta(minutes=5))
    assert scene.brief(scene.first) == scene.brief(scene.far) == OVERDUE


@everywhere
def test_b08_slots_are_those_of_the_nodes_zone(scene: Scene) -> None:
    scene.good_night()
    for vmid in scene.guests:
        node = scene.cluster.node(scene.cluster.guest(vmid).node)
        ran = [run for run in scene.cluster.dispatch.ever if run.job is scene.nightly and run.node is node]
        assert abs(ran[0].started - scene.slot(1, node=node).timestamp()) < 60
    scene.sleep()
    scene.until(scene.slot(2) + LEAST_ALLOWANCE - timedelta(minutes=5))
    assert scene.brief(scene.first) == OK
    scene.until(scene.slot(2) + LEAST_ALLOWANCE + timedelta(minutes=5))
    assert scene.brief(scene.first) == OVERDUE


@pytest.mark.parametrize("scene", [two_zones], indirect=True)
@pytest.mark.parametrize("asleep", ["york", "auckland"])
def test_b09_each_node_has_its_own_slot_and_its_own_deadline(scene: Scene, asleep: str) -> None:
    scene.good_night()
    node = scene.cluster.node(asleep)
    mine = [vmid for vmid in scene.guests if scene.cluster.guest(vmid).node == asleep]
    others = [vmid for vmid in scene.guests if vmid not in mine]
    scene.play(scene.slot(2, node=node) - ONE_HOUR)
    node.go_offline()
    scene.play(scene.slot(2, node=node) + ONE_HOUR)
    node.come_online()
    scene.until(scene.slot(2, node=node) + LEAST_ALLOWANCE - timedelta(minutes=5))
    assert {scene.brief(vmid) for vmid in (*mine, *others)} == {OK}
    assert scene.of_job == OK
    scene.until(scene.slot(2, node=node) + LEAST_ALLOWANCE + timedelta(minutes=5))
    assert {scene.brief(vmid) for vmid in mine} == {OVERDUE}
    assert {scene.brief(vmid) for vmid in others} == {OK}
    assert scene.of_job == OVERDUE


def in_zone(zone: str, day: tuple[int, int, int], build: Callable[[Scene], None] = several_nodes) -> Scene:
    """Return a scene that begins at noon, UTC, four days before a change of the clocks, with all nodes in a zone."""
    scene = Scene(build, datetime(*day, 12, tzinfo=UTC) - timedelta(days=4))
    for node in scene.cluster.nodes.values():
        node.timezone = zone
    return scene


CLOCKS_BACK = {
    "Berlin": ("Europe/Berlin", (2026, 10, 25), 2),
    "Sydney": ("Australia/Sydney", (2026, 4, 5), 2),
    "Newfoundland, at one": ("America/St_Johns", (2026, 11, 1), 1),
}
clocks_back = pytest.mark.parametrize(("zone", "back", "hour"), CLOCKS_BACK.values(), ids=CLOCKS_BACK)
"""The clocks go back: in a zone, on a day, and the hour that comes twice."""


@pytest.mark.parametrize(
    ("zone", "forward", "build"),
    [
        ("Europe/Berlin", (2026, 3, 29), several_nodes),
        ("America/New_York", (2026, 3, 8), one_host),
        ("Australia/Sydney", (2026, 10, 4), backup_server),
    ],
    ids=["Berlin", "one host in New York", "a backup server in Sydney"],
)
def test_b10_a_slot_that_the_clocks_skip_is_announced_and_never_overdue(
    zone: str, forward: tuple[int, int, int], build: Callable[[Scene], None]
) -> None:
    with in_zone(zone, forward, build) as scene:
        scene.nightly.reschedule("02:30")
        scene.look()
        scene.until(scene.slot(3, 12))
        assert scene.problems() == set()
        [announced] = scene.job(NIGHTLY).findings
        assert (announced.code, announced.values["date"]) == (
            "slot_skipped_by_clock_change",
            f"{datetime(*forward):%F}",
        )
        assert scene.live(hours=30, step=HALF_AN_HOUR) == set()
        scene.sleep()
        scene.until(scene.slot(5, 2, 30) + timedelta(hours=3))
        assert scene.brief(scene.first) == OVERDUE
        assert scene.guest(scene.first).failures == 1


@clocks_back
@pytest.mark.parametrize("is_served", [True, False], ids=["served", "missed"])
def test_b11_an_hour_that_comes_twice_needs_one_run_and_needs_it(
    zone: str, back: tuple[int, int, int], hour: int, is_served: bool
) -> None:
    with in_zone(zone, back, one_host if is_served else several_nodes) as scene:
        scene.nightly.reschedule(f"{hour:02}:30")
        scene.look()
        scene.until(scene.slot(3, 12))
        assert scene.problems() == set()
        if not is_served:
            scene.sleep()
        seen = scene.live(hours=26, step=ONE_HOUR)
        assert (seen == set()) is is_served
        assert (scene.brief(scene.first), scene.guest(scene.first).failures) == ((OK, 0) if is_served else (OVERDUE, 1))


@clocks_back
@pytest.mark.parametrize("fold", [0, 1], ids=["in the first of the two hours", "in the second"])
def test_b11_a_run_in_either_of_the_two_hours_is_the_slots(
    zone: str, back: tuple[int, int, int], hour: int, fold: int
) -> None:
    with in_zone(zone, back) as scene:
        scene.nightly.reschedule(f"{hour:02}:30")
        scene.look()
        scene.until(scene.slot(3, 12))
        scene.sleep()
        scene.play(datetime(*back, hour, 30, tzinfo=scene.here.zone, fold=fold).astimezone(UTC))
        scene.nightly.start()
        assert scene.live(hours=9, step=ONE_HOUR) == set()
        assert (scene.brief(scene.first), scene.of_job) == (OK, OK)


@clocks_back
@pytest.mark.parametrize("schedule", ["hourly", "*:0/30"])
def test_b12_a_frequent_job_gives_no_alarm_when_the_clocks_are_put_back(
    zone: str, back: tuple[int, int, int], hour: int, schedule: str
) -> None:
    with in_zone(zone, back, one_host) as scene:
        scene.nightly.reschedule(schedule)
        scene.play(scene.slot(3, 20))
        scene.look()
        scene.until(scene.slot(3, 23))
        assert scene.live(hours=8, step=HALF_AN_HOUR) == set()
        assert "run_missed" not in scene.happened


@clocks_back
@pytest.mark.parametrize("shift", [-1, 0, 1], ids=["an hour early", "as written", "an hour late"])
def test_b13_the_name_of_an_archive_from_the_hour_that_comes_twice_alarms_nobody_though_it_is_all_that_is_left(
    zone: str, back: tuple[int, int, int], hour: int, shift: int
) -> None:
    with in_zone(zone, back) as scene:
        scene.nightly.reschedule(f"{hour:02}:15")
        scene.play(scene.slot(4, 6))
        for node in scene.cluster.nodes.values():
            node.tasks.index.clear()
        for vmid in scene.guests:
            scene.newest(vmid).ctime += shift * 3600
        scene.look()
        assert scene.problems() == set()
        last = scene.guest(scene.first).last_success
        assert last is not None
        assert last <= scene.now


@everywhere
@pytest.mark.parametrize("skew", [240, -240])
def test_b14_a_clock_that_is_off_by_minutes_alarms_nobody(scene: Scene, skew: int) -> None:
    for node in scene.cluster.nodes.values():
        node.skew = skew
    scene.cluster.scheduler.changed(scene.nightly)
    scene.look()
    scene.until(scene.slot(1) - timedelta(minutes=10))
    assert scene.live(minutes=30, step=timedelta(minutes=2)) <= set()
    assert scene.brief(scene.first) == OK
    assert scene.held.verdict.reason.code != "clock_skew"


@everywhere
@pytest.mark.parametrize("hours", [3, -3])
def test_b15_a_clock_that_is_off_by_hours_is_told_and_its_node_is_judged_by_it(scene: Scene, hours: int) -> None:
    scene.look()
    scene.here.set_clock(hours * 3600)
    scene.cluster.scheduler.changed(scene.nightly)
    night = scene.slot(2) - timedelta(hours=hours)
    scene.until(max(night, scene.slot(1, node=scene.there)) + timedelta(hours=3))
    assert scene.problems() == set()
    told = [scene.held.verdict.reason, *scene.held.verdict.findings]
    assert [(found.values["node"], found.values["minutes"]) for found in told if found.code == "clock_skew"] == [
        (scene.here.name, str(60 * hours))
    ]
    scene.sleep()
    scene.until(night + timedelta(days=1) + LEAST_ALLOWANCE - timedelta(minutes=5))
    assert scene.brief(scene.first) == OK
    scene.until(night + timedelta(days=1) + LEAST_ALLOWANCE + timedelta(minutes=5))
    assert scene.brief(scene.first) == OVERDUE


@everywhere
def test_b15_the_runs_of_a_clock_that_is_days_behind_are_seen(scene: Scene) -> None:
    scene.look()
    scene.here.set_clock(-72 * 3600)
    scene.cluster.scheduler.changed(scene.nightly)
    night = scene.slot(2) + timedelta(hours=72)
    assert scene.live(days=6, step=timedelta(hours=2)) == set()
    last = scene.guest(scene.first).last_success
    assert last is not None
    assert last >= night - timedelta(hours=72)


@everywhere
@pytest.mark.parametrize(
    "clock", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 10, tzinfo=UTC)], ids=["1970", "days ago"]
)
@pytest.mark.parametrize("bad", [False, True], ids=["all fine", "one failed"])
def test_b16_a_clock_of_ours_that_is_behind_after_a_start_changes_no_verdict(
    scene: Scene, clock: datetime, bad: bool
) -> None:
    scene.look()
    if bad:
        scene.cluster.guest(scene.second).fails(failed(IO_ERROR), job=NIGHTLY)
    scene.night(1)
    before, told = {vmid: scene.brief(vmid) for vmid in scene.guests}, [*scene.told]
    scene.restart()
    scene.look(at=clock)
    assert {vmid: scene.brief(vmid) for vmid in scene.guests} == before
    scene.after(minutes=10)
    assert {vmid: scene.brief(vmid) for vmid in scene.guests} == before
    assert scene.told == told


@everywhere
def test_b17_a_host_that_was_off_at_its_slot_owes_it_and_says_what_to_do(scene: Scene) -> None:
    scene.good_night()
    scene.play(scene.slot(2, node=scene.there) - ONE_HOUR)
    scene.there.go_offline()
    scene.look()
    scene.play(scene.slot(2, node=scene.there) + timedelta(hours=5))
    scene.there.come_online()
    scene.after(minutes=10)
    assert (scene.brief(scene.far), scene.guest(scene.far).reason.code) == (OVERDUE, "host_was_off")
    assert scene.job(NIGHTLY).reason.values["slot"] == scene.slot(2, node=scene.there)
    assert "m" in scene.days_of_job()
    assert scene.of_job == OVERDUE
    if scene.there is not scene.here:
        assert scene.brief(scene.first) == OK
    scene.night(3)
    assert (scene.of_job, scene.problems()) == (OK, set())


@everywhere
def test_b18_a_run_that_is_made_up_for_after_the_start_is_fine_and_called_late(scene: Scene) -> None:
    scene.nightly.change(repeat_missed=1)
    scene.good_night()
    scene.play(scene.slot(2, node=scene.there) - ONE_HOUR)
    scene.there.go_offline()
    scene.look()
    scene.until(scene.slot(2, node=scene.there) + timedelta(hours=2, minutes=10))
    assert scene.guest(scene.far).problem is (True if scene.there is not scene.here else None)
    scene.play(scene.slot(2, node=scene.there) + timedelta(hours=2, minutes=30))
    scene.there.come_online()
    scene.after(minutes=20)
    assert (scene.brief(scene.far), scene.of_job) == (OK, OK)
    assert (scene.days(scene.far)[-1], scene.days_of_job()[-1]) == ("w", "w")
    if scene.there is not scene.here:
        assert scene.brief(scene.first) == OK


@everywhere
def test_b18_a_run_that_is_made_up_for_and_dies_before_its_first_line_fails_its_job(scene: Scene) -> None:
    scene.nightly.change(repeat_missed=1)
    scene.good_night()
    scene.play(scene.slot(2, node=scene.there) - ONE_HOUR)
    scene.there.go_offline()
    scene.look()
    scene.play(scene.slot(2, node=scene.there) + timedelta(hours=2))
    scene.nightly.next_run_ends(outcome=storage_unreachable("no route to host"))
    scene.there.come_online()
    scene.after(minutes=20)
    assert (scene.brief(scene.far), scene.of_job) == (FAILED, FAILED)


@everywhere
def test_b19_a_new_job_owes_nothing_for_the_slot_before_it(scene: Scene) -> None:
    scene.good_night()
    scene.play(scene.slot(2, 10))
    scene.cluster.add_job("fresh", "03:00", scene.spare, vmid=str(scene.first), comment="fresh")
    scene.look()
    assert brief(scene.job("fresh")) == PENDING
    assert scene.live(hours=16, step=ONE_HOUR) == set()
    assert (brief(scene.job("fresh")), scene.brief(scene.first)) == (PENDING, OK)
    scene.cluster.scheduler.active = False
    scene.cluster.scheduler.changed(scene.cluster.job("fresh"))
    scene.until(scene.slot(3, 3) + timedelta(hours=3, minutes=25))
    assert (brief(scene.job("fresh")), scene.brief(scene.first)) == (PENDING, OK)
    scene.after(minutes=10)
    assert (brief(scene.job("fresh")), scene.brief(scene.first)) == (OVERDUE, OVERDUE)


@everywhere
@pytest.mark.parametrize("minutes", [40, 600], ids=["while the grace runs", "at noon"])
def test_b20_an_edit_forgives_no_slot_that_was_missed_before_it(scene: Scene, minutes: int) -> None:
    scene.good_night()
    scene.sleep()
    scene.until(scene.slot(2) + timedelta(minutes=minutes - 5))
    scene.nightly.schedule = "23:00"
    scene.wake()
    scene.after(minutes=5)
    scene.until(scene.slot(2) + timedelta(minutes=max(minutes, 125)))
    assert (scene.brief(scene.first), scene.of_job) == (OVERDUE, OVERDUE)
    assert (scene.guest(scene.first).since, scene.guest(scene.first).failures) == (scene.slot(2) + LEAST_ALLOWANCE, 1)
    assert scene.job(NIGHTLY).next_due in {scene.slot(2, 23), scene.slot(1, 23, node=scene.there)}
    scene.until(scene.slot(2, 22, 50))
    assert scene.brief(scene.first) == OVERDUE
    scene.until(scene.slot(3, 1))
    assert scene.brief(scene.first) == OK


@everywhere
def test_b21_a_job_enabled_again_owes_nothing_until_its_first_slot_and_then_owes_it(scene: Scene) -> None:
    scene.good_night()
    good = scene.guest(scene.first).last_success
    scene.nightly.disable()
    scene.live(days=14, step=timedelta(days=1))
    scene.play(scene.slot(16, 12))
    scene.nightly.enable()
    scene.look()
    assert scene.job(NIGHTLY).problem is False
    assert scene.guest(scene.first).problem is False
    if scene.storage != "pbs":
        assert (scene.brief(scene.first), scene.guest(scene.first).last_success) == (PENDING, good)
    scene.sleep()
    assert scene.live(hours=9, step=ONE_HOUR) == set()
    scene.until(max(scene.slot(17, node=node) for node in (scene.here, scene.there)) + timedelta(hours=3))
    assert (scene.of_job, scene.brief(scene.first)) == (OVERDUE, OVERDUE)


@everywhere
@pytest.mark.parametrize("before", [OK, FAILED], ids=["fine before", "failed before"])
def test_b22_a_job_that_waits_for_the_lock_is_as_well_as_it_was(scene: Scene, before: object) -> None:
    scene.cluster.add_job("waits", "02:30", scene.spare, vmid=str(scene.first), comment="waits")
    scene.look()
    if before == FAILED:
        scene.cluster.guest(scene.first).fails(failed(IO_ERROR), job="waits")
    scene.night(1)
    scene.cluster.guest(scene.first).recovers()
    scene.ends({scene.second: running()})
    scene.until(scene.slot(2) + timedelta(minutes=45))
    assert brief(scene.job("waits")) == (Status.WAITING, before == FAILED)
    assert scene.guest(scene.first).problem is (before == FAILED)
    scene.until(scene.slot(2) + timedelta(hours=3))
    assert brief(scene.job("waits")) == (Status.WAITING, before == FAILED)
    for run in scene.here.runs:
        run.go_on()
    scene.after(minutes=20)
    assert (brief(scene.job("waits")), scene.brief(scene.first)) == (OK, OK)


@everywhere
def test_b23_a_run_longer_than_its_interval_is_a_warning_and_one_that_hangs_a_problem(scene: Scene) -> None:
    for vmid in (scene.first, scene.second):
        guest = scene.cluster.guest(vmid)
        guest.speed, guest.filled = guest.size / 1024**2 / (9.9 * 3600), 1.0
    scene.cluster.jobs.pop("second", None)
    scene.look()
    for day in (1, 2, 3):
        scene.until(scene.slot(day, 23, 30))
    assert scene.problems() == set()
    scene.ends({scene.third: running()})
    scene.until(scene.slot(5) + timedelta(hours=6))
    assert (scene.of_job, scene.job(NIGHTLY).reason.code) == (RUNNING, "run_longer_than_interval")
    assert scene.problems() == set()
    scene.until(scene.slot(7) + timedelta(hours=6))
    assert (scene.job(NIGHTLY).problem, scene.job(NIGHTLY).reason.code) == (True, "run_hangs")
    assert scene.guest(scene.first).problem is True
    assert scene.guest(scene.third).problem is True


@everywhere
@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "disabled"])
def test_b24_a_job_without_a_schedule_protects_nobody(scene: Scene, enabled: bool) -> None:
    scene.cluster.add_vm(990, "forgotten", scene.here.name, size=1)
    for job in scene.cluster.jobs.values():
        if job.is_all:
            job.change(exclude="990")
    scene.cluster.add_job("by-hand", "", scene.spare, enabled=enabled, vmid=f"990,{scene.first}")
    scene.look()
    scene.night(1)
    assert scene.brief(scene.first) == OK
    assert scene.guest(990).problem is True
    if enabled:
        assert (brief(scene.job("by-hand")), scene.job("by-hand").reason.code) == (
            (Status.WARNING, False),
            "job_never_runs_by_itself",
        )
        assert scene.guest(990).status is Status.UNCOVERED
    else:
        assert scene.guest(990).status is Status.PAUSED


@everywhere
@pytest.mark.parametrize("schedule", ["02:00", "mon..fri 02:00", "wed 02:00"])
def test_b25_a_job_of_the_old_cron_file_keeps_and_misses_its_slots_like_any_other(scene: Scene, schedule: str) -> None:
    options: dict[str, Any] = {name.replace("-", "_"): value for name, value in scene.nightly.options.items()}
    del options["storage"]
    scene.nightly.delete()
    old = scene.cluster.add_legacy_job(schedule, scene.storage, **options)
    scene.look()
    scene.night(2)
    assert (brief(scene.job(old.id)), scene.brief(scene.first)) == (OK, OK)
    scene.cluster.scheduler.active = False
    scene.cluster.scheduler.changed(old)
    scene.until(scene.slot(3) + timedelta(hours=5))
    is_due = schedule != "wed 02:00"
    assert scene.brief(scene.first) == (OVERDUE if is_due else OK)
    scene.until(scene.slot(9) + timedelta(hours=5))
    assert (brief(scene.job(old.id)), scene.brief(scene.first)) == (OVERDUE, OVERDUE)


@everywhere
@pytest.mark.parametrize(
    ("schedule", "nights", "fine", "gone"),
    [("02:00", (1, 2, 3, 4), 1, 2), ("wed 02:00", (2, 9, 16), 9, 16)],
    ids=["daily before", "weekly before"],
)
def test_b26_a_schedule_that_cannot_be_read_is_unknown_and_judged_by_the_rhythm_before(
    scene: Scene, schedule: str, nights: tuple[int, ...], fine: int, gone: int
) -> None:
    scene.cluster.jobs.pop("second", None)
    scene.nightly.reschedule(schedule)
    scene.look()
    for day in nights:
        scene.night(day)
    assert scene.problems() == set()
    scene.nightly.schedule = "every full moon"
    scene.sleep()
    scene.after(hours=1)
    assert (scene.job(NIGHTLY).status, scene.job(NIGHTLY).problem) == (Status.UNKNOWN, None)
    assert scene.job(NIGHTLY).reason.code == "schedule_unreadable"
    assert scene.guest(scene.first).problem is False
    scene.until(scene.slot(nights[-1] + fine, 12))
    assert scene.guest(scene.first).problem is False
    scene.until(scene.slot(nights[-1] + gone, 12))
    assert scene.guest(scene.first).problem is None
    scene.after(hours=25)
    assert (scene.guest(scene.first).problem, scene.job(NIGHTLY).problem) == (True, True)


@everywhere
def test_b27_a_disabled_job_promises_no_next_run(scene: Scene) -> None:
    scene.good_night()
    assert scene.job(NIGHTLY).next_due is not None
    scene.nightly.disable()
    scene.after(hours=1)
    assert (scene.job(NIGHTLY).status, scene.job(NIGHTLY).next_due) == (Status.PAUSED, None)
    if scene.storage != "pbs":
        assert (scene.guest(scene.first).status, scene.guest(scene.first).next_due) == (Status.PAUSED, None)


@everywhere
@pytest.mark.parametrize("after", [0, 5, 119])
def test_b28_a_look_right_after_the_slot_alarms_nobody(scene: Scene, after: int) -> None:
    scene.good_night()
    scene.sleep()
    scene.until(scene.slot(2) + timedelta(seconds=after))
    assert (scene.brief(scene.first), scene.of_job, scene.problems()) == (OK, OK, set())


@everywhere
def test_b29_overdue_never_mends_itself(scene: Scene) -> None:
    scene.good_night()
    scene.sleep()
    for day in (2, 3, 4, 6, 31):
        scene.night(day)
        assert scene.brief(scene.first) == scene.brief(scene.far) == scene.of_job == OVERDUE
        assert scene.guest(scene.first).failures == scene.job(NIGHTLY).failures == day - 1
    assert scene.live(days=2, step=timedelta(hours=1)) >= {f"guest_{scene.first}", f"job_{NIGHTLY}"}


@in_one_zone
@pytest.mark.parametrize("gone", [False, True], ids=["tasks are there", "tasks are gone"])
def test_b30_after_three_days_without_us_the_present_is_shown_and_no_old_run_told(scene: Scene, gone: bool) -> None:
    scene.good_night()
    scene.happened.clear()
    scene.play(max(scene.slot(4, node=node) for node in (scene.here, scene.there)) + timedelta(hours=4))
    if gone:
        for node in scene.cluster.nodes.values():
            node.tasks.index.clear()
    scene.restart()
    scene.look()
    assert (scene.of_job[1], scene.problems()) == (False, set())
    assert {scene.brief(vmid) for vmid in scene.guests} == {OK}
    assert len(scene.happened) <= 4
    assert scene.told == []


@on_several_nodes
def test_b33_what_a_clock_years_ahead_has_dated_proves_nothing(scene: Scene) -> None:
    scene.good_night()
    good = scene.guest(scene.first).last_success
    scene.here.set_clock(20 * 365 * 86400)
    scene.hand(scene.first)
    scene.here.set_clock(0)
    scene.sleep()
    scene.until(scene.slot(2) + timedelta(hours=4))
    verdict = scene.guest(scene.first)
    assert verdict.problem is True
    assert verdict.last_success is not None
    assert good is not None
    assert verdict.last_success < scene.now
    assert "wrong_date" in {finding.code.value for finding in verdict.findings}
    assert scene.of_job == OVERDUE


@on_several_nodes
def test_b33_a_wrong_date_proves_nothing_when_it_has_come_nor_after_a_restart(scene: Scene) -> None:
    scene.good_night()
    scene.here.set_clock(3 * 86400)
    dated = scene.now + timedelta(days=3)
    scene.hand(scene.first)
    scene.look()
    scene.here.set_clock(0)
    scene.look()
    scene.sleep()
    for day in (2, 3, 4, 5, 6):
        scene.night(day)
        scene.restart()
        scene.look()
        assert scene.brief(scene.first) == scene.of_job == OVERDUE
        last = scene.guest(scene.first).last_success
        assert last is not None
        assert abs(last - dated) > timedelta(minutes=30)


@pytest.mark.parametrize(
    ("first", "second", "storages", "kind"),
    [
        ("sat 01:00", "sun 01:00", ("nas", "nas"), "qemu"),
        ("sat 01:00", "sun 01:00", ("nas", "local"), "lxc"),
        ("*-*-1 01:00", "*-*-15 01:00", ("nas", "nas"), "lxc"),
    ],
    ids=["weekly, onto one share", "weekly, a container, onto two storages", "monthly"],
)
def test_b32_a_guest_that_always_leaves_before_the_slot_is_overdue_after_the_longer_interval(
    first: str, second: str, storages: tuple[str, str], kind: str
) -> None:
    with Scene(several_nodes) as scene:
        (scene.cluster.add_vm if kind == "qemu" else scene.cluster.add_ct)(120, "wanderer", "pve2", size=2)
        for job, schedule, storage, node in (("a", first, storages[0], "pve1"), ("b", second, storages[1], "pve2")):
            scene.cluster.add_job(job, schedule, storage, vmid="120", node=node)
        scene.look()
        days = 0
        while scene.held.guests[120].verdict.last_success is None and days < 40:
            scene.after(days=1)
            days += 1
        assert scene.brief(120) == OK
        good = scene.now
        longest = timedelta(days=31) if "*-*" in first else timedelta(days=7)
        seen = []
        while scene.now < good + longest + timedelta(days=3):
            scene.after(hours=11)
            a, b = (scene.cluster.scheduler.next_run(scene.cluster.job(job), scene.here) or 0 for job in ("a", "b"))
            scene.cluster.guest(120).migrate("pve2" if a < b else "pve1")
            seen.append((scene.now - good, scene.brief(120)))
        assert all(held[1] is False for since, held in seen if since < timedelta(days=5))
        assert seen[-1][1] == OVERDUE


@pytest.mark.parametrize("scene", [two_zones], indirect=True)
def test_b34_the_files_of_a_share_in_two_zones_decide_nothing_alone(scene: Scene) -> None:
    scene.good_night()
    scene.play(max(scene.slot(2, node=node) for node in (scene.here, scene.there)) + timedelta(hours=2, minutes=50))
    for node in (scene.here, scene.there):
        node.tasks.index.clear()
    scene.night(2)
    assert {scene.guest(vmid).problem for vmid in scene.guests} == {None}


@pytest.mark.parametrize("scene", [two_zones], indirect=True)
@pytest.mark.parametrize("lister", ["auckland", "york"])
def test_b34_the_files_of_a_share_in_two_zones_are_dated_by_the_runs_that_wrote_them(scene: Scene, lister: str) -> None:
    scene.good_night()
    scene.night(2)
    other = scene.there if lister == scene.here.name else scene.here
    scene.play(max(scene.slot(2, node=node) for node in (scene.here, scene.there)) + timedelta(hours=5))
    other.go_offline()
    scene.look()
    scene.after(hours=25)
    for vmid in scene.guests:
        night = scene.slot(2, node=scene.cluster.node(scene.cluster.guest(vmid).node))
        last = scene.guest(vmid).last_success
        assert last is not None
        assert last < night + ONE_HOUR or scene.cluster.guest(vmid).node == lister
