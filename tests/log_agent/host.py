"""A Proxmox host's files, and an agent that shows them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
import json
import os
from pathlib import Path
import ssl

import aiohttp

from proxmox_backup_log_agent.app import AgentConfig
from proxmox_backup_log_agent.auth_backoff import AuthBackoff
from proxmox_backup_log_agent.certificate import CERTIFICATE_FILE, KEY_FILE, fingerprint, server_context
from proxmox_backup_log_agent.limited_protocol import Limits
from proxmox_backup_log_agent.server import Server
from proxmox_backup_log_agent.tokens import GivenToken

LOG = (
    "2026-11-23 21:00:03 INFO: Starting Backup of VM 100 (qemu)\n2026-11-23 21:02:03 INFO: Finished Backup of VM 100\n"
)
UPID = "UPID:pve1:0012AB34:0123ABCD:68A61BE3:vzdump::root@pam:"
FIRST_REFUSAL = 0.1  # seconds, instead of one
TOKEN = "c0rrect-h0rse-battery-staple-c0rrect-h0rse"


@dataclass(frozen=True)
class Host:
    """The tree that stands for the host's `/`."""

    root: Path

    @property
    def logs(self) -> Path:
        """Where vzdump writes."""
        return self.root / "var/log/vzdump"

    @property
    def jobs(self) -> Path:
        """Where the scheduler writes."""
        return self.root / "var/lib/pve-manager/jobs"

    @classmethod
    def at(cls, root: Path) -> Host:
        """Make the folders as a host has them."""
        host = cls(root)
        host.logs.mkdir(parents=True)
        host.jobs.mkdir(parents=True)
        return host

    def write_log(self, name: str, content: str | bytes) -> Path:
        """Write a log as vzdump does: emptied in place, then filled."""
        path = self.logs / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write_job(self, job_id: str, content: object) -> Path:
        """Write a job's state file as PVE::Jobs does: a new file that takes the old one's place."""
        path = self.jobs / f"vzdump-{job_id}.json"
        new = path.with_name(f"{path.name}.tmp.1")
        new.write_text(content if isinstance(content, str) else json.dumps(content))
        new.replace(path)
        return path


@dataclass(frozen=True)
class Agent:
    """A running agent, and a session that trusts it and has its token."""

    port: int
    certificate: Path
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def fingerprint(self) -> str:
        """Its certificate's."""
        return fingerprint(self.certificate)

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body; underscores in names stand for hyphens, names are in lower case."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(f"{self.url}{path}", headers=given, allow_redirects=False) as response:
            return (
                response.status,
                {key.lower(): value for key, value in response.headers.items()},
                await response.read(),
            )

    async def json(self, path: str) -> dict[str, object]:
        """Return the answer to a request that must succeed."""
        status, _, body = await self.get(path)
        assert status == 200, body
        answer = json.loads(body)
        assert isinstance(answer, dict)
        return answer

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a TLS connection."""
        trust = ssl.create_default_context(cafile=self.certificate)
        trust.check_hostname = False
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=trust)

    async def raw(self, request: bytes) -> bytes:
        """Return all that comes back for some bytes until the agent ends the connection."""
        reader, writer = await self.connect()
        try:
            writer.write(request)
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


@asynccontextmanager
async def running_agent(
    root: Path, certificates: Path, limits: Limits | None = None, first_refusal: float = FIRST_REFUSAL
) -> AsyncIterator[Agent]:
    """Run an agent over a tree, with the certificate in a folder."""
    certificate = certificates / CERTIFICATE_FILE
    server = Server(
        config=AgentConfig(
            root=root,
            node="pve1",
            time_zone="Europe/Berlin",
            token=GivenToken(TOKEN),
            backoff=AuthBackoff(first_refusal),
        ),
        host="127.0.0.1",
        port=0,
        context=server_context(certificate, certificates / KEY_FILE),
        limits=limits or Limits(),
    )
    trust = ssl.create_default_context(cafile=certificate)
    trust.check_hostname = False
    async with (
        server as addresses,
        aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "identity"},
            connector=aiohttp.TCPConnector(ssl=trust, limit=0),
            auto_decompress=False,
        ) as session,
    ):
        yield Agent(addresses[0][1], certificate, session)


@contextmanager
def without_rights() -> Iterator[None]:
    """Take the right to read what belongs to others from this thread, which root has and the agent has not."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def make_readable(path: Path) -> None:
    """Let everybody reach a folder of pytest's."""
    for folder in (path, *path.parents):
        if folder.owner() == path.owner() and folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o055)
