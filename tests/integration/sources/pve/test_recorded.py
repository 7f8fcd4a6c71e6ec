"""A whole poll over what Proxmox's own code answered, as it is (tests/data/recorded)."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from custom_components.proxmox_backup_checker.checker.model.facts import Blindness
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.sources.pve.cluster_reader import FactsReader, Reading
from tests.recorded_host import LOGS, RecordedHost, serve

ASKED = datetime.fromtimestamp(1796393289, UTC)


async def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


async def poll(host: RecordedHost, folder: Path) -> Reading:
    """Read a host once."""
    async with serve(host, folder), aiohttp.ClientSession() as session:
        client = ProxmoxClient(
            session,
            host.host,
            host.port,
            token_id="checker@pve!audit",
            token_secret="00000000-0000-0000-0000-000000000000",
            fingerprint=host.fingerprint,
        )
        return await FactsReader(client, {}, zone).read(ASKED)


async def test_a_poll_finds_guests_jobs_runs_and_archives(tmp_path: Path, real_network: None) -> None:
    host = RecordedHost()
    facts = (await poll(host, tmp_path)).facts
    assert all("included_volumes" in path for path in host.missing), "two jobs were recorded without their guests"
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
