"""What vzdump writes to a storage of type `pbs` lies on the virtual backup server, and both see the same."""

import pytest

from simulator import SimulatedCluster, running
from simulator.backup_server import ServedBackupServer
from simulator.storages import Storage

from ..client import Client


@pytest.fixture
async def server(pve: SimulatedCluster) -> ServedBackupServer:
    """A backup server beside the cluster."""
    made = pve.add_backup_server()
    await made.open()
    made.add_datastore("ds1")
    return made


@pytest.fixture
def storage(pve: SimulatedCluster, server: ServedBackupServer) -> Storage:
    """A storage of the cluster that stands for its datastore."""
    return pve.connect_storage("pbs", server.store("ds1"), namespace="home")


def times(server: ServedBackupServer, kind: str, vmid: str) -> list[int]:
    """Return the snapshots of a guest on the server."""
    group = server.store("ds1").group("home", "vm" if kind == "vm" else "ct", vmid)
    return [snapshot.time for snapshot in group.by_age] if group else []


async def test_a_backup_appears_on_both_sides(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    pve.backup_by_hand([101, 103], "pbs")
    assert [archive.vmid for archive in storage.archives] == [103, 101]
    assert times(server, "vm", "101") == [storage.archive(101)[0].ctime]
    assert len(times(server, "ct", "103")) == 1
    assert [(task.worker_type, task.state) for task in server.tasks.archive] == [("backup", "OK"), ("backup", "OK")]
    assert server.tasks.archive[0].worker_id == "ds1:vm/101"
    assert '"ns/home/vm/101/' in server.tasks.archive[0].lines[0]
    assert server.tasks.archive[0].auth_id == "backup@pbs"


async def test_a_running_backup_is_unfinished_on_both_sides(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    pve.job("nightly").change(storage="pbs")
    run = pve.job("nightly").start({101: running()})[0]
    pve.clock.advance(minutes=1)
    assert [archive.unfinished for archive in storage.archive(101)] == [True]
    assert [task.running for task in server.tasks.listed() if task.worker_id == "ds1:vm/101"] == [True]
    run.interrupt()
    assert times(server, "vm", "101") == []
    states = {task.state for task in server.tasks.archive if task.worker_id == "ds1:vm/101"}
    assert states == {"backup ended but finished state is not set."}


async def test_a_node_that_loses_its_power_is_given_up_by_the_server(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    del storage
    pve.job("nightly").change(storage="pbs")
    pve.job("nightly").start({101: running()})
    pve.clock.advance(minutes=1)
    pve.node("pve1").go_offline()
    pve.clock.advance(minutes=2)
    assert times(server, "vm", "101") == []


async def test_a_prune_of_vzdump_leaves_a_task_of_the_storages_user(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    pve.job("nightly").change(storage="pbs", prune_backups={"keep-last": "1"})
    for _ in range(2):
        pve.job("nightly").run()
    assert len(storage.archive(101)) == 1
    prune = next(task for task in server.tasks.archive if task.worker_type == "prune")
    assert (prune.auth_id, prune.worker_id) == ("backup@pbs", "ds1:home:vm/101")


async def test_what_the_server_removes_or_checks_the_cluster_sees(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    pve.limit_token({"/": "PVEAuditor VM.Backup Datastore.AllocateSpace Datastore.Allocate"})
    for _ in range(2):
        pve.backup_by_hand([101], "pbs")
    server.add_verify_job("v", "ds1").start()
    pve.clock.advance(hours=1)
    async with Client(pve) as client:
        listed = await client.data("/nodes/pve1/storage/pbs/content", content="backup")
        assert [row["verification"]["state"] for row in listed] == ["ok", "ok"]
        assert listed[0]["verification"]["upid"].startswith("UPID:pbs:")
        group = server.store("ds1").group("home", "vm", "101")
        assert group is not None
        group.remove(group.by_age[0])
        assert len(await client.data("/nodes/pve1/storage/pbs/content", content="backup")) == 1
        identity = await client.data("/nodes/pve1/storage/pbs/identity")
        assert identity == {"type": "pbs", "id": server.instance_id}
    assert len(storage.archives) == 1


async def test_a_clients_backup_is_not_listed_by_the_cluster(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    server.backup("ds1", "host/nas", ns="home")
    pve.clock.advance(hours=1)
    assert len(server.store("ds1").groups_in("home")) == 1
    assert storage.archives == []


async def test_two_storages_may_stand_for_the_same_place(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    other = pve.connect_storage("again", server.store("ds1"), namespace="home")
    pve.backup_by_hand([101], "pbs")
    assert other.archives == storage.archives


async def test_a_backup_into_a_group_of_somebody_else_fails_without_a_task_on_the_server(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    server.store("ds1").add_group("home", "vm", "101", "root@pam")
    run = pve.backup_by_hand([101], "pbs")[0]
    assert "backup owner check failed (backup@pbs != root@pam)" in run.log
    assert run.status == "job errors"
    assert server.tasks.listed() == []
    assert storage.archives == []


async def test_a_datastore_in_maintenance_takes_no_backup(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    server.store("ds1").enter_maintenance("read-only", "disk swap")
    runs = pve.backup_by_hand([101, 103], "pbs")
    assert all(run.status == "job errors" for run in runs)
    assert storage.archives == []


async def test_a_server_that_is_off_cannot_be_activated(
    pve: SimulatedCluster, server: ServedBackupServer, storage: Storage
) -> None:
    server.power_off()
    assert not storage.active_on("pve1")
    run = pve.backup_by_hand([101], "pbs")[0]
    assert "could not activate storage 'pbs': pbs: error fetching datastores" in (run.status or "")
