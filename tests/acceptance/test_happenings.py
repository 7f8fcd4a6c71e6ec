"""What the event entities tell in the rows that speak of events: everything once, and nothing of the past."""

from datetime import timedelta
import json
from typing import Any

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.guests import GIB, Disk
from simulator.outcomes import failed, running

from .happened import listen
from .home import Home

EVENING = "2026-01-12T22:00:00"
TUESDAY_MORNING = "2026-01-13T05:00:00"
ONE_HOUR = timedelta(hours=1)


async def night(home: Home) -> None:
    """Let the first night go by with a look every hour."""
    await home.until(EVENING)
    await home.live(hours=7, step=ONE_HOUR)


async def test_a01_each_nodes_run_is_told_once_by_the_cluster_and_by_its_job(home: Home) -> None:
    cluster, job = listen(home.hass), listen(home.hass, "_job_backup-nightly_activity")
    await home.until(EVENING)
    await home.live(hours=4, step=ONE_HOUR)

    assert cluster.kinds == job.kinds == ["run_succeeded", "run_succeeded"]
    [first, second] = job.events
    assert {first["node"], second["node"]} == {"pve1", "pve2"}
    assert first["guests"] == ["web (101)", "dns (103)"]
    assert first["reason"] == "The job “nightly” backed up on pve1: web (101), dns (103)."
    assert first["guest_count"] == 2
    assert first["size"] > 0
    assert first["duration"] > 0
    assert first["upid"].startswith("UPID:pve1:")
    assert first["happened_at"] < "2026-01-13T02"

    assert home.entry is not None
    await home.entry.runtime_data.async_take_up(lambda history: history)
    await home.hass.async_block_till_done()
    assert len(cluster.kinds) == 2


async def test_a13_a_failed_backup_by_hand_is_told_as_one_by_hand(home: Home) -> None:
    cluster, job = listen(home.hass), listen(home.hass, "_job_backup-nightly_activity")
    await night(home)
    cluster.take(), job.take()
    home.pve.backup_by_hand([101], "nas", outcomes={101: failed("No space left on device")})
    await home.live(hours=2, step=ONE_HOUR)

    assert cluster.kinds == ["manual_run_failed"]
    assert cluster.events[0]["guests"] == ["web (101)"]
    assert "started by hand on pve1 failed" in cluster.events[0]["reason"]
    assert job.kinds == []


async def test_a14_a_copy_by_hand_elsewhere_is_no_recovery_and_one_onto_the_storage_is_the_guests_alone(
    home: Home,
) -> None:
    told = listen(home.hass)
    home.pve.job("nightly").next_run_ends({104: failed("no")})
    await night(home)
    assert sorted(told.take()) == ["run_failed", "run_succeeded"]
    home.pve.backup_by_hand([104], "local")
    await home.live(hours=2, step=ONE_HOUR)
    assert told.take() == ["manual_run_succeeded"]
    home.pve.backup_by_hand([104], "nas")
    await home.live(hours=2, step=ONE_HOUR)

    assert sorted(told.kinds) == ["manual_run_succeeded", "recovered"]
    recovered = next(event for event in told.events if event["event_type"] == "recovered")
    assert recovered["guests"] == ["files (104)"]
    assert "job" not in recovered


async def test_a15_run_now_after_a_failure_is_one_recovery(home: Home) -> None:
    told = listen(home.hass, "_job_backup-nightly_activity")
    home.pve.job("nightly").next_run_ends({104: failed("No space left on device")})
    await night(home)
    assert sorted(told.kinds) == ["run_failed", "run_succeeded"]
    failure = next(event for event in told.events if event["event_type"] == "run_failed")
    assert failure["guests"] == ["files (104)"]
    assert failure["reason"].startswith("The job “nightly” could not back up files (104) on pve2: ")
    told.take()
    home.pve.job("nightly").run(by="root@pam")
    await home.live(hours=3, step=ONE_HOUR)

    assert sorted(told.kinds) == ["recovered", "run_succeeded", "run_succeeded"]
    recovered = told.events[-1]
    assert recovered["event_type"] == "recovered"
    assert recovered["reason"].startswith(
        "The job “nightly” is fine again. It had a problem since Tuesday, 13 January 2026"
    )
    assert recovered["guest_count"] == 4


