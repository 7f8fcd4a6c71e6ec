"""Rows G30 and G33 to G55: whether what lies on a backup server is checked, pruned, and cleaned up."""

from datetime import timedelta
from typing import Any

import pytest

from simulator.backup_server.content import Group

from .server_lab import DAY, ServerLab, codes, values


def host(servers: ServerLab, *days: float, **options: Any) -> Group:
    """Add a client that backs up every night."""
    return servers.filled("host/nas", *(days or range(1, 9)), **options)


def guest(servers: ServerLab, *days: float, **options: Any) -> Group:
    """Add a guest, whose backups a linked cluster judges."""
    servers.link("ds1", "", 100)
    return servers.filled("vm/100", *(days or range(1, 9)), **options)


def axis(servers: ServerLab, name: str = "host/nas") -> str:
    """Return what is held of the checks of a group."""
    found = servers.group_view(name).verification
    assert found is not None
    return found.reason.code.value


def test_g30_a_check_that_came_with_a_copy_is_the_sources_and_not_ours(servers: ServerLab) -> None:
    servers.remote("host/nas")
    for snapshot in servers.tank.groups["", "host", "nas"].snapshots:
        snapshot.archive.verification = "ok"
        snapshot.archive.verified_by = servers.vault.tasks.by_hand("verify", "tank").upid
    servers.pull()
    servers.look()
    servers.at("06:00")
    view = servers.group_view("host/nas")
    assert axis(servers) == "check_at_source_only"
    assert view.verified is None


def test_g33_a_newest_backup_that_fails_its_check_is_no_backup_and_the_last_good_one_is_named(
    servers: ServerLab,
) -> None:
    group = host(servers)
    job = servers.verify(schedule=None)
    servers.look()
    group.by_age[-1].corrupt = True
    servers.run(job, hours=6)
    held = servers.group("host/nas")
    assert (held.brief, held.code) == (("on", "failed"), "group_newest_corrupt")
    good = held.verdict.reason.values["good"]
    assert not isinstance(good, str)
    assert int(good.timestamp()) == group.by_age[-2].time
    job_held = servers.job("verify_check")
    assert (job_held.brief, job_held.code) == (("on", "failed"), "verify_newest_corrupt")
    assert values(job_held.verdict)["groups"] == "host/nas"


def test_g33_without_any_good_one_none_is_named(servers: ServerLab) -> None:
    group = host(servers, 1)
    job = servers.verify(schedule=None)
    group.by_age[-1].corrupt = True
    servers.look()
    servers.run(job, hours=6)
    assert servers.group("host/nas").code == "group_all_corrupt"


def test_g34_an_older_snapshot_that_fails_is_a_warning_of_the_datastore_and_its_check_no_failure(
    servers: ServerLab,
) -> None:
    group = host(servers)
    servers.verify(schedule="13:00")
    group.by_age[2].corrupt = True
    servers.look()
    servers.after(hours=4)
    assert (servers.group("host/nas").brief, servers.group("host/nas").code) == (
        ("off", "warning"),
        "group_older_corrupt",
    )
    held = servers.job("verify_check")
    assert (held.brief, held.code) == (("off", "warning"), "verify_older_corrupt")
    assert (servers.store().brief, servers.store().code) == (("off", "warning"), "datastore_snapshots_bad")
    assert values(servers.store().verdict) == {"count": "1", "groups": "host/nas"}


def test_g35_without_any_check_that_is_good_to_know_and_no_problem(servers: ServerLab) -> None:
    host(servers)
    servers.prune(keep={"keep-daily": 10})
    servers.look()
    assert servers.store().brief == ("off", "ok")
    assert "datastore_not_verified" in servers.store().findings
    assert axis(servers) == "check_not_set_up"


@pytest.mark.parametrize(("limit", "told"), [(35, True), (60, False), (0, False)])
def test_g36_what_was_checked_too_long_ago_is_told(servers: ServerLab, limit: int, told: bool) -> None:
    group = host(servers, *range(1, 60, 2))
    servers.verify(schedule="sun 05:00")
    upid = servers.pbs.tasks.by_hand("verify", "ds1").upid
    checked = group.by_age[2]
    checked.archive.verification, checked.archive.verified_by = "ok", upid
    servers.decide(verify_limit=timedelta(days=limit) or None)
    servers.look()
    assert ("datastore_verification_old" in servers.store().findings) is told
    assert (axis(servers) == "check_old") is told


