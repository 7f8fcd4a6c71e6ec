"""Run a scenario in the foreground: `python -m simulator --scenario homelab --state-dir DIR`."""

import argparse
import asyncio
import json
from pathlib import Path
import signal
import sys

from .backup_server import BackupServer
from .scenarios import SCENARIOS
from .simulated import SimulatedCluster

STEP = 1.0
"""Seconds between two looks at the clock."""


async def serve(scenario: str, directory: Path, base_port: int, version: str) -> None:
    """Serve a scenario until SIGINT or SIGTERM; one line of JSON on standard output says where."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    started = SimulatedCluster.start(scenario, directory, base_port=base_port, version=version)
    async with started as cluster:
        cluster.faults.login_delay = cluster.faults.unreachable_delay = 3.0
        print(json.dumps(describe(cluster, scenario)), flush=True)
        while not stop.is_set():
            cluster.settle()
            try:
                await asyncio.wait_for(stop.wait(), STEP)
            except TimeoutError:
                continue


def describe(cluster: SimulatedCluster, scenario: str) -> dict[str, object]:
    """Return where the cluster answers, and with which token."""
    return {
        "scenario": scenario,
        "title": SCENARIOS[scenario].title,
        "cluster": cluster.name,
        "host": cluster.host,
        "port": cluster.port,
        "token_id": cluster.token_id,
        "token_secret": cluster.token_secret,
        "fingerprint": cluster.fingerprint,
        "ca": str(cluster.authority.certificate_path),
        "nodes": [
            {
                "name": node.name,
                "host": node.ip,
                "port": cluster.servers[node.name].port,
                "fingerprint": cluster.fingerprints[node.name],
                "online": node.online,
                "timezone": node.timezone,
                "root": str(node.root),
            }
            for node in cluster.nodes.values()
        ],
        "backup_servers": [
            {
                "name": server.name,
                "host": server.ip,
                "port": server.port,
                "token_id": server.token.id,
                "token_secret": server.token.secret,
                "fingerprint": server.fingerprint,
                "place": _place(cluster, server),
            }
            for server in cluster.backup_servers.values()
        ],
    }


def _place(cluster: SimulatedCluster, server: BackupServer) -> str:
    """Return where a server stands: beside a cluster that writes to it, else elsewhere."""
    beside = (storage.place.datastore.server for storage in cluster.storages.values() if storage.place is not None)
    return "here" if server in beside else "elsewhere"


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="simulator", description="A virtual Proxmox cluster on 127.0.0.1 and the addresses after it"
    )
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="homelab")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder for certificates and virtual disks")
    parser.add_argument(
        "--base-port", type=int, default=18006, help="port of all nodes; each has an address of its own"
    )
    parser.add_argument("--version", default="9.2.11", help="version of Proxmox VE that the nodes show")
    given = parser.parse_args()
    try:
        asyncio.run(serve(given.scenario, given.state_dir.resolve(), given.base_port, given.version))
    except OSError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
