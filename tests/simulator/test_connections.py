"""Nodes that are off, certificates, and what a client meets on the way."""

import asyncio
from pathlib import Path
import ssl

from aiohttp import ClientConnectorError, ServerFingerprintMismatch
import pytest

from simulator import SimulatedCluster

from .client import Client, pin, some_ports


async def test_a_node_that_is_off_is_595_through_the_others_and_refuses_itself(
    pve: SimulatedCluster, client: Client
) -> None:
    """The status line says why; there is no body."""
    pve.node("pve2").go_offline()
    answer = await client.get("/nodes/pve2/tasks")
    assert (answer.status, answer.reason, answer.text) == (595, "No route to host", "")
    assert (await client.get("/nodes/pve1/tasks")).status == 200
    with pytest.raises(ClientConnectorError):
        await client.get("/version", node="pve2")
    pve.node("pve2").come_online()
    assert (await client.get("/version", node="pve2")).status == 200
    assert (await client.get("/nodes/pve2/tasks")).status == 200


async def test_rights_are_checked_before_a_node_is_asked(pve: SimulatedCluster, client: Client) -> None:
    """Without the privilege it is 403, although the node is off."""
    pve.node("pve2").go_offline()
    pve.limit_token({})
    assert (await client.get("/nodes/pve2/time")).status == 403


async def test_open_connections_end_with_the_node(pve: SimulatedCluster, client: Client) -> None:
    """A client that asks again finds nobody."""
    await client.data("/version", node="pve2")
    pve.node("pve2").go_offline()
    with pytest.raises(ClientConnectorError):
        await client.get("/version", node="pve2")


async def test_guests_of_a_lost_node_lose_their_names_after_five_minutes(pve: SimulatedCluster, client: Client) -> None:
    """Until then the last statistics are shown."""

    async def guest() -> dict[str, object]:
        rows = await client.data("/cluster/resources", type="vm")
        return next(row for row in rows if row["vmid"] == 102)

    pve.node("pve2").go_offline()
    pve.clock.advance(minutes=4)
    assert (await guest())["name"] == "database"
    pve.clock.advance(minutes=2)
    assert await guest() == {"id": "qemu/102", "type": "qemu", "vmid": 102, "node": "pve2", "status": "unknown"}
    nodes = {row["name"]: row["online"] for row in await client.data("/cluster/status") if row["type"] == "node"}
    assert nodes == {"pve1": 1, "pve2": 0, "pve3": 1}


async def test_an_unknown_node_is_an_error_of_its_own(client: Client) -> None:
    """Not 595."""
    answer = await client.get("/nodes/pve9/time")
    assert (answer.status, "hostname lookup 'pve9' failed" in answer.reason) == (500, True)


async def test_the_fingerprints_of_all_nodes_are_listed(pve: SimulatedCluster, client: Client) -> None:
    """One bootstrap is enough to pin them all."""
    rows = await client.data("/nodes")
    for row in rows:
        assert (await client.get("/version", node=row["node"])).status == 200
    assert len({row["ssl_fingerprint"] for row in rows}) == 3
    assert {row["ssl_fingerprint"] for row in rows if row["node"] == "pve1"} == {pve.fingerprint}


async def test_a_new_certificate_is_refused_by_those_who_pinned_the_old_one(
    pve: SimulatedCluster, client: Client
) -> None:
    """Certificates are renewed while a cluster runs."""
    old = pve.fingerprint
    new = pve.replace_certificate("pve1")
    assert new != old
    host, port = pve.address("pve1")
    with pytest.raises(ServerFingerprintMismatch):
        await client.session.get(f"https://{host}:{port}/api2/json/version", ssl=pin(old))
    assert (await client.get("/version")).status == 200


async def handshake(pve: SimulatedCluster, context: ssl.SSLContext, name: str) -> None:
    """Connect to the first node under a name."""
    host, port = pve.address("pve1")
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    writer.close()
    await writer.wait_closed()


async def test_the_authority_is_one_that_python_refuses_unless_told(pve: SimulatedCluster) -> None:
    """It has no key usage extension, as nearly all authorities of Proxmox clusters."""
    context = ssl.create_default_context(cafile=pve.authority.certificate_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="CA cert does not include key usage extension"):
        await handshake(pve, context, "localhost")
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    for name in ("localhost", "127.0.0.1", "pve1", "pve1.home.arpa"):
        await handshake(pve, context, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        await handshake(pve, context, "pve2")


async def test_certificates_and_token_are_kept_over_restarts(tmp_path: Path, real_network: None) -> None:
    """The state directory holds them."""
    seen = []
    for _ in range(2):
        async with SimulatedCluster.start("small", tmp_path) as pve:
            seen.append((pve.fingerprints, pve.token_secret))
    assert seen[0] == seen[1]


async def test_the_port_can_be_chosen_and_is_the_same_for_all_nodes(tmp_path: Path, real_network: None) -> None:
    """Each has an address of its own, as real ones have."""
    first = some_ports(0)
    async with SimulatedCluster.start("small", tmp_path, base_port=first) as pve:
        addresses = [pve.address(node) for node in pve.nodes]
        assert addresses == [("127.0.0.1", first), ("127.0.0.2", first), ("127.0.0.3", first)]
        assert pve.port == first
        with pytest.raises(OSError, match="in use"):
            async with SimulatedCluster.start("small", tmp_path / "other", base_port=first):
                pass
