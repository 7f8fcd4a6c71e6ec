"""A cluster with its addresses, within the process of a test or of the demo."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree

from .access import Token
from .api.server import NodeServer
from .certificates import CertificateAuthority, NodeCertificate
from .clock import Clock
from .cluster import Cluster
from .nodes import Node
from .scenario import Scenario
from .scenarios import SCENARIOS
from .tls_server import Faults, SeenRequest, Traffic

HOST = "127.0.0.1"
AUDIT = "Sys.Audit VM.Audit Datastore.Audit Pool.Audit"
"""Role A of the documentation: read-only."""


@dataclass(eq=False)
class SimulatedCluster(Cluster):
    """A cluster that answers on 127.0.0.1, 127.0.0.2 and so on, one address per node and one port for all, as Proxmox does."""

    faults: Faults = field(default_factory=Faults)
    traffic: Traffic = field(default_factory=Traffic)
    servers: dict[str, NodeServer] = field(default_factory=dict)
    authority: CertificateAuthority = field(init=False)
    certificates: dict[str, NodeCertificate] = field(default_factory=dict)
    token: Token = field(init=False)
    host: str = HOST
    identity: str | None = None
    """UUID of the cluster's own certificate authority; a new one where it is None."""

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        scenario: Scenario | str,
        directory: Path,
        *,
        now: datetime | None = None,
        base_port: int = 0,
        version: str = "9.2.11",
        identity: str | None = None,
    ) -> AsyncIterator[SimulatedCluster]:
        """Start a scenario with its files in `directory`; with `now` the clock stands still there."""
        cluster = cls.prepare(scenario, directory, now=now, version=version)
        cluster.identity = identity
        try:
            await cluster.open(base_port)
            yield cluster
        finally:
            for server in cluster.servers.values():
                await server.close()
            for backup_server in cluster.backup_servers.values():
                await backup_server.close()

    @classmethod
    def prepare(
        cls, scenario: Scenario | str, directory: Path, *, now: datetime | None, version: str
    ) -> SimulatedCluster:
        """Build a scenario and play its history, without an address yet."""
        if isinstance(scenario, str):
            scenario = SCENARIOS[scenario]
        for folder in ("nodes", "storages"):
            rmtree(directory / folder, ignore_errors=True)
        cluster = cls(
            clock=Clock(now),
            directory=directory,
            version=version,
            history=timedelta(days=scenario.history_days),
        )
        cluster.token = cluster.add_token("homeassistant@pve!ha", {"/": AUDIT})
        scenario.build(cluster)
        cluster.begin()
        return cluster

    async def open(self, base_port: int) -> None:
        """Let every node answer at its address."""
        self.authority = CertificateAuthority(self.directory / "certificates", self.identity)
        self.listeners.append(self._connectivity_changed)
        port = base_port
        for node in self.nodes.values():
            self.servers[node.name] = NodeServer(self, node, self.faults, self.traffic, port)
            self._use_certificate(node, renew=False)
            await self.servers[node.name].set_up()
            await self.servers[node.name].listen()
            port = self.servers[node.name].port
            if not node.online:
                self.servers[node.name].refuse()
        for backup_server in self.backup_servers.values():
            await backup_server.open(base_port and base_port + 1)

    async def join(self, name: str, node: str) -> Node:
        """Make a cluster of a single host and let an empty node join it (pvecm create, pvecm add)."""
        port = self.port
        for server in self.servers.values():
            await server.close()
        self.name = name
        for number, member in enumerate(self.nodes.values(), start=1):
            member.nodeid = number
        joined = self.add_node(node)
        self.listeners.remove(self._connectivity_changed)
        await self.open(port)
        self.scheduler.boot(joined)
        return joined

    @property
    def port(self) -> int:
        """Return the port of the first node."""
        return next(iter(self.servers.values())).port

    @property
    def token_id(self) -> str:
        """Return the id of Home Assistant's token."""
        return self.token.id

    @property
    def token_secret(self) -> str:
        """Return the secret of Home Assistant's token."""
        return self.token.secret

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the first node's certificate."""
        return next(iter(self.fingerprints.values()))

    @property
    def requests(self) -> list[SeenRequest]:
        """Return the requests that the nodes have seen."""
        return self.traffic.requests

    def address(self, node: str) -> tuple[str, int]:
        """Return host and port of a node."""
        return self.nodes[node].ip, self.servers[node].port

    def files_of(self, node: str) -> Path:
        """Return the folder that stands for a node's root directory, up to date."""
        self.settle()
        return self.node(node).root

    def replace_certificate(self, node: str) -> str:
        """Give a node a new certificate, as a renewal does, and return its fingerprint."""
        self._use_certificate(self.node(node), renew=True)
        server = self.servers[node]
        server.refuse()
        server.resume()
        return self.fingerprints[node]

    def limit_token(self, privileges: dict[str, str]) -> None:
        """Let Home Assistant's token, and its user, have these privileges and no others."""
        self.access.revoke(self.token.id)
        self.access.revoke(self.token.user)
        for path, names in privileges.items():
            self.access.grant(self.token.id, path, names)
            self.access.grant(self.token.user, path, names)

    def _use_certificate(self, node: Node, *, renew: bool) -> None:
        certificate = self.authority.issue(node.name, [node.ip], renew=renew)
        self.certificates[node.name] = certificate
        self.fingerprints[node.name] = certificate.fingerprint
        self.servers[node.name].context = certificate.context()

    def _connectivity_changed(self, node: Node) -> None:
        server = self.servers.get(node.name)
        if server is not None and node.online:
            server.resume()
        elif server is not None:
            server.refuse()
