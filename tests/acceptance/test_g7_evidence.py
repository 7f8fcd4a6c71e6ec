"""Rows G102 to G104, and what holds while a server cannot be asked: what it knows of the cluster's backups is evidence, no more."""

from collections.abc import Iterator
from datetime import time, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.server_options import Hours

from .linked_lab import LinkedLab


@pytest.fixture
def lab() -> Iterator[LinkedLab]:
    with LinkedLab() as made:
        yield made


@pytest.mark.parametrize("by", ["pve", "server"])
def test_g102_a_restore_point_that_a_prune_has_removed_is_no_contradiction(lab: LinkedLab, by: str) -> None:
    if by == "pve":
        lab.pve.job("backup-nightly").change(prune_backups={"keep-last": 2})
    else:
        lab.pbs.add_prune_job("tidy", "ds1", "23:00", {"keep-last": 2})
    lab.beside(lab.pbs)
    lab.nights(4)

    assert lab.guest(101).brief == ("off", "ok")
    assert lab.view(101).figures.restore_points == 2
    assert lab.problems() == []
    assert "archives_vanished" not in lab.watch.happened


@pytest.mark.parametrize(("vmid", "type_"), [(101, "vm"), (103, "ct")])
def test_g103_a_backup_that_the_server_does_not_have_is_missing(lab: LinkedLab, vmid: int, type_: str) -> None:
    lab.beside(lab.pbs)
    lab.nights(2)
    lose_newest(lab, vmid, type_)
    seen = []
    for _ in range(9):
        lab.pve.clock.advance(minutes=10)
        lab.look()
        seen.append((lab.guest(vmid).verdict.status.value, lab.guest(vmid).code))
    assert list(dict.fromkeys(seen)) == [("warning", "archive_not_listed"), ("failed", "archive_missing")]

    assert (lab.guest(vmid).brief, lab.guest(vmid).code) == (("on", "failed"), "archive_missing")
    assert [lab.guest(one).problem for one in {101, 103} - {vmid}] == ["off"]


def lose_newest(lab: LinkedLab, vmid: int, type_: str) -> None:
    """Let the nightly job run, and its snapshot of a guest vanish before anybody has looked."""
    lab.until(lab.now + timedelta(hours=8, minutes=50), step=timedelta(hours=1))
    lab.pve.clock.advance(minutes=14)
    group = lab.source(vmid, type_)
    assert group.by_age[-1].time > lab.now.timestamp() - 900
    group.remove(group.by_age[-1])


@pytest.mark.parametrize("linked", [True, False])
def test_g104_where_the_run_is_not_known_the_servers_restore_point_is_the_proof(lab: LinkedLab, linked: bool) -> None:
    lab.leap(hours=1)
    lab.pve.clock.advance(hours=13)
    forget_tasks(lab)
    if linked:
        lab.beside(lab.pbs)
    lab.settle()
    held = lab.guest(101)
    # The token may audit only: that a snapshot is finished, the server alone shows.
    assert held.problem == ("off" if linked else "unknown")
    if linked:
        assert (held.code, held.verdict.confidence) == ("archive_found", "artifact")


def test_g104_a_restore_point_of_another_time_keeps_nothing(lab: LinkedLab) -> None:
    lab.leap(hours=1)
    lab.pve.clock.advance(hours=13)
    forget_tasks(lab)
    [snapshot] = lab.source().snapshots
    snapshot.archive.ctime -= 6 * 3_600
    lab.beside(lab.pbs)
    lab.settle()
    assert lab.guest(101).problem != "off"
    assert lab.guest(103).brief == ("off", "ok")


def forget_tasks(lab: LinkedLab) -> None:
    """Let all tasks be rotated out of the nodes' lists."""
    for node in lab.pve.nodes.values():
        node.tasks.index.clear()
        node.tasks.rotated.clear()


@pytest.mark.parametrize(
    ("schedule", "rights", "before", "after"),
    [
        ("21:00", "Datastore.Audit", 4, 2),
        ("21:00", "Datastore.Audit Datastore.Allocate", 10, 2),
        ("*:00", "Datastore.Audit", 96, 2),
    ],
)
def test_with_a_link_proxmox_ve_lists_the_storage_once_a_day(
    schedule: str, rights: str, before: int, after: int
) -> None:
    asked: dict[bool, int] = {}
    for linked in (False, True):
        with LinkedLab() as lab:
            lab.pve.access.grant(lab.pve.token.id, "/storage", rights)
            lab.pve.access.grant(lab.pve.token.user, "/storage", rights)
            lab.pve.job("backup-nightly").reschedule(schedule)
            if linked:
                lab.beside(lab.pbs)
            lab.after(days=1)
            start = lab.listings()
            lab.after(days=2)
            asked[linked] = lab.listings() - start
            assert lab.guest(101).problem == "off"
    assert (asked[False], asked[True]) == (before, after)


