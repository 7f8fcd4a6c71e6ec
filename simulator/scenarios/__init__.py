"""The scenarios: small descriptions of clusters and of what happened to them."""

from simulator.scenario import Scenario

from .all_fine import ALL_FINE
from .blind import BLIND
from .campus import CAMPUS
from .datacentre import DATACENTRE
from .homelab import HOMELAB
from .node_down import NODE_DOWN
from .small import SMALL
from .storage_full import STORAGE_FULL

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (HOMELAB, ALL_FINE, BLIND, NODE_DOWN, STORAGE_FULL, SMALL, CAMPUS, DATACENTRE)
}

__all__ = ["SCENARIOS"]
