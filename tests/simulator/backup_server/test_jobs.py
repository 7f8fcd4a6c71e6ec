"""Jobs of the virtual backup server run when they are due, and do what real ones do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from simulator.backup_server import BackupServers, Group, ServedBackupServer
from simulator.backup_server.jobs import Job, SyncJob

from .ask import ask
from .conftest import NOON

DAY = 86_400


async def row_of(session: aiohttp.ClientSession, pbs: ServedBackupServer, path: str, job: Job) -> dict[str, Any]:
    """Return what the API says of a job."""
    answer = await ask(session, pbs, path, **({"sync_direction": "all"} if path == "/admin/sync" else {}))
    return next(row for row in answer.data if row.get("id", row["store"]) == job.id)


def home(server: ServedBackupServer, vmid: str = "100", store: str = "ds1", ns: str = "home") -> Group:
    """Return a group of a virtual machine."""
    group = server.store(store).group(ns, "vm", vmid)
    assert group is not None
    return group


def push(pbs: ServedBackupServer, **options: Any) -> SyncJob:
    """Add a job that pushes what is in `home`."""
    return pbs.add_sync_job(
        "push", "ds1", direction="push", remote="vault", remote_store="tank", ns="home", remote_ns="home", **options
    )


def run(site: BackupServers, job: Job, **longer: float) -> str:
    """Run a job by hand, and return how it ended."""
    task = job.start()
    site.clock.advance(**(longer or {"hours": 1}))
    assert task.state is not None
    return task.state


def log_of(job: Job) -> str:
    """Return the log of the last run."""
    task = job.server.tasks.find(job.load().upid or "")
    assert task is not None
    return "\n".join(line.split(": ", 1)[1] for line in task.lines)


async def test_a_job_starts_at_the_first_full_minute_of_its_slot_by_the_clock_of_the_server(
    site: BackupServers, pbs: ServedBackupServer
) -> None:
    job = pbs.add_prune_job("p", "ds1", "03:30", {"keep-last": 2})
    site.clock.advance(hours=15)
    assert job.load().kind == "created"
    site.clock.advance(hours=1)
    task = pbs.tasks.find(job.load().upid or "")
    assert task is not None
    assert datetime.fromtimestamp(task.starttime, UTC) == datetime(2026, 9, 15, 1, 30, tzinfo=UTC)


async def test_what_was_due_while_the_server_was_off_is_caught_up_once(
    site: BackupServers, pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    job = pbs.add_verify_job("v", "ds1", schedule="03:30")
    pbs.power_off()
    site.clock.advance(days=3)
    assert job.load().kind == "created"
    pbs.power_on()
    row = await row_of(session, pbs, "/admin/verify", job)
    assert row["next-run"] < site.clock.time()
    site.clock.advance(minutes=10)
    site.clock.advance(hours=1)
    assert [task.worker_type for task in pbs.tasks.archive].count("verificationjob") == 1
    assert (await row_of(session, pbs, "/admin/verify", job))["next-run"] > site.clock.time()


@pytest.mark.parametrize("kind", ["prune", "verify", "gc"])
async def test_in_maintenance_jobs_are_left_out_in_silence_and_stay_overdue_until_it_ends(
    site: BackupServers, pbs: ServedBackupServer, session: aiohttp.ClientSession, kind: str
) -> None:
    job: Job = pbs.job("ds1")
    if kind == "prune":
        job = pbs.add_prune_job("p", "ds1", "daily", {"keep-last": 1})
    elif kind == "verify":
        job = pbs.add_verify_job("v", "ds1", schedule="daily")
    pbs.store("ds1").enter_maintenance("read-only")
    site.clock.advance(days=2)
    assert not pbs.tasks.archive
    if kind != "gc":  # whose next run counts from now as long as it never succeeded
        row = await row_of(session, pbs, f"/admin/{kind}", job)
        assert row["next-run"] < site.clock.time() - DAY
    pbs.store("ds1").leave_maintenance()
    site.clock.advance(minutes=10)
    assert job.worker_type in {task.worker_type for task in pbs.tasks.archive}


async def test_a_sync_starts_in_maintenance_and_fails(site: BackupServers, pbs: ServedBackupServer) -> None:
    pbs.add_datastore("ds2")
    job = pbs.add_sync_job("s", "ds1", schedule="hourly", remote_store="ds2")
    pbs.store("ds1").enter_maintenance("offline", "disk swap")
    site.clock.advance(hours=1, minutes=5)
    assert job.load().state == "datastore 'ds1' is unavailable: offline maintenance mode: disk swap"


async def test_the_scheduler_counts_from_the_start_so_that_a_long_run_is_followed_at_once(
    site: BackupServers, pbs: ServedBackupServer
) -> None:
    home(pbs).add(int(NOON.timestamp()), size=1_500 * 1024**3)
    job = pbs.add_verify_job("v", "ds1", schedule="hourly", ignore_verified=False)
    site.clock.set(NOON + timedelta(hours=3, minutes=15))
    (first,) = pbs.tasks.archive
    assert first.endtime is not None
    assert first.endtime - first.starttime > 2 * 3_600
    second = pbs.tasks.find(job.load().upid or "")
    assert second is not None
    assert second.starttime - first.endtime <= 60


async def test_a_run_that_was_killed_ends_as_unknown(
    site: BackupServers, pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    job = pbs.add_verify_job("v", "ds1", schedule="daily")
    task = job.start()
    site.clock.advance(seconds=5)
    assert (await row_of(session, pbs, "/admin/verify", job)).get("last-run-state") is None
    pbs.power_off()
    pbs.power_on()
    row = await row_of(session, pbs, "/admin/verify", job)
    assert (row["last-run-state"], row["last-run-upid"]) == ("unknown", task.upid)


async def test_a_changed_schedule_counts_from_the_change(site: BackupServers, pbs: ServedBackupServer) -> None:
    job = pbs.add_verify_job("v", "ds1", schedule="daily")
    site.clock.advance(days=1)
    runs = len(pbs.tasks.archive)
    job.reschedule("11:00")
    site.clock.advance(minutes=30)
    assert len(pbs.tasks.archive) == runs
    assert pbs.tasks.find(job.load().upid or "") is not None


async def test_before_4_2_3_a_prune_without_rules_never_starts(site: BackupServers, pbs: ServedBackupServer) -> None:
    pbs.version = "4.2.2"
    job = pbs.add_prune_job("p", "ds1", "daily")
    site.clock.advance(days=2)
    assert job.load().kind == "created"
    pbs.version = "4.2.3"
    pbs.scheduler.look_again()
    site.clock.advance(minutes=5)
    assert job.load().state == "WARNINGS: 1"
    assert len(home(pbs).snapshots) == 3


async def test_a_prune_keeps_what_is_protected_and_the_newest_even_if_it_is_unfinished(
    site: BackupServers, pbs: ServedBackupServer
) -> None:
    group = home(pbs)
    oldest, older, _ = group.by_age
    oldest.archive.protected = True
    newest = group.add(int(NOON.timestamp()) - 60, finished=False)
    group.add(older.time + 60, finished=False)
    run(site, pbs.add_prune_job("p", "ds1", "daily", {"keep-last": 1}))
    assert [snapshot.time for snapshot in group.by_age] == [oldest.time, NOON.timestamp() - DAY, newest.time]


async def test_garbage_waits_for_a_day(site: BackupServers, pbs: ServedBackupServer) -> None:
    store, group = pbs.store("ds1"), home(pbs)
    used = store.used
    group.remove(group.by_age[0])
    gc = pbs.job("ds1")
    assert run(site, gc, minutes=5) == "OK"
    assert (store.used, store.garbage.removed_bytes) == (used, 0)
    assert store.garbage.pending_bytes > 0
    site.clock.advance(days=1, minutes=10)
    assert run(site, gc, minutes=5) == "OK"
    assert store.used < used


async def test_after_a_failure_the_answer_on_garbage_collection_mixes_two_runs(
    site: BackupServers, pbs: ServedBackupServer, session: aiohttp.ClientSession
) -> None:
    gc = pbs.job("ds1")
    failed = await row_of(session, pbs, "/admin/gc", gc)
    assert (failed["upid"], failed.get("last-run-state")) == (None, None)
    run(site, gc, minutes=5)
    good = gc.load().upid
    pbs.store("ds1").enter_maintenance("read-only", "x")
    run(site, gc, minutes=5)
    row = await row_of(session, pbs, "/admin/gc", gc)
    assert row["upid"] == good
    assert row["last-run-state"] == "datastore 'ds1' is unavailable: read-only maintenance mode: x"
    assert row["duration"] > 60


async def test_a_check_finds_what_is_corrupt_and_what_is_unfinished(
    site: BackupServers, pbs: ServedBackupServer
) -> None:
    group = home(pbs)
    group.by_age[1].corrupt = True
    half = group.add(int(NOON.timestamp()) - 60, finished=False)
    job = pbs.add_verify_job("v", "ds1")
    assert run(site, job) == "verification failed - please check the log for details"
    assert [snapshot.archive.verification for snapshot in group.by_age] == ["ok", "failed", "ok", None]
    assert f"\tns/home/{half.name}" in log_of(job)
    run(site, job)
    assert log_of(job).count("SKIPPED") == 6 + 1


async def test_a_push_copies_in_the_name_of_the_remote_user(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    job = push(pbs)
    assert run(site, job) == "OK"
    copied = home(vault, store="tank")
    assert [snapshot.time for snapshot in copied.by_age] == [snapshot.time for snapshot in home(pbs).by_age]
    assert copied.owner == "sync@pbs!home"
    assert {task.worker_type for task in vault.tasks.archive} == {"backup"}
    run(site, job)
    assert "found no new data to push" in log_of(job)


async def test_a_group_of_somebody_else_is_left_out_of_a_push_with_a_warning(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    vault.store("tank").add_group("home", "vm", "101", "root@pam")
    assert run(site, push(pbs)) == "WARNINGS: 1"
    assert home(vault, "101", "tank").snapshots == []
    assert len(home(vault, "100", "tank").snapshots) == 3


async def test_a_group_of_somebody_else_fails_a_pull_and_the_others_are_copied(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    vault.add_remote("pbs", pbs, "reader@pbs")
    pbs.access.grant("/datastore", "DatastoreReader", "reader@pbs")
    vault.store("tank").add_group("", "vm", "101", "other@pbs")
    job = vault.add_sync_job("pull", "tank", remote="pbs", remote_store="ds1", remote_ns="home")
    assert run(site, job) == "sync failed with some errors."
    assert "[vm/101]: sync group vm/101 failed - owner check failed (root@pam != other@pbs)" in log_of(job)
    assert len(home(vault, "100", "tank", "").snapshots) == 3


async def test_a_check_comes_along_with_a_pull(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    run(site, pbs.add_verify_job("v", "ds1"))
    vault.add_remote("pbs", pbs, "reader@pbs")
    pbs.access.grant("/datastore", "DatastoreReader", "reader@pbs")
    run(site, vault.add_sync_job("pull", "tank", remote="pbs", remote_store="ds1", remote_ns="home"))
    copied = home(vault, "100", "tank", "").by_age[-1].archive
    assert copied.verification == "ok"
    assert (copied.verified_by or "").startswith("UPID:pbs:")


async def test_nothing_is_ever_copied_where_only_verified_snapshots_are_and_nothing_verifies(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    assert run(site, push(pbs, verified_only=True)) == "OK"
    assert home(vault, "100", "tank").snapshots == []


async def test_a_filter_leaves_groups_out_without_a_word(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    job = push(pbs, group_filter=("exclude:group:vm/101",))
    assert run(site, job) == "OK"
    assert vault.store("tank").group("home", "vm", "101") is None
    assert "vm/101" not in log_of(job)


async def test_a_hole_in_the_middle_is_never_filled(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    job = push(pbs)
    run(site, job)
    copied = home(vault, "100", "tank")
    copied.remove(copied.by_age[1])
    run(site, job)
    assert len(copied.snapshots) == 2


async def test_what_vanished_at_the_source_vanishes_at_the_target(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    job = push(pbs, remove_vanished=True)
    run(site, job)
    home(pbs).remove(home(pbs).by_age[0])
    pbs.store("ds1").remove_group(home(pbs, "101"))
    run(site, job)
    assert len(home(vault, "100", "tank").snapshots) == 2
    assert vault.store("tank").group("home", "vm", "101") is None


async def test_a_remote_that_is_off_or_has_another_certificate_fails_the_whole_sync(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    job = push(pbs)
    vault.power_off()
    assert run(site, job).startswith("error trying to connect: tcp connect error")
    vault.power_on()
    vault.replace_certificate()
    assert run(site, job).endswith("certificate verify failed")


async def test_a_disk_that_is_plugged_in_is_filled_and_taken_out(site: BackupServers, pbs: ServedBackupServer) -> None:
    usb = pbs.add_datastore("usb", removable=True)
    usb.unplug()
    job = pbs.add_sync_job("fill", "usb", remote_store="ds1", run_on_mount=True, unmount_on_done=True)
    usb.plug()
    site.clock.advance(hours=1)
    assert job.load().state == "OK"
    assert not usb.mounted
    assert len(usb.groups) == 3


async def test_before_the_labels_a_log_names_each_snapshot(
    site: BackupServers, pbs: ServedBackupServer, vault: ServedBackupServer
) -> None:
    vault.version = "3.4.8"
    vault.add_remote("pbs", pbs, "reader@pbs")
    pbs.access.grant("/datastore", "DatastoreReader", "reader@pbs")
    job = vault.add_sync_job("pull", "tank", remote="pbs", remote_store="ds1", remote_ns="home")
    run(site, job)
    assert f"sync snapshot {home(pbs).by_age[0].name} done" in log_of(job)
    assert "[vm/" not in log_of(job)


async def test_a_client_backs_up_and_is_refused_without_a_task(site: BackupServers, pbs: ServedBackupServer) -> None:
    task = pbs.backup("ds1", "host/laptop", owner="anna@pbs!laptop")
    assert task is not None
    site.clock.advance(seconds=10)
    group = pbs.store("ds1").group("", "host", "laptop")
    assert group is not None
    assert [snapshot.finished for snapshot in group.snapshots] == [False]
    site.clock.advance(minutes=2)
    assert (task.state, [snapshot.finished for snapshot in group.snapshots]) == ("OK", [True])
    before = len(pbs.tasks.listed())
    assert pbs.backup("ds1", "host/laptop", owner="other@pbs") is None
    pbs.store("ds1").enter_maintenance("read-only")
    assert pbs.backup("ds1", "host/laptop", owner="anna@pbs!laptop") is None
    assert len(pbs.tasks.listed()) == before


async def test_a_new_backup_is_checked_where_the_datastore_wants_so(
    site: BackupServers, pbs: ServedBackupServer
) -> None:
    pbs.store("ds1").verify_new = True
    pbs.backup("ds1", "host/laptop")
    site.clock.advance(hours=1)
    assert [task.worker_type for task in pbs.tasks.archive] == ["backup", "verify"]
    group = pbs.store("ds1").group("", "host", "laptop")
    assert group is not None
    assert group.snapshots[0].archive.verification == "ok"


async def test_a_running_backup_leaves_an_unfinished_snapshot_when_the_server_dies(
    site: BackupServers, pbs: ServedBackupServer
) -> None:
    pbs.backup("ds1", "host/laptop")
    site.clock.advance(seconds=10)
    pbs.power_off()
    pbs.power_on()
    site.clock.advance(hours=1)
    group = pbs.store("ds1").group("", "host", "laptop")
    assert group is not None
    assert [snapshot.finished for snapshot in group.snapshots] == [False]
    assert not any(task.running for task in pbs.tasks.listed())
