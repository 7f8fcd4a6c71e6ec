"""Rows A01 to A31 in clusters that have little in common: how runs end, and what that means for jobs and guests."""

from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence, Status
from simulator.outcomes import (
    failed,
    interrupted,
    left_out,
    lock_timeout,
    power_loss,
    prune_denied,
    running,
    storage_unreachable,
    warning,
)

from .scene import IO_ERROR, NIGHTLY, Scene, brief, everywhere, in_one_zone, on_several_nodes

OK, FAILED, OVERDUE = (Status.OK, False), (Status.FAILED, True), (Status.OVERDUE, True)
HALF_AN_HOUR = timedelta(minutes=30)


def codes(findings: object) -> set[str]:
    """Return the codes of findings."""
    return {finding.code.value for finding in findings}  # type: ignore[attr-defined]


@everywhere
def test_a01_a_good_night_is_fine_for_all(scene: Scene) -> None:
    scene.good_night()
    assert {vmid: scene.brief(vmid) for vmid in scene.guests} == dict.fromkeys(scene.guests, OK)
    assert scene.of_job == OK
    for vmid in scene.guests:
        verdict = scene.guest(vmid)
        assert verdict.reason.values["job"] in {"nightly", "second"}
        assert verdict.last_success is not None
        slot = scene.slot(1, node=scene.cluster.node(scene.cluster.guest(vmid).node))
        assert slot <= verdict.last_success <= scene.now


@everywhere
def test_a02_one_failed_guest_fails_the_job_and_no_other_guest(scene: Scene) -> None:
    scene.good_night()
    scene.cluster.guest(scene.second).fails(failed(IO_ERROR), job=NIGHTLY)
    scene.night(2)
    assert scene.brief(scene.second) == FAILED
    assert IO_ERROR in (scene.guest(scene.second).error or "")
    assert [scene.brief(vmid) for vmid in (scene.first, scene.third, scene.far)] == [OK] * 3
    assert scene.of_job == FAILED
    assert ("f" in scene.days(scene.second), "f" in scene.days(scene.first), "f" in scene.days_of_job()) == (
        True,
        False,
        True,
    )


@everywhere
def test_a03_warnings_of_two_guests_are_no_problem(scene: Scene) -> None:
    scene.good_night()
    for vmid in (scene.second, scene.third):
        scene.cluster.guest(vmid).fails(warning("something to know"), job=NIGHTLY)
    scene.night(2)
    assert scene.of_job == (Status.WARNING, False)
    assert scene.job(NIGHTLY).reason.values["error"] == "2"
    assert {scene.guest(vmid).problem for vmid in scene.guests} == {False}


@everywhere
def test_a04_the_line_of_a_failed_guest_outweighs_a_friendly_status(scene: Scene) -> None:
    scene.good_night()
    scene.cluster.guest(scene.second).fails(failed(IO_ERROR), job=NIGHTLY)
    scene.play(scene.slot(2) + timedelta(hours=2))
    for task in scene.here.tasks.archived():
        task.status = "WARNINGS: 1"
    scene.look()
    assert (scene.brief(scene.second), scene.of_job) == (FAILED, FAILED)
    assert scene.brief(scene.first) == OK


@everywhere
def test_a05_an_archive_that_two_listings_lack_is_a_failure_until_the_next_good_night(scene: Scene) -> None:
    scene.good_night()
    scene.play(scene.slot(2) + timedelta(hours=2))
    scene.cluster.storage(scene.storage).remove(scene.newest(scene.first))
    scene.look()
    assert (scene.brief(scene.first), scene.guest(scene.first).reason.code) == (
        (Status.WARNING, False),
        "archive_not_listed",
    )
    scene.after(minutes=15)
    assert (scene.brief(scene.first), scene.guest(scene.first).reason.code) == (FAILED, "archive_missing")
    assert scene.brief(scene.second) == OK
    assert (scene.of_job, scene.job(NIGHTLY).reason.code) == ((Status.WARNING, False), "job_archives_missing")
    scene.night(3)
    assert (scene.brief(scene.first), scene.of_job) == (OK, OK)


