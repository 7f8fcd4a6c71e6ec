"""A virtual Proxmox cluster: API, clock, runs, logs and files as real hosts have them."""

from .outcomes import (
    Outcome,
    RunOutcome,
    Stage,
    could_not_start,
    failed,
    interrupted,
    left_out,
    lock_timeout,
    no_space,
    ok,
    power_loss,
    prune_denied,
    running,
    storage_unreachable,
    warning,
)
from .scenario import Scenario
from .simulated import AUDIT, SimulatedCluster

__all__ = [
    "AUDIT",
    "Outcome",
    "RunOutcome",
    "Scenario",
    "SimulatedCluster",
    "Stage",
    "could_not_start",
    "failed",
    "interrupted",
    "left_out",
    "lock_timeout",
    "no_space",
    "ok",
    "power_loss",
    "prune_denied",
    "running",
    "storage_unreachable",
    "warning",
]
