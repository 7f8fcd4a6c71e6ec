"""Puts the parts of the demo together, and takes them apart again."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import fcntl
import logging
from pathlib import Path
from shutil import rmtree
import signal
import time

from proxmox_backup_log_agent.server import quiet_loop

from simulator import SimulatedCluster
from simulator.scenarios import SCENARIOS

from . import dashboard, home_assistant
from .agents import log_agents
from .api import PASSWORD, USER, Api
from .console import DemoError, complain, say
from .integration import add_cluster, add_log_agents, wait_until_loaded
from .memory import Memory
from .ports import HOST, is_free

_PORT = 8123
_STARTING = 170.0  # seconds
_LOOK = 1.0  # seconds between two looks of the virtual cluster at the clock


def main(arguments: Sequence[str] | None = None, folder: Path = home_assistant.REPOSITORY / ".demo") -> int:
    """Run the demo and return its exit status; everything that it keeps is below `folder`."""
    given = _parser().parse_args(arguments)
    own = folder / given.scenario
    try:
        with _alone(own):
            if not is_free(given.port):
                raise DemoError(
                    f"Port {given.port} is taken: stop the program that listens there, "
                    f"or choose another port with scripts/demo --port {given.port + 1}."
                )
            if given.reset:
                rmtree(own, ignore_errors=True)
            own.mkdir(mode=0o700, exist_ok=True)
            logging.basicConfig(filename=own / "demo.log", filemode="w", level=logging.INFO, format="%(message)s")
            return asyncio.run(_until_stopped(given.scenario, own, given.port))
    except (DemoError, OSError) as error:
        complain(str(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="A real Home Assistant that watches the backups of a virtual Proxmox cluster, on 127.0.0.1 only.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="scenarios:\n" + "\n".join(f"  {name:14} {item.title}" for name, item in SCENARIOS.items()),
    )
    parser.add_argument("--port", type=_port, default=_PORT, help=f"port of Home Assistant (default {_PORT})")
    parser.add_argument("--scenario", choices=SCENARIOS, default="homelab", help="what happened (default homelab)")
    parser.add_argument("--reset", action="store_true", help="forget this scenario's Home Assistant and start anew")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port between 1024 and 65535")
    return int(text)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second demo away from a folder in use.

    Raises DemoError where there is one already.
    """
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"The demo of {folder.name} is running already: stop it first, or choose another --scenario."
            ) from None
        yield


async def _until_stopped(scenario: str, folder: Path, port: int) -> int:
    loop = asyncio.get_running_loop()
    quiet_loop(loop)
    demo = loop.create_task(_run(scenario, folder, port))
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked.set)
    asking = loop.create_task(asked.wait())
    await asyncio.wait([demo, asking], return_when=asyncio.FIRST_COMPLETED)
    if demo.done():
        asking.cancel()
        await demo
        return 0
    say("Stopping")
    demo.cancel()
    await asyncio.wait([demo])
    say("Stopped")
    return 0


async def _run(scenario: str, folder: Path, port: int) -> None:
    begin = time.monotonic()
    memory = Memory.recall(folder / "memory.json")
    say(f"Virtual cluster: {SCENARIOS[scenario].title}")
    async with (
        SimulatedCluster.start(scenario, folder / "cluster", base_port=memory.node_port) as cluster,
        log_agents(cluster, memory, folder / "log-agents") as pairing_lines,
    ):
        say(f"Log agents: {', '.join(pairing_lines)}")
        config, output = folder / "home-assistant", folder / "home-assistant.log"
        home_assistant.prepare_folder(config, port)
        async with asyncio.TaskGroup() as group, home_assistant.running(config, output) as process:
            clock = group.create_task(_let_time_pass(cluster))
            try:
                say("Home Assistant: starting (the first time takes longer)")
                url = f"http://{HOST}:{port}"
                await _set_up(process, url, cluster, pairing_lines, output)
                say(f"\nReady after {time.monotonic() - begin:.0f} s\n")
                say(f"  {url}/{dashboard.PATH}\n  user      {USER}\n  password  {PASSWORD}\n")
                say(f"Ctrl-C stops everything. What Home Assistant logs: {output}")
                status = await asyncio.shield(process)
                raise DemoError(f"Home Assistant ended by itself (exit status {status}); its log is {output}.")
            finally:
                clock.cancel()


async def _let_time_pass(cluster: SimulatedCluster) -> None:
    while True:
        cluster.settle()
        await asyncio.sleep(_LOOK)


async def _set_up(
    process: asyncio.Task[int], url: str, cluster: SimulatedCluster, pairing_lines: dict[str, str], output: Path
) -> None:
    """Do what a new user would do in the browser, unless Home Assistant ends before."""
    setting_up = asyncio.create_task(_click_through(url, cluster, pairing_lines))
    try:
        await asyncio.wait([setting_up, process], timeout=_STARTING, return_when=asyncio.FIRST_COMPLETED)
        if setting_up.done():
            await setting_up
        elif process.done():
            raise DemoError(f"Home Assistant ended while it started (exit status {process.result()}); see {output}.")
        else:
            raise DemoError(f"Home Assistant is not ready after {_STARTING:.0f} s; see {output}.")
    except DemoError as error:
        raise error if str(output) in str(error) else DemoError(f"{error} The log is {output}.") from error
    finally:
        setting_up.cancel()


async def _click_through(url: str, cluster: SimulatedCluster, pairing_lines: dict[str, str]) -> None:
    async with Api.log_in(url) as api:
        say("Integration: adding the cluster and its log agents through the forms")
        entry_id = await add_cluster(api, cluster)
        await wait_until_loaded(api)
        await add_log_agents(api, entry_id, pairing_lines)
        await dashboard.add_dashboard(api)
