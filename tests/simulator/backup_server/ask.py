"""The plainest client of a backup server: one GET, everything of the answer."""

from dataclasses import dataclass
import json
from typing import Any

import aiohttp

from simulator.backup_server import ServedBackupServer

from ..client import pin


@dataclass(frozen=True)
class Answer:
    """Status and body."""

    status: int
    text: str
    kind: str

    @property
    def data(self) -> Any:
        """Return what the body carries."""
        return json.loads(self.text)["data"]


async def ask(
    session: aiohttp.ClientSession, server: ServedBackupServer, path: str, *, token: str | None = None, **query: object
) -> Answer:
    """Return the answer; `token` is `id:secret`, by default Home Assistant's, and none where it is empty."""
    token = f"{server.token.id}:{server.token.secret}" if token is None else token
    assert server.fingerprint is not None
    async with session.get(
        f"https://{server.ip}:{server.port}/api2/json{path}",
        params={name.replace("_", "-"): str(value) for name, value in query.items()},
        headers={"Authorization": f"PBSAPIToken={token}"} if token else {},
        ssl=pin(server.fingerprint),
    ) as response:
        return Answer(response.status, await response.text(), response.headers["Content-Type"])
