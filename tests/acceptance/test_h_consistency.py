"""Rows H65 and H66: backups without a freeze, and since when."""

from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.verdict import Reason

from .lab import Lab

BERLIN = timedelta(hours=1)


def hint(lab: Lab, vmid: int = 101) -> Reason | None:
    codes = {"freeze_failed", "freeze_skipped"}
    return next((reason for reason in lab.guest(vmid).verdict.findings if reason.code in codes), None)


def nights(lab: Lab, count: int) -> None:
    lab.live(days=count, step=timedelta(hours=12))


@pytest.mark.parametrize(("why", "code"), [("silent", "freeze_skipped"), ("fails", "freeze_failed")])
@pytest.mark.parametrize("version", ["8.4.1", "9.2.11"])
def test_h65_backups_without_a_freeze_are_pointed_out_with_the_first_of_them(
    lab: Lab, why: str, code: str, version: str
) -> None:
    lab.pve.version = version
    nights(lab, 2)
    assert hint(lab) is None
    guest = lab.pve.guest(101)
    if why == "silent":
        guest.agent = False
    else:
        guest.freeze_error = "got timeout"
    first = (lab.now + timedelta(days=1)).date()
    nights(lab, 3)

    told = hint(lab)
    assert told is not None
    assert told.code == code
    since = told.values["since"]
    assert not isinstance(since, str)
    assert (since + BERLIN).date() == first
    assert lab.guest(101).brief == ("off", "ok")
    assert hint(lab, 102) is None
    guest.agent, guest.freeze_error = True, None
    nights(lab, 1)
    assert hint(lab) is None


@pytest.mark.parametrize("why", ["no agent", "off", "container", "stop mode"])
def test_h66_what_needs_no_freeze_or_was_decided_is_no_hint(lab: Lab, why: str) -> None:
    vmid = 103 if why == "container" else 101
    guest = lab.pve.guest(vmid)
    guest.agent = None if why == "no agent" else False
    if why == "off":
        guest.stop()
    if why == "stop mode":
        lab.pve.job("nightly").change(mode="stop")
    nights(lab, 3)

    assert lab.guest(vmid).brief == ("off", "ok")
    assert hint(lab, vmid) is None


@pytest.mark.parametrize("off", [1, 2])
def test_h66_a_night_on_which_the_guest_was_off_does_not_end_the_row(lab: Lab, off: int) -> None:
    guest = lab.pve.guest(101)
    guest.agent = False
    nights(lab, 1)
    told = hint(lab)
    assert told is not None
    guest.stop()
    nights(lab, off)
    guest.start()
    nights(lab, 1)

    again = hint(lab)
    assert again is not None
    assert again.values["since"] == told.values["since"]
