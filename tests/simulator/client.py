"""The plainest client: one GET, everything of the answer."""

import asyncio
from dataclasses import dataclass
from functools import cache
import json
import os
import ssl
from typing import Any, Self

from aiohttp import ClientSession, Fingerprint, TCPConnector

from simulator import SimulatedCluster


@dataclass(frozen=True)
class Answer:
    """Status line and body."""

    status: int
    reason: str
    text: str
    headers: dict[str, str]

    @property
    def body(self) -> Any:
        """Return the body."""
        return json.loads(self.text)

    @property
    def data(self) -> Any:
        """Return what the body carries."""
        return self.body["data"]


def some_ports(offset: int) -> int:
    """Return the first of a few ports below the range of the system that no other run of the tests takes."""
    return 20000 + os.getpid() % 1200 * 10 + offset


@cache
def pin(fingerprint: str) -> Fingerprint:
    """Return the pin of a certificate; connections are only used again with the very same one."""
    return Fingerprint(bytes.fromhex(fingerprint.replace(":", "")))


class Client:
    """Asks the nodes of a cluster, with Home Assistant's token or another."""

    def __init__(self, pve: SimulatedCluster) -> None:
        """Ask the nodes of `pve`."""
        self._pve = pve

    async def __aenter__(self) -> Self:
        """Open the session."""
        self.session = ClientSession(connector=TCPConnector())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the session."""
        await self.session.close()

    async def get(self, path: str, *, node: str = "pve1", token: str | None = None, **query: object) -> Answer:
        """Return the answer of a node; `token` is `id=secret`, by default Home Assistant's, and none where it is empty."""
        token = f"{self._pve.token_id}={self._pve.token_secret}" if token is None else token
        headers = {"Authorization": f"PVEAPIToken={token}"} if token else {}
        host, port = self._pve.address(node)
        pinned = pin(self._pve.fingerprints[node])
        async with self.session.get(
            f"https://{host}:{port}/api2/json{path}",
            params={name.replace("_", "-"): str(value) for name, value in query.items()},
            headers=headers,
            ssl=pinned,
        ) as response:
            return Answer(response.status, response.reason or "", await response.text(), dict(response.headers))

    async def data(self, path: str, **query: Any) -> Any:
        """Return the data of a successful answer."""
        answer = await self.get(path, **query)
        assert answer.status == 200, answer
        return answer.data

    @property
    def authorization(self) -> str:
        """Return the header of Home Assistant's token."""
        return f"PVEAPIToken={self._pve.token_id}={self._pve.token_secret}"

    async def connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a bare connection, for what HTTP libraries hide."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return await asyncio.open_connection(host, port, ssl=context)

    def loop_time(self) -> float:
        """Return the time of the event loop, in seconds."""
        return asyncio.get_running_loop().time()
