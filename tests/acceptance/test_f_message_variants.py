"""Rows F01 to F13 with other nodes, jobs and guests: which messages there are, and of whom; what they say is in test_f_messages."""

from datetime import datetime, timedelta
from typing import Literal

import pytest

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge
from custom_components.proxmox_backup_checker.checker.alerts.alerts import Alert, Severity
from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from simulator.outcomes import failed, storage_unreachable, warning

from .lab import Lab

MONDAY_EVENING = "2026-01-12T22:00:00"
TUESDAY_MORNING = "2026-01-13T05:00:00"
WEDNESDAY_MORNING = "2026-01-14T05:00:00"
THURSDAY_MORNING = "2026-01-15T05:00:00"
IO_ERROR = "job failed with err -5 - Input/output error"
NO_SPACE = "job failed with err -28 - No space left on device"
NIGHTLY = "job_backup-nightly"
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def night(lab: Lab) -> Lab:
    """The cluster on Monday evening, after a look at which all was well."""
    lab.until(MONDAY_EVENING)
    return lab


def only(lab: Lab) -> Alert:
    """Return the one alert that there is."""
    [alert] = lab.assessment.alerts
    return alert


@pytest.mark.parametrize("agents", [(), ("pve1", "pve2", "pve3")], ids=["alone", "agents"])
def test_f01_two_jobs_that_fail_for_all_are_two_messages_with_one_cause_each(lab: Lab, agents: tuple[str, ...]) -> None:
    lab.watch.agents = agents
    for vmid in range(105, 113):
        lab.pve.add_ct(vmid, f"app{vmid}", f"pve{vmid % 3 + 1}", size=1)
    lab.pve.job("nightly").change(vmid=None, all=1)
    lab.pve.add_job("second", "03:00", "local", vmid="101,102,103")
    lab.until(MONDAY_EVENING)
    lab.pve.storage("nas").go_offline()
    lab.pve.job("second").next_run_ends(outcome=storage_unreachable("could not activate storage 'local'"))
    lab.live_until(TUESDAY_MORNING, step=HALF_AN_HOUR)

    told = [found for found in lab.told() if "storage" not in found[1]]
    assert [found for found in told if found[1] == NIGHTLY][:1] == [("opened", NIGHTLY)]
    alerts = {alert.tag: alert for alert in lab.assessment.alerts}
    nightly, second = alerts[NIGHTLY], alerts["job_second"]
    assert (len(nightly.causes), len(second.causes)) == (1, 1)
    assert {guest.vmid for guest in (*nightly.guests, *second.guests)} == set(lab.pve.guests)


@pytest.mark.parametrize("kind", ["nfs", "pbs"])
def test_f01_a_dead_server_is_one_message_for_all_jobs_that_write_there_whenever_they_run(
    lab: Lab, kind: Literal["nfs", "pbs"]
) -> None:
    lab.pve.add_storage("far", kind)
    lab.pve.job("nightly").change(vmid="101,102", storage="far")
    lab.pve.add_job("second", "03:30", "far", vmid="103,104")
    lab.pve.add_job("third", "04:00", "local", vmid="101")
    lab.until(MONDAY_EVENING)
    lab.live_until(TUESDAY_MORNING)
    assert lab.told() == []
    lab.pve.storage("far").go_offline()
    lab.pve.job("third").next_run_ends({101: failed(IO_ERROR)})
    lab.live_until(WEDNESDAY_MORNING)

    alerts = {alert.tag: alert for alert in lab.assessment.alerts}
    assert alerts.keys() == {"storage_far", "job_third"}
    assert {guest.vmid for guest in alerts["storage_far"].guests} == {102, 103, 104}
    # Of two that failed for 101 the later one is told.
    assert [guest.vmid for guest in alerts["job_third"].guests] == [101]
    assert {Subject.job("backup-nightly"), Subject.job("second")} <= set(alerts["storage_far"].subjects)
    assert {tag for kind, tag in lab.told() if kind == "opened"} == {"storage_far", "job_third"}
    lab.pve.storage("far").come_online()
    lab.live_until(THURSDAY_MORNING)
    assert lab.assessment.alerts == ()
    assert [tag for kind, tag in lab.told() if kind == "recovered"].count("storage_far") == 1


def test_f01_two_jobs_that_find_one_storage_full_are_one_message(night: Lab) -> None:
    night.pve.job("nightly").change(vmid="101,102")
    night.pve.add_job("second", "03:00", "nas", vmid="103,104")
    night.pve.storage("nas").fill(leaving=1)
    night.live_until(TUESDAY_MORNING)

    alert = only(night)
    assert (alert.tag, {guest.vmid for guest in alert.guests}) == ("storage_nas", {101, 102, 103, 104})
    assert {Subject.job("backup-nightly"), Subject.job("second"), Subject.storage("nas")} <= set(alert.subjects)
    assert {tag for _, tag in night.told()} == {"storage_nas"}
    assert (night.storage("nas").brief, night.storage("nas").code) == (("on", "failed"), "storage_full")
    night.pve.storage("nas").fill(leaving=8 * 2**40)
    night.live_until(WEDNESDAY_MORNING)
    assert night.assessment.alerts == ()
    assert [kind for kind, _ in night.told()][-1] == "recovered"
    assert night.storage("nas").code == "storage_ok"


