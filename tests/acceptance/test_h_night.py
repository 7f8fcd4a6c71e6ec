"""Rows H67 to H73: how the coming night will go, held against how the simulated cluster's night went."""

from datetime import datetime, time, timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.model.policy import Policy
from custom_components.proxmox_backup_checker.checker.model.verdict import Reason
from custom_components.proxmox_backup_checker.checker.verdicts.night import Night, PlannedRun, night_of
from custom_components.proxmox_backup_checker.checker.views.agenda import agenda

from .lab import Lab

ABOUT = timedelta(minutes=3)
HOUR = timedelta(hours=1)


def forecast(lab: Lab) -> Night:
    return night_of(lab.assessment.context, lab.now)


def of_job(night: Night, job_id: str) -> list[PlannedRun]:
    return [run for run in night.runs if run.job_id == job_id]


def late(lab: Lab) -> list[Reason]:
    return [finding for finding in lab.assessment.verdict.findings if finding.code == "night_not_done"]


def nights(lab: Lab, count: int) -> None:
    """Let nights go by until the noon after them, with a look each hour."""
    lab.live(days=count)


def slow(lab: Lab, hours: float, *vmids: int) -> None:
    """Let backups of guests take so many hours each."""
    for vmid in vmids:
        guest = lab.pve.guest(vmid)
        guest.speed = guest.size / 1024**2 / (hours * 3600)


def really(lab: Lab, job_id: str) -> list[tuple[str, datetime, datetime]]:
    """Return of each run of a job in the last night its node, when it got the lock, and when it ended."""
    runs = [run for run in lab.pve.dispatch.ever if run.job is not None and run.job.id == job_id and run.ended]
    newest = max(run.started for run in runs)
    return sorted(
        (run.node.name, _moment(run.locked or run.started), _moment(run.ended or 0))
        for run in runs
        if run.started > newest - 3600
    )


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch).astimezone()


@pytest.mark.parametrize("hours", [1, 2.5])
def test_h67_a_job_that_waits_for_the_lock_begins_and_ends_as_it_was_told(lab: Lab, hours: float) -> None:
    slow(lab, hours, 101)
    lab.pve.add_job("second", "02:10", "local", vmid="101,102")
    nights(lab, 4)
    told = forecast(lab)
    waiting = {run.node: run for run in of_job(told, "second")}
    assert (waiting["pve1"].waits_for, waiting["pve2"].waits_for) == ("backup-nightly", None)
    assert waiting["pve1"].waits
    nights(lab, 1)

    for node, locked, ended in really(lab, "second"):
        assert abs(waiting[node].begin - locked) < ABOUT
        assert abs(waiting[node].end - ended) < ABOUT


@pytest.mark.parametrize("hours", [0.5, 2])
def test_h68_the_end_of_the_night_is_that_of_its_last_run(lab: Lab, hours: float) -> None:
    slow(lab, hours, 101, 104)
    lab.pve.add_job("late", "04:00", "local", vmid="104")
    nights(lab, 4)
    told = forecast(lab)
    nights(lab, 1)

    ended = max(run.ended or 0 for run in lab.pve.dispatch.ever)
    assert told.done is not None
    assert abs(told.done - _moment(ended)) < ABOUT


@pytest.mark.parametrize("storage", ["nas", "local"])
def test_h69_two_jobs_that_write_to_one_storage_at_once_meet_there(lab: Lab, storage: str) -> None:
    slow(lab, 1, 101, 104)
    lab.pve.job("nightly").change(vmid="101", all=None)
    lab.pve.add_job("second", "02:30", storage, vmid="104")
    lab.pve.add_job("third", "06:00", "nas", vmid="104")
    nights(lab, 4)

    met = [(meeting.storage, meeting.jobs) for meeting in forecast(lab).meetings]
    assert met == ([("nas", ("backup-nightly", "second"))] if storage == "nas" else [])


def test_h69_one_job_on_two_nodes_meets_nobody(lab: Lab) -> None:
    slow(lab, 1, 101, 102)
    nights(lab, 3)

    night = forecast(lab)
    assert {run.node for run in night.runs} == {"pve1", "pve2"}
    assert night.meetings == ()


