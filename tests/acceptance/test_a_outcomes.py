"""Rows A01 to A31: how runs end, and what that means for jobs and guests."""

from datetime import UTC, datetime, timedelta

from simulator.outcomes import (
    Stage,
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

from .home import Home

TUESDAY_MORNING = "2026-01-13T05:00:00"
WEDNESDAY_MORNING = "2026-01-14T05:00:00"
IO_ERROR = "job failed with err -5 - Input/output error"
GUESTS = (101, 102, 103, 104)


async def test_a01_a_good_run_is_no_problem_and_names_its_proof(home: Home) -> None:
    await home.until(TUESDAY_MORNING)

    guest = home.guest(101)
    assert guest.brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")
    assert home.cluster().brief == ("off", "ok")
    assert guest.reason == "Backed up by the job “nightly” on pve1."
    last = home.last_success(101)
    assert last is not None
    assert datetime(2026, 1, 13, 1, tzinfo=UTC) < last < datetime(2026, 1, 13, 1, 10, tzinfo=UTC)
    view = home.assessment.guests[101]
    assert view.verdict.evidence == (home.pve.node("pve1").tasks.archived()[0].upid,)
    assert [archive.volid for archive in view.archives] == ["nas:backup/vzdump-qemu-101-2026_01_13-02_00_01.vma.zst"]


async def test_a02_one_failed_guest_fails_the_job_and_no_other_guest(home: Home) -> None:
    others = [101, 102, 103, *range(105, 110)]
    for vmid in range(105, 110):
        home.pve.add_ct(vmid, f"c{vmid}", "pve2", size=1)
    home.pve.job("nightly").change(vmid=",".join(map(str, [104, *others])))
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until(TUESDAY_MORNING)

    assert home.guest(104).brief == ("on", "failed")
    assert home.guest(104).attributes["error"] == IO_ERROR
    assert home.guest(104).reason == "The last backup on pve2 failed: a disk reported read or write errors."
    assert home.job().brief == ("on", "failed")
    assert home.job().reason == "The last run on pve2 could not back up: files (104)"
    assert [home.guest(vmid).brief for vmid in others] == [("off", "ok")] * 8
    assert home.cluster().problem == "on"


async def test_a03_warnings_are_no_problem(home: Home) -> None:
    home.pve.guest(101).fails(warning("something to know", "and something else"))
    await home.until(TUESDAY_MORNING)

    assert home.job().brief == ("off", "warning")
    assert home.job().reason == "The last run on pve1 was successful with warnings: 2."
    assert [home.guest(vmid).problem for vmid in GUESTS] == ["off"] * 4


async def test_a04_a_guests_failure_outweighs_a_status_of_warnings(home: Home) -> None:
    home.pve.guest(103).fails(warning("something to know"))
    home.pve.guest(101).fails(failed(IO_ERROR))
    home.pve.clock.set(datetime(2026, 1, 13, 5, tzinfo=UTC))
    for task in home.pve.node("pve1").tasks.archived():
        task.status = "WARNINGS: 1"
    await home.look()

    assert home.guest(101).brief == ("on", "failed")
    assert home.job().brief == ("on", "failed")


async def test_a06_a_fresh_archive_counts_although_the_task_is_no_longer_listed(home: Home) -> None:
    home.pve.clock.set(datetime(2026, 1, 13, 5, tzinfo=UTC))
    for node in ("pve1", "pve2"):
        home.pve.node(node).tasks.index.clear()
    await home.look()

    for vmid in GUESTS:
        guest = home.guest(vmid)
        assert (guest.problem, guest.status, guest.attributes["confidence"]) == ("off", "ok", "artifact")
    assert (home.job().brief, home.job().reason_code) == (("off", "ok"), "job_archives_found")


async def test_a06_an_archive_of_another_time_or_place_keeps_nothing(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.scheduler.active = False
    home.pve.scheduler.changed(home.pve.job("nightly"))
    await home.until("2026-01-14T06:00:00")
    home.pve.backup_by_hand([101], "nas")
    home.pve.backup_by_hand([103], "local")
    for node in ("pve1", "pve2"):
        home.pve.node(node).tasks.index.clear()
    await home.after(hours=1)

    assert [home.guest(vmid).brief for vmid in (101, 103)] == [("on", "overdue")] * 2
    assert home.job().brief == ("on", "overdue")


async def test_a07_a_storage_that_cannot_be_activated_fails_every_guest_of_the_job_on_that_node(home: Home) -> None:
    home.pve.storage("nas").go_offline("pve1")
    await home.until(TUESDAY_MORNING)

    assert home.job().brief == ("on", "failed")
    for vmid in (101, 103):
        assert home.guest(vmid).brief == ("on", "failed")
        assert home.guest(vmid).reason.endswith("ended before this guest's turn: the storage nas cannot be reached.")
    assert [home.guest(vmid).brief for vmid in (102, 104)] == [("off", "ok")] * 2
    assert "nas" in home.job().reason


async def test_a08_a_lock_that_another_backup_held_for_too_long_fails_every_guest_of_the_job(home: Home) -> None:
    home.pve.job("nightly").next_run_ends(outcome=lock_timeout())
    await home.until("2026-01-13T08:00:00")

    assert home.job().brief == ("on", "failed")
    for vmid in GUESTS:
        assert home.guest(vmid).brief == ("on", "failed")
        assert "another backup" in home.guest(vmid).reason.lower()
        assert "lock" in home.guest(vmid).attributes["error"]


async def test_a09_a_power_cut_interrupts_one_guest_and_the_later_ones_are_not_reached(home: Home) -> None:
    await home.look()
    late = range(105, 110)
    for vmid in late:
        home.pve.add_ct(vmid, f"c{vmid}", "pve1", size=1)
    home.pve.guest(102).migrate("pve1")
    home.pve.job("nightly").change(vmid="101,102,103,104,105,106,107,108,109")
    home.pve.job("nightly").next_run_ends({105: power_loss()})
    await home.after(minutes=10)
    await home.until("2026-01-13T02:00:00")
    home.pve.node("pve1").come_online()
    await home.until("2026-01-13T05:00:00")

    assert [home.guest(vmid).brief for vmid in (101, 102, 103)] == [("off", "ok")] * 3
    assert (home.guest(105).brief, home.guest(105).reason_code) == (("on", "failed"), "backup_interrupted")
    for vmid in late[1:]:
        assert home.guest(vmid).brief == ("on", "failed")
        assert home.guest(vmid).reason_code.startswith("backup_not_reached")
    assert home.guest(104).brief == ("off", "ok")
    assert home.job().reason_code == "job_interrupted"
    assert home.job().reason.startswith("The last run on pve1 was interrupted before its end, as by a power cut")
    [run] = [run for run in home.assessment.history.runs.values() if run.node == "pve1"]
    assert all(outcome.seconds is None for outcome in run.outcomes if outcome.vmid == 105)
    assert (home.assessment.jobs["backup-nightly"].figures.duration or timedelta()) < timedelta(minutes=30)


async def test_a10_a_stopped_run_is_cancelled_for_one_guest_and_not_reached_for_the_later_ones(home: Home) -> None:
    home.pve.job("nightly").next_run_ends({101: interrupted()})
    await home.until(TUESDAY_MORNING)

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("on", "failed"), "backup_cancelled")
    assert home.guest(103).brief == ("on", "failed")
    assert home.guest(103).reason_code.startswith("backup_not_reached")


async def test_a11_a_good_backup_by_hand_protects_the_guest_and_leaves_the_job_failed(home: Home) -> None:
    home.pve.job("nightly").next_run_ends({104: failed(IO_ERROR)})
    await home.until(TUESDAY_MORNING)
    home.pve.backup_by_hand([104], "nas")
    await home.after(hours=1)

    assert (home.guest(104).brief, home.guest(104).reason_code) == (("off", "ok"), "backed_up_by_hand")
    assert home.job().brief == ("on", "failed")


async def test_a12_a_good_backup_of_another_guest_protects_nobody_else(home: Home) -> None:
    home.pve.job("nightly").next_run_ends({104: failed(IO_ERROR)})
    await home.until(TUESDAY_MORNING)
    home.pve.backup_by_hand([102], "nas")
    await home.after(hours=1)

    assert home.guest(104).brief == ("on", "failed")
    assert home.job().brief == ("on", "failed")


async def test_a13_a_failed_backup_by_hand_takes_nothing_away(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.backup_by_hand([101], "nas", outcomes={101: failed(IO_ERROR)})
    await home.after(hours=1)

    assert home.guest(101).brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")


async def test_a14_a_good_backup_by_hand_to_another_storage_is_named_and_cures_nothing(home: Home) -> None:
    home.pve.job("nightly").next_run_ends({104: failed(IO_ERROR)})
    await home.until(TUESDAY_MORNING)
    home.pve.backup_by_hand([104, 101], "local")
    await home.after(hours=1)

    assert home.guest(104).brief == ("on", "failed")
    assert "local" in str(home.guest(104).attributes["findings"])
    assert home.job().brief == ("on", "failed")
    assert home.guest(101).brief == ("off", "ok")


async def test_a15_run_now_in_the_same_period_makes_job_and_guests_good_again(home: Home) -> None:
    home.pve.job("nightly").next_run_ends({104: failed(IO_ERROR)})
    await home.until(TUESDAY_MORNING)
    home.pve.job("nightly").run(by="root@pam")
    await home.after(hours=1)

    assert home.job().brief == ("off", "ok")
    assert [home.guest(vmid).brief for vmid in GUESTS] == [("off", "ok")] * 4


async def test_a16_a_running_backup_keeps_a_good_verdict_and_the_last_success(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    before = home.last_success(101)
    home.pve.job("nightly").start({101: running(30)})
    await home.after(minutes=2)

    assert home.guest(101).brief == ("off", "running")
    assert home.job().brief == ("off", "running")
    assert home.last_success(101) == before


async def test_a17_a_running_backup_keeps_a_problem_until_it_ends_well(home: Home) -> None:
    home.pve.job("nightly").next_run_ends({101: failed(IO_ERROR)})
    await home.until(TUESDAY_MORNING)
    [run, *_] = home.pve.job("nightly").start({101: running(30)})
    seen = [home.guest(101).problem]
    for _ in range(3):
        await home.after(minutes=5)
        seen.append(home.guest(101).problem)
    assert home.guest(101).status == "running"
    run.go_on()
    await home.after(minutes=30)

    assert seen == ["on"] * 4
    assert home.guest(101).brief == ("off", "ok")


async def test_a18_an_unfinished_snapshot_on_a_backup_server_is_no_good_backup(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    home.pve.job("nightly").change(storage="pbs")
    await home.until(TUESDAY_MORNING)
    before = home.last_success(101)
    home.pve.job("nightly").start({101: running(30)})
    await home.after(hours=2)

    assert home.guest(101).brief == ("off", "running")
    assert home.last_success(101) == before
    listed = home.pve.storage("pbs").archive(101)
    assert (len(listed), listed[0].unfinished) == (2, True)
    assert len(home.assessment.guests[101].archives) <= 1


async def test_a20_a_run_far_slower_than_usual_is_a_warning_and_no_failure(home: Home) -> None:
    await home.until("2026-01-16T05:00:00")
    home.pve.job("nightly").next_run_ends({101: running(30)})
    await home.until("2026-01-17T02:30:00")

    assert (home.job().brief, home.job().reason_code) == (("off", "running"), "run_slow")
    assert [home.guest(vmid).brief for vmid in (101, 102, 104)] == [("off", "running"), ("off", "ok"), ("off", "ok")]
    assert home.guest(103).problem == "off"


async def test_a21_a_guest_that_stays_locked_is_named_with_the_command_that_unlocks_it(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.guest(101).lock = "backup"
    home.pve.guest(103).lock = "backup"
    await home.look()
    assert home.guest(101).status == "ok"
    await home.after(minutes=15)

    assert home.guest(101).brief == ("off", "warning")
    assert "qm unlock 101" in home.guest(101).reason
    assert "pct unlock 103" in home.guest(103).reason


async def test_a22_failures_in_a_row_are_counted_and_the_last_success_stays(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    good = home.last_success(104)
    home.pve.guest(104).fails(failed(IO_ERROR))
    await home.until("2026-01-16T05:00:00")

    assert home.guest(104).brief == ("on", "failed")
    assert home.guest(104).attributes["failures"] == 3
    assert home.last_success(104) == good


async def test_a24_a_line_of_a_hook_that_looks_like_a_failure_changes_nothing(home: Home) -> None:
    home.pve.guest(101).rename("ERROR: Backup of VM 999 failed - x")
    home.pve.guest(103).fails(running())
    await home.until("2026-01-13T01:10:00")
    [run] = home.pve.node("pve1").runs
    for vmid in (999, 102):
        run.say(f"INFO: hook: ERROR: Backup of VM {vmid} failed - nothing to see here")
    run.go_on()
    await home.until(TUESDAY_MORNING)

    assert [home.guest(vmid).brief for vmid in GUESTS] == [("off", "ok")] * 4
    assert home.job().brief == ("off", "ok")


async def test_a25_two_jobs_in_the_same_night_leave_one_good_verdict(home: Home) -> None:
    home.pve.add_job("second", "02:10", "local", vmid="101")
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("off", "ok")
    assert (home.job().brief, home.job("second").brief) == (("off", "ok"), ("off", "ok"))
    last = home.last_success(101)
    assert last is not None
    assert last > datetime(2026, 1, 13, 1, 10, tzinfo=UTC)
    home.pve.guest(101).fails(failed(IO_ERROR), job="backup-nightly")
    await home.until(WEDNESDAY_MORNING)

    assert home.guest(101).brief == ("on", "failed")
    assert (home.job().brief, home.job("second").brief) == (("on", "failed"), ("off", "ok"))


async def test_a26_a_guest_that_no_log_mentions_is_overdue_after_the_deadline(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.job("nightly").next_run_ends({101: left_out()})
    await home.until("2026-01-14T01:30:00")
    assert home.guest(101).problem == "off"
    await home.until("2026-01-14T08:00:00")

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("on", "overdue"), "skipped_by_job")
    assert home.guest(103).brief == ("off", "ok")


async def test_a27_a_failed_prune_fails_the_job_and_leaves_the_guest_with_a_warning(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs", prune="keep-daily=3")
    home.pve.job("nightly").change(storage="pbs")
    home.pve.guest(101).fails(prune_denied())
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("off", "warning")
    assert home.guest(101).reason_code == "retention_failed"
    assert (home.job().brief, home.job().reason_code) == (("on", "failed"), "job_prune_failed")


async def test_a28_a_log_that_could_not_be_uploaded_is_no_problem(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    home.pve.job("nightly").change(storage="pbs")
    home.pve.guest(101).fails(warning("uploading backup task log failed: connection reset"))
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).problem == "off"
    assert home.guest(101).status in {"ok", "warning"}
    assert home.job().brief == ("off", "warning")


async def test_a_guest_whose_backup_fails_before_its_log_is_opened_is_failed(home: Home) -> None:
    text = "There is a max backup limit of 1 enforced by the target storage or the vzdump parameters."
    home.pve.guest(101).fails(failed(text, stage=Stage.BEFORE_LOG))
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("on", "failed")


async def test_a_storage_message_of_a_backup_server_reaches_the_guests(home: Home) -> None:
    home.pve.job("nightly").next_run_ends(outcome=storage_unreachable("nas: error fetching datastores"))
    await home.until(TUESDAY_MORNING)

    assert [home.guest(vmid).problem for vmid in GUESTS] == ["on"] * 4


async def test_a19_a_snapshot_that_was_never_finished_is_no_good_backup_and_not_running(home: Home) -> None:
    pbs = home.pve.add_storage("pbs", "pbs")
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs")
    home.pve.job("nightly").next_run_ends({101: power_loss(50)})
    await home.look()
    await home.until("2026-01-13T02:00:00")
    home.pve.node("pve1").come_online()
    await home.until(WEDNESDAY_MORNING)
    pbs.archives = [archive for archive in pbs.archives if archive.vmid != 101 or archive.unfinished]
    for archive in pbs.archives:
        archive.unfinished = archive.unfinished or archive.vmid == 101
    await home.after(days=1)

    assert home.guest(101).brief == ("on", "failed")
    assert home.last_success(101) is None
    assert home.assessment.guests[101].archives == ()


async def test_a19_a_snapshot_that_was_never_finished_is_a_warning_after_a_day(home: Home) -> None:
    pbs = home.pve.add_storage("pbs", "pbs")
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs")
    home.pve.job("nightly").next_run_ends({101: power_loss(50)})
    await home.look()
    await home.until("2026-01-13T02:00:00")
    home.pve.node("pve1").come_online()
    home.pve.guest(101).lock = None
    home.pve.backup_by_hand([101], "pbs", at=home.pve.clock.now())
    await home.until("2026-01-13T12:00:00")
    assert [archive.unfinished for archive in pbs.archives if archive.vmid == 101] == [True, False]
    assert home.guest(101).brief == ("off", "ok")
    await home.until("2026-01-14T12:00:00")

    assert home.guest(101).brief == ("off", "warning")
    assert "never finished" in home.guest(101).reason
    pbs.archives = [archive for archive in pbs.archives if not archive.unfinished]
    await home.after(days=1)
    assert home.guest(101).brief == ("off", "ok")


async def test_a23_ok_in_other_letters_is_ok_and_an_unknown_word_is_left_to_log_and_archive(home: Home) -> None:
    home.pve.clock.set(datetime(2026, 1, 13, 5, tzinfo=UTC))
    for node, status in (("pve1", "ok"), ("pve2", "FINE")):
        for task in home.pve.node(node).tasks.archived():
            task.status = status
    await home.look()

    assert [home.guest(vmid).brief for vmid in GUESTS] == [("off", "ok")] * 4
    assert home.job().problem == "off"


async def test_a23_an_unknown_word_without_log_and_archive_is_unknown_and_no_failure(home: Home) -> None:
    home.pve.job("nightly").change(vmid="103")
    home.pve.clock.set(datetime(2026, 1, 13, 5, tzinfo=UTC))
    for task in home.pve.node("pve1").tasks.archived():
        task.status = "FINE"
        home.pve.node("pve1").forget_task_log(task.upid)
    home.pve.storage("nas").archives.clear()
    await home.look()

    assert home.guest(103).brief == ("unknown", "unknown")


async def test_a29_a_job_that_is_sent_elsewhere_owes_the_new_storage_its_next_slot_only(home: Home) -> None:
    await home.until("2026-01-13T11:00:00")
    home.pve.job("nightly").change(storage="local")
    home.pve.scheduler.active = False
    home.pve.scheduler.changed(home.pve.job("nightly"))
    await home.after(minutes=5)
    await home.until("2026-01-14T00:55:00")
    assert (home.guest(101).brief, home.job().brief) == (("off", "ok"), ("off", "ok"))
    await home.until("2026-01-14T03:30:00")
    assert (home.guest(101).brief, home.job().brief) == (("on", "overdue"), ("on", "overdue"))
    home.pve.backup_by_hand([101], "nas")
    await home.after(minutes=20)
    assert home.guest(101).problem == "on"
    home.pve.backup_by_hand([101], "local")
    await home.after(minutes=20)

    assert home.guest(101).brief == ("off", "ok")


async def test_a30_what_the_log_of_a_run_in_progress_says_counts_at_once(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    for vmid in (105, 106):
        home.pve.add_ct(vmid, f"c{vmid}", "pve1", size=1)
    home.pve.guest(104).migrate("pve1")
    home.pve.guest(103).migrate("pve2")
    home.pve.job("nightly").change(vmid="101,102,103,104,105,106")
    home.pve.job("nightly").next_run_ends({104: failed(IO_ERROR), 105: running()})
    await home.after(minutes=10)
    await home.until("2026-01-14T01:20:00")

    assert home.guest(101).brief == ("off", "ok")
    assert home.guest(104).brief == ("on", "failed")
    assert home.guest(105).brief == ("off", "running")
    assert home.guest(106).brief == ("off", "pending")
    assert home.job().status == "running"
    assert "has already failed for: files (104)" in str(home.job().attributes["findings"])
    last = home.last_success(101)
    assert last is not None
    assert last > datetime(2026, 1, 14, 1, tzinfo=UTC)


async def test_a31_a_run_on_one_node_excuses_nobody_on_another_that_is_off(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.job("nightly").next_run_ends({101: running()})
    await home.until("2026-01-14T00:30:00")
    home.pve.node("pve2").go_offline()
    await home.until("2026-01-14T00:40:00")
    await home.until("2026-01-14T03:30:00")

    assert [home.guest(vmid).brief for vmid in (102, 104)] == [("on", "overdue")] * 2
    assert home.guest(101).brief == ("off", "running")
    assert home.job().problem == "on"
