"""Real servers for the client: a virtual cluster over TLS, and a session of aiohttp."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from custom_components.proxmox_backup_checker.proxmox.api.connection import Connection
from simulator import SimulatedCluster

NOON = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
"""A Monday, noon in Berlin."""


@pytest.fixture
async def pve(tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Three nodes, four guests and one nightly job; it is Monday noon."""
    async with SimulatedCluster.start("small", tmp_path, now=NOON) as cluster:
        yield cluster


@pytest.fixture
async def session(real_network: None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that keeps connections open."""
    async with aiohttp.ClientSession() as session:
        yield session


class _Access(TypedDict):
    """What a client needs beside the address."""

    token_id: str
    token_secret: str
    fingerprint: str


def _access(pve: SimulatedCluster) -> _Access:
    return {"token_id": pve.token_id, "token_secret": pve.token_secret, "fingerprint": pve.fingerprint}


@pytest.fixture
def client(session: aiohttp.ClientSession, pve: SimulatedCluster) -> ProxmoxClient:
    """A client with the token of Home Assistant and the pinned certificate of the first node."""
    return ProxmoxClient(session, pve.host, pve.port, **_access(pve))


@pytest.fixture
def connection(session: aiohttp.ClientSession, pve: SimulatedCluster) -> Connection:
    """The same, one floor below: paths and raw data."""
    return Connection(session, pve.host, pve.port, **_access(pve))
