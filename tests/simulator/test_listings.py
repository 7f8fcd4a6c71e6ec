"""What clients meet in lists: their order, zones and clocks, and storages that say less than they have."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from simulator import SimulatedCluster, ok, running
from simulator.guests import GIB

from .client import Client

PRUNE = "/nodes/pve1/storage/nas/prunebackups"


async def test_tasks_are_listed_by_their_ends_and_not_by_their_starts(pve: SimulatedCluster, client: Client) -> None:
    """The one whose end was noticed last comes first, however long ago it began."""
    long = pve.job("nightly").start({101: running()})[0]
    pve.clock.advance(minutes=5)
    short = pve.node("pve1").other_task("qmstart", "101")
    long.go_on()
    pve.clock.advance(hours=1)
    rows = await client.data("/nodes/pve1/tasks")
    assert [row["upid"] for row in rows] == [long.upid, short.upid]
    assert rows[0]["starttime"] < rows[1]["starttime"]


async def test_a_task_that_ends_while_it_is_listed_comes_twice(pve: SimulatedCluster, client: Client) -> None:
    """The file of the running tasks is read before that of the ended ones."""
    run = pve.job("nightly").run()[0]
    pve.node("pve1").list_as_running(run.upid)
    rows = await client.data("/nodes/pve1/tasks", source="all")
    assert [(row["upid"], row["status"], "endtime" in row) for row in rows] == [
        (run.upid, "RUNNING", False),
        (run.upid, "OK", True),
    ]
    assert [row["status"] for row in await client.data("/nodes/pve1/tasks")] == ["OK"]


async def test_storages_and_nodes_come_in_another_order_with_each_call(pve: SimulatedCluster, client: Client) -> None:
    """So do the words of `content`; they stay the same words."""
    pve.add_storage("usb")
    for path, name in (("/storage", "storage"), ("/nodes/pve1/storage", "storage"), ("/nodes", "node")):
        answers = [await client.data(path) for _ in range(20)]
        assert len({tuple(row[name] for row in rows) for rows in answers}) > 1
        assert len({tuple(sorted(row[name] for row in rows)) for rows in answers}) == 1
    words = [row["content"] for _ in range(20) for row in await client.data("/storage") if row["storage"] == "local"]
    assert len(set(words)) > 1
    assert {tuple(sorted(text.split(","))) for text in words} == {("backup", "iso", "vztmpl")}


async def test_prune_lists_containers_first_and_of_each_guest_the_oldest(pve: SimulatedCluster, client: Client) -> None:
    """By type, number and moment."""
    pve.storage("nas").prune = None
    for _ in range(3):
        pve.job("nightly").run()
        pve.clock.advance(hours=1)
    rows = await client.data(PRUNE, prune_backups="keep-all=1")
    keys = [(row["type"], row["vmid"], row["ctime"]) for row in rows]
    assert len(keys) == 12
    assert keys == sorted(keys)


async def test_an_archive_is_dated_in_the_zone_of_the_node_that_lists_it(pve: SimulatedCluster, client: Client) -> None:
    """Its name has the wall-clock time of the node that wrote it, without a zone; a backup server keeps the moment."""
    pve.node("pve2").timezone = "America/New_York"
    pve.add_storage("pbs", "pbs")
    run = pve.backup_by_hand([102], "nas")[0]
    pve.backup_by_hand([102], "pbs")
    started = run.task.starttime
    for node, shift in (("pve1", -6 * 3600), ("pve2", 0)):
        [row] = await client.data(f"/nodes/{node}/storage/nas/prunebackups", prune_backups="keep-all=1")
        assert 0 <= row["ctime"] - started - shift < 5, node
        [row] = await client.data(f"/nodes/{node}/storage/pbs/prunebackups", prune_backups="keep-all=1")
        assert row["ctime"] > started, node


async def test_prune_keeps_what_looks_newest_in_the_zone_of_the_node_that_prunes(pve: SimulatedCluster) -> None:
    """A guest that has moved over from the east loses the backup just made, and the run says that all is well."""
    pve.node("pve2").timezone = "Asia/Tokyo"
    pve.add_job("move", "2:00", "nas", vmid="102", prune_backups={"keep-last": "1"})
    pve.job("move").run()
    pve.clock.advance(hours=1)
    pve.guest(102).migrate("pve1")
    run = pve.job("move").run()[0]
    assert run.status == "OK"
    [left] = pve.storage("nas").archive(102)
    assert left.ctime < run.task.starttime, "the archive of Tokyo, dated seven hours later than it was made"


async def test_of_two_archives_of_one_name_the_later_takes_the_place_of_the_earlier(pve: SimulatedCluster) -> None:
    """A run renames its file to the final name; nodes in two zones give the same names some hours apart."""
    storage = pve.storage("nas")
    pve.backup_by_hand([102], "nas")
    [first] = storage.archive(102)
    storage.store(replace(first, ctime=first.ctime + 7 * 3600))
    [left] = storage.archive(102)
    assert (left.name, left.ctime) == (first.name, first.ctime + 7 * 3600)


async def test_of_two_moments_of_one_name_the_earlier_is_listed(pve: SimulatedCluster, client: Client) -> None:
    """In the hour that comes twice in autumn."""
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    pve.clock.set(second - timedelta(minutes=5))
    pve.backup_by_hand([103], "nas", at=second)
    pve.clock.advance(hours=1)
    newest = (await client.data(PRUNE, prune_backups="keep-all=1", vmid=103))[-1]
    assert newest["ctime"] - second.timestamp() + 3600 in range(5)


async def test_space_can_be_neither_used_nor_to_be_had(pve: SimulatedCluster, client: Client) -> None:
    """Blocks kept for root, or a quota."""
    pve.add_storage("tight", total=100 * GIB, used=60 * GIB, reserved=30 * GIB)
    rows = {row["storage"]: row for row in await client.data("/nodes/pve1/storage")}
    assert (rows["tight"]["total"], rows["tight"]["used"], rows["tight"]["avail"]) == (100 * GIB, 60 * GIB, 10 * GIB)
    pve.guest(102).filled = 0.99
    run = pve.backup_by_hand([102], "tight")[0]
    assert run.status == "OK"
    pve.storage("tight").reserved = 40 * GIB
    assert pve.backup_by_hand([102], "tight", outcomes={102: ok()})[0].status == "job errors"


async def test_the_clock_of_a_node_can_differ(pve: SimulatedCluster, client: Client) -> None:
    """Its tasks, archives and schedule go by it, the other nodes by theirs."""
    pve.node("pve2").set_clock(3 * 3600)
    here, there = [(await client.data(f"/nodes/{name}/time"))["time"] for name in ("pve1", "pve2")]
    assert there - here == 3 * 3600
    pve.clock.set(datetime(2026, 9, 15, 0, 30, tzinfo=UTC))
    [first, second] = [run.task for run in pve.dispatch.ever]
    assert [first.node, second.node] == ["pve2", "pve1"]
    assert first.starttime - second.starttime in range(5), "both at two o'clock of their own"
    pve.node("pve2").set_clock(-3600)
    pve.clock.set(datetime(2026, 9, 16, 0, 30, tzinfo=UTC))
    assert [run.node.name for run in pve.dispatch.ever[2:]] == ["pve1"]
    pve.clock.advance(hours=1)
    assert [run.node.name for run in pve.dispatch.ever[2:]] == ["pve1", "pve2"]


async def test_a_run_by_hand_can_die_before_its_header(pve: SimulatedCluster) -> None:
    """Only the id of the task names the guest; from a shell an empty line comes before the last one."""
    [run] = pve.backup_by_hand([101], "nope", from_shell=True)
    assert (run.task.id, run.lines[1:-1]) == ("101", [""])
    assert run.lines[-1].startswith("TASK ERROR: could not activate storage 'nope'")
    assert run.status == run.lines[-1].removeprefix("TASK ERROR: ")
    pve.storage("nas").go_offline()
    [run] = pve.backup_by_hand([101], "nas")
    assert (run.task.id, len(run.lines)) == ("101", 2)
    assert "new backup job" not in run.log


async def test_answers_of_pvedaemon_end_the_connection(pve: SimulatedCluster, client: Client) -> None:
    """They carry two headers, of which clients obey the first; each such answer may cost a handshake."""
    host, port = pve.address("pve1")
    for _ in range(3):
        await client.data("/nodes/pve1/storage")
    assert pve.traffic.connections == 3
    for _ in range(3):
        await client.data("/nodes/pve1/time")
    assert pve.traffic.connections == 4
    reader, writer = await client.connect(host, port)
    writer.write(
        f"GET /api2/json/cluster/status HTTP/1.1\r\nHost: x\r\nAuthorization: {client.authorization}\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    assert [line for line in head.splitlines() if line.startswith("Connection")] == [
        "Connection: close",
        "Connection: Keep-Alive",
    ]


async def test_a_backup_server_takes_nothing_that_is_not_newer_than_the_last(pve: SimulatedCluster) -> None:
    """A clock that was ahead once keeps all backups out until its dates have come (api2/backup/mod.rs)."""
    pve.add_storage("pbs", "pbs")
    job = pve.add_job("nightly-pbs", "03:00", "pbs", vmid="101")
    pve.node("pve1").set_clock(86400)
    pve.clock.advance(minutes=5)
    assert [run.status for run in job.run()] == ["OK"]
    pve.node("pve1").set_clock(0)
    assert [run.status for run in job.run()] == ["job errors"]
    pve.clock.advance(days=1, hours=1)
    assert [run.status for run in job.run()] == ["OK"]
