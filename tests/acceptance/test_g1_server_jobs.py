"""Rows G01 to G22: the sync jobs of a backup server, by what the server itself says was due and what its logs tell."""

from datetime import timedelta

import pytest

from .server_lab import ServerLab, values


def test_g01_a_good_sync_says_which_way_where_to_and_when(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.filled("host/nas", 1)
    servers.pull()
    servers.push(group_filter=("type:host",))
    servers.look()
    servers.at("06:00")
    pulled, pushed = servers.job("sync_pull"), servers.job("sync_push")
    assert (pulled.brief, pulled.code) == (("off", "ok"), "sync_pulled")
    assert (pushed.brief, pushed.code) == (("off", "ok"), "sync_pushed")
    assert values(pulled.verdict)["other"] == "vault:tank"
    view = servers.job_view("sync_pull")
    assert view.last_ended is not None
    assert pulled.verdict.last_success == view.last_ended
    assert view.next_run is not None
    assert view.next_run > servers.now
    assert view.due_since is None


def test_g02_a_run_that_is_due_and_was_not_started_is_overdue_since_then(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.pull()
    servers.at("06:00")
    servers.pbs.scheduler.active = False
    servers.pbs.scheduler.look_again()
    servers.at("05:30")
    held = servers.job("sync_pull")
    assert (held.brief, held.code) == (("on", "overdue"), "pbsjob_overdue")
    view = servers.job_view("sync_pull")
    assert view.due_since is not None
    assert view.due_since.strftime("%H:%M") == "01:30"
    assert view.next_run is None
    assert held.verdict.since == view.due_since
    assert servers.server.problem == "on"
    assert "run_missed" in servers.happened()


@pytest.mark.parametrize(("minutes", "status"), [(4, "ok"), (14, "ok"), (17, "overdue")])
def test_g03_the_scheduler_may_take_its_time(servers: ServerLab, minutes: int, status: str) -> None:
    servers.remote("vm/100")
    servers.pull()
    servers.at("06:00")
    servers.pbs.scheduler.active = False
    servers.pbs.scheduler.look_again()
    servers.at("03:30")
    servers.after(minutes=minutes)
    assert servers.job("sync_pull").verdict.status.value == status


@pytest.mark.parametrize("version", ["3.4.8", "4.1.7", "4.2.3"])
def test_d20_g04_one_group_that_could_not_be_copied_is_named_with_its_text(version: str) -> None:
    with ServerLab(version=version) as servers:
        names = [f"vm/{number}" for number in range(100, 112)]
        servers.remote(*names)
        group = servers.tank.group("", "vm", "105")
        assert group is not None
        group.by_age[-1].missing = True
        servers.pull()
        servers.look()
        servers.at("06:00")
        held = servers.job("sync_pull")
        assert (held.brief, held.code) == (("on", "failed"), "sync_groups_failed")
        assert values(held.verdict)["groups"] == "vm/105"
        assert "No such file" in values(held.verdict)["said"]
        [trouble] = servers.job_view("sync_pull").troubles
        assert (trouble.group, trouble.reason.code.value) == ("vm/105", "sync_groups_failed")
        assert servers.ds1.group("", "vm", "111") is not None
        assert "run_failed" in servers.happened()


@pytest.mark.parametrize("text", ["broken pipe", "lookup failed", "token not ok"])
def test_g05_an_error_is_an_error_whatever_letters_are_in_it(servers: ServerLab, text: str) -> None:
    servers.remote("vm/100")
    job = servers.pull(schedule=None)
    servers.look()
    worker = servers.pbs.tasks.start("syncjob", job.worker_id, "root@pam", None)
    job.state = type(job.state)(kind="started", upid=worker.task.upid)
    worker.end(text)
    servers.after(minutes=5)
    held = servers.job("sync_pull")
    assert held.brief == ("on", "failed")
    assert held.verdict.error == text


def test_g06_a_run_that_a_power_cut_ended_was_interrupted_and_will_be_tried_again(servers: ServerLab) -> None:
    servers.remote(*[f"vm/{number}" for number in range(100, 120)])
    servers.pull()
    servers.look()
    servers.site.clock.set(servers.now.replace(hour=1, minute=31) + timedelta(days=1))
    servers.look()
    assert servers.job("sync_pull").verdict.status.value == "running"
    servers.pbs.power_off()
    servers.after(minutes=5)
    servers.pbs.scheduler.active = False
    servers.pbs.power_on()
    servers.after(minutes=5)
    held = servers.job("sync_pull")
    assert (held.brief, held.code) == (("on", "failed"), "pbsjob_interrupted")
    assert held.verdict.next_due is not None


def test_g07_groups_that_the_target_gives_to_somebody_else_are_named_in_a_run_that_looks_good(
    servers: ServerLab,
) -> None:
    servers.remote()
    servers.filled("ct/201", 2, 1)
    servers.filled("ct/202", 2, 1)
    servers.tank.add_group("", "ct", "201", "other@pbs")
    servers.push()
    servers.look()
    servers.at("06:00")
    held = servers.job("sync_push")
    assert (held.brief, held.code) == (("off", "warning"), "sync_not_owned")
    assert values(held.verdict) == {"groups": "ct/201", "remote": "vault"}
    assert [trouble.group for trouble in servers.job_view("sync_push").troubles] == ["ct/201"]


def test_g08_what_could_not_be_deleted_at_the_target_concerns_no_copy(servers: ServerLab) -> None:
    servers.remote()
    servers.filled("ct/201", 2, 1)
    job = servers.push(schedule=None)
    servers.look()
    worker = servers.pbs.tasks.start("syncjob", job.worker_id, "root@pam", None)
    job.state = type(job.state)(kind="started", upid=worker.task.upid)
    for day in (1, 2):
        worker.warn(f"[ct/201]: Failed to remove vanished snapshot ct/201/2026-09-0{day}T01:00:00Z from remote!")
    worker.log("Summary: sync job found no new data to push")
    worker.end("WARNINGS: 2")
    servers.after(minutes=5)
    held = servers.job("sync_push")
    assert (held.brief, held.code) == (("off", "warning"), "sync_removals_failed")
    assert servers.job_view("sync_push").troubles == ()


def test_g09_a_push_is_seen(servers: ServerLab) -> None:
    servers.remote()
    servers.push()
    servers.look()
    assert servers.job_view("sync_push").kind == "sync"


def test_g10_a_server_that_knows_no_direction_is_asked_without_it_and_only_once_with_it() -> None:
    with ServerLab(version="3.2.9") as servers:
        servers.remote("vm/100")
        servers.pull()
        servers.look()
        servers.live(hours=2)
        assert "sync_pull" in servers.watch.held.jobs
        facts = servers.watch.held.facts
        assert facts is not None
        assert (facts.troubles, facts.unread) == ({}, {})


def test_g11_without_the_right_to_see_remotes_sync_jobs_may_be_hidden_and_are_never_said_to_be_none(
    servers: ServerLab,
) -> None:
    servers.remote("vm/100")
    servers.pull()
    servers.pbs.access.revoke(servers.watch.token.id, "/remote")
    servers.look()
    assert "sync_pull" not in servers.watch.held.jobs
    assert (servers.server.brief, servers.server.code) == (("off", "warning"), "server_sync_jobs_hidden")


def test_g12_a_job_without_a_schedule_runs_by_hand_and_is_never_overdue(servers: ServerLab) -> None:
    servers.remote("vm/100")
    job = servers.pull(schedule=None)
    servers.look()
    assert servers.job("sync_pull").code == "pbsjob_manual_never_ran"
    servers.run(job)
    assert servers.live(days=2) == set()
    servers.after(days=90)
    held = servers.job("sync_pull")
    assert (held.brief, held.code) == (("off", "ok"), "pbsjob_manual")


def test_g13_a_new_job_is_pending_until_its_first_slot_has_passed(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.pull(schedule="sat 03:30")
    servers.look()
    held = servers.job("sync_pull")
    assert (held.brief, held.code) == (("off", "pending"), "pbsjob_first_run_not_due")
    servers.after(days=4)
    assert servers.job("sync_pull").verdict.status.value == "pending"
    servers.pbs.scheduler.active = False
    servers.pbs.scheduler.look_again()
    servers.after(days=1)
    assert servers.job("sync_pull").brief == ("on", "overdue")


def test_g14_the_first_copy_of_everything_may_run_for_days(servers: ServerLab) -> None:
    servers.remote("vm/100")
    job = servers.pull(schedule=None)
    servers.look()
    for _ in range(4):
        servers.run(job)
    group = servers.filled("vm/200", store=servers.tank)
    group.add(int(servers.now.timestamp()) - 60, stored=50 * 1024**2 * 3_600 * 50, size=9 * 1024**4)
    servers.ds1.total *= 100
    job.start()
    servers.after(hours=11)
    held = servers.job("sync_pull")
    assert (held.brief, held.findings) == (("off", "running"), set())
    servers.after(hours=29)
    held = servers.job("sync_pull")
    assert held.brief == ("off", "running")
    assert held.findings == {"pbsjob_runs_long"}
    servers.after(hours=20)
    assert servers.job("sync_pull").brief == ("off", "ok")


def test_g15_a_pull_for_the_wrong_owner_is_one_cause_however_many_groups_it_fails(servers: ServerLab) -> None:
    names = [f"vm/{number}" for number in range(100, 114)]
    servers.remote(*names)
    for name in names:
        servers.filled(name, 3, owner="sync@pbs!t")
    servers.pull()
    servers.look()
    servers.at("06:00")
    held = servers.job("sync_pull")
    assert (held.brief, held.code) == (("on", "failed"), "sync_wrong_owner")
    assert values(held.verdict)["runs_as"] == "root@pam"
    assert values(held.verdict)["owner"] == "sync@pbs!t"
    assert values(held.verdict)["count"] == "14"
    assert servers.watch.problems() == {"server", "pbsjob_sync_pull"}


def test_g16_a_sync_by_hand_of_the_same_datastore_mends_no_job(servers: ServerLab) -> None:
    servers.remote("vm/100")
    group = servers.tank.group("", "vm", "100")
    assert group is not None
    group.by_age[-1].missing = True
    servers.pull()
    servers.look()
    servers.at("06:00")
    assert servers.job("sync_pull").brief == ("on", "failed")
    servers.pbs.tasks.by_hand("sync", "ds1")
    servers.after(hours=4)
    assert servers.job("sync_pull").brief == ("on", "failed")


def test_g17_a_run_that_was_caught_up_after_the_server_had_been_off_is_late_and_not_missed(
    servers: ServerLab,
) -> None:
    servers.remote("vm/100")
    servers.pull()
    servers.look()
    servers.at("06:00")
    servers.at("02:00")
    servers.pbs.power_off()
    seen = servers.live(hours=4)
    servers.pbs.power_on()
    seen |= servers.live(hours=2)
    assert seen == set()
    held = servers.job("sync_pull")
    assert (held.brief, held.findings) == (("off", "ok"), {"pbsjob_ran_late"})


def test_g18_what_was_due_by_the_schedule_before_an_edit_is_not_owed(servers: ServerLab) -> None:
    servers.remote("vm/100")
    job = servers.pull(schedule="13:00")
    servers.look()
    servers.after(minutes=50)
    job.reschedule("20:00")
    assert servers.live(hours=3) == set()
    assert servers.job("sync_pull").verdict.status.value == "pending"


def test_g19_a_job_that_takes_longer_than_the_time_between_two_runs_is_told_so_and_not_overdue(
    servers: ServerLab,
) -> None:
    servers.remote("vm/100")
    group = servers.tank.group("", "vm", "100")
    assert group is not None
    servers.ds1.total *= 100
    group.add(int(servers.now.timestamp()) - 60, stored=50 * 1024**2 * 7_000, size=9 * 1024**4)
    servers.pull(schedule="hourly")
    seen = servers.live(hours=3, minutes=10)
    assert seen == set()
    held = servers.job("sync_pull")
    assert held.problem == "off"
    assert "pbsjob_longer_than_interval" in held.findings


@pytest.mark.parametrize("count", [1, 3])
def test_g20_a_renewed_certificate_of_a_remote_is_the_one_cause_of_all_failed_runs(
    servers: ServerLab, count: int
) -> None:
    servers.remote("vm/100")
    for number in range(count):
        servers.pbs.add_sync_job(f"pull{number}", "ds1", schedule="03:30", remote="vault", remote_store="tank")
    servers.look()
    servers.at("06:00")
    servers.vault.fingerprint = ":".join(["1E"] * 32)
    servers.at("06:00")
    servers.at("06:00")
    for number in range(count):
        held = servers.job(f"sync_pull{number}")
        assert (held.brief, held.code) == (("on", "failed"), "sync_remote_certificate")
        assert values(held.verdict)["host"] == "10.8.0.2"
        assert held.verdict.failures == 2


@pytest.mark.parametrize(("version", "told"), [("4.0.10", False), ("4.0.11", True), ("4.2.3", True)])
def test_g21_a_filter_with_remove_vanished_deletes_copies_whose_source_fails_a_check(version: str, told: bool) -> None:
    with ServerLab(version=version) as servers:
        servers.remote("vm/100")
        servers.pull(verified_only=True, remove_vanished=True)
        servers.look()
        servers.at("06:00")
        assert ("sync_deletes_unverified" in servers.job("sync_pull").findings) is told


@pytest.mark.parametrize("checked", ["nothing", "job", "new"])
def test_g22_only_verified_snapshots_are_copied_and_nothing_verifies_them(servers: ServerLab, checked: str) -> None:
    servers.remote()
    servers.filled("vm/100", 2, 1)
    if checked == "job":
        servers.verify()
    servers.ds1.verify_new = checked == "new"
    servers.push(verified_only=True)
    servers.look()
    servers.at("06:00")
    held = servers.job("sync_push")
    assert held.brief == ("off", "ok")
    assert ("sync_nothing_verified" in held.findings) is (checked == "nothing")
