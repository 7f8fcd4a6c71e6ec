"""The client asks a backup server over TLS, and asks no more than it has to."""

import asyncio
import json

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    PermissionDeniedError,
    UnexpectedAnswerError,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.client import LINES_OF_A_PAGE, BackupServerClient
from custom_components.proxmox_backup_checker.proxmox.backup_server.errors import DatastoreUnavailableError
from custom_components.proxmox_backup_checker.proxmox.backup_server.job_models import SyncDirection
from custom_components.proxmox_backup_checker.proxmox.backup_server.namespace import GroupId
from simulator.backup_server import BackupServers, ServedBackupServer

from .conftest import NOON, Connect


async def test_who_answers(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    assert await client.ping()
    assert (await client.version()).release == (4, 2, 3)
    assert await client.instance_id() == pbs.instance_id
    assert await client.server_id() == pbs.server_id
    time = await client.time()
    assert (time.zone, time.time) == ("Europe/Berlin", int(NOON.timestamp()))
    assert (await client.status()).fingerprint == pbs.fingerprint
    assert (await client.permissions()).has("/datastore/ds1", "Datastore.Audit")


async def test_a_server_that_is_too_old_has_no_instance_id(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.version = "4.1.9"
    assert await client.instance_id() is None


async def test_the_servers_id_is_for_auditors_of_all(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.limit_token({"/datastore": "DatastoreAudit"})
    assert await client.server_id() is None


async def test_what_lies_there(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    assert [store.store for store in await client.datastores()] == ["ds1"]
    assert [store.store for store in await client.datastore_config()] == ["ds1"]
    assert await client.namespaces("ds1") == ("", "home")
    (group,) = await client.groups("ds1", "home")
    assert (str(group.group), group.backup_count) == ("vm/100", 3)
    assert await client.groups("ds1") == ()
    snapshots = await client.snapshots("ds1", "home", GroupId("vm", "100"))
    assert [snapshot.finished for snapshot in snapshots] == [True] * 3
    assert await client.snapshots("ds1", "home", GroupId("vm", "4711")) == ()
    assert (await client.datastore_status("ds1")).usage.total == pbs.store("ds1").total
    (usage,) = await client.datastore_usage()
    assert usage.usage.used == pbs.store("ds1").used
    assert client.left_out == {}


async def test_listings_that_read_every_manifest_come_one_at_a_time(
    client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    await client.version()
    pbs.faults.delays["/snapshots"] = 0.05
    pbs.traffic.most_in_flight = 0
    await asyncio.gather(*(client.snapshots("ds1", "home") for _ in range(4)))
    assert pbs.traffic.most_in_flight == 1


async def test_sync_jobs_of_both_directions_are_asked_for_with_one_request(
    client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    pbs.add_remote("vault", None)
    pbs.add_sync_job("push", "ds1", direction="push", remote="vault", remote_store="tank")
    pbs.add_sync_job("pull", "ds1", remote="vault", remote_store="tank")
    jobs = await client.sync_jobs()
    assert [job.direction for job in jobs] == [SyncDirection.PULL, SyncDirection.PUSH]
    assert [request.query for request in pbs.requests] == [{"sync-direction": "all"}]
    assert [remote.name for remote in await client.remotes()] == ["vault"]


async def test_a_server_that_knows_no_direction_is_asked_again_without_it_once(
    client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    pbs.version = "3.2.9"
    pbs.add_datastore("ds2")
    pbs.add_sync_job("pull", "ds1", remote_store="ds2")
    for _ in range(3):
        assert [job.job_id for job in await client.sync_jobs()] == ["pull"]
    assert [request.status for request in pbs.requests] == [400, 200, 200, 200]


async def test_another_refusal_of_the_sync_jobs_is_an_error(
    client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    pbs.faults.errors["/admin/sync"] = (400, "unable to parse sync.cfg")
    with pytest.raises(ApiError, match="unable to parse sync.cfg"):
        await client.sync_jobs()
    assert len(pbs.requests) == 1


async def test_before_3_2_each_datastore_is_asked_for_its_garbage_collection(
    client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    pbs.add_datastore("cold").enter_maintenance("offline")
    pbs.add_datastore("usb", removable=True).unplug()
    assert [row.store for row in await client.garbage_collections()] == ["ds1"]
    pbs.version = "3.1.5"
    (row,) = await client.garbage_collections()
    assert (row.store, row.schedule, row.status.next_run) == ("ds1", None, None)


async def test_prune_and_verify_jobs(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.add_prune_job("p", "ds1", "daily", {"keep-last": 3})
    pbs.add_verify_job("v", "ds1", schedule="sun 04:00")
    assert [job.keep.last for job in await client.prune_jobs()] == [3]
    assert [job.schedule for job in await client.verify_jobs()] == ["sun 04:00"]


async def test_a_quiet_server_is_asked_for_one_page_of_tasks(
    client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    for number in range(120):
        pbs.tasks.by_hand("backup", f"ds1:vm/{number}")
    first = await client.tasks_since((), most_pages=10)
    assert (len(first.tasks), first.complete) == (120, True)
    pbs.traffic.clear()
    again = await client.tasks_since({task.upid.text for task in first.tasks})
    assert again.complete
    assert len(pbs.requests) == 1


async def test_a_long_task_that_ends_late_is_not_lost(
    site: BackupServers, client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    """It began before anything that is known, and thousands of others have ended since."""
    long = pbs.tasks.start("verificationjob", "ds1:v", "root@pam", None)
    site.clock.advance(hours=1)
    pbs.tasks.by_hand("backup", "ds1:vm/1")
    known = {task.upid.text for task in (await client.tasks_since(())).tasks if not task.running}
    site.clock.advance(days=2)
    for number in range(120):
        pbs.tasks.by_hand("backup", f"ds1:vm/{number}")
        if number == 30:
            long.end("OK")
    found = await client.tasks_since(known)
    assert long.task.upid in {task.upid.text for task in found.tasks if not task.running}
    assert found.complete
    assert len(pbs.requests) == 1 + 3


async def test_a_running_task_that_is_known_does_not_end_the_search(
    client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    running = pbs.tasks.start("backup", "ds1:vm/9", "root@pam", None)
    for number in range(60):
        pbs.tasks.by_hand("backup", f"ds1:vm/{number}")
    found = await client.tasks_since({running.task.upid})
    assert len(found.tasks) == 61


async def test_the_first_look_goes_back_no_further_than_asked(
    site: BackupServers, client: BackupServerClient, pbs: ServedBackupServer
) -> None:
    for number in range(30):
        pbs.tasks.by_hand("backup", f"ds1:vm/{number}")
        site.clock.advance(days=1)
    begin = int(site.clock.time()) - 10 * 86_400
    found = await client.tasks_since((), ended_after=begin, page=5)
    assert found.complete
    assert 20 <= len(found.tasks) < 25  # one backup and one garbage collection a day
    cut = await client.tasks_since((), page=5, most_pages=2)
    assert (len(cut.tasks), cut.complete) == (10, False)


async def test_a_log_comes_in_pages(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    task = pbs.tasks.by_hand("syncjob", "-:a:ds1::x")
    task.lines[:] = [f"line {number}" for number in range(2 * LINES_OF_A_PAGE + 5)]
    pages = [page async for page in client.task_log_pages(task.upid)]
    assert [len(page) for page in pages] == [LINES_OF_A_PAGE, LINES_OF_A_PAGE, 5]
    assert pages[2][-1] == task.lines[-1]


async def test_a_log_that_is_gone_is_none(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    task = pbs.tasks.by_hand("prunejob", "ds1")
    task.log_gone = True
    assert await client.task_log(task.upid) is None
    assert [page async for page in client.task_log_pages(task.upid)] == []
    pbs.faults.errors["/log"] = (400, "unable to open file - Permission denied")
    with pytest.raises(ApiError, match="Permission denied"):
        await client.task_log(task.upid)


async def test_a_datastore_that_cannot_be_read_is_named(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.store("ds1").enter_maintenance("offline", "disk swap")
    with pytest.raises(DatastoreUnavailableError, match="disk swap") as caught:
        await client.groups("ds1")
    assert caught.value.store == "ds1"


async def test_a_missing_right_is_named(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.limit_token({"/system/tasks": "Audit"})
    with pytest.raises(PermissionDeniedError) as caught:
        await client.groups("ds1", "home")
    assert caught.value.path == "/datastore/ds1/home"
    assert await client.datastores() == ()
    assert (await client.permissions()).by_path


async def test_a_wrong_secret_is_offered_once_however_much_is_asked(
    connect: Connect, site: BackupServers, pbs: ServedBackupServer
) -> None:
    client = connect(secret="wrong")
    results = await asyncio.gather(*(client.version() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, AuthenticationError) for result in results)
    assert len(pbs.requests) == 1
    assert await client.ping()
    site.clock.advance(minutes=4)
    with pytest.raises(AuthenticationError, match="authentication failed"):
        await client.version()
    assert [request.path for request in pbs.requests] == ["/version", "/ping"]
    site.clock.advance(minutes=2)
    with pytest.raises(AuthenticationError):
        await client.version()
    assert len(pbs.requests) == 3


async def test_a_token_never_stands_in_an_error(connect: Connect) -> None:
    with pytest.raises(AuthenticationError) as caught:
        await connect(secret="s3cret-of-mine").version()
    assert "s3cret-of-mine" not in str(caught.value)


async def test_a_secret_with_odd_characters_reaches_the_server_as_it_is(
    connect: Connect, pbs: ServedBackupServer
) -> None:
    pbs.token.secret = "50%:a/b+c"
    assert await connect().version()


async def test_another_certificate_is_refused_before_the_token_is_sent(
    connect: Connect, pbs: ServedBackupServer
) -> None:
    with pytest.raises(CertificateChangedError) as caught:
        await connect(fingerprint=":".join(["AB"] * 32)).version()
    assert caught.value.fingerprint == pbs.fingerprint
    assert not pbs.requests


async def test_a_renewed_certificate_is_not_the_pinned_one(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    await client.version()
    new = pbs.replace_certificate()
    with pytest.raises(CertificateChangedError) as caught:
        await client.version()
    assert caught.value.fingerprint == new


async def test_a_server_that_is_off_cannot_be_reached(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.power_off()
    with pytest.raises(CannotConnectError):
        await client.ping()
    pbs.power_on()
    assert await client.ping()


async def test_null_where_a_list_belongs_is_no_empty_list(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.faults.broken["/admin/datastore"] = json.dumps({"data": None})
    with pytest.raises(UnexpectedAnswerError, match="expected a list"):
        await client.datastores()


async def test_odd_rows_are_left_out_and_noted(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    row = {"backup-type": "vm", "backup-id": "1", "last-backup": 1, "backup-count": 1, "files": []}
    pbs.faults.broken["/groups"] = json.dumps({"data": [row, {"backup-type": "tv"}]})
    assert len(await client.groups("ds1", "home")) == 1
    assert "ds1 home groups" in client.left_out
    pbs.faults.broken.clear()
    await client.groups("ds1", "home")
    assert client.left_out == {}


async def test_half_characters_do_not_get_through(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.faults.broken["/admin/datastore"] = '{"data": [{"store": "ds1", "comment": "a\\ud800b"}]}'
    assert [store.comment for store in await client.datastores()] == ["a\ufffdb"]


async def test_an_answer_without_end_is_given_up(client: BackupServerClient, pbs: ServedBackupServer) -> None:
    pbs.faults.broken["/version"] = " " * (33 * 1024 * 1024)
    with pytest.raises(UnexpectedAnswerError, match="larger than 32 MiB"):
        await client.version()
