"""An answer of any size and shape does no harm: it is read up to a limit, and what cannot be read is named."""

import asyncio
import gzip
import json
import tracemalloc
from typing import Any

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.answer import LARGEST_ANSWER, parse_object
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.connection import Connection
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    CannotConnectError,
    NodeUnreachableError,
    PermissionDeniedError,
    ServiceDownError,
    UnexpectedAnswerError,
)
from simulator import SimulatedCluster

from .test_connection import connect, serve

MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"


def sends(head: bytes, *pieces: bytes, times: int = 1) -> Any:
    """Return a server that sends a head and then its pieces over and over."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            writer.write(head + b"\r\n")
            for _ in range(times):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
            writer.close()
        except ConnectionError:
            pass

    return talk


async def test_an_endless_answer_is_left_at_the_limit(session: aiohttp.ClientSession, pve: SimulatedCluster) -> None:
    async with serve(pve, sends(HEAD, b'{"data": "', b" " * MIB, times=500)) as port:
        tracemalloc.start()
        try:
            with pytest.raises(UnexpectedAnswerError, match="/version: the answer is larger than 32 MiB"):
                await connect(session, pve, port=port).get("/version")
            assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST_ANSWER
        finally:
            tracemalloc.stop()


async def test_an_answer_that_grows_when_it_is_unpacked_is_left_at_the_limit(
    session: aiohttp.ClientSession, pve: SimulatedCluster
) -> None:
    """A megabyte of gzip that holds a gigabyte of blanks."""
    packed = gzip.compress(b" " * 256 * MIB, compresslevel=9) * 4
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(packed)
    async with serve(pve, sends(head, packed)) as port:
        tracemalloc.start()
        try:
            with pytest.raises((UnexpectedAnswerError, CannotConnectError)):
                await connect(session, pve, port=port).get("/version")
            assert tracemalloc.get_traced_memory()[1] < 3 * LARGEST_ANSWER
        finally:
            tracemalloc.stop()


async def test_an_answer_of_ten_megabytes_is_read(session: aiohttp.ClientSession, pve: SimulatedCluster) -> None:
    body = json.dumps({"data": "x" * 10 * MIB}).encode()
    async with serve(pve, sends(HEAD + b"Content-Length: %d\r\n" % len(body), body)) as port:
        data = await connect(session, pve, port=port).get("/version")
    assert data == "x" * 10 * MIB


@pytest.mark.parametrize("opened", ["[", '{"a":'])
async def test_an_answer_that_is_nested_too_deep_is_named(
    connection: Connection, pve: SimulatedCluster, opened: str
) -> None:
    pve.faults.broken["/version"] = '{"data": ' + opened * 100_000
    with pytest.raises(UnexpectedAnswerError, match="/version"):
        await connection.get("/version")


async def test_an_error_with_a_deep_body_is_still_that_error(
    session: aiohttp.ClientSession, pve: SimulatedCluster
) -> None:
    head = b"HTTP/1.1 403 Permission check failed (/, Sys.Audit)\r\nConnection: close\r\n"
    async with serve(pve, sends(head, b"[" * 100_000)) as port:
        with pytest.raises(PermissionDeniedError) as caught:
            await connect(session, pve, port=port).get("/cluster/backup")
    assert caught.value.privileges == ("Sys.Audit",)


async def test_a_number_with_thousands_of_digits_is_no_answer(connection: Connection, pve: SimulatedCluster) -> None:
    pve.faults.broken["/version"] = '{"data": ' + "9" * 5000 + "}"
    with pytest.raises(UnexpectedAnswerError):
        await connection.get("/version")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"web \ud83d", "web \ufffd"),
        (r"\uDE00\uD83D", "\ufffd\ufffd"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"a\\ud83d", r"a\ud83d"),
        ("plain", "plain"),
    ],
)
def test_half_characters_are_replaced_wherever_they_stand(text: str, read: str) -> None:
    body = f'{{"{text}": "{text}", "list": ["{text}", {{"deep": "{text}"}}], "number": 7}}'.encode()
    assert parse_object(body) == {read: read, "list": [read, {"deep": read}], "number": 7}


async def test_no_half_character_gets_into_a_name_or_an_error(client: ProxmoxClient, pve: SimulatedCluster) -> None:
    row = r'{"id": "qemu/100", "vmid": 100, "type": "qemu", "node": "pve1", "name": "web \ud83d", "tags": "a\ud83d"}'
    pve.faults.broken["/cluster/resources"] = f'{{"data": [{row}]}}'
    [guest] = (await client.resources()).guests
    assert (guest.name, guest.tags) == ("web \ufffd", ("a\ufffd",))


async def test_a_reason_that_is_no_text_becomes_one(session: aiohttp.ClientSession, pve: SimulatedCluster) -> None:
    head = b"HTTP/1.1 500 no \xff luck\r\nConnection: close\r\nContent-Type: application/json\r\n"
    async with serve(pve, sends(head, b'{"data": null}')) as port:
        with pytest.raises(ApiError) as caught:
            await connect(session, pve, port=port).get("/cluster/backup")
    assert caught.value.message.encode("utf-8").decode() == "no \ufffd luck"


async def test_an_error_is_told_on_one_line(session: aiohttp.ClientSession, pve: SimulatedCluster) -> None:
    head = b"HTTP/1.1 500 see body\r\nConnection: close\r\nContent-Type: application/json\r\n"
    async with serve(
        pve, sends(head, rb'{"message": "pool \u0027x\u0027\n2026-01-01 ERROR (forged) line\r\u2028 two\n"}')
    ) as port:
        with pytest.raises(ApiError) as caught:
            await connect(session, pve, port=port).get("/cluster/backup")
    assert str(caught.value).splitlines() == ["pool 'x' 2026-01-01 ERROR (forged) line  two (HTTP 500)"]


PMXCFS = b"HTTP/1.1 500 RPCEnvironment init request failed: Unable to load access control list: Connection refused\r\n"


@pytest.mark.parametrize(
    "path", ["/version", "/access/permissions", "/cluster/status", "/cluster/resources", "/storage"]
)
async def test_a_host_whose_cluster_filesystem_is_down_cannot_be_reached(
    session: aiohttp.ClientSession, pve: SimulatedCluster, path: str
) -> None:
    """Every path answers 500 with an empty body then."""
    async with serve(pve, sends(PMXCFS + b"Content-Length: 0\r\n")) as port:
        with pytest.raises(ServiceDownError, match="Unable to load access control list") as caught:
            await connect(session, pve, port=port).get(path)
    assert isinstance(caught.value, CannotConnectError)


async def test_a_node_whose_cluster_filesystem_is_down_is_named(
    session: aiohttp.ClientSession, pve: SimulatedCluster
) -> None:
    """The host that was asked passes on what the node answers."""
    async with serve(pve, sends(PMXCFS + b"Content-Length: 0\r\n")) as port:
        with pytest.raises(NodeUnreachableError) as caught:
            await connect(session, pve, port=port).get("/nodes/pve2/tasks")
    assert caught.value.node == "pve2"


@pytest.mark.parametrize("path", ["/cluster/status", "/cluster/backup/nightly/included_volumes"])
async def test_a_host_whose_pvedaemon_is_down_says_so_by_595(
    connection: Connection, pve: SimulatedCluster, path: str
) -> None:
    pve.faults.errors[path] = (595, "Connection refused")
    with pytest.raises(ServiceDownError, match=f"{pve.host}:{pve.port}: Connection refused"):
        await connection.get(path)


async def test_an_error_with_its_text_in_the_body_is_none_of_a_service(
    connection: Connection, pve: SimulatedCluster
) -> None:
    pve.faults.errors["/cluster/backup"] = (500, "pool 'spare' does not exist")
    with pytest.raises(ApiError, match="pool 'spare' does not exist"):
        await connection.get("/cluster/backup")
