"""The homelab with a node that lost power during the night."""

from datetime import timedelta

from simulator.cluster import Cluster
from simulator.scenario import Scenario

from . import homelab


def build(cluster: Cluster) -> None:
    """Build the homelab; pve3 went off an hour before the last nightly run."""
    homelab.build(cluster)
    now = cluster.clock.now().astimezone(cluster.node("pve3").zone)
    night = now.replace(hour=1, minute=30, second=0)
    if night > now - timedelta(hours=1):
        night -= timedelta(days=1)
    cluster.at(night, cluster.node("pve3").go_offline)


NODE_DOWN = Scenario(
    name="node-down",
    title="The homelab; pve3 has been off since the night",
    build=build,
    history_days=homelab.HISTORY_DAYS,
)
