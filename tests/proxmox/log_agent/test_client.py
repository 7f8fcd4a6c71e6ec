"""The client of the log agent, against the real one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import socket
import time
import tracemalloc
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.answer import LARGEST_ANSWER
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    CertificateUntrustedError,
    TooManyConnectionsError,
    UnexpectedAnswerError,
)
from custom_components.proxmox_backup_checker.proxmox.log_agent.client import LogAgentClient
from custom_components.proxmox_backup_checker.proxmox.log_agent.models import Changes, JobStateFile, PairingCode
from proxmox_backup_log_agent.certificate import (
    CERTIFICATE_FILE,
    KEY_FILE,
    fingerprint,
    make_certificate,
    server_context,
)
from tests.log_agent.host import LOG, TOKEN, UPID, Agent, Host, running_agent

PIN = ":".join(["AB"] * 32)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate."""
    folder = tmp_path_factory.mktemp("certificate")
    make_certificate(folder, "pve1")
    return folder


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with one guest's log and two jobs, one of which is broken."""
    host = Host.at(tmp_path / "host")
    host.write_log("qemu-100.log", LOG)
    host.write_job("nightly", {"state": "stopped", "msg": "job errors\n", "upid": UPID, "updated": 1_755_700_000})
    host.write_job("weekly", '{"state":"sta')
    return host


@pytest.fixture
async def agent(host: Host, certificates: Path, real_network: None) -> AsyncIterator[Agent]:
    """The host's agent."""
    async with running_agent(host.root, certificates) as agent:
        yield agent


@pytest.fixture
def code(agent: Agent) -> PairingCode:
    """What the administrator pasted."""
    return PairingCode.from_parts(agent.url, TOKEN, agent.fingerprint)


