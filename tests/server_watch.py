"""A virtual backup server that is read and judged as Home Assistant does it, without Home Assistant, in milliseconds."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from typing import Any, Self, cast
from urllib.parse import unquote

from custom_components.proxmox_backup_checker.checker.alerts.announcements import Message
from custom_components.proxmox_backup_checker.checker.history.format import server_history_from_data, to_data
from custom_components.proxmox_backup_checker.checker.model.server_facts import ReadTrouble, ServerFacts
from custom_components.proxmox_backup_checker.checker.model.server_options import ServerOptions
from custom_components.proxmox_backup_checker.checker.model.server_records import ServerHistory
from custom_components.proxmox_backup_checker.checker.server.assessment import ServerAssessment, assess_server
from custom_components.proxmox_backup_checker.checker.server.links import NO_LINKS, Links
from custom_components.proxmox_backup_checker.checker.server.views import ServerEvent
from custom_components.proxmox_backup_checker.proxmox.api.dialect import Refusal
from custom_components.proxmox_backup_checker.proxmox.api.errors import (
    AuthenticationError,
    CannotConnectError,
    CertificateChangedError,
    ProxmoxError,
)
from custom_components.proxmox_backup_checker.proxmox.backup_server.client import BackupServerClient
from custom_components.proxmox_backup_checker.proxmox.backup_server.dialect import BACKUP_SERVER
from custom_components.proxmox_backup_checker.sources.backup_server.server_reader import ServerReader
from simulator.backup_server import api
from simulator.backup_server.access import Token
from simulator.backup_server.api.routes import Answer, Call, Refused, find, read_parameters
from simulator.backup_server.server import BackupServer
from simulator.backup_server.simulated import READER
from simulator.calendar import Calendar, proxmox_calendar
from simulator.clock import Clock
from simulator.engine import Engine

NOON = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
"""A Monday, noon in Berlin."""
CERTIFICATE = ":".join(["AB"] * 32)


@dataclass
class Site:
    """Backup servers with one clock, at no address."""

    clock: Clock = field(default_factory=lambda: Clock(NOON))
    calendar: Calendar = proxmox_calendar

    def __post_init__(self) -> None:
        """Let everything happen that is due whenever the clock moves."""
        assert api.__all__
        self.engine = Engine(self.clock.time())
        self.clock.listen(lambda _: self.settle())

    def settle(self) -> None:
        """Let everything happen that is due."""
        self.engine.settle(self.clock.time())

    def moment(self) -> float:
        """Return the moment at which something happens that is done now."""
        if not self.engine.playing:
            self.settle()
        return self.engine.time


class Wire:
    """A connection to a server: a request is a call of the function that answers it."""

    def __init__(self, server: BackupServer, token: Token) -> None:
        """Show the certificate that the server has now, which the client has confirmed."""
        self.server, self.token = server, token
        self.confirmed = server.fingerprint
        self.asked: list[str] = []

    async def get(self, path: str, parameters: Mapping[str, str | int] | None = None, timeout: object = None) -> object:
        """Return the `data` of a GET; raises what the product's own connection raises."""
        server = self.server
        if not server.online:
            raise CannotConnectError("No route to host")
        if server.fingerprint != self.confirmed:
            raise CertificateChangedError(self.confirmed or "", server.fingerprint)
        self.asked.append(path)
        try:
            answer = self._answer(path, {name: str(value) for name, value in (parameters or {}).items()})
        except Refused as refused:
            raise _failure(path, refused) from refused
        # As by the wire: nothing is shared with the server.
        return json.loads(json.dumps(answer.data if isinstance(answer, Answer) else answer))

    def _answer(self, path: str, query: Mapping[str, str]) -> object:
        """Answer as the server does (simulator/backup_server/api/server.py)."""
        server = self.server
        server.world.moment()
        found = find(path, server.release)
        if not self.token.enabled or server.access.users.get(self.token.user) is not True:
            raise AuthenticationError("authentication failed")
        if found is None:
            raise Refused(404, f"Path '/api2/json{path}' not found.")
        route, places = found
        named = {name: unquote(text) for name, text in places.items()}
        call = Call(server=server, who=self.token.id, parameters=named)
        if route.check is not None and not call.may(*route.check):
            raise Refused(403, "permission check failed")
        values = {**named, **read_parameters(route, query, server.release)}
        return route.handler(Call(server=server, who=self.token.id, parameters=values))


