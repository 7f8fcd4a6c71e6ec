"""Clusters and log agents on real addresses, for a real Home Assistant."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from fakepve import FakePve
from fakepve.certs import make_cert
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proxmox_backup_checker.const import DOMAIN
from custom_components.proxmox_backup_checker.proxmox.api.client import ProxmoxClient
from proxmox_backup_log_agent.app import AgentConfig
from proxmox_backup_log_agent.certificate import (
    CERTIFICATE_FILE,
    KEY_FILE,
    fingerprint,
    make_certificate,
    server_context,
)
from proxmox_backup_log_agent.pairing import pairing_line
from proxmox_backup_log_agent.server import Server
from proxmox_backup_log_agent.tokens import GivenToken
from simulator import SimulatedCluster

AGENT_TOKEN = "c0rrect-h0rse-battery-staple-c0rrect-h0rse"
FAKE_TOKEN_ID = "backupmon@pve!ha"
FAKE_SECRET = "8a3a5d8c-2f1e-4f34-9c56-0d7f3f1a2b3c"
AUDIT = {"Sys.Audit", "VM.Audit", "Datastore.Audit", "Pool.Audit"}


@pytest.fixture
async def pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[SimulatedCluster]:
    """Three nodes, four guests and one job that has never run; its clock is the machine's.

    At whatever time of day the tests run, the job's slot is half a day away: no run comes by itself in between.
    """
    async with SimulatedCluster.start("small", tmp_path / "pve") as cluster:
        put_off(cluster)
        yield cluster


def put_off(cluster: SimulatedCluster) -> None:
    """Let the nightly job run next in half a day."""
    job = cluster.job("nightly")
    then = cluster.clock.now().astimezone(ZoneInfo("Europe/Berlin")) + timedelta(hours=12)
    job.reschedule(f"{then:%H}:00")


@dataclass(frozen=True)
class IndependentProxmox:
    """A Proxmox that somebody else has written; `fake` is what a test changes."""

    fake: FakePve
    fingerprint: str
    token_id: str = FAKE_TOKEN_ID
    token_secret: str = FAKE_SECRET

    @property
    def host(self) -> str:
        """Return the address that it listens on."""
        return str(self.fake.host)

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return int(self.fake.port)


@pytest.fixture
async def fake_pve(hass: HomeAssistant, tmp_path: Path, real_network: None) -> AsyncIterator[IndependentProxmox]:
    """Two nodes and two guests; the token may read all that is needed."""
    folder = tmp_path / "fake_pve"
    folder.mkdir()
    certificate, key, _ = make_cert(str(folder))
    fake = FakePve(host="127.0.0.1", port=0)
    fake.nodes["pve2"] = {"online": True}
    fake.add_vm(100, "web", status="running")
    fake.add_vm(101, "database", node="pve2", status="running")
    fake.apitokens[FAKE_TOKEN_ID] = FAKE_SECRET
    fake.acl = {FAKE_TOKEN_ID: [("/", AUDIT)]}
    await fake.start(certificate, key)
    yield IndependentProxmox(fake, fingerprint(Path(certificate)))
    await fake.stop()


def entry_data(pve: SimulatedCluster | IndependentProxmox, **changes: Any) -> dict[str, Any]:
    """Return the data of a cluster's entry, with its certificate pinned."""
    return {
        "host": pve.host,
        "port": pve.port,
        "token_id": pve.token_id,
        "token_secret": pve.token_secret,
        "fingerprint": pve.fingerprint,
        **changes,
    }


async def set_up(
    hass: HomeAssistant,
    pve: SimulatedCluster | IndependentProxmox,
    *,
    options: dict[str, Any] | None = None,
    **changes: Any,
) -> MockConfigEntry:
    """Add a cluster's entry, with its true identity, and set it up; `changes` are of its data."""
    entry = await add_entry(hass, pve, options=options, **changes)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def add_entry(
    hass: HomeAssistant,
    pve: SimulatedCluster | IndependentProxmox,
    *,
    options: dict[str, Any] | None = None,
    **changes: Any,
) -> MockConfigEntry:
    """Add a cluster's entry, with its true identity, and leave it as it is."""
    data = entry_data(pve)
    identity = await _identity(hass, data)
    entry = MockConfigEntry(
        domain=DOMAIN, title="small", unique_id=identity, data={**data, **changes}, options=options or {}
    )
    entry.add_to_hass(hass)
    return entry


async def _identity(hass: HomeAssistant, data: dict[str, Any]) -> str:
    client = ProxmoxClient(
        async_get_clientsession(hass),
        data["host"],
        data["port"],
        token_id=data["token_id"],
        token_secret=data["token_secret"],
        fingerprint=data["fingerprint"],
    )
    return await client.cluster_identity(await client.cluster_status())


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the entry read its cluster once more."""
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()


@dataclass
class RunningAgent:
    """The log agent of a node; it can be stopped and started again at the same port."""

    root: Path
    node: str
    certificates: Path
    token: str = AGENT_TOKEN
    port: int = 0
    _server: Server | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of its certificate."""
        return fingerprint(self.certificates / CERTIFICATE_FILE)

    @property
    def line(self) -> str:
        """Return its pairing line."""
        return pairing_line("127.0.0.1", self.port, self.token, self.fingerprint)

    @property
    def options(self) -> dict[str, Any]:
        """Return the entry's options that make it read this agent."""
        return {"log_agents": {self.node: {"url": self.url, "token": self.token, "fingerprint": self.fingerprint}}}

    async def start(self) -> None:
        """Listen, at the port of last time if there was one."""
        self._server = Server(
            config=AgentConfig(root=self.root, node=self.node, time_zone="Europe/Berlin", token=GivenToken(self.token)),
            host="127.0.0.1",
            port=self.port,
            context=server_context(self.certificates / CERTIFICATE_FILE, self.certificates / KEY_FILE),
        )
        self.port = (await self._server.start())[0][1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            await self._server.stop()
        self._server = None

    async def restart(self, *, token: str | None = None, new_certificate: bool = False) -> None:
        """Stop, and start with another token or certificate."""
        await self.stop()
        self.token = token or self.token
        if new_certificate:
            make_certificate(self.certificates, self.node)
        await self.start()


type StartAgent = Callable[[str], Awaitable[RunningAgent]]


@pytest.fixture
async def start_agent(pve: SimulatedCluster, tmp_path: Path) -> AsyncIterator[StartAgent]:
    """Return a function that runs the real log agent on the files of a node; any other name is a foreign host."""
    async with AsyncExitStack() as stack:

        async def start(node: str) -> RunningAgent:
            return await stack.enter_async_context(_running_agent(pve, node, tmp_path / "agents" / node))

        yield start


@pytest.fixture
async def log_agent(start_agent: StartAgent) -> RunningAgent:
    """The log agent of the node pve1."""
    return await start_agent("pve1")


@asynccontextmanager
async def _running_agent(pve: SimulatedCluster, node: str, certificates: Path) -> AsyncIterator[RunningAgent]:
    certificates.mkdir(parents=True)
    make_certificate(certificates, node)
    agent = RunningAgent(pve.files_of(node if node in pve.nodes else "pve1"), node, certificates)
    await agent.start()
    try:
        yield agent
    finally:
        await agent.stop()


@pytest.fixture
async def plain_port(hass: HomeAssistant, real_network: None) -> AsyncIterator[int]:
    """The port of a web server without TLS."""
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()
