"""The homelab, seen by a token that may not see enough."""

from simulator.cluster import Cluster
from simulator.scenario import Scenario

from . import homelab


def build(cluster: Cluster) -> None:
    """Build the homelab, and let the token see guests and jobs but neither tasks nor archives."""
    homelab.build(cluster)
    for who in ("homeassistant@pve", "homeassistant@pve!ha"):
        cluster.access.grant(who, "/", "Sys.Audit", propagate=False)
        cluster.access.grant(who, "/vms", "VM.Audit")


BLIND = Scenario(
    name="blind",
    title="The homelab with a token without privileges on nodes and storages",
    build=build,
    history_days=homelab.HISTORY_DAYS,
)