def test_f01_what_failed_for_another_cause_is_told_apart_from_the_full_storage(night: Lab) -> None:
    night.pve.guest(101).fails(failed(IO_ERROR))
    night.pve.guest(102).fails(failed(NO_SPACE))
    night.pve.storage("nas").fill(leaving=80 * 2**30)
    night.live_until(TUESDAY_MORNING)

    guests = {alert.tag: {guest.vmid for guest in alert.guests} for alert in night.assessment.alerts}
    assert guests["storage_nas"] >= {102}
    assert 101 in guests[NIGHTLY]
    assert 102 not in guests[NIGHTLY]


def test_f01_a_storage_with_room_is_not_blamed_for_want_of_room_elsewhere(night: Lab) -> None:
    night.pve.guest(102).fails(failed(NO_SPACE))
    night.live_until(TUESDAY_MORNING)

    assert only(night).tag == NIGHTLY
    assert night.storage("nas").code == "storage_ok"


def test_f02_each_of_two_problems_is_reminded_of_by_its_own_clock(night: Lab) -> None:
    night.pve.job("nightly").reschedule("tue 02:00")
    night.pve.add_job("noon", "tue 12:00", "local", vmid="103")
    night.pve.guest(102).fails(failed(IO_ERROR), job="backup-nightly")
    night.pve.guest(103).fails(failed(IO_ERROR), job="noon")
    night.live(hours=16)
    assert night.told() == [("opened", NIGHTLY), ("opened", "job_noon")]
    night.live(hours=12)
    assert night.told() == [("reminder", NIGHTLY)]
    night.live(hours=10)
    assert night.told() == [("reminder", "job_noon")]


@pytest.mark.parametrize("days", [None, timedelta(days=3)])
def test_f02_reminders_come_as_rarely_as_the_user_says(night: Lab, days: timedelta | None) -> None:
    night.watch.policy = Policy(remind_after=days)
    night.pve.job("nightly").reschedule("tue 02:00")
    night.pve.guest(104).fails(failed(IO_ERROR))
    night.live(days=6, step=timedelta(hours=4))

    assert [kind for kind, _ in night.told()] == ["opened", *(["reminder"] if days else [])]


def test_f03_it_is_over_when_the_last_guest_is_well_whatever_node_it_is_on_by_then(night: Lab) -> None:
    for vmid in (101, 104):
        night.pve.guest(vmid).fails(failed(IO_ERROR))
    night.live_until(TUESDAY_MORNING)
    night.pve.guest(101).recovers()
    night.pve.guest(104).migrate("pve3")
    night.live_until(WEDNESDAY_MORNING)
    assert "recovered" not in [kind for kind, _ in night.told()]
    night.pve.guest(104).recovers()
    night.live_until(THURSDAY_MORNING)

    recovered = [message for message in night.messages if message.kind == "recovered"]
    assert [message.record.tag for message in recovered] == [NIGHTLY]


@pytest.mark.parametrize(("error", "told"), [(IO_ERROR, []), (NO_SPACE, ["changed"])])
@pytest.mark.parametrize("vmid", [102, 103])
def test_f04_f05_one_silenced_guest_of_two_is_told_of_again_for_its_own_new_cause_alone(
    night: Lab, error: str, told: list[str], vmid: int
) -> None:
    night.watch.policy = Policy(remind_after=None)
    for number in (102, 103):
        night.pve.guest(number).fails(failed(IO_ERROR))
    night.live_until(TUESDAY_MORNING)
    assert night.told() == [("opened", NIGHTLY)]
    known = [Subject.job("backup-nightly"), Subject.guest(102), Subject.guest(103)]
    night.watch.history = acknowledge(night.watch.history, night.assessment.verdicts, known, night.now)
    night.pve.guest(vmid).recovers()
    night.pve.guest(vmid).fails(failed(error))
    night.live_until(WEDNESDAY_MORNING)

    assert [kind for kind, _ in night.told()] == told
    assert night.guest(vmid).brief == ("on", "failed")


@pytest.mark.parametrize("promoted", [True, False])
@pytest.mark.parametrize("vmid", [101, 104])
def test_f06_a_warning_of_any_guest_is_told_only_where_warnings_are_problems(
    night: Lab, promoted: bool, vmid: int
) -> None:
    night.watch.policy = Policy(warnings_are_problems=promoted)
    night.pve.guest(vmid).fails(warning("something to know"))
    night.live_until(TUESDAY_MORNING)

    assert [kind for kind, _ in night.told()] == (["opened"] if promoted else [])
    assert night.job().verdict.status == "warning"


