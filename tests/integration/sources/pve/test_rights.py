"""The token's rights are read once an hour, and at once on any sign that they are others."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import ArchiveListing, Blindness
from simulator.simulated import AUDIT
from tests.acceptance.conftest import MONDAY_NOON
from tests.acceptance.lab import Lab

TEN_MINUTES = timedelta(minutes=10)
EVERYWHERE = {"/": AUDIT}


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Three nodes on the morning after their nightly run, whose rights were read half an hour ago."""
    made = Lab(MONDAY_NOON)
    with made.watch:
        made.live_until("2026-01-13T05:00:00")
        made.after(minutes=30)
        yield made


def listing(lab: Lab) -> ArchiveListing:
    """Return the newest listing of the storage of the nightly job."""
    [nas] = [found for found in lab.assessment.context.facts.storages if found.storage == "nas"]
    assert nas.listing is not None
    return nas.listing


def asked(lab: Lab) -> int:
    """Look after ten minutes, and return how often the rights were asked for."""
    lab.watch.asked.clear()
    lab.after(minutes=10)
    return lab.watch.asked.count("/access/permissions")


def test_they_are_read_once_an_hour_while_nothing_changes(lab: Lab) -> None:
    lab.watch.asked.clear()
    lab.live(hours=2, step=TEN_MINUTES)
    assert lab.watch.asked.count("/access/permissions") == 2


def test_after_a_refusal_they_are_read_in_the_same_poll_and_not_again(lab: Lab) -> None:
    assert asked(lab) == 0
    lab.watch.errors = {"/cluster/backup/": (403, "Permission check failed")}
    lab.pve.guest(101).migrate("pve3")
    assert asked(lab) == 1
    lab.watch.errors = {}
    assert asked(lab) == 0


@pytest.mark.parametrize(
    "taken",
    [
        {"/vms/101": ""},
        {"/storage/nas": ""},
        {"/nodes/pve2": "VM.Audit"},
        {"/": "VM.Audit Datastore.Audit Pool.Audit"},
        {"/": "Sys.Audit Datastore.Audit Pool.Audit"},
        {"/": "Sys.Audit VM.Audit Pool.Audit"},
    ],
    ids=["a guest", "a storage", "a node", "tasks", "guests", "storages"],
)
def test_a_right_that_is_taken_away_is_noticed_in_the_next_poll(lab: Lab, taken: dict[str, str]) -> None:
    lab.pve.limit_token({**EVERYWHERE, **taken})
    assert asked(lab) >= 1


def test_a_pool_whose_mark_is_no_longer_shown_is_noticed(lab: Lab) -> None:
    lab.pve.guest(101).pool = "gold"
    lab.pve.pools["gold"] = ""
    lab.after(minutes=10)
    lab.pve.limit_token({"/": "Sys.Audit VM.Audit Datastore.Audit"})
    assert asked(lab) == 1
    assert not lab.assessment.context.facts.pools_visible


def test_while_one_is_missing_they_are_read_with_every_poll_so_that_a_grant_shows_at_once(lab: Lab) -> None:
    lab.pve.limit_token({"/": AUDIT, "/nodes/pve2": "VM.Audit"})
    lab.after(minutes=10)
    assert lab.assessment.context.facts.nodes["pve2"].blindness is Blindness.TASKS_HIDDEN
    assert asked(lab) == 1
    lab.pve.limit_token(EVERYWHERE)
    assert asked(lab) == 1
    assert lab.assessment.context.facts.nodes["pve2"].blindness is None


def test_archives_are_never_taken_for_all_by_rights_that_have_gone_meanwhile(lab: Lab) -> None:
    lab.pve.job("nightly").reschedule("sun 01:00")
    lab.pve.limit_token({"/": f"{AUDIT} VM.Backup Datastore.AllocateSpace"})
    lab.live(hours=25, step=TEN_MINUTES)
    listed = listing(lab)
    assert listed.detailed
    lab.live(seconds=(listed.read_at - lab.now + timedelta(hours=23)).total_seconds(), step=timedelta(minutes=61))
    lab.after(minutes=50)
    assert listing(lab) == listed
    lab.pve.limit_token({"/": f"{AUDIT} Datastore.AllocateSpace"})
    assert asked(lab) == 1
    assert listing(lab).read_at == lab.now
    assert listing(lab).archives
    assert not listing(lab).detailed
    assert lab.problems() == []
