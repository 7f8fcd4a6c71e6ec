"""The client reads what Proxmox's own code answered, as it is, over real TLS (tests/data/recorded)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    CannotConnectError,
    NodeUnreachableError,
    PermissionDeniedError,
)
from tests.recorded_host import LOGS, RecordedHost, recorded, serve

type Opener = Callable[[RecordedHost], AbstractAsyncContextManager[ProxmoxClient]]
type Ask = Callable[[ProxmoxClient], Awaitable[Any]]


@pytest.fixture
def opened(session: aiohttp.ClientSession, tmp_path: Path) -> Opener:
    """Return what gives a client of a recorded host."""

    @asynccontextmanager
    async def client_of(host: RecordedHost) -> AsyncIterator[ProxmoxClient]:
        async with serve(host, tmp_path):
            yield ProxmoxClient(
                session,
                host.host,
                host.port,
                token_id="checker@pve!audit",
                token_secret="00000000-0000-0000-0000-000000000000",
                fingerprint=host.fingerprint,
            )
            assert host.missing == []

    return client_of


async def test_a_single_host_is_read(opened: Opener) -> None:
    async with opened(RecordedHost()) as client:
        assert (await client.version()).release == (9, 2)
        status = await client.cluster_status()
        assert (status.name, status.title, status.quorate) == (None, "pve1", True)
        [node] = status.nodes
        assert (node.name, node.online, node.local, node.address) == ("pve1", True, True, "192.168.1.11")
        [listed] = await client.nodes()
        assert str(listed.fingerprint)[:8] == "ED:6D:7B"
        assert await client.cluster_identity(status) == "75793761-cd88-403e-b009-affb96a98da3"
        clock = await client.node_time("pve1")
        assert (clock.zone, clock.time) == ("Europe/Berlin", 1796393289)


async def test_guests_and_storages_are_read(opened: Opener) -> None:
    async with opened(RecordedHost()) as client:
        resources = await client.resources()
    assert [(guest.vmid, guest.guest_type, guest.name, guest.status, guest.template) for guest in resources.guests] == [
        (100, "qemu", "nas-vm", "running", False),
        (101, "lxc", "web", "stopped", False),
        (102, "lxc", "mail", "stopped", False),
        (103, "qemu", "win", "running", False),
    ]
    assert [(storage.storage, storage.available, storage.shared, storage.used) for storage in resources.storages] == [
        ("local", True, False, 30424084480),
        ("nas", True, False, 13093888),
    ]
    assert (resources.uptimes, resources.odd) == ({"pve1": 15423}, {})


async def test_jobs_and_what_they_include_are_read(opened: Opener) -> None:
    async with opened(RecordedHost()) as client:
        jobs = await client.backup_jobs()
        included = await client.included_volumes("backup-all")
    assert [(job.job_id, job.enabled, job.schedule, job.storage, job.vmids, job.all_guests) for job in jobs] == [
        ("backup-all", True, "02:00", "nas", (), True),
        ("backup-off", False, "sat 03:00", "local", (103,), False),
        ("backup-two", True, "12:00", "local", (101, 102), False),
    ]
    assert [job.repeat_missed for job in jobs] == [False, False, True]
    assert [(guest.vmid, [volume.key for volume in guest.volumes]) for guest in included] == [
        (100, ["scsi0"]),
        (101, ["rootfs"]),
        (102, ["rootfs"]),
        (103, ["scsi0"]),
    ]


async def test_jobs_of_cron_and_of_a_missing_pool_are_read(opened: Opener) -> None:
    host = RecordedHost()
    host.play(recorded("pool-missing-and-legacy-job.json"))
    async with opened(host) as client:
        jobs = {job.job_id: job for job in await client.backup_jobs()}
        with pytest.raises(ApiError, match="pool 'spare' does not exist"):
            await client.included_volumes("backup-pool")
    legacy = jobs["ca21e910562e3438b2362f0cfc11ee32b60b333e:1"]
    assert (legacy.legacy, legacy.enabled, legacy.schedule, legacy.vmids) == (True, True, "sat 05:00", (102,))
    assert (legacy.storage, legacy.next_run) == ("local", None)
    assert (jobs["backup-pool"].pool, jobs["backup-pool"].legacy) == ("spare", False)


async def test_runs_and_their_logs_are_read(opened: Opener) -> None:
    async with opened(RecordedHost()) as client:
        tasks = await client.vzdump_tasks("pve1")
        assert len(tasks) == len({task.upid for task in tasks}) == 29
        assert not any(task.running for task in tasks)
        for task in tasks:
            log = await client.task_log("pve1", task.upid)
            if task.upid in LOGS:
                assert (log or "").splitlines() == LOGS[task.upid]["log"], task.upid
                assert (task.status, task.ended) == (LOGS[task.upid]["status"], LOGS[task.upid]["endtime"])
    [by_token, *_] = [task for task in tasks if task.token]
    assert (by_token.user, by_token.token, by_token.task_id) == ("root@pam", "full", "100")


async def test_archives_are_read_with_each_right(opened: Opener) -> None:
    async with opened(RecordedHost()) as client:
        assert await client.archives_by_content("pve1", "nas") == ()
        listed = await client.archives_by_prune("pve1", "nas")
        assert [archive.vmid for archive in listed] == [103, 103, 100, 101, 102, 100, 101, 102]
        assert [archive.ctime for archive in listed] == sorted(archive.ctime for archive in listed)
        assert len(await client.archives_by_prune("pve1", "local")) == 4
    async with opened(RecordedHost("sizes")) as client:
        sized = await client.archives_by_content("pve1", "nas")
    assert [(archive.volid, archive.ctime) for archive in sized] == [(entry.volid, entry.ctime) for entry in listed]
    assert all(archive.size and archive.finished for archive in sized)
    assert {archive.notes for archive in sized} == {"nas-vm", "web", "mail", "win"}


async def test_storages_and_defaults_are_read(opened: Opener) -> None:
    async with opened(RecordedHost()) as client:
        [local, nas] = await client.storage_config()
        defaults = await client.vzdump_defaults("pve1", "nas")
        states = {storage.storage: storage for storage in await client.node_storages("pve1")}
    assert (local.prune_backups, nas.prune_backups, nas.disabled) == ("keep-all=1", "keep-last=5", False)
    assert set(local.content) == {"backup", "images", "iso", "rootdir", "vztmpl"}
    assert (defaults.storage, defaults.prune_backups, defaults.remove) == ("nas", "keep-last=5", True)
    assert (states["local"].active, states["local"].available) == (True, 78520201216)


async def test_a_storage_that_is_not_mounted_is_inactive_and_says_why(opened: Opener) -> None:
    at_once, later = recorded("storage-not-mounted.json").values()
    host = RecordedHost()
    host.play(at_once)
    async with opened(host) as client:
        states = {storage.storage: storage for storage in await client.node_storages("pve1")}
        assert (states["nas"].active, states["nas"].total, states["nas"].available) == (False, None, None)
        for ask in (client.archives_by_content, client.archives_by_prune):
            with pytest.raises(ApiError, match="directory is expected to be a mount point but is not mounted"):
                await ask("pve1", "nas")
    resources = {row["id"]: row for row in later[0]["body"]["data"]}
    assert resources["storage/pve1/nas"]["status"] == "unknown"


ASKED: dict[str, Ask] = {
    "version": lambda client: client.version(),
    "permissions": lambda client: client.permissions(),
    "status": lambda client: client.cluster_status(),
    "nodes": lambda client: client.nodes(),
    "resources": lambda client: client.resources(),
    "jobs": lambda client: client.backup_jobs(),
    "included": lambda client: client.included_volumes("backup-all"),
    "time": lambda client: client.node_time("pve1"),
    "storages": lambda client: client.node_storages("pve1"),
    "config": lambda client: client.storage_config(),
    "archives": lambda client: client.archives_by_prune("pve1", "nas"),
}
OF_A_NODE = {"time", "storages", "archives"}


@pytest.mark.parametrize("asked", sorted(ASKED.keys() - {"included", "archives"}))
async def test_without_pmxcfs_nothing_is_taken_for_a_lost_right_or_an_empty_list(opened: Opener, asked: str) -> None:
    host = RecordedHost()
    host.play(recorded("daemons-down.json")["pmxcfs down"])
    async with opened(host) as client:
        with pytest.raises(CannotConnectError if asked not in OF_A_NODE else NodeUnreachableError) as raised:
            await ASKED[asked](client)
    assert "Unable to load access control list: Connection refused" in str(raised.value)


@pytest.mark.parametrize("asked", ["status", "included", "storages", "archives"])
async def test_without_pvedaemon_nothing_is_taken_for_a_lost_right_or_an_empty_list(opened: Opener, asked: str) -> None:
    host = RecordedHost()
    host.play(recorded("daemons-down.json")["pvedaemon down"])
    async with opened(host) as client:
        with pytest.raises(
            CannotConnectError if asked not in OF_A_NODE else NodeUnreachableError, match="Connection refused"
        ):
            await ASKED[asked](client)


async def test_a_cluster_without_quorum_is_read(opened: Opener) -> None:
    alone, _ = recorded("no-quorum.json").values()
    host = RecordedHost()
    host.play(alone)
    async with opened(host) as client:
        status = await client.cluster_status()
        nodes = {node.name: node for node in await client.nodes()}
        resources = await client.resources()
        with pytest.raises(NodeUnreachableError):
            await client.node_time("pve2")
    assert (status.name, status.quorate) == ("home", False)
    assert [(node.name, node.online, node.address) for node in status.nodes] == [
        ("pve1", True, "192.168.1.11"),
        ("pve2", False, None),
    ]
    assert (nodes["pve2"].fingerprint, nodes["pve2"].odd) == (None, None)
    assert {(storage.storage, storage.node, storage.available) for storage in resources.storages} == {
        (name, node, node == "pve1") for name in ("local", "nas") for node in ("pve1", "pve2")
    }


@pytest.mark.parametrize("asked", ["status", "jobs", "included", "time", "archives"])
async def test_a_token_without_rights_is_told_which_it_lacks(opened: Opener, asked: str) -> None:
    async with opened(RecordedHost("noacl")) as client:
        with pytest.raises(PermissionDeniedError) as raised:
            await ASKED[asked](client)
    path = {"time": "/nodes/pve1", "archives": "/storage/nas"}.get(asked, "/")
    assert raised.value.path == path
    assert set(raised.value.privileges) <= {"Sys.Audit", "Datastore.Audit", "Datastore.AllocateSpace"}


async def test_a_token_without_rights_gets_empty_lists_and_nothing_breaks(opened: Opener) -> None:
    async with opened(RecordedHost("noacl")) as client:
        assert (await client.permissions()).by_path == {}
        resources = await client.resources()
        assert (resources.guests, resources.storages, resources.uptimes, resources.odd) == ((), (), {}, {})
        assert await client.vzdump_tasks("pve1") == ()
        assert [node.name for node in await client.nodes()] == ["pve1"]


@pytest.mark.parametrize("rights", ["wrong", "unknown", "malformed", "no"])
async def test_a_token_that_is_none_is_refused(opened: Opener, rights: str) -> None:
    async with opened(RecordedHost(rights)) as client:
        with pytest.raises(AuthenticationError):
            await client.version()


async def test_what_is_not_there_is_an_error_with_its_words(opened: Opener) -> None:
    async with opened(RecordedHost()) as client:
        with pytest.raises(ApiError, match="No such job 'none'"):
            await client.included_volumes("none")
        with pytest.raises(ApiError, match="storage 'none' does not exist"):
            await client.archives_by_content("pve1", "none")
        with pytest.raises(ApiError, match="storage 'none' does not exist"):
            await client.vzdump_defaults("pve1", "none")
        with pytest.raises(ApiError, match="hostname lookup 'none' failed"):
            await client.node_time("none")
        assert await client.task_log("pve1", "UPID:pve1:0000AAAA:0000BBBB:6B08D610:vzdump::root@pam:") is None
