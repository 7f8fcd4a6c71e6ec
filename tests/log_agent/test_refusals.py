"""What the agent shows to nobody."""

import asyncio
import json
import os
from pathlib import Path
import time
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from proxmox_backup_log_agent.auth_backoff import FORGIVEN, LONGEST, MAX_NETWORKS, AuthBackoff
from proxmox_backup_log_agent.clients import Client

from .host import FIRST_REFUSAL, TOKEN, Agent, Host

EVERYTHING = ("/v1/status", "/v1/jobs", "/v1/logs", "/v1/logs/qemu-100.log", "/v1/changes", "/", "/v1/nothing")


@pytest.mark.parametrize(
    "authorization", [None, "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x"]
)
async def test_nothing_is_answered_without_the_token(agent: Agent, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session,
        session.get(f"{agent.url}/v1/logs", headers=headers) as response,
    ):
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.headers["Connection"] == "close"
        assert json.loads(await response.read()) == {"error": "The token is missing or wrong"}


async def test_without_the_token_nobody_learns_what_exists(agent: Agent) -> None:
    async def ask(path: str) -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session,
            session.post(f"{agent.url}{path}") as response,
        ):
            return response.status, await response.read()

    answers = [await ask("/v1/logs"), *await asyncio.gather(*(ask(path) for path in EVERYTHING[2:7]))]
    assert {answer[0] for answer in answers} == {401}
    assert len({answer[1] for answer in answers}) == 1


async def test_wrong_tokens_wait_longer_each_time_and_the_right_one_never(agent: Agent) -> None:
    waited = []
    for _ in range(4):
        begin = time.monotonic()
        status, _, _ = await agent.get("/v1/status", Authorization="Bearer wrong")
        assert status == 401
        waited.append(time.monotonic() - begin)
    assert waited == pytest.approx([FIRST_REFUSAL * factor for factor in (1, 2, 4, 8)], abs=0.3)
    assert all(wait >= FIRST_REFUSAL * factor for wait, factor in zip(waited, (1, 2, 4, 8), strict=True))
    begin = time.monotonic()
    await agent.json("/v1/status")
    assert time.monotonic() - begin < FIRST_REFUSAL * 8


def test_the_wait_has_an_end_and_is_each_clients_own() -> None:
    backoff = AuthBackoff()
    assert [backoff.delay("10.0.0.1") for _ in range(6)] == [1.0, 2.0, 4.0, LONGEST, LONGEST, LONGEST]
    assert backoff.delay("10.0.0.2") == 1.0
    assert FORGIVEN > LONGEST


def test_only_the_last_clients_are_remembered() -> None:
    backoff = AuthBackoff()
    backoff.delay("first")
    for number in range(MAX_NETWORKS):
        backoff.delay(str(number))
    assert backoff.delay("first") == 1.0
    assert backoff.delay(str(MAX_NETWORKS - 1)) == 2.0


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.168.1.5", Client("192.168.1.5", "192.168.1.5")),
        ("::ffff:192.168.1.5", Client("192.168.1.5", "192.168.1.5")),
        ("2001:db8:1:2:aaaa::1", Client("2001:db8:1:2:aaaa::1", "2001:db8:1:2::")),
        ("2001:db8:1:2:bbbb::9", Client("2001:db8:1:2:bbbb::9", "2001:db8:1:2::")),
        ("fe80::1%eth0", Client("fe80::1", "fe80::")),
        (None, Client("unknown", "unknown")),
        ("", Client("unknown", "unknown")),
    ],
)
def test_a_client_has_an_address_and_the_network_it_can_vary_in(address: str | None, client: Client) -> None:
    assert Client.of(address) == client


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
async def test_no_other_method_exists(agent: Agent, method: str) -> None:
    async with agent.session.request(method, f"{agent.url}/v1/logs/qemu-100.log") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v1/", "/v2/status", "/v1/status/", "/v1/logs/", "/v1/logs/qemu-100.log/", "/v1/jobs/nightly",
     "/V1/status", "//v1/status", "/v1/logs/a/b"],
)  # fmt: skip
async def test_everything_else_is_not_found(agent: Agent, path: str) -> None:
    async with agent.session.get(URL(f"{agent.url}{path}", encoded=True)) as response:
        assert response.status == 404
        assert json.loads(await response.read()) == {"error": "Not Found"}


