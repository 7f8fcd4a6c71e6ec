"""Memory, CPU, requests per second and delay of the log agent, run as a process of its own over TLS.

Usage: python benchmarks/log_agent.py [--python /usr/bin/python3] [--megabytes 200] [--seconds 20] [--guests 50]

Run it with the system's Python of a Debian 12 or 13 with python3-aiohttp to see what a Proxmox host will see.
"""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "log_agent"))

from custom_components.proxmox_backup_checker.proxmox.log_agent.client import LogAgentClient
from custom_components.proxmox_backup_checker.proxmox.log_agent.models import PairingCode
from proxmox_backup_log_agent.certificate import CERTIFICATE_FILE, fingerprint
from proxmox_backup_log_agent.tokens import token_hash

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "benchmark-benchmark-benchmark-benchmark"
LINE = "2026-11-23 21:00:{:02d} INFO:  {:2d}% (3.9 GiB of 32.0 GiB) in 36s, read: {}.2 MiB/s, write: 98.1 MiB/s\n"
BIG = "qemu-999.log"


@dataclass(frozen=True)
class Process:
    """The running agent."""

    pid: int
    code: PairingCode

    def memory(self, field: str) -> float:
        """Return a figure of /proc/PID/status in MiB."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(text.split(f"{field}:")[1].split()[0]) / 1024

    def cpu(self) -> float:
        """Return the CPU time so far, in seconds, of all threads."""
        files = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(file.read_text(encoding="ascii").split()[0]) for file in files) / 1e9


def make_host(root: Path, guests: int, megabytes: int) -> None:
    """Write logs and job states."""
    logs, jobs = root / "var/log/vzdump", root / "var/lib/pve-manager/jobs"
    logs.mkdir(parents=True)
    jobs.mkdir(parents=True)
    for number in range(guests):
        (logs / f"qemu-{100 + number}.log").write_text(LINE.format(1, 2, 3) * 30, encoding="ascii")
    for number in range(5):
        (jobs / f"vzdump-backup-{number}.json").write_text('{"state":"stopped","msg":"OK"}', encoding="ascii")
    block = "".join(LINE.format(number % 60, number % 100, number) for number in range(10_000))
    with (logs / BIG).open("w", encoding="ascii") as file:
        while file.tell() < megabytes * 1_000_000:
            file.write(block)


def settings_of_unit() -> dict[str, str]:
    """Return the environment that the unit gives the agent; some of it is there for its memory."""
    unit = (ROOT / "log_agent/debian/proxmox-backup-log-agent.service").read_text(encoding="ascii")
    lines = (line.removeprefix("Environment=") for line in unit.splitlines() if line.startswith("Environment="))
    return dict(item.split("=", 1) for line in lines for item in line.split())


@contextmanager
def agent(python: str, work: Path) -> Iterator[Process]:
    """Run the agent as its unit does, but without systemd."""
    state = work / "state"
    state.mkdir()
    (state / "token.sha256").write_text(token_hash(TOKEN), encoding="ascii")
    command = [python, "-m", "proxmox_backup_log_agent"]
    options = ["--state-dir", str(state), "--config", os.devnull, "--listen", "127.0.0.1:0"]
    environment = os.environ | settings_of_unit()
    # The process that is measured finds its modules compiled, as the package leaves them, and its certificate made.
    subprocess.run([*command, "setup", *options], cwd=ROOT / "log_agent", check=True)
    with subprocess.Popen(
        [*command, "serve", "--root", str(work / "host"), *options],
        cwd=ROOT / "log_agent",
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().removeprefix("Listening on ").strip()
        # Its access log must go somewhere, or the agent would wait for us to read it.
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        try:
            yield Process(process.pid, PairingCode.from_parts(url, TOKEN, fingerprint(state / CERTIFICATE_FILE)))
        finally:
            process.terminate()
            drain.wait()


async def serve_big(process: Process, accept: str) -> tuple[float, float]:
    """Read the big log; return seconds and the most memory that the agent had meanwhile, in MiB."""
    most = 0.0
    begin = time.monotonic()
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": accept}
        async with session.get(f"{process.code.url}/v1/logs/{BIG}", headers=headers, ssl=False) as response:
            async for _ in response.content.iter_any():
                most = max(most, process.memory("VmRSS"))
    return time.monotonic() - begin, most


async def cpu_while(process: Process, seconds: float, waiting: bool) -> float:
    """Return the percentage of one CPU that the agent takes in a quiet time."""
    async with aiohttp.ClientSession() as session:
        client = LogAgentClient(session, process.code)
        cursor = (await client.changes()).cursor
        task = asyncio.create_task(client.changes(cursor, wait=seconds + 60)) if waiting else None
        await asyncio.sleep(2)
        begin = process.cpu()
        await asyncio.sleep(seconds)
        used = process.cpu() - begin
        if task is not None:
            task.cancel()
    return 100 * used / seconds


async def requests_per_second(process: Process, connections: int, seconds: float) -> float:
    """Return how many 304 answers come back in a second."""
    end = time.monotonic() + seconds
    async with aiohttp.ClientSession() as session:

        async def ask() -> int:
            path, headers = f"{process.code.url}/v1/logs", {"Authorization": f"Bearer {TOKEN}"}
            async with session.get(path, headers=headers, ssl=False) as response:
                headers["If-None-Match"] = response.headers["ETag"]
            count = 0
            while time.monotonic() < end:
                async with session.get(path, headers=headers, ssl=False) as response:
                    assert response.status == 304
                count += 1
            return count

        return sum(await asyncio.gather(*(ask() for _ in range(connections)))) / seconds


async def delays(process: Process, log: Path, rounds: int) -> list[float]:
    """Return the seconds from a changed file to the client's answer."""
    found = []
    async with aiohttp.ClientSession() as session:
        client = LogAgentClient(session, process.code)
        cursor = (await client.changes()).cursor
        for _ in range(rounds):
            waiting = asyncio.create_task(client.changes(cursor, wait=30))
            await asyncio.sleep(0.5)
            begin = time.monotonic()
            with log.open("a", encoding="ascii") as file:
                file.write("one more line\n")
            cursor = (await waiting).cursor
            found.append(time.monotonic() - begin)
    return found


