"""Rows G73, G130 to G136: what reading a backup server costs, what is remembered, and what a long task leaves."""

from collections import Counter

import pytest

from .server_lab import ServerLab, values


def asked(servers: ServerLab) -> Counter[str]:
    """Return what was asked since the last time, by the last part of the path, and forget it."""
    paths = Counter(path.rpartition("/")[2] for path in servers.watch.wire.asked)
    servers.watch.wire.asked.clear()
    return paths


def filled(servers: ServerLab) -> None:
    """Put a few groups into several namespaces and datastores."""
    other = servers.pbs.add_datastore("ds2")
    for ns in ("", "home", "lab"):
        for number in range(3):
            servers.filled(f"host/h{number}", *range(1, 6), ns=ns)
    servers.filled("host/x", *range(1, 6), store=other)


def test_g73_a_list_that_the_server_refuses_is_told_in_its_own_words() -> None:
    with ServerLab(version="4.1.7") as servers:
        servers.remote("vm/100")
        job = servers.pull("*-12-01 03:30")
        servers.look()
        job.state = type(job.state)(kind="unreadable")
        servers.after(hours=1)
        assert servers.job("sync_pull").verdict.status.value == "pending"
        servers.after(hours=2)
        held = servers.job("sync_pull")
        assert (held.brief, held.code) == (("unknown", "unknown"), "pbsjob_list_unreadable")
        assert "unable to parse job state of pull" in values(held.verdict)["said"]
        assert servers.job("gc_ds1").problem == "off"
        servers.after(hours=25)
        assert "pbsjob_sync_pull" in servers.watch.problems()


def test_g73_since_4_1_8_only_the_job_itself_has_no_state(servers: ServerLab) -> None:
    servers.remote("vm/100")
    job = servers.pull()
    servers.look()
    job.state = type(job.state)(kind="unreadable")
    servers.after(hours=1)
    held = servers.job("sync_pull")
    assert held.problem != "on"
    assert held.verdict.status.value in {"pending", "unknown"}


def test_g130_where_nothing_ended_nothing_is_listed(servers: ServerLab) -> None:
    filled(servers)
    servers.look()
    asked(servers)
    servers.live(hours=12)
    paths = asked(servers)
    assert (paths["groups"], paths["snapshots"]) == (0, 0)
    assert paths.total() <= 12 * 40
    servers.live(hours=13)
    paths = asked(servers)
    assert paths["groups"] == 4
    assert paths["snapshots"] == 10


def test_g131_after_one_backup_its_namespace_and_its_group_are_listed(servers: ServerLab) -> None:
    filled(servers)
    servers.look()
    asked(servers)
    servers.pbs.backup("ds1", "host/h1", ns="home")
    servers.live(minutes=10)
    paths = asked(servers)
    assert (paths["groups"], paths["snapshots"]) == (1, 1)


def test_g132_after_a_restart_all_is_held_as_it_was_while_the_server_is_read_little_by_little(
    servers: ServerLab,
) -> None:
    for ns in range(40):
        for number in range(10):
            servers.filled(f"host/h{number}", *([40] if number == 9 else []), *range(1, 6), ns=f"ns{ns}")
    servers.filled("host/late", *range(3, 12), ns="ns0")
    servers.look()
    before = {key: view.verdict.status for key, view in servers.watch.held.groups.items()}
    assert len(before) == 401
    problems = servers.watch.problems()
    assert problems == {"group_ds1:ns0:host/late"}
    servers.watch.restart()
    servers.watch.wire.asked.clear()
    minutes = 0
    while servers.watch._reader is None or servers.watch.reader.busy:
        servers.site.clock.advance(minutes=1)
        servers.watch.look()
        minutes += 1
        assert asked(servers).total() <= 60
        assert servers.watch.problems() == problems
        assert {key: view.verdict.status for key, view in servers.watch.held.groups.items()} == before
    assert minutes >= 10


def test_g134_the_first_look_takes_in_many_weeks_and_tells_of_nothing_old(servers: ServerLab) -> None:
    servers.remote("vm/100")
    group = servers.tank.group("", "vm", "100")
    assert group is not None
    servers.pull("03:30")
    for day in range(70):
        servers.site.clock.advance(days=1)
        group.add(int(servers.now.timestamp()) - 60).missing = day % 10 == 9
    servers.look()
    history = servers.watch.history
    runs = [run for run in history.runs.values() if run.job == "sync_pull"]
    assert 59 <= len(runs) <= 61
    assert servers.happened() == []
    assert sum(run.logged is True for run in runs) == 1
    assert history.unread_logs == ()
    servers.at("06:00")
    assert servers.happened() != []


def test_g134_each_log_is_read_once_also_over_a_restart(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.pull("*:0/30")
    servers.look()
    servers.live(hours=3)
    servers.watch.restart()
    servers.watch.wire.asked.clear()
    servers.live(hours=3)
    logs = [path for path in servers.watch.wire.asked if path.endswith("/log")]
    assert len(logs) == len(set(logs)) == 6


@pytest.mark.parametrize("others", [0, 80])
def test_g136_a_task_that_began_before_the_last_look_and_ends_after_many_others_is_seen(
    servers: ServerLab, others: int
) -> None:
    servers.remote("vm/100")
    job = servers.pull(schedule=None)
    servers.look()
    worker = servers.pbs.tasks.start("syncjob", job.worker_id, "root@pam", None)
    job.state = type(job.state)(kind="started", upid=worker.task.upid)
    servers.live(hours=30)
    assert servers.job("sync_pull").verdict.status.value == "running"
    worker.end("broken pipe")
    for _ in range(others):
        servers.pbs.tasks.by_hand("prune", "ds1:home:vm/100")
    servers.live(minutes=6)
    assert servers.job("sync_pull").brief == ("on", "failed")
    assert servers.happened().count("run_failed") == 1


def test_g134_a_history_that_was_written_down_comes_back_as_it_was(servers: ServerLab) -> None:
    filled(servers)
    servers.remote("vm/100")
    servers.pull("03:30")
    servers.verify("06:00")
    servers.look()
    servers.at("08:00")
    servers.ds1.enter_maintenance("read-only")
    servers.after(hours=1)
    before = servers.watch.history
    servers.watch.restart()
    assert servers.watch.history == before
