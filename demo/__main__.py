"""Starts everything, says where to look, and stops everything on Ctrl-C."""

import argparse
import asyncio
from collections.abc import Sequence
import json
from pathlib import Path
import shutil
import signal
import sys
import time
from typing import Any, Final

import aiohttp

from simulator.scenarios import SCENARIOS

from .home_assistant import DASHBOARD, PASSWORD, USER, HomeAssistant, prepare_folder
from .phone import Phone
from .processes import DemoError, Process, free_row, is_free

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / ".demo"
_FIRST_PORT: Final = 18006
_AGENT_OFFSET: Final = 10
_SIMULATOR_TIMEOUT: Final = 60.0  # seconds


class Demo:
    """One scenario, its processes and its Home Assistant."""

    def __init__(self, scenario: str, port: int, *, reset: bool = False) -> None:
        """Keep everything of a scenario in a folder of its own, which `reset` empties first."""
        self._reset = reset
        self._scenario = scenario
        self._port = port
        self._folder = FOLDER / scenario
        self._processes: list[Process] = []
        self._phone: Phone | None = None

    async def run(self) -> None:
        """Start, wait for Ctrl-C, stop."""
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        starting = asyncio.create_task(self._start())
        waiting = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
            while not stopped.is_set():
                for process in self._processes:
                    process.check()
                await asyncio.wait({waiting}, timeout=1)
        finally:
            starting.cancel()
            waiting.cancel()
            _say("Stopping")
            if self._phone is not None:
                await self._phone.stop()
            await asyncio.gather(*(process.stop() for process in self._processes))

    async def _start(self) -> None:
        began = time.monotonic()
        if not is_free(self._port):
            raise DemoError(f"Port {self._port} is in use. Choose another one: scripts/demo --port {self._port + 1}")
        if self._reset:
            self._forget()
        ports = self._ports()
        phone = ports + 2 * _AGENT_OFFSET - 1
        _say(f"Proxmox: a virtual cluster ({SCENARIOS[self._scenario].title})")
        proxmox = await self._start_proxmox(ports)
        _say("Log agents: one on each node")
        pairings = await self._start_agents(proxmox, ports + _AGENT_OFFSET)
        _say("Home Assistant: starting")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            home_assistant = await self._start_home_assistant(session)
            await self._set_up(home_assistant, proxmox, pairings)
            self._phone = Phone(home_assistant.url, self._folder)
            await self._phone.start(session, home_assistant.tokens, phone)
        print(
            f"\nReady after {time.monotonic() - began:.0f} seconds.\n\n"
            f"  Dashboard   {home_assistant.url}/{DASHBOARD}\n"
            f"  Devices     {home_assistant.url}/config/integrations/integration/proxmox_backup_checker\n"
            f"  Phone       http://127.0.0.1:{phone}/ (a pretended one: what is sent to it appears there)\n"
            f"  User        {USER}\n"
            f"  Password    {PASSWORD}\n\n"
            "Ctrl-C stops everything.",
            flush=True,
        )

    def _forget(self) -> None:
        kept = self._folder / "ports.json"
        if kept.exists() and not is_free(json.loads(kept.read_text())):
            raise DemoError("Another demo of this scenario is running. Stop it first.")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ports(self) -> int:
        """Return the first port of the cluster, the same every time, since Home Assistant keeps it."""
        kept = self._folder / "ports.json"
        if kept.exists():
            first: int = json.loads(kept.read_text())
            if not all(is_free(port) for port in range(first, first + 2 * _AGENT_OFFSET)):
                raise DemoError(
                    f"Ports {first} to {first + 2 * _AGENT_OFFSET - 1} were free last time and are in use now, perhaps by "
                    "another demo. Stop it, or start anew with scripts/demo --reset"
                )
            return first
        first = free_row(_FIRST_PORT, 2 * _AGENT_OFFSET)
        self._folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(first))
        return first

    async def _start_proxmox(self, first_port: int) -> dict[str, Any]:
        state = self._folder / "proxmox"
        process = await self._run(
            "The virtual Proxmox cluster",
            [
                "-m",
                "simulator",
                "--scenario",
                self._scenario,
                "--state-dir",
                str(state),
                "--base-port",
                str(first_port),
            ],
            [ROOT],
        )
        deadline = time.monotonic() + _SIMULATOR_TIMEOUT
        while time.monotonic() < deadline:
            process.check()
            for line in process.output.splitlines():
                if line.startswith("{"):
                    answer: dict[str, Any] = json.loads(line)
                    return answer
            await asyncio.sleep(0.1)
        raise DemoError(f"The virtual Proxmox cluster did not start; see {self._folder / 'logs'}")

    async def _start_agents(self, proxmox: dict[str, Any], first_port: int) -> list[str]:
        """Start the agents of all nodes that are up, and return their pairing lines."""
        pairings: list[str] = []
        for number, node in enumerate(proxmox["nodes"]):
            if not node["online"]:
                continue
            state = self._folder / "agents" / node["name"]
            state.mkdir(parents=True, exist_ok=True)
            arguments = ["--listen", f"127.0.0.1:{first_port + number}", "--node", node["name"], "--root", node["root"]]
            pairings.append(await self._pair(state, arguments))
            await self._run(
                f"The log agent of {node['name']}",
                [
                    *("-m", "proxmox_backup_log_agent", "serve", "--state-dir", str(state)),
                    *("--time-zone", node["timezone"], *arguments),
                ],
                [ROOT / "log_agent"],
            )
        return pairings

    async def _pair(self, state: Path, arguments: list[str]) -> str:
        """Return the agent's pairing line; it shows a token only once, so the line is kept."""
        kept = state / "pairing.txt"
        if not kept.exists():
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "proxmox_backup_log_agent", "rotate-token", "--state-dir", str(state)),
                *(*arguments, "--address", "127.0.0.1"),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=ROOT / "log_agent",
            )
            output, errors = await process.communicate()
            lines = [line for line in output.decode().splitlines() if line.startswith("https://")]
            if process.returncode or not lines:
                raise DemoError(f"The log agent could not be paired: {(errors or output).decode().strip()}")
            kept.write_text(lines[0])
        return kept.read_text()

    async def _start_home_assistant(self, session: aiohttp.ClientSession) -> HomeAssistant:
        folder = self._folder / "home-assistant"
        prepare_folder(folder, ROOT / "custom_components" / "proxmox_backup_checker", self._port)
        arguments = ["-m", "demo.run_home_assistant", "-c", str(folder), "--skip-pip", "--log-no-color"]
        process = await self._run("Home Assistant", arguments, [ROOT])
        home_assistant = HomeAssistant(session, f"http://127.0.0.1:{self._port}", process)
        await home_assistant.wait_until_up()
        return home_assistant

    async def _set_up(self, home_assistant: HomeAssistant, proxmox: dict[str, Any], pairings: list[str]) -> None:
        await home_assistant.log_in()
        done = self._folder / "set-up"
        if done.exists():
            return
        _say("Home Assistant: adding the cluster, its log agents and the backup servers")
        entry_id = await home_assistant.entry() or await home_assistant.add_cluster(proxmox)
        for pairing in pairings:
            await home_assistant.add_log_agent(entry_id, pairing)
        for server in proxmox["backup_servers"]:
            await home_assistant.add_backup_server(server)
        await home_assistant.say_places(entry_id, {"nas": "here"})
        await home_assistant.make_dashboard()
        done.touch()

    async def _run(self, name: str, arguments: list[str], paths: list[Path]) -> Process:
        log = self._folder / "logs" / f"{name.lower().replace(' ', '-')}.log"
        process = await Process.start(name, arguments, log, paths)
        self._processes.append(process)
        return process


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Home Assistant with a virtual Proxmox cluster.")
    parser.add_argument("--port", type=int, default=8123, help="port of Home Assistant on 127.0.0.1 (8123)")
    parser.add_argument("--reset", action="store_true", help="forget the earlier demo of this scenario and start anew")
    parser.add_argument(
        "--scenario", choices=sorted(SCENARIOS), default="homelab", help="what the cluster is like (homelab)"
    )
    given = parser.parse_args(arguments)
    try:
        asyncio.run(Demo(given.scenario, given.port, reset=given.reset).run())
    except DemoError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
