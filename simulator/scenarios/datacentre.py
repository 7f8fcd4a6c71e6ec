"""A data centre: 32 nodes, 5,000 guests in 50 jobs, and a night behind it."""

from simulator.cluster import TIB, Cluster
from simulator.scenario import Scenario

NODES = 32
GUESTS = 5000
JOBS = 50
STORAGES = 6


def build(cluster: Cluster) -> None:
    """Build the cluster; the guests of a job are on four nodes."""
    cluster.name = "datacentre"
    nodes = [f"pve{number:02}" for number in range(1, NODES + 1)]
    for name in nodes:
        cluster.add_node(name)
    for number in range(STORAGES):
        cluster.add_storage(
            f"store{number}", "nfs", total=400 * TIB, used=100 * TIB, prune="keep-daily=8,keep-weekly=4"
        )
    for index in range(GUESTS):
        job, place = index % JOBS, index // JOBS
        node = nodes[(4 * job + place % 4) % NODES]
        if index % 3:
            cluster.add_vm(1000 + index, f"guest-{index}", node, size=2, speed=900, filled=0.1)
        else:
            cluster.add_ct(1000 + index, f"guest-{index}", node, size=2, speed=900, filled=0.1)
    for job in range(JOBS):
        hour = 20 + job % 4 if job % 8 < 4 else job % 4
        cluster.add_job(
            f"backup-{job:08x}",
            f"{hour}:{5 * (job % 12):02}",
            f"store{job % STORAGES}",
            vmid=",".join(str(1000 + index) for index in range(job, GUESTS, JOBS)),
            compress="zstd",
            comment=f"Group {job}",
        )


DATACENTRE = Scenario(
    name="datacentre",
    title="32 nodes, 5,000 guests, 50 jobs, and a night behind it",
    build=build,
    history_days=1,
)