def test_g37_checked_once_and_never_again_is_good_and_a_hint(servers: ServerLab) -> None:
    group = host(servers, 300)
    servers.verify(schedule="sun 05:00")
    snapshot = group.by_age[0]
    snapshot.archive.verification = "ok"
    snapshot.archive.verified_by = servers.pbs.tasks.by_hand("verify", "ds1").upid
    servers.look()
    assert axis(servers) == "check_ok"
    assert "datastore_verified_once" in servers.store().findings
    assert servers.group_view("host/nas").verified is not None


def test_g38_an_unfinished_snapshot_that_counts_as_failed_damages_nobody(servers: ServerLab) -> None:
    group = host(servers)
    group.add(int(servers.now.timestamp()) - 3_600, finished=False)
    job = servers.verify(schedule=None)
    servers.look()
    servers.run(job, hours=4)
    held = servers.job("verify_check")
    assert (held.brief, held.code) == (("off", "warning"), "verify_unfinished")
    assert servers.group("host/nas").problem == "off"


def test_g39_what_is_due_waits_while_its_datastore_is_in_maintenance_and_is_overdue_once_it_is_back(
    servers: ServerLab,
) -> None:
    guest(servers)
    servers.verify(schedule="06:00")
    servers.look()
    servers.ds1.enter_maintenance("read-only", "disk swap")
    assert servers.live(days=1) == set()
    held = servers.job("verify_check")
    assert (held.brief, held.code) == (("off", "paused"), "pbsjob_store_in_maintenance")
    servers.pbs.scheduler.active = False
    servers.ds1.leave_maintenance()
    servers.after(minutes=15)
    assert servers.job("verify_check").problem == "off"
    servers.after(minutes=20)
    assert servers.job("verify_check").brief == ("on", "overdue")


def test_g40_a_snapshot_that_fails_a_later_check_is_read_again_at_once(servers: ServerLab) -> None:
    group = host(servers)
    job = servers.verify(schedule=None, ignore_verified=False)
    servers.look()
    servers.run(job, hours=4)
    assert servers.job("verify_check").brief == ("off", "ok")
    group.by_age[-1].corrupt = True
    job.start()
    servers.live(hours=1)
    assert servers.group("host/nas").code == "group_newest_corrupt"


def test_g41_a_check_that_was_aborted_failed_and_changes_no_snapshot(servers: ServerLab) -> None:
    host(servers)
    job = servers.verify(schedule=None)
    servers.look()
    servers.run(job, hours=25)
    worker = servers.pbs.tasks.start("verificationjob", job.worker_id, "root@pam", None)
    job.state = type(job.state)(kind="started", upid=worker.task.upid)
    worker.log("verify datastore ds1")
    worker.end("verification failed - job aborted")
    servers.after(minutes=6)
    held = servers.job("verify_check")
    assert (held.brief, held.code) == (("on", "failed"), "verify_aborted")
    assert axis(servers) == "check_ok"


def test_g42_a_check_needs_no_key(servers: ServerLab) -> None:
    host(servers, *range(1, 9), encrypted="AB:CD")
    job = servers.verify(schedule=None)
    servers.look()
    servers.run(job, hours=25)
    assert axis(servers) == "check_ok"
    assert servers.group_view("host/nas").encrypted is True


@pytest.mark.parametrize("who", ["nobody", "job", "client", "other namespace"])
def test_g43_what_nobody_prunes_grows_for_ever(servers: ServerLab, who: str) -> None:
    servers.filled("vm/100", *range(1, 30), ns="home")
    if who == "job":
        servers.prune(keep={"keep-daily": 40})
    elif who == "other namespace":
        servers.ds1.add_namespace("lab")
        servers.prune(keep={"keep-daily": 40}, ns="lab")
    elif who == "client":
        servers.pbs.tasks.by_hand("prune", "ds1:home:vm/100", "backup@pbs")
    servers.look()
    told = "datastore_nothing_prunes" in servers.store().findings
    assert told is (who in {"nobody", "other namespace"})
    assert servers.store().problem == "off"


