"""Rows G24 to G27: what is told of guests whose copies have not come elsewhere, once for all that one sync job leaves out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge
from custom_components.proxmox_backup_checker.checker.alerts.alerts import Alert, Severity
from custom_components.proxmox_backup_checker.checker.alerts.announcements import MessageKind
from custom_components.proxmox_backup_checker.checker.model.reason_codes import AlertKind
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from simulator.backup_server.content import BackupType

from .linked_lab import LinkedLab

OPENED, RECOVERED = MessageKind.OPENED, MessageKind.RECOVERED
BOTH: Final[tuple[tuple[int, BackupType], ...]] = ((101, "vm"), (103, "ct"))


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
    for vmid, kind in BOTH:
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
    for vmid, kind in BOTH:
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


def test_g24_who_knows_of_a_missing_copy_knows_of_it_still_once_the_guest_can_be_seen_again(lab: LinkedLab) -> None:
    lab.target(103, "ct").owner = "root@pam"
    lab.nights(4)
    watch, token = lab.watch, lab.watch.token.id
    watch.history = acknowledge(watch.history, watch.held.verdicts, [Subject.offsite(103)], lab.now)
    lab.pve.access.grant(token, "/vms/103", "")
    lab.nights(2)
    assert 103 not in watch.held.guests
    lab.pve.access.revoke(token, "/vms/103")
    watch.told.clear()
    lab.nights()
    assert alert(lab).subjects == (Subject.offsite(103),)
    assert watch.held.acknowledgement(Subject.offsite(103)) is not None
    assert OPENED not in watch.told


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


@pytest.fixture
def two_jobs() -> Iterator[LinkedLab]:
    """The same of a version that told nobody of copies elsewhere: two sync jobs, each of which leaves a guest out."""
    with LinkedLab() as lab:
        lab.push(group_filter=("type:vm",))
        job = lab.push(group_filter=("type:ct",))
        job.id = "containers"
        for vmid, kind in BOTH:
            lab.tank.add_group("copies", kind, str(vmid), "root@pam")
        lab.both()
        lab.nights(3)
        assert [lab.offsite(vmid).problem for vmid in (101, 103)] == ["on", "on"]
        history = lab.watch.history
        others = {tag: record for tag, record in history.alerts.items() if record.kind is not AlertKind.OFFSITE}
        lab.watch.history = replace(history, alerts=others, offsite_since=None)
        lab.restart()
        lab.watch.told.clear()
        yield lab


def test_g24_what_is_found_when_copies_elsewhere_are_watched_first_is_one_message_and_stays_one(
    two_jobs: LinkedLab,
) -> None:
    two_jobs.look()
    found = alert(two_jobs)
    assert (found.kind, found.tag, found.about) == (AlertKind.OFFSITE, "offsite", None)
    assert found.subjects == (Subject.offsite(101), Subject.offsite(103))
    assert [cause.reason.values["job"] for cause in found.causes] == ["containers", "offsite"]
    assert two_jobs.watch.told == [OPENED]

    two_jobs.nights(3)
    assert alert(two_jobs).tag == "offsite"
    assert set(two_jobs.watch.told) == {OPENED, MessageKind.REMINDER}
    two_jobs.target(101).owner = "sync@pbs"
    two_jobs.nights(2)
    assert (alert(two_jobs).tag, alert(two_jobs).subjects) == ("offsite", (Subject.offsite(103),))
    two_jobs.target(103, "ct").owner = "sync@pbs"
    two_jobs.nights(2)
    assert two_jobs.watch.held.alerts == ()
    assert two_jobs.watch.told.count(RECOVERED) == 1
    assert two_jobs.watch.told.count(OPENED) == 1


def test_g24_what_two_sync_jobs_leave_out_later_is_a_message_of_each(two_jobs: LinkedLab) -> None:
    for vmid, kind in BOTH:
        two_jobs.target(vmid, kind).owner = "sync@pbs"
    two_jobs.nights(3)
    assert not two_jobs.watch.held.alerts
    for vmid, kind in BOTH:
        two_jobs.target(vmid, kind).owner = "root@pam"
    two_jobs.nights(4)
    assert [one.tag for one in two_jobs.watch.held.alerts] == ["offsite_pbs:offsite", "offsite_pbs:containers"]