def test_with_a_link_a_backup_that_stays_unproven_is_looked_for_as_before(lab: LinkedLab) -> None:
    lab.beside(lab.pbs)
    lab.nights(2)
    before = lab.listings()
    lose_newest(lab, 101, "vm")
    lab.after(hours=1)
    assert lab.listings() - before >= 2


def test_with_a_link_a_silent_server_makes_no_difference_after_three_polls(lab: LinkedLab) -> None:
    lab.beside(lab.pbs)
    lab.nights(2)
    lab.watch.beside["pbs"].watch.token.enabled = False
    before = lab.listings()
    lab.after(hours=14)
    # Right after the run, and once more.
    assert lab.listings() - before >= 2
    assert lab.guest(101).brief == ("off", "ok")


@pytest.mark.parametrize("first", ["cluster", "servers"])
def test_a_restart_changes_nothing_whatever_is_loaded_first(lab: LinkedLab, first: str) -> None:
    lab.push()
    lab.tank.add_group("copies", "ct", "103", "root@pam")
    lab.both()
    lab.nights(2)
    held = {vmid: (lab.guest(vmid).brief, lab.offsite(vmid).brief, lab.offsite(vmid).code) for vmid in (101, 102, 103)}
    assert held[103][1] == ("on", "failed")
    told = len(lab.watch.told)
    lab.restart(servers=first == "servers")
    lab.look()
    assert {vmid: (lab.guest(vmid).brief, lab.offsite(vmid).brief, lab.offsite(vmid).code) for vmid in held} == held
    for one in lab.watch.beside.values():
        one.loaded = True
    lab.after(hours=1)
    assert {vmid: (lab.guest(vmid).brief, lab.offsite(vmid).brief, lab.offsite(vmid).code) for vmid in held} == held
    assert len(lab.watch.told) == told


def test_what_was_known_of_a_server_holds_up_to_the_blind_limit(lab: LinkedLab) -> None:
    lab.push()
    lab.both()
    lab.nights(2)
    lab.watch.beside["vault"].watch.token.enabled = False
    lab.after(hours=20, step=timedelta(hours=1))
    assert lab.offsite().brief == ("off", "ok")
    lab.after(hours=6, step=timedelta(hours=1))
    assert (lab.offsite().brief, lab.offsite().code) == (("unknown", "unknown"), "offsite_unseen")
    lab.nights(5)
    assert lab.offsite().brief == ("unknown", "unknown")
    assert lab.guest(101).brief == ("off", "ok")
    assert lab.problems() == []


def test_what_was_late_already_stays_a_problem_while_the_server_can_be_read(lab: LinkedLab) -> None:
    lab.push()
    lab.both()
    lab.nights(2)
    lab.hang(lab.pbs)
    lab.nights(4)
    assert lab.offsite().problem == "on"
    lab.watch.beside["vault"].watch.token.enabled = False
    lab.nights(2)
    # It was seen to be late, and nobody has seen since that it came.
    assert lab.offsite().problem in {"on", "unknown"}


@pytest.mark.parametrize("name", ["vault", "pbs"])
def test_a_server_that_is_removed_turns_nothing_red_and_leaves_nothing_proven(lab: LinkedLab, name: str) -> None:
    lab.push()
    lab.both()
    lab.nights(2)
    del lab.watch.beside[name]
    lab.nights(3)
    assert lab.problems() == []
    assert lab.guest(101).brief == ("off", "ok")
    if name == "vault":
        # Nothing is said to be elsewhere any more.
        assert lab.view(101).offsite is None
    else:
        # What arrives there shows itself.
        assert lab.offsite().problem != "on"


def test_a_server_that_is_off_at_night_as_planned_is_no_problem(lab: LinkedLab) -> None:
    lab.push("12:30")
    lab.both()
    lab.decide("vault", awake=(Hours(time(12, 0), time(14, 0)),))
    lab.nights(2)
    for _ in range(3):
        lab.until(lab.now + timedelta(hours=3), step=timedelta(minutes=30))
        lab.vault.power_off()
        lab.until(lab.now + timedelta(hours=20, minutes=50), step=timedelta(hours=1))
        assert lab.offsite().problem == "off"
        lab.vault.power_on()
        lab.until(lab.now + timedelta(minutes=10))
    assert lab.offsite().brief == ("off", "ok")
    assert lab.problems() == []


def test_a_disk_that_is_away_rests_and_is_no_problem() -> None:
    with LinkedLab() as lab:
        lab.vault.datastores.pop("tank")
        lab.vault.jobs.clear()
        lab.tank = lab.vault.add_datastore("tank", removable=True)
        lab.push("sun 12:00")
        lab.both()
        lab.nights(8)
        assert lab.offsite().problem == "off"
        lab.tank.unplug()
        lab.nights(16)
        assert (lab.offsite().brief, lab.offsite().code) == (("off", "asleep"), "offsite_asleep")
        assert lab.view(101).copies[-1].away
