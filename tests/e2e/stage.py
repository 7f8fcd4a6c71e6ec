"""What the end-to-end tests play on: virtual clusters, a log agent on each node, and a real Home Assistant."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, rmtree
import tempfile
import threading
import time
from typing import Any, Final

import aiohttp

from custom_components.proxmox_backup_checker.const import DOMAIN
from demo.home_assistant import HomeAssistant, prepare_folder
from demo.processes import Process, free_row
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

ROOT: Final = Path(__file__).resolve().parents[2]
INTEGRATION: Final = ROOT / "custom_components" / DOMAIN
BUNDLE: Final = INTEGRATION / "frontend" / "proxmox-backup-checker.js"
_FIRST_PORT: Final = 8200
_AGENT_TOKEN: Final = "c0rrect-h0rse-battery-staple-c0rrect-h0rse"
_CALL_TIMEOUT: Final = 90.0
_START_TIMEOUT: Final = 40.0


@dataclass
class Stage:
    """Everything but the browser, in a thread with an event loop of its own, so that tests can be plain functions."""

    folder: Path
    scenario: str = "homelab"
    clusters: dict[str, SimulatedCluster] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)
        self._thread.start()
        self.port = free_row(_FIRST_PORT, 1)
        self.config = self.folder / "home-assistant"

    def run[Result](self, doing: Coroutine[Any, Any, Result]) -> Result:
        """Have something done in the stage's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(_CALL_TIMEOUT)

    @property
    def url(self) -> str:
        """The address of Home Assistant."""
        return self.home.url

    def open(self) -> None:
        """Start the cluster and a Home Assistant that watches it."""
        self.run(self._open())

    async def _open(self) -> None:
        proxmox = await self.start_cluster(self.scenario)
        prepare_folder(self.config, INTEGRATION, self.port)
        # A copy of its own, so that tests can put another release in its place; as a package it goes before ours.
        link = self.config / "custom_components" / DOMAIN
        link.unlink()
        copytree(INTEGRATION, link)
        (link.parent / "__init__.py").touch()
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        )
        await self.start_home_assistant()
        await self.add_cluster(proxmox)

    async def start_home_assistant(self) -> None:
        """Start Home Assistant, and log in."""
        arguments = ["-m", "demo.run_home_assistant", "-c", str(self.config), "--skip-pip", "--log-no-color"]
        self.process = await Process.start("Home Assistant", arguments, self.folder / "home-assistant.log", [ROOT])
        self.home = HomeAssistant(self._session, f"http://127.0.0.1:{self.port}", self.process)
        await self.home.wait_until_up()
        await self.home.log_in()

    async def start_cluster(self, scenario: str) -> SimulatedCluster:
        """Start a virtual cluster."""
        started = SimulatedCluster.start(scenario, Path(tempfile.mkdtemp(dir=self.folder, prefix=scenario)))
        cluster = await self._stack.enter_async_context(started)
        self.clusters[scenario] = cluster
        ticking = asyncio.create_task(_tick(cluster))
        self._stack.callback(ticking.cancel)
        return cluster

    async def add_cluster(self, cluster: SimulatedCluster) -> str:
        """Add a cluster to Home Assistant through its flow, with a log agent on each node."""
        found = {key: getattr(cluster, key) for key in ("host", "port", "token_id", "token_secret", "fingerprint")}
        entry_id = await self.home.add_cluster(found)
        for node in cluster.nodes:
            await self.home.add_log_agent(entry_id, await self._start_agent(cluster, node))
        self.entries[cluster.name or cluster.host] = entry_id
        return entry_id

    async def _start_agent(self, cluster: SimulatedCluster, node: str) -> str:
        """Run the real log agent on a node's files, and return its pairing line."""
        certificates = self.folder / "agents" / str(cluster.port) / node
        certificates.mkdir(parents=True)
        make_certificate(certificates, node)
        server = Server(
            config=AgentConfig(
                root=cluster.files_of(node), node=node, time_zone="Europe/Berlin", token=GivenToken(_AGENT_TOKEN)
            ),
            host="127.0.0.1",
            port=0,
            context=server_context(certificates / CERTIFICATE_FILE, certificates / KEY_FILE),
        )
        port = (await server.start())[0][1]
        self._stack.push_async_callback(server.stop)
        return pairing_line("127.0.0.1", port, _AGENT_TOKEN, fingerprint(certificates / CERTIFICATE_FILE))

    def play(self, change: Callable[[], object]) -> None:
        """Change a cluster, in the loop in which it lives."""

        async def change_it() -> None:
            change()

        self.run(change_it())

    def command(self, message: dict[str, Any]) -> Any:
        """Send Home Assistant a websocket command as its owner."""
        return self.run(self.home.command(message))

    def look(self, cluster: str = "homelab") -> None:
        """Have Home Assistant read a cluster now."""
        entity = next(
            entity["entity_id"]
            for entity in self.command({"type": "config/entity_registry/list"})
            if entity["platform"] == DOMAIN
            and entity["config_entry_id"] == self.entries[cluster]
            and entity["disabled_by"] is None
        )
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._is_set_up(entity) and time.monotonic() < deadline:
            time.sleep(0.2)
        self.command(
            {
                "type": "call_service",
                "domain": "homeassistant",
                "service": "update_entity",
                "service_data": {"entity_id": entity},
            }
        )

    def _is_set_up(self, entity_id: str) -> bool:
        """Tell whether an entity is there, and not only known from before a restart."""
        states = self.command({"type": "get_states"})
        return any(state["entity_id"] == entity_id and not state["attributes"].get("restored") for state in states)

    def restart(self) -> None:
        """Stop Home Assistant and start it again."""
        self.run(self.process.stop())
        self.run(self.start_home_assistant())

    def close(self) -> None:
        """Stop everything."""
        if hasattr(self, "process"):
            self.run(self.process.stop())
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        rmtree(self.folder, ignore_errors=True)


async def _tick(cluster: SimulatedCluster) -> None:
    """Let a cluster's runs go on while nobody asks."""
    while True:
        cluster.settle()
        await asyncio.sleep(0.5)


def eventually(check: Any, timeout: float = 20.0) -> None:
    """Wait until a check holds."""
    deadline = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < deadline, check
        time.sleep(0.1)