@pytest.mark.parametrize(("depth", "covered"), [(None, True), (0, False)])
def test_g44_a_job_on_the_root_reaches_all_below_unless_its_depth_is_limited(
    servers: ServerLab, depth: int | None, covered: bool
) -> None:
    group = servers.filled("vm/100", *range(1, 30), ns="home")
    job = servers.prune(keep={"keep-daily": 5}, max_depth=depth)
    servers.look()
    servers.run(job)
    servers.after(days=1)
    assert len(group.snapshots) == (5 if covered else 29)
    assert ("datastore_nothing_prunes" in servers.store().findings) is not covered
    assert servers.job("prune_tidy").brief == ("off", "ok")
    assert "restore_points_vanished" not in servers.happened()


def test_g45_a_job_that_is_switched_off_is_paused_and_after_a_week_a_warning_of_its_datastore(
    servers: ServerLab,
) -> None:
    host(servers)
    job = servers.prune(keep={"keep-daily": 40})
    servers.look()
    job.disable()
    servers.after(hours=1)
    held = servers.job("prune_tidy")
    assert (held.brief, held.code) == (("off", "paused"), "pbsjob_disabled")
    assert servers.job_view("prune_tidy").next_run is None
    assert "datastore_prune_disabled" not in servers.store().findings
    servers.after(days=8)
    assert servers.store().code == "datastore_prune_disabled"
    assert servers.store().brief == ("off", "warning")


@pytest.mark.parametrize("version", ["4.2.2", "4.2.3"])
def test_g46_a_prune_without_any_rule_keeps_everything_and_is_never_overdue(version: str) -> None:
    with ServerLab(version=version) as servers:
        guest(servers)
        servers.prune(keep={})
        servers.look()
        assert servers.live(days=2) == set()
        held = servers.job("prune_tidy")
        assert (held.brief, held.code) == (("off", "warning"), "prune_keeps_everything")


def test_g47_a_snapshot_that_cannot_be_removed_is_a_warning_and_after_three_nights_a_problem(
    servers: ServerLab,
) -> None:
    group = host(servers)
    group.by_age[0].undeletable = True
    servers.prune(keep={"keep-last": 5})
    servers.look()
    servers.at("06:00")
    held = servers.job("prune_tidy")
    assert (held.brief, held.code) == (("off", "warning"), "prune_removal_failed")
    servers.at("06:00")
    assert servers.job("prune_tidy").brief == ("off", "warning")
    servers.at("06:00")
    assert servers.job("prune_tidy").brief == ("on", "warning")
    [trouble] = servers.job_view("prune_tidy").troubles
    assert trouble.group == "host/nas"


def test_g48_a_prune_that_leaves_more_than_its_rules_keep_is_told_after_two_runs(servers: ServerLab) -> None:
    guest(servers)
    job = servers.prune("*-12-01 02:00", keep={"keep-last": 5})
    servers.look()
    for night in range(3):
        worker = servers.pbs.tasks.start("prunejob", job.worker_id, "root@pam", None)
        job.state = type(job.state)(kind="started", upid=worker.task.upid)
        worker.log("prune job 'tidy'")
        worker.end("OK")
        job.state = type(job.state)(kind="finished", upid=worker.task.upid, state="OK", endtime=int(servers.pbs.now))
        servers.after(hours=24)
        told = "prune_leaves_too_many" in servers.job("prune_tidy").findings
        assert told is (night >= 1)


def test_g48_rules_that_were_changed_meanwhile_count_from_then_on(servers: ServerLab) -> None:
    guest(servers)
    job = servers.prune(keep={"keep-last": 8})
    servers.look()
    servers.live(days=3)
    job.keep = {"keep-last": 2}
    servers.after(hours=2)
    assert servers.job("prune_tidy").findings == set()


