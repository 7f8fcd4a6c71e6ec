"""The calendar of a backup server: past runs with their outcome, what is awaited, and every run to come."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from custom_components.proxmox_backup_checker.checker.views.agenda import AgendaItem
from custom_components.proxmox_backup_checker.checker.views.server_agenda import server_agenda, server_current_or_next
from tests.acceptance.server_lab import BERLIN, ServerLab


@pytest.fixture
def servers() -> Iterator[ServerLab]:
    """Two servers on Monday noon."""
    with ServerLab() as lab:
        yield lab


def week(servers: ServerLab) -> list[AgendaItem]:
    """Return what the calendar shows from a week ago to a week ahead."""
    span = timedelta(days=7)
    return server_agenda(servers.watch.held, servers.now - span, servers.now + span, servers.now)


def lines(servers: ServerLab, job: str) -> list[tuple[str, str]]:
    """Return the local time and the kind of each line of a job."""
    return [
        (f"{item.start.astimezone(BERLIN):%a %H:%M}", item.title.code.value.removeprefix("agenda_"))
        for item in week(servers)
        if item.title.values["job"] == job
    ]


def test_past_runs_have_their_outcome_and_those_to_come_go_by_the_servers_own_clock(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.filled("vm/100", 3, owner="sync@pbs!t")
    servers.pull("03:30")
    servers.verify("sun 05:00")
    servers.look()
    servers.at("12:00")
    assert lines(servers, "Sync: pull")[:3] == [
        ("Tue 03:30", "failed"),
        ("Wed 03:30", "planned"),
        ("Thu 03:30", "planned"),
    ]
    assert lines(servers, "Verify: check") == [("Sun 05:00", "planned")]
    failed = next(item for item in week(servers) if item.title.code.value == "agenda_failed")
    assert [detail.code.value for detail in failed.details] == ["sync_wrong_owner", "agenda_duration"]
    upcoming = server_current_or_next(servers.watch.held, servers.now)
    assert upcoming is not None
    assert upcoming.start > servers.now


def test_a_run_that_is_due_and_has_not_begun_is_missed(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.verify("03:00")
    servers.look()
    servers.at("12:00")
    servers.pbs.scheduler.active = False
    servers.pbs.scheduler.look_again()
    servers.at("12:00")
    assert lines(servers, "Verify: check")[-1] == ("Wed 03:00", "missed")


def test_what_runs_many_times_a_day_is_one_line_of_each_day(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.verify("hourly")
    servers.look()
    servers.after(hours=30)
    found = [kind for _, kind in lines(servers, "Verify: check")]
    assert set(found) == {"many_runs", "many_slots"}
    assert found.count("many_slots") == 8


def test_a_job_by_hand_and_one_that_is_switched_off_are_planned_for_no_day(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    job = servers.verify(None)
    prune = servers.prune("02:00")
    servers.look()
    servers.run(job)
    assert "planned" in [kind for _, kind in lines(servers, "Prune: tidy")]
    prune.disable()
    servers.after(hours=1)
    assert [kind for _, kind in lines(servers, "Verify: check")] == ["succeeded"]
    assert "planned" not in [kind for _, kind in lines(servers, "Prune: tidy")]


def test_what_runs_now_comes_first(servers: ServerLab) -> None:
    servers.remote("vm/100")
    job = servers.pull(None)
    servers.look()
    group = servers.filled("vm/200", store=servers.tank)
    group.add(int(servers.now.timestamp()) - 60, stored=50 * 1024**2 * 3_600 * 50, size=9 * 1024**4)
    servers.ds1.total *= 100
    job.start()
    servers.after(hours=3)
    found = server_current_or_next(servers.watch.held, servers.now)
    assert found is not None
    assert (found.title.code.value, found.title.values["job"]) == ("agenda_running", "Sync: pull")
    assert found.end > servers.now