@pytest.mark.parametrize(
    "name",
    ["..", ".", "../secret.log", "../../../etc/passwd", "/etc/passwd", "qemu-100.log/../../secret.log", "./qemu-100.log",
     "qemu-100.log\0", "qemu-100.log\n", "\0", "qemu-999.log", "QEMU-100.LOG", "secret.txt", ".hidden.log", "folder.log",
     "pipe.log", "link.log", "hard\\..\\secret.log", "*.log", "", "x" * 300 + ".log", "é.log", "..%2fsecret.log"],
)  # fmt: skip
async def test_only_names_of_the_listing_exist(agent: Agent, host: Host, name: str) -> None:
    (host.logs.parent / "secret.log").write_text("secret")
    (host.logs / "secret.txt").write_text("secret")
    (host.logs / ".hidden.log").write_text("secret")
    (host.logs / "folder.log").mkdir()
    os.mkfifo(host.logs / "pipe.log")
    (host.logs / "link.log").symlink_to("../secret.log")
    for encoded in (quote(name, safe=""), quote(quote(name, safe=""), safe="")):
        async with agent.session.get(URL(f"{agent.url}/v1/logs/{encoded}", encoded=True)) as response:
            assert response.status == 404
            assert b"secret" not in await response.read()
    logs = (await agent.json("/v1/logs"))["logs"]
    assert isinstance(logs, list)
    assert [log["name"] for log in logs] == ["qemu-100.log"]


@pytest.mark.parametrize("part", ["var", "var/log", "var/log/vzdump"])
async def test_no_symbolic_link_on_the_way_is_followed(agent: Agent, host: Host, part: str) -> None:
    (host.root / part).rename(host.root / "elsewhere")
    (host.root / part).symlink_to(host.root / "elsewhere")
    assert (await agent.get("/v1/logs/qemu-100.log"))[0] == 503
    assert (await agent.get("/v1/logs"))[0] == 503


async def test_a_job_state_that_is_a_link_does_not_exist(agent: Agent, host: Host, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"state": "secret"}')
    (host.jobs / "vzdump-link.json").symlink_to(tmp_path / "secret")
    (host.jobs / "realmsync-ldap.json").write_text('{"state": "secret"}')
    (host.jobs / "vzdump-nightly.json.tmp.17").write_text('{"state": "secret"}')
    jobs = (await agent.json("/v1/jobs"))["jobs"]
    assert isinstance(jobs, list)
    assert [job["id"] for job in jobs] == ["nightly"]


@pytest.mark.parametrize(
    "query",
    ["logs/qemu-100.log?tail=", "logs/qemu-100.log?tail=-1", "logs/qemu-100.log?tail=1e3", "logs/qemu-100.log?tail=٣",
     f"logs/qemu-100.log?tail={'9' * 19}", "changes?wait=", "changes?wait=-1", "changes?wait=nan", "changes?wait=inf"],
)  # fmt: skip
async def test_what_is_no_number_is_said_to_be_none(agent: Agent, query: str) -> None:
    status, _, body = await agent.get(f"/v1/{query}")
    assert status == 400
    assert b"is not a" in body


async def test_the_answers_tell_nothing_of_what_runs_here(agent: Agent) -> None:
    for path in ("/v1/status", "/nothing", "/v1/logs/qemu-100.log"):
        _, headers, _ = await agent.get(path)
        assert headers["server"] == "proxmox-backup-log-agent"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] in ("no-store", "private, no-cache")


async def test_the_log_names_clients_and_paths_but_no_token(agent: Agent, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "proxmox_backup_log_agent")
    await agent.get(f"/v1/status?token={TOKEN}")
    await agent.get("/v1/status", Authorization=f"Bearer {TOKEN[:-1]}")
    assert b" 400 " in await agent.raw(f"GET /v1/status HTTP/1.1\r\nAuthorization {TOKEN}\r\n\r\n".encode())
    assert b" 400 " in await agent.raw(f"G\x01T {TOKEN} HTTP/1.1\r\n\r\n".encode())
    assert "127.0.0.1 GET /v1/status 200" in caplog.text
    assert "127.0.0.1 GET /v1/status 401" in caplog.text
    assert TOKEN[:-1] not in caplog.text
    assert "Traceback" not in caplog.text