@in_one_zone
def test_a06_the_archives_of_a_night_whose_tasks_are_gone_keep_its_promises(scene: Scene) -> None:
    scene.good_night()
    scene.play(max(scene.slot(2, node=node) for node in (scene.here, scene.there)) + timedelta(hours=2, minutes=50))
    for node in (scene.here, scene.there):
        node.tasks.index.clear()
    scene.night(2)
    assert {vmid: scene.brief(vmid) for vmid in scene.guests} == dict.fromkeys(scene.guests, OK)
    assert scene.job(NIGHTLY).problem is False


@everywhere
def test_a06_at_the_first_look_an_archive_elsewhere_or_of_another_time_keeps_nothing(scene: Scene) -> None:
    scene.play(scene.slot(2) - timedelta(hours=6))
    scene.hand(scene.first)
    scene.hand(scene.second, scene.spare)
    scene.sleep()
    scene.play(scene.slot(2) + timedelta(hours=4))
    for node in (scene.here, scene.there):
        node.tasks.index.clear()
    scene.look()
    assert [scene.guest(vmid).problem for vmid in (scene.first, scene.second)] != [False, False]
    assert scene.job(NIGHTLY).problem is not False


@everywhere
def test_a07_a_storage_that_cannot_be_activated_fails_everybody_on_that_node_and_nobody_on_another(
    scene: Scene,
) -> None:
    scene.good_night()
    scene.ends(storage_unreachable("no route to host"))
    scene.night(2)
    here = [vmid for vmid in scene.guests if scene.cluster.guest(vmid).node == scene.here.name]
    assert {vmid: scene.brief(vmid) for vmid in here} == dict.fromkeys(here, FAILED)
    assert all(scene.storage in (scene.guest(vmid).error or "") for vmid in here)
    assert scene.of_job == FAILED
    if scene.there is not scene.here:
        assert scene.brief(scene.far) == OK


@everywhere
def test_a07_a_backup_by_hand_that_dies_there_says_nothing_of_the_job(scene: Scene) -> None:
    scene.good_night()
    scene.hand(scene.first, outcome=storage_unreachable("no route to host"), at=scene.now)
    scene.after(minutes=20)
    assert (scene.of_job, scene.problems()) == (OK, set())
    assert scene.happened[-1] == "manual_run_failed"


@everywhere
def test_a08_a_lock_that_never_came_fails_everybody_on_that_node(scene: Scene) -> None:
    scene.good_night()
    scene.ends(lock_timeout())
    scene.until(scene.slot(2) + timedelta(hours=2))
    assert scene.of_job == (Status.WAITING, False)
    scene.until(scene.slot(2) + timedelta(hours=3, minutes=30))
    here = [vmid for vmid in scene.guests if scene.cluster.guest(vmid).node == scene.here.name]
    assert {vmid: scene.brief(vmid) for vmid in here} == dict.fromkeys(here, FAILED)
    assert {cause.code for vmid in here if (cause := scene.guest(vmid).cause)} == {"node_lock_timeout"}
    assert scene.of_job == FAILED


@everywhere
def test_a08_the_job_that_held_the_lock_all_the_time_is_named(scene: Scene) -> None:
    scene.cluster.add_job("long", "01:30", scene.spare, vmid=str(scene.second), comment="long")
    scene.good_night()
    scene.cluster.guest(scene.second).fails(running(), job="long")
    scene.until(scene.slot(2) + timedelta(hours=3, minutes=10))
    assert scene.brief(scene.first) == FAILED
    [held] = [found for found in scene.job(NIGHTLY).findings if found.code == "lock_held_by_job"]
    assert (held.values["job"], held.values["node"]) == ("long", scene.here.name)


@everywhere
def test_a09_who_had_the_power_cut_and_who_came_after_it_failed_and_the_downtime_is_no_duration(scene: Scene) -> None:
    scene.good_night()
    usual = scene.held.jobs[NIGHTLY].figures
    scene.ends({scene.second: power_loss()})
    scene.until(scene.slot(2) + timedelta(hours=2))
    scene.here.come_online()
    scene.cluster.guest(scene.second).lock = None
    scene.after(hours=2)
    assert scene.brief(scene.first) == OK
    assert (scene.brief(scene.second), scene.guest(scene.second).reason.code) == (FAILED, "backup_interrupted")
    assert scene.brief(scene.third) == FAILED
    assert scene.guest(scene.third).reason.code.startswith("backup_not_reached")
    if scene.there is not scene.here:
        assert scene.brief(scene.far) == OK
    assert scene.held.jobs[NIGHTLY].figures != usual
    assert (scene.held.jobs[NIGHTLY].figures.duration or timedelta()) < timedelta(hours=1)


