"""The wall of a backup server: what each day was like for its jobs and the groups of clients."""

from collections.abc import Iterator

import pytest

from custom_components.proxmox_backup_checker.checker.views.server_wall import ServerWall
from custom_components.proxmox_backup_checker.checker.views.wall.days import Days
from tests.acceptance.server_lab import BERLIN, ServerLab


@pytest.fixture
def servers() -> Iterator[ServerLab]:
    """Two servers on Monday noon."""
    with ServerLab() as lab:
        yield lab


def wall(servers: ServerLab, days: int = 7) -> ServerWall:
    """Return the wall of what is held now."""
    return ServerWall(assessment=servers.watch.held, days=Days.ending(servers.now, BERLIN, days), now=servers.now)


def of_job(servers: ServerLab, job: str) -> str:
    """Return the cells of a job."""
    return wall(servers).cells_of_job(servers.job_view(job))


def of_group(servers: ServerLab, name: str) -> str:
    """Return the cells of a group."""
    return wall(servers).cells_of_group(servers.group_view(name))


def test_each_day_of_a_job_shows_what_its_run_came_to(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.prune(schedule="02:00")
    servers.look()
    servers.at("12:00")
    servers.at("12:00")
    servers.pbs.power_off()
    servers.at("12:00")
    servers.pbs.power_on()
    servers.at("12:00")
    cells = of_job(servers, "prune_tidy")
    # The run of the night over which the server was off was caught up by itself at noon; nobody looked before.
    assert cells[-4:-2] == "oo"
    assert cells[-1] == "o"


def test_a_run_that_is_due_and_does_not_come_is_missed_from_its_day_on(servers: ServerLab) -> None:
    servers.filled("host/nas", *range(1, 9))
    servers.verify(schedule="03:00")
    servers.look()
    servers.at("12:00")
    assert of_job(servers, "verify_check")[-1] == "o"
    servers.pbs.scheduler.active = False
    servers.pbs.scheduler.look_again()
    servers.at("12:00")
    servers.at("12:00")
    assert of_job(servers, "verify_check")[-3:] == "omm"
    runs = wall(servers).runs_of_job(servers.job_view("verify_check"))
    assert [run.result for run in runs] == ["missed", "ok"]


def test_a_warning_of_the_log_is_the_days_too_and_days_that_nobody_knows_are_open(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.filled("vm/100", 3, owner="sync@pbs!t")
    servers.pull()
    servers.look()
    servers.at("06:00")
    cells = of_job(servers, "sync_pull")
    assert cells[-1] == "f"
    assert set(cells[:-1]) <= {"n", "u"}
    runs = wall(servers).runs_of_job(servers.job_view("sync_pull"))
    assert [run.result for run in runs] == ["failed"]
    assert runs[0].upid is not None


def test_a_group_has_a_backup_on_the_days_of_its_snapshots_and_misses_those_that_were_due(servers: ServerLab) -> None:
    servers.filled("host/nas", *(day - 0.2 for day in range(1, 9)))
    servers.look()
    assert of_group(servers, "host/nas") == "oooooon"
    servers.after(hours=50)
    cells = of_group(servers, "host/nas")
    assert cells[-1] == "m"
    assert cells[:4] == "oooo"


def test_a_snapshot_that_fails_its_check_and_a_backup_that_failed_are_failures(servers: ServerLab) -> None:
    group = servers.filled("host/nas", *(day - 0.2 for day in range(1, 9)))
    job = servers.verify(schedule=None)
    servers.look()
    group.by_age[-1].corrupt = True
    servers.run(job, hours=6)
    assert of_group(servers, "host/nas")[-2] == "f"
    servers.ds1.other = servers.ds1.total - 10
    servers.pbs.backup("ds1", "host/nas")
    servers.after(minutes=10)
    assert of_group(servers, "host/nas")[-1] == "f"
    newest = wall(servers).runs_of_group(servers.group_view("host/nas"))[0]
    assert (newest.result, newest.error) == ("failed", "backup ended but finished state is not set.")
    assert newest.upid is not None


def test_a_server_that_cannot_be_read_keeps_the_days_that_are_known(servers: ServerLab) -> None:
    servers.filled("host/nas", *(day - 0.2 for day in range(1, 9)))
    servers.look()
    before = of_group(servers, "host/nas")
    servers.pbs.power_off()
    servers.after(minutes=5)
    servers.after(minutes=40)
    assert of_group(servers, "host/nas") == before[:-1] + "u"
