"""The scenarios of the demo are believable."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path
import signal
import sys

import pytest

from simulator import SimulatedCluster
from simulator.scenarios import SCENARIOS
from simulator.storages import Archive

from .client import Client, some_ports
from .test_logs import strange_lines

ROOT = Path(__file__).parents[2]
MOMENTS = [
    datetime(2026, 11, 24, 1, 22, tzinfo=UTC),
    datetime(2026, 7, 5, 3, 59, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 12, 40, tzinfo=UTC),
]


def prepare(name: str, directory: Path, now: datetime | None = None) -> SimulatedCluster:
    """Build a scenario without addresses."""
    return SimulatedCluster.prepare(name, directory, now=now, version="9.2.11")


def newest(cluster: SimulatedCluster, vmid: int) -> Archive | None:
    """Return the newest finished archive of a guest."""
    found = [
        archive for storage in cluster.storages.values() for archive in storage.archive(vmid) if not archive.unfinished
    ]
    return max(found, key=lambda archive: archive.ctime, default=None)


@pytest.mark.parametrize("now", MOMENTS)
def test_the_homelab_is_mostly_fine(tmp_path: Path, now: datetime) -> None:
    """At whatever moment it is started."""
    cluster = prepare("homelab", tmp_path, now)
    assert len(cluster.nodes) == 3
    assert len(cluster.guests) == 12
    assert len(cluster.jobs) == 4
    lost = {vmid for vmid in cluster.guests if newest(cluster, vmid) is None}
    assert lost == {123}
    failed = {
        line.split()[4]
        for node in cluster.nodes.values()
        for task in node.tasks.archived()
        if task.status != "OK"
        for line in (node.root / task.log_path).read_text().splitlines()
        if line.startswith("ERROR: Backup of VM")
    }
    assert failed == {"101"}
    assert all(storage.used_on("pve1") < 0.8 * storage.total for storage in cluster.storages.values())
    oldest = min(archive.ctime for storage in cluster.storages.values() for archive in storage.archives)
    assert now.timestamp() - oldest > 20 * 86400


@pytest.mark.parametrize("now", MOMENTS)
def test_a_backup_is_always_in_progress_in_the_homelab(tmp_path: Path, now: datetime) -> None:
    """It moves, ends, and within a minute the next one begins."""
    cluster = prepare("homelab", tmp_path, now)
    node = cluster.node("pve3")
    if not node.runs:
        cluster.clock.advance(minutes=1)
    run = node.runs[0]
    before = len(run.lines)
    cluster.clock.advance(minutes=1)
    assert len(run.lines) > before or run.status == "OK"
    cluster.clock.advance(minutes=16)
    assert run.status == "OK"
    cluster.clock.advance(minutes=0 if node.runs else 1)
    assert node.runs
    assert node.runs[0] is not run


def test_every_line_of_the_history_occurs_in_real_logs(tmp_path: Path) -> None:
    """Weeks of it."""
    cluster = prepare("homelab", tmp_path)
    logs = {path.read_text() for path in tmp_path.glob("nodes/*/var/log/**/*") if ":vzdump:" in path.name}
    assert len(logs) > 150
    assert strange_lines("".join(logs)) == set()
    for node in cluster.nodes.values():
        assert {path.name for path in (node.root / "var/lib/pve-manager/jobs").iterdir()} == {
            f"vzdump-{job}.json" for job in cluster.jobs
        }


def test_nothing_has_ever_failed_on_a_good_day(tmp_path: Path) -> None:
    """Every guest was backed up within a day."""
    cluster = prepare("all-fine", tmp_path)
    assert {task.status for node in cluster.nodes.values() for task in node.tasks.archived()} == {"OK"}
    for vmid in cluster.guests:
        archive = newest(cluster, vmid)
        assert archive is not None
        assert cluster.clock.time() - archive.ctime < 30 * 3600


def test_the_same_history_is_told_again(tmp_path: Path) -> None:
    """A restart within the week finds the same tasks: Home Assistant must not see new ones."""
    now = MOMENTS[0]
    before, after = (prepare("homelab", tmp_path, moment) for moment in (now, now + timedelta(minutes=20)))
    edge = before.clock.time() - 30 * 86400
    for name in before.nodes:
        told = {task.upid: task.status for task in before.node(name).tasks.archived() if task.starttime > edge}
        again = {task.upid: task.status for task in after.node(name).tasks.archived()}
        assert told
        assert told.items() <= again.items()


async def test_the_blind_token_sees_guests_and_jobs_only(tmp_path: Path, real_network: None) -> None:
    """Neither tasks nor storages."""
    async with SimulatedCluster.start("blind", tmp_path) as cluster, Client(cluster) as client:
        assert len(await client.data("/cluster/resources", type="vm")) == 12
        assert len(await client.data("/cluster/backup")) == 4
        assert await client.data("/nodes/pve1/tasks", source="all") == []
        assert await client.data("/nodes/pve1/storage") == []
        assert (await client.get("/nodes/pve1/time")).status == 403


async def test_the_node_that_is_down_has_missed_a_night(tmp_path: Path, real_network: None) -> None:
    """And takes its guests' names with it."""
    async with SimulatedCluster.start("node-down", tmp_path) as cluster, Client(cluster) as client:
        assert (await client.get("/nodes/pve3/tasks")).status == 595
        rows = await client.data("/cluster/resources", type="vm")
        assert {row["vmid"] for row in rows if row["status"] == "unknown"} == {120, 121, 122, 123}
        archive = newest(cluster, 121)
        assert archive is not None
        assert cluster.clock.time() - archive.ctime > 23 * 3600


def test_the_full_storage_fails_runs_with_the_words_of_real_ones(tmp_path: Path) -> None:
    """Since yesterday."""
    cluster = prepare("storage-full", tmp_path)
    assert cluster.storage("nas").available_on("pve1") < 0.01 * cluster.storage("nas").total
    task = next(task for task in cluster.node("pve3").tasks.archived() if task.status == "job errors")
    assert task.starttime > cluster.clock.time() - 24 * 3600
    assert "No space left on device" in (cluster.node("pve3").root / task.log_path).read_text()


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_has_a_title_and_a_cluster(tmp_path: Path, name: str) -> None:
    """As the demo's help shows."""
    assert SCENARIOS[name].title
    assert prepare(name, tmp_path).guests


async def test_the_program_says_where_it_answers_and_ends_when_told(tmp_path: Path, real_network: None) -> None:
    """One line of JSON, then silence."""
    first = some_ports(5)
    command = [sys.executable, "-m", "simulator", "--scenario", "small", "--state-dir", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(
        *command, "--base-port", str(first), cwd=ROOT, stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdout is not None
    line = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    assert [(node["host"], node["port"]) for node in line["nodes"]] == [(f"127.0.0.{n}", first) for n in (1, 2, 3)]
    assert line["token_id"] == "homeassistant@pve!ha"
    reader, writer = await asyncio.open_connection(line["host"], line["port"])
    writer.close()
    await writer.wait_closed()
    del reader
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0
    assert await process.stdout.read() == b""
