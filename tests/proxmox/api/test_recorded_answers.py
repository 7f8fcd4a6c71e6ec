"""Every recorded answer of Proxmox's own code becomes a dataclass or a named error, whatever was asked."""

import asyncio
from collections.abc import Callable, Iterator
import json
from pathlib import Path
import re
from typing import Any

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.backup_models import (
    Archive,
    BackupJob,
    IncludedGuest,
    StorageConfig,
    StorageStatus,
    VzdumpDefaults,
)
from custom_components.proxmox_backup_checker.proxmox.api.cluster_models import (
    Certificate,
    ClusterStatus,
    Node,
    NodeTime,
    Permissions,
    Resources,
    Task,
    Version,
)
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    NodeUnreachableError,
    PermissionDeniedError,
    ProxmoxError,
    ServiceDownError,
)
from simulator import SimulatedCluster

from .test_connection import connect, serve

DATA = Path(__file__).parents[2] / "data" / "recorded"

READERS: dict[str, Callable[[Any], Any]] = {
    r"/version": Version.from_api,
    r"/access/permissions": Permissions.from_api,
    r"/cluster/status": ClusterStatus.from_api,
    r"/cluster/resources(\?.*)?": Resources.from_api,
    r"/cluster/backup": BackupJob.list_from_api,
    r"/cluster/backup/[^/]+/included_volumes": IncludedGuest.list_from_api,
    r"/nodes": Node.list_from_api,
    r"/nodes/\w+/time": NodeTime.from_api,
    r"/nodes/\w+/certificates/info": Certificate.list_from_api,
    r"/nodes/\w+/tasks(\?.*)?": Task.list_from_api,
    r"/nodes/\w+/storage(\?.*)?": StorageStatus.list_from_api,
    r"/nodes/\w+/storage/\w+/content\?.*": lambda data: Archive.list_from_content(data, "nas"),
    r"/nodes/\w+/storage/\w+/prunebackups.*": lambda data: Archive.list_from_prune(data, "nas"),
    r"/nodes/\w+/vzdump/defaults.*": VzdumpDefaults.from_api,
    r"/storage": StorageConfig.list_from_api,
}


def recorded(*files: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every recorded answer with where it comes from."""
    for file in files:
        content = json.loads((DATA / file).read_text(encoding="utf-8"))
        parts = content.items() if isinstance(content, dict) else [("", content)]
        for part, answers in parts:
            for answer in filter(lambda answer: "status" in answer, answers):
                yield f"{file} {part} {answer.get('rights')} {answer.get('request')}", answer


GOOD = {
    name: answer
    for name, answer in recorded(
        "answers.json", "no-quorum.json", "pool-missing-and-legacy-job.json", "storage-not-mounted.json"
    )
    if answer["status"] == 200
}


def reader(request: str) -> Callable[[Any], Any] | None:
    path = request.removeprefix("GET ").partition(" ")[0]
    return next((read for form, read in READERS.items() if re.fullmatch(form, path)), None)


def test_every_kind_of_answer_that_we_read_was_recorded() -> None:
    assert {reader(answer["request"]) for answer in GOOD.values()} >= set(READERS.values())


@pytest.mark.parametrize("name", [name for name, answer in GOOD.items() if reader(answer["request"])])
def test_a_recorded_answer_is_read_without_anything_odd(name: str) -> None:
    read = reader(GOOD[name]["request"])
    assert read is not None
    found = read(GOOD[name]["body"]["data"])
    assert not getattr(found, "odd", None)
    assert not [node for node in found if getattr(node, "odd", None)] if isinstance(found, tuple) else True


def of(request: str, rights: str = "audit", file: str = "answers.json") -> Any:
    """Return the data of the first recorded answer to a request."""
    return next(
        answer["body"]["data"]
        for _, answer in recorded(file)
        if answer["request"] == f"GET {request}" and answer["rights"].startswith(rights)
    )


def test_the_rights_of_each_token_are_seen() -> None:
    for rights, pools in (("audit", True), ("three", False)):
        held = Permissions.from_api(of("/access/permissions", rights))
        assert held.has("/nodes/pve1", "Sys.Audit")
        assert held.has("/vms/100", "VM.Audit")
        assert held.has("/pool", "Pool.Audit") is pools
    nothing = Permissions.from_api(of("/access/permissions", "noacl"))
    assert not nothing.has("/", "Sys.Audit")


def test_a_job_of_the_old_kind_has_its_flag_as_text() -> None:
    jobs = BackupJob.list_from_api(of("/cluster/backup", file="pool-missing-and-legacy-job.json"))
    [legacy] = [job for job in jobs if job.legacy]
    assert (legacy.enabled, legacy.schedule, legacy.vmids) == (True, "sat 05:00", (102,))


def test_runs_come_by_their_start_though_proxmox_lists_them_by_the_end_that_it_noticed() -> None:
    listed = of("/nodes/pve1/tasks?typefilter=vzdump&source=all&limit=5000")
    tasks = Task.list_from_api(listed)
    starts = [task.started for task in tasks]
    assert starts == sorted(starts, reverse=True)
    assert starts != [row["starttime"] for row in listed]
    assert len({task.upid for task in tasks}) == len(tasks)


def test_a_run_in_progress_is_running_though_it_has_no_status() -> None:
    [rows] = [answer["body"]["data"] for _, answer in recorded("running.json") if "/cluster/tasks" in answer["request"]]
    running, ended = Task.list_from_api(rows)
    assert (running.running, ended.running) == (True, False)


def test_a_host_without_quorum_says_so_and_a_node_that_is_off_has_no_address() -> None:
    [answer] = [
        answer
        for name, answer in recorded("no-quorum.json")
        if "two nodes" in name and answer["request"] == "GET /cluster/status"
    ]
    status = ClusterStatus.from_api(answer["body"]["data"])
    assert not status.quorate
    assert {node.name: (node.online, node.address) for node in status.nodes} == {
        "pve1": (True, "192.168.1.11"),
        "pve2": (False, None),
    }


ERRORS = {name: answer for name, answer in recorded("answers.json", "daemons-down.json") if answer["status"] != 200}


def expected_error(name: str, answer: dict[str, Any]) -> type[ProxmoxError]:
    """Return what an answer means."""
    status, of_a_node = answer["status"], answer["request"].startswith("GET /nodes/")
    if status == 401:
        return AuthenticationError
    if status == 403:
        return PermissionDeniedError
    if name.startswith("daemons-down") or status >= 590:
        return NodeUnreachableError if of_a_node else ServiceDownError
    return ApiError


@pytest.mark.parametrize("name", ERRORS)
async def test_a_recorded_error_is_what_it_is(session: aiohttp.ClientSession, pve: SimulatedCluster, name: str) -> None:
    answer = ERRORS[name]
    body = json.dumps(answer["body"]).encode() if answer["body"] else b""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {answer['status']} {answer['reason']}\r\nContent-Length: {len(body)}\r\n"
        # Answers of pvedaemon carry both.
        writer.write(head.encode() + b"Connection: close\r\nConnection: Keep-Alive\r\n\r\n" + body)
        writer.close()

    async with serve(pve, talk) as port:
        with pytest.raises(ProxmoxError) as caught:
            await connect(session, pve, port=port).get(answer["request"].removeprefix("GET ").partition("?")[0])
    assert type(caught.value) is expected_error(name, answer)
