"""A whole poll over what Proxmox's own code answered, as it is (tests/data/recorded)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness
from custom_components.proxmox_backup_checker.checker.model.records import NodeRecord
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.errors import CannotConnectError
from custom_components.proxmox_backup_checker.sources.pve.cluster_reader import ClusterReader
from custom_components.proxmox_backup_checker.sources.source import Reading
from tests.recorded_host import LOGS, RecordedHost, recorded, serve

ASKED = datetime.fromtimestamp(1796393289, UTC)


async def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


async def poll(host: RecordedHost, folder: Path, known: Sequence[NodeRecord] = ()) -> Reading:
    """Read a host once, by somebody who has known these nodes."""
    async with serve(host, folder), aiohttp.ClientSession() as session:
        client = ProxmoxClient(
            session,
            host.host,
            host.port,
            token_id="checker@pve!audit",
            token_secret="00000000-0000-0000-0000-000000000000",
            fingerprint=host.fingerprint,
        )
        reader = ClusterReader(client, {}, zone)
        reader.restore_nodes(known)
        return await reader.read(ASKED, {})


async def test_a_poll_finds_guests_jobs_runs_and_archives(tmp_path: Path, real_network: None) -> None:
    host = RecordedHost()
    facts = (await poll(host, tmp_path)).facts
    not_recorded = ("included_volumes", "tasks?source=all", "/config", "/network", "/replication")
    assert [path for path in host.missing if not any(part in path for part in not_recorded)] == []
    assert [guest.vmid for guest in facts.guests] == [100, 101, 102, 103]
    assert [job.job_id for job in facts.jobs or ()] == ["backup-all", "backup-off", "backup-two"]
    node = facts.nodes["pve1"]
    assert (node.blindness, str(node.zone), node.skew.total_seconds()) == (None, "Europe/Berlin", 0)
    read = {run.task.upid: run.log for run in facts.runs}
    assert all(read[upid] is not None for upid in LOGS if upid in read)
    listed = {storage.storage: storage.listing for storage in facts.storages}
    assert {name: listing and len(listing.archives) for name, listing in listed.items()} == {"local": 4, "nas": 8}


async def test_a_poll_without_rights_sees_nothing_and_says_so(tmp_path: Path, real_network: None) -> None:
    reading = await poll(RecordedHost("noacl"), tmp_path)
    assert reading.facts.jobs is None
    assert {node.blindness for node in reading.facts.nodes.values()} == {Blindness.TASKS_HIDDEN}
    assert (reading.facts.guests, reading.facts.storages, reading.facts.guests_visible) == ((), (), False)
    assert reading.troubles.keys() == {"cluster status", "backup jobs"}


async def test_without_pmxcfs_the_host_is_out_of_reach(tmp_path: Path, real_network: None) -> None:
    host = RecordedHost()
    host.play(recorded("daemons-down.json")["pmxcfs down"])
    with pytest.raises(CannotConnectError, match="RPCEnvironment init request failed"):
        await poll(host, tmp_path)


async def test_without_pvedaemon_the_host_is_read_as_far_as_it_goes(tmp_path: Path, real_network: None) -> None:
    host = RecordedHost()
    host.play(recorded("daemons-down.json")["pvedaemon down"])
    reading = await poll(host, tmp_path)
    facts = reading.facts
    assert (list(facts.nodes), facts.nodes["pve1"].blindness, facts.quorum_known) == (["pve1"], None, False)
    assert [guest.vmid for guest in facts.guests] == [100, 101, 102, 103]
    assert facts.jobs_unseen is None
    assert {"cluster status", "storage nas", "storages of pve1"} <= reading.troubles.keys()
    [nas] = [storage for storage in facts.storages if storage.storage == "nas"]
    assert nas.listing is None
    assert nas.active_on == {"pve1"}


async def test_a_node_that_starts_without_corosync_is_not_alone(tmp_path: Path, real_network: None) -> None:
    _, alone = recorded("no-quorum.json").values()
    host = RecordedHost()
    host.play(alone)
    known = [NodeRecord(name="pve1", contacted=True), NodeRecord(name="pve2", address="127.0.0.9")]
    facts = (await poll(host, tmp_path, known)).facts
    assert {name: node.online for name, node in facts.nodes.items()} == {"pve1": True, "pve2": False}
    assert (facts.cluster.quorate, facts.quorum_known, facts.guests_complete) == (False, False, False)


async def test_a_storage_whose_disk_is_not_mounted_is_not_there_though_the_cluster_says_so(
    tmp_path: Path, real_network: None
) -> None:
    host = RecordedHost()
    host.play(recorded("storage-not-mounted.json")["some seconds after"])
    storages = {storage.storage: storage for storage in (await poll(host, tmp_path)).facts.storages}
    assert (storages["nas"].active_on, storages["nas"].total, storages["nas"].listing) == (frozenset(), None, None)
    local = storages["local"]
    assert local.active_on == {"pve1"}
    assert local.total is not None
    assert local.used is not None
    assert local.available is not None
    assert local.total - local.used - local.available > 100 * 1024**3


async def test_what_vzdump_does_by_default_is_read(tmp_path: Path, real_network: None) -> None:
    facts = (await poll(RecordedHost(), tmp_path)).facts
    assert (facts.default_storage, facts.defaults_keep) == ({"pve1": "local"}, {})
