"""The API answers requests as pveproxy and pvedaemon do."""

from datetime import timedelta
from typing import Any

import pytest

from simulator import SimulatedCluster, failed, running, warning

from .client import Client


async def test_tasks_are_listed_newest_first_and_without_running_ones(pve: SimulatedCluster, client: Client) -> None:
    """`source=all` puts the running ones on top."""
    old = pve.job("nightly").run()[0].upid
    pve.clock.advance(hours=1)
    new = pve.job("nightly").run()[0].upid
    current = pve.job("nightly").start({101: running()})[0].upid
    pve.clock.advance(minutes=2)
    assert [row["upid"] for row in await client.data("/nodes/pve1/tasks")] == [new, old]
    rows = await client.data("/nodes/pve1/tasks", source="all")
    assert [row["upid"] for row in rows] == [current, new, old]
    assert (rows[0]["status"], "endtime" in rows[0]) == ("RUNNING", False)
    assert [row["upid"] for row in await client.data("/nodes/pve1/tasks", source="active")] == [current]


async def test_tasks_can_be_cut_and_filtered(pve: SimulatedCluster, client: Client) -> None:
    """The filters are those of Proxmox, with all their traps."""
    runs = [pve.job("nightly").run(outcomes)[0] for outcomes in ({}, {101: failed("x")}, {103: warning("w")})]
    pve.clock.advance(hours=1)
    by_hand = pve.backup_by_hand([101], "nas")[0]

    async def upids(**query: Any) -> list[str]:
        return [row["upid"] for row in await client.data("/nodes/pve1/tasks", **query)]

    everything = [by_hand.upid, *(run.upid for run in reversed(runs))]
    assert await upids(typefilter="vzdump") == everything
    assert await upids(typefilter="qmstart") == []
    assert await upids(limit=2) == everything[:2]
    assert await upids(limit=2, start=1) == everything[1:3]
    assert await upids(limit=0) == []
    assert await upids(vmid=101) == [by_hand.upid], "a run of several guests has no guest in its id"
    assert await upids(since=by_hand.task.starttime) == [by_hand.upid]
    assert await upids(until=runs[0].task.starttime) == [runs[0].upid]
    assert await upids(errors=1) == [runs[2].upid, runs[1].upid]
    assert await upids(statusfilter="ok,warning") == [by_hand.upid, runs[2].upid, runs[0].upid]
    assert (await client.get("/nodes/pve1/tasks", limit=1)).body["total"] == 4


async def test_a_log_is_given_in_pieces_of_fifty_lines(pve: SimulatedCluster, client: Client) -> None:
    """All of it with limit 0, as text with download."""
    run = pve.job("nightly").start()[0]
    pve.clock.advance(hours=1)
    path = f"/nodes/pve1/tasks/{run.upid}/log"
    lines = run.log.splitlines()
    assert (await client.get(path)).body["total"] == len(lines)
    assert [row["t"] for row in await client.data(path, limit=0)] == lines
    piece = await client.data(path, start=3, limit=2)
    assert piece == [{"n": 4, "t": lines[3]}, {"n": 5, "t": lines[4]}]
    whole = await client.get(path, download=1)
    assert whole.text == run.log
    assert whole.headers["Content-Encoding"] == "gzip"


async def test_an_ordinary_log_ends_after_fifty_lines_unless_more_are_asked_for(
    pve: SimulatedCluster, client: Client
) -> None:
    """The default that hides most guests of a long run."""
    pve.guest(101).speed = 20
    run = pve.job("nightly").run()[0]
    assert len(run.log.splitlines()) > 50
    assert len(await client.data(f"/nodes/pve1/tasks/{run.upid}/log")) == 50


@pytest.mark.parametrize(("version", "kind"), [("9.2.11", list), ("8.4.1", dict), ("7.4-20", dict)])
async def test_a_log_that_is_gone_is_one_line(pve: SimulatedCluster, client: Client, version: str, kind: type) -> None:
    """Before 9 it is not even a list."""
    pve.version = version
    run = pve.job("nightly").run()[0]
    pve.node("pve1").forget_task_log(run.upid)
    data = await client.data(f"/nodes/pve1/tasks/{run.upid}/log")
    assert isinstance(data, kind)
    assert "unable to open file - No such file or directory" in str(data)
    gone = await client.get(f"/nodes/pve1/tasks/{run.upid}/status")
    assert (gone.status, gone.body["errors"]) == (400, {"upid": "no such task"})


async def test_the_status_of_a_task_tells_how_it_ended(pve: SimulatedCluster, client: Client) -> None:
    """While it runs there is no exit status."""
    run = pve.job("nightly").start({101: failed("x", percent=90)})[0]
    pve.clock.advance(seconds=2)
    status = await client.data(f"/nodes/pve1/tasks/{run.upid}/status")
    assert (status["status"], "exitstatus" in status) == ("running", False)
    pve.clock.advance(hours=1)
    status = await client.data(f"/nodes/pve1/tasks/{run.upid}/status")
    assert (status["status"], status["exitstatus"]) == ("stopped", "job errors")