@pytest.fixture
async def session(real_network: None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session as Home Assistant has one."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(session: aiohttp.ClientSession, code: PairingCode) -> LogAgentClient:
    """The client."""
    return LogAgentClient(session, code)


def of_job(states: tuple[JobStateFile, ...], job_id: str) -> JobStateFile:
    """Return one job's state."""
    return next(state for state in states if state.job_id == job_id)


async def test_the_status_says_who_the_agent_is(client: LogAgentClient) -> None:
    status = await client.status()
    assert (status.api, status.node, status.time_zone) == (1, "pve1", "Europe/Berlin")
    assert abs(status.time - datetime.now(UTC)) < timedelta(seconds=5)
    assert status.boot_time < status.time
    assert (status.logs, status.jobs) == ("readable", "readable")


async def test_jobs_have_what_the_scheduler_noted(client: LogAgentClient) -> None:
    nightly = of_job(await client.jobs(), "nightly")
    assert (nightly.state, nightly.message, nightly.upid, nightly.error) == ("stopped", "job errors", UPID, None)
    assert nightly.updated == datetime(2025, 8, 20, 14, 26, 40, tzinfo=UTC)
    assert (nightly.time, nightly.enabled, nightly.schedule) == (None, None, None)
    assert abs(nightly.modified - datetime.now(UTC)) < timedelta(seconds=60)


async def test_a_broken_state_file_is_a_fact_and_not_an_error(client: LogAgentClient) -> None:
    weekly = of_job(await client.jobs(), "weekly")
    assert (weekly.state, weekly.upid, weekly.error) == (None, None, "not JSON")


async def test_listings_are_fetched_again_only_when_they_changed(
    client: LogAgentClient, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "proxmox_backup_log_agent")
    first = await client.logs()
    assert await client.logs() == first
    host.write_log("lxc-101.log", "x")
    assert [log.name for log in await client.logs()] == ["lxc-101.log", "qemu-100.log"]
    answers = [record.getMessage().split()[3] for record in caplog.records if "/v1/logs" in record.getMessage()]
    assert answers == ["200", "304", "200"]


async def test_a_log_is_read_whole_from_its_end_and_once(client: LogAgentClient, host: Host) -> None:
    whole = await client.log("qemu-100.log")
    assert whole
    assert (whole.text, whole.offset, whole.size) == (LOG, 0, len(LOG))
    end = await client.log("qemu-100.log", tail=7)
    assert end
    assert (end.text, end.offset, end.size) == (LOG[-7:], len(LOG) - 7, len(LOG))
    assert await client.log("qemu-100.log", etag=whole.etag) is None
    host.write_log("qemu-100.log", b"caf\xc3\xa9 \xff")
    again = await client.log("qemu-100.log", etag=whole.etag)
    assert again
    assert again.text == "café \ufffd"


async def test_a_long_log_is_read_whole(client: LogAgentClient, host: Host) -> None:
    content = LOG.encode() * 50_000
    host.write_log("qemu-200.log", content)
    whole = await client.log("qemu-200.log")
    assert whole
    assert whole.content == content


async def test_a_log_that_is_not_there_is_said_to_be_missing(client: LogAgentClient) -> None:
    for name in ("qemu-999.log", "../../../etc/passwd", "", "a/b", "ä?#%.log"):
        with pytest.raises(ApiError) as missing:
            await client.log(name)
        assert missing.value.status == 404


async def test_changes_come_as_they_happen(client: LogAgentClient, host: Host) -> None:
    first = await client.changes()
    assert first.complete
    assert [log.name for log in first.logs] == ["qemu-100.log"]
    assert {job.job_id for job in first.jobs} == {"nightly", "weekly"}
    waiting = asyncio.create_task(client.changes(first.cursor, wait=30))
    await asyncio.sleep(0.3)
    host.write_job("nightly", {"state": "started", "upid": UPID})
    begin = time.monotonic()
    change = await waiting
    assert time.monotonic() - begin < 1
    assert (change.complete, [job.state for job in change.jobs], change.logs) == (False, ["started"], ())
    (host.logs / "qemu-100.log").unlink()
    (host.jobs / "vzdump-weekly.json").unlink()
    gone = await client.changes(change.cursor, wait=30)
    assert (gone.removed_logs, gone.removed_jobs) == (("qemu-100.log",), ("weekly",))
    nothing = await client.changes(gone.cursor, wait=0.5)
    assert not nothing
    assert nothing.cursor == gone.cursor


def test_changes_are_news_when_there_is_any() -> None:
    nothing = Changes(cursor="", complete=False, logs=(), jobs=(), removed_logs=(), removed_jobs=())
    assert not nothing
    assert replace(nothing, complete=True)
    assert replace(nothing, removed_jobs=("nightly",))


async def test_reading_goes_on_while_one_waits_for_changes(client: LogAgentClient, host: Host) -> None:
    for number in range(40):
        host.write_log(f"lxc-{number + 100}.log", LOG)
    cursor = (await client.changes()).cursor
    waiting = asyncio.create_task(client.changes(cursor, wait=30))
    logs = await asyncio.gather(*(client.log(f"lxc-{number + 100}.log") for number in range(40)))
    assert {log.text for log in logs if log} == {LOG}
    host.write_log("qemu-100.log", "")
    assert await waiting


async def test_a_wrong_token_is_named(session: aiohttp.ClientSession, code: PairingCode) -> None:
    with pytest.raises(AuthenticationError):
        await LogAgentClient(session, replace(code, token="x" * 43)).status()


async def test_another_certificate_is_refused_and_shown(session: aiohttp.ClientSession, code: PairingCode) -> None:
    with pytest.raises(CertificateChangedError) as changed:
        await LogAgentClient(session, replace(code, fingerprint=PIN)).status()
    assert (changed.value.expected, changed.value.fingerprint) == (PIN, code.fingerprint)


async def test_without_a_fingerprint_the_system_judges(session: aiohttp.ClientSession, code: PairingCode) -> None:
    with pytest.raises(CertificateUntrustedError):
        await LogAgentClient(session, replace(code, fingerprint=None)).status()


async def test_the_token_is_not_sent_to_another_certificate(
    session: aiohttp.ClientSession, agent: Agent, code: PairingCode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "proxmox_backup_log_agent")
    for pin in (PIN, None):
        with pytest.raises((CertificateChangedError, CertificateUntrustedError)):
            await LogAgentClient(session, replace(code, fingerprint=pin)).logs()
    assert "GET" not in caplog.text


async def test_an_agent_that_is_down_cannot_be_reached(session: aiohttp.ClientSession, code: PairingCode) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(CannotConnectError):
            await LogAgentClient(session, replace(code, url=url)).status()


async def test_an_agent_that_stops_meanwhile_cannot_be_reached(
    session: aiohttp.ClientSession, host: Host, certificates: Path
) -> None:
    async with running_agent(host.root, certificates) as agent:
        client = LogAgentClient(session, PairingCode.from_parts(agent.url, TOKEN, agent.fingerprint))
        cursor = (await client.changes()).cursor
        waiting = asyncio.create_task(client.changes(cursor, wait=60))
        await asyncio.sleep(0.3)
    with pytest.raises(CannotConnectError):
        await asyncio.wait_for(waiting, 10)


async def test_a_folder_that_cannot_be_read_is_an_error_with_its_reason(client: LogAgentClient, host: Host) -> None:
    host.logs.rename(host.root / "elsewhere")
    host.logs.symlink_to(host.root / "elsewhere")
    assert (await client.status()).logs == "unreadable"
    with pytest.raises(ApiError, match="/var/log/vzdump"):
        await client.logs()


type Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def impostor(
    session: aiohttp.ClientSession, certificates: Path, respond: Respond, **arguments: Any
) -> AsyncIterator[LogAgentClient]:
    """Serve something else under the agent's certificate, and give a client of it."""
    app = web.Application()
    app.router.add_get("/{path:.*}", respond)
    runner = web.AppRunner(app)
    await runner.setup()
    context = server_context(certificates / CERTIFICATE_FILE, certificates / KEY_FILE)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        pairing = PairingCode.from_parts(url, TOKEN, fingerprint(certificates / CERTIFICATE_FILE))
        yield LogAgentClient(session, pairing, **arguments)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "answer",
    ["", "<html>", "[]", "{}", '{"jobs": 5, "logs": 5}', '{"jobs": [1], "logs": [1]}', '{"jobs": [{}], "logs": [{}]}',
     '{"version":"1","api":1,"node":"n","time":"now","time_zone":"UTC","boot_time":1,"logs":"readable","jobs":"readable"}',
     '{"version":"1","api":1,"node":"n","time":1e999,"time_zone":"UTC","boot_time":1,"logs":"readable","jobs":"readable"}',
     '{"version":"1","api":1,"node":"n","time":1e15,"time_zone":"UTC","boot_time":1,"logs":"readable","jobs":"readable"}',
     '{"version":"1","api":1,"node":"n","time":1,"time_zone":"UTC","boot_time":1,"logs":"burnt","jobs":"readable",'
     '"cursor":"c","removed_logs":[1],"removed_jobs":[]}',
     "[" * 100_000],
)  # fmt: skip
async def test_what_is_no_log_agent_is_said_to_be_none(
    session: aiohttp.ClientSession, certificates: Path, answer: str
) -> None:
    async def respond(request: web.Request) -> web.Response:
        return web.Response(text=answer, content_type="application/json", headers={"ETag": '"1"'})

    async with impostor(session, certificates, respond) as client:
        for ask in (client.status, client.changes):
            with pytest.raises(UnexpectedAnswerError):
                await ask()
        if answer != "{}" and '"version"' not in answer:
            for listing in (client.jobs, client.logs):
                with pytest.raises(UnexpectedAnswerError):
                    await listing()
        with pytest.raises(UnexpectedAnswerError):
            await client.log("qemu-100.log")