async def memory_under_load(process: Process, seconds: float) -> float:
    """Return the most memory, in MiB, while six connections ask for everything at once, again and again."""
    end, most = time.monotonic() + seconds, 0.0
    paths = ["/v1/logs", "/v1/jobs", "/v1/changes", "/v1/logs/qemu-100.log", f"/v1/logs/{BIG}?tail=3000000", "/v1/none"]

    async def ask(session: aiohttp.ClientSession, number: int) -> None:
        nonlocal most
        while time.monotonic() < end:
            headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": ("gzip", "identity")[number % 2]}
            if number % 5 == 4:
                headers["Connection"] = "close"
            path = paths[number % len(paths)]
            async with session.get(f"{process.code.url}{path}", headers=headers, ssl=False) as response:
                if number % 7 != 6:  # else leave in the middle
                    await response.read()
            most = max(most, process.memory("VmRSS"))
            number += 1

    async with aiohttp.ClientSession(auto_decompress=False) as session, asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(ask(session, number))
    return most


async def crowded_out(process: Process, seconds: float) -> tuple[float, int, int]:
    """Have eight machines with wrong tokens come 180 times a second.

    Return the agent's most memory meanwhile, in MiB, and how many of how many new connections with the token it served.
    """
    end, most, served, asked = time.monotonic() + seconds, 0.0, 0, 0
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    port = int(process.code.url.rpartition(":")[2])

    async def talk(address: str, token: str) -> bytes:
        try:
            async with asyncio.timeout(10):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, local_addr=(address, 0))
                head = "GET /v1/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                writer.write(f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
                try:
                    return await reader.read()
                finally:
                    writer.close()
        except OSError, TimeoutError:
            return b""

    async def come(address: str) -> None:
        async with asyncio.TaskGroup() as visits:
            while time.monotonic() < end:
                visits.create_task(talk(address, "wrong"))
                await asyncio.sleep(8 / 180)

    async with asyncio.TaskGroup() as group:
        for number in range(1, 9):
            group.create_task(come(f"127.0.1.{number}"))
        while time.monotonic() < end:
            served += b" 200 " in await talk("127.0.0.1", TOKEN)
            asked += 1
            most = max(most, process.memory("VmRSS"))
            await asyncio.sleep(0.3)
    return most, served, asked


async def measure(process: Process, work: Path, options: argparse.Namespace) -> None:
    """Print every figure beside its target."""

    def show(what: str, value: str, target: str = "") -> None:
        print(f"{what:44} {value:>14}  {target}")

    show("memory after the start", f"{process.memory('VmRSS'):.1f} MiB", "under 36 MiB")
    for waiting in (False, True):
        share = await cpu_while(process, options.seconds, waiting)
        who = "one client waits" if waiting else "nobody asks"
        show(f"CPU at rest, {who}", f"{share:.3f} %", "under 0.1 %")
    for accept in ("identity", "gzip"):
        seconds, most = await serve_big(process, accept)
        show(f"memory while serving {options.megabytes} MB, {accept}", f"{most:.1f} MiB", "under 45 MiB")
        show(f"speed of {options.megabytes} MB, {accept}", f"{options.megabytes / seconds:.0f} MB/s")
    for connections in (1, 3):
        rate = await requests_per_second(process, connections, 5)
        show(f"304 answers, {connections} connection(s)", f"{rate:.0f} /s")
    found = await delays(process, work / "host/var/log/vzdump/qemu-100.log", 20)
    show("from a changed file to the answer, median", f"{statistics.median(found) * 1000:.0f} ms", "under 1000 ms")
    show("from a changed file to the answer, longest", f"{max(found) * 1000:.0f} ms", "under 1000 ms")
    show("largest memory so far", f"{process.memory('VmHWM'):.1f} MiB", "under 45 MiB")
    most = await memory_under_load(process, options.load)
    show(f"memory under mixed load for {options.load:.0f} s", f"{most:.1f} MiB", "under 64 MiB")
    most, served, asked = await crowded_out(process, options.load)
    show("memory with 180 strangers a second", f"{most:.1f} MiB", "under 64 MiB")
    show("new connections with the token, served", f"{served} of {asked}", "all")
    show("largest memory of all", f"{process.memory('VmHWM'):.1f} MiB")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the agent")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--load", type=float, default=60, help="seconds of each load")
    parser.add_argument("--guests", type=int, default=50)
    options = parser.parse_args()
    versions = "import sys, aiohttp; print(sys.version.split()[0], 'aiohttp', aiohttp.__version__)"
    found = subprocess.run([options.python, "-c", versions], capture_output=True, text=True, check=True)
    print(f"Python {found.stdout.strip()}, {options.guests} guests")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        make_host(work / "host", options.guests, options.megabytes)
        with agent(options.python, work) as process:
            asyncio.run(measure(process, work, options))


if __name__ == "__main__":
    main()