async def test_the_history_holds_two_index_files(pve: SimulatedCluster, client: Client) -> None:
    """Each is 50,000 bytes long; what falls out is gone with its log."""
    oldest = pve.job("nightly").run()[0]
    others = [pve.node("pve1").other_task("qmstart", str(100 + number)) for number in range(1700)]
    tasks = pve.files_of("pve1") / "var/log/pve/tasks"
    assert (tasks / "index.1").stat().st_size == pytest.approx(50_000, abs=200)
    listed = await client.data("/nodes/pve1/tasks", limit=5000)
    assert 700 < len(listed) < 1500
    assert listed[0]["upid"] == others[-1].upid
    assert oldest.upid not in {row["upid"] for row in listed}
    assert not (pve.files_of("pve1") / oldest.task.log_path).exists()
    assert len([row for row in await client.data("/cluster/tasks") if row["node"] == "pve1"]) == 25


async def test_coverage_is_that_of_the_job(pve: SimulatedCluster, client: Client) -> None:
    """Pools and lists, pinned nodes, missing guests and missing pools."""
    job = pve.job("nightly")
    path = f"/cluster/backup/{job.id}/included_volumes"

    async def included() -> list[int]:
        return [child["id"] for child in (await client.data(path))["children"]]

    pve.guest(104).delete(purge=False)
    assert await included() == [101, 102, 103, 104]
    assert (await client.data(path))["children"][-1] == {"id": 104, "type": "unknown", "leaf": 1}
    job.change(vmid="101,102", node="pve2")
    assert await included() == [102]
    job.change(vmid=None, node=None, all=1, exclude="103")
    assert await included() == [101, 102]
    pve.pools["prod"] = ""
    pve.guest(103).pool = "prod"
    job.change(all=None, exclude=None, pool="prod")
    assert await included() == [103]
    assert [row["vmid"] for row in await client.data("/cluster/backup-info/not-backed-up")] == [101, 102]
    job.disable()
    assert [row["vmid"] for row in await client.data("/cluster/backup-info/not-backed-up")] == [101, 102]
    job.change(pool="gone")
    answer = await client.get(path)
    assert (answer.status, answer.reason) == (500, "pool 'gone' does not exist")
    assert (await client.get("/cluster/backup-info/not-backed-up")).status == 500


async def test_next_run_is_shown_even_for_a_disabled_job(pve: SimulatedCluster, client: Client) -> None:
    """In the list, but not in the single answer."""
    pve.job("nightly").disable()
    [row] = await client.data("/cluster/backup")
    assert row["enabled"] == 0
    assert row["next-run"] == int((pve.clock.now() + timedelta(hours=14)).timestamp())
    assert "next-run" not in await client.data("/cluster/backup/backup-nightly")


async def test_schedules_can_be_analysed_but_not_from_a_moment(pve: SimulatedCluster, client: Client) -> None:
    """`starttime` does not work over HTTP."""
    path = "/cluster/jobs/schedule-analyze"
    rows = await client.data(path, schedule="02:00", iterations=2)
    assert [row["utc"] for row in rows] == ["Tue Sep 15 00:00:00 2026", "Wed Sep 16 00:00:00 2026"]
    assert rows[1]["timestamp"] - rows[0]["timestamp"] == 86400
    failing = await client.get(path, schedule="02:00", starttime=1750000000)
    assert (failing.status, failing.reason) == (500, 'invalid type: string "1750000000", expected i64')
    assert (await client.get(path, schedule="mon-fri")).status == 400
    assert (await client.get(path)).body["errors"] == {"schedule": "property is missing and it is not optional"}
    assert (await client.get(path, schedule="02:00", iterations=101)).status == 400


async def test_prune_tells_what_it_would_do(pve: SimulatedCluster, client: Client) -> None:
    """With the storage's retention, or the one given; numbers of guests are text on a backup server."""
    path = "/nodes/pve1/storage/nas/prunebackups"
    pve.job("nightly").change(prune_backups={"keep-all": 1})
    for _ in range(3):
        pve.job("nightly").run()
        pve.clock.advance(hours=1)
    pve.storage("nas").archive(101)[2].protected = True
    marks = [row["mark"] for row in await client.data(path, vmid=101, type="qemu", prune_backups="keep-last=1")]
    assert marks == ["protected", "remove", "keep"]
    assert {row["mark"] for row in await client.data(path)} == {"keep", "remove", "protected"}
    pve.storage("nas").prune = None
    missing = await client.get(path)
    assert (missing.status, missing.reason) == (500, "no prune-backups options configured for storage 'nas'")
    pve.add_storage("pbs", "pbs")
    pve.backup_by_hand([101], "pbs")
    [row] = await client.data("/nodes/pve1/storage/pbs/prunebackups", prune_backups="keep-all=1")
    assert (row["vmid"], row["volid"][:18]) == ("101", "pbs:backup/vm/101/")


