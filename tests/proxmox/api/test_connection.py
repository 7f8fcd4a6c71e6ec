"""What a request gives and how it fails, against a node of a virtual cluster over real TLS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.connection import Connection
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    ApiError,
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    CertificateUntrustedError,
    NoAnswerError,
    NodeUnreachableError,
    PermissionDeniedError,
    UnexpectedAnswerError,
)
from simulator import SimulatedCluster

type Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def connect(session: aiohttp.ClientSession, pve: SimulatedCluster, **changes: Any) -> Connection:
    """Return a connection to the first node that differs from the good one."""
    arguments = {
        "port": pve.port,
        "token_id": pve.token_id,
        "token_secret": pve.token_secret,
        "fingerprint": pve.fingerprint,
        **changes,
    }
    return Connection(session, pve.host, **arguments)


@asynccontextmanager
async def serve(pve: SimulatedCluster, talk: Talk) -> AsyncIterator[int]:
    """Serve something else under the first node's certificate, and give its port."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=pve.certificates["pve1"].context())
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close()
        server.close_clients()


async def test_the_data_of_an_answer_is_returned(connection: Connection) -> None:
    data = await connection.get("/version")
    assert isinstance(data, dict)
    assert data["version"] == "9.2.11"


async def test_parameters_reach_the_host(connection: Connection, pve: SimulatedCluster) -> None:
    await connection.get("/nodes/pve1/tasks", {"typefilter": "vzdump", "limit": 5})
    assert pve.requests[-1].query == {"typefilter": "vzdump", "limit": "5"}
    assert pve.requests[-1].method == "GET"


async def test_a_connection_that_the_host_dropped_meanwhile_is_tried_once_more(
    connection: Connection, pve: SimulatedCluster
) -> None:
    await connection.get("/version")
    pve.faults.drop_reused = 1
    assert await connection.get("/version")
    assert [request.status for request in pve.requests] == [200, 0, 200]


async def test_connections_that_were_all_dropped_meanwhile_do_not_use_up_the_second_try(
    connection: Connection, pve: SimulatedCluster
) -> None:
    pve.faults.delays["/version"] = 0.05
    await asyncio.gather(*(connection.get("/version") for _ in range(3)))
    pve.faults.drop_reused = 3
    assert await connection.get("/version")


async def test_a_host_that_drops_every_connection_is_given_up(
    session: aiohttp.ClientSession, pve: SimulatedCluster
) -> None:
    asked = 0

    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with serve(pve, drop) as port:
        with pytest.raises(CannotConnectError):
            await connect(session, pve, port=port).get("/version")
    assert 2 <= asked <= 4


async def test_no_more_than_three_requests_are_in_flight(connection: Connection, pve: SimulatedCluster) -> None:
    pve.faults.delays["/version"] = 0.05
    await asyncio.gather(*(connection.get("/version") for _ in range(9)))
    assert pve.traffic.most_in_flight == 3
    assert len(pve.requests) == 9


async def test_a_request_that_fails_makes_room_for_the_next(connection: Connection, pve: SimulatedCluster) -> None:
    pve.faults.errors["/version"] = (500, "no")
    results = await asyncio.gather(*(connection.get("/version") for _ in range(4)), return_exceptions=True)
    assert all(isinstance(result, ApiError) for result in results)
    del pve.faults.errors["/version"]
    async with asyncio.timeout(5):
        assert await connection.get("/version")


async def test_a_node_behind_the_host_that_is_down_is_named(connection: Connection, pve: SimulatedCluster) -> None:
    pve.node("pve2").go_offline()
    with pytest.raises(NodeUnreachableError, match="Node pve2 cannot be reached: No route to host") as caught:
        await connection.get("/nodes/pve2/time")
    assert caught.value.node == "pve2"


@pytest.mark.parametrize("status", [595, 596, 599])
async def test_every_59x_of_a_node_means_that_it_is_out_of_reach(
    connection: Connection, pve: SimulatedCluster, status: int
) -> None:
    pve.faults.errors["/nodes/pve3/"] = (status, "Connection timed out")
    with pytest.raises(NodeUnreachableError) as caught:
        await connection.get("/nodes/pve3/time")
    assert (caught.value.node, caught.value.reason) == ("pve3", "Connection timed out")


async def test_a_59x_of_the_cluster_is_an_error_of_the_host(connection: Connection, pve: SimulatedCluster) -> None:
    pve.faults.errors["/cluster/status"] = (596, "Connection timed out")
    with pytest.raises(ApiError, match="Connection timed out"):
        await connection.get("/cluster/status")


async def test_a_wrong_secret_is_refused(session: aiohttp.ClientSession, pve: SimulatedCluster) -> None:
    with pytest.raises(AuthenticationError, match="Authentication failed!"):
        await connect(session, pve, token_secret="wrong").get("/version")