def _failure(path: str, refused: Refused) -> ProxmoxError:
    body = str(refused).encode()
    return BACKUP_SERVER.meaning(
        Refusal(where="the server", path=path, status=refused.status, reason=str(refused), body=body)
    )


class ServerWatch:
    """A server at work, and what is held of it at every look; `events` and `messages` are all news since they were taken."""

    def __init__(self, server: BackupServer, clock: Clock) -> None:
        """Look at nothing yet."""
        self.server, self._clock = server, clock
        if server.fingerprint is None:
            server.fingerprint = CERTIFICATE
        self.token = server.access.tokens.get("homeassistant@pbs!ha") or server.add_token(
            "homeassistant@pbs!ha", READER
        )
        self.options = ServerOptions()
        self.links: Links = NO_LINKS
        self.history = ServerHistory()
        self.events: list[ServerEvent] = []
        self.messages: list[Message] = []
        self.wire = Wire(server, self.token)
        self._facts: ServerFacts | None = None
        self._assessment: ServerAssessment | None = None
        self._reader: ServerReader | None = None
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        """Watch until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the event loop."""
        self._runner.close()

    @property
    def now(self) -> datetime:
        """The present."""
        return self._clock.now()

    @property
    def held(self) -> ServerAssessment:
        """What was held at the last look."""
        assert self._assessment is not None
        return self._assessment

    @property
    def reader(self) -> ServerReader:
        """What reads the server."""
        if self._reader is None:
            client = BackupServerClient(
                cast(Any, None), "pbs", 8007, token_id=self.token.id, token_secret="s", fingerprint=None,
                clock=self._clock.time,
            )  # fmt: skip
            client._connection = cast(Any, self.wire)
            history = self.history
            self._reader = ServerReader(client, history.tasks, history.unread_logs, history.datastores)
        return self._reader

    def look(self) -> ServerAssessment:
        """Read and judge the server now."""
        trouble = None
        try:
            self._facts = self._runner.run(self.reader.read(self.now))
        except ProxmoxError as error:
            trouble = ReadTrouble.of(error)
        self._assessment = assess_server(
            self._facts, self.history, self.options, self.now, trouble=trouble, links=self.links
        )
        self.history = self._assessment.history
        self.events += self._assessment.events
        self.messages += self._assessment.messages
        return self._assessment

    def restart(self) -> None:
        """Begin anew with what was written down."""
        self.history = server_history_from_data(json.loads(json.dumps(to_data(self.history))))[0]
        self._facts = self._assessment = self._reader = None

    def until(self, moment: datetime) -> ServerAssessment:
        """Let time go by until a moment, with a look whenever the reader wants one, and look."""
        while self._reader is not None and self.now + self.reader.again_in < moment:
            self._clock.set(self.now + self.reader.again_in)
            self.look()
        self._clock.set(moment)
        return self.look()

    def after(self, **duration: float) -> ServerAssessment:
        """Let a duration go by likewise."""
        return self.until(self.now + timedelta(**duration))

    def later(self, **duration: float) -> ServerAssessment:
        """Let a duration go by without a look, and look until nothing is left to be read."""
        self._clock.set(self.now + timedelta(**duration))
        self.look()
        while self.reader.busy and self.server.online:
            self._clock.set(self.now + self.reader.again_in)
            self.look()
        return self.held

    def problems(self) -> set[str]:
        """Return the keys of all that has a problem now."""
        return {str(subject) for subject, verdict in self.held.verdicts.items() if verdict.problem}
