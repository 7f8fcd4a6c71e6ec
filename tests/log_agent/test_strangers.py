"""What machines without the token can do to a client that has it, and to the host."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
import gc
import logging
from pathlib import Path
import socket
import ssl

import pytest

from proxmox_backup_log_agent.limited_protocol import LimitedProtocol, Limits
from proxmox_backup_log_agent.server import quiet_loop
from proxmox_backup_log_agent.stranger_log import MOST_LINES, StrangerLog

from .host import TOKEN, Agent, Host, running_agent

OURS = "127.0.0.1"
ANY_CERTIFICATE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE
OTHERS = [f"127.0.1.{number}" for number in range(1, 9)]


def request(token: str) -> bytes:
    """Return a request with a token, after which the connection ends."""
    return f"GET /v1/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def talk(agent: Agent, address: str, *, token: str | None, tls: bool = True) -> bytes:
    """Come from an address, ask, and stay until the agent ends the connection; return what it said."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", agent.port, ssl=ANY_CERTIFICATE if tls else None, local_addr=(address, 0)
    )
    try:
        if token is not None:
            writer.write(request(token))
        return await reader.read()
    finally:
        writer.close()


async def is_served(agent: Agent) -> bool:
    """Return whether a new connection with the token is answered."""
    try:
        async with asyncio.timeout(3):
            return b" 200 " in await talk(agent, OURS, token=TOKEN)
    except OSError, TimeoutError:
        return False


@asynccontextmanager
async def coming_again_and_again(talks: Sequence[Callable[[], Awaitable[bytes]]]) -> AsyncIterator[None]:
    """Have strangers who come back whenever their connection ends."""

    async def again(talk: Callable[[], Awaitable[bytes]]) -> None:
        while True:
            with suppress(OSError):
                await talk()
            await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(again(talk)) for talk in talks]
    try:
        await asyncio.sleep(0.5)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("addresses", "each", "token", "tls"),
    [
        ([OURS], 6, None, False),
        ([OURS], 6, None, True),
        ([OURS], 6, "wrong", True),
        (OTHERS[:6], 6, None, False),
        (OTHERS[:6], 6, "wrong", True),
        (OTHERS, 8, None, True),
    ],
)
async def test_nobody_without_the_token_keeps_a_client_out(
    host: Host,
    certificates: Path,
    real_network: None,
    addresses: list[str],
    each: int,
    token: str | None,
    tls: bool,
) -> None:
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(running_agent(host.root, certificates, first_refusal=8))
        strangers = [partial(talk, agent, address, token=token, tls=tls) for address in addresses for _ in range(each)]
        await stack.enter_async_context(coming_again_and_again(strangers))
        assert [await is_served(agent) for _ in range(6)] == [True] * 6


async def test_a_wait_for_changes_outlives_a_crowd(agent: Agent, host: Host) -> None:
    cursor = (await agent.json("/v1/changes"))["cursor"]
    waiting = asyncio.create_task(agent.json(f"/v1/changes?after={cursor}&wait=20"))
    await asyncio.sleep(0.3)
    async with coming_again_and_again([lambda: talk(agent, OURS, token=None, tls=False)] * 40):
        host.write_log("qemu-101.log", "more")
        assert [log["name"] for log in (await waiting)["logs"]] == ["qemu-101.log"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("token", "tls", "line"),
    [(None, False, "No TLS with"), (None, True, "Too many connections"), ("wrong", True, "GET /v1/status 401")],
)
async def test_strangers_write_few_lines_and_the_client_all_of_its_own(
    host: Host,
    certificates: Path,
    real_network: None,
    caplog: pytest.LogCaptureFixture,
    token: str | None,
    tls: bool,
    line: str,
) -> None:
    async def come(agent: Agent) -> None:
        if tls:
            talking = asyncio.create_task(talk(agent, OTHERS[0], token=token))
            await asyncio.sleep(0.02)
            if token is not None:
                await talking
            silent.append(talking)
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", agent.port, local_addr=(OTHERS[0], 0))
            writer.write(b"no TLS at all")
            with suppress(ConnectionError):
                await reader.read()
            writer.close()

    caplog.set_level(logging.INFO, "proxmox_backup_log_agent")
    silent: list[asyncio.Task[bytes]] = []
    async with running_agent(host.root, certificates, first_refusal=0.0) as agent:
        for _ in range(60):
            await come(agent)
            await agent.json("/v1/status")
    await asyncio.gather(*silent, return_exceptions=True)
    left_out = [message for message in caplog.messages if "more lines like this were left out" in message]
    assert left_out
    assert sum(line in message for message in caplog.messages if message not in left_out) == MOST_LINES
    assert sum("GET /v1/status 200" in message for message in caplog.messages) == 60


async def test_each_period_has_its_lines_and_ends_with_how_many_were_left_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "strangers")
    log = StrangerLog(logging.getLogger("strangers"), period=0.2)
    for number in range(MOST_LINES + 7):
        log.write("seen %d", number)
    log.write("another kind")
    assert len(caplog.messages) == MOST_LINES + 1
    await asyncio.sleep(0.4)
    assert caplog.messages[-1] == "7 more lines like this were left out: seen %d"
    log.write("seen %d", 0)
    assert caplog.messages[-1] == "seen 0"
    log.finish()
    assert caplog.messages[-1] == "seen 0"


async def test_what_the_loop_complains_of_is_limited_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    strangers = StrangerLog(logging.getLogger("strangers"))
    try:
        quiet_loop(loop, strangers)
        for _ in range(100):
            loop.call_exception_handler({"message": "SSL error", "exception": ConnectionResetError("gone")})
    finally:
        loop.set_exception_handler(before)
    assert len(caplog.messages) == MOST_LINES
    strangers.finish()


async def test_what_a_connection_took_is_free_as_soon_as_it_ends(agent: Agent) -> None:
    def left_over() -> int:
        return sum(isinstance(found, LimitedProtocol) for found in gc.get_objects())

    gc.collect()
    before = left_over()
    gc.disable()
    try:
        for token in (None, "wrong", TOKEN):
            _, writer = await agent.connect()
            if token:
                writer.write(request(token))
                await asyncio.sleep(0.5)
            writer.close()
        _, plain = await asyncio.open_connection("127.0.0.1", agent.port)
        plain.close()
        await asyncio.sleep(1)
        assert left_over() == before
    finally:
        gc.enable()


async def test_nobody_works_for_strangers_who_had_to_go(host: Host, certificates: Path, real_network: None) -> None:
    def working() -> int:
        return sum("_handle_request" in repr(task.get_coro()) for task in asyncio.all_tasks())

    async with running_agent(host.root, certificates, first_refusal=30) as agent:
        crowd = [asyncio.create_task(talk(agent, OTHERS[number % 8], token="wrong")) for number in range(200)]
        async with asyncio.timeout(60):
            while sum(stranger.done() for stranger in crowd) < len(crowd) - Limits().strangers:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        at_work = working()
        for stranger in crowd:
            stranger.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
    assert 0 < at_work <= Limits().strangers


async def test_a_burst_of_strangers_takes_no_more_than_their_places(agent: Agent) -> None:
    def beginning() -> int:
        return sum("_shake_hands" in repr(task.get_coro()) for task in asyncio.all_tasks())

    # All of them come before the agent gets to do anything.
    burst = [socket.create_connection(("127.0.0.1", agent.port), source_address=(OTHERS[n % 8], 0)) for n in range(100)]
    most = 0
    for _ in range(300):
        await asyncio.sleep(0)
        most = max(most, beginning())
    for stranger in burst:
        stranger.close()
    assert 0 < most <= Limits().strangers + 6