async def test_a25_a_guest_of_two_jobs_is_told_once_by_each(home: Home) -> None:
    home.pve.add_job("second", "02:10", "local", vmid="101")
    cluster, second = listen(home.hass), listen(home.hass, "_job_second_activity")
    await night(home)

    assert cluster.kinds == ["run_succeeded"] * 3
    assert second.kinds == ["run_succeeded"]
    assert len({event["upid"] for event in cluster.events}) == 3


async def test_b06_a_slot_without_a_run_is_told_once_as_missed(home: Home) -> None:
    told = listen(home.hass, "_job_backup-nightly_activity")
    await night(home)
    told.take()
    home.pve.node("pve2").go_offline()
    await home.live(hours=26, step=ONE_HOUR)

    assert told.kinds.count("run_missed") == 1
    missed = next(event for event in told.events if event["event_type"] == "run_missed")
    assert missed["node"] == "pve2"
    assert missed["happened_at"] == "2026-01-14T01:00:00+00:00"
    assert missed["guests"] == ["database (102)", "files (104)"]
    home.pve.node("pve2").come_online()
    await home.live(hours=24, step=ONE_HOUR)
    assert told.kinds.count("recovered") == 1


async def test_b30_three_days_without_home_assistant_are_told_by_the_state_alone(home: Home) -> None:
    told = listen(home.hass)
    await night(home)
    told.take()
    home.pve.guest(104).fails(failed("no"))
    await home.hass.config_entries.async_unload(home.entry.entry_id if home.entry else "")
    home.pve.clock.advance(days=3)
    home.pve.job("nightly").change(comment="renamed", storage="local")
    await home.restart()

    assert told.kinds == []
    assert home.guest(104).brief == ("on", "failed")
    await home.live(days=1, step=ONE_HOUR)
    assert "run_failed" in told.kinds


async def test_c01_disabling_enabling_and_editing_a_job_are_told_once(home: Home) -> None:
    cluster, job = listen(home.hass), listen(home.hass, "_job_backup-nightly_activity")
    await night(home)
    cluster.take(), job.take()
    home.pve.job("nightly").disable()
    await home.live(hours=2, step=ONE_HOUR)
    assert cluster.take() == job.take() == ["job_disabled"]
    home.pve.job("nightly").enable()
    home.pve.job("nightly").change(schedule="03:30", vmid="101,102,103,104,999", prune_backups="keep-daily=7")
    await home.live(hours=2, step=ONE_HOUR)

    assert job.kinds == ["job_enabled", "job_changed"]
    assert job.events[1]["details"] == ("Schedule: 02:00 → 03:30. Guests: +999. Retention: – → keep-daily=7.")
    job.take()
    home.pve.job("nightly").change(prune_backups="keep-daily=2")
    await home.live(hours=1, step=ONE_HOUR)
    assert job.kinds == ["retention_cut"]
    assert "keep-daily=2 instead of keep-daily=7" in job.events[0]["reason"]


async def test_c09_guests_that_leave_their_pool_are_told_together(home: Home) -> None:
    home.pve.pools["prod"] = ""
    for vmid in (101, 102, 103, 104):
        home.pve.guest(vmid).pool = "prod"
    home.pve.job("nightly").change(vmid=None, pool="prod")
    told = listen(home.hass)
    await night(home)
    told.take()
    home.pve.guest(101).pool = home.pve.guest(104).pool = None
    await home.live(hours=3, step=ONE_HOUR)

    assert told.kinds == ["guest_uncovered"]
    assert told.events[0]["guests"] == ["web (101)", "files (104)"]


