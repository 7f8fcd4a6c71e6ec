"""Rows G23 to G31: whether each guest's restore points have come to where the user says that something stands elsewhere."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.copies.copies import Witness
from custom_components.proxmox_backup_checker.checker.model.server_options import Place
from custom_components.proxmox_backup_checker.checker.model.standing import Standing
from custom_components.proxmox_backup_checker.checker.model.verdict import Confidence

from .linked_lab import LinkedLab


@pytest.fixture
def lab() -> Iterator[LinkedLab]:
    with LinkedLab() as made:
        yield made


def copying(lab: LinkedLab, direction: str) -> None:
    """Let the one server push, or the other fetch."""
    if direction == "push":
        lab.push()
    else:
        lab.pull()


@pytest.mark.parametrize("direction", ["push", "pull"])
def test_g23_the_newest_restore_point_of_both_servers_is_last_nights(lab: LinkedLab, direction: str) -> None:
    copying(lab, direction)
    lab.both()
    lab.nights(2)

    assert lab.guest(101).brief == ("off", "ok")
    assert (lab.offsite().brief, lab.offsite().code) == (("off", "ok"), "offsite_copied")
    assert lab.offsite().verdict.last_success == lab.view(101).copies[0].newest
    # A copy is no second backup.
    assert lab.view(101).figures.restore_points == 2
    assert [copy.place for copy in lab.view(101).copies] == [Place.HERE, Place.ELSEWHERE]
    assert lab.problems() == []


def test_g23_between_backup_and_sync_it_lags_some_hours_and_that_is_fine(lab: LinkedLab) -> None:
    lab.push("05:00")
    lab.both()
    lab.nights()
    lab.until("2026-09-15T20:30:00")

    assert (lab.offsite().problem, lab.offsite().code) == ("off", "offsite_behind")
    assert lab.offsite().verdict.reason.values["hours"] == "24"


@pytest.mark.parametrize("direction", ["push", "pull"])
def test_g24_a_copy_that_is_four_days_old_is_a_problem_of_its_own(lab: LinkedLab, direction: str) -> None:
    copying(lab, direction)
    lab.both()
    lab.nights(2)
    fresh = lab.offsite().verdict.last_success
    lab.hang(lab.pbs if direction == "push" else lab.vault)
    lab.nights(4)

    assert lab.guest(101).brief == ("off", "ok")
    assert (lab.offsite().brief, lab.offsite().code) == (("on", "overdue"), "offsite_job_overdue")
    assert lab.offsite().verdict.last_success == fresh
    since = lab.offsite().verdict.since
    assert fresh is not None
    assert since is not None
    # The promise of a day, a day until the next sync, and six hours.
    assert timedelta(hours=54) <= since - fresh < timedelta(hours=72)
    assert "offsite_lagging" in lab.offsite().findings
    assert lab.problems() == []


def test_g24_a_job_whose_schedule_was_taken_away_has_its_usual_time(lab: LinkedLab) -> None:
    job = lab.push()
    lab.both()
    lab.nights(3)
    job.reschedule(None)
    lab.nights(4)
    assert (lab.offsite().brief, lab.offsite().code) == (("on", "overdue"), "offsite_lagging")


def test_d20_g24_only_the_guest_whose_copy_lags_is_a_problem(lab: LinkedLab) -> None:
    lab.push()
    lab.both()
    lab.nights()
    lab.target(103, "ct").owner = "root@pam"
    lab.nights(4)

    assert lab.offsite(101).brief == ("off", "ok")
    assert lab.offsite(103).brief == ("on", "overdue")
    assert lab.offsite(103).code == "offsite_not_owned"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"group_filter": ["exclude:group:vm/101"]}, "offsite_filtered"),
        ({"group_filter": ["type:ct"]}, "offsite_filtered"),
        ({"group_filter": ["group:ct/103"]}, "offsite_filtered"),
        ({"ns": "", "max_depth": 0}, "offsite_not_copied"),
        ({"ns": "lab"}, "offsite_not_copied"),
    ],
)
def test_g25_who_is_left_out_on_purpose_is_wanted_nowhere_else(
    lab: LinkedLab, options: dict[str, Any], code: str
) -> None:
    lab.ds1.add_namespace("lab")
    lab.push(**options)
    lab.both()
    lab.nights(4)

    assert (lab.offsite(101).brief, lab.offsite(101).code) == (("off", "ignored"), code)
    filtered = code == "offsite_filtered"
    assert lab.offsite(103).brief == (("off", "ok") if filtered else ("off", "ignored"))


def test_g25_a_guest_that_is_backed_up_to_a_share_only_is_no_sync_jobs_matter(lab: LinkedLab) -> None:
    lab.push()
    lab.both()
    lab.nights(2)
    assert (lab.offsite(102).brief, lab.offsite(102).code) == (("off", "ignored"), "offsite_not_copied")


def test_g25_where_jobs_may_be_hidden_nobody_says_that_there_is_none(lab: LinkedLab) -> None:
    lab.push()
    token = lab.pbs.add_token("homeassistant@pbs!ha", {"/": "Audit"})
    assert token
    lab.both()
    lab.nights(2)
    assert (lab.offsite(102).brief, lab.offsite(102).code) == (("unknown", "unknown"), "offsite_jobs_hidden")


@pytest.mark.parametrize("schedule", ["05:00", "sun 05:00"])
def test_g26_a_new_guest_waits_for_the_next_sync(lab: LinkedLab, schedule: str) -> None:
    lab.push(schedule)
    lab.both()
    lab.until("2026-09-14T20:00:00")

    assert lab.guest(101).brief == ("off", "ok")
    assert (lab.offsite().brief, lab.offsite().code) == (("off", "pending"), "offsite_pending_until")
    assert lab.offsite().verdict.next_due is not None
    lab.until("2026-09-15T05:00:00")
    assert lab.offsite().brief == (("off", "ok") if schedule == "05:00" else ("off", "pending"))


def test_g26_once_the_sync_has_left_it_out_it_is_missing(lab: LinkedLab) -> None:
    lab.tank.add_group("copies", "vm", "101", "root@pam")
    lab.push("05:00")
    lab.both()
    lab.until("2026-09-15T05:00:00")

    assert (lab.offsite(101).brief, lab.offsite(101).code) == (("on", "failed"), "offsite_not_owned")
    assert lab.offsite(103).brief == ("off", "ok")
    assert lab.guest(101).brief == ("off", "ok")


@pytest.mark.parametrize("nights", [2, 4])
def test_g27_a_hole_is_told_and_no_problem(lab: LinkedLab, nights: int) -> None:
    lab.push(transfer_last=1)
    lab.both()
    lab.nights(2)
    lab.hang(lab.pbs, nights=nights)
    lab.nights(1)

    assert lab.offsite().brief == ("off", "ok")
    [hole] = lab.offsite().verdict.findings
    # What was due is caught up with the last of these nights.
    assert (hole.code, hole.values["count"]) == ("offsite_hole", str(nights - 1))
    assert lab.offsite(103).findings == {"offsite_hole"}


def test_g27_what_the_other_server_prunes_by_itself_is_no_hole(lab: LinkedLab) -> None:
    lab.push()
    lab.vault.add_prune_job("thin", "tank", "02:00", {"keep-last": 1, "keep-weekly": 4})
    lab.both()
    lab.nights(5)
    assert lab.offsite().brief == ("off", "ok")
    assert lab.offsite().findings == set()


def test_g28_where_only_the_pushing_server_is_watched_its_log_is_the_proof(lab: LinkedLab) -> None:
    lab.push(group_filter=["exclude:group:ct/103"])
    lab.beside(lab.pbs, Place.HERE)
    lab.decide("pbs", places={"remote_vault": Place.ELSEWHERE})
    lab.nights(2)

    held = lab.offsite(101)
    assert held.brief == ("off", "ok")
    assert held.verdict.confidence is Confidence.LOG
    [here, there] = lab.view(101).copies
    assert (there.witness, there.place, there.newest) == (Witness.LOG, Place.ELSEWHERE, here.newest)
    assert (lab.offsite(103).problem, lab.offsite(103).code) == ("off", "offsite_filtered")


@pytest.mark.parametrize("nights", [1, 3])
def test_g28_who_is_named_in_the_log_as_left_out_is_not_there(lab: LinkedLab, nights: int) -> None:
    lab.tank.add_group("copies", "ct", "103", "root@pam").add(int(lab.now.timestamp()) - 86_400)
    lab.push()
    lab.beside(lab.pbs, Place.HERE)
    lab.decide("pbs", places={"remote_vault": Place.ELSEWHERE})
    lab.nights(nights)

    assert lab.offsite(101).brief == ("off", "ok")
    assert (lab.offsite(103).brief, lab.offsite(103).code) == (("on", "failed"), "offsite_not_owned")
    assert [copy.place for copy in lab.view(103).copies] == [Place.HERE]


def test_g28_a_run_that_could_not_reach_the_other_server_proves_nothing(lab: LinkedLab) -> None:
    lab.push()
    lab.beside(lab.pbs, Place.HERE)
    lab.decide("pbs", places={"remote_vault": Place.ELSEWHERE})
    lab.nights(2)
    until = lab.offsite().verdict.last_success
    lab.vault.power_off()
    lab.nights(1)
    assert (lab.offsite().brief, lab.offsite().verdict.last_success) == (("off", "ok"), until)
    lab.nights(2)
    assert (lab.offsite().brief, lab.offsite().code) == (("on", "overdue"), "offsite_job_failed")


@pytest.mark.parametrize("pinned", [True, False])
def test_g29_where_only_the_fetching_server_is_watched_its_groups_are_held_against_the_storage(
    lab: LinkedLab, pinned: bool
) -> None:
    lab.vault.add_remote("pbs", lab.pbs, pinned=pinned)
    lab.pbs.access.grant("/datastore", "DatastoreAdmin", "sync@pbs")
    lab.pull()
    lab.beside(lab.vault, Place.ELSEWHERE)
    lab.nights(2)

    assert (lab.offsite().brief, lab.offsite().code) == (("off", "ok"), "offsite_copied")
    lab.hang(lab.vault)
    lab.nights(4)
    assert (lab.offsite().brief, lab.offsite().code) == (("on", "overdue"), "offsite_job_overdue")
    assert lab.guest(101).brief == ("off", "ok")


def test_g31_a_copy_on_the_same_server_is_a_copy_and_not_elsewhere(lab: LinkedLab) -> None:
    lab.pbs.add_datastore("ds2")
    lab.pbs.add_sync_job("twin", "ds2", schedule="01:00", remote_store="ds1", remote_ns="home", ns="home")
    lab.beside(lab.pbs, Place.HERE)
    lab.beside(lab.vault, Place.ELSEWHERE)
    lab.nights(2)

    assert [copy.name for copy in lab.view(101).copies] == ["pbs: ds1/home", "pbs: ds2/home"]
    assert [copy.place for copy in lab.view(101).copies] == [Place.HERE, Place.HERE]
    assert (lab.offsite().brief, lab.offsite().code) == (("off", "ignored"), "offsite_not_copied")


def test_g31_a_datastore_that_is_said_to_be_elsewhere_is(lab: LinkedLab) -> None:
    lab.pbs.add_datastore("ds2")
    lab.pbs.add_sync_job("twin", "ds2", schedule="01:00", remote_store="ds1", remote_ns="home", ns="home")
    lab.beside(lab.pbs, Place.HERE)
    lab.decide("pbs", places={"datastore_ds2": Place.ELSEWHERE})
    lab.nights(2)

    assert [copy.place for copy in lab.view(101).copies] == [Place.HERE, Place.ELSEWHERE]
    assert lab.offsite().brief == ("off", "ok")


def test_a_share_that_the_user_says_is_elsewhere_holds_copies_there(lab: LinkedLab) -> None:
    lab.watch.policy = replace(lab.watch.policy, standings={"nas": Standing("elsewhere")})
    lab.nights(2)
    assert (lab.offsite(102).brief, lab.offsite(102).code) == (("off", "ok"), "offsite_copied")
    assert (lab.offsite(101).brief, lab.offsite(101).code) == (("off", "ignored"), "offsite_not_copied")