@everywhere
def test_a10_a_stopped_task_is_cancelled_for_one_guest_and_not_reached_for_the_later_ones(scene: Scene) -> None:
    scene.good_night()
    scene.ends({scene.second: interrupted()})
    scene.night(2)
    assert scene.brief(scene.first) == OK
    assert (scene.brief(scene.second), scene.guest(scene.second).reason.code) == (FAILED, "backup_cancelled")
    assert scene.guest(scene.third).reason.code.startswith("backup_not_reached")
    assert scene.of_job == FAILED


@everywhere
@pytest.mark.parametrize("how", ["failed", "missed"])
def test_a11_a_good_backup_by_hand_onto_the_storage_cures_the_guest_and_not_the_job(scene: Scene, how: str) -> None:
    scene.good_night()
    if how == "failed":
        scene.nightly.next_run_ends({scene.second: failed(IO_ERROR)})
        bad = FAILED
    else:
        scene.sleep()
        bad = OVERDUE
    scene.until(scene.slot(2) + timedelta(hours=4))
    assert (scene.brief(scene.second), scene.of_job) == (bad, bad)
    scene.hand(scene.second)
    scene.after(minutes=20)
    assert (scene.brief(scene.second), scene.guest(scene.second).reason.code) == (OK, "backed_up_by_hand")
    assert scene.of_job == bad
    scene.wake()
    scene.night(3)
    assert (scene.of_job, scene.problems()) == (OK, set())


@everywhere
def test_a12_a_good_backup_of_another_guest_protects_nobody_else(scene: Scene) -> None:
    scene.good_night()
    scene.nightly.next_run_ends({scene.second: failed(IO_ERROR)})
    scene.until(scene.slot(2) + timedelta(hours=4))
    for vmid in (scene.first, scene.third, scene.far):
        scene.hand(vmid)
    scene.after(minutes=20)
    assert (scene.brief(scene.second), scene.of_job) == (FAILED, FAILED)


@everywhere
@pytest.mark.parametrize("end", [failed(IO_ERROR), interrupted(), running()], ids=["fails", "is stopped", "hangs"])
def test_a13_a_backup_by_hand_that_is_not_good_takes_nothing_away(scene: Scene, end: object) -> None:
    scene.good_night()
    scene.hand(scene.first, outcomes={scene.first: end}, at=scene.now)
    scene.after(hours=1)
    assert scene.guest(scene.first).problem is False
    assert (scene.of_job, scene.problems()) == (OK, set())


@everywhere
@pytest.mark.parametrize("how", ["failed", "missed"])
def test_a14_a_copy_elsewhere_is_named_and_cures_nothing(scene: Scene, how: str) -> None:
    scene.good_night()
    if how == "failed":
        scene.nightly.next_run_ends({scene.second: failed(IO_ERROR)})
    else:
        scene.sleep()
    scene.until(scene.slot(2) + timedelta(hours=4))
    scene.hand(scene.second, scene.spare)
    scene.after(minutes=20)
    assert scene.guest(scene.second).problem is True
    assert scene.job(NIGHTLY).problem is True
    copy = next(found for found in scene.guest(scene.second).findings if found.code == "copy_elsewhere")
    assert copy.values["storage"] == scene.spare
    assert "recovered" not in scene.happened + scene.told


@everywhere
def test_a14_a_copy_elsewhere_beside_kept_promises_is_named(scene: Scene) -> None:
    scene.good_night()
    scene.hand(scene.first, scene.spare)
    scene.after(minutes=20)
    assert (scene.brief(scene.first), scene.of_job) == (OK, OK)
    last = scene.guest(scene.first).last_success
    assert last is not None
    assert scene.now - last < timedelta(minutes=40)


