"""Rows H42 to H49 and H74 to H77, H78: replication jobs, each judged by its own schedule; a replica is no backup."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.proxmox_backup_checker.checker.alerts.acknowledgements import acknowledge
from custom_components.proxmox_backup_checker.checker.model.subject import Subject
from custom_components.proxmox_backup_checker.checker.model.verdict import Verdict
from custom_components.proxmox_backup_checker.checker.views.report import problems_of
from custom_components.proxmox_backup_checker.dashboard.causes import causes
from custom_components.proxmox_backup_checker.privacy.sight import Sight
from custom_components.proxmox_backup_checker.trigger import problem_sensors
from simulator.replication import Replication
from tests.checker.survival.household import PVE1, Household
from tests.integration.states import entity, shown

from .home import Home

NO_SPACE = "command 'zfs recv' failed: out of space"


@pytest.fixture
def house() -> Iterator[Household]:
    """Three nodes, and 101 on pve1."""
    with Household() as made:
        yield made


def held(house: Household, job: str = "101-0") -> Verdict:
    """Return what is held of a job."""
    return house.held.replications[job].verdict


def brief(house: Household, job: str = "101-0") -> tuple[str, bool | None, str]:
    """Return status, problem and reason."""
    verdict = held(house, job)
    return verdict.status.value, verdict.problem, verdict.reason.code.value


@pytest.mark.parametrize(("schedule", "hours"), [(None, 1), ("02:00", 30), ("sun 01:00", 170)])
def test_h42_a_replica_that_is_renewed_by_its_own_schedule_is_fine_all_the_time(
    house: Household, schedule: str | None, hours: int
) -> None:
    house.cluster.replicate(101, "pve2", schedule=schedule)
    house.look()
    house.after(minutes=31)

    for _ in range(hours):
        house.after(hours=1)
        assert brief(house) == ("ok", False, "replicated")


@pytest.mark.parametrize(("failures", "problem"), [(1, False), (2, True), (6, True)])
def test_h43_one_failure_is_made_good_by_itself_and_a_row_of_them_is_a_problem(
    house: Household, failures: int, problem: bool
) -> None:
    job = house.cluster.replicate(101, "pve2")
    house.after(hours=1)
    house.look()
    job.fails = NO_SPACE
    while job.fail_count < failures:
        house.cluster.clock.advance(minutes=1)
    house.after(minutes=0)
    house.live(step=timedelta(minutes=1), minutes=0)
    job.stuck = True
    house.after(minutes=31)

    verdict = held(house)

    assert (verdict.problem, verdict.error) == (problem, NO_SPACE)
    assert verdict.reason.code.value == ("replication_failed" if problem else "replication_failed_once")

    job.stuck, job.fails = False, None
    house.after(hours=2)
    house.after(minutes=31)
    assert brief(house) == ("ok", False, "replicated")


def stuck(job: Replication) -> None:
    """Let the scheduler not start it."""
    job.stuck = True


@pytest.mark.parametrize(("schedule", "minutes"), [(None, 50), ("*:0/30", 95)])
def test_h44_a_job_that_its_scheduler_does_not_start_is_late(
    house: Household, schedule: str | None, minutes: int
) -> None:
    job = house.cluster.replicate(101, "pve2", schedule=schedule)
    house.after(hours=1)
    house.after(minutes=31)
    stuck(job)
    house.after(minutes=minutes)
    house.after(minutes=31)

    assert brief(house) == ("overdue", True, "replication_late")


@pytest.mark.parametrize("never", [True, False], ids=["new", "told to run now"])
def test_h45_a_job_that_does_not_begin_is_waited_for_and_then_told(house: Household, never: bool) -> None:
    job = house.cluster.replicate(101, "pve2")
    if not never:
        house.after(hours=2)
    stuck(job)
    job.last_try = 0.0
    house.after(minutes=31)
    assert brief(house) == ("pending", False, "replication_pending")

    house.after(minutes=31)
    house.after(minutes=31)

    assert brief(house)[:2] == ("overdue", True)
    assert brief(house)[2] == ("replication_never_run" if never else "replication_not_started")


@pytest.mark.parametrize("expected", [False, True])
def test_h46_a_target_that_is_off_is_the_reason_and_no_problem_where_that_is_expected(
    house: Household, expected: bool
) -> None:
    house.cluster.replicate(101, "pve2")
    house.after(hours=1)
    if expected:
        house.policy = replace(house.policy, expected_offline=frozenset({"pve2"}))
    house.cluster.node("pve2").go_offline()
    for _ in range(4):
        house.after(minutes=31)

    found = ("paused", False, "replication_target_rests") if expected else ("failed", True, "replication_target_off")
    assert brief(house) == found
    house.cluster.node("pve2").come_online()
    house.after(hours=1)
    house.after(minutes=31)
    assert brief(house) == ("ok", False, "replicated")


def disable(job: Replication) -> None:
    """Switch it off."""
    job.disabled = True


def hang(job: Replication) -> None:
    """Let a run go on."""
    job.hangs = True


@pytest.mark.parametrize(("happens", "found"), [(disable, ("paused", False)), (hang, ("running", False))])
def test_h47_a_disabled_or_running_job_is_no_problem(
    house: Household, happens: Callable[[Replication], None], found: tuple[str, bool]
) -> None:
    job = house.cluster.replicate(101, "pve2")
    house.after(hours=1)
    happens(job)
    house.after(hours=1)
    house.after(minutes=31)
    house.after(minutes=31)

    assert brief(house)[:2] == found


@pytest.mark.parametrize("target", ["pve2", "pve3"])
def test_h48_while_the_guests_node_is_off_its_last_word_is_kept_and_nothing_is_called_fine(
    house: Household, target: str
) -> None:
    house.cluster.replicate(101, target)
    house.after(hours=1)
    house.after(minutes=31)
    last = held(house).last_success
    house.cluster.node("pve1").go_offline()
    house.after(hours=3)

    assert brief(house) == ("unknown", None, "replication_unseen")
    assert held(house).last_success == last is not None
    assert house.if_died(PVE1, look=False)[101].answer.value == "copy"


@pytest.mark.parametrize("status", [403, 500])
def test_h48_what_a_node_does_not_tell_any_more_though_it_answers_is_not_called_fine_for_long(
    house: Household, status: int
) -> None:
    house.cluster.replicate(101, "pve2")
    house.cluster.replicate(201, "pve3")
    house.after(hours=1)
    house.after(minutes=31)
    house.errors["/nodes/pve1/replication"] = (status, "no")
    house.after(hours=1)
    assert brief(house) == ("ok", False, "replicated")

    house.after(hours=2)

    assert brief(house) == ("unknown", None, "replication_unseen")
    assert brief(house, "201-0") == ("ok", False, "replicated")
    house.errors.clear()
    house.after(minutes=31)
    assert brief(house) == ("ok", False, "replicated")


def test_h48_what_failed_before_a_node_stopped_telling_stays_a_problem(house: Household) -> None:
    job = house.cluster.replicate(101, "pve2")
    house.after(hours=1)
    job.fails = NO_SPACE
    house.after(hours=1)
    house.after(minutes=31)
    assert brief(house) == ("failed", True, "replication_failed")
    house.errors["/nodes/pve1/replication"] = (500, "no")

    house.after(hours=5)

    assert brief(house) == ("failed", True, "replication_failed")


def test_h48_a_guest_that_moved_is_asked_about_on_its_new_node(house: Household) -> None:
    job = house.cluster.replicate(101, "pve2")
    house.after(hours=1)
    house.cluster.guest(101).migrate("pve2")
    job.target = "pve1"
    house.after(hours=1)
    house.after(minutes=31)

    assert brief(house) == ("ok", False, "replicated")
    assert house.held.replications["101-0"].replication.job.target == "pve1"


@pytest.mark.parametrize(("died", "answer"), [("node:pve1", "copy"), ("node:pve2", "lives")])
def test_h49_a_replica_counts_if_the_node_of_its_guest_died_and_keeps_no_promise(
    house: Household, died: str, answer: str
) -> None:
    house.cluster.replicate(101, "pve2")
    house.cluster.add_job("nightly", "02:00", "nas", vmid="102")
    house.after(hours=1)
    house.after(minutes=31)

    found = house.if_died(died, look=False)[101]

    assert found.answer.value == answer
    if answer == "copy":
        assert found.copy is not None
        assert found.copy.key == "pve2 (replica)"
        assert not any("replica" in death.name for death in house.survivals.deaths)
        assert house.now - found.copy.written < timedelta(minutes=50)
    house.after(hours=72)
    assert (house.guest(101).status.value, house.guest(101).problem) == ("uncovered", True)


@pytest.mark.parametrize("died", ["node:pve1", "place:here"])
def test_h49_a_replica_dies_with_its_own_node_and_with_the_house(house: Household, died: str) -> None:
    house.cluster.replicate(101, "pve2")
    house.cluster.guest(101).migrate("pve3")
    house.after(hours=1)
    house.after(minutes=31)

    assert house.if_died(died, look=False)[101].answer.value == ("lives" if died == "node:pve1" else "none")


async def test_h43_the_problem_is_on_the_device_of_the_guest_with_its_cause(home: Home) -> None:
    job = home.pve.replicate(101, "pve2")
    await home.after(hours=1)
    state = shown(home.hass, "_replication_101-0_problem")
    assert state.state == "off"
    job.fails = NO_SPACE
    await home.after(hours=1)
    await home.after(minutes=31)

    state = shown(home.hass, "_replication_101-0_problem")
    assert state.state == "on"
    assert state.attributes["error"] == NO_SPACE
    assert state.attributes["next_step"].startswith("Read the job's log")
    found, guest = entity(home.hass, "_replication_101-0_problem"), entity(home.hass, "_guest_101_problem")
    assert found is not None
    assert guest is not None
    assert found.device_id == guest.device_id
    assert shown(home.hass, "_replication_101-0_last_success", "sensor").state.startswith("2026-01-12T12:")


def wait(house: Household, *, hours: float) -> None:
    """Let time pass, with a look every ten minutes."""
    house.live(step=timedelta(minutes=10), hours=hours)


@pytest.mark.parametrize("vmids", [(101, 102), (101, 102, 201)])
def test_h74_a_target_that_is_off_is_one_message_for_all_its_replicas_and_one_when_it_is_back(
    house: Household, vmids: tuple[int, ...]
) -> None:
    for vmid in vmids:
        house.cluster.replicate(vmid, "pve3")
    house.after(hours=1)
    wait(house, hours=1)
    house.told.clear()
    house.cluster.node("pve3").go_offline()
    wait(house, hours=4)

    assert house.told == ["opened"]
    [alert] = [alert for alert in house.held.alerts if alert.kind.value == "replication"]
    assert (alert.tag, len(alert.subjects), len(alert.causes)) == ("replication_pve3", len(vmids), 1)
    assert alert.severity.value == "normal"

    house.cluster.node("pve3").come_online()
    wait(house, hours=2)
    assert house.told == ["opened", "recovered"]


@pytest.mark.parametrize("happens", ["expected", "started anew"])
def test_h75_a_target_that_may_be_off_or_is_only_started_anew_is_no_message(house: Household, happens: str) -> None:
    house.cluster.replicate(101, "pve2")
    house.after(hours=1)
    wait(house, hours=1)
    house.told.clear()
    if happens == "expected":
        house.policy = replace(house.policy, expected_offline=frozenset({"pve2"}))
    seen = set()
    for _ in range(3):
        house.cluster.node("pve2").go_offline()
        for _ in range(48 if happens == "expected" else 4):
            house.live(step=timedelta(minutes=5), minutes=5)
            seen.add(brief(house)[2])
        house.cluster.node("pve2").come_online()
        wait(house, hours=2)

    assert ("replication_target_rests" if happens == "expected" else "replication_target_off") in seen
    assert house.told == []


@pytest.mark.parametrize("error", [NO_SPACE, "command 'ssh' failed: exit code 255"])
def test_h76_a_job_that_goes_on_failing_is_told_once_and_silent_once_it_is_acknowledged(
    house: Household, error: str
) -> None:
    job = house.cluster.replicate(101, "pve2")
    house.cluster.replicate(102, "pve3")
    house.after(hours=1)
    wait(house, hours=1)
    house.told.clear()
    job.fails = error
    wait(house, hours=6)

    assert house.told == ["opened"]
    assert [alert.severity.value for alert in house.held.alerts if alert.kind.value == "replication"] == ["normal"]
    subject = Subject.replication("101-0")
    house.history = acknowledge(house.history, house.held.verdicts, [subject], house.now)
    wait(house, hours=6)
    assert house.told == ["opened"]
    assert house.held.acknowledgement(subject) is not None

    job.fails = None
    wait(house, hours=2)
    assert house.held.acknowledgement(subject) is None
    assert house.told == ["opened", "recovered"]


@pytest.mark.parametrize("why", ["chosen", "tag"])
def test_h78_of_a_guest_that_is_ignored_no_replica_is_told_and_of_others_still(house: Household, why: str) -> None:
    jobs = [house.cluster.replicate(vmid, "pve2") for vmid in (101, 102)]
    if why == "chosen":
        house.policy = replace(house.policy, ignored_guests=frozenset({101}))
    else:
        house.cluster.guest(101).tags = "no-backup"
    house.after(hours=1)
    wait(house, hours=1)
    house.told.clear()
    jobs[0].fails = NO_SPACE
    wait(house, hours=6)

    # It is shown all the same.
    assert brief(house)[:2] == ("failed", True)
    assert house.told == []

    jobs[1].fails = NO_SPACE
    wait(house, hours=6)
    assert house.told == ["opened"]
    [alert] = [alert for alert in house.held.alerts if alert.kind.value == "replication"]
    assert alert.subjects == (Subject.replication("102-0"),)


@pytest.mark.parametrize("gone", ["deleted", "disabled"])
def test_h76_the_message_of_a_job_that_is_wanted_no_more_is_taken_back(house: Household, gone: str) -> None:
    job = house.cluster.replicate(101, "pve2")
    house.after(hours=1)
    wait(house, hours=1)
    house.told.clear()
    job.fails = NO_SPACE
    wait(house, hours=3)
    if gone == "deleted":
        del house.cluster.replications[job.id]
    else:
        job.disabled = True
    wait(house, hours=3)

    assert house.told == ["opened", "closed"]


@pytest.mark.parametrize(("vmid", "is_restarted"), [(101, False), (103, False), (101, True)])
async def test_h77_the_sensors_of_a_deleted_job_are_removed_and_never_while_the_list_cannot_be_read(
    home: Home, vmid: int, is_restarted: bool
) -> None:
    job = home.pve.replicate(vmid, "pve2")
    home.pve.replicate(102, "pve1")
    await home.after(hours=1)
    name = f"_replication_{vmid}-0_problem"
    del home.pve.replications[job.id]
    home.pve.faults.errors["/cluster/replication"] = (500, "no")
    if is_restarted:
        await home.restart()
    await home.live(hours=4, step=timedelta(minutes=30))
    assert entity(home.hass, name) is not None

    home.pve.faults.errors.clear()
    await home.live(hours=4, step=timedelta(minutes=30))

    assert entity(home.hass, name) is None
    assert entity(home.hass, "_replication_102-0_problem") is not None
    assert entity(home.hass, f"_guest_{vmid}_problem") is not None


@pytest.mark.parametrize("vmid", [101, 103])
async def test_h76_the_message_names_guest_node_and_cause_and_the_dashboard_shows_the_same(
    home: Home, vmid: int
) -> None:
    job = home.pve.replicate(vmid, "pve3")
    await home.after(hours=1)
    await home.after(minutes=31)
    heard = async_capture_events(home.hass, "proxmox_backup_checker_message")
    job.fails = NO_SPACE
    await home.live(hours=3, step=timedelta(minutes=15))

    [event] = heard
    name = "web (101)" if vmid == 101 else "dns (103)"
    assert event.data["title"] == f"Replicas on pve3 not renewed: {name}"
    assert "Cause: ZFS reported an error." in event.data["message"]
    assert "Backups are not affected." in event.data["message"]
    assert "Read the job's log" in event.data["message"]

    entry = home.entry
    assert entry is not None
    localizer = entry.runtime_data.localizer
    [cause] = causes(home.hass, Sight(home.hass, None), localizer, entry.entry_id)
    assert (cause["title"], cause["guests"]) == (event.data["title"], 1)
    assert cause["entity_ids"] == [shown(home.hass, f"_replication_{vmid}-0_problem").entity_id]

    sensor, whole = cause["entity_ids"][0], shown(home.hass, "_cluster_problem").entity_id
    assert problem_sensors(home.hass, {sensor}) == {sensor}
    assert sensor not in problem_sensors(home.hass, {whole})
    [problem] = problems_of(entry.runtime_data.assessment)
    assert problem.name == f"{name} \u2192 pve3"

    job.fails = None
    await home.live(hours=2, step=timedelta(minutes=15))
    assert not problems_of(entry.runtime_data.assessment)
    assert heard[-1].data["title"] == f"Replicas fine again: {name} on pve3"
