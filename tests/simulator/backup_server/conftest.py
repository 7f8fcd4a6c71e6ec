"""A backup server whose clock stands still, with a second one that it knows as `vault`, and a client for it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from custom_components.proxmox_backup_checker.proxmox.backup_server.client import BackupServerClient
from simulator.backup_server import BackupServers, ServedBackupServer

NOON = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
"""A Monday, noon in Berlin."""


@pytest.fixture
async def site(tmp_path: Path, real_network: None) -> AsyncIterator[BackupServers]:
    """Two servers; it is Monday noon."""
    async with BackupServers.start(tmp_path, ("pbs", "vault"), now=NOON) as servers:
        yield servers


@pytest.fixture
def pbs(site: BackupServers) -> ServedBackupServer:
    """The first, with a datastore of two namespaces and what is in them."""
    server = site.servers["pbs"]
    store = server.add_datastore("ds1", comment="main", gc_schedule="daily")
    store.add_namespace("home")
    for vmid in ("100", "101"):
        group = store.add_group("home", "vm", vmid, "backup@pbs")
        for days in (3, 2, 1):
            group.add(int(NOON.timestamp()) - days * 86_400, comment=f"guest {vmid}")
    store.add_group("", "host", "nas", "nas@pbs!nas").add(int(NOON.timestamp()) - 3_600)
    return server


@pytest.fixture
def vault(site: BackupServers, pbs: ServedBackupServer) -> ServedBackupServer:
    """The second, with an empty datastore, to which the first may push."""
    server = site.servers["vault"]
    server.add_datastore("tank")
    pbs.add_remote("vault", server, "sync@pbs!home")
    server.access.grant("/datastore", "DatastorePowerUser", "sync@pbs", "sync@pbs!home")
    return server


def client_of(session: aiohttp.ClientSession, server: ServedBackupServer) -> BackupServerClient:
    """Return a client with Home Assistant's token and the pinned certificate."""
    return BackupServerClient(
        session,
        server.ip,
        server.port,
        token_id=server.token.id,
        token_secret=server.token.secret,
        fingerprint=server.fingerprint,
    )


@pytest.fixture
async def session(real_network: None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that keeps connections open."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(session: aiohttp.ClientSession, pbs: ServedBackupServer) -> BackupServerClient:
    """A client of the first server."""
    return client_of(session, pbs)
