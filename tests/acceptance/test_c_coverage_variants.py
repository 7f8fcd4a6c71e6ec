"""Rows C01 to C11 and C20 to C31 with other jobs, nodes, zones and guests: who owes whom a backup, and who does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from simulator.outcomes import failed, storage_unreachable

from .lab import Lab

TUESDAY_MORNING = "2026-01-13T05:00:00"
WEDNESDAY_MORNING = "2026-01-14T05:00:00"
THURSDAY_MORNING = "2026-01-15T05:00:00"
PASSING = ("off", "ok")
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize("selection", [{"vmid": "104"}, {"all": 1}, {"pool": "prod"}], ids=str)
def test_c01_a_container_of_two_disabled_jobs_is_paused_and_the_guests_of_an_enabled_one_are_not(
    lab: Lab, selection: dict[str, Any]
) -> None:
    lab.pve.pools["prod"] = ""
    lab.pve.guest(104).pool = "prod"
    lab.pve.job("nightly").change(vmid="101,102,103")
    first = lab.pve.add_job("first", "02:00", "nas", **selection)
    second = lab.pve.add_job("second", "sun 04:00", "local", vmid="104")
    lab.until(TUESDAY_MORNING)
    for job in (first, second):
        job.disable()
    lab.happened()
    lab.live(days=2, step=timedelta(hours=8))

    assert lab.guest(104).brief == ("off", "paused")
    assert [lab.guest(vmid).brief for vmid in (101, 102, 103)] == [PASSING] * 3
    assert (lab.assessment.counts.paused, lab.assessment.counts.protected) == (1, 3)
    assert lab.happened().count("job_disabled") == 2


@pytest.mark.parametrize("hours", [-1, 1])
def test_c02_the_week_is_counted_from_the_last_good_backup_in_whatever_disabled_job(lab: Lab, hours: int) -> None:
    lab.pve.job("nightly").change(vmid="101,103")
    lab.pve.add_job("weekly", "tue 04:00", "local", vmid="102,104")
    lab.until(TUESDAY_MORNING)
    lab.pve.job("weekly").disable()
    lab.until("2026-01-15T05:00:00")
    lab.pve.job("nightly").disable()
    last = lab.guest(104).verdict.last_success
    assert last is not None
    lab.until(last + timedelta(days=7, hours=hours))

    late = ("on", "paused") if hours > 0 else ("off", "paused")
    assert [lab.guest(vmid).brief for vmid in (101, 102, 104)] == [("off", "paused"), late, late]
    mistakes = [mistake.subject for mistake in lab.assessment.misconfigurations]
    assert mistakes.count("weekly") == (hours > 0)
    assert "backup-nightly" not in mistakes


def test_c03_a_good_run_of_the_disabled_job_by_hand_does_not_stand_in_for_the_enabled_one(lab: Lab) -> None:
    lab.pve.add_job("off", "03:00", "local", enabled=False, all=1)
    lab.until(TUESDAY_MORNING)
    lab.pve.guest(103).fails(failed("no"), job="backup-nightly")
    lab.until("2026-01-14T03:00:00")
    lab.pve.job("off").run(by="root@pam")
    lab.until(WEDNESDAY_MORNING)

    assert lab.guest(103).brief == ("on", "failed")
    assert lab.guest(104).brief == PASSING


def test_c03_a_failed_last_run_of_the_disabled_job_is_no_problem_of_the_guest(lab: Lab) -> None:
    off = lab.pve.add_job("off", "03:00", "local", vmid="102,103")
    for vmid in (102, 103):
        lab.pve.guest(vmid).fails(failed("no"), job="off")
    lab.until(TUESDAY_MORNING)
    assert lab.guest(103).problem == "on"
    off.disable()
    lab.after(minutes=10)

    assert [lab.guest(vmid).brief for vmid in (102, 103)] == [PASSING] * 2


def test_c04_a_job_of_two_nodes_that_failed_on_one_and_missed_on_the_other_is_paused_when_disabled(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    last = lab.job().verdict.last_success
    lab.pve.guest(101).fails(failed("no"))
    lab.pve.node("pve2").go_offline()
    lab.after(minutes=5)
    lab.until(WEDNESDAY_MORNING)
    assert lab.job().problem == "on"
    lab.pve.job("nightly").disable()
    lab.after(minutes=10)

    assert lab.job().brief == ("off", "paused")
    assert lab.job().verdict.last_success == last
    assert "job_backup-nightly" not in lab.problems()
    assert {run.status for run in lab.watch.history.runs.values()} == {"OK", "job errors"}


@pytest.mark.parametrize("selection", [{"vmid": "103,104"}, {"all": 1, "exclude": "101,102"}], ids=str)
def test_c05_of_two_jobs_that_do_not_say_so_each_is_enabled_beside_one_that_says_it_is_not(
    lab: Lab, selection: dict[str, Any]
) -> None:
    lab.pve.job("nightly").change(vmid="101,102")
    second = lab.pve.add_job("second", "04:00", "local", **selection)
    lab.pve.add_job("off", "04:30", "local", enabled=False, all=1)
    lab.pve.job("nightly").tells_enabled = second.tells_enabled = False
    lab.until(TUESDAY_MORNING)
    assert [lab.job(job_id).brief for job_id in ("backup-nightly", "second", "off")] == [
        PASSING,
        PASSING,
        ("off", "paused"),
    ]
    lab.pve.node("pve2").go_offline()
    lab.after(minutes=5)
    lab.until("2026-01-14T08:00:00")

    assert [lab.guest(vmid).problem for vmid in (101, 102, 103, 104)] == ["off", "on", "off", "on"]


def test_c06_new_guests_in_no_job_have_two_days_each_and_are_told_of_once(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    lab.pve.add_ct(110, "first", "pve3", size=4)
    lab.live(hours=10)
    lab.pve.add_vm(111, "second", "pve2", size=4)
    lab.live(hours=37)
    assert [lab.guest(vmid).brief for vmid in (110, 111)] == [("off", "pending")] * 2
    assert lab.told() == []
    lab.live(hours=3)
    assert [lab.guest(vmid).brief for vmid in (110, 111)] == [("on", "uncovered"), ("off", "pending")]
    assert lab.told() == [("opened", "uncovered")]
    lab.live(hours=20)

    assert lab.guest(111).brief == ("on", "uncovered")
    assert [kind for kind, _ in lab.told()] == ["changed"]


@pytest.mark.parametrize(("zone", "slot"), [("Europe/Berlin", "sun 03:00"), ("America/New_York", "wed 23:00")])
def test_c07_a_new_guest_is_pending_until_the_deadline_of_its_own_first_slot_and_overdue_after_it(
    lab: Lab, zone: str, slot: str
) -> None:
    for node in lab.pve.nodes.values():
        node.timezone = zone
    lab.pve.job("nightly").change(vmid=None, all=1)
    lab.pve.job("nightly").reschedule(slot)
    lab.until(TUESDAY_MORNING)
    lab.pve.add_ct(110, "new", "pve3", size=4)
    lab.after(hours=1)
    due = lab.guest(110).verdict.next_due
    assert due is not None
    lab.pve.clock.set(due - timedelta(hours=1))
    lab.look()
    lab.pve.node("pve3").go_offline()
    lab.after(minutes=5)
    lab.until(due + timedelta(minutes=30))
    assert lab.guest(110).brief == ("off", "pending")
    lab.until(due + timedelta(hours=8))

    assert lab.guest(110).brief == ("on", "overdue")


def test_c08_a_guest_that_one_job_of_all_excludes_and_another_does_not_is_covered(lab: Lab) -> None:
    lab.pve.job("nightly").change(vmid=None, all=1, exclude="104,103")
    lab.pve.add_job("other", "04:00", "local", all=1, exclude="103")
    lab.watch.policy = Policy(ignored_guests=frozenset({103}))
    lab.until(TUESDAY_MORNING)
    assert lab.guest(104).brief == PASSING
    assert (lab.guest(103).brief, lab.guest(103).code) == (("off", "ignored"), "ignored_by_choice")
    lab.watch.policy = Policy()
    lab.after(minutes=10)

    assert (lab.guest(103).brief, lab.guest(103).code) == (("on", "uncovered"), "excluded_from_job")


@pytest.mark.parametrize(
    ("pool", "brief"), [("other", ("on", "uncovered")), ("prod/web", ("on", "uncovered")), ("second", PASSING)]
)
def test_c09_a_guest_that_goes_to_another_pool_is_covered_only_if_a_job_is_of_that_very_pool(
    lab: Lab, pool: str, brief: tuple[str, str]
) -> None:
    for name in ("prod", "prod/web", "other", "second"):
        lab.pve.pools[name] = ""
    for vmid in (101, 102, 103, 104):
        lab.pve.guest(vmid).pool = "prod"
    lab.pve.job("nightly").change(vmid=None, pool="prod")
    lab.pve.add_job("for-second", "03:00", "local", pool="second")
    lab.until(TUESDAY_MORNING)
    lab.pve.guest(104).pool = pool
    lab.live(hours=56, step=timedelta(hours=7))

    assert lab.guest(104).brief == brief
    assert lab.guest(103).brief == PASSING


def test_c09_where_pools_are_hidden_nobody_is_called_uncovered(lab: Lab) -> None:
    lab.pve.pools["prod"] = ""
    for vmid in (101, 102, 103, 104):
        lab.pve.guest(vmid).pool = "prod"
    lab.pve.job("nightly").change(vmid=None, pool="prod")
    lab.until(TUESDAY_MORNING)
    lab.pve.limit_token({"/": "Sys.Audit VM.Audit Datastore.Audit"})
    lab.live(hours=3)

    assert {lab.guest(vmid).problem for vmid in (101, 102)} == {"unknown"}
    assert "guest_uncovered" not in lab.happened()


def test_c10_a_container_that_returns_to_the_node_of_its_job_before_the_slot_owes_nothing(lab: Lab) -> None:
    lab.pve.job("nightly").change(node="pve2", vmid=None, all=1)
    lab.pve.add_job("for-pve1", "03:00", "local", vmid="101,103")
    lab.until(TUESDAY_MORNING)
    lab.pve.guest(104).migrate("pve3")
    lab.after(hours=6)
    assert (lab.guest(104).brief, lab.guest(104).code) == (("off", "uncovered"), "job_on_other_node")
    lab.pve.guest(104).migrate("pve2")
    lab.after(hours=1)
    assert lab.guest(104).problem == "off"
    lab.until(WEDNESDAY_MORNING)

    assert [lab.guest(vmid).brief for vmid in (101, 102, 103, 104)] == [PASSING] * 4


def test_c10_a_guest_that_another_job_follows_to_its_new_node_is_covered(lab: Lab) -> None:
    lab.pve.job("nightly").change(node="pve1", vmid="101,103")
    lab.pve.add_job("everywhere", "sun 05:00", "local", vmid="101,102,104")
    lab.until("2026-01-18T08:00:00")
    lab.pve.guest(101).migrate("pve2")
    lab.live(days=3, step=timedelta(hours=6))

    assert lab.guest(101).brief == PASSING


def test_c11_a_storage_is_missed_by_the_one_of_two_jobs_that_writes_to_it_on_the_one_node_that_lacks_it(
    lab: Lab,
) -> None:
    lab.look()
    lab.pve.add_storage("usb", "dir", nodes=("pve1", "pve3"), path="/mnt/usb")
    lab.pve.add_job("weekly", "wed 04:00", "usb", vmid="103,104")
    lab.until(TUESDAY_MORNING)
    assert (lab.guest(104).brief, lab.guest(104).code) == (("off", "warning"), "storage_not_on_node")
    assert [lab.guest(vmid).brief for vmid in (101, 102)] == [PASSING] * 2
    assert lab.guest(103).code != "storage_not_on_node"
    lab.until("2026-01-14T08:00:00")

    assert [lab.guest(vmid).brief for vmid in (101, 102, 103)] == [PASSING] * 3
    assert lab.guest(104).brief == ("on", "failed")
    assert lab.job().brief == PASSING


def test_c11_a_guest_that_migrates_to_a_node_without_the_storage_is_warned_of_and_one_that_comes_back_is_not(
    lab: Lab,
) -> None:
    lab.pve.storage("nas").nodes = ("pve1", "pve2")
    lab.until(TUESDAY_MORNING)
    assert lab.guest(103).brief == PASSING
    lab.pve.guest(103).migrate("pve3")
    lab.after(minutes=10)
    assert (lab.guest(103).brief, lab.guest(103).code) == (("off", "warning"), "storage_not_on_node")
    lab.pve.guest(103).migrate("pve1")
    lab.after(minutes=10)

    assert lab.guest(103).brief == PASSING


@pytest.mark.parametrize("good", [True, False])
def test_c20_a_container_template_in_a_job_is_judged_like_any_guest(lab: Lab, good: bool) -> None:
    lab.pve.add_ct(901, "alpine-template", "pve3", size=2)
    lab.pve.guest(901).template = True
    lab.pve.job("nightly").change(vmid="101,102,103,104,901")
    if not good:
        lab.pve.guest(901).fails(failed("no"))
    lab.until(TUESDAY_MORNING)
    assert lab.guest(901).brief == (PASSING if good else ("on", "failed"))
    lab.pve.job("nightly").change(vmid="101,102,103,104")
    lab.live(hours=60, step=timedelta(hours=6))

    assert lab.guest(901).brief == ("off", "ignored")
    assert lab.guest(104).brief == PASSING


@pytest.mark.parametrize("vmid", [101, 104])
def test_c21_a_stopped_guest_that_no_run_reached_is_overdue_and_one_that_was_backed_up_is_fine(
    lab: Lab, vmid: int
) -> None:
    for guest in lab.pve.guests.values():
        guest.stop()
    lab.until(TUESDAY_MORNING)
    lab.pve.node(lab.pve.guest(vmid).node).go_offline()
    lab.after(minutes=5)
    lab.until("2026-01-14T06:00:00")

    assert lab.guest(vmid).brief == ("on", "overdue")
    assert lab.guest(102 if vmid == 101 else 101).brief == PASSING


def test_c22_a_weekly_job_that_failed_or_fell_out_stays_a_problem_beside_good_nights(lab: Lab) -> None:
    lab.pve.add_job("weekly", "sun 05:00", "local", vmid="101,102")
    lab.until("2026-01-18T08:00:00")
    lab.pve.guest(102).fails(failed("no"), job="weekly")
    lab.until("2026-01-26T08:00:00")
    assert (lab.job("weekly").brief, lab.job().brief) == (("on", "failed"), PASSING)
    assert (lab.guest(101).brief, lab.guest(102).brief) == (PASSING, ("on", "failed"))
    lab.pve.backup_by_hand([102], "nas")
    lab.live_until("2026-01-28T08:00:00", step=timedelta(hours=8))
    assert lab.guest(102).brief == ("on", "failed")
    lab.pve.backup_by_hand([102], "local")
    lab.after(minutes=10)

    assert (lab.guest(102).brief[0], lab.job("weekly").brief) == ("off", ("on", "failed"))


@pytest.mark.parametrize(("bad", "other"), [("pve1", "pve2"), ("pve2", "pve1")])
def test_c23_it_does_not_matter_which_node_fails_or_which_one_ends_last(lab: Lab, bad: str, other: str) -> None:
    for vmid in (105, 106, 107):
        lab.pve.add_ct(vmid, f"large{vmid}", other, size=60)
    lab.pve.job("nightly").change(vmid="101,102,103,104,105,106,107")
    victim = {"pve1": 103, "pve2": 104}[bad]
    lab.pve.guest(victim).fails(failed("no"))
    lab.live_until(TUESDAY_MORNING, step=timedelta(minutes=30))

    assert lab.job().brief == ("on", "failed")
    assert lab.job().verdict.reason.values["node"] == bad
    good = set(lab.pve.guests) - {victim}
    assert {lab.guest(vmid).brief for vmid in good} == {PASSING}
    assert lab.guest(victim).brief == ("on", "failed")
    lab.pve.guest(victim).recovers()
    lab.until(WEDNESDAY_MORNING)
    assert lab.job().brief == PASSING


@pytest.mark.parametrize("way", ["good", "failed"])
def test_c24_an_empty_run_that_ends_last_neither_ends_a_failure_nor_makes_one(lab: Lab, way: str) -> None:
    lab.pve.job("nightly").change(vmid=None, all=1)
    lab.until(TUESDAY_MORNING)
    before = {vmid: lab.guest(vmid).verdict.last_success for vmid in lab.pve.guests}
    lab.pve.node("pve3").set_clock(200)
    if way == "failed":
        lab.pve.guest(103).fails(failed("no"))
    lab.until(WEDNESDAY_MORNING)

    assert lab.job().problem == ("on" if way == "failed" else "off")
    assert lab.guest(103).problem == lab.job().problem
    assert (lab.guest(103).verdict.last_success == before[103]) == (way == "failed")
    lab.pve.guest(104).migrate("pve3")
    lab.after(hours=1)
    assert lab.guest(104).brief == PASSING


def test_c24_an_empty_run_is_no_run_of_a_guest_that_came_to_its_node_while_the_job_ran(lab: Lab) -> None:
    lab.pve.job("nightly").change(vmid=None, all=1)
    lab.until(TUESDAY_MORNING)
    # The clock of pve3 is ahead: it has begun without the guest, and pve2 begins after that has gone.
    lab.pve.node("pve3").set_clock(60)
    lab.pve.at(datetime(2026, 1, 14, 0, 59, 50, tzinfo=UTC), lambda: lab.pve.guest(104).migrate("pve3"))
    lab.live_until("2026-01-14T00:50:00", step=timedelta(hours=4))
    lab.live_until("2026-01-14T08:00:00", step=HALF_AN_HOUR)

    assert lab.guest(104).brief == ("on", "overdue")
    assert lab.job().problem == "on"
    assert [lab.guest(vmid).brief for vmid in (101, 102, 103)] == [PASSING] * 3


def test_c24_an_empty_run_that_fails_is_no_failure_of_a_guest_on_another_node(lab: Lab) -> None:
    lab.pve.job("nightly").change(vmid=None, all=1)
    lab.pve.storage("nas").go_offline("pve3")
    lab.live_until(WEDNESDAY_MORNING, step=timedelta(hours=3))

    assert [lab.guest(vmid).brief for vmid in (101, 102, 103, 104)] == [PASSING] * 4


@pytest.mark.parametrize("agents", [(), ("pve1", "pve2", "pve3")], ids=["alone", "agents"])
def test_c25_nodes_without_a_guest_of_the_job_may_be_off_over_its_slot(lab: Lab, agents: tuple[str, ...]) -> None:
    lab.watch.agents = agents
    lab.pve.job("nightly").change(vmid="101,103")
    lab.pve.add_job("rest", "12:00", "nas", vmid="102,104")
    lab.until(TUESDAY_MORNING)
    lab.pve.node("pve2").go_offline()
    lab.after(minutes=5)
    lab.until("2026-01-14T06:00:00")

    assert lab.job().brief == PASSING
    assert [lab.guest(vmid).brief for vmid in (101, 103)] == [PASSING] * 2
    assert lab.problems() == ["guest_102", "guest_104", "job_rest"]


def test_c26_a_container_that_migrated_keeps_its_verdict_and_is_overdue_if_its_new_node_misses_the_slot(
    lab: Lab,
) -> None:
    lab.until(TUESDAY_MORNING)
    last = lab.guest(104).verdict.last_success
    lab.pve.guest(104).migrate("pve3")
    assert lab.live_until("2026-01-14T00:50:00", step=timedelta(hours=2)) == set()
    assert (lab.guest(104).brief, lab.guest(104).verdict.last_success) == (PASSING, last)
    lab.pve.node("pve3").go_offline()
    lab.after(minutes=5)
    lab.until("2026-01-14T06:00:00")

    assert lab.guest(104).brief == ("on", "overdue")
    assert lab.guest(104).verdict.last_success == last
    assert [lab.guest(vmid).brief for vmid in (101, 102, 103)] == [PASSING] * 3


def test_c27_a_guest_that_moved_while_the_job_ran_and_was_reached_is_fine(lab: Lab) -> None:
    lab.until(TUESDAY_MORNING)
    lab.pve.at(datetime(2026, 1, 14, 1, 30, tzinfo=UTC), lambda: lab.pve.guest(104).migrate("pve1"))
    assert lab.live_until(WEDNESDAY_MORNING, step=timedelta(minutes=30)) == set()

    assert lab.guest(104).brief == PASSING


@pytest.mark.parametrize("agents", [(), ("pve1", "pve2", "pve3")], ids=["alone", "agents"])
@pytest.mark.parametrize("selection", [{"vmid": "101,104,103,102"}, {"all": 1}], ids=str)
def test_c27_a_skipped_guest_is_overdue_also_where_another_job_backs_it_up_an_hour_later(
    lab: Lab, selection: dict[str, Any], agents: tuple[str, ...]
) -> None:
    lab.watch.agents = agents
    lab.pve.job("nightly").change(**{"vmid": None, **selection})
    lab.pve.add_job("second", "03:00", "local", vmid="104")
    lab.until(TUESDAY_MORNING)
    # pve1 has begun without it, and pve2 begins right after it has gone.
    between = datetime(2026, 1, 14, 1, 0, 1, 450_000, tzinfo=UTC)
    lab.pve.at(between, lambda: lab.pve.guest(104).migrate("pve1"))
    lab.live_until("2026-01-14T00:50:00", step=timedelta(hours=4))
    lab.live_until("2026-01-14T08:00:00", step=HALF_AN_HOUR)

    assert (lab.guest(104).brief, lab.guest(104).code) == (("on", "overdue"), "moved_during_backup")
    assert lab.job("second").brief == PASSING
    assert [lab.guest(vmid).brief for vmid in (101, 102, 103)] == [PASSING] * 3


@pytest.mark.parametrize("agents", [(), ("pve1", "pve2", "pve3")], ids=["alone", "agents"])
@pytest.mark.parametrize("vmid", [102, 103])
def test_c28_a_failed_scheduled_run_of_one_guest_is_the_jobs_and_not_one_by_hand(
    lab: Lab, vmid: int, agents: tuple[str, ...]
) -> None:
    lab.watch.agents = agents
    others = ",".join(str(other) for other in (101, 102, 103, 104) if other != vmid)
    lab.pve.job("nightly").change(vmid=others)
    lab.pve.add_job("single", "02:00", "nas", vmid=str(vmid))
    lab.until(TUESDAY_MORNING)
    assert lab.guest(vmid).verdict.confidence == ("exact" if agents else "matched")
    lab.pve.guest(vmid).fails(failed("no"))
    lab.happened()
    lab.live_until(WEDNESDAY_MORNING)

    assert (lab.guest(vmid).brief, lab.job("single").brief) == (("on", "failed"), ("on", "failed"))
    assert "run_failed" in lab.happened()
    assert lab.job().brief == PASSING


def test_c29_two_jobs_of_one_slot_and_storage_are_told_apart_by_their_guests_also_where_one_dies_before_its_log(
    lab: Lab,
) -> None:
    lab.pve.job("nightly").change(vmid="101,102")
    lab.pve.add_job("twin", "02:00", "nas", vmid="103,104", compress="zstd", notes_template="{{guestname}}")
    lab.until(TUESDAY_MORNING)
    assert (lab.job().brief, lab.job("twin").brief) == (PASSING, PASSING)
    lab.pve.guest(103).fails(failed("no"))
    lab.until(WEDNESDAY_MORNING)
    assert (lab.job().brief, lab.job("twin").brief) == (PASSING, ("on", "failed"))
    assert (lab.guest(101).brief, lab.guest(103).brief) == (PASSING, ("on", "failed"))


def test_c29_a_storage_that_only_one_of_two_jobs_of_a_slot_uses_fails_that_one(lab: Lab) -> None:
    lab.pve.add_job("copy", "02:00", "local", all=1)
    lab.pve.job("copy").next_run_ends(outcome=storage_unreachable("could not activate storage 'local'"))
    lab.until(TUESDAY_MORNING)

    assert (lab.job().brief, lab.job("copy").brief) == (PASSING, ("on", "failed"))


def test_c30_a_failed_job_that_is_deleted_and_made_anew_takes_its_alarm_away_and_the_new_one_owes_its_next_slot(
    lab: Lab,
) -> None:
    lab.until("2026-01-12T20:00:00")
    lab.pve.guest(104).fails(failed("no"))
    lab.until(TUESDAY_MORNING)
    assert lab.told() == [("opened", "job_backup-nightly")]
    lab.pve.job("nightly").delete()
    lab.pve.add_job("anew", "02:00", "nas", vmid="101,102,103,104")
    lab.live(hours=12)
    assert "job_backup-nightly" not in lab.problems()
    assert lab.job("anew").problem == "off"
    lab.pve.guest(104).recovers()
    lab.pve.node("pve2").go_offline()
    lab.after(minutes=5)
    lab.until("2026-01-14T06:00:00")

    assert lab.job("anew").brief == ("on", "overdue")
    assert (lab.guest(101).brief, lab.guest(104).brief) == (PASSING, ("on", "overdue"))


def test_c31_only_the_guests_that_no_other_job_has_are_uncovered_when_a_job_is_deleted(lab: Lab) -> None:
    lab.pve.add_job("second", "04:00", "local", vmid="101,104")
    lab.pve.add_job("off", "05:00", "local", vmid="103", enabled=False)
    lab.until(TUESDAY_MORNING)
    lab.happened()
    lab.pve.job("nightly").delete()
    lab.after(hours=1)
    assert [lab.guest(vmid).brief for vmid in (101, 102, 103, 104)] == [
        PASSING,
        ("off", "uncovered"),
        ("off", "paused"),
        PASSING,
    ]
    uncovered = next(event for event in lab.events if event.kind == "guest_uncovered")
    assert "102" in str(uncovered)
    lab.live(hours=49, step=timedelta(hours=7))

    assert lab.guest(102).brief == ("on", "uncovered")
    assert [lab.guest(vmid).brief for vmid in (101, 104)] == [PASSING] * 2


def test_c39_a_template_a_stopped_guest_and_a_failed_one_with_the_tag_are_ignored_and_come_back_without_it(
    lab: Lab,
) -> None:
    lab.pve.guest(104).fails(failed("no"))
    lab.pve.guest(103).stop()
    lab.until(TUESDAY_MORNING)
    for vmid in (103, 104):
        lab.pve.guest(vmid).tags = "no-backup"
    lab.after(minutes=10)
    assert [lab.guest(vmid).brief for vmid in (103, 104)] == [("off", "ignored")] * 2
    assert lab.assessment.counts.ignored == 2
    lab.pve.guest(104).tags = "not-no-backup"
    lab.after(minutes=10)

    assert lab.guest(104).brief == ("on", "failed")


@pytest.mark.parametrize("agents", [(), ("pve1", "pve2", "pve3")], ids=["alone", "agents"])
def test_c40_a_guest_that_only_the_job_of_a_lost_pool_backed_up_is_uncovered_and_the_job_says_why(
    lab: Lab, agents: tuple[str, ...]
) -> None:
    lab.watch.agents = agents
    lab.pve.pools["spare"] = ""
    lab.pve.guest(104).pool = "spare"
    lab.pve.job("nightly").change(vmid="101,102,103")
    lab.pve.add_job("of-pool", "04:00", "local", pool="spare")
    lab.until(TUESDAY_MORNING)
    assert (lab.job("of-pool").brief, lab.guest(104).brief) == (PASSING, PASSING)
    lab.pve.guest(104).pool = None
    del lab.pve.pools["spare"]
    lab.after(hours=1)
    assert lab.job("of-pool").brief == ("on", "failed")
    assert "spare" in str(lab.job("of-pool").verdict.reason.values["error"])
    lab.live(hours=56, step=timedelta(hours=7))

    assert lab.guest(104).brief == ("on", "uncovered")
    assert lab.guest(101).brief == PASSING
