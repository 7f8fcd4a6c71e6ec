"""A small cluster whose clock stands still, and a client for it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator import SimulatedCluster

from .client import Client

NOON = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
"""A Monday, noon in Berlin."""


@pytest.fixture
async def pve(tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Three nodes, four guests and one nightly job; it is Monday noon."""
    async with SimulatedCluster.start("small", tmp_path, now=NOON) as cluster:
        yield cluster


@pytest.fixture
async def client(pve: SimulatedCluster) -> AsyncIterator[Client]:
    """A client with the token of Home Assistant."""
    async with Client(pve) as made:
        yield made