async def test_a_token_never_stands_in_an_error(session: aiohttp.ClientSession, pve: SimulatedCluster) -> None:
    with pytest.raises(AuthenticationError) as caught:
        await connect(session, pve, token_secret="s3cret-of-mine").get("/version")
    assert "s3cret-of-mine" not in str(caught.value)


@pytest.mark.parametrize("version", ["7.4-20", "8.3.3", "8.4.1", "9.2.11"])
async def test_a_missing_privilege_is_named_with_its_path_in_every_version(
    connection: Connection, pve: SimulatedCluster, version: str
) -> None:
    """Before 8.4 the text stands in the reason phrase only."""
    pve.version = version
    pve.limit_token({})
    with pytest.raises(PermissionDeniedError) as caught:
        await connection.get("/nodes/pve1/storage/nas/content")
    assert caught.value.path == "/storage/nas"
    assert caught.value.privileges == ("Datastore.Audit", "Datastore.AllocateSpace")


async def test_a_refusal_in_other_words_is_still_a_refusal(connection: Connection, pve: SimulatedCluster) -> None:
    pve.faults.errors["/version"] = (403, "user name mismatch")
    with pytest.raises(PermissionDeniedError, match="user name mismatch") as caught:
        await connection.get("/version")
    assert (caught.value.path, caught.value.privileges) == (None, ())


@pytest.mark.parametrize("version", ["7.4-20", "8.3.3", "8.4.1", "9.2.11"])
async def test_an_error_tells_the_parameter_in_every_version(
    connection: Connection, pve: SimulatedCluster, version: str
) -> None:
    pve.version = version
    with pytest.raises(ApiError) as caught:
        await connection.get("/cluster/backup/no-such-job")
    assert caught.value.status == 400
    assert caught.value.errors == {"id": "No such job 'no-such-job'"}
    assert "No such job 'no-such-job'" in str(caught.value)
    assert "Parameter verification failed." in str(caught.value)


@pytest.mark.parametrize(
    "body", ["", "{", "null", "[]", '"data"', '{"datum": 1}', "<html>Welcome</html>", '{"data": "cut'], ids=repr
)
async def test_what_is_no_answer_of_proxmox_is_said_to_be_none(
    connection: Connection, pve: SimulatedCluster, body: str
) -> None:
    pve.faults.broken["/version"] = body
    with pytest.raises(UnexpectedAnswerError, match="/version"):
        await connection.get("/version")


async def test_no_data_is_an_answer_too(connection: Connection, pve: SimulatedCluster) -> None:
    pve.faults.broken["/cluster/backup"] = '{"data": null}'
    assert await connection.get("/cluster/backup") is None


async def test_a_host_that_does_not_answer_in_time_is_given_up(
    session: aiohttp.ClientSession, pve: SimulatedCluster
) -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with serve(pve, wait) as port:
        slow = connect(session, pve, port=port, timeout=aiohttp.ClientTimeout(total=0.3))
        with pytest.raises(NoAnswerError, match="did not answer in time"):
            await slow.get("/version")


async def test_a_host_that_refuses_connections_cannot_be_reached(connection: Connection, pve: SimulatedCluster) -> None:
    pve.node("pve1").go_offline()
    with pytest.raises(CannotConnectError):
        await connection.get("/version")
    assert not pve.requests


async def test_another_certificate_than_the_pinned_one_is_refused_before_the_token_is_sent(
    session: aiohttp.ClientSession, pve: SimulatedCluster
) -> None:
    wrong = ":".join(["AB"] * 32)
    with pytest.raises(CertificateChangedError) as caught:
        await connect(session, pve, fingerprint=wrong).get("/version")
    assert caught.value.expected == wrong
    assert caught.value.fingerprint == pve.fingerprint
    assert not pve.requests


async def test_a_renewed_certificate_is_not_the_pinned_one(connection: Connection, pve: SimulatedCluster) -> None:
    await connection.get("/version")
    new = pve.replace_certificate("pve1")
    with pytest.raises(CertificateChangedError) as caught:
        await connection.get("/version")
    assert caught.value.fingerprint == new


async def test_the_system_does_not_trust_a_certificate_of_proxmox_itself(
    session: aiohttp.ClientSession, pve: SimulatedCluster
) -> None:
    with pytest.raises(CertificateUntrustedError):
        await connect(session, pve, fingerprint=None).get("/version")
    assert not pve.requests


async def test_a_redirect_is_not_followed(session: aiohttp.ClientSession, pve: SimulatedCluster) -> None:
    """It could carry the token elsewhere."""
    pve.faults.errors["/version"] = (301, "Moved Permanently")
    with pytest.raises(ApiError) as caught:
        await connect(session, pve).get("/version")
    assert caught.value.status == 301


@pytest.mark.parametrize("host", ["", "pve/1", "user@pve"])
async def test_what_is_no_host_is_refused_at_once(session: aiohttp.ClientSession, host: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Connection(session, host, 8006, token_id="a@pve!b", token_secret="c", fingerprint=None)
