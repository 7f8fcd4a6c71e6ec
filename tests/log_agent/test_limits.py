"""What one client may take."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
import socket
import ssl
import time

import pytest

from proxmox_backup_log_agent.limited_protocol import Limits

from .host import TOKEN, Agent, Host, running_agent

STATUS = f"GET /v1/status HTTP/1.1\r\nHost: pve1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
QUICK = Limits(handshake_seconds=0.5, head_seconds=0.5, stall_seconds=0.5)


@pytest.fixture
async def quick(host: Host, certificates: Path, real_network: None) -> AsyncIterator[Agent]:
    """An agent with little patience."""
    async with running_agent(host.root, certificates, QUICK) as agent:
        yield agent


async def seconds_until_closed(reader: asyncio.StreamReader) -> float:
    """Wait for the agent to end a connection."""
    begin = time.monotonic()
    with suppress(ConnectionResetError, ssl.SSLError):
        await asyncio.wait_for(reader.read(), 10)
    return time.monotonic() - begin


def test_real_limits_are_a_handful_of_connections_and_seconds() -> None:
    limits = Limits()
    assert (limits.connections_per_client, limits.connections) == (6, 32)
    assert (limits.handshake_seconds, limits.head_seconds, limits.stall_seconds) == (5, 10, 20)


async def test_who_never_speaks_tls_is_cut_off(quick: Agent) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", quick.port)
    assert 0.3 < await seconds_until_closed(reader) < 3
    writer.close()


async def test_who_never_asks_is_cut_off(quick: Agent) -> None:
    reader, writer = await quick.connect()
    assert 0.3 < await seconds_until_closed(reader) < 3
    writer.close()


async def test_who_never_ends_the_request_is_cut_off(quick: Agent) -> None:
    reader, writer = await quick.connect()

    async def drip() -> None:
        for byte in STATUS[:-2]:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert 0.3 < await seconds_until_closed(reader) < 3
    dripping.cancel()
    writer.close()


async def test_who_never_ends_the_second_request_is_cut_off_too(quick: Agent) -> None:
    reader, writer = await quick.connect()
    writer.write(STATUS)
    assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"}")
    await asyncio.sleep(1)  # being idle between two requests is allowed for longer
    writer.write(STATUS[:40])
    assert 0.3 < await seconds_until_closed(reader) < 3
    writer.close()


async def test_who_waits_for_changes_is_not_cut_off(quick: Agent) -> None:
    cursor = (await quick.json("/v1/changes"))["cursor"]
    assert await quick.json(f"/v1/changes?after={cursor}&wait=2")


async def test_who_takes_nothing_is_cut_off_and_the_log_closed(quick: Agent, host: Host) -> None:
    host.write_log("qemu-200.log", b"x" * 64 * 1024 * 1024)
    trust = ssl.create_default_context(cafile=quick.certificate)
    trust.check_hostname = False

    def take_nothing() -> int:
        with socket.create_connection(("127.0.0.1", quick.port)) as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            with trust.wrap_socket(plain) as connection:
                connection.sendall(STATUS.replace(b"status", b"logs/qemu-200.log"))
                time.sleep(3)
                received = 0
                with suppress(ConnectionResetError, ssl.SSLError):
                    while piece := connection.recv(65536):
                        received += len(piece)
                return received

    assert await asyncio.to_thread(take_nothing) < 32 * 1024 * 1024
    assert (await quick.get("/v1/status"))[0] == 200


async def test_a_slow_client_that_takes_something_gets_everything(quick: Agent, host: Host) -> None:
    content = b"x" * 16 * 1024 * 1024
    host.write_log("qemu-200.log", content)
    async with quick.session.get(f"{quick.url}/v1/logs/qemu-200.log") as response:
        received = 0
        async for piece in response.content.iter_chunked(1024 * 1024):
            received += len(piece)
            await asyncio.sleep(0.1)
    assert received == len(content)


@pytest.mark.parametrize(
    "head",
    [
        b"X: " + b"x" * 9000,
        b"\r\n".join(b"X%d: %s" % (number, b"x" * 4000) for number in range(12)),
        b"\r\n".join(b"X%d: x" % number for number in range(5000)),
    ],
)
async def test_a_huge_head_is_refused(agent: Agent, head: bytes) -> None:
    assert b" 431 " in await agent.raw(STATUS[:-2] + head + b"\r\n\r\n")
    assert b" 431 " in await agent.raw(
        b"GET /" + head.replace(b"\r\n", b"").replace(b" ", b"")[:9000] + b" HTTP/1.1\r\n\r\n"
    )


async def test_a_body_is_not_read(agent: Agent) -> None:
    request = STATUS.replace(b"\r\n\r\n", b"\r\nContent-Length: 1000000000\r\n\r\n")
    begin = time.monotonic()
    _, writer = await agent.connect()
    writer.write(request)
    with pytest.raises((ConnectionError, ssl.SSLError)):  # noqa: PT012 (the agent breaks the connection at any of them)
        for _ in range(2000):
            writer.write(b"x" * 65536)
            await writer.drain()
    assert time.monotonic() - begin < 5
    writer.close()


async def test_who_sends_on_without_waiting_is_cut_off(agent: Agent) -> None:
    cursor = (await agent.json("/v1/changes"))["cursor"]
    waiting = STATUS.replace(b"/status", f"/changes?after={cursor}&wait=30".encode())
    reader, writer = await agent.connect()
    writer.write(waiting)
    await asyncio.sleep(0.3)
    writer.write(STATUS * 200)
    assert await seconds_until_closed(reader) < 5
    writer.close()


async def test_requests_one_after_the_other_share_a_connection(agent: Agent) -> None:
    reader, writer = await agent.connect()
    for _ in range(200):
        writer.write(STATUS)
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"}")
    writer.close()


type Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask(connection: Connection) -> bytes:
    """Ask with the token; return the head of the answer, nothing where the connection was ended."""
    reader, writer = connection
    try:
        writer.write(STATUS)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        await reader.readuntil(b"}")
    except asyncio.IncompleteReadError, ConnectionError:
        return b""
    return head


async def test_a_client_has_six_connections_with_the_token_and_gets_places_back(agent: Agent) -> None:
    connections = [await agent.connect() for _ in range(6)]
    for connection in connections:
        assert b" 200 " in await ask(connection)
    seventh = await agent.connect()
    assert b" 429 " in await ask(seventh)
    assert await seconds_until_closed(seventh[0]) < 1
    connections.pop()[1].close()
    await asyncio.sleep(0.3)
    connections.append(await agent.connect())
    for connection in connections:
        assert b" 200 " in await ask(connection)
        connection[1].close()


async def test_all_clients_together_have_a_limit(host: Host, certificates: Path, real_network: None) -> None:
    limits = Limits(connections=2)
    async with running_agent(host.root, certificates, limits) as agent:
        connections = [await agent.connect() for _ in range(2)]
        for connection in connections:
            assert b" 200 " in await ask(connection)
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await agent.connect()
        for connection in connections:
            assert b" 200 " in await ask(connection)
            connection[1].close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_tls_is_refused(agent: Agent, version: ssl.TLSVersion) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = version
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", agent.port, ssl=old)


async def test_plain_http_gets_nothing(agent: Agent) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", agent.port)
    writer.write(STATUS)
    assert b"HTTP" not in await asyncio.wait_for(reader.read(), 10)
    writer.close()


async def soon(condition: Callable[[], bool]) -> None:
    """Wait until something is so, which must not take long."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


async def test_nobody_works_for_a_client_that_has_gone(host: Host, certificates: Path, real_network: None) -> None:
    def working() -> int:
        return sum("_handle_request" in repr(task) for task in asyncio.all_tasks())

    async with running_agent(host.root, certificates, first_refusal=30) as agent:
        cursor = (await agent.json("/v1/changes"))["cursor"]
        before = working()
        waiting = STATUS.replace(b"/status", f"/changes?after={cursor}&wait=30".encode())
        for request in (waiting, STATUS.replace(TOKEN.encode(), b"wrong")):
            _, writer = await agent.connect()
            writer.write(request)
            await soon(lambda: working() > before)
            writer.close()
            await soon(lambda: working() == before)


async def test_stopping_does_not_wait_for_who_waits(host: Host, certificates: Path, real_network: None) -> None:
    async with running_agent(host.root, certificates) as agent:
        cursor = (await agent.json("/v1/changes"))["cursor"]
        waiting = asyncio.create_task(agent.get(f"/v1/changes?after={cursor}&wait=60"))
        await asyncio.sleep(0.3)
        begin = time.monotonic()
    assert time.monotonic() - begin < 4
    await asyncio.gather(waiting, return_exceptions=True)
