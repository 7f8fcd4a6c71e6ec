"""Logs that change while they are read, and logs of any size."""

import asyncio
from collections.abc import AsyncIterator
import gzip
import logging
import os
from pathlib import Path
import subprocess
import sys

import aiohttp
import pytest

from proxmox_backup_log_agent.tokens import token_hash

from .host import TOKEN, Agent, Host

LINE = b"2026-11-23 21:00:06 INFO:  12% (3.9 GiB of 32.0 GiB) in 36s, read: 110.2 MiB/s, write: 98.1 MiB/s\n"
BIG = 24 * 1024 * 1024


async def begin_to_read(agent: Agent, name: str, accept: str = "identity") -> aiohttp.ClientResponse:
    """Ask for a log and read its first piece, so that the agent waits for us in the middle of it."""
    response = await agent.session.get(f"{agent.url}/v1/logs/{name}", headers={"Accept-Encoding": accept})
    assert response.status == 200
    return response


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged with a traceback, at a level that the journal gets."""
    return [record.getMessage() for record in caplog.records if record.exc_info and record.levelno >= logging.INFO]


@pytest.fixture
def big(host: Host) -> bytes:
    """A log that does not fit into any buffer on the way."""
    content = b"2026-11-23 21:00:03 INFO: Starting Backup of VM 200 (qemu)\n" + LINE * (BIG // len(LINE))
    host.write_log("qemu-200.log", content)
    return content


@pytest.mark.parametrize("accept", ["identity", "gzip"])
async def test_what_is_appended_meanwhile_is_left_for_the_next_time(
    agent: Agent, host: Host, big: bytes, accept: str
) -> None:
    async with await begin_to_read(agent, "qemu-200.log", accept) as response:
        with (host.logs / "qemu-200.log").open("ab") as log:
            log.write(b"appended\n" * 1000)
        body = await response.read()
    assert (gzip.decompress(body) if accept == "gzip" else body) == big
    assert response.headers["Log-Size"] == str(len(big))


@pytest.mark.parametrize("new", [b"", b"2026-11-24 21:00:03 INFO: Starting Backup of VM 200 (qemu)\n", None])
async def test_a_log_that_the_next_run_empties_is_never_given_as_whole(
    agent: Agent, host: Host, big: bytes, new: bytes | None
) -> None:
    async with await begin_to_read(agent, "qemu-200.log") as response:
        # The last case: the new run's log has grown beyond the old one's size already.
        host.write_log("qemu-200.log", b"2026-11-24" + big[10:] + LINE * 1000 if new is None else new)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_log_that_is_cut_is_never_given_as_whole(agent: Agent, host: Host, big: bytes) -> None:
    async with await begin_to_read(agent, "qemu-200.log") as response:
        os.truncate(host.logs / "qemu-200.log", BIG - 1000)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_packed_log_that_the_next_run_empties_has_no_end(agent: Agent, host: Host) -> None:
    host.write_log("qemu-200.log", b"2026-11-23\n" + os.urandom(BIG))  # random, so that it stays big when packed
    async with await begin_to_read(agent, "qemu-200.log", "gzip") as response:
        host.write_log("qemu-200.log", b"2026-11-24\n")
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_log_that_is_moved_away_is_read_to_its_end(agent: Agent, host: Host, big: bytes) -> None:
    async with await begin_to_read(agent, "qemu-200.log") as response:
        (host.logs / "qemu-200.log").rename(host.logs / "qemu-200.log.1")
        host.write_log("qemu-200.log", b"new\n")
        assert await response.read() == big
    assert (await agent.get("/v1/logs/qemu-200.log"))[2] == b"new\n"


async def test_a_log_is_closed_when_the_client_goes(agent: Agent, host: Host, big: bytes) -> None:
    def is_open() -> bool:
        paths = [Path(f"/proc/self/fd/{fd.name}") for fd in Path("/proc/self/fd").iterdir()]
        return any(path.exists() and path.resolve() == (host.logs / "qemu-200.log").resolve() for path in paths)

    response = await begin_to_read(agent, "qemu-200.log")
    assert is_open()
    response.close()
    for _ in range(50):
        if not is_open():
            return
        await asyncio.sleep(0.1)
    pytest.fail("the log is still open")


@pytest.fixture
async def process(host: Host, certificates: Path, tmp_path: Path, real_network: None) -> AsyncIterator[tuple[int, str]]:
    """The agent as a process of its own, for its memory: process id and address."""
    state = tmp_path / "state"
    state.mkdir()
    for name in ("certificate.pem", "key.pem"):
        (state / name).write_bytes((certificates / name).read_bytes())
    (state / "token.sha256").write_text(token_hash(TOKEN))
    command = [sys.executable, "-m", "proxmox_backup_log_agent", "serve", "--root", str(host.root)]
    command += ["--listen", "127.0.0.1:0", "--state-dir", str(state), "--config", "/dev/null"]
    folder = Path(__file__).parents[2] / "log_agent"
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        line = running.stderr.readline()
        try:
            yield running.pid, line.removeprefix("Listening on ").strip()
        finally:
            running.terminate()


def resident(pid: int) -> int:
    """Return the largest resident memory of a process so far, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.mark.parametrize("accept", ["identity", "gzip"])
async def test_a_log_of_any_size_takes_the_same_memory(
    process: tuple[int, str], host: Host, certificates: Path, accept: str
) -> None:
    pid, url = process
    with (host.logs / "qemu-300.log").open("wb") as log:
        for _ in range(80):
            log.write(LINE * (1024 * 1024 // len(LINE)))
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": accept}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False), auto_decompress=False) as session:

        async def read(name: str) -> None:
            async with session.get(f"{url}/v1/logs/{name}", headers=headers) as response:
                assert response.status == 200
                async for _ in response.content.iter_chunked(65536):
                    await asyncio.sleep(0)

        await read("qemu-100.log")
        before = resident(pid)
        await asyncio.gather(*(read("qemu-300.log") for _ in range(3)))
    assert resident(pid) - before < 8 * 1024 * 1024


async def test_a_client_that_leaves_in_the_middle_is_no_error(
    agent: Agent, big: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    ask = f"GET /v1/logs/qemu-200.log HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n"
    for accept in ("", "Accept-Encoding: gzip\r\n"):
        for pieces in range(12):
            reader, writer = await agent.connect()
            writer.write(f"{ask}{accept}\r\n".encode())
            for _ in range(pieces % 6):
                await reader.read(65536)
            writer.close()
    await asyncio.sleep(0.5)
    assert tracebacks(caplog) == []


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file whose reading fails")
async def test_a_log_that_cannot_be_read_on_ends_in_a_broken_connection(
    agent: Agent, host: Host, big: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with await begin_to_read(agent, "qemu-200.log") as response:
        # What a disk that fails looks like: the open file's place is taken by one that cannot be read there.
        for descriptor in Path("/proc/self/fd").iterdir():
            if descriptor.exists() and descriptor.readlink() == host.logs / "qemu-200.log":
                with Path("/proc/self/mem").open("rb") as unreadable:
                    os.dup2(unreadable.fileno(), int(descriptor.name))
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert tracebacks(caplog) == []
