"""What a scenario is."""

from collections.abc import Callable
from dataclasses import dataclass

from .cluster import Cluster


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A cluster and its past: `build` is called at the beginning of the history."""

    name: str
    title: str
    build: Callable[[Cluster], None]
    history_days: int = 0
