"""Rows G24 to G27: what is told of guests whose copies have not come elsewhere, once for all that one sync job leaves out."""

from collections.abc import Iterator

import pytest

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge
from custom_components.proxmox_backup_checker.checker.alerts.alerts import Alert, Severity
from custom_components.proxmox_backup_checker.checker.alerts.announcements import MessageKind
from custom_components.proxmox_backup_checker.checker.model.reason_codes import AlertKind
from custom_components.proxmox_backup_checker.checker.model.subject import Subject

from .linked_lab import LinkedLab

OPENED, RECOVERED = MessageKind.OPENED, MessageKind.RECOVERED


@pytest.fixture
def lab() -> Iterator[LinkedLab]:
    """A cluster whose backups a server pushes elsewhere; all have come so far."""
    with LinkedLab() as made:
        made.push()
        made.both()
        made.nights()
        assert made.watch.held.alerts == ()
        yield made


def alert(lab: LinkedLab) -> Alert:
    """Return the only alert."""
    [found] = lab.watch.held.alerts
    return found


def test_g24_whom_a_sync_job_leaves_out_is_told_once_with_all_of_them_and_is_told_when_it_is_over(
    lab: LinkedLab,
) -> None:
    for vmid, kind in ((101, "vm"), (103, "ct")):
        lab.target(vmid, kind).owner = "root@pam"
    lab.watch.told.clear()
    lab.nights(4)

    found = alert(lab)
    assert (found.kind, found.tag) == (AlertKind.OFFSITE, "offsite_pbs:offsite")
    assert [guest.vmid for guest in found.guests] == [101, 103]
    assert set(found.subjects) == {Subject.offsite(101), Subject.offsite(103)}
    assert [cause.reason.code for cause in found.causes] == ["offsite_not_owned"]
    assert found.severity is Severity.NORMAL
    assert found.guests[0].last_success == lab.offsite(101).verdict.last_success
    assert lab.watch.told.count(OPENED) == 1
    for vmid, kind in ((101, "vm"), (103, "ct")):
        lab.target(vmid, kind).owner = "sync@pbs"
    lab.nights(2)
    assert lab.watch.held.alerts == ()
    assert lab.watch.told.count(RECOVERED) == 1


def test_g24_what_follows_from_a_sync_job_that_fails_or_rests_is_told_by_its_server_alone(lab: LinkedLab) -> None:
    lab.hang(lab.pbs)
    lab.watch.told.clear()
    lab.nights(4)
    assert lab.offsite(101).brief == ("on", "overdue")
    assert lab.watch.held.alerts == ()
    assert OPENED not in lab.watch.told


def test_g24_that_a_job_without_a_schedule_has_never_copied_anybody_is_told_since_its_server_does_not() -> None:
    with LinkedLab() as lab:
        lab.push(schedule=None)
        lab.both()
        lab.nights(14)
        assert (lab.offsite(101).problem, lab.offsite(101).code) == ("on", "offsite_job_never_ran")
        found = alert(lab)
        assert (found.kind, [guest.vmid for guest in found.guests]) == (AlertKind.OFFSITE, [101, 103])
        assert lab.watch.told.count(OPENED) == 1


def test_g24_that_a_copy_is_missing_elsewhere_can_be_known_to_somebody(lab: LinkedLab) -> None:
    lab.target(103, "ct").owner = "root@pam"
    lab.nights(4)
    assert alert(lab).subjects == (Subject.offsite(103),)
    watch = lab.watch
    watch.history = acknowledge(watch.history, watch.held.verdicts, [Subject.offsite(103)], lab.now)
    watch.told.clear()
    lab.nights(3)
    assert alert(lab).subjects == (Subject.offsite(103),)
    assert watch.told == []
    assert watch.held.acknowledgement(Subject.offsite(103)) is not None
    # That its backup itself fails is news all the same.
    assert watch.held.acknowledgement(Subject.guest(103)) is None


def test_g24_what_was_told_of_copies_elsewhere_is_not_told_again_after_a_restart(lab: LinkedLab) -> None:
    lab.target(103, "ct").owner = "root@pam"
    lab.nights(4)
    lab.watch.told.clear()
    lab.restart(servers=False)
    lab.look()
    lab.restart()
    lab.nights()
    assert alert(lab).subjects == (Subject.offsite(103),)
    assert OPENED not in lab.watch.told
    assert RECOVERED not in lab.watch.told