async def test_null_in_place_of_a_list_is_no_empty_list(session: aiohttp.ClientSession, certificates: Path) -> None:
    async def respond(request: web.Request) -> web.Response:
        return web.json_response({"jobs": None, "logs": None, "cursor": "c", "removed_logs": [], "removed_jobs": []})

    async with impostor(session, certificates, respond) as client:
        for ask in (client.jobs, client.logs, client.changes):
            with pytest.raises(UnexpectedAnswerError):
                await ask()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
async def test_an_answer_without_an_end_is_left_at_the_limit(
    session: aiohttp.ClientSession, certificates: Path, packed: bool
) -> None:
    """Of a log as of a listing; the client asks for nothing packed."""
    asked: list[str] = []

    async def respond(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["Accept-Encoding"])
        response = web.StreamResponse(headers={"Log-Offset": "0", "Log-Size": "1"})
        if packed:
            response.enable_compression(web.ContentCoding.gzip)
            response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)
        with suppress(ConnectionError):
            for _ in range(500):
                await response.write(b" " * 1024 * 1024)
        return response

    async with impostor(session, certificates, respond) as client:
        for ask in (client.log("qemu-100.log"), client.jobs(), client.status(), client.changes()):
            tracemalloc.start()
            try:
                with pytest.raises(UnexpectedAnswerError, match="larger than 32 MiB"):
                    await ask
                assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST_ANSWER
            finally:
                tracemalloc.stop()
    assert set(asked) == {"identity"}


