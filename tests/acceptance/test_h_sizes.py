"""Rows H51 to H57: backups that are far from the guest's own past, and what explains that they are."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.verdict import Reason
from simulator.restoring import restore

from .lab import Lab

READER = "Sys.Audit VM.Audit Pool.Audit Datastore.Audit Datastore.Allocate VM.Backup"
GIB = 1024**3


def nights(lab: Lab, count: int, storage: str | None = None) -> None:
    """Let so many nights go by, each with a look in the morning; what is changed by day is seen the next one."""
    if storage is not None:
        lab.pve.job("nightly").change(storage=storage)
    lab.live(days=count, step=timedelta(hours=6))


def on_server(lab: Lab) -> None:
    """Let the nightly job write to a backup server that the token may read."""
    lab.pve.limit_token({"/": READER})
    lab.pve.add_storage("pbs", "pbs", total=8 * 1024 * GIB)


def finding(lab: Lab, code: str, vmid: int = 101) -> Reason | None:
    return next((reason for reason in lab.guest(vmid).verdict.findings if reason.code == code), None)


@pytest.mark.parametrize("vmid", [101, 102])
def test_h51_a_file_three_times_as_large_is_a_warning_with_both_numbers(lab: Lab, vmid: int) -> None:
    guest = lab.pve.guest(vmid)
    guest.disks = [replace(guest.disks[0], size=64 * GIB)]
    guest.filled = 0.2
    nights(lab, 16)
    assert lab.guest(vmid).brief == ("off", "ok")
    guest.filled = 0.8
    nights(lab, 1)

    told = finding(lab, "size_much_larger", vmid)
    assert told is not None
    assert (told.values["size"], told.values["usual"]) == ("23 GiB", "5.8 GiB")
    assert lab.guest(vmid).brief == ("off", "warning")
    assert lab.problems() == []
    nights(lab, 1)
    assert finding(lab, "size_much_larger", vmid) is not None
    guest.filled = 0.2
    nights(lab, 1)
    assert lab.guest(vmid).brief == ("off", "ok")


@pytest.mark.parametrize("why", ["disk enlarged", "restored", "resize seen in the task history", "not packed any more"])
def test_h52_growth_that_is_explained_is_none(lab: Lab, why: str) -> None:
    guest = lab.pve.guest(101)
    guest.disks = [replace(guest.disks[0], size=64 * GIB)]
    guest.filled = 0.2
    nights(lab, 16)
    if why == "disk enlarged":
        guest.disks = [replace(guest.disks[0], size=128 * GIB)]
        guest.filled = 0.5
    elif why == "restored":
        restore(lab.pve, 101, 101, "nas")
        guest.filled = 0.8
    elif why == "resize seen in the task history":
        lab.pve.node("pve1").other_task("resize", "101")
        guest.filled = 0.8
    else:
        lab.pve.job("nightly").change(compress="0")
        guest.filled = 0.4
    nights(lab, 2)

    assert finding(lab, "size_much_larger") is None


@pytest.mark.parametrize("vmid", [101, 102])
def test_h53_most_of_a_guest_changed_at_once_is_told_at_the_first_run(lab: Lab, vmid: int) -> None:
    on_server(lab)
    guest = lab.pve.guest(vmid)
    guest.changes = 0.01
    nights(lab, 17, "pbs")
    guest.changes = 0.6
    nights(lab, 1)

    told = finding(lab, "changed_much_more", vmid)
    assert told is not None
    assert told.values["changed"] != told.values["usual"]
    assert lab.guest(vmid).brief == ("off", "warning")
    guest.changes = 0.01
    nights(lab, 1)
    assert lab.guest(vmid).brief == ("off", "ok")


@pytest.mark.parametrize("share", [0.15, 0.2])
def test_h54_what_writes_far_more_than_ever_is_told_the_second_night(lab: Lab, share: float) -> None:
    on_server(lab)
    guest = lab.pve.guest(102)
    guest.changes = 0.005
    nights(lab, 17, "pbs")
    guest.changes = share
    nights(lab, 1)
    assert finding(lab, "changed_much_more", 102) is None
    nights(lab, 1)

    assert finding(lab, "changed_much_more", 102) is not None


@pytest.mark.parametrize("why", ["bitmap lost", "first copy on another storage"])
def test_h55_what_was_read_again_has_not_changed(lab: Lab, why: str) -> None:
    on_server(lab)
    guest = lab.pve.guest(101)
    guest.changes = 0.01
    nights(lab, 17, "pbs")
    if why == "bitmap lost":
        guest.loses_bitmap = True
        nights(lab, 1)
    else:
        lab.pve.add_storage("pbs2", "pbs", total=8 * 1024 * GIB)
        nights(lab, 2, "pbs2")

    assert lab.guest(101).brief == ("off", "ok")
    assert finding(lab, "changed_much_more") is None


@pytest.mark.parametrize("runs", [True, False])
def test_h56_nothing_changed_for_two_weeks_is_told_of_a_guest_that_runs(lab: Lab, runs: bool) -> None:
    on_server(lab)
    guest = lab.pve.guest(101)
    guest.changes = 0.02
    nights(lab, 17, "pbs")
    guest.changes = 0
    if not runs:
        guest.stop()
    nights(lab, 14)
    assert finding(lab, "nothing_changed") is None
    nights(lab, 3)

    told = finding(lab, "nothing_changed")
    assert (told is not None) == runs
    assert lab.guest(101).brief == ("off", "warning" if runs else "ok")


@pytest.mark.parametrize("nights_before", [5, 12])
def test_h57_a_guest_that_was_saved_less_than_fourteen_times_is_left_alone(lab: Lab, nights_before: int) -> None:
    guest = lab.pve.guest(101)
    guest.disks = [replace(guest.disks[0], size=64 * GIB)]
    guest.filled = 0.2
    nights(lab, nights_before)
    guest.filled = 0.8
    nights(lab, 1)

    assert lab.guest(101).brief == ("off", "ok")