@pytest.mark.parametrize(("lockwait", "gives_up"), [(None, True), (600, False)])
def test_h70_who_waits_too_long_for_the_lock_gives_up(lab: Lab, lockwait: int | None, gives_up: bool) -> None:
    slow(lab, 5, 101)
    lab.pve.add_job("second", "02:10", "local", vmid="103")
    lab.pve.job("second").change(lockwait=lockwait)
    nights(lab, 3)

    [run] = of_job(forecast(lab), "second")
    assert run.gives_up == gives_up
    assert (run.end - run.slot < 5 * HOUR) == gives_up


@pytest.mark.parametrize(("by", "is_late"), [(time(4), True), (time(7), False), (time(22), False)])
def test_h71_what_will_not_be_done_by_the_users_time_is_a_warning_of_the_cluster(
    lab: Lab, by: time, is_late: bool
) -> None:
    slow(lab, 3, 101)
    lab.pve.add_job("midday", "12:30", "local", vmid="104")
    nights(lab, 4)
    assert late(lab) == []
    lab.watch.policy = Policy(done_by=by)
    lab.look()

    told = late(lab)
    assert bool(told) == is_late
    if is_late:
        assert told[0].values["time"] == "04:00"
        assert "pve1" in str(told[0].values["jobs"])
        assert "pve2" not in str(told[0].values["jobs"])
        assert lab.assessment.verdict.problem is False


def test_h72_a_job_that_comes_every_quarter_of_an_hour_is_no_part_of_the_night(lab: Lab) -> None:
    lab.pve.add_job("often", "*/15", "local", vmid="103")
    nights(lab, 2)

    night = forecast(lab)
    assert night.frequent == ("often",)
    assert of_job(night, "often") == []


@pytest.mark.parametrize("why", ["node off", "job disabled", "weekly", "ignored"])
def test_h72_what_does_not_run_tonight_is_not_told(lab: Lab, why: str) -> None:
    lab.pve.add_job("other", "sun 03:00" if why == "weekly" else "03:00", "local", vmid="104")
    nights(lab, 2)
    if why == "node off":
        lab.pve.node("pve2").go_offline()
    elif why == "job disabled":
        lab.pve.job("other").change(enabled=0)
    elif why == "ignored":
        lab.watch.policy = Policy(ignored_jobs=frozenset({"other"}))
    lab.after(minutes=30)

    assert of_job(forecast(lab), "other") == []
    assert len(of_job(forecast(lab), "backup-nightly")) == (1 if why == "node off" else 2)


def test_h73_in_the_morning_the_night_is_the_one_that_goes_on(lab: Lab) -> None:
    slow(lab, 6, 101)
    nights(lab, 3)
    lab.until("2026-01-16T05:00:00")

    night = forecast(lab)
    [run] = night.runs
    assert (run.is_running, run.node) == (True, "pve1")
    assert night.end == datetime.fromisoformat("2026-01-16T11:00:00+00:00")
    lab.until("2026-01-16T09:00:00")
    assert forecast(lab).end == datetime.fromisoformat("2026-01-17T11:00:00+00:00")


@pytest.mark.parametrize("start", [datetime.fromisoformat("2026-03-26T11:00:00+00:00")])
def test_h73_the_night_of_a_clock_change_ends_at_noon_all_the_same(lab: Lab) -> None:
    nights(lab, 2)

    night = forecast(lab)
    assert night.end == datetime.fromisoformat("2026-03-29T10:00:00+00:00")


def test_h67_the_calendar_tells_for_whom_a_job_waits_and_when_it_may_be_done(lab: Lab) -> None:
    slow(lab, 1, 101)
    lab.pve.add_job("second", "02:10", "local", vmid="101")
    nights(lab, 4)
    items = agenda(lab.assessment, lab.now, lab.now + timedelta(days=1), lab.now)

    [item] = [item for item in items if item.identity.startswith("plan_second")]
    codes = [detail.code.value for detail in item.details]
    assert codes[1:] == ["night_waits", "night_done_about"]
    assert item.end - item.start > HOUR
