"""A host that stands alone and becomes the first node of a cluster."""

from datetime import timedelta
from pathlib import Path

from simulator import SimulatedCluster
from simulator.cluster import Cluster
from simulator.scenario import Scenario

from .client import Client
from .conftest import NOON

IDENTITY = "3f0a8a52-6b0c-4c5e-9d0e-5b7f2c1d9a01"


def _alone(cluster: Cluster) -> None:
    cluster.name = None
    cluster.add_node("pve1")
    cluster.add_storage("local", "dir")
    cluster.add_vm(101, "web", "pve1", size=1)
    cluster.add_job("nightly", "02:00", "local", all=1)


async def test_a_host_keeps_address_certificate_and_tasks_when_a_second_node_joins(
    tmp_path: Path, real_network: None
) -> None:
    scenario = Scenario(name="alone", title="One host", build=_alone)
    async with (
        SimulatedCluster.start(scenario, tmp_path, now=NOON, identity=IDENTITY) as pve,
        Client(pve) as client,
    ):
        pve.clock.set(NOON + timedelta(days=1))
        alone = await client.data("/cluster/status")
        assert [(row["type"], row["name"]) for row in alone] == [("node", "pve1")]
        where, fingerprint = pve.address("pve1"), pve.fingerprint
        tasks = await client.data("/nodes/pve1/tasks")
        assert tasks

        await pve.join("home", "pve2")
        status = await client.data("/cluster/status")
        named = {(row["type"], row["name"], row.get("nodeid")) for row in status}
        assert named == {("cluster", "home", None), ("node", "pve1", 1), ("node", "pve2", 2)}
        assert (pve.address("pve1"), pve.fingerprint) == (where, fingerprint)
        assert await client.data("/nodes/pve1/tasks") == tasks
        assert (await client.get("/version", node="pve2")).status == 200
        for node in pve.nodes:
            authority, own = await client.data(f"/nodes/{node}/certificates/info")
            assert IDENTITY in authority["subject"]
            assert own["issuer"] == authority["subject"]

        pve.add_vm(102, "mail", "pve2", size=1)
        pve.clock.advance(days=1)
        assert len(await client.data("/nodes/pve2/tasks")) == 1

        pve.node("pve2").go_offline()
        pve.node("pve2").come_online()
        assert (await client.get("/version", node="pve2")).status == 200