def test_g48_what_a_sync_has_brought_since_was_not_left_by_a_prune(servers: ServerLab) -> None:
    servers.remote("vm/100")
    servers.link("ds1", "", 100)
    servers.prune("13:00", keep={"keep-last": 2})
    servers.pull("14:00")
    for _ in range(4):
        servers.live(days=1)
        servers.tank.groups["", "vm", "100"].add(int(servers.now.timestamp()) - 8 * DAY // 4)
        assert servers.job("prune_tidy").findings == set()


@pytest.mark.parametrize(("days", "told"), [(60, True), (3, False)])
def test_g49_a_datastore_that_never_freed_space_is_told(servers: ServerLab, days: int, told: bool) -> None:
    store = servers.pbs.add_datastore("ds2")
    servers.filled("host/nas", days, 1, store=store)
    servers.look()
    held = servers.store("ds2")
    assert ("datastore_never_collected" in held.findings) is told
    assert "gc_ds2" not in servers.watch.held.jobs


def test_g50_a_collection_that_always_failed_is_failed_though_its_answer_says_it_never_ran(
    servers: ServerLab,
) -> None:
    store = servers.pbs.add_datastore("ds2")
    servers.filled("host/nas", 60, 1, store=store)
    for _ in range(3):
        servers.pbs.tasks.by_hand("garbage_collection", "ds2", state="unable to get exclusive lock - EIO")
        servers.site.clock.advance(hours=24)
    servers.look()
    held = servers.job("gc_ds2")
    assert (held.brief, held.code) == (("on", "failed"), "pbsjob_failed")
    assert held.verdict.failures == 3
    assert "datastore_never_collected" not in servers.store("ds2").findings


def test_g51_the_duration_of_a_failed_collection_is_its_own(servers: ServerLab) -> None:
    guest(servers)
    servers.look()
    servers.at("06:00")
    good = servers.job_view("gc_ds1").last_ended
    assert servers.job("gc_ds1").brief == ("off", "ok")
    job = servers.pbs.job("ds1")
    servers.after(days=3, hours=1)
    worker = servers.pbs.tasks.start("garbage_collection", "ds1", "root@pam", None)
    job.state = type(job.state)(kind="started", upid=worker.task.upid)
    servers.after(minutes=1)
    worker.end("EIO: I/O error")
    job.state = type(job.state)(
        kind="finished", upid=worker.task.upid, state="EIO: I/O error", endtime=int(servers.pbs.now)
    )
    servers.after(minutes=6)
    view = servers.job_view("gc_ds1")
    assert view.verdict.problem
    assert view.duration == timedelta(minutes=1)
    assert good is not None
    assert view.verdict.last_success is not None
    assert view.verdict.last_success >= good


def test_g52_a_collection_that_is_due_waits_for_the_end_of_the_maintenance(servers: ServerLab) -> None:
    guest(servers)
    servers.look()
    servers.at("06:00")
    servers.ds1.enter_maintenance("read-only")
    assert servers.live(days=1) == set()
    held = servers.job("gc_ds1")
    assert (held.brief, held.code) == (("off", "paused"), "pbsjob_store_in_maintenance")


@pytest.mark.parametrize(("limit", "told"), [(7, True), (30, False), (0, False)])
def test_g53_a_datastore_without_a_schedule_whose_last_collection_is_old_frees_no_space(
    servers: ServerLab, limit: int, told: bool
) -> None:
    store = servers.pbs.add_datastore("ds2")
    servers.filled("host/nas", 60, 1, store=store)
    servers.decide(gc_limit=timedelta(days=limit) or None)
    servers.look()
    servers.run(servers.pbs.job("ds2"))
    servers.after(days=6)
    assert "datastore_not_collected" not in servers.store("ds2").findings
    servers.after(days=2)
    assert ("datastore_not_collected" in servers.store("ds2").findings) is told


def test_g54_what_will_be_freed_is_said_where_it_matters(servers: ServerLab) -> None:
    group = host(servers)
    servers.ds1.other = int(0.92 * servers.ds1.total)
    servers.look()
    for snapshot in group.by_age[:3]:
        group.remove(snapshot)
    servers.run(servers.pbs.job("ds1"))
    servers.after(hours=2)
    held = servers.store()
    assert (held.brief, held.code) == (("off", "warning"), "datastore_filling")
    assert "datastore_pending" in held.findings


def test_g55_damaged_chunks_are_told(servers: ServerLab) -> None:
    group = host(servers)
    group.by_age[1].corrupt = True
    group.by_age[1].archive.verification = "failed"
    servers.look()
    servers.run(servers.pbs.job("ds1"))
    servers.after(hours=2)
    held = servers.store()
    assert (held.brief, held.code) == (("off", "warning"), "datastore_corrupt_chunks")
    assert codes(held.verdict.findings) >= {"datastore_corrupt_chunks"}
