"""On which addresses the agent listens, on hosts with and without IPv6."""

import asyncio
from contextlib import suppress
from pathlib import Path
import socket
import subprocess
import sys

import pytest

from proxmox_backup_log_agent.app import AgentConfig
from proxmox_backup_log_agent.certificate import CERTIFICATE_FILE, KEY_FILE, server_context
from proxmox_backup_log_agent.server import Server
from proxmox_backup_log_agent.tokens import GivenToken

from .host import TOKEN

FOLDER = Path(__file__).parents[2] / "log_agent"

# Has the kernel refuse AF_INET6 to this process as one booted with ipv6.disable=1 does: a seccomp filter that answers
# socket(AF_INET6, …) with EAFNOSUPPORT.
WITHOUT_IPV6 = """
import ctypes, os, platform
NUMBER = {"x86_64": 41, "aarch64": 198}[platform.machine()]  # of the system call socket
LOAD, IS, ANSWER, REFUSE, ALLOW = 0x20, 0x15, 0x06, 0x00050000, 0x7FFF0000
class Step(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step))]
steps = [(LOAD, 0, 0, 0), (IS, 0, 3, NUMBER), (LOAD, 0, 0, 16), (IS, 0, 1, 10), (ANSWER, 0, 0, REFUSE | 97), (ANSWER, 0, 0, ALLOW)]
program = Program(len(steps), (Step * len(steps))(*(Step(*step) for step in steps)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
"""


def serve_without_ipv6(state: Path, listen: str) -> tuple[list[str], int | None]:
    """Run the agent on a host without IPv6; return its first two lines, and its exit status where it ended by itself."""
    command = ["serve", "--state-dir", str(state), "--config", "/dev/null", "--listen", listen]
    program = f"{WITHOUT_IPV6}\nfrom proxmox_backup_log_agent.command import main\nraise SystemExit(main({command!r}))"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=FOLDER, stderr=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin"}
    ) as running:
        assert running.stderr is not None
        try:
            lines = [running.stderr.readline().strip()]
            if not lines[0].startswith("Listening"):
                lines.append(running.stderr.readline().strip())
            ended = None
            if not any(line.startswith("Listening") for line in lines):
                ended = running.wait(10)
            return lines, ended
        finally:
            running.terminate()


def test_a_host_without_ipv6_is_served_on_every_ipv4_address(tmp_path: Path) -> None:
    lines, ended = serve_without_ipv6(tmp_path / "state", "[::]:0")
    assert ended is None
    assert lines[0] == "This host has no IPv6: listening on every IPv4 address"
    assert lines[1].startswith("Listening on https://0.0.0.0:")


def test_a_name_is_listened_on_with_the_addresses_that_the_host_can_have(tmp_path: Path) -> None:
    for listen in (":0", "localhost:0"):
        lines, ended = serve_without_ipv6(tmp_path / "state", listen)
        assert ended is None
        assert lines[0].startswith("Listening on https://")


def test_an_ipv6_address_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    lines, ended = serve_without_ipv6(tmp_path / "state", "[::1]:0")
    assert ended == 1
    assert "Address family not supported" in lines[0]


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("host", ["", "::"])
async def test_every_address_is_ipv4_and_ipv6(
    host: str, tmp_path: Path, certificates: Path, real_network: None
) -> None:
    port = free_port()
    server = Server(
        config=AgentConfig(root=tmp_path, node="pve1", time_zone="UTC", token=GivenToken(TOKEN)),
        host=host,
        port=port,
        context=server_context(certificates / CERTIFICATE_FILE, certificates / KEY_FILE),
    )
    async with server:
        for address in ("127.0.0.1", "::1"):
            _, writer = await asyncio.open_connection(address, port)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
