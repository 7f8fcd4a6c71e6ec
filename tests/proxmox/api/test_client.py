"""The client against a virtual cluster, and against fakepve, which others wrote."""

import asyncio
from typing import Any

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    AuthenticationError,
    NodeUnreachableError,
    PermissionDeniedError,
)
from custom_components.proxmox_backup_checker.proxmox.api.tls import fetch_fingerprint
from simulator import AUDIT, SimulatedCluster
from simulator.outcomes import failed, running


async def test_the_version_can_be_compared(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    assert (await client.version()).release == (9, 2)
    pve.version = "7.4-20"
    assert (await client.version()).release == (7, 4)


async def test_members_and_quorum_are_told(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    pve.node("pve3").go_offline()
    status = await client.cluster_status()
    assert (status.name, status.title, status.quorate) == ("small", "small", True)
    assert [(node.name, node.online, node.local) for node in status.nodes] == [
        ("pve1", True, True),
        ("pve2", True, False),
        ("pve3", False, False),
    ]
    pve.node("pve2").go_offline()
    assert not (await client.cluster_status()).quorate


async def test_the_nodes_show_the_certificates_to_pin(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    assert {node.name: node.fingerprint for node in await client.nodes()} == pve.fingerprints


async def test_every_node_tells_the_same_identity(
    session: aiohttp.ClientSession, client: ProxmoxClient, pve: SimulatedCluster
) -> None:
    identity = await client.cluster_identity(await client.cluster_status())
    host, port = pve.address("pve2")
    other = ProxmoxClient(
        session,
        host,
        port,
        token_id=pve.token_id,
        token_secret=pve.token_secret,
        fingerprint=pve.fingerprints["pve2"],
    )
    assert await other.cluster_identity(await other.cluster_status()) == identity
    assert len(identity) == 36


async def test_guests_and_storages_are_listed(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    pve.guest(103).lock = "backup"
    pve.guest(102).tags = "prod;db"
    resources = await client.resources()
    assert [(guest.vmid, guest.guest_type, guest.node, guest.name) for guest in resources.guests] == [
        (101, "qemu", "pve1", "web"),
        (102, "qemu", "pve2", "database"),
        (103, "lxc", "pve1", "dns"),
        (104, "lxc", "pve2", "files"),
    ]
    assert resources.guests[1].tags == ("db", "prod")
    assert resources.guests[2].lock == "backup"
    assert {(storage.storage, storage.node) for storage in resources.storages} == {
        (storage, node) for storage in ("local", "nas") for node in ("pve1", "pve2", "pve3")
    }


async def test_jobs_are_read_with_what_they_select(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    pve.add_job("pool", "sun 03:00", "local", pool="prod", enabled=False)
    pve.add_job("rest", "*/15", "local", all=1, exclude="104,101", node="pve2")
    nightly, pool, rest = await client.backup_jobs()
    assert (nightly.job_id, nightly.enabled, nightly.vmids, nightly.comment, nightly.storage) == (
        "backup-nightly",
        True,
        (101, 102, 103, 104),
        "nightly",
        "nas",
    )
    assert (pool.enabled, pool.pool, pool.vmids, pool.all_guests) == (False, "prod", (), False)
    assert (rest.all_guests, rest.exclude, rest.node, rest.schedule) == (True, (101, 104), "pve2", "*/15")


async def test_the_volumes_of_a_job_are_told(client: ProxmoxClient) -> None:
    guests = await client.included_volumes("backup-nightly")
    assert [guest.vmid for guest in guests] == [101, 102, 103, 104]
    assert [(volume.key, volume.included) for volume in guests[0].volumes] == [("scsi0", True)]


async def test_a_node_tells_its_time_zone(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    time = await client.node_time("pve1")
    assert (time.zone, time.time) == ("Europe/Berlin", int(pve.clock.time()))


async def test_runs_are_listed_with_how_they_ended(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    pve.job("nightly").run(outcomes={101: failed("no space left on device")})
    pve.clock.advance(hours=1)
    pve.job("nightly").start(outcomes={101: running()})
    pve.clock.advance(minutes=1)
    pve.node("pve1").other_task("qmstart", "101")
    now, before = await client.vzdump_tasks("pve1")
    assert (now.running, now.status, now.ended) == (True, None, None)
    assert (before.running, before.status) == (False, "job errors")
    assert before.ended is not None
    assert now.started > before.ended
    assert (before.user, before.token, before.task_type) == ("root@pam", None, "vzdump")
    assert [task.upid for task in await client.vzdump_tasks("pve1", since=before.ended + 1)] == [now.upid]


async def test_a_run_by_a_token_names_it(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    pve.backup_by_hand([101], "nas", by="root@pam!script")
    [task] = await client.vzdump_tasks("pve1")
    assert (task.user, task.token, task.task_id) == ("root@pam", "script", "101")


async def test_a_log_is_returned_whole(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    pve1, _ = pve.job("nightly").run()
    log = await client.task_log("pve1", pve1.upid)
    assert log == pve1.log.removesuffix("\n")
    assert log.count("\n") > 20
    assert await client.task_log("pve1", pve1.upid, 2) == log.split("\n", 2)[2]


@pytest.mark.parametrize("version", ["7.4-20", "8.4.1", "9.2.11"])
async def test_a_log_that_proxmox_no_longer_has_is_none_in_every_version(
    client: ProxmoxClient, pve: SimulatedCluster, version: str
) -> None:
    pve.version = version
    run = pve.job("nightly").run()[0]
    pve.node("pve1").forget_task_log(run.upid)
    assert await client.task_log("pve1", run.upid) is None


@pytest.mark.parametrize("shape", ['{"n": 1, "t": "%s"}', '[{"n": 1, "t": "%s"}]'], ids=["object", "list"])
@pytest.mark.parametrize(
    ("text", "log"), [("unable to open file - No such file or directory", None), ("no content", "")]
)
async def test_both_shapes_of_a_missing_log_are_known(
    client: ProxmoxClient, pve: SimulatedCluster, shape: str, text: str, log: str | None
) -> None:
    pve.faults.broken["/log"] = f'{{"data": {shape % text}, "total": 1}}'
    assert await client.task_log("pve1", "UPID:pve1:1:1:1:vzdump::root@pam:") == log


async def test_archives_are_counted_by_a_dry_run_where_the_content_hides_them(
    client: ProxmoxClient, pve: SimulatedCluster
) -> None:
    pve.job("nightly").run()
    assert await client.archives_by_content("pve1", "nas") == ()
    archives = await client.archives_by_prune("pve1", "nas")
    assert sorted(archive.vmid or 0 for archive in archives) == [101, 102, 103, 104]
    pve.limit_token({"/": AUDIT, "/storage": "Datastore.Allocate Datastore.Audit"})
    shown = await client.archives_by_content("pve1", "nas")
    assert {archive.volid for archive in shown} == {archive.volid for archive in archives}
    assert all(archive.size for archive in shown)


async def test_storages_and_defaults_are_read(client: ProxmoxClient) -> None:
    local, nas = await client.node_storages("pve1")
    assert (local.storage, nas.storage, nas.active, nas.shared) == ("local", "nas", True, True)
    assert nas.total
    assert {storage.storage: storage.prune_backups for storage in await client.storage_config()} == {
        "local": None,
        "nas": "keep-daily=7,keep-weekly=4",
    }
    assert (await client.vzdump_defaults("pve1", "nas")).prune_backups == "keep-daily=7,keep-weekly=4"


async def test_every_method_that_names_a_node_tells_that_it_is_down(
    client: ProxmoxClient, pve: SimulatedCluster
) -> None:
    pve.node("pve2").go_offline()
    for asking in (
        client.node_time("pve2"),
        client.vzdump_tasks("pve2"),
        client.node_storages("pve2"),
        client.task_log("pve2", "UPID:pve2:1:1:1:vzdump::root@pam:"),
        client.archives_by_prune("pve2", "nas"),
        client.vzdump_defaults("pve2"),
        client.certificates("pve2"),
    ):
        with pytest.raises(NodeUnreachableError, match="pve2"):
            await asking


async def test_names_cannot_leave_their_place_in_the_path(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    with pytest.raises(Exception, match=r"."):
        await client.node_time("../../access/permissions?x=")
    assert pve.requests[-1].path == "/nodes/../../access/permissions?x=/time"


async def test_reading_is_all_that_is_ever_asked_for(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    await asyncio.gather(client.resources(), client.backup_jobs(), client.vzdump_tasks("pve1"))
    assert {request.method for request in pve.requests} == {"GET"}


@pytest.fixture
async def other(real_network: None, fakepve: Any, session: aiohttp.ClientSession) -> ProxmoxClient:
    """A client of a Proxmox of other people's making, its certificate pinned at first sight."""
    fakepve.apitokens["ha@pve!ha"] = "s3cret"
    fakepve.grant("ha@pve!ha", "/", *AUDIT.split())
    fakepve.add_node("pve2")
    fakepve.add_vm(100, "web", status="running")
    fakepve.add_vm(101, "db", node="pve2")
    host, port = fakepve.url.removeprefix("https://").split(":")
    return ProxmoxClient(
        session,
        host,
        int(port),
        token_id="ha@pve!ha",
        token_secret="s3cret",
        fingerprint=await fetch_fingerprint(host, int(port)),
    )


async def test_another_proxmox_is_read_the_same(other: ProxmoxClient) -> None:
    assert (await other.version()).release == (9, 0)
    assert (await other.permissions()).has("/nodes/pve1", "Sys.Audit")
    status = await other.cluster_status()
    assert (status.name, [node.name for node in status.nodes]) == ("fakecluster", ["pve1", "pve2"])
    guests = (await other.resources()).guests
    assert [(guest.vmid, guest.name, guest.node, guest.status) for guest in guests] == [
        (100, "web", "pve1", "running"),
        (101, "db", "pve2", "stopped"),
    ]
    assert await other.vzdump_tasks("pve1") == ()


async def test_another_proxmox_refuses_a_wrong_token(other: ProxmoxClient, fakepve: Any) -> None:
    fakepve.apitokens["ha@pve!ha"] = "changed"
    with pytest.raises(AuthenticationError):
        await other.version()


async def test_another_proxmox_hides_tasks_from_a_token_without_rights(other: ProxmoxClient, fakepve: Any) -> None:
    fakepve.acl = {}
    assert not (await other.permissions()).has("/nodes/pve1", "Sys.Audit")
    with pytest.raises(PermissionDeniedError) as caught:
        await other.node_time("pve1")
    assert caught.value.privileges == ("Sys.Audit",)
    assert (await other.resources()).guests == ()
