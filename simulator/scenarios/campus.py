"""A campus: 8 nodes, 500 guests in 10 jobs, and two nights behind it."""

from simulator.cluster import TIB, Cluster
from simulator.scenario import Scenario

NODES = 8
GUESTS = 500
JOBS = 10


def build(cluster: Cluster) -> None:
    """Build the cluster; the guests of a job are on two nodes."""
    cluster.name = "campus"
    nodes = [f"pve{number}" for number in range(1, NODES + 1)]
    for name in nodes:
        cluster.add_node(name)
    cluster.add_storage("nas", "nfs", total=400 * TIB, used=100 * TIB, prune="keep-daily=8,keep-weekly=4")
    for index in range(GUESTS):
        job, place = index % JOBS, index // JOBS
        node = nodes[(2 * job + place % 2) % NODES]
        cluster.add_vm(1000 + index, f"guest-{index}", node, size=2, speed=900, filled=0.1)
    for job in range(JOBS):
        cluster.add_job(
            f"backup-{job:08x}",
            f"{20 + job % 4}:{5 * job:02}",
            "nas",
            vmid=",".join(str(1000 + index) for index in range(job, GUESTS, JOBS)),
            compress="zstd",
            comment=f"Group {job}",
        )


CAMPUS = Scenario(
    name="campus",
    title="8 nodes, 500 guests, 10 jobs, and two nights behind it",
    build=build,
    history_days=2,
)
