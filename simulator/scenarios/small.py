"""Three nodes, four guests, one job, no past: the ground on which tests build."""

from simulator.cluster import TIB, Cluster
from simulator.guests import GIB
from simulator.scenario import Scenario


def build(cluster: Cluster) -> None:
    """Build the cluster."""
    cluster.name = "small"
    for name in ("pve1", "pve2", "pve3"):
        cluster.add_node(name)
    cluster.add_storage("local", "dir", total=100 * GIB, used=20 * GIB, content="iso,vztmpl,backup")
    cluster.add_storage("nas", "nfs", total=4 * TIB, used=TIB, prune="keep-daily=7,keep-weekly=4")
    cluster.add_vm(101, "web", "pve1", size=8)
    cluster.add_vm(102, "database", "pve2", size=16)
    cluster.add_ct(103, "dns", "pve1", size=2)
    cluster.add_ct(104, "files", "pve2", size=8)
    cluster.add_job(
        "backup-nightly",
        "02:00",
        "nas",
        vmid="101,102,103,104",
        compress="zstd",
        comment="nightly",
        notes_template="{{guestname}}",
        repeat_missed=0,
    )


SMALL = Scenario(name="small", title="Three nodes, four guests, one nightly job, no history", build=build)
