"""Backup servers with their addresses, within the process of a test or of the demo."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import override

from simulator.calendar import Calendar, proxmox_calendar
from simulator.certificates import self_signed
from simulator.clock import Clock
from simulator.engine import Engine
from simulator.tls_server import Faults, SeenRequest, Traffic

from . import api
from .access import Token
from .api.server import ApiServer
from .server import BackupServer

READER = {"/": "Audit", "/remote": "RemoteAudit"}
"""What the documentation recommends: rights to read, and no others."""


@dataclass(eq=False)
class ServedBackupServer(BackupServer):
    """A backup server that answers at an address of its own, with a certificate of its own."""

    clock: Clock = field(default_factory=Clock)
    directory: Path = Path()
    faults: Faults = field(default_factory=Faults)
    traffic: Traffic = field(default_factory=Traffic)
    token: Token = field(init=False)
    http: ApiServer | None = None

    @override
    def __post_init__(self) -> None:
        """Let Home Assistant's token read, and make the certificate."""
        super().__post_init__()
        self.token = self.add_token("homeassistant@pbs!ha", READER)
        self._certificate = self_signed(self.directory / self.name, self.name)
        self.fingerprint = self._certificate.fingerprint

    async def open(self, port: int = 0) -> None:
        """Answer at the address."""
        assert api.__all__
        self.http = ApiServer(self, self.clock, self.faults, self.traffic, port)
        self.http.context = self._certificate.context()
        await self.http.set_up()
        await self.http.listen()
        self.listens_on = self.http.port
        if not self.online:
            self.http.refuse()

    async def close(self) -> None:
        """Answer no more."""
        if self.http is not None:
            await self.http.close()

    @property
    def port(self) -> int:
        """Return the port."""
        assert self.http is not None
        return self.http.port

    @property
    def requests(self) -> list[SeenRequest]:
        """Return the requests that the server has seen."""
        return self.traffic.requests

    def replace_certificate(self) -> str:
        """Take a new certificate, as a renewal does, and return its fingerprint."""
        self._certificate = self_signed(self.directory / self.name, self.name, renew=True)
        self.fingerprint = self._certificate.fingerprint
        if self.http is not None:
            self.http.context = self._certificate.context()
            self.http.refuse()
            self.http.resume()
        return self.fingerprint

    def limit_token(self, roles: dict[str, str], *, user: dict[str, str] | None = None) -> None:
        """Let Home Assistant's token have these roles and no others, and its user the same or `user`."""
        for auth_id, given in ((self.token.id, roles), (self.token.user, roles if user is None else user)):
            self.access.revoke(auth_id)
            for path, role in given.items():
                self.access.grant(path, role, auth_id)

    @override
    def connectivity_changed(self) -> None:
        if self.http is None:
            return
        if self.online:
            self.http.resume()
        else:
            self.http.refuse()


@dataclass(eq=False)
class BackupServers:
    """Backup servers that stand by themselves, with one clock for all."""

    clock: Clock
    directory: Path
    history: timedelta = timedelta()
    calendar: Calendar = proxmox_calendar
    servers: dict[str, ServedBackupServer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin as long ago as the history is long."""
        self.engine = Engine(self.clock.time() - self.history.total_seconds())
        self.operating = False
        self.clock.listen(lambda _: self.settle())

    @classmethod
    @asynccontextmanager
    async def start(
        cls, directory: Path, names: Sequence[str] = ("pbs",), *, now: datetime | None = None, version: str = "4.2.3"
    ) -> AsyncIterator[BackupServers]:
        """Start servers that are empty; with `now` the clock stands still there."""
        site = cls(clock=Clock(now), directory=directory)
        for name in names:
            site.add(name, version=version)
        site.operating = True
        try:
            for server in site.servers.values():
                await server.open()
            yield site
        finally:
            for server in site.servers.values():
                await server.close()

    def add(self, name: str, *, version: str = "4.2.3") -> ServedBackupServer:
        """Add a server, not yet at its address."""
        made = ServedBackupServer(
            world=self,
            name=name,
            version=version,
            ip=f"127.0.1.{len(self.servers) + 1}",
            clock=self.clock,
            directory=self.directory / "certificates",
        )
        self.servers[name] = made
        return made

    def settle(self) -> None:
        """Let everything happen that is due."""
        self.engine.settle(self.clock.time())

    def moment(self) -> float:
        """Return the moment at which something happens that is done now."""
        if self.operating and not self.engine.playing:
            self.settle()
        return self.engine.time