async def test_a_storage_that_is_down_is_inactive_and_lists_nothing(pve: SimulatedCluster, client: Client) -> None:
    """The state is an answer; the content is an error."""
    pve.add_storage("pbs", "pbs", server="10.0.0.5")
    pve.storage("pbs").go_offline("pve2")
    state = await client.data("/nodes/pve2/storage/pbs/status")
    assert (state["active"], state["enabled"], state["total"]) == (0, 1, 0)
    content = await client.get("/nodes/pve2/storage/pbs/content")
    expected = "pbs: error fetching datastores - 500 Can't connect to 10.0.0.5:8007 (No route to host)"
    assert (content.status, content.reason) == (500, expected)
    assert (await client.data("/nodes/pve1/storage/pbs/status"))["active"] == 1
    pve.storage("pbs").come_online()
    assert (await client.get("/nodes/pve2/storage/pbs/content")).status == 200


async def test_disabled_and_foreign_storages_only_show_without_filter(pve: SimulatedCluster, client: Client) -> None:
    """With `content=backup` they are left out."""
    pve.storage("nas").enabled = False
    pve.storage("local").nodes = ("pve2",)
    assert await client.data("/nodes/pve1/storage", content="backup") == []
    assert [row["enabled"] for row in await client.data("/nodes/pve1/storage")] == [0, 0]
    assert [row["storage"] for row in await client.data("/nodes/pve2/storage", content="backup")] == ["local"]


async def test_archives_of_a_local_storage_are_seen_by_their_node_only(pve: SimulatedCluster, client: Client) -> None:
    """Those of a shared storage by all."""
    pve.backup_by_hand([101, 102], "local")
    keep = {"prune_backups": "keep-all=1"}
    assert [row["vmid"] for row in await client.data("/nodes/pve1/storage/local/prunebackups", **keep)] == [101]
    assert [row["vmid"] for row in await client.data("/nodes/pve2/storage/local/prunebackups", **keep)] == [102]
    assert await client.data("/nodes/pve3/storage/local/prunebackups", **keep) == []
    assert len(list((pve.files_of("pve1") / "var/lib/vz/dump").glob("*.zst"))) == 1


async def test_the_time_of_a_node_is_its_own(pve: SimulatedCluster, client: Client) -> None:
    """Zone and error of its clock."""
    pve.node("pve2").timezone = "America/New_York"
    pve.node("pve2").skew = 240
    now = int(pve.clock.time())
    assert await client.data("/nodes/pve2/time") == {
        "timezone": "America/New_York",
        "time": now + 240,
        "localtime": now + 240 - 4 * 3600,
    }


async def test_an_unknown_parameter_or_path_is_an_error(client: Client) -> None:
    """400 names the parameter, 501 the path."""
    answer = await client.get("/nodes/pve1/tasks", nonsense=1, limit="many")
    assert (answer.status, answer.reason) == (400, "Parameter verification failed.")
    assert set(answer.body["errors"]) == {"nonsense", "limit"}
    assert (await client.get("/cluster/nonsense")).status == 501
    unknown = await client.get("/cluster/backup/nonsense")
    assert (unknown.status, unknown.body["errors"]) == (400, {"id": "No such job 'nonsense'"})


async def test_a_single_host_has_no_cluster_row(pve: SimulatedCluster, client: Client) -> None:
    """It is a host that was never joined."""
    pve.name = None
    assert [row["type"] for row in await client.data("/cluster/status")] == ["node", "node", "node"]


async def test_connections_can_be_dropped_when_they_are_used_again(pve: SimulatedCluster, client: Client) -> None:
    """As a worker does that is replaced between two requests; aiohttp asks again by itself, on a new connection."""
    await client.data("/version")
    pve.faults.drop_reused = 1
    assert (await client.get("/version")).status == 200
    assert [request.status for request in pve.requests] == [200, 0, 200]
    assert pve.traffic.connections == 2


async def test_a_connection_serves_a_limited_number_of_requests(pve: SimulatedCluster, client: Client) -> None:
    """The last answer says so."""
    pve.faults.keepalive_limit = 2
    answers = [await client.get("/version") for _ in range(5)]
    assert [answer.headers.get("Connection") for answer in answers] == [None, "close", None, "close", None]
    assert pve.traffic.connections == 3


async def test_answers_can_be_broken_slow_or_errors(pve: SimulatedCluster, client: Client) -> None:
    """By a part of the path."""
    pve.faults.broken["/version"] = "<html>"
    pve.faults.errors["/nodes/pve2/tasks"] = (596, "Connection timed out")
    assert (await client.get("/version")).text == "<html>"
    assert (await client.get("/nodes/pve2/tasks")).status == 596
    assert (await client.get("/nodes/pve1/tasks")).status == 200
    pve.faults.delays["/pools"] = 0.2
    loop_time = client.loop_time()
    await client.get("/pools")
    assert client.loop_time() - loop_time > 0.2


async def test_requests_are_remembered(pve: SimulatedCluster, client: Client) -> None:
    """For tests of the load that a poll causes."""
    await client.get("/nodes/pve1/tasks", limit=1)
    [request] = pve.requests
    assert (request.node, request.path, request.query, request.status) == (
        "pve1",
        "/nodes/pve1/tasks",
        {"limit": "1"},
        200,
    )
    assert pve.traffic.most_in_flight == 1
