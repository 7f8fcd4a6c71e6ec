"""Rows C12 to C19 and C32 to C38 with other guests, nodes and storages: who is who, and what of him is saved."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from simulator.guests import GIB, Disk
from simulator.outcomes import failed
from simulator.storages import Archive

from .lab import Lab

MONDAY_EVENING = "2026-01-12T20:00:00"
TUESDAY_MORNING = "2026-01-13T05:00:00"
WEDNESDAY_MORNING = "2026-01-14T05:00:00"
PASSING = ("off", "ok")
READER = "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"


def test_c12_two_deleted_guests_of_two_nodes_fail_the_job_and_no_guest_and_the_command_takes_both_out(lab: Lab) -> None:
    lab.pve.add_vm(105, "gone", "pve3", size=4)
    lab.pve.job("nightly").change(vmid="101,102,103,104,105")
    lab.until(TUESDAY_MORNING)
    assert lab.job().brief == PASSING
    lab.pve.guest(103).delete(purge=False)
    lab.pve.guest(105).delete(purge=False)
    lab.live_until(WEDNESDAY_MORNING, step=timedelta(hours=3))

    assert (lab.job().brief, lab.job().code) == (("on", "failed"), "job_lists_deleted_guest")
    assert {"103", "105"} <= set(str(lab.job().verdict.reason.values["error"]).replace(",", " ").split())
    assert [lab.guest(vmid).brief for vmid in (101, 102, 104)] == [PASSING] * 3
    assert lab.assessment.guests.keys() == {101, 102, 104}
    [mistake] = lab.assessment.misconfigurations
    assert mistake.values["command"] == "pvesh set /cluster/backup/backup-nightly --vmid 101,102,104"
    lab.pve.job("nightly").change(vmid="101,102,104")
    lab.until("2026-01-15T05:00:00")
    assert lab.job().brief == PASSING


def test_c12_a_deleted_guest_in_one_job_leaves_the_other_job_of_that_night_alone(lab: Lab) -> None:
    lab.pve.add_job("second", "03:00", "local", all=1)
    lab.until(TUESDAY_MORNING)
    lab.pve.guest(104).delete(purge=False)
    lab.until(WEDNESDAY_MORNING)

    assert (lab.job().brief, lab.job("second").brief) == (("on", "failed"), PASSING)
    assert [lab.guest(vmid).brief for vmid in (101, 102, 103)] == [PASSING] * 3


@pytest.mark.parametrize("archives", [True, False])
def test_c13_c14_a_failing_guest_that_is_deleted_takes_its_alarm_with_it_whether_its_archives_stay_or_not(
    lab: Lab, archives: bool
) -> None:
    lab.until(MONDAY_EVENING)
    lab.pve.guest(103).fails(failed("no"))
    lab.live_until(WEDNESDAY_MORNING, step=timedelta(hours=3))
    assert "guest_103" in lab.problems()
    assert [kind for kind, _ in lab.told()] == ["opened", "changed"]
    lab.pve.guest(103).delete()
    if not archives:
        for archive in lab.pve.storage("nas").archive(103):
            lab.pve.storage("nas").remove(archive)
    lab.after(minutes=10)

    assert 103 not in lab.assessment.guests
    assert "guest_103" not in lab.problems()
    lab.live_until("2026-01-15T05:00:00", step=timedelta(hours=3))
    assert lab.problems() == []
    assert "archive_vanished" not in lab.happened()
    assert not [alert for alert in lab.assessment.alerts if alert.guests]


@pytest.mark.parametrize("loss", ["node", "rights on the guest", "rights on all guests"])
def test_c15_a_guest_that_is_out_of_sight_is_not_forgotten_and_comes_back_with_its_history(lab: Lab, loss: str) -> None:
    lab.until(TUESDAY_MORNING)
    last = lab.guest(104).verdict.last_success
    lab.happened()
    if loss == "node":
        lab.pve.node("pve2").go_offline()
    elif loss == "rights on the guest":
        rest = {f"/vms/{vmid}": "VM.Audit" for vmid in (101, 102, 103)}
        lab.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit", **rest})
    else:
        lab.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit"})
    lab.live(hours=6)
    assert lab.watch.history.guests[104].absent_since is None
    assert "guest_104" not in lab.problems()
    assert lab.happened() == []
    lab.pve.limit_token({"/": "Sys.Audit VM.Audit Datastore.Audit Pool.Audit"})
    lab.pve.node("pve2").come_online()
    lab.after(hours=1)

    assert (lab.guest(104).brief, lab.guest(104).verdict.last_success) == (PASSING, last)


@pytest.mark.parametrize(("vmid", "renamed"), [(101, False), (104, False), (104, True)])
def test_c16_a_number_that_was_used_again_before_the_first_look_inherits_nothing_and_alarms_nobody(
    lab: Lab, vmid: int, renamed: bool
) -> None:
    lab.pve.job("nightly").reschedule("tue 02:00")
    lab.pve.clock.advance(hours=20)
    if renamed:
        lab.pve.guest(vmid).rename("another")
    else:
        lab.pve.guest(vmid).delete(purge=False)
        lab.pve.clock.advance(hours=2)
        add = lab.pve.add_vm if vmid == 101 else lab.pve.add_ct
        add(vmid, "another", "pve1", size=8)
    lab.look()
    assert (lab.guest(vmid).brief, lab.guest(vmid).verdict.last_success) == (("off", "pending"), None)
    assert list(lab.assessment.guests[vmid].archives) == []
    assert lab.guest(103).brief == PASSING
    assert lab.live(days=4, step=timedelta(hours=12)) == set()
    assert lab.guest(vmid).brief == ("off", "pending")
    lab.live_until("2026-01-20T05:00:00", step=timedelta(hours=12))

    assert lab.guest(vmid).brief == PASSING


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
def test_c16_a_container_or_machine_on_another_node_inherits_nothing_and_is_overdue_when_its_own_slot_is_missed(
    lab: Lab, kind: str
) -> None:
    lab.pve.add_job("second", "03:00", "local", all=1)
    lab.until(TUESDAY_MORNING)
    vmid = 101 if kind == "qemu" else 103
    lab.pve.guest(vmid).delete(purge=False)
    lab.after(hours=1)
    add = lab.pve.add_vm if kind == "qemu" else lab.pve.add_ct
    add(vmid, "somebody-else", "pve3", size=8)
    lab.after(hours=1)
    assert (lab.guest(vmid).brief, lab.guest(vmid).verdict.last_success) == (("off", "pending"), None)
    lab.live_until("2026-01-14T00:50:00", step=timedelta(hours=3))
    lab.pve.node("pve3").go_offline()
    lab.after(minutes=5)
    lab.until("2026-01-14T08:00:00")

    assert (lab.guest(vmid).brief, lab.guest(vmid).verdict.last_success) == (("on", "overdue"), None)


def test_c17_only_archives_of_its_own_kind_count_also_on_two_storages(lab: Lab) -> None:
    lab.pve.add_job("second", "03:00", "local", all=1)
    lab.until(TUESDAY_MORNING)
    assert len(lab.assessment.guests[103].archives) == 2
    lab.pve.guest(103).delete(purge=False)
    lab.pve.add_vm(103, "dns", "pve1", size=8)
    lab.after(hours=1)
    assert (lab.guest(103).brief, lab.guest(103).verdict.last_success) == (("off", "pending"), None)
    assert list(lab.assessment.guests[103].archives) == []
    lab.until(WEDNESDAY_MORNING)

    assert lab.guest(103).brief == PASSING
    assert {archive.guest_type for archive in lab.assessment.guests[103].archives} == {"qemu"}


def test_c18_a_machine_restored_on_another_node_keeps_its_backups_and_owes_the_next_slot(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    last = lab.guest(102).verdict.last_success
    lab.pve.guest(102).delete(purge=False)
    lab.after(hours=1)
    lab.pve.add_vm(102, "database", "pve3", size=16)
    lab.after(hours=1)
    assert (lab.guest(102).brief, lab.guest(102).verdict.last_success) == (PASSING, last)
    lab.live_until("2026-01-14T00:50:00", step=timedelta(hours=4))
    lab.pve.node("pve3").go_offline()
    lab.after(minutes=5)
    lab.until("2026-01-14T08:00:00")

    assert (lab.guest(102).brief, lab.guest(102).verdict.last_success) == (("on", "overdue"), last)


def test_c19_a_file_of_another_cluster_on_the_same_share_is_not_borrowed(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    lab.until(WEDNESDAY_MORNING)
    last = lab.guest(101).verdict.last_success
    lab.pve.scheduler.active = False
    lab.pve.scheduler.changed(lab.pve.job("nightly"))
    lab.pve.clock.advance(hours=21)
    begun = datetime(2026, 1, 15, 1, 0, 30, tzinfo=UTC)
    name = f"vzdump-qemu-101-{begun + timedelta(hours=1):%Y_%m_%d-%H_%M_%S}.vma.zst"
    lab.pve.storage("nas").store(
        Archive(name=name, vmid=101, type="qemu", ctime=int(begun.timestamp()), size=8 * GIB, stored=GIB)
    )
    lab.until("2026-01-15T06:00:00")

    assert (lab.guest(101).brief, lab.guest(101).verdict.last_success) == (("on", "overdue"), last)
    assert lab.guest(102).brief == ("on", "overdue")


def disks(*keys: str) -> list[Disk]:
    """Return the disks of a machine."""
    return [Disk(key=key, volume=f"local-lvm:vm-101-{key}", size=GIB) for key in keys]


def test_c32_of_three_disks_the_excluded_ones_are_named_for_each_guest(lab: Lab) -> None:
    lab.pve.guest(101).disks = disks("scsi0", "scsi1", "virtio2")
    lab.pve.guest(101).exclude_disk("scsi1")
    lab.pve.guest(104).disks.append(
        Disk(key="mp0", volume="local-lvm:vm-104-disk-1", size=GIB, included=False, reason="disabled", mount="/data")
    )
    lab.pve.add_job("second", "03:00", "local", vmid="101")
    lab.until(TUESDAY_MORNING)

    assert [lab.guest(vmid).brief for vmid in (101, 102, 103, 104)] == [PASSING] * 4
    for vmid, left_out in ((101, "scsi1"), (104, "mp0")):
        [partial] = [finding for finding in lab.guest(vmid).verdict.findings if finding.code == "partial"]
        assert partial.values["disks"] == left_out
    assert "partial" not in lab.guest(103).findings


@pytest.mark.parametrize(("vmid", "key", "reason"), [(102, "scsi5", "backup=no"), (104, "mp1", "disabled")])
def test_c33_a_disk_or_mount_point_that_is_added_without_the_flag_is_told_once_and_warned_of(
    lab: Lab, vmid: int, key: str, reason: str
) -> None:
    lab.until(TUESDAY_MORNING)
    lab.happened()
    lab.pve.guest(vmid).disks.append(
        Disk(key=key, volume=f"local-lvm:vm-{vmid}-disk-5", size=GIB, included=False, reason=reason, mount="/new")
    )
    lab.live(hours=23)
    assert (lab.guest(vmid).brief, lab.guest(vmid).code) == (("off", "warning"), "disks_newly_excluded")
    assert key in str(lab.guest(vmid).verdict.reason.values["disks"])
    assert lab.happened().count("disk_excluded") == 1
    assert lab.guest(101).brief == PASSING
    lab.pve.guest(vmid).disks[-1] = replace(lab.pve.guest(vmid).disks[-1], included=True)
    lab.until("2026-01-15T08:00:00")
    assert lab.guest(vmid).brief == PASSING


def test_c33_who_acknowledges_one_guests_disk_is_told_of_the_next_one_and_of_the_other_guest(lab: Lab) -> None:
    lab.pve.guest(101).disks = disks("scsi0", "scsi1", "scsi2")
    lab.pve.guest(102).disks = disks("scsi0", "scsi1")
    lab.until(TUESDAY_MORNING)
    for vmid in (101, 102):
        lab.pve.guest(vmid).exclude_disk("scsi1")
    lab.after(hours=1)
    known = [Subject.guest(101), Subject.guest(104)]
    lab.watch.history = acknowledge(lab.watch.history, lab.assessment.verdicts, known, lab.now)
    lab.after(hours=1)
    assert (lab.guest(101).brief, lab.guest(102).brief) == (PASSING, ("off", "warning"))
    assert lab.watch.history.acknowledgements == {}
    lab.pve.guest(101).exclude_disk("scsi2")
    lab.after(hours=1)

    assert lab.guest(101).brief == ("off", "warning")
    assert lab.guest(101).verdict.reason.values["disks"] == "scsi2"


def test_c34_the_root_of_a_container_counts_and_a_bind_or_device_mount_is_nobodys_problem(lab: Lab) -> None:
    for number, (volume, vmid) in enumerate((("/mnt/media", 103), ("/dev/sdb1", 104))):
        lab.pve.guest(vmid).disks.append(
            Disk(key=f"mp{number}", volume=volume, size=GIB, included=False, reason="not a volume", mount="/media")
        )
    lab.until(TUESDAY_MORNING)
    lab.happened()
    lab.pve.guest(103).disks.append(
        Disk(key="mp7", volume="/mnt/later", size=GIB, included=False, reason="not a volume", mount="/later")
    )
    lab.live(hours=3)

    assert [(lab.guest(vmid).brief, lab.guest(vmid).findings) for vmid in (103, 104)] == [(PASSING, set())] * 2
    assert lab.happened() == []


def test_c35_a_disk_that_only_the_log_of_one_of_two_jobs_leaves_out_is_a_warning(lab: Lab) -> None:
    lab.pve.guest(104).disks.append(
        Disk(key="mp0", volume="local-lvm:vm-104-disk-1", size=GIB, included=False, reason="disabled", mount="/data")
    )
    lab.pve.add_job("second", "03:00", "local", vmid="101,104")
    lab.pve.clock.advance(hours=18)
    lab.pve.guest(104).disks[-1] = replace(lab.pve.guest(104).disks[-1], included=True, reason="enabled")
    lab.look()

    assert (lab.guest(104).brief, lab.guest(104).code) == (("off", "warning"), "disks_not_in_archive")
    assert lab.guest(101).brief == PASSING


@pytest.mark.parametrize("vmid", [102, 103])
def test_c36_the_cause_is_told_for_each_guest_under_high_availability_and_stays_one_problem(
    lab: Lab, vmid: int
) -> None:
    text = "Cannot execute a backup with stop mode on a HA managed and enabled Service. Use snapshot mode or disable the Service."
    lab.pve.job("nightly").change(mode="stop")
    lab.until(MONDAY_EVENING)
    lab.pve.guest(vmid).hastate = "started"
    lab.pve.guest(vmid).fails(failed(text))
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=2))
    first = lab.guest(vmid).verdict
    assert first.cause is not None
    assert first.cause.code == "stop_mode_with_ha"
    lab.live_until("2026-01-15T05:00:00", step=timedelta(hours=4))

    later = lab.guest(vmid).verdict
    assert (later.cause, later.reason, later.since, later.failures) == (first.cause, first.reason, first.since, 3)
    assert {lab.guest(other).brief for other in (101, 104)} == {PASSING}


def test_c37_of_two_guests_of_a_run_the_hidden_one_is_not_shown_and_fails_nobody(lab: Lab) -> None:
    lab.pve.guest(103).fails(failed("no"))
    seen = {f"/vms/{vmid}": "VM.Audit" for vmid in (101, 104)}
    lab.pve.limit_token({"/": "Sys.Audit Datastore.Audit Pool.Audit", **seen})
    lab.live_until(TUESDAY_MORNING, step=timedelta(hours=3))

    assert lab.assessment.guests.keys() == {101, 104}
    assert [lab.guest(vmid).brief for vmid in (101, 104)] == [PASSING] * 2
    assert lab.assessment.counts.guests == 2
    assert not lab.assessment.guests_complete


def test_c38_two_guests_that_swap_their_names_stay_who_they_are(lab: Lab) -> None:
    lab.until(MONDAY_EVENING)
    lab.pve.guest(103).fails(failed("no"))
    lab.until(TUESDAY_MORNING)
    last = {vmid: lab.guest(vmid).verdict.last_success for vmid in (101, 103)}
    lab.pve.guest(101).rename("dns")
    lab.pve.guest(103).rename("web")
    lab.after(minutes=10)

    assert (lab.guest(101).brief, lab.guest(103).brief) == (PASSING, ("on", "failed"))
    assert {vmid: lab.guest(vmid).verdict.last_success for vmid in (101, 103)} == last
    [alert] = [alert for alert in lab.assessment.alerts if alert.guests]
    assert [(guest.vmid, guest.name) for guest in alert.guests] == [(103, "web")]
