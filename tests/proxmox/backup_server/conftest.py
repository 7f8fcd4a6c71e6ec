"""A virtual backup server over TLS, whose clock stands still, and a client for it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.backup_server.client import BackupServerClient
from simulator.backup_server import BackupServers, ServedBackupServer

NOON = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
"""A Monday, noon in Berlin."""


class Connect(Protocol):
    """Makes a client, with another secret or fingerprint where they are given."""

    def __call__(self, *, secret: str | None = None, fingerprint: str | None = None) -> BackupServerClient:
        """Return the client."""


@pytest.fixture
async def site(tmp_path: Path, real_network: None) -> AsyncIterator[BackupServers]:
    """One server; it is Monday noon."""
    async with BackupServers.start(tmp_path, now=NOON) as servers:
        yield servers


@pytest.fixture
def pbs(site: BackupServers) -> ServedBackupServer:
    """The server, with a datastore of two namespaces."""
    server = site.servers["pbs"]
    store = server.add_datastore("ds1", gc_schedule="daily")
    group = store.add_group("home", "vm", "100", "backup@pbs")
    for days in (3, 2, 1):
        group.add(int(NOON.timestamp()) - days * 86_400)
    return server


@pytest.fixture
async def session(real_network: None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that keeps connections open."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def connect(session: aiohttp.ClientSession, pbs: ServedBackupServer) -> Connect:
    """Make clients of the server."""

    def make(*, secret: str | None = None, fingerprint: str | None = None) -> BackupServerClient:
        return BackupServerClient(
            session,
            pbs.ip,
            pbs.port,
            token_id=pbs.token.id,
            token_secret=secret or pbs.token.secret,
            fingerprint=fingerprint or pbs.fingerprint,
            clock=pbs.clock.time,
        )

    return make


@pytest.fixture
def client(connect: Connect) -> BackupServerClient:
    """A client with Home Assistant's token and the pinned certificate."""
    return connect()
