"""Situations of Proxmox's own code that are worse than a failed backup (tests/data/recorded), told by the simulator."""

from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

import pytest

from simulator import SimulatedCluster, running

from .client import Client
from .recorded import FRIDAY, WORLD, Recorded, ask, difference, read

DAEMONS: dict[str, list[Recorded]] = read("daemons-down.json")
NO_QUORUM: dict[str, list[Recorded]] = read("no-quorum.json")
NOT_MOUNTED: dict[str, list[Recorded]] = read("storage-not-mounted.json")
JOB_STATES: dict[str, dict[str, object]] = read("job_states.json")
ALONE, STANDALONE = NO_QUORUM
AT_ONCE, LATER = NOT_MOUNTED


@pytest.fixture
async def pve(tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """The recorded host after four days."""
    async with SimulatedCluster.start(WORLD, tmp_path, now=FRIDAY) as cluster:
        cluster.job("backup-two").run()
        yield cluster


@pytest.fixture
async def client(pve: SimulatedCluster) -> AsyncIterator[Client]:
    """A client of the recorded host."""
    async with Client(pve) as made:
        yield made


async def hold_against(pve: SimulatedCluster, client: Client, recorded: Recorded) -> Any:
    """Hold an answer against the recorded one, and return its data."""
    answer = await ask(pve, client, {"rights": "audit"} | recorded)
    assert answer.status == recorded["status"], recorded["request"]
    if "body" not in recorded:
        return None
    assert answer.reason == recorded.get("reason", "OK")
    if recorded["body"] == "" or answer.status != 200:
        assert (json.loads(answer.text) if answer.text else "") == recorded["body"]
        assert answer.headers.get("Content-Type") == recorded["content-type"]
        assert answer.headers["Connection"] == "close"
        return None
    assert difference(answer.data, recorded["body"]["data"]) == {}, recorded["request"]
    return answer.data


@pytest.mark.parametrize("recorded", DAEMONS["pmxcfs down"], ids=lambda entry: entry["request"])
async def test_without_pmxcfs_every_answer_is_an_empty_500(
    pve: SimulatedCluster, client: Client, recorded: Recorded
) -> None:
    """Whoever asks for what: the version too, and a wrong token is no 401."""
    pve.node("pve1").stop_pmxcfs()
    await hold_against(pve, client, recorded)
    assert (await client.get("/version", token="")).status == 500
    pve.node("pve1").start_pmxcfs()
    assert (await client.get("/version")).status == 200


@pytest.mark.parametrize("recorded", DAEMONS["pvedaemon down"], ids=lambda entry: entry["request"])
async def test_without_pvedaemon_what_needs_root_is_an_empty_595(
    pve: SimulatedCluster, client: Client, recorded: Recorded
) -> None:
    """For the node's own paths too; the rest answers as ever."""
    pve.node("pve1").stop_pvedaemon()
    await hold_against(pve, client, recorded)
    pve.node("pve1").start_pvedaemon()
    assert (await client.get("/cluster/status")).status == 200


async def test_a_daemon_that_is_down_elsewhere_is_met_on_that_nodes_paths(
    pve: SimulatedCluster, client: Client
) -> None:
    """The contacted node passes the answer on."""
    pve.add_node("pve2")
    pve.node("pve2").stop_pvedaemon()
    assert (await client.get("/nodes/pve2/storage")).status == 595
    assert (await client.get("/nodes/pve2/time")).status == 200
    assert (await client.get("/cluster/status")).status == 200
    pve.node("pve2").stop_pmxcfs()
    answer = await client.get("/nodes/pve2/time")
    assert (answer.status, answer.text) == (500, "")


async def test_no_job_starts_without_pmxcfs(pve: SimulatedCluster) -> None:
    """Nobody can read /etc/pve/jobs.cfg; the slot is caught up when it is back, as after any wait of the scheduler."""
    before = len(pve.node("pve1").tasks.archived())
    pve.node("pve1").stop_pmxcfs()
    pve.clock.advance(hours=20)
    assert len(pve.node("pve1").tasks.archived()) == before
    pve.node("pve1").stop_pvedaemon()
    pve.node("pve1").start_pmxcfs()
    pve.clock.advance(hours=1)
    assert len(pve.node("pve1").tasks.archived()) > before, "jobs need no pvedaemon"


async def other_node_lost(pve: SimulatedCluster) -> None:
    """Make it a cluster of two of which the other has been off since before this one was started."""
    pve.name = "home"
    pve.add_node("pve2")
    pve.node("pve1").nodeid, pve.node("pve2").nodeid = 1, 2
    pve.node("pve2").go_offline()
    pve.clock.advance(minutes=6)
    pve.node("pve1").start_pmxcfs()


@pytest.mark.parametrize(
    "recorded", [entry for entry in NO_QUORUM[ALONE] if entry["status"] == 200], ids=lambda entry: entry["request"]
)
async def test_a_node_alone_in_a_cluster_of_two_has_no_quorum(
    pve: SimulatedCluster, client: Client, recorded: Recorded
) -> None:
    """The lost node has no address, no level, and no fingerprint where its certificate was never seen."""
    await other_node_lost(pve)
    rows = await hold_against(pve, client, recorded)
    if recorded["request"].endswith("status"):
        assert [row["quorate"] for row in rows if row["type"] == "cluster"] == [0]
    if recorded["request"].endswith("/nodes"):
        assert [row["ssl_fingerprint"] for row in rows if row["node"] == "pve2"] == [None]


async def test_a_node_that_went_off_since_keeps_its_address(pve: SimulatedCluster, client: Client) -> None:
    """Until pmxcfs of the contacted node is started anew (pmxcfs, status.c: iphash)."""
    pve.name = "home"
    pve.add_node("pve2")
    pve.node("pve2").go_offline()
    rows = {row["name"]: row for row in await client.data("/cluster/status")}
    assert (rows["pve2"]["online"], rows["pve2"]["ip"]) == (0, "127.0.0.2")
    pve.clock.advance(minutes=1)
    pve.node("pve1").start_pmxcfs()
    rows = {row["name"]: row for row in await client.data("/cluster/status")}
    assert "ip" not in rows["pve2"]


@pytest.mark.parametrize("recorded", NO_QUORUM[STANDALONE], ids=lambda entry: entry["request"])
async def test_a_node_that_starts_without_corosync_looks_like_a_single_host(
    pve: SimulatedCluster, client: Client, recorded: Recorded
) -> None:
    """No row of the cluster, one node, number 0."""
    await other_node_lost(pve)
    pve.node("pve1").start_pmxcfs(without_corosync=True)
    [row] = await hold_against(pve, client, recorded)
    assert row.get("nodeid", 0) == 0


async def test_a_node_without_corosync_knows_guests_and_nothing_else_of_the_others(
    pve: SimulatedCluster, client: Client
) -> None:
    """The others take it for off, and it starts no job."""
    await other_node_lost(pve)
    pve.node("pve2").come_online()
    pve.add_ct(104, "dns", "pve2")
    pve.node("pve1").start_pmxcfs(without_corosync=True)
    rows = {row["id"]: row for row in await client.data("/cluster/resources")}
    assert rows["lxc/104"]["status"] == "unknown"
    assert "node/pve2" not in rows
    assert (await client.get("/nodes/pve2/time")).status == 500
    assert not pve.node("pve2").sees(pve.node("pve1"))
    before = len(pve.node("pve1").tasks.archived())
    pve.clock.advance(days=1)
    assert len(pve.node("pve1").tasks.archived()) == before
    pve.node("pve1").start_pmxcfs()
    assert {row["type"] for row in await client.data("/cluster/status")} == {"cluster", "node"}


@pytest.mark.parametrize("recorded", NOT_MOUNTED[AT_ONCE], ids=lambda entry: entry["request"])
async def test_a_storage_that_is_gone_is_inactive_at_once_and_available_for_five_minutes(
    pve: SimulatedCluster, client: Client, recorded: Recorded
) -> None:
    """In `/nodes/{node}/storage` and in `/cluster/resources`."""
    pve.job("backup-all").run()
    pve.storage("nas").go_offline()
    pve.clock.advance(minutes=4, seconds=50)
    await hold_against(pve, client, recorded)
    await hold_against(pve, client, NOT_MOUNTED[AT_ONCE][0])


@pytest.mark.parametrize("recorded", NOT_MOUNTED[LATER], ids=lambda entry: entry["request"])
async def test_a_storage_that_is_gone_for_longer_is_unknown(
    pve: SimulatedCluster, client: Client, recorded: Recorded
) -> None:
    """In all lists."""
    pve.storage("nas").go_offline()
    pve.clock.advance(minutes=5, seconds=10)
    rows = await hold_against(pve, client, recorded)
    [lost] = [row for row in rows if row["storage"] == "nas"]
    assert lost.get("status", "unknown") == "unknown"
    assert lost.get("active", 0) == 0


@pytest.mark.parametrize("recorded", read("pool-missing-and-legacy-job.json"), ids=lambda entry: entry["request"])
async def test_a_job_of_cron_and_one_whose_pool_is_gone(
    pve: SimulatedCluster, client: Client, recorded: Recorded
) -> None:
    """The one has an `enabled` of text and no next run, the other is an error wherever its guests are asked for."""
    pve.add_legacy_job("sat 05:00", "local", vmid="102", mode="stop", compress="zstd")
    pve.add_job("backup-pool", "04:00", "local", mode="stop", pool="spare")
    rows = await hold_against(pve, client, recorded)
    if recorded["request"].endswith("/cluster/backup"):
        legacy = {name: value for name, value in rows[0].items() if name != "id"}
        assert legacy == {name: value for name, value in recorded["body"]["data"][0].items() if name != "id"}


async def test_a_job_of_cron_runs_and_leaves_no_state(pve: SimulatedCluster) -> None:
    """It is a scheduled run like any other."""
    job = pve.add_legacy_job("sat 05:00", "local", vmid="102", mode="stop", compress="zstd")
    pve.clock.advance(days=1)
    assert [run.status for run in pve.dispatch.ever if run.job is job] == ["OK"]
    folder = pve.files_of("pve1") / "var/lib/pve-manager/jobs"
    assert {path.name for path in folder.iterdir()} == {f"vzdump-backup-{name}.json" for name in ("all", "off", "two")}


async def test_a_running_task_in_each_list(pve: SimulatedCluster, client: Client) -> None:
    """With its process in the list of the cluster, where it is not saved; its guest is locked."""
    listed, status, guest = read("running.json")
    run = pve.job("backup-all").start({100: running()})[0]
    pve.clock.advance(minutes=1)
    rows = await client.data("/cluster/tasks")
    assert difference(rows[:2], listed["body"]["data"]) == {}
    assert (rows[0]["upid"], rows[0]["saved"]) == (run.upid, "0")
    data = await client.data(f"/nodes/pve1/tasks/{run.upid}/status")
    assert difference(data, status["body"]["data"]) == {}
    assert data["status"] == "running"
    first = (await client.data("/cluster/resources", type="vm"))[0]
    assert difference([first], guest["body"]["data"]) == {}
    assert first["lock"] == "backup"


def state_of(pve: SimulatedCluster, job: str) -> dict[str, object]:
    """Return what the node remembers of a job."""
    path = pve.files_of("pve1") / f"var/lib/pve-manager/jobs/vzdump-{job}.json"
    state: dict[str, object] = json.loads(path.read_text())
    return state


async def test_the_state_files_of_jobs_have_the_recorded_fields(pve: SimulatedCluster) -> None:
    """New, started, ended, and never started because the pool is gone."""
    pve.add_job("backup-pool", "16:45", "local", pool="spare")
    assert state_of(pve, "backup-pool").keys() == JOB_STATES["vzdump-backup-all.json (new job, first look)"].keys()
    pve.job("backup-two").start({101: running()})
    pve.clock.advance(hours=1)
    assert state_of(pve, "backup-two").keys() == JOB_STATES["vzdump-backup-two.json"].keys()
    missing = JOB_STATES["vzdump-backup-pool.json (pool gone: never started, no upid)"]
    never = state_of(pve, "backup-pool")
    assert (never.keys(), never["msg"], never["state"]) == (missing.keys(), missing["msg"], missing["state"])
    ended = JOB_STATES["vzdump-backup-all.json"]
    assert state_of(pve, "backup-all").keys() == ended.keys() - {"updated"}
    pve.node("pve1").go_offline()
    pve.node("pve1").come_online()
    assert state_of(pve, "backup-all").keys() == ended.keys(), "after a start of the scheduler"
