"""A simulated cluster in a process of its own, and a Home Assistant in this one that watches it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
import json
from pathlib import Path
import socket
import sys
import time
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simulator import SimulatedCluster

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86400


async def serve(scenario: str, folder: str, nights: int) -> None:
    """Serve a scenario until standard input ends; a line is a tag for all guests, or `?` for the number of requests since then."""
    async with SimulatedCluster.start(scenario, Path(folder)) as pve:
        for storage in pve.storages.values():
            storage.archives += [
                replace(
                    archive,
                    ctime=archive.ctime - DAY * night,
                    name=storage.new_name(pve.guests[archive.vmid], archive.ctime - DAY * night, BERLIN, "zstd"),
                )
                for archive in list(storage.archives)
                for night in range(1, nights)
            ]
        description = {
            "host": pve.host,
            "port": pve.port,
            "token_id": pve.token_id,
            "token_secret": pve.token_secret,
            "fingerprint": pve.fingerprint,
            "archives": sum(len(storage.archives) for storage in pve.storages.values()),
        }
        print(json.dumps(description), flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while asked := (await reader.readline()).decode().strip():
            if asked != "?":
                for guest in pve.guests.values():
                    guest.tags = asked
            print(json.dumps(len(pve.requests)), flush=True)
            pve.traffic.clear()


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """The cluster in the other process."""

    process: asyncio.subprocess.Process
    described: dict[str, Any]

    async def requests(self) -> int:
        """Return how many requests there were since the last time."""
        return await self.tell("?")

    async def tell(self, what: str) -> int:
        """Give all guests a tag, which changes what is shown of each, and return how many requests there were."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n".encode())
        return int(await self.process.stdout.readline())

    @property
    def ours(self) -> dict[str, Any]:
        """Return the data of our entry."""
        return {name: value for name, value in self.described.items() if name != "archives"}

    @property
    def theirs(self) -> dict[str, Any]:
        """Return the data of an entry of Home Assistant's own integration."""
        return self.data_of_theirs(self.described)

    @staticmethod
    def data_of_theirs(ours: dict[str, Any]) -> dict[str, Any]:
        """Return the data of an entry of Home Assistant's own integration for the same cluster."""
        user, _, token = ours["token_id"].partition("!")
        name, _, realm = user.partition("@")
        return {
            "host": ours["host"],
            "port": ours["port"],
            "username": f"{name}@{realm}",
            "realm": realm,
            "auth_method": realm,
            "token": True,
            "token_id": token,
            "token_value": ours["token_secret"],
            "verify_ssl": False,
        }


@asynccontextmanager
async def served(scenario: str, folder: str, nights: int = 1) -> AsyncIterator[Served]:
    """Serve a scenario in another process; `nights` multiplies its archives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        scenario,
        folder,
        str(nights),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    try:
        assert process.stdout is not None
        yield Served(process, json.loads(await process.stdout.readline()))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


@dataclass
class Cost:
    """What something cost; `longest` and `late` are by how many seconds the event loop came late, at most and mostly."""

    seconds: float = 0.0
    cpu: float = 0.0
    delays: list[float] = field(default_factory=list)

    @property
    def longest(self) -> float:
        """Return the longest time for which the loop did nothing else."""
        return max(self.delays, default=0.0)


@asynccontextmanager
async def costing() -> AsyncIterator[Cost]:
    """Measure what is done within: time, processor time, and how late the event loop answers meanwhile."""
    cost = Cost()

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            cost.delays.append(time.perf_counter() - begun - 0.001)

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0.05)
    cost.delays.clear()
    begun, used = time.perf_counter(), time.process_time()
    try:
        yield cost
    finally:
        cost.seconds, cost.cpu = time.perf_counter() - begun, time.process_time() - used
        await asyncio.sleep(0.01)
        watcher.cancel()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