async def test_an_answer_that_comes_byte_by_byte_is_given_up(
    session: aiohttp.ClientSession, certificates: Path
) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.05)
        return response

    async with impostor(session, certificates, respond, longest=0.5) as client:
        for ask in (client.log("qemu-100.log"), client.status()):
            with pytest.raises(CannotConnectError, match="did not answer in time"):
                await ask


@pytest.mark.parametrize("body", ["[" * 60_000, '{"error": "no\\n\\ud83d luck"}'])
async def test_an_error_is_named_whatever_its_body(
    session: aiohttp.ClientSession, certificates: Path, body: str
) -> None:
    async def respond(request: web.Request) -> web.Response:
        return web.Response(status=503, text=body)

    async with impostor(session, certificates, respond) as client:
        with pytest.raises(ApiError) as caught:
            await client.jobs()
    assert caught.value.status == 503
    assert caught.value.message in {"Service Unavailable", "no \ufffd luck"}


async def test_no_half_character_gets_into_a_job(session: aiohttp.ClientSession, certificates: Path) -> None:
    async def respond(request: web.Request) -> web.Response:
        text = r'{"jobs": [{"id": "a\ud83d", "state": "stopped", "message": "x\ud83d", "modified": 1}]}'
        return web.Response(text=text, content_type="application/json")

    async with impostor(session, certificates, respond) as client:
        [job] = await client.jobs()
    assert (job.job_id, job.message) == ("a\ufffd", "x\ufffd")


async def test_states_that_the_agent_may_not_read_are_named(session: aiohttp.ClientSession, certificates: Path) -> None:
    async def respond(request: web.Request) -> web.Response:
        unreadable = [{"id": "weekly", "error": "Permission denied"}, {"id": "monthly"}]
        return web.json_response({"jobs": [{"id": "nightly", "modified": 1}], "unreadable_jobs": unreadable})

    async with impostor(session, certificates, respond) as client:
        assert client.unreadable_jobs == {}
        [job] = await client.jobs()
        assert job.job_id == "nightly"
        assert client.unreadable_jobs == {"weekly": "Permission denied", "monthly": ""}


async def test_an_agent_of_0_1_0_says_nothing_of_states_that_it_may_not_read(
    session: aiohttp.ClientSession, certificates: Path
) -> None:
    async def respond(request: web.Request) -> web.Response:
        return web.json_response({"jobs": []})

    async with impostor(session, certificates, respond) as client:
        assert await client.jobs() == ()
        assert client.unreadable_jobs == {}


async def test_too_many_connections_from_one_address_are_told_from_other_refusals(
    session: aiohttp.ClientSession, certificates: Path
) -> None:
    async def respond(request: web.Request) -> web.Response:
        return web.json_response({"error": "Too many connections from this address"}, status=429)

    async with impostor(session, certificates, respond) as client:
        with pytest.raises(TooManyConnectionsError, match="Too many connections"):
            await client.jobs()


@pytest.mark.parametrize("moment", [-(10**12), 253402300799, 1e15, 1e300, True, "1"])
async def test_a_moment_that_no_calendar_has_is_named(
    session: aiohttp.ClientSession, certificates: Path, moment: object
) -> None:
    async def respond(request: web.Request) -> web.Response:
        return web.json_response({"jobs": [{"id": "a", "modified": 1, "updated": moment}], "logs": []})

    async with impostor(session, certificates, respond) as client:
        with pytest.raises(UnexpectedAnswerError, match="field 'updated'"):
            await client.jobs()
