"""Rows C01 to C39: which job owes which guest a backup, and who is who."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from homeassistant.helpers import issue_registry as ir

from custom_components.proxmox_backup_checker.const import DOMAIN
from simulator.guests import GIB, Disk
from simulator.outcomes import failed
from simulator.storages import Archive
from tests.integration.states import device, shown

from .home import Home

TUESDAY_MORNING = "2026-01-13T05:00:00"
NIGHTLY = "101,102,103,104"


async def test_c01_a_guest_of_a_disabled_job_alone_is_paused(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.job("nightly").disable()
    await home.after(days=2)

    assert home.guest(101).brief == ("off", "paused")
    assert home.job().brief == ("off", "paused")
    assert home.assessment.counts.paused == 4
    assert home.problems() == []


async def test_c02_a_guest_paused_for_more_than_a_week_is_a_problem(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.job("nightly").disable()
    await home.after(days=8)

    assert home.guest(101).brief == ("on", "paused")
    assert "nightly" in home.guest(101).reason
    assert home.guest(101).attributes["since"].startswith("2026-01-21")
    [issue] = [
        issue for issue in ir.async_get(home.hass).issues.values() if "disabled" in (issue.translation_key or "")
    ]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["command"] == "pvesh set /cluster/backup/backup-nightly --enabled 1"


async def test_c03_only_the_enabled_job_counts(home: Home) -> None:
    home.pve.add_job("off", "03:00", "local", enabled=False, vmid="101")
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("off", "ok")


async def test_c04_a_disabled_job_whose_last_run_failed_is_paused(home: Home) -> None:
    home.pve.guest(101).fails(failed("no"))
    await home.until(TUESDAY_MORNING)
    before = home.sensor("job_backup-nightly_last_success").state
    home.pve.job("nightly").disable()
    await home.after(hours=1)

    assert home.job().brief == ("off", "paused")
    assert home.sensor("job_backup-nightly_last_success").state == before
    assert "job_backup-nightly" not in home.problems()


async def test_c06_a_new_guest_in_no_job_has_two_days(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.add_vm(110, "new", "pve1", size=4)
    await home.after(hours=1)
    assert home.guest(110).brief == ("off", "pending")
    await home.after(hours=46)
    assert home.guest(110).brief == ("off", "pending")
    await home.after(hours=2)

    assert home.guest(110).brief == ("on", "uncovered")
    assert "Put the guest into a job" in home.guest(110).attributes["next_step"]


async def test_c07_a_new_guest_in_a_job_of_all_is_pending_until_its_first_slot(home: Home) -> None:
    home.pve.job("nightly").change(vmid=None, all=1)
    await home.until(TUESDAY_MORNING)
    home.pve.add_vm(110, "new", "pve1", size=4)
    await home.after(hours=1)
    assert home.guest(110).brief == ("off", "pending")
    await home.until("2026-01-14T05:00:00")

    assert home.guest(110).brief == ("off", "ok")


async def test_c08_a_guest_that_the_job_excludes_is_uncovered_unless_it_is_ignored(home: Home) -> None:
    home.pve.job("nightly").change(vmid=None, all=1, exclude="104")
    await home.until(TUESDAY_MORNING)
    assert home.guest(104).brief == ("on", "uncovered")
    assert "nightly" in home.guest(104).reason
    home.pve.guest(104).tags = "no-backup"
    await home.after(minutes=10)

    assert home.guest(104).brief == ("off", "ignored")


async def test_c09_a_guest_that_leaves_its_pool_is_uncovered_after_the_grace(home: Home) -> None:
    home.pve.pools["prod"] = ""
    for vmid in (101, 102, 103, 104):
        home.pve.guest(vmid).pool = "prod"
    home.pve.job("nightly").change(vmid=None, pool="prod")
    await home.until(TUESDAY_MORNING)
    assert home.guest(101).brief == ("off", "ok")
    home.pve.guest(101).pool = None
    await home.after(hours=1)
    assert home.guest(101).brief == ("off", "uncovered")
    await home.after(hours=49)

    assert home.guest(101).brief == ("on", "uncovered")


async def test_c10_a_guest_that_has_left_the_node_of_its_job_is_uncovered_and_told_why(home: Home) -> None:
    home.pve.job("nightly").change(node="pve1")
    await home.until(TUESDAY_MORNING)
    home.pve.guest(101).migrate("pve2")
    await home.after(hours=1)
    assert home.guest(101).brief == ("off", "uncovered")
    await home.after(hours=49)

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("on", "uncovered"), "job_on_other_node")
    assert "Take the restriction to pve1 out of the job “nightly”" in home.guest(101).attributes["next_step"]
    assert "pve1" in home.guest(101).reason


async def test_c11_a_storage_that_the_guests_node_lacks_is_a_warning_before_the_slot(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.storage("nas").nodes = ("pve1",)
    await home.after(hours=1)
    assert (home.guest(102).brief, home.guest(102).reason_code) == (("off", "warning"), "storage_not_on_node")
    assert home.guest(101).brief == ("off", "ok")
    await home.until("2026-01-14T05:00:00")

    assert home.guest(102).brief == ("on", "failed")
    assert home.guest(101).brief == ("off", "ok")


async def test_c12_a_deleted_guest_in_the_list_fails_the_job_alone(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.guest(104).delete(purge=False)
    await home.until("2026-01-14T05:00:00")

    assert (home.job().brief, home.job().reason_code) == (("on", "failed"), "job_lists_deleted_guest")
    assert "104" in home.job().reason
    assert [home.guest(vmid).brief for vmid in (101, 102, 103)] == [("off", "ok")] * 3
    assert "guest_104" not in home.problems()


async def test_c13_a_guest_deleted_cleanly_is_no_problem_and_goes(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    assert len(home.traces("guest_104")) > 2
    home.pve.guest(104).delete()
    seen = await home.live(hours=6, step=timedelta(minutes=30))

    assert set(seen) == {""}
    assert home.traces("guest_104") == []
    assert len(home.traces("guest_103")) > 2
    assert len(home.pve.storage("nas").archive(104)) == 1


async def test_c15_a_guest_on_an_offline_node_is_not_taken_for_deleted(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.node("pve2").go_offline()
    await home.live(hours=3, step=timedelta(minutes=30))
    assert home.guest(102).brief == ("off", "ok")
    before = home.traces("guest_102")
    await home.live(days=8, step=timedelta(days=2))

    assert home.traces("guest_102") == before
    assert home.guest(102).problem != "off"


async def test_c16_a_number_used_again_inherits_no_backup(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.guest(104).delete(purge=False)
    await home.after(hours=1)
    home.pve.add_ct(104, "somebody-else", "pve2", size=8)
    await home.after(hours=1)

    assert home.guest(104).brief == ("off", "pending")
    assert home.last_success(104) is None


async def test_c17_a_number_that_was_a_vm_and_is_a_container_inherits_no_backup(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.guest(101).delete(purge=False)
    home.pve.add_ct(101, "web", "pve1", size=8)
    await home.after(hours=1)

    assert home.last_success(101) is None
    assert home.guest(101).brief == ("off", "pending")


async def test_c18_a_guest_that_was_restored_keeps_its_backups(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    before = home.last_success(104)
    home.pve.guest(104).delete(purge=False)
    await home.after(hours=1)
    home.pve.add_ct(104, "files", "pve2", size=8)
    await home.after(hours=1)

    assert home.last_success(104) == before
    assert home.guest(104).brief == ("off", "ok")


def back_up_elsewhere(home: Home, moment: str, notes: str | None = None) -> None:
    """Let another cluster, which has a guest 101 too, back it up into the same namespace."""
    begun = datetime.fromisoformat(f"{moment}+00:00")
    home.pve.storage("pbs").store(
        Archive(
            name=f"vm/101/{begun:%Y-%m-%dT%H:%M:%SZ}",
            vmid=101,
            type="qemu",
            ctime=int(begun.timestamp()),
            size=8 * GIB,
            stored=GIB,
            notes=notes,
        )
    )


async def test_c19_the_backup_of_another_cluster_in_the_same_namespace_is_not_borrowed(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs", notes_template=None)
    await home.until(TUESDAY_MORNING)
    back_up_elsewhere(home, "2026-01-13T01:30:20")
    await home.until("2026-01-14T05:00:00")
    ours = home.last_success(101)
    assert home.guest(101).brief == ("off", "ok")
    assert "comes from another cluster" in home.guest(101).attributes["findings"]

    home.pve.scheduler.active = False
    home.pve.scheduler.changed(home.pve.job("nightly"))
    home.pve.clock.advance(hours=21)
    back_up_elsewhere(home, "2026-01-15T01:30:20")
    await home.until("2026-01-15T06:00:00")
    assert home.guest(101).brief == ("on", "overdue")
    assert home.last_success(101) == ours
    assert home.assessment.guests[101].figures.restore_points == 2


async def test_c19_before_the_first_run_the_backup_of_another_cluster_proves_nothing(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    home.pve.limit_token({"/": "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"})
    home.pve.job("nightly").change(storage="pbs")
    back_up_elsewhere(home, "2026-01-12T01:00:20", notes="mailserver")
    await home.look()

    assert home.guest(101).brief == ("unknown", "unknown")
    assert home.last_success(101) is None


async def test_c20_templates_are_judged_in_a_job_and_ignored_without_one(home: Home) -> None:
    home.pve.add_vm(900, "debian-template", "pve1", size=2, template=True)
    await home.until(TUESDAY_MORNING)
    assert home.guest(900).brief == ("off", "ignored")
    home.pve.job("nightly").change(vmid=None, all=1)
    await home.until("2026-01-14T05:00:00")

    assert home.guest(900).brief == ("off", "ok")


async def test_c21_a_stopped_guest_is_still_expected(home: Home) -> None:
    home.pve.guest(101).stop()
    home.pve.guest(101).fails(failed("no"))
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("on", "failed")


async def test_c22_a_missed_weekly_backup_stays_a_problem_while_nightly_ones_go_on_until_it_is_made(home: Home) -> None:
    home.pve.add_storage("pbs", "pbs")
    await home.look()
    home.pve.add_job("weekly", "sun 05:00", "pbs", vmid="101")
    await home.until("2026-01-18T08:00:00")
    assert (home.guest(101).brief, home.job("weekly").brief) == (("off", "ok"), ("off", "ok"))
    await home.until("2026-01-25T03:00:00")
    home.pve.node("pve1").go_offline()
    await home.until("2026-01-25T07:50:00")
    home.pve.node("pve1").come_online()
    await home.until("2026-01-27T05:00:00")
    assert home.job().brief == ("off", "ok")
    assert (home.job("weekly").brief, home.guest(101).brief) == (("on", "overdue"), ("on", "overdue"))
    assert "25 January 2026, 05:00" in home.guest(101).reason
    newest = home.last_success(101)
    assert newest is not None
    assert home.now - newest < timedelta(days=1)
    home.pve.backup_by_hand([101], "nas")
    await home.after(minutes=10)
    assert home.guest(101).problem == "on"
    home.pve.backup_by_hand([101], "pbs")
    await home.after(minutes=10)

    assert (home.guest(101).problem, home.job("weekly").brief) == ("off", ("on", "overdue"))
    await home.until("2026-02-01T08:00:00")
    assert home.problems() == []


async def test_c23_a_job_that_fails_on_one_node_has_failed(home: Home) -> None:
    home.pve.guest(104).fails(failed("no"))
    await home.until(TUESDAY_MORNING)

    assert home.job().brief == ("on", "failed")
    assert "pve2" in home.job().reason
    assert [home.guest(vmid).brief for vmid in (101, 102, 103)] == [("off", "ok")] * 3
    assert home.guest(104).brief == ("on", "failed")
    assert sorted(home.problems()) == ["cluster", "guest_104", "job_backup-nightly"]


async def test_c24_a_run_on_a_node_without_guests_says_nothing(home: Home) -> None:
    home.pve.job("nightly").change(vmid=None, all=1)
    await home.until(TUESDAY_MORNING)
    home.pve.guest(101).fails(failed("no"))
    await home.until("2026-01-14T05:00:00")

    assert home.job().brief == ("on", "failed")
    assert home.guest(101).brief == ("on", "failed")


async def test_c25_no_run_is_expected_on_a_node_without_a_guest_of_the_job(home: Home) -> None:
    seen = await home.live(days=2, step=timedelta(hours=2))

    assert set(seen[9:]) == {""}
    assert home.job().brief == ("off", "ok")


async def test_c26_a_migrated_guest_keeps_verdict_and_history(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.guest(101).migrate("pve3")
    seen = await home.live(days=2, step=timedelta(hours=2))

    assert set(seen) == {""}
    assert home.guest(101).brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")


async def test_c27_a_guest_that_moved_while_the_job_ran_and_was_skipped_is_overdue(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    # pve1 has begun without it, and pve2 begins right after it has gone.
    between = datetime(2026, 1, 14, 1, 0, 1, 450_000, tzinfo=UTC)
    home.pve.at(between, lambda: home.pve.guest(104).migrate("pve1"))
    await home.live(hours=2, step=timedelta(minutes=30))
    await home.until("2026-01-14T00:50:00")
    await home.until("2026-01-14T01:10:00")
    assert home.guest(104).problem == "off"
    await home.until("2026-01-14T06:00:00")

    assert (home.guest(104).brief, home.guest(104).reason_code) == (("on", "overdue"), "moved_during_backup")
    assert "pve2" in home.guest(104).reason
    assert home.guest(102).brief == ("off", "ok")


async def test_c28_a_scheduled_run_of_one_guest_counts_for_its_job(home: Home) -> None:
    home.pve.job("nightly").change(vmid="101,102")
    home.pve.add_job("single", "04:00", "local", vmid="103")
    await home.until(TUESDAY_MORNING)

    assert home.guest(103).brief == ("off", "ok")
    assert home.job("single").brief == ("off", "ok")
    assert home.guest(103).reason_code == "backed_up"


async def test_c29_two_jobs_in_one_slot_are_told_apart_by_their_storage(home: Home) -> None:
    home.pve.add_job("copy", "02:00", "local", vmid=NIGHTLY, compress="zstd", notes_template="{{guestname}}")
    home.pve.guest(101).fails(failed("no"), job="copy")
    await home.until("2026-01-13T08:00:00")

    assert home.job().brief == ("off", "ok")
    assert home.job("copy").brief == ("on", "failed")


async def test_c30_a_job_made_anew_owes_nothing_for_the_past(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.job("nightly").delete()
    await home.after(minutes=10)
    home.pve.add_job(
        "backup-new", "02:00", "nas", vmid=NIGHTLY, compress="zstd", comment="nightly", notes_template="{{guestname}}"
    )
    seen = await home.live(days=2, step=timedelta(hours=2))

    assert set(seen) == {""}
    assert home.job("backup-new").brief == ("off", "ok")


async def test_c31_guests_of_a_deleted_job_are_uncovered_after_the_grace(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    home.pve.job("nightly").delete()
    await home.after(hours=1)
    assert home.guest(101).brief == ("off", "uncovered")
    await home.after(hours=49)

    assert home.guest(101).brief == ("on", "uncovered")


def two_disks() -> list[Disk]:
    """Return the disks of a guest with two."""
    return [Disk(key=key, volume=f"local-lvm:vm-101-{key}", size=4 * GIB) for key in ("scsi0", "scsi1")]


async def test_c32_a_disk_that_was_always_left_out_is_a_hint(home: Home) -> None:
    home.pve.guest(101).disks = two_disks()
    home.pve.guest(101).exclude_disk("scsi1")
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("off", "ok")
    assert "scsi1" in home.guest(101).attributes["findings"]


async def test_c33_a_disk_that_is_newly_left_out_is_a_warning(home: Home) -> None:
    home.pve.guest(101).disks = two_disks()
    await home.until(TUESDAY_MORNING)
    assert home.guest(101).brief == ("off", "ok")
    home.pve.guest(101).exclude_disk("scsi1")
    await home.after(hours=1)

    assert home.guest(101).brief == ("off", "warning")
    assert "scsi1" in home.guest(101).reason
    await home.until("2026-01-15T05:00:00")
    assert home.guest(101).brief == ("off", "warning")
    known = {"entity_id": shown(home.hass, "_guest_101_problem").entity_id}
    await home.hass.services.async_call(DOMAIN, "acknowledge", known, blocking=True)
    await home.after(minutes=5)

    assert (home.guest(101).brief, home.guest(101).reason_code) == (("off", "ok"), "backed_up")
    assert "scsi1" in home.guest(101).attributes["findings"]
    await home.after(hours=1)
    assert home.guest(101).brief == ("off", "ok")


async def test_c34_a_bind_mount_is_nobodys_problem(home: Home) -> None:
    home.pve.guest(103).disks.append(
        Disk(key="mp0", volume="/mnt/media", size=GIB, included=False, reason="not a volume", mount="/media")
    )
    await home.until(TUESDAY_MORNING)

    assert home.guest(103).brief == ("off", "ok")
    assert home.guest(103).attributes["findings"] is None


async def test_c36_stop_mode_for_a_guest_under_high_availability_fails_with_its_cause(home: Home) -> None:
    text = "Cannot execute a backup with stop mode on a HA managed and enabled Service. Use snapshot mode or disable the Service."
    home.pve.job("nightly").change(mode="stop")
    home.pve.guest(101).hastate = "started"
    home.pve.guest(101).fails(failed(text))
    await home.until(TUESDAY_MORNING)
    first = home.guest(101)
    assert first.brief == ("on", "failed")
    assert "stop mode" in first.reason
    assert "high availability" in first.reason
    assert first.attributes["next_step"]
    await home.until("2026-01-14T05:00:00")

    assert (home.guest(101).brief, home.guest(101).reason) == (first.brief, first.reason)
    assert home.guest(101).attributes["next_step"] == first.attributes["next_step"]
    assert home.guest(102).brief == ("off", "ok")


async def test_c38_a_renamed_guest_keeps_its_entity(home: Home) -> None:
    await home.until(TUESDAY_MORNING)
    before, last = home.traces("guest_101"), home.last_success(101)
    assert home.entry is not None
    known = device(home.hass, home.entry, "guest_101")
    assert known is not None
    home.pve.guest(101).rename("www")
    await home.after(minutes=10)

    assert home.guest(101).brief == ("off", "ok")
    assert (home.traces("guest_101"), home.last_success(101)) == (before, last)
    renamed = device(home.hass, home.entry, "guest_101")
    assert renamed is not None
    assert (renamed.id, "www" in (renamed.name or "")) == (known.id, True)


async def test_c39_the_tag_no_backup_is_followed_at_the_next_look(home: Home) -> None:
    home.pve.guest(101).fails(failed("no"))
    await home.until(TUESDAY_MORNING)
    assert home.guest(101).problem == "on"
    home.pve.guest(101).tags = "prod;no-backup"
    await home.after(minutes=10)

    assert home.guest(101).brief == ("off", "ignored")
    assert home.assessment.counts.ignored == 1
    assert "guest_101" not in home.problems()


async def test_c05_a_job_that_does_not_say_whether_it_is_enabled_is(home: Home) -> None:
    home.pve.job("nightly").tells_enabled = False
    await home.until(TUESDAY_MORNING)

    assert home.job().brief == ("off", "ok")
    assert home.guest(101).brief == ("off", "ok")


async def test_c14_a_guest_deleted_with_its_archives_leaves_no_trace(home: Home) -> None:
    await home.until("2026-01-12T20:00:00")
    home.pve.guest(104).fails(failed("no"))
    await home.until(TUESDAY_MORNING)
    assert "guest_104" in home.problems()
    home.pve.guest(104).recovers()
    home.pve.job("nightly").run(by="root@pam")
    await home.after(minutes=10)
    home.pve.guest(104).delete()
    for archive in home.pve.storage("nas").archive(104):
        home.pve.storage("nas").remove(archive)
    await home.live(hours=3, step=timedelta(minutes=30))

    assert home.problems() == []
    assert home.traces("guest_104") == []
    assert not [state for state in home.hass.states.async_all() if "files" in state.entity_id]
    assert [alert for alert in home.assessment.alerts if alert.guests] == []


async def test_c35_a_mount_point_that_only_the_log_leaves_out_is_a_warning(home: Home) -> None:
    home.pve.guest(103).disks.append(
        Disk(key="mp0", volume="local-lvm:vm-103-disk-1", size=GIB, included=False, reason="disabled", mount="/data")
    )
    home.pve.clock.advance(hours=18)
    home.pve.guest(103).disks[-1] = replace(home.pve.guest(103).disks[-1], included=True, reason="enabled")
    await home.look()

    assert (home.guest(103).brief, home.guest(103).reason_code) == (("off", "warning"), "disks_not_in_archive")
    assert "mp0" in home.guest(103).reason


async def test_c37_a_guest_that_the_token_may_not_see_is_not_shown(home: Home) -> None:
    home.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit", "/vms/101": "VM.Audit"})
    await home.until(TUESDAY_MORNING)

    assert home.guest(101).brief == ("off", "ok")
    assert home.assessment.guests.keys() == {101}
    assert len(home.assessment.verdicts) == 1 + 1 + 1 + len(home.assessment.storages)
    assert home.problems() == []


async def test_c40_a_job_whose_pool_does_not_exist_cannot_start_and_says_so(home: Home) -> None:
    home.pve.add_job("pool-job", "04:00", "nas", pool="spare")
    await home.until("2026-01-13T05:00:00")

    assert home.job("pool-job").brief == ("on", "failed")
    assert "spare" in home.job("pool-job").reason
    assert home.guest(101).brief == ("off", "ok")