async def test_c30_a_job_made_anew_is_told_as_deleted_and_created(home: Home) -> None:
    told = listen(home.hass)
    await night(home)
    told.take()
    home.pve.job("nightly").delete()
    home.pve.add_job("backup-new", "02:00", "nas", vmid="101,102,103,104", compress="zstd", comment="nightly")
    await home.live(hours=3, step=ONE_HOUR)

    assert sorted(told.kinds) == ["job_created", "job_deleted"]


async def test_c31_guests_of_a_deleted_job_are_told_at_once(home: Home) -> None:
    told = listen(home.hass)
    await night(home)
    told.take()
    home.pve.job("nightly").delete()
    await home.live(hours=3, step=ONE_HOUR)

    assert told.kinds == ["job_deleted", "guest_uncovered"]
    assert told.events[1]["guest_count"] == 4


async def test_c33_a_disk_that_is_newly_left_out_is_told_once(home: Home) -> None:
    home.pve.guest(101).disks = [
        Disk(key=key, volume=f"local-lvm:vm-101-{key}", size=4 * GIB) for key in ("scsi0", "scsi1")
    ]
    told = listen(home.hass)
    await night(home)
    told.take()
    home.pve.guest(101).exclude_disk("scsi1")
    await home.live(hours=3, step=ONE_HOUR)
    await home.restart()

    assert told.kinds == ["disk_excluded"]
    assert "scsi1" in told.events[0]["reason"]


async def test_d10_an_archive_deleted_by_hand_is_told_once_and_what_prune_removes_never(home: Home) -> None:
    home.pve.storage("nas").prune = "keep-last=2"
    told = listen(home.hass)
    await home.look()
    await home.live(days=4, step=timedelta(hours=6))
    assert set(told.take()) == {"run_succeeded"}
    home.pve.job("nightly").reschedule("sun 02:00")
    newest = home.pve.storage("nas").archive(101)[0]
    home.pve.storage("nas").remove(newest)
    await home.live(hours=36, step=timedelta(hours=6))

    assert told.kinds == ["job_changed", "archive_vanished"]
    assert told.events[1]["guests"] == ["web (101)"]
    assert told.events[1]["storage"] == "nas"
    assert "vzdump-qemu-101" in told.events[1]["reason"]


async def test_e23_a_run_that_ends_while_home_assistant_restarts_is_told_once(home: Home) -> None:
    told = listen(home.hass)
    await night(home)
    told.take()
    [run, *_] = home.pve.job("nightly").start({101: running(30)})
    await home.after(minutes=1)
    await home.hass.config_entries.async_unload(home.entry.entry_id if home.entry else "")
    run.go_on()
    home.pve.clock.advance(minutes=20)
    await home.restart()
    assert told.kinds.count("run_succeeded") == len(told.kinds) > 0
    told.take()
    await home.restart()
    await home.live(hours=2, step=ONE_HOUR)

    assert told.kinds == []


async def test_e24_a_history_of_last_week_tells_nothing_again(home: Home, hass_storage: dict[str, Any]) -> None:
    told = listen(home.hass)
    await night(home)
    await home.restart()
    assert home.entry is not None
    key = f"{DOMAIN}.{home.entry.entry_id}"
    copy = json.dumps(hass_storage[key])
    home.pve.guest(104).fails(failed("no"))
    home.pve.job("nightly").change(storage="local")
    await home.live(days=3, step=timedelta(hours=6))
    assert told.take().count("run_failed") == 3
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    hass_storage[key] = json.loads(copy)
    await home.hass.config_entries.async_setup(home.entry.entry_id)
    await home.hass.async_block_till_done()
    await home.live(hours=3, step=ONE_HOUR)

    assert told.kinds == []


async def test_e27_old_failures_at_the_first_look_are_no_events(home: Home) -> None:
    told = listen(home.hass)
    home.pve.guest(104).fails(failed("no"))
    home.pve.clock.advance(days=3)
    await home.look()
    await home.live(hours=3, step=ONE_HOUR)

    assert told.kinds == []
    assert home.guest(104).brief == ("on", "failed")
