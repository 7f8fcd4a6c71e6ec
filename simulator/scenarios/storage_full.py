"""The homelab with a NAS that filled up."""

from datetime import timedelta

from simulator.cluster import Cluster
from simulator.guests import GIB
from simulator.scenario import Scenario

from . import homelab


def build(cluster: Cluster) -> None:
    """Build the homelab; since yesterday at noon other files take all but a few GiB of the NAS."""
    homelab.build(cluster)
    now = cluster.clock.now().astimezone(cluster.node("pve1").zone)
    noon = now.replace(hour=12, minute=0, second=0) - timedelta(days=1)
    cluster.at(noon, lambda: cluster.storage("nas").fill(leaving=4 * GIB))


STORAGE_FULL = Scenario(
    name="storage-full",
    title="The homelab; the NAS has been full since yesterday",
    build=build,
    history_days=homelab.HISTORY_DAYS,
)