@everywhere
@pytest.mark.parametrize("how", ["failed", "missed"])
def test_a15_run_now_makes_job_and_guests_good_with_one_recovery(scene: Scene, how: str) -> None:
    scene.good_night()
    if how == "failed":
        scene.nightly.next_run_ends({scene.second: failed(IO_ERROR), scene.far: failed(IO_ERROR)})
    else:
        scene.sleep()
    scene.until(max(scene.slot(2, node=node) for node in (scene.here, scene.there)) + timedelta(hours=4))
    assert scene.job(NIGHTLY).problem is True
    scene.nightly.run(by="root@pam")
    scene.after(minutes=20)
    assert (scene.of_job, scene.problems()) == (OK, set())
    assert scene.happened.count("recovered") == 1
    assert scene.told.count("recovered") == 1


@everywhere
def test_a16_a_running_backup_leaves_a_good_verdict_as_it_was(scene: Scene) -> None:
    scene.good_night()
    before = {vmid: scene.guest(vmid).last_success for vmid in scene.guests}
    scene.nightly.start({scene.first: running(30)})
    scene.after(minutes=5)
    assert scene.brief(scene.first) == (Status.RUNNING, False)
    assert scene.of_job == (Status.RUNNING, False)
    assert scene.brief(scene.second) == OK
    assert {vmid: scene.guest(vmid).last_success for vmid in (scene.first, scene.second, scene.third)} == {
        vmid: before[vmid] for vmid in (scene.first, scene.second, scene.third)
    }


@everywhere
@pytest.mark.parametrize("how", ["failed", "missed"])
def test_a17_a_problem_stays_on_while_the_cure_runs_until_the_guests_own_part_is_good(scene: Scene, how: str) -> None:
    scene.good_night()
    if how == "failed":
        scene.nightly.next_run_ends({scene.second: failed(IO_ERROR)})
    else:
        scene.sleep()
    scene.until(scene.slot(2) + timedelta(hours=4))
    [run, *_] = [
        run
        for run in scene.nightly.start({scene.first: running(), scene.second: running(), scene.third: running()})
        if run.node is scene.here
    ]
    for _ in range(4):
        scene.after(minutes=10)
        assert (scene.guest(scene.second).problem, scene.job(NIGHTLY).problem) == (True, True)
    run.go_on()
    scene.after(minutes=10)
    assert scene.brief(scene.second) == (Status.RUNNING, True)
    assert "recovered" not in scene.happened + scene.told
    run.go_on()
    scene.after(minutes=10)
    assert (scene.brief(scene.second), scene.brief(scene.third)[0]) == (OK, Status.RUNNING)
    assert scene.job(NIGHTLY).problem is True
    run.go_on()
    scene.after(minutes=10)
    assert (scene.of_job, scene.problems()) == (OK, set())


@everywhere
def test_a18_what_is_being_written_is_no_good_backup(scene: Scene) -> None:
    scene.good_night()
    before = scene.guest(scene.first).last_success
    scene.nightly.start({scene.first: running(30)})
    scene.after(hours=3)
    assert scene.guest(scene.first).last_success == before
    assert all(archive.ctime < scene.slot(2).timestamp() for archive in scene.held.guests[scene.first].archives)


@everywhere
def test_a19_what_was_left_unfinished_is_no_backup_and_runs_no_more(scene: Scene) -> None:
    scene.good_night()
    scene.ends({scene.first: power_loss(50)})
    scene.until(scene.slot(2) + timedelta(hours=2))
    before = scene.guest(scene.first).last_success
    scene.here.come_online()
    scene.until(scene.slot(2) + timedelta(hours=23))
    assert scene.brief(scene.first) == FAILED
    assert scene.guest(scene.first).last_success == before


@everywhere
def test_a20_a_run_far_slower_than_usual_is_a_warning_of_the_job(scene: Scene) -> None:
    scene.look()
    for day in (1, 2, 3):
        scene.night(day)
    scene.ends({scene.second: running()})
    scene.until(scene.slot(4) + timedelta(minutes=25))
    assert scene.job(NIGHTLY).reason.code == "job_ok"
    scene.until(scene.slot(4) + timedelta(minutes=50))
    assert (scene.of_job, scene.job(NIGHTLY).reason.code) == ((Status.RUNNING, False), "run_slow")
    assert (scene.brief(scene.first), scene.brief(scene.third)) == (OK, OK)
    assert scene.brief(scene.second) == (Status.RUNNING, False)