@pytest.mark.parametrize("how", ["failed", "missed", "failed and missed"])
def test_f07_the_second_bad_night_in_a_row_is_critical_whether_it_failed_or_was_missed(night: Lab, how: str) -> None:
    if how == "missed":
        night.pve.node("pve2").go_offline()
    else:
        night.pve.guest(102).fails(failed(IO_ERROR))
        night.pve.guest(104).fails(failed(IO_ERROR))
    night.live_until(TUESDAY_MORNING)
    first = {alert.severity for alert in night.assessment.alerts}
    if how == "failed and missed":
        night.pve.node("pve2").go_offline()
    night.live_until(WEDNESDAY_MORNING)

    assert first == {Severity.NORMAL}
    concerned = [alert for alert in night.assessment.alerts if {102, 104} <= {guest.vmid for guest in alert.guests}]
    assert {alert.severity for alert in concerned} == {Severity.CRITICAL}


def test_f07_two_guests_that_fail_once_each_are_not_one_that_failed_twice(night: Lab) -> None:
    night.pve.job("nightly").next_run_ends({101: failed(IO_ERROR)})
    night.live_until(TUESDAY_MORNING)
    night.pve.guest(104).fails(failed(IO_ERROR))
    night.live_until(WEDNESDAY_MORNING)

    assert (night.guest(101).brief, night.guest(104).verdict.failures) == (("off", "ok"), 1)


@pytest.mark.parametrize(
    "privileges",
    [
        {"/": "VM.Audit Pool.Audit Datastore.Audit"},
        {"/": "Sys.Audit Pool.Audit Datastore.Audit"},
        {"/": "Pool.Audit"},
    ],
    ids=["no Sys.Audit", "no VM.Audit", "hardly any"],
)
def test_f08_whatever_right_is_lost_there_is_one_message_and_nobody_is_uncovered(
    night: Lab, privileges: dict[str, str]
) -> None:
    for vmid in range(105, 121):
        night.pve.add_ct(vmid, f"app{vmid}", "pve1", size=1)
    night.pve.job("nightly").change(vmid=None, all=1)
    night.live_until(TUESDAY_MORNING)
    night.told()
    night.pve.limit_token(privileges)
    night.live(days=2, step=timedelta(hours=2))

    assert {tag for _, tag in night.told()} == {"blind"}
    assert "guest_uncovered" not in night.happened()


@pytest.mark.parametrize("nodes", [("pve1",), ("pve2",)])
def test_f09_each_node_that_is_off_over_the_slot_is_one_message_for_all_its_guests_of_all_jobs(
    night: Lab, nodes: tuple[str, ...]
) -> None:
    for vmid in range(105, 117):
        night.pve.add_ct(vmid, f"app{vmid}", f"pve{vmid % 2 + 1}", size=1)
    night.pve.job("nightly").change(vmid=",".join(map(str, range(101, 111))))
    night.pve.add_job("second", "02:30", "local", vmid=",".join(map(str, range(109, 117))))
    night.look()
    for node in nodes:
        night.pve.node(node).go_offline()
    night.live_until("2026-01-13T09:00:00")

    theirs = {guest.vmid for guest in night.pve.guests.values() if guest.node in nodes}
    # The second job's slot is later: with its guests the one message is told anew.
    assert night.told() == [("opened", f"node_{nodes[0]}"), ("changed", f"node_{nodes[0]}")]
    assert {guest.vmid for guest in only(night).guests} == theirs


def test_f10_guests_that_swap_their_names_and_nodes_are_told_by_those_of_today(night: Lab) -> None:
    night.pve.job("nightly").reschedule("tue 02:00")
    night.pve.guest(103).fails(failed(IO_ERROR))
    night.live_until(TUESDAY_MORNING)
    night.pve.guest(103).rename("database")
    night.pve.guest(102).rename("dns")
    night.pve.guest(103).migrate("pve3")
    night.live(hours=26, step=timedelta(hours=2))

    assert [(guest.vmid, guest.name, guest.node) for guest in only(night).guests] == [(103, "database", "pve3")]
    assert [kind for kind, _ in night.told()] == ["opened", "reminder"]


@pytest.mark.parametrize("policy", [Policy(start_grace=timedelta(hours=1)), Policy(ignored_guests=frozenset({103}))])
def test_f12_neither_restarts_nor_options_tell_an_open_problem_again(night: Lab, policy: Policy) -> None:
    night.pve.guest(104).fails(failed(IO_ERROR))
    night.live_until(TUESDAY_MORNING)
    assert night.told() == [("opened", NIGHTLY)]
    for _ in range(3):
        night.watch.restart()
        night.live(minutes=20, step=timedelta(minutes=10))
        night.watch.policy = policy

    assert night.told() == []
    assert only(night).tag == NIGHTLY


def test_f12_of_two_problems_at_the_first_look_only_the_one_that_gets_worse_is_told(lab: Lab) -> None:
    lab.pve.add_job("weekly", "tue 04:00", "local", vmid="102")
    lab.pve.guest(102).fails(failed(IO_ERROR), job="weekly")
    lab.pve.guest(101).fails(failed(IO_ERROR), job="backup-nightly")
    lab.until(TUESDAY_MORNING)
    lab.live_until(WEDNESDAY_MORNING)

    assert lab.told() == [("opened", NIGHTLY)]
    assert {alert.tag for alert in lab.assessment.alerts} == {NIGHTLY, "job_weekly"}
    assert datetime.fromisoformat("2026-01-14T05:00:00+00:00") == lab.now