@everywhere
def test_a21_who_stays_locked_is_named_with_the_command_of_its_kind(scene: Scene) -> None:
    scene.good_night()
    for vmid in (scene.first, scene.second):
        scene.cluster.guest(vmid).lock = "backup"
    scene.look()
    scene.after(minutes=9)
    assert (scene.brief(scene.first), scene.brief(scene.second)) == (OK, OK)
    scene.after(minutes=6)
    for vmid in (scene.first, scene.second):
        tool = "qm" if scene.cluster.guest(vmid).type == "qemu" else "pct"
        assert scene.brief(vmid) == (Status.WARNING, False)
        assert scene.guest(vmid).reason.values["command"] == f"{tool} unlock {vmid}"
    assert scene.brief(scene.third) == OK


@everywhere
def test_a22_failures_of_one_guest_are_counted_and_the_last_success_stays(scene: Scene) -> None:
    scene.good_night()
    good = scene.guest(scene.second).last_success
    scene.cluster.guest(scene.second).fails(failed(IO_ERROR), job=NIGHTLY)
    counts = []
    for day in (2, 3, 4):
        scene.night(day)
        counts.append((scene.guest(scene.second).failures, scene.guest(scene.first).failures))
    assert counts == [(1, 0), (2, 0), (3, 0)]
    if scene.storage != "pbs":
        assert scene.guest(scene.second).last_success == good
    assert scene.job(NIGHTLY).failures == 3


@everywhere
@pytest.mark.parametrize("status", ["ok", "FINE"])
def test_a23_a_status_in_other_words_is_left_to_the_log(scene: Scene, status: str) -> None:
    scene.good_night()
    scene.cluster.guest(scene.second).fails(failed(IO_ERROR), job=NIGHTLY)
    scene.play(scene.slot(2) + timedelta(hours=2))
    for task in scene.here.tasks.archived():
        task.status = status
    scene.look()
    assert [scene.brief(vmid) for vmid in (scene.first, scene.second, scene.third)] == [OK, FAILED, OK]
    assert scene.job(NIGHTLY).problem is True


@everywhere
def test_a24_what_a_hook_says_of_a_guest_is_not_what_vzdump_says(scene: Scene) -> None:
    scene.good_night()
    lines = (
        f"INFO: ERROR: Backup of VM {scene.third} failed - nothing at all",
        "INFO: hook: ERROR: Backup of VM 999 failed - nothing at all",
    )
    scene.cluster.guest(scene.second).name = lines[0]
    scene.play(scene.slot(2) + timedelta(minutes=1))
    for run in [run for run in scene.cluster.dispatch.ever if run.job is scene.nightly][-2:]:
        for line in lines:
            run.say(line)
    scene.night(2)
    assert (scene.of_job, scene.problems()) == (OK, set())


@everywhere
def test_a25_a_guest_of_two_overlapping_jobs_owes_both(scene: Scene) -> None:
    scene.cluster.add_job("twin", "02:10", scene.spare, vmid=str(scene.first), comment="twin")
    scene.good_night()
    newest = scene.guest(scene.first).last_success
    assert newest is not None
    scene.cluster.guest(scene.first).fails(failed(IO_ERROR), job="twin")
    scene.until(scene.slot(2) + timedelta(hours=4))
    assert scene.brief(scene.first) == FAILED
    assert (scene.of_job, brief(scene.job("twin"))) == (OK, FAILED)
    last = scene.guest(scene.first).last_success
    assert last is not None
    assert last > newest


@everywhere
def test_a26_who_no_log_mentions_is_overdue_after_the_deadline(scene: Scene) -> None:
    scene.good_night()
    scene.nightly.next_run_ends({scene.second: left_out(), scene.far: left_out()})
    scene.until(scene.slot(2) + timedelta(minutes=40))
    assert scene.guest(scene.second).problem is False
    scene.until(max(scene.slot(2, node=node) for node in (scene.here, scene.there)) + timedelta(hours=4))
    for vmid in (scene.second, scene.far):
        assert (scene.brief(vmid), scene.guest(vmid).reason.code) == (OVERDUE, "skipped_by_job")
    assert (scene.brief(scene.first), scene.brief(scene.third)) == (OK, OK)


@everywhere
def test_a27_a_prune_that_fails_after_a_good_archive_is_the_jobs_failure_alone(scene: Scene) -> None:
    scene.nightly.change(prune_backups={"keep-last": "3"})
    scene.good_night()
    scene.cluster.guest(scene.second).fails(prune_denied(), job=NIGHTLY)
    scene.night(2)
    assert scene.guest(scene.second).problem is False
    assert "retention_failed" in codes(scene.guest(scene.second).findings)
    assert (scene.of_job, scene.job(NIGHTLY).reason.code) == (FAILED, "job_prune_failed")
    assert scene.brief(scene.first) == OK


@everywhere
def test_a28_a_log_that_could_not_be_uploaded_is_no_problem(scene: Scene) -> None:
    scene.good_night()
    for vmid in scene.guests:
        text = "uploading backup task log failed: connection reset"
        scene.cluster.guest(vmid).fails(warning(text), job=NIGHTLY)
    scene.night(2)
    assert scene.problems() == set()
    assert scene.job(NIGHTLY).status in {Status.OK, Status.WARNING}
    assert scene.guest(scene.first).confidence is not Confidence.NONE


@everywhere
def test_a29_a_job_that_is_sent_elsewhere_owes_the_new_storage_its_next_slot(scene: Scene) -> None:
    scene.good_night()
    scene.after(hours=1)
    scene.nightly.change(storage=scene.spare)
    assert (scene.of_job, scene.problems()) == (OK, set())
    scene.sleep()
    assert scene.live(hours=(scene.slot(2) - scene.now) / timedelta(hours=1) + 1, step=timedelta(hours=4)) == set()
    scene.until(scene.slot(2) + timedelta(hours=4))
    assert (scene.brief(scene.first), scene.of_job) == (OVERDUE, OVERDUE)
    scene.hand(scene.first, scene.storage)
    scene.after(minutes=20)
    assert scene.guest(scene.first).problem is True
    scene.hand(scene.first, scene.spare)
    scene.after(minutes=20)
    assert scene.guest(scene.first).problem is False
    assert scene.of_job == OVERDUE


@everywhere
def test_a30_what_the_log_of_a_run_in_progress_says_counts_at_once(scene: Scene) -> None:
    scene.good_night()
    before = scene.guest(scene.first).last_success
    scene.ends({scene.second: failed(IO_ERROR), scene.third: running()})
    scene.until(scene.slot(2) + HALF_AN_HOUR)
    first = scene.guest(scene.first)
    assert scene.brief(scene.first) == OK
    assert first.last_success is not None
    assert before is not None
    assert first.last_success > before
    assert scene.brief(scene.second) == FAILED
    assert scene.brief(scene.third) == (Status.RUNNING, False)
    assert scene.job(NIGHTLY).status is Status.RUNNING
    assert "run_in_progress_with_failures" in codes(scene.job(NIGHTLY).findings)


@on_several_nodes
@pytest.mark.parametrize("end", ["is done", "fails", "hangs"])
def test_a31_a_run_on_one_node_excuses_nobody_on_another_that_is_off(scene: Scene, end: str) -> None:
    scene.good_night()
    ends = {"is done": {}, "fails": {scene.first: failed(IO_ERROR)}, "hangs": {scene.first: running()}}
    scene.ends(ends[end])
    scene.play(scene.slot(2, node=scene.there) - timedelta(hours=1))
    scene.there.go_offline()
    scene.until(scene.slot(2, node=scene.there) + timedelta(hours=4))
    assert scene.brief(scene.far) == OVERDUE
    assert scene.job(NIGHTLY).problem is True
    scene.there.come_online()
    scene.after(hours=1)
    assert (scene.brief(scene.far), scene.guest(scene.far).reason.code) == (OVERDUE, "host_was_off")
